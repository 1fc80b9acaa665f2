"""Which atoms are bound: by name where chemistry knows the residue, by distance elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import gemmi
import numpy as np
from numpy.typing import NDArray

from vrs_scipion.models.atomic_model import AtomicModel, Chosen, Indices
from vrs_scipion.models.geometry import Reals, distances, near_pairs
from vrs_scipion.models.kinds import Kind

Pairs = NDArray[np.intp]
"""Indices of atoms, shape (p, 2)."""

_PEPTIDE = "N-CA-C-O C-OXT CA-CB"
_SIDE_CHAINS = {
    "ALA": "",
    "ARG": "CB-CG-CD-NE-CZ-NH1 CZ-NH2",
    "ASN": "CB-CG-OD1 CG-ND2",
    "ASP": "CB-CG-OD1 CG-OD2",
    "CYS": "CB-SG",
    "GLN": "CB-CG-CD-OE1 CD-NE2",
    "GLU": "CB-CG-CD-OE1 CD-OE2",
    "GLY": "",
    "HIS": "CB-CG-ND1-CE1-NE2-CD2-CG",
    "ILE": "CB-CG1-CD1 CB-CG2",
    "LEU": "CB-CG-CD1 CG-CD2",
    "LYS": "CB-CG-CD-CE-NZ",
    "MET": "CB-CG-SD-CE",
    "MSE": "CB-CG-SE-CE",
    "PHE": "CB-CG-CD1-CE1-CZ-CE2-CD2-CG",
    "PRO": "CB-CG-CD-N",
    "SER": "CB-OG",
    "THR": "CB-OG1 CB-CG2",
    "TRP": "CB-CG-CD1-NE1-CE2-CZ2-CH2-CZ3-CE3-CD2-CG CD2-CE2",
    "TYR": "CB-CG-CD1-CE1-CZ-CE2-CD2-CG CZ-OH",
    "VAL": "CB-CG1 CB-CG2",
}
_NUCLEOTIDE = "OP1-P-O5'-C5'-C4'-C3'-C2'-C1'-O4'-C4' P-OP2 P-OP3 C3'-O3' C2'-O2'"
_PURINE = "C1'-N9-C8-N7-C5-C6-N1-C2-N3-C4-N9 C4-C5"
_PYRIMIDINE = "C1'-N1-C2-N3-C4-C5-C6-N1 C2-O2"
_BASES = {
    "A": f"{_PURINE} C6-N6",
    "C": f"{_PYRIMIDINE} C4-N4",
    "G": f"{_PURINE} C6-O6 C2-N2",
    "U": f"{_PYRIMIDINE} C4-O4",
    "DA": f"{_PURINE} C6-N6",
    "DC": f"{_PYRIMIDINE} C4-N4",
    "DG": f"{_PURINE} C6-O6 C2-N2",
    "DT": f"{_PYRIMIDINE} C4-O4 C5-C7",
}
_KNOWN = {
    **{name: f"{_PEPTIDE} {side}" for name, side in _SIDE_CHAINS.items()},
    **{name: f"{_NUCLEOTIDE} {base}" for name, base in _BASES.items()},
}
_LINKS = {Kind.PROTEIN: ("C", "N", 2.5), Kind.NUCLEIC: ("O3'", "P", 2.5)}
"""By the kind: the atoms that join a residue to the next one, and Å beyond which they do not."""
_DISULFIDE, _CROSS_LINK = 2.5, 1.6
_SLACK, _LARGEST = 0.4, 2.6
"""Å beyond the sum of covalent radii, and between any two bound atoms that are no metals."""


def bonds(model: AtomicModel, atoms: Indices) -> Pairs:
    """The bonds among some atoms of a model.

    Those of amino acids and nucleotides are known by the names of the atoms, whatever lies between
    them; the next residue of a chain is bound within 2.5 Å; cysteines within 2.5 Å, other nitrogens
    and carbons of two polymer residues within 1.6 Å (isopeptides, rings); anything else, as in
    ligands and sugars and between them and polymers, within 0.4 Å of the sum of the covalent radii.

    Parameters
    ----------
    model : n atoms
    atoms : intp array, shape (a,), indices, increasing: no two alternatives of one atom

    Returns
    -------
    intp array, shape (p, 2)
        Places in ``atoms``.
    """
    found = [*_within(model, atoms), *_to_the_next(model, atoms), _by_distance(model, atoms)]
    return np.concatenate([np.empty((0, 2), np.intp), *found])


class _Named:
    """Finds atoms by residue and name."""

    def __init__(self, model: AtomicModel, atoms: Indices) -> None:
        names, code = np.unique(model.names[atoms], return_inverse=True)
        self._codes = {name: place for place, name in enumerate(names.tolist())}
        keys = model.residue[atoms] * len(names) + code.ravel()
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def places(self, residues: Indices, name: str) -> Indices:
        """Places of the atoms of a name in residues; −1 where there is none."""
        code = self._codes.get(name)
        if code is None or not self._keys.size:
            return np.full(residues.size, -1, np.intp)
        wanted = residues * len(self._codes) + code
        place = np.minimum(np.searchsorted(self._keys, wanted), self._keys.size - 1)
        return np.where(self._keys[place] == wanted, self._order[place], -1)

    def pairs(self, residues: Indices, first: str, others: Indices, second: str) -> Pairs:
        """An atom of each residue with one of another, where both are there."""
        places = (self.places(residues, first), self.places(others, second))
        both: Pairs = np.column_stack(places)
        return np.asarray(both[(both >= 0).all(axis=1)])


def _within(model: AtomicModel, atoms: Indices) -> Iterator[Pairs]:
    """The bonds inside of residues that are known."""
    named = _Named(model, atoms)
    for residue, chains in _KNOWN.items():
        residues = np.flatnonzero(model.residues.names == residue)
        if not residues.size:
            continue
        for chain in chains.split():
            bound = chain.split("-")
            for first, second in pairwise(bound):
                yield named.pairs(residues, first, residues, second)


def _to_the_next(model: AtomicModel, atoms: Indices) -> Iterator[Pairs]:
    """The bonds that join residues of polymers."""
    named, of = _Named(model, atoms), model.residues
    for kind, (first, second, reach) in _LINKS.items():
        residues = np.flatnonzero(of.kinds == kind.value)
        before, after = residues[:-1], residues[1:]
        together = of.chains[before] == of.chains[after]
        pairs = named.pairs(before[together], first, after[together], second)
        yield pairs[_apart(model, atoms, pairs) < reach]


def _by_distance(model: AtomicModel, atoms: Indices) -> Pairs:
    """The bonds of residues that are not known by name, and those across chains."""
    positions = model.atoms.positions[atoms]
    near = near_pairs(positions, _LARGEST)
    elements = np.array(model.atoms.elements, np.str_)[atoms]
    residue = model.residue[atoms]
    known = _known(model, atoms)
    pairs = near[~(known[near].all(axis=1) & (residue[near[:, 0]] == residue[near[:, 1]]))]
    apart = _apart(model, atoms, pairs)
    both = np.sort(elements[pairs], axis=1)
    polymers = known[pairs].all(axis=1)
    disulfides = (both == ("S", "S")).all(axis=1) & (apart < _DISULFIDE)
    crossed = (both == ("C", "N")).all(axis=1) & (apart < _CROSS_LINK)
    reach = _covalent_radii(elements)[pairs].sum(axis=1) + _SLACK
    water = (model.kinds[atoms] == Kind.WATER.value)[pairs].any(axis=1)
    bound: Chosen = np.where(polymers, disulfides | crossed, (apart < reach) & ~water)
    return np.asarray(pairs[bound])


def _known(model: AtomicModel, atoms: Indices) -> Chosen:
    """Which atoms have a name that their residue's table knows; bool, shape (a,)."""
    known = np.zeros(atoms.size, np.bool_)
    names, of = model.names[atoms], model.residues.names[model.residue[atoms]]
    for residue, chains in _KNOWN.items():
        listed = sorted(set(chains.replace("-", " ").split()))
        chosen = np.flatnonzero(of == residue)
        known[chosen] = np.isin(names[chosen], listed)
    return known


def _apart(model: AtomicModel, atoms: Indices, pairs: Pairs) -> Reals:
    positions = model.atoms.positions[atoms]
    return distances(positions[pairs[:, 0]], positions[pairs[:, 1]])


def _covalent_radii(elements: NDArray[np.str_]) -> Reals:
    names, code = np.unique(elements, return_inverse=True)
    radii = np.array([gemmi.Element(name).covalent_r for name in names.tolist()], np.float64)
    return np.asarray(radii[code.ravel()])


def within_bonds(pairs: Pairs, count: int, of: Pairs, steps: int = 3) -> Chosen:
    """Which pairs of ``count`` atoms are joined by no more than so many bonds.

    Parameters
    ----------
    pairs : the bonds, shape (p, 2)
    count : atoms
    of : the pairs to tell, shape (q, 2)

    Returns
    -------
    bool array, shape (q,)
    """
    from scipy.sparse import csr_matrix, identity  # slow to load

    if not len(of):
        return np.zeros(0, np.bool_)
    both = np.concatenate((pairs, pairs[:, ::-1]))
    ones = np.ones(len(both), np.float32)
    one_step = csr_matrix((ones, (both[:, 0], both[:, 1])), shape=(count, count))
    one_step = one_step + identity(count, np.float32, "csr")
    reach = one_step
    for _ in range(steps - 1):
        reach = reach @ one_step
    joined: Chosen = np.asarray(reach[of[:, 0], of[:, 1]]).ravel() > 0
    return joined
