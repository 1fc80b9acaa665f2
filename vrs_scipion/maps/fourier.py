"""Resampling a map in Fourier space to any voxel size."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Volume

_ROUNDING = 1e-6


def resample(density: Density, voxel_size: float) -> Density:
    """The band-limited function that the map samples, sampled again.

    The map is taken for one period of the trigonometric polynomial through its values; frequencies
    beyond the new Nyquist frequency along an axis are left out, and the polynomial is evaluated at
    the new voxels. Because it is evaluated, not cropped, the new voxel size is exactly the one
    asked for, whatever the box. Voxel N/2 stays where it is in space. One real matrix per axis
    does it: time N³·(M/N)·(N + M + M²/N), two volumes of memory.

    Parameters
    ----------
    density : map with voxels of any size and box
    voxel_size : Å, the same along all axes

    Returns
    -------
    Density
        box even along every axis and as near to the old extent as that allows.
    """
    box = resampled_box(density, voxel_size)
    shift = (
        o + (n // 2) * old - (m // 2) * voxel_size
        for o, n, old, m in zip(density.origin, density.box, density.voxel_size, box, strict=True)
    )
    z, y, x = shift
    values = resample_at(density, voxel_size, tuple(np.arange(m) for m in box))
    return Density(values, (voxel_size,) * 3, origin=(z, y, x))


def resampled_box(density: Density, voxel_size: float) -> tuple[int, int, int]:
    """Voxels along z, y, x of the map that ``resample`` makes."""
    z, y, x = (
        max(2, 2 * math.floor(n * old / (2 * voxel_size) + 0.5))
        for n, old in zip(density.box, density.voxel_size, strict=True)
    )
    return z, y, x


def resample_at(
    density: Density, voxel_size: float, indices: tuple[NDArray[np.intp], ...]
) -> Volume:
    """A part of the map that ``resample`` makes, without making the rest.

    Parameters
    ----------
    density : map with voxels of any size and box
    voxel_size : Å, the same along all axes
    indices : which planes along z, y, x, in any order

    Returns
    -------
    float32 array, one value per combination of indices.
    """
    values = density.values
    sizes = zip(
        density.box, resampled_box(density, voxel_size), density.voxel_size, indices, strict=True
    )
    for axis, (n, m, old, wanted) in enumerate(sizes):
        operator = _interpolation_matrix(n, wanted - m // 2, voxel_size / old).astype(np.float32)
        values = _apply(operator, values, axis)
    return values


def _apply(operator: NDArray[np.float32], values: Volume, axis: int) -> Volume:
    applied: Volume
    if axis == 0:
        applied = (operator @ values.reshape(values.shape[0], -1)).reshape(-1, *values.shape[1:])
    elif axis == 1:
        applied = np.matmul(operator, values)
    else:
        applied = np.matmul(values, operator.T)
    return applied


def _interpolation_matrix(n: int, steps: NDArray[np.intp], ratio: float) -> NDArray[np.float64]:
    """Matrix from n periodic samples to those ``steps`` times ``ratio`` voxels from voxel N/2.

    Row j holds the Dirichlet kernel of the frequencies k with |k| ≤ n/2 and |k|/n ≤ 1/(2·ratio);
    the Nyquist frequency of an even n counts half on either side.
    """
    positions = steps * ratio + n // 2
    highest = min(n // 2, int(np.floor(n / (2 * ratio) + _ROUNDING)))
    phases = np.pi / n * (positions[:, None] - np.arange(n)[None, :])
    count, sine = 2 * highest + 1, np.sin(phases)
    on_a_sample = np.abs(sine) < _ROUNDING
    kernel = np.sin(count * phases) / np.where(on_a_sample, 1.0, sine)
    matrix = np.where(on_a_sample, count, kernel)
    if 2 * highest == n:
        matrix -= np.cos(n * phases)
    return matrix / n
