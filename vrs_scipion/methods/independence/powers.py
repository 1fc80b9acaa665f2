"""What two half maps have in each Fourier shell, alone and in common; maps with white spectra."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, power

LOWEST = 1 / 20
"""1/Å: what is coarser is joined by refinements, or holds few coefficients."""

_CLIFF = 1e-4
_ALIKE = 0.9
"""Correlation of shells that are signal."""


@dataclass(frozen=True)
class ShellPowers:
    """What two maps have in each Fourier shell; shell 0, the mean, is left out.

    Attributes
    ----------
    frequency : 1/Å, shape (shells,)
    samples : coefficients of the whole sphere in each shell
    cross, first, second : sums over each shell of Re F₁F₂*, |F₁|² and |F₂|²
    """

    frequency: Reals
    samples: Reals
    cross: Reals
    first: Reals
    second: Reals

    @cached_property
    def correlation(self) -> Reals:
        """By shell, NaN where one of the maps has no power."""
        norm = np.sqrt(self.first * self.second)
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation: Reals = np.where(norm > 0, self.cross / norm, np.nan)
        return correlation

    @property
    def total_correlation(self) -> float:
        """Of all shells together, as of the maps without their means; 0 where one is constant."""
        norm = math.sqrt(self.first.sum() * self.second.sum())
        return float(self.cross.sum() / norm) if norm else 0.0

    @property
    def scale(self) -> float:
        """Power of the second map's signal in that of the first's; 1 where there is no signal."""
        signal = np.abs(self.correlation) > _ALIKE
        return float(self.second[signal].sum() / self.first[signal].sum()) if signal.any() else 1.0

    @cached_property
    def held(self) -> float:
        """The finest frequency (1/Å) to which both have power: before a cliff, or the last.

        A cliff is where a shell has below 1e-4 of the power of the strongest within the octave
        below: no map falls like that by itself, what lies beyond was filtered away.
        """
        return min(_held(self.frequency, part / self.samples) for part in (self.first, self.second))


def _held(frequency: Reals, strength: Reals) -> float:
    for k in np.flatnonzero(frequency >= LOWEST):
        octave = strength[(frequency >= frequency[k] / 2) & (frequency < frequency[k])]
        if octave.size and not strength[k] > _CLIFF * octave.max():
            return float(frequency[k - 1])
    return float(frequency[-1])


def shell_powers(
    first: HalfSpectrum, second: HalfSpectrum, shape: Sequence[int], voxel_size: Triple
) -> ShellPowers:
    """What two half spectra have in each shell.

    Parameters
    ----------
    first, second : as ``scipy.fft.rfftn`` gives them
    shape, voxel_size : of the maps: voxels, and Å, along z, y, x
    """
    shells = Shells(tuple(shape), voxel_size)

    def terms(z: int) -> Sequence[Reals]:
        one, other = first[z], second[z]
        return one.real * other.real + one.imag * other.imag, power(one), power(other)

    sums, samples = shells.sums(terms)
    return ShellPowers(shells.frequency, samples, *sums)


def whitened(
    first: HalfSpectrum,
    second: HalfSpectrum,
    powers: ShellPowers,
    shape: Sequence[int],
    voxel_size: Triple,
    threads: int = 1,
) -> tuple[Volume, Volume]:
    """Both maps with the same power in every shell, each divided by its own; what is not held is 0.

    Parameters
    ----------
    first, second : half spectra of the maps
    powers : of them
    shape, voxel_size : of the maps: voxels, and Å, along z, y, x
    """
    from scipy import fft  # slow to load

    shells = Shells(tuple(shape), voxel_size)
    spectra = [np.empty(first.shape, np.complex64) for _ in range(2)]
    factors = [_factor(total, powers, math.prod(shape)) for total in (powers.first, powers.second)]
    for z in range(first.shape[0]):
        places = shells.places(z)
        for given, factor, white in zip((first, second), factors, spectra, strict=True):
            np.multiply(given[z], factor[places], out=white[z])
    one, other = (
        fft.irfftn(white, s=tuple(shape), workers=threads, overwrite_x=True) for white in spectra
    )
    return one, other


def _factor(total: Reals, powers: ShellPowers, voxels: int) -> NDArray[np.float32]:
    """Of the coefficients in shell 0, in every shell, and beyond the last."""
    kept = (powers.frequency <= powers.held) & (total > 0)
    factor = np.zeros(total.size + 2, np.float32)
    factor[1:-1][kept] = np.sqrt(voxels * powers.samples[kept] / total[kept])
    return factor
