"""Local correlation of half maps in blocks, as BlocRes measures it: for comparison with bands.

Cardone, Heymann & Steven 2013, doi:10.1016/j.jsb.2013.08.002: a block is cut out of both maps
around a voxel, let down to 0 at its border, and correlated in its own Fourier shells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.fsc import mask_redundancy
from vrs_scipion.methods.local_bands.coarse_grid import CoarseGrid, coarse_grid
from vrs_scipion.methods.local_bands.correlations import LocalCorrelations
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.methods.shells import Reals, Shells

STRIDE = 3.0
"""Of the blocks, in voxels of the coarsest axis."""
RESOLUTIONS = 6.0
"""Edge of a block, in resolutions."""

_SMALLEST = 8
_AT_ONCE = 64


def block_correlations(
    first: Volume,
    second: Volume,
    mask: Mask,
    voxel_size: Triple,
    resolution: float,
    *,
    threads: int = 1,
) -> LocalCorrelations:
    """Correlate two half maps block by block, in blocks with cosine borders.

    Parameters
    ----------
    first, second : float32 (z, y, x); the box is periodic
    mask : the molecule, bool of the same shape
    voxel_size : Å along z, y, x
    resolution : Å; the edge of a block is six times that, and eight voxels at least
    threads : for the Fourier transforms

    Returns
    -------
    LocalCorrelations
        the shells of a block in the place of bands.

    Raises
    ------
    NotMeasurableError
        if the mask is empty, or a block does not fit into the box.
    """
    if not mask.any():
        raise NotMeasurableError("the mask is empty: there is nothing to measure in it")
    shape = tuple(
        max(_SMALLEST, 2 * round(RESOLUTIONS * resolution / size / 2)) for size in voxel_size
    )
    if any(block > n for block, n in zip(shape, mask.shape, strict=True)):
        raise NotMeasurableError(
            f"blocks of {RESOLUTIONS:g} times the resolution, {resolution:.3g} Å, do not fit into "
            "the box"
        )
    window, shells = _window(shape), Shells(shape, voxel_size)
    grid = coarse_grid(mask, voxel_size, STRIDE * max(voxel_size))
    members, samples = _members(shells)
    places = _corners(grid, shape)
    parts = [
        _correlations(first, second, corners, window, members, threads)
        for corners in np.array_split(places, max(1, len(places) // _AT_ONCE))
    ]
    values = np.concatenate(parts).T
    independent = samples / mask_redundancy(window, voxel_size)
    return LocalCorrelations(
        frequency=shells.frequency,
        samples=np.broadcast_to(independent[:, None].astype(np.float32), values.shape),
        values=values,
        grid=grid,
        reaches_nyquist=True,
    )


def _window(shape: tuple[int, ...]) -> Volume:
    z, y, x = (np.sin(np.pi * (np.arange(n) + 0.5) / n) for n in shape)
    return np.asarray(z[:, None, None] * y[:, None] * x, np.float32)


def _members(shells: Shells) -> tuple[NDArray[np.float32], Reals]:
    """Weight of each coefficient of a half spectrum in each shell, and the sums of the weights.

    Shapes (coefficients, shells) and (shells,).
    """
    nx = shells.shape[2]
    place = np.stack([shells.places(z) for z in range(shells.shape[0])])
    waves = np.arange(nx // 2 + 1)
    weights = np.broadcast_to(np.where((waves > 0) & (2 * waves != nx), 2.0, 1.0), place.shape)
    members = (place.ravel()[:, None] == np.arange(1, shells.count + 1)) * weights.ravel()[:, None]
    return members.astype(np.float32), members.sum(axis=0)


def _corners(grid: CoarseGrid, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """The first voxel of each point's block along z, y, x, shape (points, 3)."""
    points = np.argwhere(grid.inside) * np.array(grid.step) + np.array(grid.first)
    return np.asarray(points - np.array(shape) // 2, np.intp)


def _correlations(
    first: Volume,
    second: Volume,
    corners: NDArray[np.intp],
    window: Volume,
    members: NDArray[np.float32],
    threads: int,
) -> NDArray[np.float32]:
    """By block and shell; 0 where a block has no power."""
    from scipy import fft  # slow to load

    places = [
        (corner[:, None] + np.arange(n)) % size
        for corner, n, size in zip(corners.T, window.shape, first.shape, strict=True)
    ]
    held = places[0][:, :, None, None], places[1][:, None, :, None], places[2][:, None, None, :]
    one, other = (
        fft.rfftn(values[held] * window, axes=(1, 2, 3), workers=threads).reshape(len(corners), -1)
        for values in (first, second)
    )
    cross = (one.real * other.real + one.imag * other.imag) @ members
    norm = np.sqrt(
        (np.square(one.real) + np.square(one.imag))
        @ members
        * ((np.square(other.real) + np.square(other.imag)) @ members)
    )
    return np.asarray(np.divide(cross, norm, out=np.zeros_like(cross), where=norm > 0), np.float32)
