"""The voxels around atoms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple
from vrs_scipion.models.atoms import Coordinates

Integers = NDArray[np.int64]

_AT_ONCE = 4_000_000
"""Voxels around atoms that are looked at together."""


def voxels_around(
    places: Coordinates, box: tuple[int, int, int], voxel_size: Triple, radius: float
) -> Iterator[tuple[NDArray[np.intp], Integers]]:
    """Pairs of atoms and voxels that lie within ``radius`` Å of each other, in some portions.

    Parameters
    ----------
    places : of the atoms along z, y, x, in voxels; shape (n, 3)
    box, voxel_size : voxels and Å along z, y, x

    Yields
    ------
    atoms, voxels : indices of the atoms, not decreasing, and flat indices of voxels in the box
    """
    sizes, last = np.array(voxel_size), np.array(box)
    ball = _offsets(sizes, radius)
    step = max(1, _AT_ONCE // len(ball))
    for start in range(0, len(places), step):
        some = places[start : start + step]
        nearest = np.rint(some).astype(np.int64)
        apart = (ball * sizes)[np.newaxis] - ((some - nearest) * sizes)[:, np.newaxis]
        close = np.einsum("abc,abc->ab", apart, apart) <= radius**2
        of, which = np.nonzero(close)
        voxels = nearest[of] + ball[which]
        kept = ((voxels >= 0) & (voxels < last)).all(axis=1)
        z, y, x = voxels[kept].T
        yield start + of[kept], (z * box[1] + y) * box[2] + x


def _offsets(sizes: NDArray[np.float64], radius: float) -> Integers:
    """Steps to the voxels that may lie within a radius of a place near voxel 0."""
    reach = np.ceil(radius / sizes).astype(np.int64)
    axes = (np.arange(-r, r + 1) for r in reach)
    cube = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    near = np.linalg.norm(cube * sizes, axis=1) <= radius + np.linalg.norm(sizes) / 2
    ball: Integers = cube[near]
    return ball
