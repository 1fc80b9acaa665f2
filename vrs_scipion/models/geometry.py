"""Distances, angles and torsions of many atoms at once; NaN where a position is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.models.atoms import Coordinates

Reals = NDArray[np.float64]


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


def _dot(a: Coordinates, b: Coordinates) -> Reals:
    return np.asarray(np.einsum("ij,ij->i", a, b), np.float64)
