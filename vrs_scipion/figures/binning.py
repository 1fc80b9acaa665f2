"""The bars of a histogram: which values it shows, and how finely."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_PERCENTILES = (0.5, 99.5)
_REACH = 0.5
_FEWEST, _MOST = 10, 60
_MOST_LEVELS = 200
_FINENESS = 100_000


@dataclass(frozen=True)
class Bins:
    """The bars of a histogram.

    Attributes
    ----------
    edges : of the bars, one more than there are bars
    percent : of all values, in each bar
    discrete : the values are the multiples of some step
    outside : number of values left and right of all bars
    """

    edges: Values
    percent: Values
    discrete: bool
    outside: int


def bin_values(values: Values, most: int | None = None) -> Bins:
    """Return the bars of a histogram of values.

    A few extreme values are left outside, so that the others can be seen. Values in equal steps,
    as shares of a whole number are, have bars in the same steps: others would look like a comb.

    Parameters
    ----------
    values : finite, at least one
    most : bars, where they are not to be as many as values can tell apart

    Returns
    -------
    Bins
    """
    low, high = _view(values)
    shown = values[(values >= low) & (values <= high)]
    edges, discrete = _edges(shown, most or _MOST)
    counts, _ = np.histogram(shown, edges)
    return Bins(edges, 100 * counts / values.size, discrete, values.size - shown.size)


def _view(values: Values) -> tuple[float, float]:
    smallest, largest = float(values.min()), float(values.max())
    low, high = (float(p) for p in np.percentile(values, _PERCENTILES))
    if low == high:
        return smallest, largest
    reach = _REACH * (high - low)
    return max(smallest, low - reach), min(largest, high + reach)


def _edges(shown: Values, most: int) -> tuple[Values, bool]:
    low, high = float(shown.min()), float(shown.max())
    if low == high:
        half = 0.05 * abs(low) or 0.5
        return low + half * np.arange(-9, 10, 2), True
    levels = _levels(shown, low, high)
    if levels:
        step = (high - low) / (levels - 1)
        merged = math.ceil(levels / most)
        bars = math.ceil(levels / merged)
        return low + step * (merged * np.arange(bars + 1) - 0.5), True
    return np.linspace(low, high, min(_number_of_bars(shown, high - low), most) + 1), False


def _levels(shown: Values, low: float, high: float) -> int:
    """Return how many equal steps the values fall into, or 0 if they do not."""
    places = np.rint((shown - low) / (high - low) * _FINENESS).astype(np.intp)
    taken = np.flatnonzero(np.bincount(places))
    levels = round(_FINENESS / int(np.diff(taken).min())) + 1
    if levels > _MOST_LEVELS:
        return 0
    steps = taken * (levels - 1) / _FINENESS
    return levels if np.abs(steps - np.rint(steps)).max() < 0.05 else 0


def _number_of_bars(shown: Values, extent: float) -> int:
    """Return the number after Freedman and Diaconis, within reason."""
    first, third = np.percentile(shown, (25, 75))
    width = 2 * float(third - first) / shown.size ** (1 / 3)
    return int(np.clip(math.ceil(extent / width), _FEWEST, _MOST)) if width > 0 else _MOST
