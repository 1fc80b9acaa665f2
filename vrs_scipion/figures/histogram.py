"""Histograms of the values of voxels or residues, what is accepted and what is worth a mark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.figures.binning import Bins, bin_values
from vrs_scipion.results.plots import Axis, Band, Interval, Mark, Plot, Series

_NEAR = 0.6
"""What lies further away than this share of the bars' extent stays outside the view."""
_FEWEST, _MOST = 8, 24
_SAMPLE = 20_000
_SURE = 1e-6
"""Least error that is told apart from none, as a share of the bars' extent."""


@dataclass(frozen=True)
class Errors:
    """How uncertain values are.

    Attributes
    ----------
    each : one standard error of each finite value, NaN where there is none
    independent : how many of the values are independent of each other; neighbours are not
    """

    each: Any
    independent: float

    def most_bars(self, values: NDArray[np.float64]) -> int:
        """No bar is to be narrower than the error bar of the median value."""
        typical = float(np.nanmedian(self.each))
        low, high = np.percentile(values, (1, 99))
        return int(np.clip((high - low) / typical, _FEWEST, _MOST)) if typical > 0 else _MOST


def histogram_plot(
    values: Any,
    *,
    xlabel: str,
    accepted: Interval | None = None,
    marks: Sequence[tuple[float, str]] = (),
    errors: Errors | None = None,
    of: tuple[str, str] = ("voxel", "voxels"),
) -> Plot:
    """Return the plot of how values of voxels, or of whatever else, are distributed.

    A few extreme values are left outside the view, and a note says how many. Where the values have
    error bars, so have the bars: one standard error of each, up and down.

    Parameters
    ----------
    values : array of numbers; those that are not finite are left out
    xlabel : what the values are, with their unit
    accepted : the lowest and the highest value that are accepted, shaded; ±infinity for no limit
    marks : values to mark, and the label of each; those that are not finite are left out
    errors : of the values
    of : what has a value, one of them and many

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
    bins = bin_values(numbers, most=errors.most_bars(numbers) if errors else None)
    view = _view(bins, [*(accepted or ()), *(mark.value for mark in lines)])
    centres = (bins.edges[:-1] + bins.edges[1:]) / 2
    width = float(np.diff(bins.edges).mean()) * (0.8 if bins.discrete else 1.0)
    whiskers = () if errors is None else (_whiskers(bins, centres, numbers, errors),)
    highest = max(y for y in (*bins.percent, *(y for s in whiskers for y in s.y)) if y is not None)
    return Plot(
        x=Axis(label=xlabel, range=view),
        y=Axis(label=of[1].capitalize(), unit="%", range=(0.0, 1.05 * highest)),
        series=(
            Series(
                name=of[1],
                x=tuple(centres.tolist()),
                y=tuple(bins.percent.tolist()),
                style="bars",
                width=width,
            ),
            *whiskers,
        ),
        marks=tuple(lines),
        bands=(_band(accepted, view),) if accepted is not None else (),
        notes=(_about_outside(numbers, bins.outside, of),) if bins.outside else (),
    )


def _whiskers(
    bins: Bins, centres: NDArray[np.float64], numbers: NDArray[np.float64], errors: Errors
) -> Series:
    """A line up and down from the top of each bar, as far as values may belong elsewhere."""
    from scipy.special import ndtr  # slow to load

    every = max(1, numbers.size // _SAMPLE)
    values, each = numbers[::every, None], np.asarray(errors.each, np.float64).ravel()[::every]
    sure = np.maximum(np.nan_to_num(each, nan=0.0), _SURE * np.ptp(bins.edges))[:, None]
    inside = np.diff(ndtr((bins.edges - values) / sure), axis=1)
    spread = 100 * np.sqrt((inside * (1 - inside)).mean(axis=0) / errors.independent)
    x, y = [], []
    for centre, percent, half in zip(centres, bins.percent, spread, strict=True):
        x += [centre] * 3
        y += [max(0.0, percent - half), percent + half, None]
    return Series(name="one standard error", x=tuple(map(float, x)), y=tuple(y))


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


def _about_outside(numbers: NDArray[np.float64], outside: int, of: tuple[str, str]) -> str:
    share = f"{100 * outside / numbers.size:.2g}"
    ends = f"{_number(float(numbers.min()))} and {_number(float(numbers.max()))}"
    who, lie = (of[0], "lies") if outside == 1 else (of[1], "lie")
    return f"{outside:,} {who} ({share} %) {lie} outside the view; the extremes are {ends}"


def _number(value: float) -> str:
    digits = f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
    return digits.replace("-", "−")
