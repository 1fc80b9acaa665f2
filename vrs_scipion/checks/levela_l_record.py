"""A.l Model record: is what the model's file says of its atoms in order?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.references import WOJDYR_2022
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.methods.model_record import HIGH_B, TOO_CLOSE, ModelRecordFindings, examine
from vrs_scipion.models.atomic_model import AtomicModel, Chosen
from vrs_scipion.models.kinds import POLYMERS, Kind
from vrs_scipion.models.spacing import TOO_NEAR
from vrs_scipion.results import Column
from vrs_scipion.results.numbers import number, quantity

_COARSE = 5.0
"""Å beyond which one B-factor for all atoms is usual."""
_EXAMPLES = 3
_ROWS = 50


def read_record(task: Task) -> Findings:
    """Answer A.l."""
    found, entry = Findings(task), task.entry
    model = entry.model()
    seen = examine(model, model.indices(entry.start, entry.voxel_size), entry.box, _given(entry))
    lines = list(_lines(model, seen))
    _note(found, lines, seen)
    _tabulate(found, lines)
    _describe(found, model, seen)
    failed = _judge(found, model, seen)
    found.headline = (
        f"The model's file needs attention: {'; '.join(failed)}."
        if failed
        else "The model's file is in order: no atom is named twice, outside of the map's box or "
        "occupied more than once."
    )
    return found


def _given(entry: Entry) -> dict[str, Sequence[str]]:
    """The sequences that the file gives, by the labels of the chains."""
    return {
        chain: one.sequence
        for one in entry.model_record.entities
        for chain in one.chains
        if one.kind == "polymer"
    }


@dataclass(frozen=True)
class _Line:
    """A finding: how many there are, of how many, and which for example."""

    key: str
    words: str
    count: int
    total: int
    unit: str
    examples: str = ""


def _lines(model: AtomicModel, seen: ModelRecordFindings) -> Iterator[_Line]:
    """Everything that is counted, in the order of the table."""
    heavy = int(np.count_nonzero(~model.hydrogens))

    def atoms(key: str, words: str, chosen: Chosen, total: int) -> _Line:
        which = np.flatnonzero(chosen)
        named = [_atom_words(model, int(atom)) for atom in which[:_EXAMPLES]]
        return _Line(key, words, which.size, total, "atom", _listed(named, which.size))

    def residues(key: str, words: str, which: Any, total: int) -> _Line:
        named = [model.residue_words(int(one)) for one in which[:_EXAMPLES]]
        return _Line(key, words, len(which), total, "residue", _listed(named, len(which)))

    polymers = seen.polymer_residues
    yield atoms("outside", "Atoms outside of the map's box", seen.outside, len(model))
    yield atoms("on_faces", "Atoms within a voxel of its faces", seen.on_faces, len(model))
    yield atoms("duplicates", "Atoms named as another one", seen.duplicates, len(model))
    yield atoms("too_close", f"Atoms within {TOO_CLOSE:g} Å of another", seen.too_close, len(model))
    yield atoms("b_zero", "B-factors of 0", seen.zero_b, heavy)
    yield atoms("b_negative", "B-factors below 0", seen.negative_b, heavy)
    yield atoms("b_high", f"B-factors above {HIGH_B:g} Å²", seen.high_b, heavy)
    yield atoms("unoccupied", "Occupancies of 0", seen.unoccupied, heavy)
    yield atoms("over_occupied", "Occupancies above 1", seen.over_occupied, len(model))
    yield atoms(
        "uneven_alternatives",
        "Atoms whose alternative conformations do not sum to 1",
        seen.uneven_alternatives,
        int(np.count_nonzero(model.altlocs != "")),
    )
    partly = seen.without_hydrogens if len(seen.with_hydrogens) else ()
    yield residues(
        "without_hydrogens", "Residues without hydrogens where others have them", partly, polymers
    )
    yield residues("unknown_residues", "Residues of unknown type", seen.unknown, polymers)
    yield residues(
        "undefined_ligands",
        "Ligands without a known definition",
        seen.undefined,
        int(np.count_nonzero(model.residues.of(Kind.LIGAND, Kind.ION))),
    )
    incomplete = sum(one.incomplete for one in seen.side_chains)
    named = [f"{one.name} {one.incomplete:,}" for one in seen.side_chains[:_EXAMPLES]]
    yield _Line(
        "incomplete_side_chains",
        "Side chains that lack atoms",
        incomplete,
        polymers,
        "residue",
        _listed(named, len(seen.side_chains)),
    )
    before = np.array([one.before for one in seen.breaks], np.intp)
    yield residues("chain_breaks", "Breaks of chains, after", before, polymers)
    absent = sum(one.absent for one in seen.sequences)
    length = sum(one.length for one in seen.sequences)
    yield _Line(
        "residues_absent", "Residues of the sequences without an atom", absent, length, "residue"
    )
    differing = np.concatenate([np.empty(0, np.intp), *(one.differing for one in seen.sequences)])
    yield residues("residues_differing", "Residues other than the sequences say", differing, length)


def _atom_words(model: AtomicModel, atom: int) -> str:
    """What to call an atom, e.g. 'A/ALA 17 CA'."""
    altloc = str(model.altlocs[atom])
    said = f"{model.residue_words(int(model.residue[atom]))} {model.names[atom]}"
    return f"{said} ({altloc})" if altloc else said


def _listed(named: Sequence[str], count: int) -> str:
    more = f" and {count - len(named):,} more" if count > len(named) else ""
    return f"{', '.join(named)}{more}"


def _note(found: Findings, lines: Sequence[_Line], seen: ModelRecordFindings) -> None:
    for line in lines:
        words = f"{line.words[:1].lower()}{line.words[1:]}"
        found.measure(line.key, line.count, line.unit, words)
    found.measure("b_different", seen.different_b, "", "different B-factors of the polymers' atoms")
    found.measure(
        "neighbour_distance",
        seen.neighbour_distance,
        "Å",
        "from an atom to the nearest one, the median",
    )
    found.measure(
        "unoccupied_share", seen.unoccupied_share, "%", "atoms of occupancy 0, of the heavy ones"
    )
    found.measure(
        "unknown_share", seen.unknown_share, "%", "residues of unknown type, of the polymers'"
    )


def _tabulate(found: Findings, lines: Sequence[_Line]) -> None:
    found.tabulate(
        "findings",
        "What was looked for in the model's file.",
        [
            Column(key="finding", label="Finding"),
            Column(key="count", label="Number"),
            Column(key="of", label="Of"),
            Column(key="examples", label="For example"),
        ],
        [(line.words, line.count, line.total, line.examples or "–") for line in lines],
    )
    found.paragraphs.append(
        "{tab:findings} has everything that was looked for, with how often it was found. What lies "
        "outside of the box has no density to be held against; atoms that are named twice or lie "
        "on each other are counted twice by every program; residues of unknown type and side "
        "chains without atoms explain no density."
    )


def _describe(found: Findings, model: AtomicModel, seen: ModelRecordFindings) -> None:
    found.paragraphs.append(_b_factor_words(model, seen))
    found.paragraphs.append(_sequence_words(seen))
    if seen.side_chains:
        found.tabulate(
            "side_chains",
            "Side chains that lack atoms, by type of residue.",
            [
                Column(key="name", label="Residue"),
                Column(key="residues", label="Residues"),
                Column(key="incomplete", label="Incomplete"),
                Column(key="missing", label="Atoms that lack"),
            ],
            [(one.name, one.residues, one.incomplete, one.missing) for one in seen.side_chains],
        )
        found.paragraphs.append(
            "Side chains that lack atoms ({tab:side_chains}) were cut back where no density shows "
            "them, or never built. The checks measure the atoms that are there."
        )
    if seen.breaks:
        _tabulate_breaks(found, model, seen)


def _b_factor_words(model: AtomicModel, seen: ModelRecordFindings) -> str:
    b = model.atoms.b_factors[~model.hydrogens]
    if not b.size:
        return "The model has no atoms but hydrogens."
    if seen.different_b == 1:
        alike = b if np.ptp(b) == 0 else b[model.of(*POLYMERS)[~model.hydrogens]]
        who = "atoms" if np.ptp(b) == 0 else "atoms of polymers"
        return (
            f"All {who} have the same B-factor, {quantity(float(alike[0]), 'Å²')}: it says nothing "
            "of where the model is well defined."
        )
    low, middle, high = np.percentile(b, (2.5, 50, 97.5)).tolist()
    return (
        f"The B-factors have a median of {quantity(middle, 'Å²')}; 95 % of them lie between "
        f"{number(low)} and {quantity(high, 'Å²')}."
    )


def _sequence_words(seen: ModelRecordFindings) -> str:
    if not seen.sequences:
        return (
            "The file gives no sequence of what was in the sample: residues that were not built at "
            "the ends of chains, or built as others, cannot be counted."
        )
    absent = sum(one.absent for one in seen.sequences)
    length = sum(one.length for one in seen.sequences)
    differing = sum(len(one.differing) for one in seen.sequences)
    return (
        f"Of the {length:,} residues of the sequences that the file gives, {absent:,} have no atom "
        f"({number(100 * absent / length, '.1f')} %), and {differing:,} are others than it says."
    )


def _tabulate_breaks(found: Findings, model: AtomicModel, seen: ModelRecordFindings) -> None:
    of, count = model.residues, len(seen.breaks)
    first = f", the first {_ROWS} of {count:,}" if count > _ROWS else ""
    found.tabulate(
        "breaks",
        f"Where chains break{first}.",
        [
            Column(key="chain", label="Chain"),
            Column(key="before", label="After"),
            Column(key="after", label="Before"),
            Column(key="distance", label="Distance", unit="Å", format=".1f"),
            Column(key="missing", label="Residues missing between"),
        ],
        [
            (
                str(model.chains.names[of.chains[one.before]]),
                model.residue_words(one.before).partition("/")[2],
                model.residue_words(one.after).partition("/")[2],
                one.distance,
                one.missing,
            )
            for one in seen.breaks[:_ROWS]
        ],
    )
    missing = sum(one.missing for one in seen.breaks)
    joined = sum(one.missing == 0 for one in seen.breaks)
    odd = (
        f" At {joined:,} of them no residue is missing by the numbers: there the chain was torn."
        if joined
        else ""
    )
    found.paragraphs.append(
        f"The chains break {count:,} times ({{tab:breaks}}), where {missing:,} residues are "
        f"missing by their numbers.{odd}"
    )


def _judge(found: Findings, model: AtomicModel, seen: ModelRecordFindings) -> list[str]:
    """Hold what was found against the limits; what is wrong, in words."""
    entry, failed = found.task.entry, []
    coarse = entry.resolution is not None and entry.resolution > _COARSE
    vacuous = {
        "neighbour_distance": "there is one atom at most"
        if seen.neighbour_distance is None
        else "",
        "unoccupied_share": "" if seen.heavy else "the model has no atoms but hydrogens",
        "unknown_share": "the model has no polymer" if seen.unknown_share is None else "",
        "b_different": _without_b(seen, int(np.count_nonzero(~model.hydrogens)), coarse),
    }
    for limit in found.task.check.limits:
        reason = vacuous.get(limit.key, "")
        value = None if reason else _VALUES[limit.key](seen)
        if not found.judge(limit.key, value, vacuous=reason).passed:
            failed.append(_wrong(limit.key, seen, len(model)))
    return failed


def _without_b(seen: ModelRecordFindings, heavy: int, coarse: bool) -> str:
    """Why one B-factor for all atoms is none to complain of."""
    if heavy < 2:
        return "there is one atom at most"
    if coarse and seen.different_b == 1:
        return f"beyond {_COARSE:g} Å one B-factor for all atoms is usual"
    return ""


_VALUES: dict[str, Callable[[ModelRecordFindings], float | None]] = {
    "duplicates": lambda seen: int(np.count_nonzero(seen.duplicates)),
    "outside": lambda seen: int(np.count_nonzero(seen.outside)),
    "over_occupied": lambda seen: int(np.count_nonzero(seen.over_occupied)),
    "unknown_share": lambda seen: seen.unknown_share,
    "b_different": lambda seen: seen.different_b,
    "unoccupied_share": lambda seen: seen.unoccupied_share,
    "neighbour_distance": lambda seen: seen.neighbour_distance,
}


def _wrong(key: str, seen: ModelRecordFindings, atoms: int) -> str:
    """What is wrong where a limit is not kept, for the middle of a sentence."""
    if key == "b_different":
        return "its polymers' B-factors are all equal"
    if key == "neighbour_distance":
        return f"its atoms are {number(seen.neighbour_distance)} Å from each other"
    if key == "unoccupied_share":
        return f"{number(seen.unoccupied_share)} % of its atoms have an occupancy of 0"
    if key == "unknown_share":
        return f"{number(seen.unknown_share)} % of its residues are of unknown type"
    count = int(_VALUES[key](seen) or 0)
    who = "all its atoms" if count == atoms else "1 atom" if count == 1 else f"{count:,} atoms"
    verb = "is" if count == 1 else "are"
    return {
        "duplicates": f"{who} {verb} named as another one",
        "outside": f"{who} {'lies' if count == 1 else 'lie'} outside of the map's box",
        "over_occupied": f"{who} {verb} occupied more than once",
    }[key]


CHECK = Check(
    code="A.l",
    name="Model record",
    label="model record",
    purpose="Is what the model's file says of its atoms in order?",
    in_short=(
        "B-factors, occupancies, alternative conformations, hydrogens, unknown residues and "
        "ligands, missing side chains, breaks, sequences, atoms that are named twice, lie on each "
        "other or outside of the map, each counted. It warns of atoms named twice, outside of the "
        "box or occupied more than once, of atoms nearer than 0.5 Å to each other (nanometres), of "
        "5 % atoms of occupancy 0, of 1 % unknown residues, and of one B-factor for all polymers."
    ),
    explanation=(
        "A model can fit its map and still be recorded badly: with atoms that every program counts "
        "twice, occupancies and B-factors that mean nothing, chains that break, or coordinates in "
        "another frame than the map. This check reads the model's file and counts what cannot be "
        "right. The map is asked for its box alone."
    ),
    answer=read_record,
    needs=("map", "model"),
    relies_on=(),
    volumes=1,
    limits=(
        Limit(
            "duplicates",
            0.0,
            "",
            "Atoms named as another one",
            "The check warns when more atoms than this share chain, residue, name and alternative "
            "conformation with another one.",
            "the number of atoms that are named as another one",
            "<=",
            advice=(
                "Programs take one of them or count both. Two models were joined without new "
                "chain names, or a residue was pasted twice: give the second copy a chain or "
                "numbers of its own, or delete it."
            ),
        ),
        Limit(
            "outside",
            0.0,
            "",
            "Atoms outside of the box",
            "The check warns when more atoms than this lie beyond the outermost voxels of the map.",
            "the number of atoms outside of the map's box",
            "<=",
            advice=(
                "The map was cut, or model and map lie in different frames: look at both in one "
                "window. Where the model lies beside its density by the map's ORIGIN, write that "
                "into the map's header or give the shift (--model-offset); where parts of the "
                "complex are outside, give the uncut map or the model of what it shows."
            ),
        ),
        Limit(
            "over_occupied",
            0.0,
            "",
            "Occupancies above 1",
            "The check warns when more atoms than this have an occupancy above 1.",
            "the number of atoms with an occupancy above 1",
            "<=",
            advice=(
                "No place can be occupied more than once: the column holds something else, or a "
                "refinement ran away. Set them to 1, or to shares that sum to 1."
            ),
        ),
        Limit(
            "neighbour_distance",
            TOO_NEAR,
            "Å",
            "Distance of neighbours",
            "The check warns when the median atom is nearer than this to another one.",
            "the distance of neighbouring atoms",
            ">=",
            advice=(
                "No two atoms of a molecule are that near: the coordinates are in nanometres, or "
                "were scaled. Write them in Å; the other checks wait for that."
            ),
        ),
        Limit(
            "unoccupied_share",
            5.0,
            "%",
            "Occupancies of 0",
            "The check warns when this share of the atoms, or more, has an occupancy of 0.",
            "the share of atoms with an occupancy of 0",
            "<",
            advice=(
                "No score counts these atoms: where the map shows nothing of them, leave them out; "
                "where it does, give them the occupancy that it shows."
            ),
        ),
        Limit(
            "unknown_share",
            1.0,
            "%",
            "Residues of unknown type",
            "The check warns when this share of the polymers' residues, or more, is of unknown "
            "type (UNK).",
            "the share of residues of unknown type",
            "<",
            advice=(
                "A chain was traced without its sequence. Name its residues where the sequence is "
                "known; where it is not, say so in the paper: checks that compare density and type "
                "pass over them."
            ),
        ),
        Limit(
            "b_different",
            2.0,
            "",
            "Different B-factors",
            "The check warns when the polymers' atoms have fewer different B-factors than this, "
            f"unless the reported resolution is coarser than {_COARSE:g} Å.",
            "the number of different B-factors of the polymers' atoms",
            ">=",
            advice=(
                "B-factors were not refined, or were reset: nobody sees which parts are well "
                "defined. Refine them (one for each residue at least) before deposition."
            ),
        ),
    ),
    references=(WOJDYR_2022,),
    differs="The service does not look at the model's file by itself.",
)
