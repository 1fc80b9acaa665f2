"""Atoms on a small periodic grid, fast: spread with cubic B-splines, shaped in Fourier space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

_PENG_CARBON = (
    (0.0893, 0.2563, 0.7570, 1.0487, 0.3575),
    (0.2465, 1.7100, 6.4094, 18.6113, 50.2523),
)
"""Five Gaussians of the electron scattering factor of carbon (doi 10.1107/S0108767395014371)."""


def frequencies(box: int, voxel: float) -> NDArray[np.float32]:
    """Length of the frequency at each coefficient of ``scipy.fft.rfftn``, 1/Å."""
    k, kx = fft.fftfreq(box, voxel), fft.rfftfreq(box, voxel)
    return np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + kx**2).astype(np.float32)


def carbon(s: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scattering of carbon at frequency s, 1 at s = 0."""
    a, b = _PENG_CARBON
    fall: NDArray[np.float32] = sum(
        x * np.exp(-y / 4 * s**2) for x, y in zip(a, b, strict=True)
    ) / sum(a)  # type: ignore[assignment]
    return fall


def spread(
    positions: NDArray[np.float64], weights: NDArray[np.float32], box: int
) -> NDArray[np.float32]:
    """Cubic B-splines of atoms on a periodic box.

    Parameters
    ----------
    positions : (n, 3), x, y, z in voxels from the voxel at box // 2
    weights : (n,)
    box : edge in voxels

    Returns
    -------
    float32 array (box, box, box), indices z, y, x; its sum is that of the weights
    """
    place = positions[:, ::-1] + box // 2
    base = np.floor(place).astype(np.int64)
    t = (place - base).astype(np.float32)
    w = np.stack(((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 1 + 3 * (t + t**2 - t**3), t**3)) / 6
    index = (base[None] - 1 + np.arange(4)[:, None, None]) % box
    flat = (index[:, None, None, :, 0] * box + index[None, :, None, :, 1]) * box
    flat = flat + index[None, None, :, :, 2]
    value = w[:, None, None, :, 0] * w[None, :, None, :, 1] * w[None, None, :, :, 2] * weights
    grid = np.bincount(flat.ravel(), value.ravel(), minlength=box**3)
    return grid.reshape((box,) * 3).astype(np.float32)


def spline_transform(box: int) -> NDArray[np.float32]:
    """Fourier transform of the cubic B-spline, to divide by."""
    k, kx = np.sinc(fft.fftfreq(box)) ** 4, np.sinc(fft.rfftfreq(box)) ** 4
    return (k[:, None, None] * k[:, None] * kx).astype(np.float32)
