"""Distances, angles and torsions of many atoms at once; NaN where a position is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.models.atoms import Coordinates

Reals = NDArray[np.float64]

_NEAREST, _CHUNK = 24, 100_000


def distances(a: Coordinates, b: Coordinates) -> Reals:
    """Å between points, shape (n, 3) each; float64, shape (n,)."""
    return np.asarray(np.linalg.norm(a - b, axis=1), np.float64)


def angles(a: Coordinates, b: Coordinates, c: Coordinates) -> Reals:
    """Angles a–b–c at points b in degrees; float64, shape (n,)."""
    before, after = a - b, c - b
    sine = np.linalg.norm(np.cross(before, after), axis=1)
    return np.asarray(np.degrees(np.arctan2(sine, _dot(before, after))), np.float64)


def torsions(a: Coordinates, b: Coordinates, c: Coordinates, d: Coordinates) -> Reals:
    """Torsions a–b–c–d in degrees, within [−180, 180], positive clockwise from b to c (IUPAC)."""
    axis = c - b
    before, after = np.cross(b - a, axis), np.cross(axis, d - c)
    sine = _dot(b - a, after) * np.linalg.norm(axis, axis=1)
    return np.asarray(np.degrees(np.arctan2(sine, _dot(before, after))), np.float64)


def signed_volumes(a: Coordinates, b: Coordinates, c: Coordinates, at: Coordinates) -> Reals:
    """Å³ of the boxes along a, b and c from points ``at``; a mirror changes their sign."""
    return _dot(np.cross(a - at, b - at), c - at)


def near_pairs(points: Coordinates, reach: float) -> NDArray[np.intp]:
    """Pairs of points within ``reach`` Å of each other, the first index the lower one.

    Of each point the 24 nearest count, more than atoms have within 3.5 Å: coordinates in another
    unit, or all at one place, would else have all pairs there are.

    Returns
    -------
    intp array, shape (p, 2)
    """
    from scipy.spatial import cKDTree  # slow to load

    tree, count = cKDTree(points), min(_NEAREST + 1, len(points))
    found = [np.empty(0, np.intp)]
    for start in range(0, len(points), _CHUNK):
        distance, other = tree.query(
            points[start : start + _CHUNK], k=range(1, count + 1), distance_upper_bound=reach
        )
        row, place = np.nonzero(np.isfinite(distance))
        one, two = row + start, other[row, place]
        low, high = np.minimum(one, two), np.maximum(one, two)
        found.append((low * len(points) + high)[low < high])
    pairs = np.unique(np.concatenate(found))
    return np.column_stack(np.divmod(pairs, max(1, len(points))))


def _dot(a: Coordinates, b: Coordinates) -> Reals:
    return np.asarray(np.einsum("ij,ij->i", a, b), np.float64)
