"""Three views beside each other, with their angles, their axes and their scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from vrs_scipion.figures import style
from vrs_scipion.figures.isosurface.colouring import BLANK, ColourKey
from vrs_scipion.figures.isosurface.engine import PIXELS, Rendering
from vrs_scipion.figures.isosurface.views import VIEWS, Angles, rotation_matrix
from vrs_scipion.figures.scale_bar import round_length

_HEADER, _FOOTER = 0.42, 0.52
_ARM = 0.2
_KEY = 0.6
_KEY_WIDTH = 2.6


def compose(rendering: Rendering, out: Path, key: ColourKey | None = None) -> Path:
    """Write the figure.

    Parameters
    ----------
    rendering : the views
    out : ``.png`` file to write
    key : what the colours mean, to be drawn below; by default nothing

    Returns
    -------
    out
    """
    edge = PIXELS / style.DPI
    footer = _FOOTER + (0 if key is None else _KEY)
    width, height = edge * len(VIEWS), _HEADER + edge + footer
    figure = style.new_figure(height, width)
    for number, (image, angles) in enumerate(zip(rendering.images, VIEWS, strict=True)):
        left = number * edge / width
        place = figure.add_axes((left, footer / height, edge / width, edge / height))
        place.imshow(image, interpolation="nearest")
        place.set_axis_off()
        _title(figure, left + edge / width / 2, number, angles, height)
        strip = figure.add_axes((left, (footer - _FOOTER) / height, edge / width, _FOOTER / height))
        strip.set(xlim=(0, edge), ylim=(0, _FOOTER))
        strip.set_axis_off()
        _axes_cross(strip, edge - 0.5, angles)
        if rendering.angstrom_per_pixel is not None:
            _scale_bar(strip, rendering.angstrom_per_pixel)
    if key is not None:
        _draw_key(figure, key)
    return style.save(figure, out)


def _title(figure: Any, middle: float, number: int, angles: Angles, height: float) -> None:
    turns = ", ".join(f"{angle:g}°" for angle in angles).replace("-", "−")
    figure.text(
        middle, 1 - 0.17 / height, f"View {number + 1}", ha="center", fontsize=9, color=style.INK
    )
    figure.text(
        middle, 1 - 0.34 / height, f"({turns})", ha="center", fontsize=7.5, color=style.FAINT
    )


def _draw_key(figure: Any, key: ColourKey) -> None:
    width, height = figure.get_size_inches()
    left, bottom, tall = (width - _KEY_WIDTH) / 2, 0.3, 0.11
    place = figure.add_axes((left / width, bottom / height, _KEY_WIDTH / width, tall / height))
    shown = ScalarMappable(Normalize(key.low, key.high), key.palette)
    beyond = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}
    bar = figure.colorbar(
        shown,
        cax=place,
        orientation="horizontal",
        extend=beyond[key.below, key.above],
    )
    bar.outline.set_linewidth(0.5)
    place.tick_params(labelsize=7, width=0.5, length=2, pad=1.5, colors=style.INK)
    figure.text(
        0.5,
        (bottom + tall + 0.07) / height,
        key.label,
        ha="center",
        fontsize=8,
        color=style.INK,
    )
    if key.blank:
        strip = figure.add_axes((0, 0, 1, 1))
        strip.set(xlim=(0, width), ylim=(0, height))
        strip.set_axis_off()
        right = left + _KEY_WIDTH + 0.35
        strip.add_patch(
            Rectangle((right, bottom), 0.2, tall, facecolor=BLANK, edgecolor=style.INK, lw=0.5)
        )
        strip.text(
            right + 0.27, bottom + tall / 2, "no value", va="center", fontsize=7, color=style.INK
        )


def _scale_bar(strip: Any, angstrom_per_pixel: float) -> None:
    length = round_length(PIXELS * angstrom_per_pixel)
    inches = length / angstrom_per_pixel / style.DPI
    strip.plot(
        (0.2, 0.2 + inches), (0.16, 0.16), color=style.INK, linewidth=2, solid_capstyle="butt"
    )
    strip.text(0.2, 0.22, f"{length:g} Å", fontsize=7.5, color=style.INK)


def _axes_cross(strip: Any, x: float, angles: Angles) -> None:
    """Draw where the map's axes point; the one across the paper is a dot (to us) or a cross."""
    arms = dict(zip("xyz", np.round(rotation_matrix(angles).T, 6), strict=True))
    diagonal = sum(arms.values())[:2]
    start = np.array((x, _FOOTER / 2)) - 0.5 * _ARM * diagonal
    for name, arm in arms.items():
        if abs(arm[2]) > 0.9:
            mark = "." if arm[2] > 0 else "x"
            strip.plot(*start, "o", markersize=5.5, color="white", markeredgecolor=style.INK)
            strip.plot(*start, mark, markersize=2.8, color=style.INK)
            label = start - 0.09 * diagonal
        else:
            tip = start + _ARM * arm[:2]
            arrow = {"arrowstyle": "->", "color": style.INK, "linewidth": 0.8}
            strip.annotate("", tip, start, arrowprops=arrow)
            label = start + 1.3 * _ARM * arm[:2]
        strip.text(*label, name, fontsize=7, ha="center", va="center", color=style.INK)
