"""Orientations of particles: angles and matrices, and the symmetries that make some the same.

A is a passive rotation from the volume's frame to the image's: the Fourier transform of the image
at (kx, ky) is that of the volume at Aᵀ(kx, ky, 0), so the third row of A is the direction of view
in the volume. With rot, tilt and psi as RELION, Xmipp and SPIDER have them,
A = Rz(psi)·Ry(tilt)·Rz(rot), where Rz(a) = [[cos a, sin a, 0], [−sin a, cos a, 0], [0, 0, 1]] and
Ry(b) = [[cos b, 0, −sin b], [0, 1, 0], [sin b, 0, cos b]].

References
----------
Heymann et al. (2005), doi:10.1016/j.jsb.2005.06.001
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

Reals = NDArray[np.float64]

_GOLDEN = (1 + 5**0.5) / 2
_POLE = 1e-9
_SAME = 1e-6

_AXES: dict[str, tuple[tuple[int, tuple[float, float, float]], ...]] = {
    "T": ((3, (0, 0, 1)), (2, (0, 2**0.5, 1))),
    "O": ((4, (0, 0, 1)), (3, (1, 1, 1))),
    "I1": ((2, (0, 0, 1)), (5, (_GOLDEN, 0, -1))),
    "I2": ((2, (0, 0, 1)), (5, (1, 0, _GOLDEN))),
    "I3": ((5, (0, 0, 1)), (2, (-1, 0, _GOLDEN))),
    "I4": ((5, (0, 0, 1)), (2, (1, 0, _GOLDEN))),
}
"""Two axes that make a group: how often it repeats about them, and their x, y, z."""
_CYCLIC = re.compile(r"[CD][1-9]\d{0,2}")
_SETTINGS = {"T1": "T", "O1": "O", "I": "I2"}


def matrices(angles: ArrayLike) -> Reals:
    """The rotations A of rot, tilt and psi.

    Parameters
    ----------
    angles : degrees, shape (n, 3)

    Returns
    -------
    float64 array, shape (n, 3, 3); NaN where an angle is
    """
    a, b, c = np.moveaxis(np.radians(np.asarray(angles, dtype=np.float64)), -1, 0)
    (ca, cb, cc), (sa, sb, sc) = (np.cos((a, b, c)), np.sin((a, b, c)))
    rows = (
        (cc * cb * ca - sc * sa, cc * cb * sa + sc * ca, -cc * sb),
        (-sc * cb * ca - cc * sa, -sc * cb * sa + cc * ca, sc * sb),
        (sb * ca, sb * sa, cb),
    )
    rotations: Reals = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    return rotations


def angles(rotations: ArrayLike) -> Reals:
    """Rot, tilt and psi of the rotations A; tilt in 0…180, psi 0 where tilt is 0 or 180.

    Parameters
    ----------
    rotations : shape (n, 3, 3)

    Returns
    -------
    float64 array, shape (n, 3), degrees
    """
    a = np.asarray(rotations, dtype=np.float64)
    tilt = np.arctan2(np.hypot(a[:, 2, 0], a[:, 2, 1]), a[:, 2, 2])
    rot = np.arctan2(a[:, 2, 1], a[:, 2, 0])
    psi = np.arctan2(a[:, 1, 2], -a[:, 0, 2])
    pole = np.sin(tilt) < _POLE
    at_pole = np.arctan2(-a[:, 1, 0], a[:, 1, 1])
    rot = np.where(pole, at_pole, rot)
    psi = np.where(pole, 0.0, psi)
    found: Reals = np.degrees(np.stack([rot, tilt, psi], axis=1))
    return found


def views(rotations: Reals) -> Reals:
    """The directions that images look along, in the volume's frame: x, y, z, shape (n, 3)."""
    return rotations[:, 2, :]


def symmetry_rotations(symmetry: str) -> Reals:
    """The rotations of a point group in the frame that RELION and Xmipp expect a map in.

    C and D have their main axis along z, D a two-fold axis along x. T has a three-fold axis along z
    and a two-fold one in the yz plane; O four-fold ones along x, y and z. I1 and I2 have two-fold
    axes along x, y and z, and of the five-fold ones the nearest to z in the yz plane (I1) or the xz
    plane (I2, also for I); I3 and I4 have a five-fold axis along z and of the two-fold ones the
    nearest to z at negative x (I3) or positive x (I4).

    Parameters
    ----------
    symmetry : e.g. 'C1', 'd7', 'O', 'I2'

    Returns
    -------
    float64 array, shape (order, 3, 3), the identity first; orientation A and A·g are the same

    Raises
    ------
    ValueError
        If there is no such group, or no such setting of it.
    """
    group = symmetry.strip().upper()
    name = _SETTINGS.get(group, group)
    if _CYCLIC.fullmatch(name):
        main = (int(name[1:]), (0.0, 0.0, 1.0))
        return _generated((main, (2, (1.0, 0.0, 0.0))) if name[0] == "D" else (main,))
    if name not in _AXES:
        raise ValueError(
            f"{symmetry!r} is no point group whose axes are known; give C1, C2, …, D2, D3, …, T, "
            "O, or I1 to I4"
        )
    return _generated(_AXES[name])


def angular_distance(first: Reals, second: Reals, group: Reals | None = None) -> Reals:
    """The angle between orientations, over all that a symmetry makes the same.

    Parameters
    ----------
    first, second : shape (n, 3, 3)
    group : of `symmetry_rotations`; None for none

    Returns
    -------
    float64 array, shape (n,), degrees from 0 to 180
    """
    difference = np.swapaxes(second, 1, 2) @ first
    best = np.full(len(first), -1.0)
    for element in np.eye(3)[None] if group is None else group:
        best = np.maximum(best, np.einsum("nij,ij->n", difference, element))
    distance: Reals = np.degrees(np.arccos(np.clip((best - 1) / 2, -1, 1)))
    return distance


def _generated(axes: Iterable[tuple[int, tuple[float, float, float]]]) -> Reals:
    """All products of the rotations about some axes."""
    makers = []
    for fold, axis in axes:
        unit = np.array(axis) / np.linalg.norm(axis)
        makers.append(Rotation.from_rotvec(2 * np.pi / fold * unit).as_matrix())
    found = [np.eye(3)]
    for element in found:
        for maker in makers:
            new = element @ maker
            if not any(np.abs(new - old).max() < _SAME for old in found):
                found.append(new)
    return np.stack(found)
