"""From a model's file to its atoms as arrays, in the frame of the map."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import gemmi
import numpy as np

from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.input import Field, Input, Kind
from vrs_scipion.entry.record_model import (
    KindCount,
    LigandCount,
    ModelEntity,
    ModelRecord,
    Position,
)
from vrs_scipion.entry.records import Box, Lengths, SourceFile, triple
from vrs_scipion.entry.request import Request
from vrs_scipion.files import InputError, printable, save_model, written_whole
from vrs_scipion.folders import RECORD_FILE
from vrs_scipion.maps.masks import distance_from
from vrs_scipion.maps.placement import start, start_words
from vrs_scipion.models.atomic_model import AtomicModel, Taken, arrays_of, save_arrays
from vrs_scipion.models.kinds import Kind as ResidueKind
from vrs_scipion.models.reading import ModelError, model_of, read_content
from vrs_scipion.models.spacing import TOO_FAR, TOO_NEAR, spacing

NEAR = 3.0
"""Å from an atom to what it covers of a map."""

"""Å between an atom and its nearest one, in the middle: bonds are 1.2 to 1.5, Cα 3.8 apart."""
_ONE_COPY = 0.5
_SAME_PLACE = 1e-2
"""Voxels."""
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_OFFSET = re.compile(rf"\s*({_NUMBER})[\s,;]+({_NUMBER})[\s,;]+({_NUMBER})\s*")
_CARTESIAN = ("Cartn_x", "Cartn_y", "Cartn_z")


class Placed(Protocol):
    """The map that a model belongs to, inspected or prepared."""

    @property
    def box(self) -> Box: ...

    @property
    def voxel_size(self) -> Lengths: ...

    @property
    def nstart(self) -> Box: ...

    @property
    def origin(self) -> Lengths: ...


@dataclass(frozen=True)
class InspectedModel:
    """A model that can be validated, and what is odd about it.

    ``content`` is its file, decompressed; ``taken`` its atoms, moved by ``offset``.
    """

    request: Request
    path: Path
    content: bytes
    structure: gemmi.Structure
    taken: Taken
    offset: Position
    warnings: tuple[str, ...]


def inspect_model(request: Request, before: Mapping[str, Any]) -> InspectedModel:
    """Read a model and refuse what is none. Writes nothing.

    ``before`` has the map that it belongs to, of which box, voxel size and place are needed.

    Raises
    ------
    InputError
        one sentence that names the file, what is wrong and what to do.
    """
    path = request.path("model")
    if path is None:
        raise InputError("model", "give the model's file")
    offset = _offset(request)
    content = read_content(path)
    structure = model_of(path, content)
    try:
        taken = arrays_of(structure)
    except ValueError as error:
        raise ModelError(path, f"{error}; give an atomic model, PDB or mmCIF") from error
    atoms = taken.model.atoms.translated(offset)
    taken = replace(taken, model=replace(taken.model, atoms=atoms))
    whole: Placed = getattr(before["map"], "density", before["map"])
    warnings = tuple(_oddities(taken.model, whole))
    return InspectedModel(request, path, content, structure, taken, offset, warnings)


def prepare_model(inspected: InspectedModel, entry: Entry, folder: Path) -> ModelRecord:
    """Write the model as mmCIF and as arrays and, last, its record into ``folder``."""
    structure, taken, request = inspected.structure, inspected.taken, inspected.request
    model = taken.model
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / "model.cif") as unfinished:
        _write_mmcif(inspected, unfinished)
    with written_whole(folder / "atoms.npz") as unfinished:
        save_arrays(model, unfinished)
    operators = _operators(structure)
    covered = _covered(model, entry) if operators else None
    positions = model.atoms.positions
    record = ModelRecord(
        given=request.as_given(one.key for one in MODEL.fields if one.offered),
        warnings=(*inspected.warnings, *_about_copies(operators, covered)),
        source=SourceFile.of(inspected.path, tuple(_notes(inspected))),
        format=_format(structure),
        title=printable(" ".join(structure.info["_struct.title"].split()))
        if "_struct.title" in structure.info
        else "",
        resolution=structure.resolution or None,
        model_file="model.cif",
        atoms_file="atoms.npz",
        models=len(structure),
        atoms=len(model),
        residues=len(model.residues),
        chains=len(model.chains),
        hydrogens=int(np.count_nonzero(model.hydrogens)),
        alternatives=int(np.count_nonzero(model.altlocs != "")),
        unoccupied=int(np.count_nonzero(model.atoms.occupancies <= 0)),
        without_position=taken.without_position,
        guessed_elements=taken.guessed,
        kinds=_kinds(model),
        ligands=_ligands(model),
        entities=_entities(structure),
        operators=operators,
        covered=covered,
        offset=inspected.offset,
        lowest=_xyz(positions.min(axis=0)),
        highest=_xyz(positions.max(axis=0)),
        start=entry.start,
        start_from=start_words(entry.map),
    )
    save_model(record, folder / RECORD_FILE)
    return record


def _offset(request: Request) -> Position:
    said = request.text("model_offset")
    if not said:
        return 0.0, 0.0, 0.0
    written = _OFFSET.fullmatch(said)
    if written is None:
        raise InputError(
            "--model-offset",
            f"{said[:40]!r} is no shift; give three numbers in Å along x, y and z, such as "
            "10.5,0,-3",
        )
    x, y, z = map(float, written.groups())
    return x, y, z


def _oddities(model: AtomicModel, whole: Placed) -> Iterator[str]:
    """What is odd about where the atoms lie, in words."""
    yield from _about_header(whole)
    apart = spacing(model)
    if apart is not None and apart < TOO_NEAR:
        yield (
            f"The nearest neighbour of an atom of the model is {apart:.2g} Å away: are its "
            "coordinates in nanometres? They have to be in Å, ten times as large."
        )
    elif apart is not None and apart > TOO_FAR:
        yield (
            f"The nearest neighbour of an atom of the model is {apart:.3g} Å away: its "
            "coordinates are too large for Å."
        )
    places = model.indices(start(whole), whole.voxel_size)
    outside = ((places < 0) | (places > np.subtract(whole.box, 1))).any(axis=1)
    if outside.all():
        low, high = (triple(end) for end in (places.min(axis=0), places.max(axis=0)))
        yield (
            f"The whole model lies outside of the map's box: its atoms would be at voxels {low} to "
            f"{high} (x × y × z) of {triple(whole.box)}. What is measured of the map at its atoms "
            "says nothing then. Is it the model of this map, and does the map's header say where "
            "the map lies?"
        )
    if not (model.atoms.occupancies > 0).any():
        yield "All occupancies of the model are 0: no atom of it counts."


def _about_header(whole: Placed) -> Iterator[str]:
    """That two parts of the map's header place it differently."""
    by_index = [n * s for n, s in zip(whole.nstart, whole.voxel_size, strict=True)]
    apart = max(abs(a - b) for a, b in zip(by_index, whole.origin, strict=True))
    both = any(whole.nstart) and any(whole.origin)
    if both and apart > _SAME_PLACE * max(whole.voxel_size):
        yield (
            f"The map's header places it twice: its ORIGIN at {triple(whole.origin)} Å, its first "
            f"voxel at {triple(by_index)} Å (x × y × z). ORIGIN counts here."
        )


def _operators(structure: gemmi.Structure) -> int:
    """How many copies of what was deposited the file speaks of, beside it."""
    related = sum(not (one.given or one.tr.is_identity()) for one in structure.ncs)
    assemblies = (
        sum(len(generator.operators) for generator in assembly.generators)
        for assembly in structure.assemblies
    )
    return max(related, max(assemblies, default=1) - 1)


def _covered(model: AtomicModel, entry: Entry) -> float:
    """Share of the map's hard mask that lies near an atom."""
    mask = entry.hard_mask()
    nearest = np.rint(model.indices(entry.start, entry.voxel_size)[model.scored]).astype(np.int64)
    inside = ((nearest >= 0) & (nearest < mask.shape)).all(axis=1)
    atoms = np.zeros_like(mask)
    atoms[tuple(nearest[inside].T)] = True
    if not atoms.any():
        return 0.0
    near = distance_from(atoms, entry.voxel_size, NEAR) <= NEAR
    return float(np.mean(near[mask]))


def _about_copies(operators: int, covered: float | None) -> Iterator[str]:
    if covered is not None and covered < _ONE_COPY:
        copies = "another copy" if operators == 1 else f"{operators:,} further copies"
        yield (
            f"The model covers {covered:.0%} of the molecule at the contour level, and its file "
            f"has operators for {copies}, which are not applied: it may be one part of what the "
            "map shows. Give the whole assembly where that was built."
        )


def _notes(inspected: InspectedModel) -> Iterator[str]:
    taken, structure = inspected.taken, inspected.structure
    if len(structure) > 1:
        yield f"Of its {len(structure):,} models the first is validated."
    if taken.without_position:
        yield (
            f"Atoms whose position is no number, left out: {taken.without_position:,} of "
            f"{taken.without_position + len(taken.model):,}."
        )
    if taken.guessed:
        yield (
            f"Atoms without an element: {taken.guessed:,}. It was taken from their names, carbon "
            "where these say nothing."
        )


def _format(structure: gemmi.Structure) -> str:
    return {gemmi.CoorFormat.Pdb: "PDB", gemmi.CoorFormat.Mmjson: "mmJSON"}.get(
        structure.input_format, "mmCIF"
    )


def _kinds(model: AtomicModel) -> tuple[KindCount, ...]:
    residues, atoms = Counter(model.residues.kinds.tolist()), Counter(model.kinds.tolist())
    return tuple(
        KindCount(kind=kind, residues=residues[kind.value], atoms=atoms[kind.value])
        for kind in ResidueKind
        if residues[kind.value]
    )


def _ligands(model: AtomicModel) -> tuple[LigandCount, ...]:
    """Everything but polymers and water, the most frequent first."""
    wanted = (ResidueKind.LIGAND, ResidueKind.GLYCAN, ResidueKind.ION)
    chosen = model.residues.of(*wanted)
    found = zip(
        model.residues.names[chosen].tolist(), model.residues.kinds[chosen].tolist(), strict=True
    )
    return tuple(
        LigandCount(name=name, kind=ResidueKind(kind), count=count)
        for (name, kind), count in sorted(Counter(found).items(), key=lambda one: (-one[1], one[0]))
    )


def _entities(structure: gemmi.Structure) -> tuple[ModelEntity, ...]:
    return tuple(
        ModelEntity(
            name=one.name,
            kind=one.entity_type.name.lower(),
            polymer=one.polymer_type.name if one.entity_type == gemmi.EntityType.Polymer else "",
            chains=tuple(one.subchains),
            sequence=tuple(one.full_sequence),
        )
        for one in structure.entities
    )


def _write_mmcif(inspected: InspectedModel, path: Path) -> None:
    """Everything that was read, as mmCIF: the file itself where it is one."""
    structure, offset = inspected.structure, inspected.offset
    if structure.input_format != gemmi.CoorFormat.Mmcif:
        moved = structure.clone()
        for site in (site for model in moved for site in model.all()):
            site.atom.pos += gemmi.Position(*offset)
        moved.make_mmcif_document().write_file(str(path))
    elif any(offset):
        _moved(gemmi.cif.read_string(inspected.content), offset).write_file(str(path))
    else:
        path.write_bytes(inspected.content)


def _moved(document: gemmi.cif.Document, offset: Position) -> gemmi.cif.Document:
    """The document with all coordinates of atoms moved, and nothing else changed."""
    for block in document:
        for name, shift in zip(_CARTESIAN, offset, strict=True):
            column = block.find_loop(f"_atom_site.{name}")
            for row, text in enumerate(column):
                value = gemmi.cif.as_number(text)
                if math.isfinite(value):
                    column[row] = f"{value + shift:.3f}"
    return document


def _xyz(values: Any) -> Position:
    x, y, z = (float(value) for value in values)
    return x, y, z


MODEL = Input(
    key="model",
    title="Atomic model",
    noun="the atomic model",
    fields=(
        Field(
            "model",
            Kind.PATH,
            "Atomic model",
            "That was built into the map: PDB or mmCIF, plain or gzipped. It is validated where it "
            "lies, and never moved.",
            besides="Or an entry of the PDB such as 5NI1.",
            metavar="FILE",
            required=True,
        ),
        Field(
            "model_offset",
            Kind.TEXT,
            "Shift of the model",
            "Three numbers in Å along x, y and z that are added to its coordinates, where it lies "
            "beside the map by a known shift.",
            metavar="X,Y,Z",
        ),
    ),
    inspect=inspect_model,
    prepare=prepare_model,
    after=("map",),
)
