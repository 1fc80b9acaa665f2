"""One look for every picture: fonts, colours, resolution, and files that come out the same twice.

Figures are made with matplotlib's objects and never with pyplot, whose global state is not for
threads.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from vrs_scipion.files import written_whole

DPI = 200
WIDTH = 7.2
"""Width of a figure in inches: that of the text on an A4 page."""

INK = "#222222"
FAINT = "#6b6b6b"
BLUE = "#0072B2"
ORANGE = "#E66100"
DARK_ORANGE = "#A84300"
SURFACE = "#86A9CC"

GREY = "gray"
SIGNED = LinearSegmentedColormap.from_list(
    "vrs_signed", ["#0b1f4b", "#3b6fb6", "#f7f7f7", "#f2a13c", "#d45500"]
)
"""Negative is dark and positive is light on paper without colour, too."""

SCORES = LinearSegmentedColormap.from_list(
    "vrs_scores", ["#a50f15", "#ef6548", "#f7f7f7", "#6baed6", "#08519c"]
)
"""From bad to good: red is darker than white is, and so is blue; all eyes tell them apart."""

matplotlib.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 8.0,
        "svg.fonttype": "path",
        "svg.hashsalt": "vrs_scipion",
    }
)

_ANONYMOUS = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}
_DRAWING = threading.Lock()


def new_figure(height: float, width: float = WIDTH) -> Any:
    """Return an empty white `matplotlib.figure.Figure` of `width` × `height` inches."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Any, path: Path) -> Path:
    """Write a figure as PNG or SVG, without dates or versions.

    The file appears under its name when it is whole, and the same figure gives the same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : file to write; its suffix, ``.png`` or ``.svg``, is the format

    Returns
    -------
    path

    Raises
    ------
    ValueError
        If the suffix is another one.
    """
    kind = path.suffix.lstrip(".").lower()
    if kind not in _ANONYMOUS:
        raise ValueError(f"{path.name} is neither a .png nor an .svg file.")
    # matplotlib's font and text caches are shared by all threads
    with _DRAWING, written_whole(path) as unfinished:
        figure.savefig(unfinished, format=kind, dpi=DPI, metadata=_ANONYMOUS[kind])
    return path


def pixels(figure: Any) -> NDArray[np.uint8]:
    """Return a figure as an RGB picture, shape (rows, columns, 3), the first row at the top."""
    with _DRAWING:
        figure.canvas.draw()
        return np.array(figure.canvas.buffer_rgba())[:, :, :3]


def halo(colour: str = "black") -> list[Any]:
    """Return the path effects that keep thin white marks readable on any grey."""
    return [withStroke(linewidth=2.0, foreground=colour)]


def dress(axes: Any, xlabel: str, ylabel: str) -> None:
    """Give a plot its labels, a faint grid and no frame on the right and at the top."""
    axes.set_xlabel(xlabel, color=INK)
    axes.set_ylabel(ylabel, color=INK)
    axes.grid(True, which="major", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7.5, colors=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def text_width(figure: Any, text: str, size: float) -> float:
    """Return the width in inches of a text in letters of `size` points."""
    letters = figure.text(0, 0, text, fontsize=size)
    with _DRAWING:
        extent = letters.get_window_extent(figure.canvas.get_renderer())
    letters.remove()
    return float(extent.width / figure.dpi)
