"""The course of polymers through space: Cα atoms of proteins, P atoms of nucleic acids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.models.atomic_model import AtomicModel, Indices
from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.models.kinds import Kind

_TRACED = {Kind.PROTEIN: ("CA", 5.0), Kind.NUCLEIC: ("P", 9.0)}
"""By the kind: the atom of each residue, and Å beyond which the next one is not bound to it."""


@dataclass(frozen=True)
class Trace:
    """A stretch of a polymer without a gap.

    Attributes
    ----------
    residues : intp array, shape (r,), indices of its residues
    points : float64 array, shape (r, 3), x, y, z in Å, of the atom that stands for each
    """

    residues: Indices
    points: Coordinates


def traces(model: AtomicModel) -> list[Trace]:
    """The stretches of all polymers, in the order of the file; a residue alone is one, too."""
    found = []
    for kind, (name, reach) in _TRACED.items():
        atoms = model.first_atoms(name)
        residues = np.flatnonzero((atoms >= 0) & (model.residues.kinds == kind.value))
        if not residues.size:
            continue
        points = model.atoms.positions[atoms[residues]]
        apart = np.linalg.norm(np.diff(points, axis=0), axis=1) > reach
        other = np.diff(model.residues.chains[residues]) != 0
        ends = np.flatnonzero(apart | other) + 1
        found += [
            Trace(of, at)
            for of, at in zip(np.split(residues, ends), np.split(points, ends), strict=True)
        ]
    return sorted(found, key=lambda trace: int(trace.residues[0]))
