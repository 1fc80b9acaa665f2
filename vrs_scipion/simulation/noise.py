"""Gaussian noise of a known spectrum and strength."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrs_scipion.maps.density import Density, Mask, Triple, Volume
from vrs_scipion.simulation.filters import (
    EDGE,
    Spectrum,
    apply_filter,
    frequency_grid,
    low_pass,
)


@dataclass(frozen=True)
class NoiseSpectrum:
    """How the power of noise is spread over frequencies: white, coloured, low-passed.

    The power at frequency s is (1 + (s·correlation_length)²)^(−exponent), times the square of the
    low-pass filter at ``resolution``. It is flat up to 1/correlation_length and falls as
    s^(−2·exponent) beyond; a negative exponent makes noise that a sharpened map has.

    Attributes
    ----------
    resolution : of the raised-cosine low-pass filter (see ``low_pass``), in Å; None for none
    exponent : 0 for white noise
    correlation_length : Å
    edge : full width of the filter's edge as a fraction of 1/resolution
    """

    resolution: float | None = None
    exponent: float = 0.0
    correlation_length: float = 10.0
    edge: float = EDGE

    def amplitude(self, frequency: Spectrum) -> Spectrum:
        """Root of the power at each frequency in 1/Å: a float32 array of the same shape."""
        amplitude = (1 + (frequency * self.correlation_length) ** 2) ** (-self.exponent / 2)
        if self.resolution is not None:
            amplitude *= low_pass(frequency, self.resolution, self.edge)
        return np.asarray(amplitude, dtype=np.float32)


WHITE = NoiseSpectrum()


def gaussian_noise(
    box: tuple[int, int, int],
    voxel_size: Triple,
    generator: np.random.Generator,
    spectrum: NoiseSpectrum = WHITE,
) -> Volume:
    """Stationary Gaussian noise over the whole box, of mean 0 and variance 1.

    Mean and variance are those of the sample. The box is periodic. Memory: four volumes.

    Parameters
    ----------
    box : nz, ny, nx
    voxel_size : Å along z, y, x
    generator : NumPy's random generator; the same state gives the same noise
    spectrum : how the power is spread over frequencies

    Returns
    -------
    float32 array, shape (nz, ny, nx)
    """
    amplitude = spectrum.amplitude(frequency_grid(box, voxel_size))
    amplitude[0, 0, 0] = 0
    noise = apply_filter(generator.standard_normal(box, dtype=np.float32), amplitude)
    noise /= np.float32(noise.std(dtype=np.float64))
    return noise


def signal_to_noise_ratio(signal: Volume, noise: Volume, mask: Mask) -> float:
    """Variance of the signal inside the molecule's mask over the variance of the noise.

    Parameters
    ----------
    signal, noise : float32 arrays, shape (nz, ny, nx)
    mask : bool array, shape (nz, ny, nx), the molecule

    Raises
    ------
    ValueError
        If the mask is empty.
    """
    return variance_inside(signal, mask) / float(noise.var(dtype=np.float64))


def add_noise(
    density: Density,
    mask: Mask,
    snr: float,
    generator: np.random.Generator,
    spectrum: NoiseSpectrum = WHITE,
) -> tuple[Density, float]:
    """Add noise of a given signal-to-noise ratio to a map, inside and outside the molecule alike.

    Parameters
    ----------
    density : the noise-free map
    mask : bool array, shape (nz, ny, nx), the molecule
    snr : variance of the map inside the mask over the variance of the noise
    generator : NumPy's random generator
    spectrum : how the noise's power is spread over frequencies

    Returns
    -------
    noisy : Density
    sigma : float
        Standard deviation of the noise, in the map's units.

    Raises
    ------
    ValueError
        If the ratio is not positive, or the mask is empty.
    """
    if not snr > 0:
        raise ValueError(f"the signal-to-noise ratio must be positive, not {snr:g}")
    sigma = float(np.sqrt(variance_inside(density.values, mask) / snr))
    noise = gaussian_noise(density.box, density.voxel_size, generator, spectrum)
    noise *= np.float32(sigma)
    noise += density.values
    return replace(density, values=noise), sigma


def variance_inside(signal: Volume, mask: Mask) -> float:
    """Variance of the signal within a mask; ValueError if the mask is empty."""
    if not mask.any():
        raise ValueError("the mask is empty")
    return float(signal[mask].var(dtype=np.float64))
