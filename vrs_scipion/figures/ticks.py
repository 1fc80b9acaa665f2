"""Round numbers for the axis that reads another in a second quantity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from vrs_scipion.results.plots import Axis, Interval

_MARGIN, _APART = 0.02, 0.075
"""Shares of the axis free of labels: before the first, and between two."""
_MULTIPLES = ((1, 2, 5), (3, 4, 1.5, 2.5), (6, 8, 7, 4.5, 3.5, 1.2, 2.2), (1.8, 2.8, 9))
"""The roundest first."""
_LOG_MULTIPLES = ((1,), (3,))
"""Those of a logarithmic axis over more than a decade."""


def opposite_ticks(axis: Axis, view: Interval) -> list[tuple[float, str]]:
    """Return where the opposite of an axis has its ticks, and what they say.

    Parameters
    ----------
    axis : with an opposite
    view : the ends of the axis itself

    Returns
    -------
    (position on the axis itself, label) of each tick; none where the opposite is not defined
    """
    assert axis.opposite is not None
    low, high = (_share_scale(axis, end) for end in view)
    shown: list[tuple[float, float]] = []
    for quantity in _round_numbers(axis, view):
        position = axis.opposite.position(quantity)
        share = (_share_scale(axis, position) - low) / (high - low)
        if _MARGIN <= share <= 1 and all(abs(share - other) >= _APART for other, _ in shown):
            shown.append((share, quantity))
    return [(axis.opposite.position(q), f"{q:g}") for _, q in sorted(shown)]


def _share_scale(axis: Axis, value: float) -> float:
    return math.log10(value) if axis.scale == "log" else value


def _round_numbers(axis: Axis, view: Interval) -> Iterator[float]:
    """Round quantities from the roundest on, the decades within a view in turn."""
    assert axis.opposite is not None
    low, high = view
    smallest = low if axis.scale == "log" else max(low, high * _MARGIN)
    if not (smallest > 0 and high > smallest):
        return
    ends = sorted(axis.opposite.at(end) for end in (smallest, high))
    decades = range(math.floor(math.log10(ends[0])), math.ceil(math.log10(ends[1])) + 1)
    wide = axis.scale == "log" and ends[1] > 10 * ends[0]
    for multiples in _LOG_MULTIPLES if wide else _MULTIPLES:
        yield from _in_decades(multiples, decades)


def _in_decades(multiples: Iterable[float], decades: range) -> Iterator[float]:
    for multiple in multiples:
        for decade in decades:
            yield float(f"{multiple}e{decade}")
