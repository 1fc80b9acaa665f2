"""What the local measures of a map share: the sweep over frequencies, the background, quantiles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume

MIN_RES = 15.0
"""Default coarse end of the sweep in Å."""

WIDTH = 4.8
"""Default standard deviation of a shell, in Fourier bins."""

SMALLEST_SIDE = 32
"""Below so many voxels the shells, a few bins wide, overlap from end to end."""

_NYQUIST_TOLERANCE = 1e-4
_SAMPLE_STEP = 61
_MARGIN = 6.0
_SMALL = 100_000


class NotMeasurableError(ValueError):
    """A map that a local measure cannot be taken of: why, in one sentence."""


def require_sweep(
    values: Volume, voxel_size: Triple, mask: Mask, min_res: float, max_res: float
) -> None:
    """Refuse what no local measure can be taken of.

    Raises
    ------
    NotMeasurableError
        if map and mask differ in shape, the mask is empty, an axis of the box has under 32 voxels,
        or the sweep does not run from ``min_res`` to a finer ``max_res`` within Nyquist.
    """
    if values.shape != mask.shape:
        raise NotMeasurableError(
            f"the map's box {values.shape} differs from the mask's {mask.shape}"
        )
    if min(values.shape) < SMALLEST_SIDE:
        sides = " × ".join(str(n) for n in reversed(values.shape))
        raise NotMeasurableError(
            f"a box of {sides} voxels is too small: the shells need {SMALLEST_SIDE} along each axis"
        )
    if not mask.any():
        raise NotMeasurableError("the mask is empty: there is nothing to measure in it")
    if not 0 < max_res < min_res:
        raise NotMeasurableError(
            f"the sweep over frequencies starts at {min_res:g} Å and must end at a finer "
            f"resolution, not at {max_res:g} Å"
        )
    nyquist = 2 * max(voxel_size)
    if max_res < nyquist * (1 - _NYQUIST_TOLERANCE):
        raise NotMeasurableError(
            f"a resolution of {max_res:g} Å lies beyond the Nyquist limit, {nyquist:.4g} Å"
        )


def shell_width(bins: float, box: tuple[int, ...], voxel_size: Triple) -> float:
    """Standard deviation in 1/Å of a shell ``bins`` Fourier bins wide.

    A bin is 1/L wide, L the side of a cubic box. For any other box L is the side of the cube of
    the same volume: a shell then holds as many Fourier coefficients as in that cube.
    """
    sides = sorted(n * s for n, s in zip(box, voxel_size, strict=True))
    side = sides[0] if sides[0] == sides[-1] else math.prod(sides) ** (1 / 3)
    return bins / side


def background(mask: Mask) -> Mask:
    """The voxels outside the mask and inside the ellipsoid that touches the box's faces.

    In a cube of N voxels that is the sphere of radius N/2 about N/2; what touches the faces is
    outside. In any other box the ellipsoid keeps the same share of the box, and some background
    along the sides of a long molecule too. Integers make it exact.

    Parameters
    ----------
    mask : the molecule, shape (z, y, x)

    Raises
    ------
    NotMeasurableError
        if there are none.
    """
    common = math.lcm(*mask.shape)
    z, y, x = (((2 * np.arange(n) - n) * (common // n)) ** 2 for n in mask.shape)
    outside: Mask = z[:, None, None] + y[:, None] + x < common**2
    outside &= ~mask
    if not outside.any():
        raise NotMeasurableError(
            "there is no background to take the noise from: the mask fills the whole sphere inside "
            "the box"
        )
    return outside


def order_statistics(
    values: NDArray[np.float32], probability: float
) -> tuple[np.float32, np.float32, float]:
    """The neighbours of the quantile of rank (n − 1)·p, and how far it lies between them, 0 to 1.

    Exact: a sample brackets the quantile, and only what lies between is sorted.

    Raises
    ------
    ValueError
        if the probability is not between 0 and 1.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"a quantile of {probability:g} is not between 0 and 1")
    rank = (values.size - 1) * probability
    lower = math.floor(rank)
    upper = min(lower + 1, values.size - 1)
    within, first = _bracketed(values, lower, upper)
    within = np.partition(within, (lower - first, upper - first))
    return within[lower - first], within[upper - first], rank - lower


def _bracketed(
    values: NDArray[np.float32], lower: int, upper: int
) -> tuple[NDArray[np.float32], int]:
    """Values that include those of rank ``lower`` and ``upper``, and the rank of the least."""
    if values.size < _SMALL:
        return values, 0
    sample = np.sort(values[::_SAMPLE_STEP])
    middle = lower / values.size * sample.size
    margin = _MARGIN * math.sqrt(sample.size)
    low = sample[max(0, int(middle - margin))]
    high = sample[min(sample.size - 1, int(middle + margin))]
    first = int(np.count_nonzero(values < low))
    within = values[(values >= low) & (values <= high)]
    if first <= lower and upper < first + within.size:
        return within, first
    return values, 0


def everywhere_else_nan(inside: NDArray[np.floating[Any]], mask: Mask) -> Volume:
    """A volume with the values ``inside`` the mask and NaN, for none, outside."""
    volume = np.full(mask.shape, np.nan, np.float32)
    volume[mask] = inside
    return volume
