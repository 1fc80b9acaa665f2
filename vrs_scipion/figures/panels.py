"""Three pictures of one box side by side, at one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.transforms import ScaledTranslation, offset_copy
from numpy.typing import NDArray

from vrs_scipion.figures import style
from vrs_scipion.figures.scale_bar import round_length

_LEFT, _GAP, _TOP, _BOTTOM = 0.24, 0.30, 0.27, 0.24
_TALLEST = 4.2
_NARROWEST = 0.85

Window = tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """A picture whose rows go up and whose columns go right.

    Attributes
    ----------
    image : array, shape (vertical, horizontal); the first row is at the bottom
    pixel : size of a pixel in Å, vertical and horizontal
    names : names of the vertical and the horizontal axis
    title : what stands above it
    """

    image: NDArray[Any]
    pixel: tuple[float, float]
    names: tuple[str, str]
    title: str

    @property
    def extent(self) -> tuple[float, float]:
        """Height and width in Å."""
        rows, columns = self.image.shape
        return rows * self.pixel[0], columns * self.pixel[1]


def robust_window(
    images: Sequence[NDArray[Any]], low: float = 0.5, high: float = 99.5, symmetric: bool = False
) -> Window:
    """Return the grey window that shows most pixels of `images`.

    Parameters
    ----------
    images : arrays of any shapes, in the density's unit
    low, high : percentiles of all their pixels together
    symmetric : centre the window on 0

    Returns
    -------
    (low, high), always low < high: where the percentiles coincide the extremes take over, and a
    constant picture is given one unit.
    """
    pixels = np.concatenate([np.asarray(image, dtype=np.float64).ravel() for image in images])
    if symmetric:
        pixels = np.abs(pixels)
        reach = float(np.percentile(pixels, high)) or float(pixels.max()) or 1.0
        return -reach, reach
    bottom, top = (float(p) for p in np.percentile(pixels, (low, high)))
    if bottom == top:
        bottom, top = float(pixels.min()), float(pixels.max())
    if bottom == top:
        bottom, top = bottom - 0.5, top + 0.5
    return bottom, top


def panel_row(panels: Sequence[Panel], right: float) -> tuple[Any, list[Any]]:
    """Return a figure with an empty axes for each panel, all at the same scale.

    Parameters
    ----------
    panels : the pictures, left to right
    right : inches to leave free on the right

    Returns
    -------
    (figure, axes)
    """
    heights = [panel.extent[0] for panel in panels]
    widths = [panel.extent[1] for panel in panels]
    room = style.WIDTH - _LEFT - right - _GAP * (len(panels) - 1)
    scale = min(room / sum(widths), _TALLEST / max(heights))
    while sum(_slot(width, scale) for width in widths) > room:
        scale *= 0.98
    height = _BOTTOM + max(heights) * scale + _TOP
    figure = style.new_figure(height)
    left = _LEFT + (room - sum(_slot(width, scale) for width in widths)) / 2
    axes = []
    for tall, wide in zip(heights, widths, strict=True):
        slot = _slot(wide, scale)
        start = left + (slot - wide * scale) / 2
        box = (start / style.WIDTH, _BOTTOM / height)
        axes.append(figure.add_axes((*box, wide * scale / style.WIDTH, tall * scale / height)))
        left += slot + _GAP
    return figure, axes


def _slot(width: float, scale: float) -> float:
    return max(width * scale, _NARROWEST)


def scale_length(panels: Sequence[Panel]) -> float:
    """Return a round length in Å that fits as a scale bar into every panel."""
    return round_length(min(panel.extent[1] for panel in panels))


def draw_panel(
    axes: Any,
    panel: Panel,
    window: Window,
    bar: float,
    *,
    palette: Any = style.GREY,
    marks: str = "white",
    sharp: bool = False,
) -> Any:
    """Draw a panel with its title, the names of its axes and a scale bar.

    Parameters
    ----------
    axes : matplotlib.axes.Axes made by `panel_row`
    panel : what to draw
    window : values of the palette's two ends
    bar : length of the scale bar in Å
    palette : name of a matplotlib palette, or a palette
    marks : colour of the scale bar
    sharp : never blend pixels, so that a binary mask stays binary

    Returns
    -------
    The image, for a colour bar.
    """
    height, width = panel.extent
    image = axes.imshow(
        panel.image,
        origin="lower",
        extent=(0, width, 0, height),
        aspect="auto",
        cmap=palette,
        vmin=window[0],
        vmax=window[1],
        interpolation="nearest" if sharp else "antialiased",
    )
    axes.set_title(panel.title, fontsize=8.5, color=style.INK, pad=4)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(f"{panel.names[1]} →", fontsize=7.5, color=style.INK, labelpad=2)
    axes.set_ylabel(f"{panel.names[0]} →", fontsize=7.5, color=style.INK, labelpad=2)
    for spine in axes.spines.values():
        spine.set_color(style.FAINT)
        spine.set_linewidth(0.6)
    _scale_bar(axes, bar, marks)
    return image


def _scale_bar(axes: Any, length: float, colour: str) -> None:
    ground = style.INK if colour == "white" else "white"
    corner = offset_copy(axes.transData, axes.figure, x=6, y=7, units="points")
    for paint, width, cap in ((ground, 3.6, "projecting"), (colour, 2.0, "butt")):
        axes.plot(
            (0, length),
            (0, 0),
            color=paint,
            linewidth=width,
            solid_capstyle=cap,
            transform=corner,
            zorder=5,
        )
    axes.text(
        0,
        0,
        f"{length:g} Å",
        transform=corner + ScaledTranslation(0, 4 / 72, axes.figure.dpi_scale_trans),
        color=colour,
        fontsize=7,
        path_effects=style.halo(ground),
        zorder=5,
    )
