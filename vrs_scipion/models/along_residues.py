"""Values of atoms as values of residues, and those as running means along chains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.models.atomic_model import AtomicModel, Chosen
from vrs_scipion.models.kinds import POLYMERS, Kind

_BACKBONE = {
    Kind.PROTEIN: ("N", "CA", "C", "O"),
    Kind.NUCLEIC: (
        *("P", "OP1", "OP2", "O5'", "C5'", "C4'"),
        *("O4'", "C3'", "O3'", "C2'", "O2'", "C1'"),
    ),
}

Reals = NDArray[np.float64]


def backbone(model: AtomicModel) -> Chosen:
    """The atoms of polymers that are no part of side chains or bases, bool, shape (n,)."""
    chosen: Chosen = np.zeros(len(model), bool)
    for kind, names in _BACKBONE.items():
        chosen |= model.of(kind) & np.isin(model.names, names)
    return chosen


def residue_means(model: AtomicModel, values: Reals, chosen: Chosen) -> Reals:
    """Means over the chosen atoms of each residue that have a value, shape (m,), NaN without one.

    Parameters
    ----------
    model : n atoms in m residues
    values, chosen : of the atoms, shape (n,)
    """
    known = np.flatnonzero(chosen & np.isfinite(values))
    count = np.bincount(model.residue[known], minlength=len(model.residues))
    total = np.bincount(model.residue[known], values[known], len(model.residues))
    with np.errstate(invalid="ignore"):
        means: Reals = np.where(count > 0, total / count, np.nan)
    return means


@dataclass(frozen=True)
class Stretch:
    """Neighbours in a chain with the mean of their values: indices of the first and the last."""

    first: int
    last: int
    mean: float


def stretches(model: AtomicModel, values: Reals, window: int) -> list[Stretch]:
    """All runs of so many residues of a polymer, each residue with a value.

    Parameters
    ----------
    model : m residues
    values : shape (m,), NaN for none
    window : residues of a run
    """
    found = []
    polymers = model.residues.of(*POLYMERS)
    for chain in np.unique(model.residues.chains[polymers]).tolist():
        members = np.flatnonzero(polymers & (model.residues.chains == chain) & np.isfinite(values))
        if len(members) < window:
            continue
        means = np.convolve(values[members], np.full(window, 1 / window), mode="valid")
        found += [
            Stretch(int(first), int(last), float(mean))
            for first, last, mean in zip(
                members[: len(means)], members[window - 1 :], means, strict=True
            )
        ]
    return found


def lowest(found: list[Stretch], count: int) -> list[Stretch]:
    """The lowest of stretches, so many at most, none of which overlap."""
    kept: list[Stretch] = []
    for one in sorted(found, key=lambda stretch: (stretch.mean, stretch.first)):
        if len(kept) == count:
            break
        if all(one.last < other.first or one.first > other.last for other in kept):
            kept.append(one)
    return kept
