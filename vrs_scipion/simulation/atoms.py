"""Atoms as arrays: what the renderer draws, from a simulation or from a model file."""

from __future__ import annotations

from dataclasses import dataclass, replace

import gemmi
import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.simulation.internal_coordinates import Coordinates


@dataclass(frozen=True)
class Atoms:
    """Atoms in space.

    Attributes
    ----------
    positions : float64 array, shape (n, 3), x, y, z in Å
    elements : the n chemical symbols
    b_factors : float64 array, shape (n,), isotropic, in Å²
    occupancies : float64 array, shape (n,)

    Raises
    ------
    ValueError
        If the arrays disagree about the number of atoms.
    """

    positions: Coordinates
    elements: tuple[str, ...]
    b_factors: NDArray[np.float64]
    occupancies: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.elements)
        shapes = (self.positions.shape, self.b_factors.shape, self.occupancies.shape)
        if shapes != ((n, 3), (n,), (n,)):
            raise ValueError(
                f"{n} elements need positions of shape ({n}, 3), B-factors and occupancies of "
                f"shape ({n},), not {shapes[0]}, {shapes[1]} and {shapes[2]}."
            )

    def __len__(self) -> int:
        return len(self.elements)

    @property
    def centroid(self) -> Coordinates:
        """Mean position x, y, z in Å."""
        return np.asarray(self.positions.mean(axis=0))

    @property
    def mass(self) -> float:
        """Mass in Da of the atoms present, hydrogens only where the model has them."""
        weights = [gemmi.Element(symbol).weight for symbol in self.elements]
        return float(np.dot(weights, self.occupancies))

    def translated(self, shift: ArrayLike) -> Atoms:
        """Atoms moved by ``shift``, x, y, z in Å."""
        return replace(self, positions=self.positions + np.asarray(shift, dtype=np.float64))

    def rotated(self, rotation: ArrayLike) -> Atoms:
        """Atoms turned about the origin by a rotation matrix, shape (3, 3), on x, y, z."""
        matrix = np.asarray(rotation, dtype=np.float64)
        return replace(self, positions=self.positions @ matrix.T)

    def mirrored(self) -> Atoms:
        """Atoms of the opposite hand: x becomes −x."""
        return replace(self, positions=self.positions * (-1.0, 1.0, 1.0))


def atoms_from_arrays(
    positions: ArrayLike, elements: tuple[str, ...], b_factors: ArrayLike = 0.0
) -> Atoms:
    """Fully occupied atoms.

    Parameters
    ----------
    positions : array, shape (n, 3), x, y, z in Å
    elements : the n chemical symbols
    b_factors : isotropic B-factors in Å², one for all or shape (n,)

    Raises
    ------
    ValueError
        If the shapes disagree.
    """
    n = len(elements)
    return Atoms(
        positions=np.asarray(positions, dtype=np.float64),
        elements=elements,
        b_factors=np.broadcast_to(np.asarray(b_factors, dtype=np.float64), (n,)),
        occupancies=np.ones(n),
    )


def atoms_from_model(model: gemmi.Model | gemmi.Structure) -> Atoms:
    """Every atom of a model, or of the first model of a structure, read from PDB or mmCIF.

    Alternative conformations keep their occupancies; anisotropic displacements are replaced by
    their isotropic equivalents (B_iso of the file).
    """
    first = model[0] if isinstance(model, gemmi.Structure) else model
    found = [site.atom for site in first.all()]
    return Atoms(
        positions=np.array([atom.pos.tolist() for atom in found]).reshape(-1, 3),
        elements=tuple(atom.element.name for atom in found),
        b_factors=np.array([atom.b_iso for atom in found]),
        occupancies=np.array([atom.occ for atom in found]),
    )


Model = Atoms | gemmi.Model | gemmi.Structure
"""What can be drawn."""


def as_atoms(model: Model) -> Atoms:
    """The atoms of whatever can be drawn.

    Raises
    ------
    ValueError
        If there are no atoms.
    """
    atoms = model if isinstance(model, Atoms) else atoms_from_model(model)
    if not len(atoms):
        raise ValueError("the model has no atoms")
    return atoms
