"""From bond lengths, bond angles and torsions to Cartesian coordinates, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vrs_scipion.models.atoms import Coordinates


def place_atom(
    a: Coordinates,
    b: Coordinates,
    c: Coordinates,
    length: float,
    angle: float,
    torsion: ArrayLike,
) -> Coordinates:
    """Place the atom d that follows a, b and c (natural extension reference frame).

    Parameters
    ----------
    a, b, c : float64 arrays, shape (..., 3), in Å
    length : distance c–d in Å
    angle : angle b–c–d in degrees
    torsion : torsion a–b–c–d in degrees, shape (...), positive clockwise looking from b to c
        (IUPAC)

    Returns
    -------
    float64 array, shape (..., 3)
        Position of d in Å.

    References
    ----------
    Parsons et al. (2005), doi:10.1002/jcc.20237
    """
    theta, chi = np.radians(angle), np.radians(np.asarray(torsion, np.float64))[..., None]
    along = _unit(c - b)
    normal = _unit(_cross(b - a, along))
    across = np.cos(chi) * _cross(normal, along) + np.sin(chi) * normal
    return np.asarray(c + length * (np.sin(theta) * across - np.cos(theta) * along))


def torsion_angle(a: Coordinates, b: Coordinates, c: Coordinates, d: Coordinates) -> float:
    """Torsion a–b–c–d in degrees, within (−180, 180], positive clockwise looking from b to c.

    Parameters
    ----------
    a, b, c, d : float64 arrays, shape (3,), in Å
    """
    axis = _unit(c - b)
    before = np.cross(b - a, axis)
    after = np.cross(axis, d - c)
    sine = np.dot(np.cross(before, after), axis)
    return float(np.degrees(np.arctan2(sine, np.dot(before, after))))


def _cross(a: Coordinates, b: Coordinates) -> Coordinates:
    """Cross products of vectors; NumPy's takes several times as long for a single one."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx), axis=-1)


def _unit(vector: Coordinates) -> Coordinates:
    return np.asarray(vector / np.sqrt(np.square(vector).sum(axis=-1, keepdims=True)))
