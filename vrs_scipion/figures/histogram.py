"""Histograms of the values of voxels, with what is accepted and what is worth a mark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.figures.binning import Bins, bin_values
from vrs_scipion.results.plots import Axis, Band, Interval, Mark, Plot, Series

_NEAR = 0.6
"""What lies further away than this share of the bars' extent stays outside the view."""


def histogram_plot(
    values: Any,
    *,
    xlabel: str,
    accepted: Interval | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> Plot:
    """Return the plot of how the values of voxels are distributed.

    A few extreme values are left outside the view, and a note says how many.

    Parameters
    ----------
    values : array of numbers; those that are not finite are left out
    xlabel : what the values are, with their unit
    accepted : the lowest and the highest value that are accepted, shaded; ±infinity for no limit
    marks : values to mark, and the label of each; those that are not finite are left out

    Returns
    -------
    Plot

    Raises
    ------
    ValueError
        If no value is finite.
    """
    numbers = np.asarray(values, dtype=np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        raise ValueError("There is no finite value to draw a histogram of.")
    lines = [Mark(value=float(at), label=label) for at, label in marks if math.isfinite(at)]
    bins = bin_values(numbers)
    view = _view(bins, [*(accepted or ()), *(mark.value for mark in lines)])
    centres = (bins.edges[:-1] + bins.edges[1:]) / 2
    width = float(np.diff(bins.edges).mean()) * (0.8 if bins.discrete else 1.0)
    return Plot(
        x=Axis(label=xlabel, range=view),
        y=Axis(label="Voxels", unit="%", range=(0.0, 1.05 * float(bins.percent.max()))),
        series=(
            Series(
                name="voxels",
                x=tuple(centres.tolist()),
                y=tuple(bins.percent.tolist()),
                style="bars",
                width=width,
            ),
        ),
        marks=tuple(lines),
        bands=(_band(accepted, view),) if accepted is not None else (),
        notes=(_about_outside(numbers, bins.outside),) if bins.outside else (),
    )


def _view(bins: Bins, wanted: Sequence[float]) -> Interval:
    """Return the ends of the horizontal axis: the bars, and what is wanted if it is near."""
    low, high = float(bins.edges[0]), float(bins.edges[-1])
    reach = _NEAR * (high - low)
    near = [value for value in wanted if low - reach <= value <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.02 * (high - low)
    return low - margin, high + margin


def _band(accepted: Interval, view: Interval) -> Band:
    low, high = (limit if math.isfinite(limit) else None for limit in accepted)
    return Band(low=low, high=high, label=_about_accepted(accepted, view))


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
