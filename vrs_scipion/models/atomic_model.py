"""An atomic model as arrays: its atoms, in residues, in chains.

Coordinates are x, y, z in Å as in model files; indices of voxels are z, y, x as in maps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import Any, TypeVar

import gemmi
import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.models.atoms import Atoms, Coordinates, atoms_from_sites
from vrs_scipion.models.kinds import Kind, kind_of
from vrs_scipion.models.labels import Labels, Names

Indices = NDArray[np.intp]
Chosen = NDArray[np.bool_]

_Part = TypeVar("_Part")

_HYDROGENS = ("H", "D", "T")
_UNKNOWN = "X"


def _among(found: Names, kinds: Iterable[Kind]) -> Chosen:
    chosen: Chosen = np.isin(found, [kind.value for kind in kinds])
    return chosen


@dataclass(frozen=True)
class Residues:
    """m residues, in the order of the file.

    Attributes
    ----------
    names, insertions : str arrays, shape (m,), e.g. 'ALA', and codes of insertion ('' for none)
    numbers : int64 array, shape (m,), as the authors count
    kinds : str array, shape (m,), values of ``Kind``
    chains : intp array, shape (m,), index of the chain
    positions : int64 array, shape (m,), in the sequence of the entity, from 1; 0 where unknown
    """

    names: Names
    insertions: Names
    numbers: NDArray[np.int64]
    kinds: Names
    chains: Indices
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)

    def of(self, *kinds: Kind) -> Chosen:
        """The residues of some kinds, bool, shape (m,)."""
        return _among(self.kinds, kinds)


@dataclass(frozen=True)
class Chains:
    """k chains: each polymer, each ligand and the waters beside them have one of their own.

    Attributes
    ----------
    labels : str array, shape (k,), all different (label_asym_id of mmCIF)
    names : str array, shape (k,), what the authors call them: ligands share it with their polymer
    entities : str array, shape (k,)
    kinds : str array, shape (k,), of most residues of each
    """

    labels: Names
    names: Names
    entities: Names
    kinds: Names

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, *kinds: Kind) -> Chosen:
        """The chains of some kinds, bool, shape (k,)."""
        return _among(self.kinds, kinds)


@dataclass(frozen=True)
class AtomicModel:
    """A model of n atoms in m residues in k chains.

    Attributes
    ----------
    atoms : positions (x, y, z in Å, in the frame in which the map's header places the map),
        elements, isotropic B-factors, occupancies and labels; alternative conformations are all
        there, hydrogens too
    anisotropic : float32 array, shape (n, 6), U11, U22, U33, U12, U13, U23 in Å²; 0 where the atom
        has an isotropic B-factor alone
    residue : intp array, shape (n,), index of the residue of each atom, not decreasing
    residues, chains : what they are
    """

    atoms: Atoms
    anisotropic: NDArray[np.float32]
    residue: Indices
    residues: Residues
    chains: Chains

    def __len__(self) -> int:
        return len(self.atoms)

    @property
    def chain(self) -> Indices:
        """Index of the chain of each atom, shape (n,)."""
        return self.residues.chains[self.residue]

    @property
    def kinds(self) -> Names:
        """Kind of the residue of each atom, shape (n,)."""
        return self.residues.kinds[self.residue]

    def of(self, *kinds: Kind) -> Chosen:
        """The atoms of residues of some kinds, bool, shape (n,)."""
        return self.residues.of(*kinds)[self.residue]

    @cached_property
    def names(self) -> Names:
        """Names of the atoms, shape (n,)."""
        assert self.atoms.labels is not None
        return self.atoms.labels.names

    @cached_property
    def altlocs(self) -> Names:
        """Labels of the alternative conformations, shape (n,), '' for none."""
        assert self.atoms.labels is not None
        return self.atoms.labels.altlocs

    @cached_property
    def hydrogens(self) -> Chosen:
        """Hydrogens and deuteriums, bool, shape (n,)."""
        chosen: Chosen = np.isin(np.array(self.atoms.elements, np.str_), _HYDROGENS)
        return chosen

    @property
    def scored(self) -> Chosen:
        """The atoms that are given scores: no hydrogens, none of occupancy 0; bool, shape (n,)."""
        return ~self.hydrogens & (self.atoms.occupancies > 0)

    @cached_property
    def main_conformers(self) -> Chosen:
        """Of alternative conformations those of the highest occupancy, and all that have none.

        Where several of a residue are occupied alike, the first label counts. Bool, shape (n,).
        """
        chosen: Chosen = self.altlocs == ""
        if chosen.all():
            return chosen
        others = np.flatnonzero(~chosen)
        order = others[
            np.lexsort(
                (self.altlocs[others], -self.atoms.occupancies[others], self.residue[others])
            )
        ]
        first = np.r_[True, np.diff(self.residue[order]) != 0]
        label = np.full(len(self.residues), "", self.altlocs.dtype)
        label[self.residue[order][first]] = self.altlocs[order][first]
        chosen |= self.altlocs == label[self.residue]
        return chosen

    def first_atoms(self, name: str) -> Indices:
        """Index of the atom of a name in each residue, in its main conformation; −1 without one.

        Returns
        -------
        intp array, shape (m,)
        """
        found = np.full(len(self.residues), -1, np.intp)
        named = np.flatnonzero((self.names == name) & self.main_conformers)[::-1]
        found[self.residue[named]] = named
        return found

    def indices(self, start: ArrayLike, voxel_size: ArrayLike) -> NDArray[np.float64]:
        """Where the atoms lie on a grid: index of the voxel along z, y, x, with its fraction.

        Parameters
        ----------
        start : where voxel 0 lies, z, y, x in Å (`Entry.start`)
        voxel_size : Å along z, y, x

        Returns
        -------
        float64 array, shape (n, 3)
        """
        return indices(self.atoms.positions, start, voxel_size)

    def residue_words(self, number: int) -> str:
        """What to call a residue, e.g. 'A/ALA 17'."""
        of = self.residues
        name = self.chains.names[of.chains[number]]
        return f"{name}/{of.names[number]} {of.numbers[number]}{of.insertions[number]}"


def indices(positions: Coordinates, start: ArrayLike, voxel_size: ArrayLike) -> Coordinates:
    """Positions x, y, z in Å, shape (n, 3), as indices of voxels along z, y, x, with fractions."""
    zyx = positions[:, ::-1] - np.asarray(start, np.float64)
    return zyx / np.asarray(voxel_size, np.float64)


@dataclass(frozen=True)
class Taken:
    """The arrays of a model, and what had to be left out or guessed.

    Attributes
    ----------
    model : the atoms that have a position
    without_position : how many had none that is a finite number
    guessed : how many had no element; it was taken from their names, or is carbon
    """

    model: AtomicModel
    without_position: int
    guessed: int


def arrays_of(structure: gemmi.Structure) -> Taken:
    """The first model of a structure as arrays.

    Positions in the sequences are assigned in the structure where the file gives none.

    Parameters
    ----------
    structure : with entities that are told apart, as ``read_model`` leaves it

    Raises
    ------
    ValueError
        If no atom has a position.
    """
    structure.assign_label_seq_id()
    every = list(structure[0].all())
    guessed = sum(_give_element(site) for site in every)
    atoms = atoms_from_sites(every)
    placed = np.isfinite(atoms.positions).all(axis=1)
    if not placed.any():
        raise ValueError("none of its atoms has a position")
    sites = list(compress(every, placed))
    residue, found = _residues(sites)
    residues, chains = _tables(found, structure)
    model = AtomicModel(atoms.selected(placed), _anisotropic(sites), residue, residues, chains)
    return Taken(model, int(np.count_nonzero(~placed)), guessed)


def _give_element(site: gemmi.CRA) -> bool:
    """Give an atom that has none an element by its name; whether it had none."""
    if site.atom.element.name != _UNKNOWN:
        return False
    letters = "".join(c for c in site.atom.name.upper() if c.isalpha())
    alone = len(site.residue) == 1 and letters == site.residue.name.upper()
    named = (letters, letters[:1]) if alone else (letters[:1],)
    found = (gemmi.Element(name) for name in named if name)
    known = (element for element in found if element.name != _UNKNOWN)
    site.atom.element = next(known, gemmi.Element("C"))
    return True


_Residue = tuple[gemmi.Chain, gemmi.Residue]


def _residues(sites: Iterable[gemmi.CRA]) -> tuple[Indices, list[_Residue]]:
    """The residue of each atom, and the residues."""
    index, found = [], []
    last = None
    for site in sites:
        of = site.residue
        key = (site.chain.name, of.subchain, of.seqid.num, of.seqid.icode, of.name)
        if key != last:
            found.append((site.chain, of))
            last = key
        index.append(len(found) - 1)
    return np.array(index, np.intp), found


def _tables(found: list[_Residue], structure: gemmi.Structure) -> tuple[Residues, Chains]:
    """What the residues are, and their chains."""
    entities = {name: entity for entity in structure.entities for name in entity.subchains}
    polymers = {name: entity.polymer_type for name, entity in entities.items()}
    number: dict[tuple[str, str], int] = {}
    of_chain = [
        number.setdefault((residue.subchain or chain.name, chain.name), len(number))
        for chain, residue in found
    ]
    unknown = gemmi.PolymerType.Unknown
    kinds = [kind_of(residue, polymers.get(residue.subchain, unknown)) for _, residue in found]
    residues = Residues(
        names=np.array([residue.name for _, residue in found], np.str_),
        insertions=np.array([residue.seqid.icode.strip() for _, residue in found], np.str_),
        numbers=np.array([residue.seqid.num or 0 for _, residue in found], np.int64),
        kinds=np.array([kind.value for kind in kinds], np.str_),
        chains=np.array(of_chain, np.intp),
        positions=np.array([residue.label_seq or 0 for _, residue in found], np.int64),
    )
    counts = [Counter[str]() for _ in number]
    for chain_number, kind in zip(of_chain, kinds, strict=True):
        counts[chain_number][kind.value] += 1
    named = [entities.get(label) for label, _ in number]
    chains = Chains(
        labels=np.array([label for label, _ in number], np.str_),
        names=np.array([name for _, name in number], np.str_),
        entities=np.array([entity.name if entity else "" for entity in named], np.str_),
        kinds=np.array([count.most_common(1)[0][0] for count in counts], np.str_),
    )
    return residues, chains


def _anisotropic(sites: list[gemmi.CRA]) -> NDArray[np.float32]:
    """Anisotropic displacements of the atoms, shape (n, 6), in Å²."""
    tensors = np.zeros((len(sites), 6), np.float32)
    for number, site in enumerate(sites):
        if site.atom.aniso.nonzero():
            tensors[number] = site.atom.aniso.elements_pdb()
    return tensors


def save_arrays(model: AtomicModel, path: Path) -> None:
    """Write a model to a ``.npz`` file that ``load_arrays`` reads."""
    labels = model.atoms.labels
    assert labels is not None
    parts: dict[str, Any] = {"labels": labels, "residues": model.residues, "chains": model.chains}
    arrays = {
        f"{part}_{field.name}": getattr(of, field.name)
        for part, of in parts.items()
        for field in fields(of)
    }
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            positions=model.atoms.positions,
            elements=np.array(model.atoms.elements, np.str_),
            b_factors=model.atoms.b_factors,
            occupancies=model.atoms.occupancies,
            anisotropic=model.anisotropic,
            residue=model.residue,
            **arrays,
        )


def load_arrays(path: Path) -> AtomicModel:
    """Read a model that ``save_arrays`` has written.

    Raises
    ------
    OSError, ValueError, KeyError
        If it is not there, or not such a file.
    """
    with np.load(path, allow_pickle=False) as stored:

        def part(name: str, kind: type[_Part]) -> _Part:
            return kind(**{field.name: stored[f"{name}_{field.name}"] for field in fields(kind)})  # type: ignore[arg-type]

        atoms = Atoms(
            positions=stored["positions"],
            elements=tuple(stored["elements"].tolist()),
            b_factors=stored["b_factors"],
            occupancies=stored["occupancies"],
            labels=part("labels", Labels),
        )
        return AtomicModel(
            atoms,
            stored["anisotropic"],
            stored["residue"],
            part("residues", Residues),
            part("chains", Chains),
        )
