"""Values by direction, drawn on half a sphere as seen from above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.figures import style
from vrs_scipion.results.plots import Interval

_HEIGHT, _WIDTH = 3.3, 4.4
_DISC = (0.02, 0.06, 0.66, 0.88)
_KEY = (0.75, 0.14, 0.035, 0.72)
_RIM = np.sqrt(2)
"""Radius of the equator where the whole sphere has radius 2."""
_TILTS = (30, 60)
_LETTERS = 7.5
_CIRCLE = 130.0
"""Points² of the circle of an axis that has no more and no less than the others."""


@dataclass(frozen=True)
class Spot:
    """A direction worth a mark: a unit vector along z, y, x, and its words."""

    direction: NDArray[np.float64]
    label: str
    marker: str = "o"


def draw_sphere(
    directions: NDArray[np.float64],
    values: NDArray[np.float64],
    path: Path,
    *,
    label: str,
    spots: Sequence[Spot] = (),
    reach: Interval | None = None,
) -> Path:
    """Draw values by direction: z points at the reader, x to the right, y up.

    A direction and its opposite are one, so that half a sphere shows all. Equal areas of the
    picture are equal areas of the sphere (Lambert's azimuthal projection).

    Parameters
    ----------
    directions : unit vectors along z, y, x; shape (n, 3)
    values : shape (n,)
    path : file to write, ``.png`` or ``.svg``
    label : what the values are, with their unit
    spots : directions to mark
    reach : what the colours span; by default what the values do

    Returns
    -------
    path
    """
    figure = style.new_figure(_HEIGHT, _WIDTH)
    axes = figure.add_axes(_DISC)
    low, high = reach or (float(values.min()), float(values.max()))
    margin = 0 if high > low else 0.5 * abs(low) or 0.5
    right, up, doubled = _projected(directions)
    colours = axes.tricontourf(
        right,
        up,
        values[doubled],
        np.linspace(low - margin, high + margin, 65),
        cmap="viridis_r",
        extend="both" if reach else "neither",
    )
    colours.set_clip_path(_dress(axes))
    for spot in spots:
        _mark(axes, spot)
    if spots:
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(0.78, 0.04),
            fontsize=_LETTERS,
            frameon=False,
            labelcolor=style.INK,
            handletextpad=0.2,
            borderpad=0,
        )
    _add_key(figure, colours, label, low, high)
    return style.save(figure, path)


def draw_axes(
    axes: NDArray[np.float64],
    shares: NDArray[np.float64],
    values: NDArray[np.float64],
    path: Path,
    *,
    label: str,
) -> Path:
    """Draw axes as circles on the disc of ``draw_sphere``: their areas are shares of something.

    An axis in the plane of the picture is drawn at both its ends.

    Parameters
    ----------
    axes : unit vectors along z, y, x; shape (n, 3)
    shares : shape (n,), of which the sum is 1
    values : for the colours, shape (n,)
    path : file to write, ``.png`` or ``.svg``
    label : what the values are, with their unit

    Returns
    -------
    path
    """
    figure = style.new_figure(_HEIGHT, _WIDTH)
    plot = figure.add_axes(_DISC)
    right, up, which = _projected(axes, 1 + 1e-6)
    circles = plot.scatter(
        right,
        up,
        s=_CIRCLE * len(axes) * shares[which],
        c=values[which],
        cmap="viridis_r",
        edgecolors=style.INK,
        linewidths=0.5,
        clip_on=False,
        zorder=3,
    )
    _dress(plot, inside="0.8")
    _add_key(figure, circles, label, float(values.min()), float(values.max()))
    return style.save(figure, path)


def _projected(
    directions: NDArray[np.float64], reach: float = 1.2
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Places in the picture, up to ``reach`` times its rim, and which value is there."""
    z, y, x = np.concatenate([directions, -directions]).T
    radius = np.sqrt(2 * (1 - z))
    across = np.maximum(np.hypot(y, x), 1e-12)
    kept = np.flatnonzero(radius < reach * _RIM)
    index = kept % len(directions)
    return (radius * x / across)[kept], (radius * y / across)[kept], index


def _dress(axes: Any, inside: str = "white") -> Any:
    """Draw rim, circles of tilt and axes; the rim. ``inside`` is the colour of what lies in it."""
    from matplotlib.patches import Circle  # slow to load

    rim = Circle((0, 0), _RIM, transform=axes.transData, fill=False)
    rim.set_edgecolor(style.INK)
    axes.add_patch(rim)
    for tilt in _TILTS:
        radius = 2 * np.sin(np.radians(tilt) / 2)
        axes.add_patch(Circle((0, 0), radius, fill=False, edgecolor=inside, lw=0.5, ls=":"))
    for name, place in (("x", (1.12, 0)), ("y", (0, 1.1)), ("z", (0.06, 0.06))):
        axes.text(
            *(share * _RIM for share in place),
            name,
            ha="center",
            va="center",
            color=style.INK,
            path_effects=style.halo("white"),
        )
    axes.plot(0, 0, "+", color=inside, markersize=5)
    axes.set_xlim(-1.06 * _RIM, 1.2 * _RIM)
    axes.set_ylim(-1.06 * _RIM, 1.2 * _RIM)
    axes.set_aspect("equal")
    axes.axis("off")
    return rim


def _add_key(figure: Any, colours: Any, label: str, low: float, high: float) -> None:
    key = figure.colorbar(colours, cax=figure.add_axes(_KEY), ticks=_ticks(low, high))
    key.set_label(label, color=style.INK)
    key.ax.tick_params(labelsize=_LETTERS, colors=style.INK)
    key.outline.set_visible(False)


def _mark(axes: Any, spot: Spot) -> None:
    direction = spot.direction if spot.direction[0] >= 0 else -spot.direction
    right, up, _ = _projected(direction[None])
    axes.plot(
        right[:1],
        up[:1],
        spot.marker,
        markersize=6,
        markerfacecolor="white",
        markeredgecolor=style.INK,
        linestyle="none",
        label=spot.label,
        clip_on=False,
        zorder=4,
    )


def _ticks(low: float, high: float) -> Any:
    from matplotlib.ticker import MaxNLocator  # slow to load

    ticks = MaxNLocator(6).tick_values(low, high) if high > low else [low]
    return [tick for tick in ticks if low <= tick <= high]
