"""Single voxels that stand out of their neighbours as no band-limited density does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.statistics import most_common_value

_MASKED = 0.1
"""Share of the box from which on a common value is what a mask left."""
_STANDS_OUT = 0.5
"""Of the strongest prominence: what a voxel is counted from on."""
_AROUND = np.ones((3, 3, 3), bool)
_AROUND[1, 1, 1] = False


@dataclass(frozen=True)
class SingleVoxels:
    """How far voxels stand out of the 26 around them.

    Attributes
    ----------
    height : prominence of the strongest, of the map's strongest density
    count : those at least half as prominent
    place : index of the strongest along z, y, x
    """

    height: float
    count: int
    place: tuple[int, int, int]


def single_voxels(values: Volume) -> SingleVoxels | None:
    """The voxels that stand out most; None where nothing varies.

    The prominence of a local maximum is its value less the largest of its 26 neighbours, that of a
    minimum likewise; densities count from the median. At the ragged edge of a mask nothing is
    asked. Takes four volumes of memory.

    Parameters
    ----------
    values : map, shape (z, y, x)
    """
    middle = float(np.median(values))
    strongest = max(float(values.max()) - middle, middle - float(values.min()))
    if not strongest:
        return None
    prominence = _prominence(values)
    highest = float(prominence.max())
    z, y, x = map(int, np.unravel_index(int(prominence.argmax()), values.shape))
    count = int(np.count_nonzero(prominence >= np.float32(_STANDS_OUT * highest)))
    return SingleVoxels(highest / strongest, count, (z, y, x))


def _prominence(values: Volume) -> NDArray[np.float32]:
    from scipy import ndimage  # slow to load

    highest = ndimage.maximum_filter(values, footprint=_AROUND, mode="nearest")
    lowest = ndimage.minimum_filter(values, footprint=_AROUND, mode="nearest")
    varied = highest > lowest
    prominence: NDArray[np.float32] = np.maximum(values - highest, lowest - values)
    prominence[varied & _beside_a_mask(values)] = 0
    return prominence


def _beside_a_mask(values: Volume) -> Mask:
    """Voxels at or beside what a mask has set to one value."""
    from scipy import ndimage

    common, share = most_common_value(values, np.ones(values.shape, bool))
    if share < _MASKED:
        return np.zeros(values.shape, bool)
    beside: Mask = ndimage.binary_dilation(values == np.float32(common), np.ones((3, 3, 3), bool))
    return beside
