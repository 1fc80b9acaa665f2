"""Gaussian windows of bands: what they weigh, and how many independent samples they hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Volume
from vrs_scipion.methods.local_bands.bands import Band
from vrs_scipion.methods.local_bands.coarse_grid import CoarseGrid
from vrs_scipion.methods.shells import Reals, Shells

_WINDOW_REACH = 4.0
_ROWS = 16
_LEAST = 1e-3
_TINY = float(np.finfo(np.float64).tiny)


def samples_of(shells: Shells, band: Band, grid: CoarseGrid) -> NDArray[np.float32]:
    """Independent samples of a band in the part of each point's window that the mask leaves.

    That part counts as the whole of a smaller window.
    """
    places = zip(grid.voxels, grid.mask.shape, strict=True)
    molecule = grid.mask[np.ix_(*(voxels % n for voxels, n in places))].astype(np.float32)
    axes = list(zip(grid.voxels, shells.voxel_size, shells.extents, grid.step, strict=True))

    def share(width: float) -> NDArray[np.float32]:
        """Of a Gaussian window that lies in the mask."""
        weights = [
            gaussian_weights(voxels * size, voxels * size, edge, width)
            * np.float32(step * size / (math.sqrt(2 * math.pi) * width))
            for voxels, size, edge, step in axes
        ]
        return separably(weights, molecule)[grid.inside]

    part = share(band.window) ** 2 / np.maximum(share(band.window / math.sqrt(2)), _TINY)
    as_wide = band.window * np.cbrt(np.clip(part, _LEAST, 1))
    return band.samples(as_wide).astype(np.float32)


def repeats_of(shells: Shells, band: Band, grid: CoarseGrid, fold: int) -> NDArray[np.float32]:
    """How many times each point's window holds the same, by a rotation about z.

    Copies of a window a distance a apart have exp(−a²/(4w²)) of it in common.
    """
    y, x = (
        (grid.voxels[axis] - shells.shape[axis] // 2) * (shells.voxel_size[axis] / band.window)
        for axis in (1, 2)
    )
    squares = y[:, None] ** 2 + x**2
    turns = np.sin(np.pi * np.arange(fold) / fold) ** 2
    common = np.exp(-squares[..., None] * turns).sum(axis=-1)
    return np.asarray(np.broadcast_to(common, grid.inside.shape)[grid.inside], np.float32)


def separably(weights: Sequence[NDArray[np.float32]], values: Volume) -> NDArray[np.float32]:
    """Values (z, y, x) weighted along each axis, with one row of weights for each new place."""
    z, y, x = weights

    def along_x(rows: NDArray[np.float32], held: slice) -> Volume:
        return np.asarray(np.matmul(values[:, :, held], rows.T))

    def along_y(rows: NDArray[np.float32], held: slice) -> Volume:
        return np.asarray(np.matmul(rows, values[:, held]))

    def along_z(rows: NDArray[np.float32], held: slice) -> Volume:
        return np.asarray(np.tensordot(rows, values[held], 1))

    for axis, rows, product in ((2, x, along_x), (1, y, along_y), (0, z, along_z)):
        values = np.concatenate([product(*part) for part in _parts(rows)], axis=axis)
    return values


def _parts(weights: NDArray[np.float32]) -> Iterator[tuple[NDArray[np.float32], slice]]:
    """Some rows of weights at a time, where they are not 0, and the slice of those columns."""
    for first in range(0, len(weights), _ROWS):
        rows = weights[first : first + _ROWS]
        used = np.flatnonzero(rows.any(axis=0))
        held = slice(used[0], used[-1] + 1)
        yield rows[:, held], held


def rows_of(count: int, edge: float, points: Reals, width: float) -> NDArray[np.intp]:
    """The samples of a periodic axis that the Gaussian windows of points need.

    Parameters
    ----------
    count, edge : samples along the axis, and its length in Å
    points : Å
    width : standard deviation of the windows, Å
    """
    step, reach = edge / count, _WINDOW_REACH * width
    low, high = math.floor((points[0] - reach) / step), math.ceil((points[-1] + reach) / step)
    if high - low >= count:
        return np.arange(count)
    return np.arange(low, high + 1) % count


def gaussian_weights(
    points: Reals, places: Reals, edge: float, width: float
) -> NDArray[np.float32]:
    """Gaussian weights of places around points on a periodic axis, in Å; (points, places)."""
    distance = points[:, None] - places
    distance -= np.rint(distance / edge) * edge
    weights = np.exp(-0.5 * (distance / width) ** 2)
    return np.where(np.abs(distance) <= _WINDOW_REACH * width, weights, 0).astype(np.float32)
