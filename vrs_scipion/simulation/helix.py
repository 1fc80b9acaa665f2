"""The ideal right-handed α-helix of L-alanine: its backbone and Cβ atoms."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.simulation.internal_coordinates import place_atom

ATOM_NAMES = ("N", "CA", "C", "O", "CB")
"""Atoms of a residue, in the order of the second axis of a helix."""

PHI, PSI, OMEGA = -57.8, -47.0, 180.0

_N_CA, _CA_C, _C_N, _C_O, _CA_CB = 1.458, 1.525, 1.329, 1.231, 1.521
_N_CA_C, _CA_C_N, _C_N_CA, _CA_C_O, _N_CA_CB = 109.9, 116.2, 121.7, 120.8, 110.4
_C_N_CA_CB = -123.0
"""The sign makes the residue an L-amino acid."""


def alpha_helix(n_residues: int) -> Coordinates:
    """Build an ideal right-handed α-helix around the z axis, its middle at z = 0.

    The chain runs from the N-terminus at negative z to the C-terminus at positive z. Torsions are
    φ = −57.8°, ψ = −47.0°, ω = 180°; bond lengths and angles are those of Engh and Huber, but for
    N–CA–C: at 109.9° these torsions give 1.50 Å and 99.6° per residue.

    Parameters
    ----------
    n_residues : number of residues, at least 2

    Returns
    -------
    float64 array, shape (n_residues, 5, 3)
        Coordinates x, y, z in Å of the atoms in ``ATOM_NAMES`` of each residue.

    Raises
    ------
    ValueError
        If there are fewer than 2 residues: one has no axis.

    References
    ----------
    IUPAC-IUB Commission (1970), doi:10.1021/bi00820a001 (α-helix of poly-L-alanine);
    Engh and Huber (1991), doi:10.1107/S0108767391001071 (bonds and angles)
    """
    if n_residues < 2:
        raise ValueError(f"a helix needs at least 2 residues, not {n_residues}")
    chain = np.stack([_residue(n, ca, c) for n, ca, c in _trace(n_residues)])
    upright = _around_z(chain)
    upright[..., 2] -= upright[..., 2].mean()
    return upright


def screw(first: Coordinates, second: Coordinates) -> tuple[float, float, Coordinates]:
    """The screw motion that carries one set of atoms onto another.

    Parameters
    ----------
    first, second : float64 arrays, shape (n, 3), n ≥ 3, the same atoms in Å

    Returns
    -------
    rise : advance along the axis in Å; negative for a left-handed screw
    turn : rotation about the axis in degrees, within [0, 180]
    axis : float64 array, shape (3,), the unit vector about which the turn is counter-clockwise
    """
    rotation, _ = Rotation.align_vectors(second - second.mean(axis=0), first - first.mean(axis=0))
    vector = rotation.as_rotvec()
    turn = float(np.linalg.norm(vector))
    axis = np.asarray(vector / turn, dtype=np.float64)
    rise = float(np.dot(second.mean(axis=0) - first.mean(axis=0), axis))
    return rise, float(np.degrees(turn)), axis


def _trace(n_residues: int) -> Coordinates:
    """N, CA and C of every residue: shape (n_residues, 3, 3)."""
    bend = np.radians(180.0 - _N_CA_C)
    atoms = [
        np.array((-_N_CA, 0.0, 0.0)),
        np.zeros(3),
        _CA_C * np.array((np.cos(bend), np.sin(bend), 0.0)),
    ]
    return extended(np.array(atoms), np.full((n_residues - 1, 3), (PSI, OMEGA, PHI)))


def extended(residue: Coordinates, torsions: Coordinates) -> Coordinates:
    """Chains that go on from a residue, with ideal bonds: N, CA and C of every residue.

    Parameters
    ----------
    residue : float64 array, shape (..., 3, 3) or (3, 3) for all alike, N, CA and C in Å
    torsions : float64 array, shape (..., n, 3), of each residue that follows, in degrees: ψ of the
        one before it, ω between, its φ

    Returns
    -------
    float64 array, shape (..., n + 1, 3, 3), the first residue among them
    """
    first = np.broadcast_to(residue, (*torsions.shape[:-2], 3, 3))
    atoms = list(np.moveaxis(first, -2, 0))
    for psi, omega, phi in np.moveaxis(torsions, (-2, -1), (0, 1)):
        links = ((_C_N, _CA_C_N, psi), (_N_CA, _C_N_CA, omega), (_CA_C, _N_CA_C, phi))
        for length, angle, torsion in links:
            atoms.append(place_atom(atoms[-3], atoms[-2], atoms[-1], length, angle, torsion))
    chain = np.stack(atoms, axis=-2)
    return np.asarray(chain.reshape(*chain.shape[:-2], -1, 3, 3))


def carbonyl(backbone: Coordinates, psi: float) -> Coordinates:
    """Where the oxygen of a residue lies whose N, CA and C and ψ, in degrees, are known."""
    n, ca, c = backbone
    return place_atom(n, ca, c, _C_O, _CA_C_O, psi + 180.0)


def _residue(n: Coordinates, ca: Coordinates, c: Coordinates) -> Coordinates:
    """The atoms of a residue, in the order of ``ATOM_NAMES``: shape (5, 3)."""
    beta = place_atom(c, n, ca, _CA_CB, _N_CA_CB, _C_N_CA_CB)
    return np.stack((n, ca, c, carbonyl(np.stack((n, ca, c)), PSI), beta))


def _around_z(chain: Coordinates) -> Coordinates:
    """Turn the helix so that its screw axis is parallel to z, and move that axis onto z."""
    _, turn, axis = screw(chain[0], chain[1])
    across = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    across /= np.linalg.norm(across)
    upright = chain @ np.column_stack((across, np.cross(axis, across), axis))
    upright[..., :2] -= _centre_of_rotation(upright[0, 1, :2], upright[1, 1, :2], turn)
    return np.asarray(upright, dtype=np.float64)


def _centre_of_rotation(first: Coordinates, second: Coordinates, turn: float) -> Coordinates:
    """The point of the plane about which ``turn`` degrees carry ``first`` to ``second``."""
    chord = second - first
    left_of_chord = np.array((-chord[1], chord[0]))
    return np.asarray(first + chord / 2 + left_of_chord / (2 * np.tan(np.radians(turn) / 2)))
