"""The Fourier shell correlation of two maps, from their values or from their transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods.fsc.curve import FscCurve
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, half_spectrum, power

Planes = Callable[[int], HalfSpectrum]
"""The planes of a half spectrum along its first axis, by index."""


@dataclass(frozen=True)
class ShellProducts:
    """Sums over the shells of two half spectra, float64 of shape (shells,).

    Attributes
    ----------
    cross : real part of the products of the first and the conjugated second
    first, second : |F|² of each
    samples : how many coefficients of the whole sphere
    """

    cross: Reals
    first: Reals
    second: Reals
    samples: Reals

    @classmethod
    def of(cls, first: HalfSpectrum, second: HalfSpectrum, shells: Shells) -> ShellProducts:
        """Multiply two half spectra."""
        return cls.by_planes(first.__getitem__, second.__getitem__, shells)

    @classmethod
    def by_planes(cls, first: Planes, second: Planes, shells: Shells) -> ShellProducts:
        """Multiply two half spectra that are made plane by plane."""

        def terms(z: int) -> tuple[NDArray[np.floating[Any]], ...]:
            one, other = first(z), second(z)
            return one.real * other.real + one.imag * other.imag, power(one), power(other)

        (cross, own, others), samples = shells.sums(terms)
        return cls(cross, own, others, samples)

    def curve(self, shells: Shells, shared: float) -> FscCurve:
        """Their correlation, of which so many coefficients share one independent value."""
        norm = np.sqrt(self.first * self.second)
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = np.where(norm > 0, self.cross / norm, np.nan)
        return FscCurve(shells.frequency, correlation, self.samples / shared)


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
    return ShellProducts.of(first, second, shells).curve(shells, redundancy * order)
