"""The Fourier shell correlation of two maps, from their values or from their transforms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods.fsc.curve import FscCurve
from vrs_scipion.methods.shells import HalfSpectrum, Shells, half_spectrum, power


def shell_correlation(
    first: Volume,
    second: Volume,
    voxel_size: Triple,
    *,
    redundancy: float = 1.0,
    order: int = 1,
    threads: int = 1,
) -> FscCurve:
    """Correlate two maps (z, y, x) on one grid, shell by shell up to the Nyquist frequency.

    Parameters
    ----------
    first, second : float32 (z, y, x)
    voxel_size : Å along z, y, x
    redundancy, order : as `correlate` has them
    threads : for the Fourier transforms
    """
    one, other = (half_spectrum(values, threads) for values in (first, second))
    return correlate(one, other, first.shape, voxel_size, redundancy=redundancy, order=order)


def correlate(
    first: HalfSpectrum,
    second: HalfSpectrum,
    shape: Sequence[int],
    voxel_size: Triple,
    *,
    redundancy: float = 1.0,
    order: int = 1,
) -> FscCurve:
    """Correlate two maps on one grid, shell by shell up to the Nyquist frequency.

    Parameters
    ----------
    first, second : half spectra, as ``scipy.fft.rfftn`` gives them
    shape, voxel_size : of the maps: voxels and Å along z, y, x
    redundancy : of the mask under which the maps were put, see `mask_redundancy`
    order : of the point group that was imposed on both: so many coefficients are copies
    """
    shells = Shells(tuple(shape), voxel_size)

    def terms(z: int) -> Sequence[NDArray[np.floating[Any]]]:
        one, other = first[z], second[z]
        return one.real * other.real + one.imag * other.imag, power(one), power(other)

    (cross, own, others), samples = shells.sums(terms)
    norm = np.sqrt(own * others)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.where(norm > 0, cross / norm, np.nan)
    return FscCurve(shells.frequency, correlation, samples / (redundancy * order))
