"""Where a model stands in its box: rotation, mirror, shift, and the box itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft
from scipy.spatial.transform import Rotation

from vrs_scipion.maps.density import Triple
from vrs_scipion.models.atoms import Atoms, Coordinates
from vrs_scipion.models.drawing import Box

_MIRROR = np.diag((-1.0, 1.0, 1.0))
_LARGEST_HALF_SIDE = 16384


@dataclass(frozen=True)
class Pose:
    """The motion from the model's frame to the map's, in which voxel 0 is at 0, 0, 0.

    Attributes
    ----------
    matrix : float64 array, shape (3, 3), on x, y, z; of determinant −1 if it mirrors
    translation : float64 array, shape (3,), in Å, added afterwards
    """

    matrix: Coordinates
    translation: Coordinates

    def applied_to(self, atoms: Atoms) -> Atoms:
        """The atoms in the map's frame."""
        return replace(atoms, positions=atoms.positions @ self.matrix.T + self.translation)


def random_rotation(generator: np.random.Generator) -> Coordinates:
    """A rotation matrix, shape (3, 3), uniform over all rotations (Shoemake 1992).

    References
    ----------
    Shoemake (1992), doi:10.1016/B978-0-08-050755-2.50036-1
    """
    matrix = Rotation.from_quat(generator.standard_normal(4)).as_matrix()
    return np.asarray(matrix, dtype=np.float64)


def orientation(rotation: ArrayLike | None, mirror: bool) -> Coordinates:
    """The rotation (None for none), then the mirror x → −x: matrix of shape (3, 3)."""
    turned = np.eye(3) if rotation is None else np.asarray(rotation, dtype=np.float64)
    return np.asarray(_MIRROR @ turned if mirror else turned)


def fitting_box(
    positions: Coordinates, matrix: Coordinates, shift: ArrayLike, margin: float, spacing: Triple
) -> Box:
    """The cube, even along each axis, in which a model has room on every side.

    Sides are as near to a cube as voxels of ``spacing`` allow, and factor into small primes.

    Parameters
    ----------
    positions : float64 array, shape (n, 3), x, y, z in Å
    matrix : what turns them about their centroid, which falls on voxel N/2
    shift : Å along x, y, z
    margin : Å from the outermost atom to the box's faces, one voxel at least
    spacing : voxel size in Å along z, y, x

    Returns
    -------
    nz, ny, nx

    Raises
    ------
    ValueError
        If the model is larger than any box.
    """
    about_centroid = (positions - positions.mean(axis=0)) @ matrix.T + np.asarray(shift)
    reach = float(np.abs(about_centroid).max()) + margin
    sides = [reach / s + 1 for s in spacing]
    if max(sides) > _LARGEST_HALF_SIDE:
        raise ValueError(
            f"the atoms reach {reach:,.0f} Å from their centroid, margin included: no box of "
            f"voxels of {min(spacing):g} Å holds that"
        )
    z, y, x = (2 * fft.next_fast_len(max(4, math.ceil(side)), real=True) for side in sides)
    return z, y, x


def place(positions: Coordinates, matrix: Coordinates, shift: ArrayLike, middle: Triple) -> Pose:
    """The pose that puts the centroid on a point of the map, and shifts it from there.

    Parameters
    ----------
    positions : float64 array, shape (n, 3), x, y, z in Å
    matrix : orientation, shape (3, 3)
    shift : Å along x, y, z
    middle : x, y, z of the box's voxel N/2 in the map's frame, in Å
    """
    translation = np.add(middle, shift) - matrix @ positions.mean(axis=0)
    return Pose(matrix, np.asarray(translation, dtype=np.float64))
