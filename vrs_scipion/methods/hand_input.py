"""What the handedness network sees of a map: voxels of 1 Å, smoothed and normalised locally."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.fourier import resample

VOXEL = 1.0
"""Voxel size of the network's input, Å."""

SMOOTHING = 0.8
"""Standard deviation in Å of the Gaussian that tames maps finer than those trained on."""

WINDOW = 17
"""Edge in voxels of the cube whose mean and standard deviation normalise its centre."""

FLOOR = 0.1
"""Least local standard deviation, in units of that of the molecule: flat regions stay flat."""

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
    if not spread > 0:
        raise ValueError("the map is constant inside the mask")
    smooth = (values - np.float32(mean)) / np.float32(spread)
    smooth = ndimage.gaussian_filter(smooth, SMOOTHING / VOXEL, mode="nearest")
    average = ndimage.uniform_filter(smooth, WINDOW, mode="nearest")
    variance = ndimage.uniform_filter(smooth * smooth, WINDOW, mode="nearest")
    variance -= average * average
    np.maximum(variance, 0, out=variance)
    variance += np.float32(FLOOR**2)
    smooth -= average
    smooth /= np.sqrt(variance, out=variance)
    normalised: Volume = smooth
    return normalised


def mean_and_spread(values: Volume, mask: Mask) -> tuple[float, float]:
    """Mean and standard deviation inside a mask of the same shape.

    Raises
    ------
    ValueError
        if the mask is empty.
    """
    inside = values[mask]
    if not inside.size:
        raise ValueError("the mask is empty")
    return float(inside.mean(dtype=np.float64)), float(inside.std(dtype=np.float64))


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


def interpolate(volume: Volume, positions: tuple[NDArray[np.float64], ...]) -> Volume:
    """Trilinear interpolation on a grid; 0 outside.

    Parameters
    ----------
    volume : float32 array, shape (nz, ny, nx)
    positions : indices along z, y, x, in voxels of ``volume``

    Returns
    -------
    float32 array, one value per combination of positions.
    """
    for axis, where in enumerate(positions):
        matrix = _hats(volume.shape[axis], where)
        volume = np.moveaxis(np.tensordot(matrix, volume, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(volume, dtype=np.float32)


def _hats(n: int, positions: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weights of n samples at each position: shape (positions, n)."""
    distance = np.abs(positions[:, None] - np.arange(n))
    return np.maximum(0, 1 - distance).astype(np.float32)


def _moved_by_half_a_voxel(values: Volume, axis: int) -> Volume:
    n = values.shape[axis]
    phase = np.exp(-1j * np.pi * np.arange(n // 2 + 1) / n).astype(np.complex64)
    phase[-1] = 0  # the Nyquist frequency has no phase to move
    shape = [1, 1, 1]
    shape[axis] = len(phase)
    spectrum = fft.rfft(values, axis=axis)
    spectrum *= phase.reshape(shape)
    moved: Volume = fft.irfft(spectrum, n, axis=axis, overwrite_x=True)
    return moved
