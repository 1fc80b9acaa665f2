"""What two half maps have in each Fourier shell, alone and in common; maps with white spectra."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods.fsc import FscCurve
from vrs_scipion.methods.fsc.correlation import ShellProducts
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells

LOWEST = 1 / 20
"""1/Å: what is coarser is joined by refinements, or holds few coefficients."""

_CLIFF = 1e-4
_ALIKE = 0.9
"""Correlation of shells that are signal."""
_ERRORS = 3.0


@dataclass(frozen=True)
class ShellPowers:
    """What two maps have in each Fourier shell; shell 0, the mean, is left out.

    Attributes
    ----------
    shells : of their box
    products : sums over each of them
    """

    shells: Shells
    products: ShellProducts

    @classmethod
    def of(
        cls,
        first: HalfSpectrum,
        second: HalfSpectrum,
        shape: tuple[int, ...],
        voxel_size: Triple,
    ) -> ShellPowers:
        """From half spectra of maps of a shape (z, y, x), on voxels of so many Å."""
        shells = Shells(shape, voxel_size)
        return cls(shells, ShellProducts.of(first, second, shells))

    @property
    def frequency(self) -> Reals:
        """1/Å of each shell."""
        return self.shells.frequency

    @property
    def samples(self) -> Reals:
        """Coefficients of the whole sphere in each shell."""
        return self.products.samples

    @cached_property
    def curve(self) -> FscCurve:
        """Their correlation, each coefficient by itself."""
        return self.products.curve(self.shells, 1.0)

    @property
    def total_correlation(self) -> float:
        """Of all shells together, as of the maps without their means; 0 where one is constant."""
        sums = self.products
        norm = math.sqrt(sums.first.sum() * sums.second.sum())
        return float(sums.cross.sum() / norm) if norm else 0.0

    @property
    def ratio(self) -> Reals:
        """Power of the second map in that of the first, by shell; NaN where there is none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.products.second / self.products.first)

    @property
    def scale(self) -> float:
        """Power of the second map's signal in that of the first's.

        1 where there is no signal, and where it is 1 but for chance: halves have one scale.
        """
        likeness = np.abs(self.curve.correlation)
        signal = likeness > _ALIKE
        if not signal.any():
            return 1.0
        first, second = (total[signal] for total in (self.products.first, self.products.second))
        share = first / first.sum() + second / second.sum()
        noise = max(0.0, 1 - float(np.average(likeness[signal], weights=share)))
        values = share.sum() ** 2 / np.sum(share**2 / self.samples[signal])
        found = float(second.sum() / first.sum())
        return found if abs(math.log(found)) > _ERRORS * 2 * math.sqrt(noise / values) else 1.0

    @cached_property
    def held(self) -> float:
        """The finest frequency (1/Å) to which both have power: before a cliff, or the last.

        A cliff is where a shell has below 1e-4 of the power of the strongest within the octave
        below: no map falls like that by itself, what lies beyond was filtered away.
        """
        sums = self.products
        return min(
            _held(self.frequency, total / sums.samples) for total in (sums.first, sums.second)
        )


def _held(frequency: Reals, strength: Reals) -> float:
    for k in np.flatnonzero(frequency >= LOWEST):
        octave = strength[(frequency >= frequency[k] / 2) & (frequency < frequency[k])]
        if octave.size and not strength[k] > _CLIFF * octave.max():
            return float(frequency[k - 1])
    return float(frequency[-1])


def whitened(
    first: HalfSpectrum, second: HalfSpectrum, powers: ShellPowers, threads: int = 1
) -> tuple[Volume, Volume]:
    """Both maps with the same power in every shell, each divided by its own; what is not held is 0.

    Parameters
    ----------
    first, second : half spectra of the maps
    powers : of them
    threads : for the Fourier transforms
    """
    from scipy import fft  # slow to load

    shells, sums = powers.shells, powers.products
    spectra = [np.empty(first.shape, np.complex64) for _ in range(2)]
    factors = [_factor(total, powers) for total in (sums.first, sums.second)]
    for z in range(first.shape[0]):
        places = shells.places(z)
        for given, factor, white in zip((first, second), factors, spectra, strict=True):
            np.multiply(given[z], factor[places], out=white[z])
    one, other = (
        fft.irfftn(white, s=shells.shape, workers=threads, overwrite_x=True) for white in spectra
    )
    return one, other


def _factor(total: Reals, powers: ShellPowers) -> NDArray[np.float32]:
    """Of the coefficients in shell 0, in every shell, and beyond the last."""
    kept = (powers.frequency <= powers.held) & (total > 0)
    factor = np.zeros(total.size + 2, np.float32)
    voxels = math.prod(powers.shells.shape)
    factor[1:-1][kept] = np.sqrt(voxels * powers.samples[kept] / total[kept])
    return factor
