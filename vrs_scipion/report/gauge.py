"""A measured value and its limit on one short scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vrs_scipion.results.model import Criterion
from vrs_scipion.results.numbers import number

_WIDE = 100.0
"""Ratio of value and limit from which the scale is logarithmic."""
_ROOM = 0.18
"""Share of the scale left free beyond the outermost of the two."""


@dataclass(frozen=True)
class Gauge:
    """Places on a bar, as shares of its length from 0 to 1.

    Attributes
    ----------
    value, limit : where they stand
    start, end : of the part that is accepted
    low, high : what the ends of the bar read
    logarithmic : whether the scale is
    """

    value: float
    limit: float
    start: float
    end: float
    low: str
    high: str
    logarithmic: bool


def gauge_of(criterion: Criterion) -> Gauge | None:
    """Lay out the bar of a criterion; None where nothing was measured."""
    if criterion.value is None:
        return None
    value, limit = float(criterion.value), float(criterion.limit)
    logarithmic = min(value, limit) > 0 and max(value, limit) / min(value, limit) > _WIDE
    if logarithmic:
        low, high = _decades(value, limit)
        place = (math.log10(value) - low) / (high - low)
        bound = (math.log10(limit) - low) / (high - low)
        ends = (10.0**low, 10.0**high)
    else:
        ends = _ends(value, limit)
        place, bound = ((x - ends[0]) / (ends[1] - ends[0]) for x in (value, limit))
    below = criterion.comparison in ("<", "<=")
    return Gauge(
        value=place,
        limit=bound,
        start=0.0 if below else bound,
        end=bound if below else 1.0,
        low=number(float(f"{ends[0]:.3g}")),
        high=number(float(f"{ends[1]:.3g}")),
        logarithmic=logarithmic,
    )


def _decades(value: float, limit: float) -> tuple[int, int]:
    """Exponents of the powers of ten around both, at least one decade off either."""
    exponents = sorted((math.log10(value), math.log10(limit)))
    return math.floor(exponents[0] - 0.3), math.ceil(exponents[1] + 0.3)


def _ends(value: float, limit: float) -> tuple[float, float]:
    low, high = min(0.0, value, limit), max(0.0, value, limit)
    room = _ROOM * (high - low) or 1.0
    return (low - room if low < 0 or limit == 0 else low), (
        high + room if high > 0 or limit == 0 else high
    )
