"""Atoms as arrays, from a model file or from a simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import gemmi
import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.models.labels import Labels

Coordinates = NDArray[np.float64]


@dataclass(frozen=True)
class Atoms:
    """Atoms in space.

    Attributes
    ----------
    positions : float64 array, shape (n, 3), x, y, z in Å
    elements : the n chemical symbols
    b_factors : float64 array, shape (n,), isotropic, in Å²
    occupancies : float64 array, shape (n,)
    labels : chains, residues and names, where they are known

    Raises
    ------
    ValueError
        If the arrays disagree about the number of atoms.
    """

    positions: Coordinates
    elements: tuple[str, ...]
    b_factors: NDArray[np.float64]
    occupancies: NDArray[np.float64]
    labels: Labels | None = None

    def __post_init__(self) -> None:
        n = len(self.elements)
        shapes = (self.positions.shape, self.b_factors.shape, self.occupancies.shape)
        if shapes != ((n, 3), (n,), (n,)):
            raise ValueError(
                f"{n} elements need positions of shape ({n}, 3), B-factors and occupancies of "
                f"shape ({n},), not {shapes[0]}, {shapes[1]} and {shapes[2]}."
            )
        if self.labels is not None and len(self.labels) != n:
            raise ValueError(f"{n} elements need {n} labels, not {len(self.labels)}.")

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

    def selected(self, which: NDArray[np.bool_]) -> Atoms:
        """The atoms where ``which``, shape (n,), is true."""
        return Atoms(
            positions=self.positions[which],
            elements=tuple(e for e, taken in zip(self.elements, which, strict=True) if taken),
            b_factors=self.b_factors[which],
            occupancies=self.occupancies[which],
            labels=None if self.labels is None else self.labels.selected(which),
        )

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
    return atoms_from_sites(list(first.all()))


def atoms_from_sites(sites: Sequence[gemmi.CRA]) -> Atoms:
    """The atoms of gemmi's triples of chain, residue and atom, with their labels."""
    found = [site.atom for site in sites]
    residues = [site.residue for site in sites]
    return Atoms(
        positions=np.array([atom.pos.tolist() for atom in found]).reshape(-1, 3),
        elements=tuple(atom.element.name for atom in found),
        b_factors=np.array([atom.b_iso for atom in found]),
        occupancies=np.array([atom.occ for atom in found]),
        labels=Labels(
            chains=np.array([site.chain.name for site in sites], dtype=np.str_),
            numbers=np.array([residue.seqid.num or 0 for residue in residues], dtype=np.int64),
            insertions=np.array([residue.seqid.icode.strip() for residue in residues], np.str_),
            residues=np.array([residue.name for residue in residues], dtype=np.str_),
            names=np.array([atom.name for atom in found], dtype=np.str_),
            altlocs=np.array([atom.altloc.strip("\0") for atom in found], dtype=np.str_),
        ),
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
