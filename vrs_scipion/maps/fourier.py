"""Resampling a map in Fourier space to any voxel size."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Triple, Volume

Box = tuple[int, int, int]

_ROUNDING = 1e-6
_ON_A_VOXEL = 1e-2
"""Voxels: what lies nearer to one is on it."""
_SAME_VOXEL = 1e-3


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
        ratio = voxel_size / old
        operator = _interpolation_matrix(n, (wanted - m // 2) * ratio + n // 2, ratio)
        values = _apply(operator.astype(np.float32), values, axis)
    return values


def resampled_onto(density: Density, box: Box, voxel_size: Triple, offset: Triple) -> Volume:
    """The band-limited function that the map samples, on another grid; 0 where it has no voxels.

    Where the voxels of both grids are the same and lie on each other, values are copied as they
    are: that is a crop or a padding.

    Parameters
    ----------
    density : map with voxels of any size and box
    box, voxel_size : of the other grid, along z, y, x; voxels, and Å
    offset : Å along z, y, x from voxel 0 of the map to voxel 0 of the other grid

    Returns
    -------
    float32 array of shape ``box``
    """
    values = density.values
    axes = zip(density.box, density.voxel_size, box, voxel_size, offset, strict=True)
    for axis, (n, old, m, new, start) in enumerate(axes):
        positions = (start + np.arange(m) * new) / old
        nearest = np.rint(positions)
        inside = (nearest >= 0) & (nearest < n)
        same = abs(new - old) < _SAME_VOXEL * old
        if same and np.allclose(positions, nearest, rtol=0, atol=_ON_A_VOXEL):
            taken = np.take(values, nearest[inside].astype(np.intp), axis=axis)
        else:
            operator = _interpolation_matrix(n, positions[inside], new / old)
            taken = _apply(operator.astype(np.float32), values, axis)
        values = _padded(taken, inside, axis)
    return values


def _padded(values: Volume, where: NDArray[np.bool_], axis: int) -> Volume:
    """Planes put where they belong along an axis, with planes of 0 between and around them."""
    if where.all():
        return values
    shape = list(values.shape)
    shape[axis] = where.size
    padded = np.zeros(shape, np.float32)
    padded[(slice(None),) * axis + (where,)] = values
    return padded


def _apply(operator: NDArray[np.float32], values: Volume, axis: int) -> Volume:
    applied: Volume
    if axis == 0:
        applied = (operator @ values.reshape(values.shape[0], -1)).reshape(-1, *values.shape[1:])
    elif axis == 1:
        applied = np.matmul(operator, values)
    else:
        applied = np.matmul(values, operator.T)
    return applied


def _interpolation_matrix(
    n: int, positions: NDArray[np.float64], ratio: float
) -> NDArray[np.float64]:
    """Matrix from n periodic samples to those at ``positions``, in voxels, ``ratio`` apart.

    Row j holds the Dirichlet kernel of the frequencies k with |k| ≤ n/2 and |k|/n ≤ 1/(2·ratio);
    the Nyquist frequency of an even n counts half on either side.
    """
    highest = min(n // 2, int(np.floor(n / (2 * ratio) + _ROUNDING)))
    phases = np.pi / n * (positions[:, None] - np.arange(n)[None, :])
    count, sine = 2 * highest + 1, np.sin(phases)
    on_a_sample = np.abs(sine) < _ROUNDING
    kernel = np.sin(count * phases) / np.where(on_a_sample, 1.0, sine)
    matrix = np.where(on_a_sample, count, kernel)
    if 2 * highest == n:
        matrix -= np.cos(n * phases)
    return matrix / n
