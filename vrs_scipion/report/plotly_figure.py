"""A plot as the JSON that plotly draws, in the colours of a light and of a dark page."""

from __future__ import annotations

import math
from typing import Any

from vrs_scipion.figures import looks
from vrs_scipion.figures.looks import LOOKS, Look
from vrs_scipion.figures.ticks import opposite_ticks
from vrs_scipion.results.plots import Axis, Band, Interval, Mark, Plot, Series

GROUNDS = ("light", "dark")
_INK = {"light": "#1b1f24", "dark": "#e4e8ec"}
_GRID = {"light": "#dfe3e8", "dark": "#39424c"}
_TALL, _ROW, _AXIS = 270, 18, 54
"""Pixels of the plot itself, of a row of words, and of an axis with its title."""

Json = dict[str, Any]


def plotly_figure(plot: Plot, ground: str = "light") -> Json:
    """Describe a plot as a plotly figure.

    Parameters
    ----------
    plot : what to draw
    ground : 'light' or 'dark', the page that it stands on

    Returns
    -------
    dict
        With ``data`` and ``layout``, of JSON values alone.
    """
    traces = [_trace(series, plot, ground) for series in plot.series]
    keyed = len(plot.series) > 1 or bool(plot.bands)
    above = _AXIS if plot.x.opposite else 12 + _ROW * len(plot.marks)
    below = _AXIS + (_ROW + 6) * keyed + _ROW * len(plot.notes)
    layout: Json = {
        "height": above + _TALL + below,
        "margin": {"l": 20, "r": 20, "t": above, "b": below, "pad": 0},
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": _GRID[ground],
            "activecolor": _INK[ground],
        },
        "font": {"color": _INK[ground], "size": 13},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "x unified" if len(plot.series) > 1 else "x",
        "hoverlabel": {"bgcolor": {"light": "#ffffff", "dark": "#1d232a"}[ground]},
        "bargap": 0,
        "showlegend": keyed,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": -_AXIS / _TALL,
            "yanchor": "top",
            "font": {"size": 12},
        },
        "xaxis": _axis(plot.x, ground),
        "yaxis": _axis(plot.y, ground),
        "shapes": [
            *(_band(band, ground) for band in plot.bands),
            *(_mark(mark, ground) for mark in plot.marks),
        ],
        "annotations": [
            *(_label(mark, plot, row, ground) for row, mark in enumerate(plot.marks)),
            *(_note(note, row + 1.3 * keyed) for row, note in enumerate(plot.notes)),
        ],
    }
    traces += [_band_key(band, ground) for band in plot.bands]
    for name, axis, side in (("xaxis2", plot.x, "top"), ("yaxis2", plot.y, "right")):
        if axis.opposite:
            layout[name] = _opposite(axis, _view(axis, plot, name), side, ground)
            traces.append(_holder(name))
    return {"data": traces, "layout": layout}


def _colour(look: Look, ground: str) -> str:
    return str(getattr(look, ground))


def _line(look: Look, ground: str) -> Json:
    dash = ",".join(f"{length * look.width:g}px" for length in look.dashes) or "solid"
    return {"color": _colour(look, ground), "width": 1.4 * look.width, "dash": dash}


def _trace(series: Series, plot: Plot, ground: str) -> Json:
    look = LOOKS[series.role]
    trace: Json = {"name": _escaped(series.name), "x": list(series.x), "y": list(series.y)}
    trace["hovertemplate"] = "%{y:.4~g}"
    if series.style == "bars":
        return trace | {
            "type": "bar",
            "width": series.width,
            "showlegend": False,
            "hovertemplate": f"%{{x:.4~g}}: %{{y:.3~g}} {plot.y.unit}<extra></extra>",
            "marker": {
                "color": _colour(looks.BARS, ground),
                "line": {"color": _colour(looks.BAR_EDGES, ground), "width": 1},
            },
        }
    trace |= {"type": "scatter", "line": _line(look, ground)}
    if series.style == "points":
        marker = {"symbol": "triangle-down-open", "size": 9, "color": _colour(look, ground)}
        return trace | {"mode": "markers", "marker": marker, "hoverinfo": "name"}
    if series.style == "step":
        trace["line"]["shape"] = "hvh"
    return trace | {"mode": "lines", "connectgaps": False}


def _axis(axis: Axis, ground: str) -> Json:
    described: Json = {
        "title": {"text": _escaped(axis.title), "standoff": 8},
        "type": axis.scale,
        "gridcolor": _GRID[ground],
        "linecolor": _INK[ground],
        "showline": True,
        "zeroline": False,
        "automargin": True,
        "ticks": "outside",
        "exponentformat": "power",
        "minexponent": 5,
        "hoverformat": ".4~g",
    }
    if axis.range:
        described["range"] = _scaled(axis, axis.range)
    if axis.scale == "log":
        described |= {"dtick": 1} if _decades(axis) > 2 else {}
    if axis.tick_format:
        described["tickformat"] = axis.tick_format
    return described


def _scaled(axis: Axis, view: Interval) -> list[float]:
    return [math.log10(end) for end in view] if axis.scale == "log" else list(view)


def _decades(axis: Axis) -> float:
    return math.log10(axis.range[1] / axis.range[0]) if axis.range else 0.0


def _view(axis: Axis, plot: Plot, name: str) -> Interval:
    if axis.range:
        return axis.range
    drawn = [
        value
        for series in plot.series
        for value in (series.x if name.startswith("x") else series.y)
        if value is not None and (axis.scale == "linear" or value > 0)
    ]
    return min(drawn), max(drawn)


def _opposite(axis: Axis, view: Interval, side: str, ground: str) -> Json:
    assert axis.opposite is not None
    ticks = opposite_ticks(axis, view)
    of = "x" if side == "top" else "y"
    return {
        "title": {"text": _escaped(axis.opposite.title), "standoff": 8},
        "type": axis.scale,
        "overlaying": of,
        "matches": of,
        "side": side,
        "automargin": True,
        "tickvals": [position for position, _ in ticks],
        "ticktext": [words for _, words in ticks],
        "ticks": "outside",
        "showline": True,
        "linecolor": _INK[ground],
        "showgrid": False,
        "zeroline": False,
    }


def _holder(name: str) -> Json:
    """An empty trace: plotly draws an axis only for something that lies on it."""
    return {
        "type": "scatter",
        "x": [None],
        "y": [None],
        name[0] + "axis": name[0] + "2",
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _band(band: Band, ground: str) -> Json:
    across = {"x": "y", "y": "x"}[band.axis]
    far = 1e9
    return {
        "type": "rect",
        "layer": "below",
        f"{band.axis}0": -far if band.low is None else band.low,
        f"{band.axis}1": far if band.high is None else band.high,
        f"{across}0": 0,
        f"{across}1": 1,
        f"{across}ref": "paper",
        "fillcolor": _colour(looks.SHADES[band.role], ground),
        "line": {"color": _colour(looks.EDGES[band.role], ground), "width": 1, "dash": "dot"},
    }


def _band_key(band: Band, ground: str) -> Json:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [None],
        "y": [None],
        "name": _escaped(band.label),
        "hoverinfo": "skip",
        "marker": {
            "symbol": "square",
            "size": 12,
            "color": _colour(looks.SHADES[band.role], ground),
            "line": {"color": _colour(looks.EDGES[band.role], ground), "width": 1},
        },
    }


def _mark(mark: Mark, ground: str) -> Json:
    across = {"x": "y", "y": "x"}[mark.axis]
    return {
        "type": "line",
        f"{mark.axis}0": mark.value,
        f"{mark.axis}1": mark.value,
        f"{across}0": 0,
        f"{across}1": 1,
        f"{across}ref": "paper",
        "line": _line(looks.MARK, ground),
    }


def _label(mark: Mark, plot: Plot, row: int, ground: str) -> Json:
    """The words of a mark: at its line, or where the axis ends on its side with an arrow."""
    axis = plot.x if mark.axis == "x" else plot.y
    low, high = axis.range or (-math.inf, math.inf)
    words = mark.label
    if mark.value < low:
        words = f"← {words}"
    elif mark.value > high:
        words = f"{words} →"
    at = min(max(mark.value, low), high)
    at = math.log10(at) if axis.scale == "log" and at > 0 else at
    left = at > sum(_scaled(axis, (low, high))) / 2 if axis.range else False
    place: Json = {
        "text": _escaped(words),
        "showarrow": False,
        "font": {"color": _colour(looks.MARK, ground), "size": 12},
    }
    if mark.axis == "y":
        return place | {"xref": "paper", "x": 1, "xanchor": "right", "y": at, "yanchor": "bottom"}
    return place | {
        "x": at,
        "xanchor": "right" if left else "left",
        "yref": "paper",
        "y": 1,
        "yanchor": "top" if plot.x.opposite else "bottom",
        "yshift": -_ROW * row if plot.x.opposite else _ROW * row,
    }


def _note(note: str, row: float) -> Json:
    return {
        "text": _escaped(note),
        "showarrow": False,
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "yref": "paper",
        "y": 0,
        "yanchor": "top",
        "yshift": -(_AXIS + _ROW * row),
        "align": "left",
        "font": {"size": 12},
    }


def _escaped(words: str) -> str:
    """Plotly reads a little HTML in its texts: what looks like markup is not meant as such."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
