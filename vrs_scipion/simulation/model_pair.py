"""A model beside its map, both about to be made, and the residues of the model as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import gemmi
import numpy as np

from vrs_scipion.maps.density import Triple
from vrs_scipion.models.atoms import Atoms, Coordinates
from vrs_scipion.models.drawing import Box

MAIN_CHAIN = ("N", "CA", "C", "O", "OXT")
BACKBONE = ("N", "CA", "C")


@dataclass(frozen=True)
class Pair:
    """A model as its authors would deposit it, and what their map shows.

    Attributes
    ----------
    model : of one model, in the map's frame, where voxel 0 is at 0, 0, 0
    drawn : the atoms that the map is drawn of, in the same frame
    box, voxel_size : of the map, along z, y, x; voxels, Å
    generator : of everything random
    where : chains or residues that the last change was made to, as 'A' or 'A/ALA 17'; none where it
        was made to all
    """

    model: gemmi.Structure
    drawn: Atoms
    box: Box
    voxel_size: Triple
    generator: np.random.Generator
    where: tuple[str, ...] = ()

    @property
    def side(self) -> Coordinates:
        """Å from the first voxel to the last, along x, y and z."""
        return np.array([(n - 1) * s for n, s in zip(self.box, self.voxel_size, strict=True)][::-1])

    @property
    def positions(self) -> Coordinates:
        """Of the model's atoms, float64 array, shape (n, 3), x, y, z in Å."""
        return np.array([site.atom.pos.tolist() for site in self.model[0].all()])

    def moved(self, change: Callable[[Coordinates], Coordinates]) -> Pair:
        """The model's atoms at other positions, which follow from theirs."""
        return self.moved_to(change(self.positions))

    def moved_to(self, positions: Coordinates) -> Pair:
        """The model's atoms at other positions."""
        for site, position in zip(self.model[0].all(), positions.tolist(), strict=True):
            site.atom.pos = gemmi.Position(*position)
        return self

    def at(self, where: Iterable[str]) -> Pair:
        """The same, with the places of the last change."""
        return replace(self, where=tuple(where))


@dataclass(frozen=True)
class Place:
    """An amino acid of the model that has its backbone, and the name of its chain."""

    chain: str
    residue: gemmi.Residue

    @property
    def words(self) -> str:
        """What it is called, e.g. 'A/ALA 17'."""
        return f"{self.chain}/{self.residue.name} {self.residue.seqid}"

    @property
    def backbone(self) -> Coordinates:
        """N, CA and C, float64 array, shape (3, 3)."""
        return np.array([self.residue.find_atom(n, "*").pos.tolist() for n in BACKBONE])

    def put(self, name: str, position: Coordinates) -> None:
        """Move an atom, if it is there."""
        if atom := self.residue.find_atom(name, "*"):
            atom.pos = gemmi.Position(*position.tolist())


def proteins(model: gemmi.Structure) -> Iterator[list[Place]]:
    """The amino acids of each chain that has any, in order."""
    for chain in model[0]:
        if places := [Place(chain.name, residue) for residue in chain if has_backbone(residue)]:
            yield places


def has_backbone(residue: gemmi.Residue) -> bool:
    """Whether N, CA and C are there."""
    return all(residue.find_atom(name, "*") for name in BACKBONE)


def keep_atoms(residue: gemmi.Residue, kept: Callable[[gemmi.Atom], bool]) -> None:
    """Delete the atoms of a residue that are not to be kept."""
    for index in reversed(range(len(residue))):
        if not kept(residue[index]):
            del residue[index]


def frame(backbone: Coordinates) -> Coordinates:
    """The axes of a residue, as columns of a rotation matrix, from its N, CA and C."""
    n, ca, c = backbone
    first = _unit(c - ca)
    third = _unit(np.cross(first, n - ca))
    return np.column_stack((first, np.cross(third, first), third))


def carried(positions: Coordinates, source: Coordinates, target: Coordinates) -> Coordinates:
    """Positions, shape (n, 3), moved as one backbone, N, CA and C, moves onto another."""
    turn = frame(target) @ frame(source).T
    return np.asarray((positions - source[1]) @ turn.T + target[1])


def _unit(vector: Coordinates) -> Coordinates:
    return np.asarray(vector / np.linalg.norm(vector))


def listed(places: Sequence[Place]) -> list[str]:
    """What places are called."""
    return [place.words for place in places]
