"""Small cubic copies of maps, in which they can be turned by any right angle, and their shells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Triple, Volume
from vrs_scipion.maps.fourier import resample
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, half_spectrum, power

SIDE = 64
"""Voxels, the most that an edge of a copy has."""


@dataclass(frozen=True)
class Cube:
    """A copy of a map whose box and voxels are cubes.

    Attributes
    ----------
    values : float32, shape (n, n, n), n even
    voxel : Å
    """

    values: Volume
    voxel: float

    @classmethod
    def of(cls, density: Density) -> Cube:
        """The copy of a map of any box and voxel, as fine as an edge of ``SIDE`` voxels allows.

        Voxel N/2 stays where it is; around a box that is no cube there is the map's mean.
        """
        return cls._around(density, float(density.values.mean(dtype=np.float64)))

    @classmethod
    def of_mask(cls, mask: Volume, voxel_size: Triple) -> Cube:
        """The same of a mask (z, y, x) from 0 to 1, with nothing around it."""
        cube = cls._around(Density(mask, voxel_size), 0.0)
        return cls(np.clip(cube.values, 0, 1), cube.voxel)

    @classmethod
    def _around(cls, density: Density, level: float) -> Cube:
        voxel = max(*density.voxel_size, max(density.extent) / SIDE)
        values = resample(density, voxel).values
        side = max(values.shape)
        around = [(side // 2 - n // 2, side - n - side // 2 + n // 2) for n in values.shape]
        return cls(np.pad(values, around, constant_values=np.float32(level)), voxel)

    def coarser(self, voxel: float) -> Cube:
        """The same on voxels of so many Å, if they are larger than those that it has."""
        if voxel <= self.voxel:
            return self
        return Cube(resample(Density(self.values, (self.voxel,) * 3), voxel).values, voxel)

    @property
    def density(self) -> Density:
        """As a map."""
        return Density(self.values, (self.voxel,) * 3)

    @property
    def shells(self) -> CubeShells:
        """Of its transform."""
        return cube_shells(len(self.values))

    @property
    def frequency(self) -> Reals:
        """Of the shells, 1/Å."""
        return np.arange(1, self.shells.count + 1) / (len(self.values) * self.voxel)

    @cached_property
    def spectrum(self) -> HalfSpectrum:
        """Its transform."""
        return half_spectrum(self.values)

    @cached_property
    def strength(self) -> Reals:
        """Root mean square of |F| in each shell."""
        return np.sqrt(self.shells.mean(power(self.spectrum)))

    @cached_property
    def white(self) -> HalfSpectrum:
        """Its transform, every shell made as strong as any other: a mean of |F|² of 1."""
        gain = np.zeros(self.shells.count + 2)
        np.divide(1, self.strength, out=gain[1:-1], where=self.strength > 0)
        whitened: HalfSpectrum = self.spectrum * gain.astype(np.float32)[self.shells.places]
        return whitened

    def whitened(self) -> Cube:
        """The copy with a flat spectrum."""
        return Cube(_volume(self.white, len(self.values)), self.voxel)

    def moved(self, shift: Triple) -> Cube:
        """Shifted by Å along z, y, x; the box is periodic."""
        turned = self.spectrum * self.shells.phases(shift, self.voxel)
        return Cube(_volume(turned, len(self.values)), self.voxel)


class CubeShells:
    """The shells of a cube's half spectrum at hand; shell 0 and the corners are left out.

    Attributes
    ----------
    count : how many
    places : shell of each coefficient, ``count`` + 1 beyond the last; shape (n, n, n/2 + 1)
    weights : how many coefficients of the whole transform each stands for, of the same shape
    samples : of the whole sphere in each shell, shape (count,)
    """

    def __init__(self, side: int) -> None:
        shells = Shells((side,) * 3, (1.0, 1.0, 1.0))
        self.side = side
        self.count = shells.count
        self.places = np.stack([shells.places(z) for z in range(side)])
        self.weights = np.broadcast_to(shells.weights, self.places.shape)
        self.samples = self.sums(np.ones(self.places.shape))

    def sums(self, values: NDArray[np.floating[Any]]) -> Reals:
        """Over each shell of the whole sphere, of values of the half spectrum."""
        weighted = (values * self.weights).ravel()
        sums = np.bincount(self.places.ravel(), weighted, self.count + 2)
        return np.asarray(sums[1 : self.count + 1], np.float64)

    def mean(self, values: NDArray[np.floating[Any]]) -> Reals:
        """Over each shell."""
        return np.asarray(self.sums(values) / self.samples)

    def phases(self, shift: Triple, voxel: float) -> NDArray[np.complex64]:
        """What a shift by Å along z, y, x multiplies a half spectrum by, on voxels of so many Å."""
        factors = [
            np.exp(-2j * np.pi * (move / voxel) * waves).astype(np.complex64)
            for move, waves in zip(shift, self.waves, strict=True)
        ]
        return np.asarray(factors[0] * factors[1] * factors[2])

    @cached_property
    def waves(self) -> tuple[Reals, Reals, Reals]:
        """Frequencies along z, y, x in cycles per voxel, each along its own axis."""
        from scipy import fft  # slow to load

        whole = fft.fftfreq(self.side)
        return whole[:, None, None], whole[:, None], fft.rfftfreq(self.side)


@lru_cache(maxsize=4)
def cube_shells(side: int) -> CubeShells:
    """The shells of a cube of so many voxels, an even number."""
    return CubeShells(side)


def _volume(spectrum: HalfSpectrum, side: int) -> Volume:
    from scipy import fft  # slow to load

    values: Volume = fft.irfftn(spectrum, s=(side,) * 3).astype(np.float32, copy=False)
    return values
