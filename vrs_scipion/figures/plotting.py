"""Drawing a plot with matplotlib: on the axes of a window, or as a picture of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import ScalarFormatter

from vrs_scipion.figures import looks, style
from vrs_scipion.figures.flags import Flag, place_flags
from vrs_scipion.figures.looks import LOOKS, Look
from vrs_scipion.figures.ticks import opposite_ticks
from vrs_scipion.folders import PLOT_SUFFIX
from vrs_scipion.results.files import save_plot
from vrs_scipion.results.plots import Axis, Band, Interval, Mark, Plot, Series

_WIDTH, _LEFT, _LENGTH = 5.2, 0.68, 4.4
_PLOT, _TOP, _ROW, _LABELS, _OPPOSITE = 2.45, 0.1, 0.16, 0.45, 0.42
_RIGHT_AXIS = 0.62
_LETTERS = 7.5


def plot_file(picture: str | Path) -> str:
    """The name of the plot beside a picture: ``NAME.plot.json`` for ``NAME.svg``."""
    return f"{Path(picture).stem}{PLOT_SUFFIX}"


def save_picture(plot: Plot, path: Path) -> Path:
    """Draw a plot to ``path`` (``.svg`` or ``.png``), write its data beside it, return the path.

    Raises
    ------
    ValueError
        If the suffix is neither of the two.
    """
    style.save(plot_figure(plot), path)
    save_plot(plot, path.with_name(plot_file(path)))
    return path


def plot_figure(plot: Plot) -> Any:
    """Return a `matplotlib.figure.Figure` with a plot, made as high as its words need it."""
    figure = style.new_figure(_PLOT, _WIDTH)
    length = _LENGTH - (_RIGHT_AXIS if plot.y.opposite else 0)
    flags = _flags(figure, plot, _x_view(plot), length)
    rows = max((flag.row + 1 for flag in flags), default=0)
    above = _TOP + (_OPPOSITE if plot.x.opposite else _ROW * rows)
    below = _LABELS + _ROW * (_key_rows(figure, plot, length) + len(plot.notes)) + 0.06
    height = below + _PLOT + above
    figure.set_size_inches(_WIDTH, height)
    place = (_LEFT / _WIDTH, below / height, length / _WIDTH, _PLOT / height)
    draw_plot(plot, figure.add_axes(place))
    return figure


def draw_plot(plot: Plot, axes: Any) -> None:
    """Draw a plot on empty axes of any size.

    The labels of marks stand above the axes, the key and the notes below them; they are laid
    out for the size that the axes have now.

    Parameters
    ----------
    plot : what to draw
    axes : matplotlib.axes.Axes, in a figure with an Agg canvas
    """
    for axis, of_axis in ((plot.x, "x"), (plot.y, "y")):
        getattr(axes, f"set_{of_axis}scale")(axis.scale)
    for series in plot.series:
        _draw_series(axes, series)
    axes.set_xlim(_x_view(plot))
    axes.set_ylim(_y_view(plot))
    for band in plot.bands:
        _shade(axes, band)
    style.dress(axes, plot.x.title, plot.y.title)
    _format_ticks(axes, plot)
    _draw_opposites(axes, plot)
    _draw_marks(axes, plot)
    _draw_key(axes, plot)


def _x_view(plot: Plot) -> Interval:
    return plot.x.range or _extent(
        plot.x, [x + side * s.width / 2 for s in plot.series for x in s.x for side in (-1, 1)], 0.0
    )


def _y_view(plot: Plot) -> Interval:
    if plot.y.range:
        return plot.y.range
    drawn = [y for s in plot.series for y in s.y if y is not None]
    bars = any(s.style == "bars" for s in plot.series)
    low, high = _extent(plot.y, [*drawn, *([0.0] if bars else [])], 0.05)
    return (0.0 if bars else low), high


def _extent(axis: Axis, values: Sequence[float], margin: float) -> Interval:
    if axis.scale == "log":
        values = [math.log10(value) for value in values if value > 0]
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = margin * (high - low) or (0.0 if high > low else 0.5 * abs(low) or 0.5)
    low, high = low - room, high + room
    return (10**low, 10**high) if axis.scale == "log" else (low, high)


def _paint(look: Look) -> dict[str, Any]:
    dashes = (0, look.dashes) if look.dashes else "-"
    return {"color": look.light, "linewidth": look.width, "linestyle": dashes}


def _points(look: Look) -> dict[str, Any]:
    return {
        "linestyle": "none",
        "marker": "v",
        "markersize": 4.5,
        "markerfacecolor": "white",
        "markeredgecolor": look.light,
    }


def _draw_series(axes: Any, series: Series) -> None:
    y = np.array([math.nan if value is None else value for value in series.y])
    if series.style == "bars":
        axes.bar(
            series.x,
            y,
            width=series.width,
            color=looks.BARS.light,
            edgecolor=looks.BAR_EDGES.light,
            linewidth=looks.BAR_EDGES.width,
            zorder=2,
        )
    else:
        axes.plot(series.x, y, **_line(series))


def _line(series: Series) -> dict[str, Any]:
    look = LOOKS[series.role]
    if series.style == "points":
        return _points(look)
    return _paint(look) | ({"drawstyle": "steps-mid"} if series.style == "step" else {})


def _shade(axes: Any, band: Band) -> None:
    view = axes.get_xlim() if band.axis == "x" else axes.get_ylim()
    low, high = _within(band, view)
    if low > high:
        return
    span, line = (axes.axvspan, axes.axvline) if band.axis == "x" else (axes.axhspan, axes.axhline)
    span(low, high, facecolor=looks.SHADES[band.role].light, linewidth=0, zorder=0)
    for limit in (band.low, band.high):
        if limit is not None and view[0] < limit < view[1]:
            line(limit, zorder=3, **_paint(looks.EDGES[band.role]))


def _within(band: Band, view: Interval) -> Interval:
    low = view[0] if band.low is None else max(band.low, view[0])
    return low, view[1] if band.high is None else min(band.high, view[1])


def _format_ticks(axes: Any, plot: Plot) -> None:
    for axis, drawn in ((plot.x, axes.xaxis), (plot.y, axes.yaxis)):
        if axis.scale == "linear":
            drawn.set_major_formatter(_Scalar())
        if axis.tick_format:
            drawn.set_major_formatter(_formatter(axis.tick_format))
            drawn.set_minor_formatter(lambda value, _: "")


class _Scalar(ScalarFormatter):
    """matplotlib's numbers without a zero that has a sign."""

    def __call__(self, value: float, position: int | None = None) -> str:
        assert self.axis is not None
        low, high = self.axis.get_view_interval()
        nothing = abs(value) < 1e-9 * (high - low)
        return str(super().__call__(0.0 if nothing else value, position))


def _formatter(spec: str) -> Any:
    return lambda value, _: format(value, spec).replace("-", "−")


def _draw_opposites(axes: Any, plot: Plot) -> None:
    if plot.x.opposite:
        top = axes.twiny()
        top.set_xscale(plot.x.scale)
        top.set_xlim(axes.get_xlim())
        _set_ticks(top.set_xticks, opposite_ticks(plot.x, axes.get_xlim()))
        top.set_xlabel(plot.x.opposite.title, color=style.INK)
        _bare(top, "top")
    if plot.y.opposite:
        right = axes.twinx()
        right.set_yscale(plot.y.scale)
        right.set_ylim(axes.get_ylim())
        _set_ticks(right.set_yticks, opposite_ticks(plot.y, axes.get_ylim()))
        right.set_ylabel(plot.y.opposite.title, color=style.INK)
        _bare(right, "right")


def _set_ticks(set_ticks: Any, ticks: Sequence[tuple[float, str]]) -> None:
    set_ticks([position for position, _ in ticks], [words for _, words in ticks])
    set_ticks([], minor=True)


def _bare(axes: Any, kept: str) -> None:
    axes.tick_params(labelsize=_LETTERS, colors=style.INK)
    for side, spine in axes.spines.items():
        spine.set_visible(side == kept)


def _vertical(plot: Plot) -> list[Mark]:
    return [mark for mark in plot.marks if mark.axis == "x"]


def _share(axis: Axis, value: float, view: Interval) -> float:
    """Where a value stands along a view, from 0 to 1; at its end when it lies outside."""
    low, high = view
    if axis.scale == "log":
        value = max(value, low)
        low, high, value = (math.log10(number) for number in (low, high, value))
    return min(max((value - low) / (high - low), 0), 1)


def _pointing(mark: Mark, view: Interval) -> str:
    """The label of a mark, with an arrow towards it if it lies outside the view."""
    if mark.value < view[0]:
        return f"← {mark.label}"
    return f"{mark.label} →" if mark.value > view[1] else mark.label


def _flags(figure: Any, plot: Plot, view: Interval, length: float) -> list[Flag]:
    marks = _vertical(plot)
    widths = [style.text_width(figure, _pointing(mark, view), _LETTERS) for mark in marks]
    lines = [length * _share(plot.x, mark.value, view) for mark in marks]
    return place_flags(lines, widths, length)


def _inches(axes: Any) -> tuple[float, float]:
    place = axes.get_position()
    width, height = axes.figure.get_size_inches()
    return float(place.width * width), float(place.height * height)


def _draw_marks(axes: Any, plot: Plot) -> None:
    length, height = _inches(axes)
    view = axes.get_xlim()
    flags = _flags(axes.figure, plot, view, length)
    for mark, flag in zip(_vertical(plot), flags, strict=True):
        # above the plot, but below the numbers of an opposite axis
        inside = plot.x.opposite is not None
        base = (
            1 - _ROW * (flag.row + 1) / height if inside else 1 + (0.05 + _ROW * flag.row) / height
        )
        if view[0] <= mark.value <= view[1]:
            axes.plot(
                (mark.value, mark.value),
                (0, 1 if inside else base + 0.09 / height),
                transform=axes.get_xaxis_transform(),
                clip_on=False,
                zorder=4,
                **_paint(looks.MARK),
            )
        axes.text(
            flag.start / length,
            base,
            _pointing(mark, view),
            transform=axes.transAxes,
            **_words(),
        )
    for mark in plot.marks:
        if mark.axis == "y":
            _draw_level(axes, mark)


def _draw_level(axes: Any, mark: Mark) -> None:
    axes.axhline(mark.value, zorder=4, **_paint(looks.MARK))
    axes.annotate(
        mark.label,
        (0.99, mark.value),
        xycoords=axes.get_yaxis_transform(),
        xytext=(0, 2),
        textcoords="offset points",
        ha="right",
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "fontsize": _LETTERS,
        "color": looks.MARK.light,
        "path_effects": style.halo("white"),
        "zorder": 5,
    }


def _keys(plot: Plot) -> list[Any]:
    series = [s for s in plot.series if s.style != "bars"] if len(plot.series) > 1 else []
    return [
        *(Line2D([], [], label=s.name, **_line(s)) for s in series),
        *(
            Patch(
                facecolor=looks.SHADES[band.role].light,
                edgecolor=looks.EDGES[band.role].light,
                linewidth=0.8,
                linestyle=_paint(looks.EDGES[band.role])["linestyle"],
                label=band.label,
            )
            for band in plot.bands
        ),
    ]


def _key_columns(figure: Any, keys: Sequence[Any], length: float) -> int:
    """How many keys fit beside each other."""
    widths = [style.text_width(figure, key.get_label(), _LETTERS) + 0.48 for key in keys]
    for columns in range(len(keys), 1, -1):
        if sum(max(widths[column::columns]) for column in range(columns)) <= length + 0.25:
            return columns
    return 1


def _key_rows(figure: Any, plot: Plot, length: float) -> int:
    keys = _keys(plot)
    return math.ceil(len(keys) / _key_columns(figure, keys, length)) if keys else 0


def _draw_key(axes: Any, plot: Plot) -> None:
    length, height = _inches(axes)
    keys, rows = _keys(plot), 0
    if keys:
        columns = _key_columns(axes.figure, keys, length)
        rows = math.ceil(len(keys) / columns)
        axes.legend(
            handles=keys,
            loc="upper left",
            bbox_to_anchor=(0, -(_LABELS - 0.02) / height),
            ncol=columns,
            fontsize=_LETTERS,
            frameon=False,
            handlelength=2.2,
            columnspacing=1.2,
            labelspacing=0.35,
            labelcolor=style.INK,
            borderaxespad=0,
            borderpad=0,
        )
    for row, note in enumerate(plot.notes, start=rows):
        axes.text(
            0,
            -(_LABELS + _ROW * (row + 0.62)) / height,
            note,
            transform=axes.transAxes,
            fontsize=_LETTERS,
            color=style.INK,
        )
