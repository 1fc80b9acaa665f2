"""The record of a prepared atomic model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from vrs_scipion.entry.records import Fact, InputRecord, Lengths, SourceFile, triple
from vrs_scipion.models.kinds import Kind
from vrs_scipion.results.model import Record
from vrs_scipion.results.numbers import quantity

MODEL_SCHEMA: Literal["vrs-model/1"] = "vrs-model/1"

Position = tuple[float, float, float]
"""x, y, z in Å."""

_LISTED = 12


class KindCount(Record):
    """How many residues and atoms of a kind there are."""

    kind: Kind
    residues: int
    atoms: int


class LigandCount(Record):
    """How many there are of a ligand, ion or sugar, by the name of its residue."""

    name: str
    kind: Kind
    count: int


class ModelEntity(Record):
    """A molecule that the file describes, and the sequence that it gives for it.

    ``sequence`` are the names of the residues, several at one place with commas between them; ()
    where the file gives none. ``chains`` are the labels of its copies.
    """

    name: str
    kind: str
    polymer: str
    chains: tuple[str, ...]
    sequence: tuple[str, ...] = ()


class ModelRecord(InputRecord):
    """A prepared model: its first, of ``models``, is validated. Positions are x, y, z.

    ``atoms_file`` holds it as arrays, ``model_file`` everything that was read, both moved by
    ``offset``. ``start`` is where voxel 0 of the map lies (z, y, x), ``start_from`` says by what
    of the map's header. ``without_position`` atoms were left out, ``guessed_elements`` are those
    that had none. ``operators`` make further copies of what was deposited, which are not looked
    at; ``covered`` is the share of the map's mask within 3 Å of an atom, where that was of
    interest.
    """

    schema_version: Literal["vrs-model/1"] = Field(default=MODEL_SCHEMA, alias="schema")
    source: SourceFile
    format: str
    title: str = ""
    resolution: float | None = None
    model_file: str
    atoms_file: str
    models: int
    atoms: int
    residues: int
    chains: int
    hydrogens: int
    alternatives: int
    unoccupied: int
    without_position: int
    guessed_elements: int
    kinds: tuple[KindCount, ...]
    ligands: tuple[LigandCount, ...] = ()
    entities: tuple[ModelEntity, ...] = ()
    operators: int = 0
    covered: float | None = None
    offset: Position = (0.0, 0.0, 0.0)
    lowest: Position
    highest: Position
    start: Lengths
    start_from: str

    _counts: ClassVar[tuple[str, ...]] = ("offset",)

    @property
    def sources(self) -> tuple[SourceFile, ...]:
        return (self.source,)

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (
            Fact(label="File", value=self.source.name, kind="name"),
            *((Fact(label="Title", value=self.title, kind="name"),) if self.title else ()),
            Fact(label="SHA-256", value=self.source.sha256, kind="code"),
            Fact(label="Format", value=self.format),
            Fact(label="Models in the file", value=f"{self.models:,}{self._first()}"),
            Fact(
                label="Atoms",
                value=f"{self.atoms:,} in {_counted(self.residues, 'residue')} and "
                f"{_counted(self.chains, 'chain')}",
            ),
            Fact(label="Residues by kind", value=self._kinds()),
            *((Fact(label="Ligands", value=self._ligands()),) if self.ligands else ()),
            Fact(label="Hydrogens", value=f"{self.hydrogens:,}"),
            Fact(label="Atoms of alternative conformations", value=f"{self.alternatives:,}"),
            Fact(label="Atoms of occupancy 0", value=f"{self.unoccupied:,}"),
            Fact(label="Resolution in its file", value=self._resolution()),
            Fact(label="Position", value=self._position()),
            *self._operators(),
            *(Fact(label="Note", value=note) for note in self.source.notes),
        )

    def _first(self) -> str:
        return "; the first is validated" if self.models > 1 else ""

    def _kinds(self) -> str:
        return ", ".join(f"{one.kind.value} {one.residues:,}" for one in self.kinds)

    def _ligands(self) -> str:
        named = [f"{one.count:,} {one.name}" for one in self.ligands]
        more = f" and {len(named) - _LISTED:,} more" if len(named) > _LISTED else ""
        return f"{', '.join(named[:_LISTED])}{more}"

    def _resolution(self) -> str:
        return "none given" if self.resolution is None else quantity(self.resolution, "Å")

    def _position(self) -> str:
        reach = ", ".join(
            f"{axis} {low:.1f} to {high:.1f}".replace("-", "−")
            for axis, low, high in zip("xyz", self.lowest, self.highest, strict=True)
        )
        moved, start = (
            said.replace("-", "−") for said in (triple(self.offset[::-1]), triple(self.start))
        )
        told = f", moved by {moved}\u00a0Å (x × y × z) as asked for" if any(self.offset) else ""
        return (
            f"{reach}\u00a0Å{told}; voxel 0 of the map at {start}\u00a0Å (x × y × z), "
            f"by {self.start_from}"
        )

    def _operators(self) -> Iterator[Fact]:
        if self.operators:
            yield Fact(
                label="Operators for further copies",
                value=f"{self.operators:,} in the file; they are not applied",
            )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
