"""Trilinear interpolation between the voxels of a map: at points of it, and on other grids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Volume


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


def at_points(
    volume: Volume, places: NDArray[np.float64], beyond: float = 0.0
) -> NDArray[np.float64]:
    """Trilinear interpolation at points.

    Parameters
    ----------
    volume : float32 array, shape (nz, ny, nx)
    places : indices along z, y, x, in voxels, shape (n, 3)
    beyond : value of the points beyond the outermost voxels

    Returns
    -------
    float64 array, shape (n,)
    """
    from scipy.ndimage import map_coordinates  # slow to load

    values: NDArray[np.float64] = map_coordinates(
        volume, places.T, output=np.float64, order=1, mode="constant", cval=beyond, prefilter=False
    )
    return values


def _hats(n: int, positions: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weights of n samples at each position: shape (positions, n)."""
    distance = np.abs(positions[:, None] - np.arange(n))
    return np.maximum(0, 1 - distance).astype(np.float32)


def between(values: Volume | Mask, positions: tuple[NDArray[np.float64], ...]) -> Volume:
    """Values linear between voxels on another grid; 0 where it lies beyond the outermost ones.

    Parameters
    ----------
    values : shape (nz, ny, nx)
    positions : of the other grid's points along z, y, x, in voxels of the first

    Returns
    -------
    float32 array, one value per combination of positions.
    """
    for axis, where in enumerate(positions):
        last = values.shape[axis] - 1
        lower = np.clip(np.floor(where), 0, max(last - 1, 0)).astype(np.intp)
        inside = (where >= 0) & (where <= last)
        along = (slice(None),) + (None,) * (2 - axis)
        upper = np.where(inside, where - lower, 0).astype(np.float32)[along]
        below = np.where(inside, 1 - (where - lower), 0).astype(np.float32)[along]
        blended = values.take(lower, axis) * below
        blended += values.take(np.minimum(lower + 1, last), axis) * upper
        values = blended
    return np.asarray(values, np.float32)


def neighbours(
    mask: Mask, positions: tuple[NDArray[np.float64], ...], shape: tuple[int, ...]
) -> Mask:
    """The points of a grid that those of a mask's voxels are interpolated from.

    Parameters
    ----------
    mask : bool array
    positions : of its voxels along z, y, x, in voxels of the grid
    shape : of the grid
    """
    wanted = mask
    for axis, (n, where) in enumerate(zip(shape, positions, strict=True)):
        planes = np.moveaxis(wanted, axis, 0)
        touched = np.zeros((n, *planes.shape[1:]), bool)
        for plane, lower in zip(planes, np.floor(where).astype(np.intp), strict=True):
            touched[lower : lower + 2] |= plane
        wanted = np.moveaxis(touched, 0, axis)
    return wanted
