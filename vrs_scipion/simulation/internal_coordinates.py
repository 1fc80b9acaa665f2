"""From bond lengths, bond angles and torsions to Cartesian coordinates, and back."""

from __future__ import annotations

import numpy as np

from vrs_scipion.models.atoms import Coordinates


def place_atom(
    a: Coordinates, b: Coordinates, c: Coordinates, length: float, angle: float, torsion: float
) -> Coordinates:
    """Place the atom d that follows a, b and c (natural extension reference frame).

    Parameters
    ----------
    a, b, c : float64 arrays, shape (3,), in Å
    length : distance c–d in Å
    angle : angle b–c–d in degrees
    torsion : torsion a–b–c–d in degrees, positive clockwise looking from b to c (IUPAC)

    Returns
    -------
    float64 array, shape (3,)
        Position of d in Å.

    References
    ----------
    Parsons et al. (2005), doi:10.1002/jcc.20237
    """
    theta, chi = np.radians((angle, torsion))
    along = _unit(c - b)
    normal = _unit(_cross(b - a, along))
    frame = np.stack((along, _cross(normal, along), normal), axis=1)
    local = (-np.cos(theta), np.sin(theta) * np.cos(chi), np.sin(theta) * np.sin(chi))
    return np.asarray(c + length * (frame @ local), dtype=np.float64)


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
    """Cross product of two vectors; NumPy's, made for stacks of them, takes ten times as long."""
    (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
    return np.array((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx))


def _unit(vector: Coordinates) -> Coordinates:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)
