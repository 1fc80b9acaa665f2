"""A report laid out as a document: sections, blocks and words, in the order of reading.

HTML and PDF are both drawn from a ``Document``; neither looks at the results themselves, so that
they cannot differ in what they say.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from vrs_scipion.report import prose
from vrs_scipion.report.compile import INPUT, resolution_sentence, score_remarks, worry
from vrs_scipion.report.context import context_sentences
from vrs_scipion.report.formats import (
    counted,
    date_in_words,
    duration,
    memory,
    moment,
)
from vrs_scipion.report.gauge import Gauge, gauge_of
from vrs_scipion.report.model import Report, ReportEntry
from vrs_scipion.report.numbering import Block, Numbering
from vrs_scipion.report.rates import rates_sentence
from vrs_scipion.results.model import CheckResult, Criterion, Engine, Outcome, Reference
from vrs_scipion.results.numbers import quantity

TITLE = "Cryo-EM map validation report"

OUTCOME_ICONS = {
    Outcome.OK: "✓",
    Outcome.WARNINGS: "!",
    Outcome.NOT_APPLICABLE: "–",
    Outcome.NOT_AVAILABLE: "○",
    Outcome.NOT_RUN: "·",
    Outcome.FAILED: "✕",
}


@dataclass(frozen=True)
class Row:
    """A labelled value; ``kind`` is 'text', 'name' (written by a user) or 'code'.

    A ``url`` leads to where the value came from.
    """

    label: str
    value: str
    kind: str = "text"
    url: str = ""


@dataclass(frozen=True)
class Status:
    """How a check ended: its outcome, a mark and words for it, and the reason if it has one."""

    outcome: str
    icon: str
    label: str
    reason: str


@dataclass(frozen=True)
class CriterionRow:
    """A criterion as a row: what was asked, what was found, and the word for the two.

    ``advice`` is what a failure most often means and what to try; ``gauge`` the value against its
    limit on a bar, None where nothing was measured.
    """

    requirement: str
    sentence: str
    measured: str
    limit: str
    passed: bool
    word: str
    advice: str
    gauge: Gauge | None


@dataclass(frozen=True)
class Citation:
    """A reference as a text cites it."""

    number: int
    anchor: str


@dataclass(frozen=True)
class ReferenceItem:
    """An entry of the list of references; without a ``doi`` the ``url`` is empty too."""

    number: int
    anchor: str
    text: str
    doi: str
    url: str


@dataclass(frozen=True)
class CitedParagraph:
    """A paragraph with the references at its end."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True)
class MeasurementRow:
    """A measured number under its key in report.json, as it is read and in full precision."""

    key: str
    shown: str
    description: str
    value: float | int | None
    unit: str


@dataclass(frozen=True)
class CheckSection:
    """Everything that the report says about one check.

    ``headline`` is its sentence in the summary; ``rates`` says how often its verdict is right,
    ``context`` compares what it measured with simulated maps.
    """

    number: str
    anchor: str
    code: str
    name: str
    title: str
    status: Status
    headline: str
    explanation: tuple[str, ...]
    blocks: tuple[Block, ...]
    criteria: tuple[CriterionRow, ...]
    advice: tuple[CriterionRow, ...]
    rates: str
    context: tuple[str, ...]
    warnings: tuple[str, ...]
    citations: tuple[Citation, ...]
    measurements: tuple[MeasurementRow, ...]


@dataclass(frozen=True)
class LevelSection:
    """The checks of one level."""

    number: str
    anchor: str
    title: str
    checks: tuple[CheckSection, ...]


@dataclass(frozen=True)
class WarningGroup:
    """The warnings of one section."""

    number: str
    anchor: str
    title: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class EngineRow:
    """What computed a check, and at what cost."""

    code: str
    engine: str
    arguments: str
    seconds: str
    memory: str


@dataclass(frozen=True)
class Difference:
    """Where a check deviates from the Validation Report Service."""

    title: str
    text: str


@dataclass(frozen=True)
class Document:
    """The whole report, ready to be drawn.

    ``summary`` leaves out the sentence on the score, which ``passed``, ``evaluable`` and
    ``remarks`` say on a line of their own; ``worry`` says what to look at first.
    """

    title: str
    subject: str
    subtitle: str
    created: str
    created_in_words: str
    version: str
    grade: str
    grade_in_words: str
    worry: str
    resolution: str
    front: tuple[Row, ...]
    context: tuple[CitedParagraph, ...]
    levels: tuple[tuple[str, str], ...]
    qualifiers: tuple[tuple[str, str], ...]
    summary: tuple[str, ...]
    passed: int
    evaluable: int
    remarks: tuple[str, ...]
    warnings: tuple[WarningGroup, ...]
    identity: tuple[Row, ...]
    input_blocks: tuple[Block, ...]
    level_sections: tuple[LevelSection, ...]
    provenance_number: str
    measured_number: str
    differences_number: str
    command: str
    software: tuple[Row, ...]
    engines: tuple[EngineRow, ...]
    phantoms: str
    catalogue: str
    differences: tuple[Difference, ...]
    references: tuple[ReferenceItem, ...]

    @property
    def checks(self) -> tuple[CheckSection, ...]:
        return tuple(check for section in self.level_sections for check in section.checks)


def build_document(report: Report) -> Document:
    """Lay a report out: number its sections, figures, tables and references, word its values.

    Parameters
    ----------
    report : Report

    Returns
    -------
    Document

    Raises
    ------
    ValueError
        If a paragraph refers to a figure or table that its section does not have, or the
        report's date is none.
    """
    numbering = Numbering()
    bibliography = _Bibliography()
    context = tuple(CitedParagraph(text, bibliography.cite(cited)) for text, cited in prose.CONTEXT)
    input_blocks = numbering.section(INPUT, report.input_paragraphs, report.figures, {})
    levels = _level_sections(report, numbering, bibliography)
    return Document(
        title=TITLE,
        subject=report.entry.title or report.entry.map,
        subtitle=f"Validation level {report.level}: {prose.level_in_words(report.level)}",
        created=report.created,
        created_in_words=date_in_words(moment(report.created)),
        version=report.vrs_version,
        grade=report.level,
        grade_in_words=prose.level_in_words(report.level),
        worry=worry(report),
        resolution=resolution_sentence(report.resolution_estimates, report.entry.resolution) or "",
        front=_front(report),
        context=context,
        levels=prose.LEVELS,
        qualifiers=prose.QUALIFIERS,
        summary=report.summary[:-1],
        passed=report.score.passed,
        evaluable=report.score.evaluable,
        remarks=score_remarks(report.score),
        warnings=_warning_groups(report, levels),
        identity=_identity(report.entry),
        input_blocks=input_blocks,
        level_sections=levels,
        provenance_number=str(len(levels) + 2),
        differences_number=str(len(levels) + 3),
        measured_number=str(len(levels) + 4),
        command=command_line(report),
        software=(
            Row("SHA-256 of the map", report.entry.sha256, "code"),
            *(Row(name, version) for name, version in report.software.items()),
        ),
        engines=tuple(_engine_row(check) for check in report.checks),
        phantoms=prose.phantoms() if any(c.context for s in levels for c in s.checks) else "",
        catalogue=prose.catalogue() if any(c.rates for s in levels for c in s.checks) else "",
        differences=_differences(levels),
        references=bibliography.items(),
    )


class _Bibliography:
    """The references of a report, numbered in the order in which they are first cited."""

    def __init__(self) -> None:
        self._cited: dict[str, Reference] = {}

    def cite(self, references: Sequence[Reference]) -> tuple[Citation, ...]:
        return tuple(self._cite(reference) for reference in references)

    def items(self) -> tuple[ReferenceItem, ...]:
        return tuple(
            ReferenceItem(
                number=position,
                anchor=f"ref-{position}",
                text=reference.text,
                doi=reference.doi,
                url=f"https://doi.org/{quote(reference.doi)}" if reference.doi else "",
            )
            for position, reference in enumerate(self._cited.values(), start=1)
        )

    def _cite(self, reference: Reference) -> Citation:
        identity = reference.doi.lower() or reference.text
        self._cited.setdefault(identity, reference)
        position = list(self._cited).index(identity) + 1
        return Citation(position, f"ref-{position}")


def _level_sections(
    report: Report, numbering: Numbering, bibliography: _Bibliography
) -> tuple[LevelSection, ...]:
    by_level: dict[str, list[CheckResult]] = {}
    for check in report.checks:
        by_level.setdefault(check.code.split(".")[0], []).append(check)
    return tuple(
        LevelSection(
            number=str(first),
            anchor=f"level-{_slug(level)}",
            title=f"Level {level} analysis",
            checks=tuple(
                _check_section(
                    check, f"{first}.{second}", report.entry.resolution, numbering, bibliography
                )
                for second, check in enumerate(members, start=1)
            ),
        )
        for first, (level, members) in enumerate(by_level.items(), start=2)
    )


def _check_section(
    check: CheckResult,
    place: str,
    resolution: float | None,
    numbering: Numbering,
    bibliography: _Bibliography,
) -> CheckSection:
    verdicts = [item for item in check.criteria if item.role == "verdict"]
    advice = [item for item in check.criteria if item.role == "advice"]
    counts = check.outcome.evaluable
    return CheckSection(
        number=place,
        anchor=f"check-{_slug(check.code)}",
        code=check.code,
        name=check.name,
        title=f"Level {check.code} {check.name}",
        status=status_of(check),
        headline=check.headline,
        explanation=tuple(filter(None, check.explanation.split("\n\n"))),
        blocks=numbering.section(check.code, check.paragraphs, check.figures, check.tables),
        criteria=tuple(_criterion_row(item) for item in verdicts) if counts else (),
        advice=tuple(_criterion_row(item) for item in (advice if counts else check.criteria)),
        rates=rates_sentence(check),
        context=context_sentences(check, resolution),
        warnings=check.warnings,
        citations=bibliography.cite(check.references),
        measurements=tuple(
            MeasurementRow(
                key, quantity(item.value, item.unit), item.description, item.value, item.unit
            )
            for key, item in check.measurements.items()
        ),
    )


def status_of(check: CheckResult) -> Status:
    """The outcome of a check as its status line shows it."""
    labels = {
        Outcome.OK: "OK",
        Outcome.WARNINGS: counted(max(1, len(check.warnings)), "warning"),
        Outcome.NOT_APPLICABLE: "Does not apply",
        Outcome.NOT_AVAILABLE: "Not available here",
        Outcome.NOT_RUN: "Not run",
        Outcome.FAILED: "Failed",
    }
    return Status(
        outcome=check.outcome.value,
        icon=OUTCOME_ICONS[check.outcome],
        label=labels[check.outcome],
        reason=check.reason,
    )


def _criterion_row(item: Criterion) -> CriterionRow:
    words = ("Passed", "Not passed") if item.role == "verdict" else ("Met", "Not met")
    return CriterionRow(
        requirement=_capitalised(item.requirement),
        sentence=item.sentence,
        measured=quantity(item.value, item.unit),
        limit=f"{_SIGNS[item.comparison]}\u00a0{quantity(item.limit, item.unit)}",
        passed=item.passed,
        word=words[0] if item.passed else words[1],
        advice=item.advice,
        gauge=gauge_of(item),
    )


_SIGNS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥"}


def _warning_groups(report: Report, levels: Sequence[LevelSection]) -> tuple[WarningGroup, ...]:
    places = {INPUT: ("1", "input", "Input data")} | {
        check.code: (check.number, check.anchor, check.title)
        for level in levels
        for check in level.checks
    }
    groups: dict[str, list[str]] = {}
    for warning in report.warnings:
        groups.setdefault(warning.check, []).append(warning.text)
    return tuple(WarningGroup(*places[code], tuple(texts)) for code, texts in groups.items())


def _front(report: Report) -> tuple[Row, ...]:
    entry = report.entry
    return (
        Row("Map", entry.map, "name"),
        *_source(entry),
        Row("Reported resolution", _resolution(entry)),
        Row("Validation level", f"{report.level} ({prose.level_in_words(report.level)})"),
        Row("Report made on", date_in_words(moment(report.created))),
    )


def _source(entry: ReportEntry) -> list[Row]:
    """Where the map is from: the archive's entry, or what the user said."""
    deposition = entry.deposition
    if deposition is None:
        return [Row("Source of the data", entry.source, "name")]
    deposited = deposition.deposited
    models = ", ".join(deposition.pdb_ids)
    return [
        Row("Entry", deposition.accession, "name", deposition.url),
        *_present(
            Row("Authors", ", ".join(deposition.authors), "name"),
            Row("Deposited on", deposited.split("T")[0] if deposited else ""),
            Row("Atomic models", models, "name"),
        ),
    ]


def command_line(report: Report) -> str:
    """The command that validates the same file in the same way."""
    entry = report.entry
    words = ["vrs", "validate", entry.map, "--contour", repr(entry.contour)]
    if entry.resolution is not None:
        words += ["--resolution", repr(entry.resolution)]
    if entry.voxel_size_from == "given by the user":
        words += ["--voxel", repr(entry.voxel_size_zyx[0])]
    if entry.half_maps:
        words += ["--half-maps", *(half.name for half in entry.half_maps)]
    return shlex.join(words)


def _differences(levels: Sequence[LevelSection]) -> tuple[Difference, ...]:
    sections = [check for level in levels for check in level.checks]
    return (
        Difference("The report as a whole", prose.DIFFERENCES[""]),
        *(
            Difference(f"{check.code} {check.name}", prose.DIFFERENCES[check.code])
            for check in sections
            if check.code in prose.DIFFERENCES
        ),
    )


def _identity(entry: ReportEntry) -> tuple[Row, ...]:
    return (
        Row("File", entry.map, "name"),
        Row("SHA-256", entry.sha256, "code"),
        Row("Box", f"{_triple(entry.box)} voxels (x × y × z)"),
        Row("Voxel size", f"{_voxel_size(entry)}{_origin(entry.voxel_size_from)}"),
        Row("Contour level", f"{entry.contour:.6g}{_origin(entry.contour_from)}"),
        Row("Reported resolution", _resolution(entry)),
        *_half_map_rows(entry),
        *_present(Row("Hard mask", entry.hard_mask), Row("Soft mask", entry.soft_mask)),
        *(Row("Note", note) for note in entry.notes),
    )


def _present(*rows: Row) -> list[Row]:
    return [row for row in rows if row.value]


def _half_map_rows(entry: ReportEntry) -> list[Row]:
    if not entry.half_maps:
        return [Row("Half maps", "none given")]
    rows = []
    for position, half in enumerate(entry.half_maps, start=1):
        rows += [
            Row(f"Half map {position}", half.name, "name"),
            Row(f"SHA-256 of half map {position}", half.sha256, "code"),
            *(Row(f"Note on half map {position}", note) for note in half.notes),
        ]
    return rows


def _resolution(entry: ReportEntry) -> str:
    if entry.resolution is None:
        return "none given"
    return f"{quantity(entry.resolution, 'Å')}{_origin(entry.resolution_from)}"


def _voxel_size(entry: ReportEntry) -> str:
    sizes = entry.voxel_size_zyx
    if len(set(sizes)) == 1:
        return f"{sizes[0]:.6g}\u00a0Å"
    return f"{_triple(sizes)}\u00a0Å (x × y × z)"


def _triple(zyx: Sequence[float]) -> str:
    return " × ".join(f"{value:.6g}" for value in reversed(zyx))


def _origin(source: str) -> str:
    return f" ({source})" if source else ""


def _engine_row(check: CheckResult) -> EngineRow:
    return EngineRow(
        code=check.code,
        engine=f"{check.engine.name} {check.engine.version}".strip(),
        arguments=_arguments(check.engine),
        seconds=duration(check.seconds),
        memory=memory(check.peak_memory_bytes),
    )


def _arguments(engine: Engine) -> str:
    said = [f"{name} = {value}" for name, value in engine.arguments.items()]
    if engine.weights_sha256:
        said.append(f"weights SHA-256 {engine.weights_sha256}")
    return "; ".join(said)


def _capitalised(sentence: str) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()
