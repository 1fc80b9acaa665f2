"""Nucleic acids: the hand of their sugars, and how many bases are paired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.models.atomic_model import AtomicModel, Chosen, Indices
from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.models.geometry import Reals, distances, near_pairs, signed_volumes
from vrs_scipion.models.kinds import Kind

_POLAR = ("N1", "N2", "N3", "N4", "N6", "N7", "O2", "O4", "O6")
_SHORTEST, _LONGEST = 2.4, 3.4
"""Å between the atoms of a hydrogen bond."""
_TILT, _OUT_OF_PLANE = 45.0, 1.6
"""° between the planes of paired bases, and Å by which an atom leaves the other's."""
_FEWEST_CONTACTS = 2


@dataclass(frozen=True)
class BasePairs:
    """p pairs of bases.

    Attributes
    ----------
    residues : intp array, shape (p, 2)
    watson_crick : bool array, shape (p,), whether N1 of a purine meets N3 of a pyrimidine
    bases : how many there are in all
    """

    residues: Indices
    watson_crick: Chosen
    bases: int


def sugar_chirality(model: AtomicModel) -> Reals:
    """Å³ at C4', shape (m,): about 2.5 for D sugars, −2.5 for their mirror; NaN elsewhere."""
    named = [model.first_atoms(name) for name in ("C5'", "C3'", "O4'", "C4'")]
    there = np.min(named, axis=0) >= 0
    there &= model.residues.kinds == Kind.NUCLEIC.value
    volumes = np.full(len(model.residues), np.nan)
    volumes[there] = signed_volumes(*(model.atoms.positions[atoms[there]] for atoms in named))
    return volumes


def base_pairs(model: AtomicModel) -> BasePairs:
    """Bases that lie side by side, with two hydrogen bonds at least.

    Two atoms N or O of different bases 2.4 to 3.4 Å apart are one, where the planes of the bases
    are within 45° of each other and neither atom leaves the other's plane by more than 1.6 Å.
    """
    bases, middles, normals = _planes(model)
    if not bases.size:
        return BasePairs(np.empty((0, 2), np.intp), np.empty(0, np.bool_), 0)
    of_base = np.full(len(model.residues), -1, np.intp)
    of_base[bases] = np.arange(bases.size)
    polar = np.isin(model.names, _POLAR) & (of_base[model.residue] >= 0)
    atoms = np.flatnonzero(polar & model.scored & model.main_conformers)
    positions = model.atoms.positions[atoms]
    near = near_pairs(positions, _LONGEST)
    first, second = positions[near[:, 0]], positions[near[:, 1]]
    one, other = of_base[model.residue[atoms[near]]].T
    flat = np.abs(_dot(normals[one], normals[other])) > np.cos(np.radians(_TILT))
    beside = (np.abs(_dot(second - middles[one], normals[one])) < _OUT_OF_PLANE) & (
        np.abs(_dot(first - middles[other], normals[other])) < _OUT_OF_PLANE
    )
    bound = (one != other) & flat & beside & (distances(first, second) > _SHORTEST)
    pairs = np.sort(np.column_stack((one, other))[bound], axis=1)
    names = np.sort(model.names[atoms[near[bound]]], axis=1)
    found, place, contacts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    middle = (names == ("N1", "N3")).all(axis=1)
    watson_crick = np.bincount(place.ravel(), middle, len(found)) > 0
    kept = contacts >= _FEWEST_CONTACTS
    return BasePairs(bases[found[kept]], watson_crick[kept], bases.size)


def _planes(model: AtomicModel) -> tuple[Indices, Coordinates, Coordinates]:
    """The bases, the middles of their six-membered rings and the unit normals of these."""
    ring = [model.first_atoms(name) for name in ("N1", "C2", "C4", "C5")]
    nucleic = model.residues.kinds == Kind.NUCLEIC.value
    bases = np.flatnonzero(nucleic & (np.min(ring, axis=0) >= 0))
    n1, c2, c4, c5 = (model.atoms.positions[atoms[bases]] for atoms in ring)
    normals = np.cross(c4 - n1, c5 - c2)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return bases, (n1 + c2 + c4 + c5) / 4, normals / np.maximum(lengths, 1e-6)


def _dot(a: Coordinates, b: Coordinates) -> Reals:
    return np.asarray(np.einsum("ij,ij->i", a, b), np.float64)
