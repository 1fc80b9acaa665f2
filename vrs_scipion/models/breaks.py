"""Where the chain of a polymer breaks: neighbours in the file that no bond joins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.kinds import Kind

_LINKS = {
    Kind.PROTEIN: (("C", "N", 2.0), ("CA", "CA", 4.5)),
    Kind.NUCLEIC: (("O3'", "P", 2.5), ("P", "P", 9.0)),
}
"""By the kind: the atoms of a residue and of the next one that are bound, and Å beyond which they
are not; the second pair counts where an atom of the first is missing."""


@dataclass(frozen=True)
class Break:
    """A break between two residues of a chain.

    Attributes
    ----------
    before, after : indices of the residues
    distance : Å between the atoms that a bond should join
    missing : residues that lack between them by their numbers
    """

    before: int
    after: int
    distance: float
    missing: int


def breaks(model: AtomicModel) -> list[Break]:
    """The breaks of all polymers, in the order of the file."""
    found = []
    for kind, links in _LINKS.items():
        of_kind = np.flatnonzero(model.residues.kinds == kind.value)
        before, after = _neighbours(model, of_kind)
        distance = np.full(before.size, np.nan)
        broken = np.zeros(before.size, bool)
        for first, second, reach in links:
            open_ = np.isnan(distance)
            measured = _distances(model, before[open_], after[open_], first, second)
            distance[open_] = measured
            broken[open_] = measured > reach
        found += [
            Break(int(i), int(j), float(d), _missing(model, int(i), int(j)))
            for i, j, d in zip(before[broken], after[broken], distance[broken], strict=True)
        ]
    return sorted(found, key=lambda one: one.before)


def _neighbours(
    model: AtomicModel, residues: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of residues that follow each other in a chain; variants of one place are one."""
    of = model.residues
    before, after = residues[:-1], residues[1:]
    same_chain = of.chains[before] == of.chains[after]
    same_place = (of.numbers[before] == of.numbers[after]) & (
        of.insertions[before] == of.insertions[after]
    )
    chosen = same_chain & ~same_place
    return before[chosen], after[chosen]


def _distances(
    model: AtomicModel, before: NDArray[np.intp], after: NDArray[np.intp], first: str, second: str
) -> NDArray[np.float64]:
    """Å between an atom of each residue and one of the next; NaN where one is missing."""
    here, there = model.first_atoms(first)[before], model.first_atoms(second)[after]
    positions = model.atoms.positions
    distance = np.linalg.norm(positions[here] - positions[there], axis=1)
    return np.where((here >= 0) & (there >= 0), distance, np.nan)


def _missing(model: AtomicModel, before: int, after: int) -> int:
    of = model.residues
    counted = of.positions if of.positions[before] and of.positions[after] else of.numbers
    return max(0, int(counted[after] - counted[before]) - 1)
