"""Curves: one quantity against another, and how often the values of one occur."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vrs_scipion.figures import style
from vrs_scipion.figures.guinier import draw_guinier
from vrs_scipion.figures.histogram import draw_histogram

__all__ = ["draw_guinier", "draw_histogram", "draw_mass_vs_threshold"]


def draw_mass_vs_threshold(
    thresholds: Sequence[float], voxels: Sequence[float], contour: float, path: Path
) -> Path:
    """Draw how many voxels lie above each threshold, with the recommended contour marked.

    The vertical axis is logarithmic: thresholds above which there is no voxel are drawn as empty
    triangles on the bottom of the figure.

    Parameters
    ----------
    thresholds : in the map's unit, increasing
    voxels : number of voxels above each of them
    contour : the recommended contour level, in the map's unit
    path : file to write, ``.svg`` or ``.png``

    Returns
    -------
    path

    Raises
    ------
    ValueError
        If the lists are empty or differ in length, or the suffix is neither of the two.
    """
    if not len(thresholds) or len(thresholds) != len(voxels):
        raise ValueError(
            f"There are {len(thresholds)} thresholds and {len(voxels)} numbers of voxels: "
            "as many of one as of the other are needed, and at least one."
        )
    levels, counts = np.asarray(thresholds, float), np.asarray(voxels, float)
    some = counts > 0
    top = float(counts.max()) if some.any() else 1.0
    figure = style.new_figure(height=3.2, width=5.2)
    axes = figure.add_axes((0.15, 0.145, 0.835, 0.82))
    axes.set_yscale("log")
    axes.set_ylim(0.6, 2.5 * top)
    axes.plot(levels[some], counts[some], "o-", color=style.BLUE, markersize=3.5, linewidth=1.4)
    if not some.all():
        _mark_empty(axes, levels[~some])
    _mark_contour(axes, contour)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_minor_formatter(lambda value, _: "")
    style.dress(axes, "Threshold (map units)", "Voxels above the threshold")
    return style.save(figure, path)


def _mark_empty(axes: Any, levels: Any) -> None:
    axes.plot(
        levels,
        np.full(len(levels), 0.8),
        "v",
        markerfacecolor="white",
        markeredgecolor=style.BLUE,
        markersize=4.5,
    )
    axes.annotate(
        "no voxel",
        (levels[0], 0.8),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=7.5,
        color=style.INK,
        path_effects=style.halo("white"),
    )


def _mark_contour(axes: Any, contour: float) -> None:
    axes.axvline(contour, color=style.ORANGE, linewidth=1.4, linestyle=(0, (5, 2)))
    low, high = axes.get_xlim()
    on_the_left = contour > (low + high) / 2
    axes.annotate(
        f"recommended contour {contour:.4g}",
        (contour, 0.97),
        xycoords=("data", "axes fraction"),
        xytext=(-5 if on_the_left else 5, 0),
        textcoords="offset points",
        ha="right" if on_the_left else "left",
        va="top",
        fontsize=7.5,
        color=style.DARK_ORANGE,
    )
