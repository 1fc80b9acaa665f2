"""A report laid out as a document: sections, blocks and words, in the order of reading.

HTML and PDF are both drawn from a ``Document``; neither looks at the results themselves, so that
they cannot differ in what they say.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from vrs_scipion.checks.levels import CHECKS, LEVELS, grade_in_words, is_number, level_of
from vrs_scipion.entry.inputs import FIELDS
from vrs_scipion.entry.records import Fact, contour_words
from vrs_scipion.report import prose
from vrs_scipion.report.compile import resolution_sentence, score_remarks, worry
from vrs_scipion.report.formats import date_in_words, duration, memory, moment
from vrs_scipion.report.gauge import Gauge, gauge_of
from vrs_scipion.report.model import (
    FileBeside,
    Report,
    ReportEntry,
    ReportInput,
    ReportScores,
    Score,
)
from vrs_scipion.report.numbering import Block, Numbering
from vrs_scipion.report.rates import rates_sentence
from vrs_scipion.results.model import CheckResult, Criterion, Engine, Reference
from vrs_scipion.results.numbers import quantity

TITLE = "Cryo-EM map validation report"


@dataclass(frozen=True)
class Status:
    """How a check ended: its outcome, a mark and words for it, and the reason if it has one.

    ``about`` is what a reader must know of it where there is no verdict.
    """

    outcome: str
    icon: str
    label: str
    reason: str
    about: str
    judged: bool


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

    ``headline`` is its sentence in the summary; ``rates`` says how often its verdict is right.
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
    warnings: tuple[str, ...]
    citations: tuple[Citation, ...]
    measurements: tuple[MeasurementRow, ...]


@dataclass(frozen=True)
class ScoreRow:
    """A score of the model as a row; ``check`` is the anchor of the check that gave it."""

    label: str
    key: str
    description: str
    of: str
    code: str
    check: str


@dataclass(frozen=True)
class ScoresSection:
    """The scores of the model from all checks, and the files that hold them."""

    anchor: str
    title: str
    text: str
    rows: tuple[ScoreRow, ...]
    files: tuple[FileBeside, ...]


@dataclass(frozen=True)
class LevelSection:
    """The checks of one level, and what they came to; ``scores`` are those of its model."""

    number: str
    anchor: str
    title: str
    score: str
    checks: tuple[CheckSection, ...]
    scores: ScoresSection | None = None


@dataclass(frozen=True)
class InputSection:
    """Everything that the report says about one input; ``key`` owns its figures."""

    number: str
    anchor: str
    key: str
    title: str
    facts: tuple[Fact, ...]
    blocks: tuple[Block, ...]
    warnings: tuple[str, ...]


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
    ``remarks`` say on a line of their own; ``worry`` says what to look at first, ``ways`` what to
    give for the next levels.
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
    front: tuple[Fact, ...]
    context: tuple[CitedParagraph, ...]
    levels: tuple[tuple[str, str], ...]
    qualifiers: tuple[tuple[str, str], ...]
    summary: tuple[str, ...]
    passed: int
    evaluable: int
    remarks: tuple[str, ...]
    scores: tuple[tuple[str, str], ...]
    ways: tuple[str, ...]
    warnings: tuple[WarningGroup, ...]
    inputs: tuple[InputSection, ...]
    level_sections: tuple[LevelSection, ...]
    provenance_number: str
    measured_number: str
    differences_number: str
    command: str
    software: tuple[Fact, ...]
    engines: tuple[EngineRow, ...]
    engine_notes: tuple[str, ...]
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
        If the report's date is none.
    """
    numbering = Numbering()
    bibliography = _Bibliography()
    context = tuple(CitedParagraph(text, bibliography.cite(cited)) for text, cited in prose.CONTEXT)
    inputs = _input_sections(report, numbering)
    levels = _level_sections(report, numbering, bibliography)
    return Document(
        title=TITLE,
        subject=report.entry.title or report.entry.map,
        subtitle=f"Validation level {report.grade}: {grade_in_words(report.grade)}",
        created=report.created,
        created_in_words=date_in_words(moment(report.created)),
        version=report.vrs_version,
        grade=report.grade,
        grade_in_words=grade_in_words(report.grade),
        worry=worry(report),
        resolution=resolution_sentence(report.resolution_estimates, report.entry.resolution) or "",
        front=_front(report),
        context=context,
        levels=tuple((level.mark, level.adds) for level in LEVELS if is_number(level)),
        qualifiers=tuple((level.mark, level.adds) for level in LEVELS if not is_number(level)),
        summary=report.summary[:-1],
        passed=report.score.passed,
        evaluable=report.score.evaluable,
        remarks=score_remarks(report.score),
        scores=tuple(
            (level.title, _score_words(level.score))
            for level in report.levels
            if level.score is not None
        ),
        ways=tuple(level.way for level in report.levels if level.way),
        warnings=_warning_groups(report, inputs, levels),
        inputs=inputs,
        level_sections=levels,
        provenance_number=str(len(levels) + 2),
        differences_number=str(len(levels) + 3),
        measured_number=str(len(levels) + 4),
        command=command_line(report),
        software=(
            *(
                Fact(label=f"SHA-256 of {file.name}", value=file.sha256, kind="code")
                for one in report.inputs.values()
                for file in one.files
            ),
            *(Fact(label=name, value=version) for name, version in report.software.items()),
        ),
        engines=tuple(_engine_row(check) for check in report.checks),
        engine_notes=_engine_notes(report.checks),
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


def _input_sections(report: Report, numbering: Numbering) -> tuple[InputSection, ...]:
    return tuple(
        _input_section(key, f"1.{place}", given, numbering)
        for place, (key, given) in enumerate(report.inputs.items(), start=1)
    )


def _input_section(key: str, place: str, given: ReportInput, numbering: Numbering) -> InputSection:
    look = given.look
    blocks: tuple[Block, ...] = ()
    if look is not None:
        failed = f"It could not be drawn: {look.reason}"
        words = look.paragraphs or ((failed,) if look.reason else ())
        blocks = numbering.section(key, words, look.figures, look.tables)
    return InputSection(
        number=place,
        anchor=f"input-{_slug(key)}",
        key=key,
        title=given.title,
        facts=given.facts,
        blocks=blocks,
        warnings=given.warnings,
    )


def _level_sections(
    report: Report, numbering: Numbering, bibliography: _Bibliography
) -> tuple[LevelSection, ...]:
    by_level: dict[str, list[CheckResult]] = {}
    for check in report.checks:
        by_level.setdefault(level_of(check.code).mark, []).append(check)
    present = [level for level in LEVELS if level.mark in by_level]
    scores = {level.mark: level.score for level in report.levels}
    of_model = report.model_scores
    scored = level_of(of_model.scores[0].check).mark if of_model is not None else ""
    return tuple(
        LevelSection(
            number=str(first),
            anchor=f"level-{_slug(level.mark)}",
            title=level.title,
            score=_score_words(scores.get(level.mark)),
            checks=tuple(
                _check_section(check, f"{first}.{second}", numbering, bibliography)
                for second, check in enumerate(by_level[level.mark], start=1)
            ),
            scores=_scores_section(of_model) if of_model and level.mark == scored else None,
        )
        for first, level in enumerate(present, start=2)
    )


def _scores_section(scores: ReportScores) -> ScoresSection:
    return ScoresSection(
        anchor="residues",
        title="Residue by residue",
        text=(
            f"The scores that the checks below gave to the {scores.residues:,} residues of the "
            "model, or to its atoms, lie in files beside this report. Each is a column there, in "
            "the mmCIF file and in ChimeraX with vrs_ before its name."
        ),
        rows=tuple(
            ScoreRow(
                label=f"{one.label} ({one.unit})" if one.unit else one.label,
                key=one.key,
                description=one.description,
                of=one.of.removesuffix("s"),
                code=one.check,
                check=f"check-{_slug(one.check)}",
            )
            for one in scores.scores
        ),
        files=scores.files,
    )


def _score_words(score: Score | None) -> str:
    """What the checks of a level came to, e.g. '6 of 7 passed'."""
    if score is None:
        return ""
    if not score.evaluable:
        return "nothing could be evaluated"
    return f"{score.passed} of {score.evaluable} passed"


def _check_section(
    check: CheckResult,
    place: str,
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
    outcome = check.outcome
    return Status(
        outcome=outcome.value,
        icon=outcome.mark,
        label=outcome.label(len(check.warnings)),
        reason=check.reason,
        about=outcome.about,
        judged=outcome.judged,
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


def _warning_groups(
    report: Report, inputs: Sequence[InputSection], levels: Sequence[LevelSection]
) -> tuple[WarningGroup, ...]:
    places = {one.key: (one.number, one.anchor, one.title) for one in inputs} | {
        check.code: (check.number, check.anchor, check.title)
        for level in levels
        for check in level.checks
    }
    groups: dict[str, list[str]] = {}
    for warning in report.warnings:
        groups.setdefault(warning.check, []).append(warning.text)
    return tuple(WarningGroup(*places[code], tuple(texts)) for code, texts in groups.items())


def _front(report: Report) -> tuple[Fact, ...]:
    entry = report.entry
    words = f"{report.grade} ({grade_in_words(report.grade)})"
    return (
        Fact(label="Map", value=entry.map, kind="name"),
        *_source(entry),
        Fact(
            label="Contour level",
            value=contour_words(entry.contour, entry.contour_sigma, entry.contour_from),
        ),
        Fact(label="Reported resolution", value=_resolution(entry)),
        *_mass(entry),
        Fact(label="Validation level", value=words),
        Fact(label="Report made on", value=date_in_words(moment(report.created))),
    )


def _source(entry: ReportEntry) -> list[Fact]:
    """Where the map is from: the archive's entry, or what the user said."""
    deposition = entry.deposition
    if deposition is None:
        return [Fact(label="Source of the data", value=entry.source, kind="name")]
    deposited = deposition.deposited
    facts = [
        Fact(label="Authors", value=", ".join(deposition.authors), kind="name"),
        Fact(label="Deposited on", value=deposited.split("T")[0] if deposited else ""),
        Fact(label="Atomic models", value=", ".join(deposition.pdb_ids), kind="name"),
    ]
    return [
        Fact(label="Entry", value=deposition.accession, kind="name", url=deposition.url),
        *(fact for fact in facts if fact.value),
    ]


def _resolution(entry: ReportEntry) -> str:
    if entry.resolution is None:
        return "none given"
    return f"{quantity(entry.resolution, 'Å')} ({entry.resolution_from})"


def _mass(entry: ReportEntry) -> list[Fact]:
    """The mass at the contour level, and beside it the molecule's where that is known."""
    if entry.mass_at_contour is None:
        return []
    said = f"{quantity(entry.mass_at_contour, 'kDa')} of protein"
    if entry.mass is not None:
        said += f"; the molecule has {quantity(entry.mass, 'kDa')} ({entry.mass_from})"
    return [Fact(label="Mass at the contour level", value=said)]


def command_line(report: Report) -> str:
    """The command that validates the same files in the same way."""
    given = {key: value for one in report.inputs.values() for key, value in one.given.items()}
    first, *others = [field for field in FIELDS.values() if field.key in given]
    words = ["vrs", "validate", str(given[first.key])]
    for field in others:
        value = given[field.key]
        said = value if isinstance(value, str) else repr(value)
        words += [f"{field.option}={said}"] if said.startswith("-") else [field.option, said]
    return shlex.join(words)


def _differences(levels: Sequence[LevelSection]) -> tuple[Difference, ...]:
    return (
        Difference("The report as a whole", prose.DIFFERENCES),
        *(
            Difference(f"{check.code} {check.name}", CHECKS[check.code].differs)
            for level in levels
            for check in level.checks
            if check.code in CHECKS and CHECKS[check.code].differs
        ),
    )


def _engine_row(check: CheckResult) -> EngineRow:
    return EngineRow(
        code=check.code,
        engine=f"{check.engine.name} {check.engine.version}".strip(),
        arguments=_arguments(check.engine),
        seconds=duration(check.seconds),
        memory=memory(check.peak_memory_bytes),
    )


def _engine_notes(checks: Iterable[CheckResult]) -> tuple[str, ...]:
    """Why checks were not computed by the external engine that would be preferred."""
    codes: dict[str, list[str]] = {}
    for check in checks:
        codes.setdefault(check.engine.why_no_other, []).append(check.code)
    return tuple(f"{', '.join(codes[why])}: {why}." for why in codes if why)


def _arguments(engine: Engine) -> str:
    said = [f"{name} = {value}" for name, value in engine.arguments.items()]
    if engine.weights_sha256:
        said.append(f"weights SHA-256 {engine.weights_sha256}")
    return "; ".join(said)


def _capitalised(sentence: str) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()
