"""Signal and noise by Fourier shell: where a map's signal-to-noise ratio crosses what."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from vrs_scipion.maps.density import Density, Triple
from vrs_scipion.models.drawing import Box
from vrs_scipion.simulation.filters import Spectrum, frequency_grid
from vrs_scipion.simulation.noise import NoiseSpectrum

Curve = NDArray[np.float64]


class Shells:
    """Fourier shells one (shortest) box length thick: shell k holds s·L from k − ½ to k + ½.

    Shells end at the Nyquist frequency of the coarsest axis. ``samples`` counts the coefficients of
    the whole sphere in each.

    Parameters
    ----------
    box : nz, ny, nx
    voxel_size : Å along z, y, x
    """

    def __init__(self, box: Box, voxel_size: Triple) -> None:
        self.width = 1 / min(n * s for n, s in zip(box, voxel_size, strict=True))
        self.frequency = frequency_grid(box, voxel_size)
        self.index = np.rint(self.frequency / np.float32(self.width)).astype(np.int32)
        self.count = int(0.5 / max(voxel_size) / self.width + 1e-6) + 1
        self._twice = np.ones(self.index.shape[-1])
        self._twice[1 : (box[2] + 1) // 2] = 2
        self.samples = self._sums(np.ones((1, 1, 1), np.float32))

    @property
    def frequencies(self) -> Curve:
        """Middle of each shell in 1/Å; the first is 0."""
        return np.asarray(np.arange(self.count) * self.width, dtype=np.float64)

    def mean(self, power: Spectrum) -> Curve:
        """Mean of a half spectrum, shape (nz, ny, nx // 2 + 1), in each shell."""
        return self._sums(power) / self.samples

    def total(self, power: Spectrum) -> float:
        """Sum over all coefficients, those that a half spectrum leaves out too."""
        return float(power.sum(axis=(0, 1), dtype=np.float64) @ self._twice)

    def spread(self, curve: Curve) -> Spectrum:
        """Each coefficient of a half spectrum gets its shell's value; corners get the last one."""
        values: Spectrum = curve.astype(np.float32)[np.minimum(self.index, self.count - 1)]
        return values

    def shell_of(self, resolution: float) -> int:
        """The shell that holds 1/resolution.

        Raises
        ------
        ValueError
            If it is beyond the Nyquist frequency, or in the shell of frequency 0.
        """
        shell = round(1 / resolution / self.width)
        if not 0 < shell < self.count:
            raise ValueError(
                f"{resolution:g} Å is not between {1 / self.frequencies[-1]:.3g} and "
                f"{1 / self.width:.4g} Å, the finest and the coarsest that the box holds"
            )
        return shell

    def _sums(self, power: Spectrum) -> Curve:
        weighted = (power * self._twice).astype(np.float32, copy=False)
        values = np.broadcast_to(weighted, self.index.shape).ravel()
        sums = np.bincount(self.index.ravel(), values, self.count)[: self.count]
        return np.asarray(sums, dtype=np.float64)


@dataclass(frozen=True)
class ShellTruth:
    """What the Fourier shells of a simulated map hold, before background and mask.

    Attributes
    ----------
    frequencies : float64 array, shape (k,), middle of each shell in 1/Å
    signal : float64 array, shape (k,), mean |F|² of the noise-free map
    noise : float64 array, shape (k,), expected |F|² of the map's noise
    """

    frequencies: Curve
    signal: Curve
    noise: Curve

    @property
    def half_map_fsc(self) -> Curve:
        """Expected Fourier shell correlation of the half maps, shape (k,); 0 where both are 0."""
        total = self.signal + 2 * self.noise
        return np.divide(self.signal, total, out=np.zeros_like(total), where=total > 0)


def signal_power(density: Density, shells: Shells) -> Curve:
    """Mean |F|² of a map in each shell."""
    transform = fft.rfftn(density.values, workers=os.cpu_count())
    return shells.mean(np.square(transform.real) + np.square(transform.imag))


def unit_noise_power(box: Box, spectrum: NoiseSpectrum, shells: Shells) -> Curve:
    """Expected |F|² in each shell of noise of variance 1 (see ``gaussian_noise``)."""
    power = np.square(spectrum.amplitude(shells.frequency))
    power[0, 0, 0] = 0
    voxels = float(np.prod(box))
    return shells.mean(power) * voxels**2 / shells.total(power)
