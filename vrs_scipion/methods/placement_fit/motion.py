"""How a model is moved: turned and scaled about its centroid, then shifted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.atoms import Coordinates

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """r → centre + shift + scale · rotation · (r − centre); positions are x, y, z in Å.

    Attributes
    ----------
    centre : float64 array, shape (3,), what turns and scales leave where it is
    shift : float64 array, shape (3,), Å
    rotation : float64 array, shape (3, 3)
    scale : factor on all distances
    """

    centre: Coordinates
    shift: Coordinates = field(default_factory=lambda: np.zeros(3))
    rotation: Matrix = field(default_factory=lambda: np.eye(3))
    scale: float = 1.0

    @property
    def now(self) -> Coordinates:
        """Where the centre has come to."""
        return np.asarray(self.centre + self.shift)

    @cached_property
    def angle(self) -> float:
        """By how much it turns, in degrees, from 0 to 180."""
        from scipy.spatial.transform import Rotation  # slow to load

        return float(np.degrees(Rotation.from_matrix(self.rotation).magnitude()))

    def applied_to(self, positions: Coordinates) -> Coordinates:
        """Positions, shape (n, 3), moved."""
        turned = (positions - self.centre) @ (self.scale * self.rotation).T
        return np.asarray(turned + self.now)

    def then(
        self, shift: Coordinates, turn: ArrayLike = (0.0, 0.0, 0.0), factor: float = 1.0
    ) -> Motion:
        """Moved on: shifted by Å, turned by a rotation vector in radians, scaled by a factor."""
        from scipy.spatial.transform import Rotation  # slow to load

        return replace(
            self,
            shift=self.shift + shift,
            rotation=Rotation.from_rotvec(turn).as_matrix() @ self.rotation,
            scale=self.scale * factor,
        )

    def scaled(self, scale: float) -> Motion:
        """The same with another scale."""
        return replace(self, scale=scale)

    def reach(self, positions: Coordinates) -> float:
        """Å by which the atom that moves the farthest is moved."""
        return float(np.linalg.norm(self.applied_to(positions) - positions, axis=1).max())

    def moved(self, model: AtomicModel) -> AtomicModel:
        """A model, moved; its anisotropic displacements turn with it."""
        atoms = replace(model.atoms, positions=self.applied_to(model.atoms.positions))
        return replace(model, atoms=atoms, anisotropic=turned(model.anisotropic, self.rotation))


def turned(tensors: NDArray[np.float32], rotation: Matrix) -> NDArray[np.float32]:
    """Displacements U11, U22, U33, U12, U13, U23, shape (n, 6), turned by a rotation matrix."""
    if not tensors.any():
        return tensors
    of = tensors.T
    rows = np.array([of[[0, 3, 4]], of[[3, 1, 5]], of[[4, 5, 2]]], np.float64)
    found = np.einsum("ia,abn,jb->ijn", rotation, rows, rotation)
    pairs = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    return np.array([found[pair] for pair in pairs], np.float32).T
