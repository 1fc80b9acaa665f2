"""Power by frequency of two half maps, of their mean, and of the noise in that mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, power


@dataclass(frozen=True)
class HalfMapPower:
    """The mean of |F|² in each Fourier shell, over the square of the number of voxels.

    All of shape (shells,), NaN in shells without a coefficient.

    Attributes
    ----------
    frequency : 1/Å
    first, second : of the half maps
    mean : of their mean
    noise : of half their difference: the noise of the mean, if the half maps are independent
    """

    frequency: Reals
    first: Reals
    second: Reals
    mean: Reals
    noise: Reals


def half_map_power(
    first: HalfSpectrum, second: HalfSpectrum, box: Sequence[int], voxel_size: Triple
) -> HalfMapPower:
    """Measure the power of two half maps in one pass over their transforms.

    Parameters
    ----------
    first, second : half spectra, as ``scipy.fft.rfftn`` gives them
    box, voxel_size : of the half maps: voxels and Å along z, y, x
    """
    shells = Shells(tuple(box), voxel_size)

    def terms(z: int) -> tuple[NDArray[np.floating[Any]], ...]:
        a, b = first[z], second[z]
        return power(a), power(b), power((a + b) / 2), power((a - b) / 2)

    sums, samples = shells.sums(terms)
    with np.errstate(invalid="ignore"):
        return HalfMapPower(shells.frequency, *(sums / samples / float(np.prod(box)) ** 2))
