"""What an atomic model's file says of its atoms, and what cannot be right about that.

Nothing here looks at the map but at its box. Counts are of atoms or residues, as named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.models.atomic_model import AtomicModel, Chosen, Indices
from vrs_scipion.models.breaks import Break, breaks
from vrs_scipion.models.kinds import POLYMERS, Kind
from vrs_scipion.models.spacing import spacing

HIGH_B = 300.0
"""Å²: an atom is smeared by 1.9 Å (r.m.s.) along each axis."""
TOO_CLOSE = 0.5
"""Å between two atoms that cannot both be there."""

_SUM_TOLERANCE = 0.02
_NEIGHBOURS = 6
_UNKNOWN_RESIDUES = ("UNK", "N", "DN")
_WITHOUT_DEFINITION = {"UNL", "UNX", "LIG", "DRG", "INH", "DUM"} | {f"{n:02d}" for n in range(100)}
"""Names that the wwPDB keeps for ligands that are not, or not yet, in its dictionary."""

SIDE_CHAINS: Mapping[str, tuple[str, ...]] = {
    "ALA": ("CB",),
    "ARG": ("CB", "CG", "CD", "NE", "CZ", "NH1", "NH2"),
    "ASN": ("CB", "CG", "OD1", "ND2"),
    "ASP": ("CB", "CG", "OD1", "OD2"),
    "CYS": ("CB", "SG"),
    "GLN": ("CB", "CG", "CD", "OE1", "NE2"),
    "GLU": ("CB", "CG", "CD", "OE1", "OE2"),
    "HIS": ("CB", "CG", "ND1", "CD2", "CE1", "NE2"),
    "ILE": ("CB", "CG1", "CG2", "CD1"),
    "LEU": ("CB", "CG", "CD1", "CD2"),
    "LYS": ("CB", "CG", "CD", "CE", "NZ"),
    "MET": ("CB", "CG", "SD", "CE"),
    "MSE": ("CB", "CG", "SE", "CE"),
    "PHE": ("CB", "CG", "CD1", "CD2", "CE1", "CE2", "CZ"),
    "PRO": ("CB", "CG", "CD"),
    "SER": ("CB", "OG"),
    "THR": ("CB", "OG1", "CG2"),
    "TRP": ("CB", "CG", "CD1", "CD2", "NE1", "CE2", "CE3", "CZ2", "CZ3", "CH2"),
    "TYR": ("CB", "CG", "CD1", "CD2", "CE1", "CE2", "CZ", "OH"),
    "VAL": ("CB", "CG1", "CG2"),
}
"""Heavy atoms of the side chains, by the name of the residue."""


@dataclass(frozen=True)
class SideChains:
    """Side chains of one type of residue: all, those that lack atoms, and atoms that lack."""

    name: str
    residues: int
    incomplete: int
    missing: int


@dataclass(frozen=True)
class SequenceGap:
    """A chain against the sequence that its file gives.

    Attributes
    ----------
    chain : index
    length : residues of the sequence
    absent : those without an atom
    differing : indices of residues that are others than the sequence says
    """

    chain: int
    length: int
    absent: int
    differing: Indices


@dataclass(frozen=True)
class ModelRecordFindings:
    """What was found in a model of n atoms and m residues.

    Attributes
    ----------
    heavy : atoms that are no hydrogens
    neighbour_distance : Å from an atom to the nearest one, the median; None of a lonely atom
    different_b : how many different B-factors the atoms of polymers have, of a model without a
        polymer all of its atoms; hydrogens left out
    zero_b, negative_b, high_b : atoms
    unoccupied, over_occupied : atoms of occupancy 0 or less, and above 1
    uneven_alternatives : atoms whose alternative conformations do not sum to an occupancy of 1
    with_hydrogens, without_hydrogens : residues of polymers
    unknown : residues of polymers of unknown type
    undefined : ligands whose name stands for none in particular
    duplicates : atoms that share chain, residue, name and conformation with one before them
    too_close : atoms within 0.5 Å of another one that is no alternative of them
    outside, on_faces : atoms beyond the outermost voxels of the map, and within one voxel of them
    side_chains : by type of residue, those that have incomplete ones
    breaks : of the chains
    sequences : of the chains whose file gives a sequence
    """

    heavy: int
    neighbour_distance: float | None
    different_b: int
    zero_b: Chosen
    negative_b: Chosen
    high_b: Chosen
    unoccupied: Chosen
    over_occupied: Chosen
    uneven_alternatives: Chosen
    with_hydrogens: Indices
    without_hydrogens: Indices
    unknown: Indices
    polymer_residues: int
    undefined: Indices
    duplicates: Chosen
    too_close: Chosen
    outside: Chosen
    on_faces: Chosen
    side_chains: tuple[SideChains, ...]
    breaks: tuple[Break, ...]
    sequences: tuple[SequenceGap, ...]

    @property
    def unoccupied_share(self) -> float | None:
        """Of the atoms that are no hydrogens those of occupancy 0 or less, in %."""
        if not self.heavy:
            return None
        return 100 * int(np.count_nonzero(self.unoccupied)) / self.heavy

    @property
    def unknown_share(self) -> float | None:
        """Of the polymers' residues, in %; None without any."""
        if not self.polymer_residues:
            return None
        return 100 * len(self.unknown) / self.polymer_residues


def examine(
    model: AtomicModel,
    places: NDArray[np.float64],
    box: ArrayLike,
    sequences: Mapping[str, Sequence[str]],
) -> ModelRecordFindings:
    """Look through a model.

    Parameters
    ----------
    model : n atoms
    places : float64 array, shape (n, 3), indices of voxels along z, y, x (`AtomicModel.indices`)
    box : voxels of the map along z, y, x
    sequences : names of the residues of chains, by the chain's label, several names at one place
        with commas between them
    """
    b, occupancy = model.atoms.b_factors, model.atoms.occupancies
    heavy = ~model.hydrogens
    last = np.subtract(box, 1)
    of = model.residues
    polymers = of.of(*POLYMERS)
    outside = ((places < 0) | (places > last)).any(axis=1)
    with_hydrogens, without_hydrogens = _hydrogens(model, polymers)
    ligand = of.of(Kind.LIGAND, Kind.ION)
    of_polymers = heavy & polymers[model.residue]
    return ModelRecordFindings(
        heavy=int(np.count_nonzero(heavy)),
        neighbour_distance=spacing(model),
        different_b=len(np.unique(b[of_polymers if of_polymers.any() else heavy])),
        zero_b=heavy & (b == 0),
        negative_b=heavy & (b < 0),
        high_b=heavy & (b > HIGH_B),
        unoccupied=heavy & (occupancy <= 0),
        over_occupied=occupancy > 1,
        uneven_alternatives=_uneven(model),
        with_hydrogens=with_hydrogens,
        without_hydrogens=without_hydrogens,
        unknown=np.flatnonzero(polymers & np.isin(of.names, _UNKNOWN_RESIDUES)),
        polymer_residues=int(np.count_nonzero(polymers)),
        undefined=np.flatnonzero(ligand & np.isin(of.names, sorted(_WITHOUT_DEFINITION))),
        duplicates=_duplicates(model),
        too_close=_too_close(model),
        outside=outside,
        on_faces=((places < 1) | (places > last - 1)).any(axis=1) & ~outside,
        side_chains=_side_chains(model),
        breaks=tuple(breaks(model)),
        sequences=tuple(_sequences(model, sequences)),
    )


def _hydrogens(model: AtomicModel, polymers: Chosen) -> tuple[Indices, Indices]:
    """The residues of polymers that have hydrogens, and those that have none."""
    has = np.zeros(len(model.residues), np.bool_)
    has[model.residue[model.hydrogens]] = True
    return np.flatnonzero(polymers & has), np.flatnonzero(polymers & ~has)


def _uneven(model: AtomicModel) -> Chosen:
    """The atoms whose alternative conformations do not sum to 1."""
    uneven = np.zeros(len(model), np.bool_)
    chosen = np.flatnonzero(model.altlocs != "")
    if not chosen.size:
        return uneven
    _, name = np.unique(model.names[chosen], return_inverse=True)
    _, site = np.unique(np.column_stack((model.residue[chosen], name)), axis=0, return_inverse=True)
    total = np.bincount(site.ravel(), model.atoms.occupancies[chosen])
    uneven[chosen] = np.abs(total - 1)[site.ravel()] > _SUM_TOLERANCE
    return uneven


def _duplicates(model: AtomicModel) -> Chosen:
    """The atoms that are called as one before them is."""
    of, residue = model.residues, model.residue
    texts = (of.insertions[residue], of.names[residue], model.names, model.altlocs)
    codes = [np.unique(text, return_inverse=True)[1].ravel() for text in texts]
    keys = np.column_stack((of.chains[residue], of.numbers[residue], *codes))
    _, first = np.unique(keys, axis=0, return_index=True)
    repeated = np.ones(len(model), np.bool_)
    repeated[first] = False
    return repeated


def _too_close(model: AtomicModel) -> Chosen:
    """The atoms that are nearer to another one than any two can be."""
    from scipy.spatial import cKDTree  # slow to load

    close = np.zeros(len(model), np.bool_)
    there = np.flatnonzero(model.atoms.occupancies > 0)
    if there.size < 2:
        return close
    positions, altlocs = model.atoms.positions[there], model.altlocs[there]
    count = min(_NEIGHBOURS, there.size)
    distance, other = cKDTree(positions).query(positions, k=count, distance_upper_bound=TOO_CLOSE)
    found = np.isfinite(distance) & (other != np.arange(there.size)[:, np.newaxis])
    here, neighbour = altlocs[:, np.newaxis], altlocs[np.where(found, other, 0)]
    alternative = (here != neighbour) & (here != "") & (neighbour != "")
    close[there] = (found & ~alternative).any(axis=1)
    return close


def _side_chains(model: AtomicModel) -> tuple[SideChains, ...]:
    """The types of residues of which side chains are incomplete, as they are in the file."""
    of, heavy = model.residues, ~model.hydrogens
    pairs = {
        (int(residue), str(name))
        for residue, name in zip(model.residue[heavy], model.names[heavy], strict=True)
    }
    counts, incomplete, missing = Counter[str](), Counter[str](), Counter[str]()
    for residue in np.flatnonzero(of.kinds == Kind.PROTEIN.value).tolist():
        name = str(of.names[residue])
        lacking = sum((residue, atom) not in pairs for atom in SIDE_CHAINS.get(name, ()))
        counts[name] += 1
        incomplete[name] += lacking > 0
        missing[name] += lacking
    return tuple(
        SideChains(name, counts[name], incomplete[name], missing[name])
        for name in sorted(counts)
        if incomplete[name]
    )


def _sequences(model: AtomicModel, sequences: Mapping[str, Sequence[str]]) -> list[SequenceGap]:
    of, found = model.residues, []
    for chain, label in enumerate(model.chains.labels.tolist()):
        sequence = sequences.get(label, ())
        if not sequence:
            continue
        residues = np.flatnonzero((of.chains == chain) & (of.positions > 0))
        places = of.positions[residues]
        within = places <= len(sequence)
        other = [
            residue
            for residue, place in zip(residues[within].tolist(), places[within], strict=True)
            if of.names[residue] not in sequence[place - 1].split(",")
        ]
        absent = len(sequence) - len(np.unique(places[within]))
        found.append(SequenceGap(chain, len(sequence), absent, np.array(other, np.intp)))
    return found
