"""Mean, standard deviation and most common value of a volume, a plane at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Volume

_SAMPLE = 100_003
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Moments:
    """``count`` values with their ``mean`` and population standard deviation ``std``."""

    count: int
    mean: float
    std: float


def moments(values: Volume, where: Mask | None = None) -> Moments:
    """Moments of ``values`` (z, y, x), only those in the mask ``where`` when one is given.

    Sums run in float64, plane by plane in two passes, so that neither a second volume nor
    cancellation is a worry. Without any value mean and std are NaN.
    """
    planes = [
        plane if where is None else plane[inside]
        for plane, inside in zip(values, values if where is None else where, strict=True)
    ]
    count = sum(plane.size for plane in planes)
    if not count:
        return Moments(0, math.nan, math.nan)
    mean = sum(float(plane.sum(dtype=np.float64)) for plane in planes) / count
    squares = 0.0
    for plane in planes:
        deviation = plane.astype(np.float64).ravel() - mean
        squares += float(deviation @ deviation)
    return Moments(count, mean, math.sqrt(squares / count))


def robust_moments(values: NDArray[np.float32]) -> tuple[float, float]:
    """Median of values, and their standard deviation by the median of the absolute deviations.

    Outliers, if they are few, count in neither; the deviation is that of Gaussian values.
    """
    middle = float(np.median(values))
    return middle, _MAD_TO_SIGMA * float(np.median(np.abs(values - np.float32(middle))))


def most_common_value(values: Volume, where: Mask) -> tuple[float, float]:
    """A value that many voxels share to the last bit, and the fraction of them that have it.

    The candidate is the most frequent of an evenly spaced sample, so that a value held by more
    than a few in ten thousand is found; its fraction is then counted over all voxels.
    """
    total = int(np.count_nonzero(where))
    step = max(1, total // _SAMPLE) | 1
    sample = values.ravel()[::step][where.ravel()[::step]]
    candidates, counts = np.unique(sample, return_counts=True)
    common = candidates[int(np.argmax(counts))]
    count = sum(
        int(np.count_nonzero((plane == common) & chosen))
        for plane, chosen in zip(values, where, strict=True)
    )
    return float(common) + 0.0, count / total


def constant_fraction(values: Volume) -> float:
    """Share of the voxels that are locally constant; those of the outermost planes do not count."""
    return float(locally_constant(values)[_CORE].mean())


_CORE = (slice(1, -1),) * 3


def locally_constant(values: Volume) -> Mask:
    """The voxels that equal all their neighbours along the axes: where nothing was measured.

    A refinement's outer sphere, a mask or padding leave them. Those of the outermost planes lack
    neighbours, and are held against those that they have.
    """
    same = np.ones(values.shape, np.bool_)
    for axis in range(3):
        window = [slice(None)] * 3
        before = (*window[:axis], slice(None, -1), *window[axis + 1 :])
        after = (*window[:axis], slice(1, None), *window[axis + 1 :])
        equal = values[before] == values[after]
        same[before] &= equal
        same[after] &= equal
    return same
