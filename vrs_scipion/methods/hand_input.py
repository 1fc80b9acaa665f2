"""What the handedness network sees of a map: voxels of 1 Å, smoothed and normalised locally."""

from __future__ import annotations

import numpy as np

from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.maps.fourier import resample
from vrs_scipion.methods.network_input import normalise_locally, scaled

VOXEL = 1.0
"""Voxel size of the network's input, Å."""

SMOOTHING = 0.8
"""Standard deviation in Å of the Gaussian that tames maps finer than those trained on."""

WINDOW = 17
"""Edge in voxels of the cube whose mean and standard deviation normalise its centre."""

HALO = WINDOW // 2 + int(4 * SMOOTHING + 0.5)
"""Voxels around a normalised one that it depends on."""


def normalise(values: Volume, mean: float, spread: float) -> Volume:
    """Map with local mean 0 and local standard deviation 1, whatever its scale and offset.

    The operation commutes with mirrors; values within ``HALO`` of a border depend on it.

    Parameters
    ----------
    values : float32 array, shape (nz, ny, nx), voxels of 1 Å
    mean, spread : mean and standard deviation of the molecule

    Returns
    -------
    float32 array, shape (nz, ny, nx). Memory: four volumes.

    Raises
    ------
    ValueError
        if the spread is not positive.
    """
    smooth = scaled(values, mean, spread)
    from scipy import ndimage  # slow to load

    smooth = ndimage.gaussian_filter(smooth, SMOOTHING / VOXEL, mode="nearest")
    return normalise_locally(smooth, WINDOW)


def on_symmetric_grid(density: Density) -> Volume:
    """The map on voxels of 1 Å that lie symmetrically about the middle of its box.

    A map and its mirror image are sampled at mirrored points, exactly, whatever box and voxels:
    along axes of even length the map is moved by half a voxel in Fourier space first.

    Parameters
    ----------
    density : map of any box and voxel size

    Returns
    -------
    float32 array
        Odd along every axis, its middle voxel in the middle of the map's box.
    """
    values = density.values
    for axis, n in enumerate(density.box):
        if n % 2 == 0:
            values = _moved_by_half_a_voxel(values, axis)
    resampled = resample(Density(values, density.voxel_size), VOXEL).values
    return resampled[1:, 1:, 1:]  # the middle is at index n/2 of an even number of voxels


def _moved_by_half_a_voxel(values: Volume, axis: int) -> Volume:
    from scipy import fft  # slow to load

    n = values.shape[axis]
    phase = np.exp(-1j * np.pi * np.arange(n // 2 + 1) / n).astype(np.complex64)
    phase[-1] = 0  # the Nyquist frequency has no phase to move
    shape = [1, 1, 1]
    shape[axis] = len(phase)
    spectrum = fft.rfft(values, axis=axis)
    spectrum *= phase.reshape(shape)
    moved: Volume = fft.irfft(spectrum, n, axis=axis, overwrite_x=True)
    return moved
