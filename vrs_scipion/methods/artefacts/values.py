"""Traces in the values of a map: where they stop, how few there are, which sign they have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.maps.density import Volume

_NEXT = 0.05
"""Standard deviations beyond an extreme within which unclipped values go on."""
_GOES_ON, _SOME = 0.01, 10
"""Share of the voxels at the extreme, and voxels, that have to lie there: what a threshold has cut
off leaves a gap."""
_SURROUNDINGS = 1e-3
"""Share of the box from which on voxels of one value can be what a mask left."""
_EXTREME = 1e-4
"""Share of the voxels that the strongest densities of either sign stand for."""


@dataclass(frozen=True)
class Pile:
    """Voxels that hold the lowest or highest value of a map beyond those expected to."""

    value: float
    voxels: int


def pile_at_lowest(values: Volume) -> Pile:
    """Voxels piled up at the lowest value, as clipping leaves them.

    Surroundings that a mask has set to that value do not count: they are in one connected piece.
    Nor does the edge of a threshold, beyond which values are missing. Twice as many voxels as hold
    the next value are taken as expected, which allows for few grey levels.

    Parameters
    ----------
    values : map, shape (z, y, x)
    """
    from scipy import ndimage  # slow to load

    lowest = values.min()
    at = values == lowest
    others = values[~at]
    if not others.size:
        return Pile(float(lowest), 0)
    count = int(np.count_nonzero(at))
    following = others.min()
    expected = 2 * int(np.count_nonzero(others == following))
    if count > _SURROUNDINGS * values.size:
        labels, _ = ndimage.label(at)
        count -= int(np.bincount(labels.ravel())[1:].max())
        reach = max(float(following), float(lowest) + _NEXT * float(others.std(dtype=np.float64)))
        if np.count_nonzero(others <= np.float32(reach)) < max(_SOME, _GOES_ON * count):
            return Pile(float(lowest), 0)
    return Pile(float(lowest), max(0, count - expected))


def pile_at_highest(values: Volume) -> Pile:
    """The same of the highest value, which no mask leaves around a molecule."""
    highest = values.max()
    at = int(np.count_nonzero(values == highest))
    others = values[values < highest]
    following = int(np.count_nonzero(others == others.max())) if others.size else at
    return Pile(float(highest), max(0, at - 2 * following))


def grey_levels(values: Volume) -> int:
    """How many different values a map holds."""
    return int(np.unique(values).size)


def contrast(values: Volume) -> float:
    """Strength of the negative densities against that of the positive ones.

    How far the lowest of ten thousand voxels lies below the median, over how far the highest lies
    above it: below 1 where the molecule is bright, above 1 where it is dark.

    Parameters
    ----------
    values : map, shape (z, y, x)

    Returns
    -------
    float
        Infinity where nothing lies above the median.
    """
    low, middle, high = np.quantile(values, (_EXTREME, 0.5, 1 - _EXTREME))
    return float((middle - low) / (high - middle)) if high > middle else float("inf")
