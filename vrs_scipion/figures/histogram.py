"""Histograms of the values of voxels, with what is accepted and what is worth a mark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from vrs_scipion.figures import style
from vrs_scipion.figures.binning import Bins, bin_values
from vrs_scipion.figures.flags import Flag, place_flags

_WIDTH, _LEFT = 5.2, 0.62
_LENGTH = 4.46
_PLOT, _BOTTOM, _TOP, _ROW = 2.3, 0.45, 0.1, 0.16
_LETTERS = 7.5
_SHADE = "#B9E0D2"
_EDGE = "#00664B"
_DOTS = (0, (1, 1.5))
_NEAR = 0.6
"""What lies further away than this share of the bars' extent stays outside the view."""

Interval = tuple[float, float]


def draw_histogram(
    values: Any,
    path: Path,
    *,
    xlabel: str,
    accepted: Interval | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> Path:
    """Draw how the values of voxels are distributed.

    A few extreme values are left outside the view, and the figure says how many.

    Parameters
    ----------
    values : array of numbers; those that are not finite are left out
    path : file to write, ``.svg`` or ``.png``
    xlabel : what the values are, with their unit
    accepted : the lowest and the highest value that are accepted, shaded; ±infinity for no limit
    marks : values to mark by a vertical line, and the label of each, which is drawn as it is;
        those that are not finite are left out

    Returns
    -------
    path

    Raises
    ------
    ValueError
        If no value is finite, or the suffix of `path` is neither of the two.
    """
    numbers = np.asarray(values, dtype=np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        raise ValueError("There is no finite value to draw a histogram of.")
    lines = [(float(at), label) for at, label in marks if math.isfinite(at)]
    bins = bin_values(numbers)
    view = _view(bins, [*(accepted or ()), *(at for at, _ in lines)])
    notes = [] if accepted is None else [_about_accepted(accepted, view)]
    if bins.outside:
        notes.append(_about_outside(numbers, bins.outside))

    figure = style.new_figure(_PLOT, _WIDTH)
    labels = [_pointing(label, at, view) for at, label in lines]
    widths = [style.text_width(figure, label, _LETTERS) for label in labels]
    flags = place_flags([_LENGTH * _share(at, view) for at, _ in lines], widths, _LENGTH)
    rows = max((flag.row + 1 for flag in flags), default=0)
    axes = _lay_out(figure, rows, notes, swatch=accepted is not None)
    axes.set_xlim(view)
    _draw_bars(axes, bins)
    if accepted is not None:
        _shade(axes, accepted, view)
    for (at, _), label, flag in zip(lines, labels, flags, strict=True):
        _draw_mark(axes, at, label, flag)
    style.dress(axes, xlabel, "Voxels (%)")
    return style.save(figure, path)


def _view(bins: Bins, wanted: Sequence[float]) -> Interval:
    """Return the ends of the horizontal axis: the bars, and what is wanted if it is near."""
    low, high = float(bins.edges[0]), float(bins.edges[-1])
    reach = _NEAR * (high - low)
    near = [value for value in wanted if low - reach <= value <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.02 * (high - low)
    return low - margin, high + margin


def _share(value: float, view: Interval) -> float:
    return min(max((value - view[0]) / (view[1] - view[0]), 0), 1)


def _pointing(label: str, at: float, view: Interval) -> str:
    """Return a label with an arrow towards its value if that lies outside the view."""
    if at < view[0]:
        return f"← {label}"
    return f"{label} →" if at > view[1] else label


def _about_accepted(accepted: Interval, view: Interval) -> str:
    low, high = accepted
    if math.isinf(low) or math.isinf(high):
        limit = f"at most {_number(high)}" if math.isinf(low) else f"at least {_number(low)}"
    else:
        limit = f"{_number(low)} to {_number(high)}"
    side = ""
    if high < view[0]:
        side = ", left of the values shown (←)"
    elif low > view[1]:
        side = ", right of the values shown (→)"
    return f"accepted: {limit}{side}"


def _about_outside(numbers: NDArray[np.float64], outside: int) -> str:
    share = f"{100 * outside / numbers.size:.2g}"
    ends = f"{_number(float(numbers.min()))} and {_number(float(numbers.max()))}"
    voxels, lie = ("voxel", "lies") if outside == 1 else ("voxels", "lie")
    return f"{outside:,} {voxels} ({share} %) {lie} outside the view; the extremes are {ends}"


def _number(value: float) -> str:
    digits = f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
    return digits.replace("-", "−")


def _lay_out(figure: Any, rows_above: int, notes: Sequence[str], *, swatch: bool) -> Any:
    """Return the plot of a figure made as high as its labels and notes need it."""
    notes_height = _ROW * len(notes) + (0.08 if notes else 0)
    bottom = _BOTTOM + notes_height
    height = bottom + _PLOT + _TOP + _ROW * rows_above
    figure.set_size_inches(_WIDTH, height)
    for row, note in enumerate(notes):
        base = (notes_height - _ROW * (row + 1)) / height
        start = _LEFT + (0.26 if swatch else 0)
        figure.text(start / _WIDTH, base, note, fontsize=_LETTERS, color=style.INK)
        if swatch and row == 0:
            figure.add_artist(
                Rectangle(
                    (_LEFT / _WIDTH, base),
                    0.18 / _WIDTH,
                    0.09 / height,
                    facecolor=_SHADE,
                    edgecolor=_EDGE,
                    linewidth=0.8,
                    linestyle=_DOTS,
                )
            )
    place = (_LEFT / _WIDTH, bottom / height, _LENGTH / _WIDTH, _PLOT / height)
    return figure.add_axes(place)


def _draw_bars(axes: Any, bins: Bins) -> None:
    axes.bar(
        (bins.edges[:-1] + bins.edges[1:]) / 2,
        bins.percent,
        width=(0.8 if bins.discrete else 1.0) * np.diff(bins.edges),
        color=style.SURFACE,
        edgecolor=style.BLUE,
        linewidth=0.5,
        zorder=2,
    )
    axes.set_ylim(0, 1.05 * bins.percent.max())


def _shade(axes: Any, accepted: Interval, view: Interval) -> None:
    low, high = max(accepted[0], view[0]), min(accepted[1], view[1])
    if low > high:
        return
    axes.axvspan(low, high, facecolor=_SHADE, linewidth=0, zorder=0)
    for limit in accepted:
        if view[0] < limit < view[1]:
            axes.axvline(limit, color=_EDGE, linewidth=0.8, linestyle=_DOTS, zorder=3)


def _draw_mark(axes: Any, at: float, label: str, flag: Flag) -> None:
    base = 1 + (0.05 + _ROW * flag.row) / _PLOT
    low, high = axes.get_xlim()
    if low <= at <= high:
        axes.plot(
            (at, at),
            (0, base + 0.09 / _PLOT),
            color=style.DARK_ORANGE,
            linewidth=1.2,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            zorder=4,
        )
    axes.text(
        flag.start / _LENGTH,
        base,
        label,
        transform=axes.transAxes,
        fontsize=_LETTERS,
        color=style.DARK_ORANGE,
    )
