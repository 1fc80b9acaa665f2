"""Curves and histograms drawn to files, each with its data beside it as ``NAME.plot.json``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from vrs_scipion.figures.guinier import guinier_plot
from vrs_scipion.figures.histogram import histogram_plot
from vrs_scipion.figures.mass import mass_plot
from vrs_scipion.figures.plotting import save_picture
from vrs_scipion.results.plots import Interval


def draw_histogram(
    values: Any,
    path: Path,
    *,
    xlabel: str,
    accepted: Interval | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> Path:
    """Draw `histogram_plot` to ``path``, ``.svg`` or ``.png``, and return the path."""
    return save_picture(histogram_plot(values, xlabel=xlabel, accepted=accepted, marks=marks), path)


def draw_guinier(
    path: Path,
    *,
    inverse_square: ArrayLike,
    experimental: ArrayLike,
    corrected: ArrayLike,
    fitted: tuple[float, float],
    fit_range: Interval,
) -> Path:
    """Draw `guinier_plot` to ``path``, ``.svg`` or ``.png``, and return the path."""
    plot = guinier_plot(
        inverse_square=inverse_square,
        experimental=experimental,
        corrected=corrected,
        fitted=fitted,
        fit_range=fit_range,
    )
    return save_picture(plot, path)


def draw_mass_vs_threshold(
    thresholds: Sequence[float],
    voxels: Sequence[float],
    contour: float,
    path: Path,
    *,
    kda_per_voxel: float | None = None,
) -> Path:
    """Draw `mass_plot` to ``path``, ``.svg`` or ``.png``, and return the path."""
    return save_picture(mass_plot(thresholds, voxels, contour, kda_per_voxel), path)
