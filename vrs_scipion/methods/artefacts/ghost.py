"""A weaker copy of the molecule beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Volume

_BESIDE = 0.8
"""Share of the molecule that a copy has to have outside of it, to be looked for: one that lies
nearer looks like what glows around the molecule."""


@dataclass(frozen=True)
class Ghost:
    """The likeliest copy.

    Attributes
    ----------
    share : its strength, that of the molecule being 1
    certainty : its correlation over the standard deviation of all others
    shift : voxels from the molecule along z, y, x
    """

    share: float
    certainty: float
    shift: tuple[int, int, int]


def strongest_ghost(values: Volume, mask: Mask, threads: int = 1) -> Ghost | None:
    """The shifted copy of the molecule that explains most of what surrounds it.

    What lies inside the mask is correlated with what lies outside, at every shift at which most of
    the molecule would lie outside; the box is taken as periodic. The share is the least-squares
    one. None where there is no such shift, or nothing varies. Takes six volumes of memory.

    Parameters
    ----------
    values : map, shape (z, y, x)
    mask : the molecule
    threads : for the Fourier transforms
    """
    if mask.all() or not mask.any():
        return None
    mean = np.float32(values[~mask].mean(dtype=np.float64))
    centred = values - mean
    inside = np.where(mask, centred, np.float32(0))
    energy = float(np.einsum("zyx,zyx->", inside, inside, dtype=np.float64))
    common = _correlated(inside, np.where(mask, np.float32(0), centred), threads)
    outside = _correlated(mask.astype(np.float32), (~mask).astype(np.float32), threads)
    outside /= np.float32(np.count_nonzero(mask))
    beside = outside > _BESIDE
    if not energy or not beside.any():
        return None
    likeness = common / np.sqrt(np.maximum(outside, np.float32(_BESIDE)))
    spread = float(likeness[beside].std(dtype=np.float64))
    if not spread:
        return None
    likeness[~beside] = -np.inf
    best = np.unravel_index(int(likeness.argmax()), likeness.shape)
    z, y, x = (
        int(i) if i <= n // 2 else int(i) - n for i, n in zip(best, values.shape, strict=True)
    )
    share = float(common[best]) / (float(outside[best]) * energy)
    return Ghost(share, float(likeness[best]) / spread, (z, y, x))


def _correlated(first: Volume, second: Volume, threads: int) -> NDArray[np.float32]:
    """Sum over x of first(x) second(x + h) for every shift h."""
    from scipy import fft  # slow to load

    product = np.conj(fft.rfftn(first, workers=threads))
    product *= fft.rfftn(second, workers=threads)
    summed: NDArray[np.float32] = fft.irfftn(product, s=first.shape, workers=threads)
    return summed
