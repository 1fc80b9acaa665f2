"""From an entry and the results of its checks to one report, as data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from vrs_scipion import __version__
from vrs_scipion.checks.levels import LEVELS, grade, in_order, level_of, ways_on
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import INPUTS
from vrs_scipion.entry.records import MaskFile
from vrs_scipion.folders import (
    ATTRIBUTES_FILE,
    CHIMERAX_FILE,
    RESIDUES_FILE,
    SCORED_MODEL_FILE,
)
from vrs_scipion.report.formats import counted
from vrs_scipion.report.model import (
    FileBeside,
    NamedScore,
    Report,
    ReportEntry,
    ReportInput,
    ReportLevel,
    ReportMask,
    ReportScores,
    Score,
    Warning,
)
from vrs_scipion.report.scores import ModelScores
from vrs_scipion.results.model import CheckResult, ResolutionEstimate
from vrs_scipion.results.numbers import number, with_error
from vrs_scipion.results.outcome import Outcome


class ForeignResultError(ValueError):
    """A result was computed from other inputs than those of the report: one sentence."""


def compile_report(
    entry: Entry,
    checks: Sequence[CheckResult],
    looks: Sequence[CheckResult] = (),
    *,
    created: datetime,
    software: Mapping[str, str] | None = None,
    scores: ModelScores | None = None,
) -> Report:
    """Gather everything that the pages of a report are made from.

    Parameters
    ----------
    entry : Entry
        The prepared inputs.
    checks : sequence of CheckResult
        What the checks found.
    looks : sequence of CheckResult
        What is to be seen of the inputs; their codes are the keys of the inputs.
    created : datetime
        When the report is made. UTC is meant where it names no zone.
    software : mapping of str to str, optional
        Versions of the programs behind the report, by name.
    scores : ModelScores, optional
        What the checks gave to the residues and atoms of the model.

    Returns
    -------
    Report

    Raises
    ------
    ForeignResultError
        If a result was computed from other inputs than these.
    ValueError
        If two results have the same code.
    """
    _refuse_repeated_codes(checks)
    for result in (*checks, *looks):
        _refuse_foreign(result, entry)
    found = {check.code: check for check in checks}
    ordered = tuple(found[code] for code in in_order(found))
    score = score_of(ordered)
    estimates = tuple(
        check.resolution_estimate for check in ordered if check.resolution_estimate is not None
    )
    mark = grade(entry.given)
    return Report(
        vrs_version=__version__,
        created=_with_zone(created).isoformat(timespec="seconds"),
        grade=mark,
        level=mark,
        entry=_identity(entry, found.get("0.b")),
        inputs=_inputs(entry, {look.code: look for look in looks}),
        summary=_summary(entry, ordered, estimates, score),
        checks=ordered,
        score=score,
        levels=_levels(entry, ordered),
        resolution_estimates=estimates,
        warnings=_warnings(entry, ordered),
        model_scores=_scores(scores) if scores is not None else None,
        software=dict(software or {}),
    )


def score_of(checks: Sequence[CheckResult]) -> Score:
    """Count the outcomes: a check that failed is evaluable and has not passed.

    Parameters
    ----------
    checks : sequence of CheckResult

    Returns
    -------
    Score
    """
    count = Counter(check.outcome for check in checks)
    return Score(
        passed=count[Outcome.OK],
        evaluable=sum(check.outcome.evaluable for check in checks),
        failed=count[Outcome.FAILED],
        undetermined=count[Outcome.UNDETERMINED],
        not_applicable=count[Outcome.NOT_APPLICABLE],
        not_available=count[Outcome.NOT_AVAILABLE],
        not_run=count[Outcome.NOT_RUN],
    )


def score_sentence(score: Score) -> str:
    """The score in words, with its denominator."""
    items = counted(score.evaluable, "evaluable item")
    return f"Overall score: {score.passed} out of {items} passed."


def score_remarks(score: Score) -> tuple[str, ...]:
    """What a reader of the score must know: what counts against it and what is left out of it."""
    remarks = []
    if not score.evaluable:
        remarks.append("No check could be evaluated.")
    if score.failed:
        verb = "counts" if score.failed == 1 else "count"
        remarks.append(
            f"{counted(score.failed, 'check')} failed to compute and {verb} as not passed."
        )
    left_out = [
        f"{counted(count, 'check')} {outcome.left_out(count)}"
        for outcome, count in (
            (Outcome.UNDETERMINED, score.undetermined),
            (Outcome.NOT_APPLICABLE, score.not_applicable),
            (Outcome.NOT_AVAILABLE, score.not_available),
            (Outcome.NOT_RUN, score.not_run),
        )
        if count
    ]
    if left_out:
        remarks.append(f"Not counted: {' and '.join(left_out)}.")
    return tuple(remarks)


def resolution_sentence(
    estimates: Sequence[ResolutionEstimate], reported: float | None
) -> str | None:
    """The resolutions that the checks found against the reported one; None without any."""
    if not estimates:
        return None
    said = [_estimated(one) for one in estimates if one.leads or len(estimates) == 1]
    if len(estimates) > 1:
        values = [estimate.value for estimate in estimates]
        said.append(
            f"The resolution of the map estimated by {len(values)} methods goes from "
            f"{number(min(values))} to {number(max(values))} Å, with a mean of "
            f"{number(math.fsum(values) / len(values))} Å."
        )
    return " ".join([*said, _against(reported, estimates)])


def _estimated(estimate: ResolutionEstimate) -> str:
    found = with_error(estimate.value, estimate.error)
    return f"{estimate.method} estimates the resolution of the map at {found} Å."


def _against(reported: float | None, estimates: Sequence[ResolutionEstimate]) -> str:
    if reported is None:
        suggested = [number(one.value) for one in estimates if one.leads]
        if suggested:
            return f"No resolution was reported: {suggested[0]} Å is the one to report."
        return "No resolution was reported to hold it against."
    said = f"The reported resolution is {number(reported)} Å"
    if any(estimate.contradicts for estimate in estimates):
        return f"{said}, which may be overestimated."
    return f"{said}."


def worry(report: Report) -> str:
    """What to look at first, in one paragraph of plain English."""
    said = [check for check in report.checks if check.outcome is Outcome.WARNINGS]
    crashed = [check for check in report.checks if check.outcome is Outcome.FAILED]
    undecided = [check for check in report.checks if check.outcome is Outcome.UNDETERMINED]
    score = report.score
    kind = [report.entry.kind_sentence] if report.entry.kind_sentence else []
    if not score.evaluable:
        nothing = "No check could be evaluated: this report says nothing about the map's quality."
        return " ".join([*kind, nothing])
    words = [*kind, _how_many(len(said), score.evaluable - score.failed)]
    words += [check.headline for check in said if check.headline]
    if crashed:
        words.append(f"Nothing is known of what could not be computed: {_names(crashed)}.")
    if undecided:
        words.append(f"It could not be decided, and is no pass: {_names(undecided)}.")
    about_input = sum(warning.check in report.inputs for warning in report.warnings)
    if about_input:
        words.append(f"The input itself gave {counted(about_input, 'warning')}, listed below.")
    if not said and not crashed:
        words.append("That is no proof that the map is right: it speaks for what was measured.")
    return " ".join(words)


def _names(checks: Sequence[CheckResult]) -> str:
    return ", ".join(f"{check.code} {check.name}" for check in checks)


def _how_many(troubled: int, computed: int) -> str:
    if not computed:
        return "No check could be computed."
    if not troubled:
        if computed == 1:
            return "The one check that could be evaluated found no problem."
        return f"None of the {computed} checks that could be evaluated found a problem."
    verb = "asks" if troubled == 1 else "ask"
    of = counted(computed, "check that could be evaluated", "checks that could be evaluated")
    return f"{troubled} of {of} {verb} for a closer look."


def _summary(
    entry: Entry,
    checks: Sequence[CheckResult],
    estimates: Sequence[ResolutionEstimate],
    score: Score,
) -> tuple[str, ...]:
    kind = entry.map.recognised.sentence
    headlines = [check.headline for check in checks if check.headline]
    resolution = resolution_sentence(estimates, entry.resolution)
    said = " ".join([score_sentence(score), *score_remarks(score)])
    return (*([kind] if kind else []), *headlines, *([resolution] if resolution else []), said)


def _warnings(entry: Entry, checks: Sequence[CheckResult]) -> tuple[Warning, ...]:
    return (
        *(
            Warning(check=key, text=text)
            for key in entry.given
            for text in entry.record(key).warnings
        ),
        *(Warning(check=check.code, text=text) for check in checks for text in check.warnings),
    )


def _levels(entry: Entry, checks: Sequence[CheckResult]) -> tuple[ReportLevel, ...]:
    """Every level of this version, with the score of its checks or the way to it."""
    ways = {level.mark: way for level, way in ways_on(entry.given)}
    scored = {check.code: level_of(check.code).mark for check in checks}
    return tuple(
        ReportLevel(
            mark=level.mark,
            title=f"Level {level.mark}: {level.adds}",
            reached=level.is_reached(entry.given),
            score=score_of([c for c in checks if scored[c.code] == level.mark])
            if level.mark in scored.values()
            else None,
            way=ways.get(level.mark, ""),
        )
        for level in LEVELS
        if level.checks
    )


def _scores(scores: ModelScores) -> ReportScores:
    return ReportScores(
        residues=len(scores.model.residues),
        scores=tuple(
            NamedScore(**column.score.model_dump(), check=column.check) for column in scores.columns
        ),
        files=tuple(FileBeside(file=file, holds=holds) for file, holds in _SCORE_FILES.items()),
    )


_SCORE_FILES = {
    RESIDUES_FILE: "a line for each residue, a column for each of its scores",
    SCORED_MODEL_FILE: "the model as mmCIF, with a column of its atoms for each score",
    CHIMERAX_FILE: "opens map and model in ChimeraX, in the colours of a score",
    ATTRIBUTES_FILE: "the scores as ChimeraX reads them",
}


def _inputs(entry: Entry, looks: Mapping[str, CheckResult]) -> dict[str, ReportInput]:
    return {
        key: ReportInput(
            title=INPUTS[key].title,
            files=record.sources,
            given=record.given,
            facts=record.facts,
            warnings=record.warnings,
            look=looks.get(key),
        )
        for key, record in ((key, entry.record(key)) for key in entry.given)
    }


def _identity(entry: Entry, mask: CheckResult | None) -> ReportEntry:
    """The map, with the mass at its contour level as the check of the mask found it."""
    record = entry.map
    mass = mask.measurements.get("mass_kda") if mask else None
    return ReportEntry(
        map=record.source.name,
        title=record.title,
        sha256=record.source.sha256,
        voxel_size=math.prod(record.voxel_size) ** (1 / 3),
        voxel_size_zyx=record.voxel_size,
        voxel_size_from=record.voxel_size_from,
        box=record.box,
        contour=record.contour,
        contour_from=record.contour_from,
        contour_sigma=record.contour_sigma,
        kind=record.kind,
        kind_sentence=record.recognised.sentence,
        resolution=record.resolution,
        resolution_from=record.resolution_from,
        mass=record.mass,
        mass_from=record.mass_from if record.mass is not None else "",
        mass_at_contour=mass.value if mass else None,
        source=record.origin_of_data,
        deposition=record.deposition,
        hard_mask=_mask(record.hard_mask),
        soft_mask=_mask(record.soft_mask),
        notes=record.source.notes,
        **_halves_identity(entry),
    )


def _halves_identity(entry: Entry) -> dict[str, Any]:
    """What is said of the half maps beside the map."""
    if "half_maps" not in entry.given:
        return {}
    record = entry.half_maps_record
    first, second = (half.source for half in record.halves)
    fraction = record.soft_mask.voxels / math.prod(record.box)
    mask = ReportMask(source=record.soft_mask.description, volume_fraction=fraction)
    return {"half1": first, "half2": second, "halves_box": record.box, "mask": mask}


def _mask(mask: MaskFile) -> str:
    return f"{mask.voxels:,.0f} voxels: {mask.description}"


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _refuse_repeated_codes(checks: Sequence[CheckResult]) -> None:
    repeated = [code for code, times in Counter(c.code for c in checks).items() if times > 1]
    if repeated:
        raise ValueError(f"Two results have the same code: {', '.join(repeated)}.")


def _refuse_foreign(result: CheckResult, entry: Entry) -> None:
    """What was computed from something else, or from something unknown, is not of this report."""
    if result.outcome is Outcome.NOT_RUN:
        return
    if not result.inputs:
        raise ForeignResultError(
            f"The result of {result.code} does not say what it was computed from; run it again."
        )
    for key, used in result.inputs.items():
        here = entry.record(key).used if key in entry.given else None
        if used != here:
            noun = INPUTS[key].noun if key in INPUTS else key
            raise ForeignResultError(
                f"The result of {result.code} was computed from another input than {noun} of this "
                "report, or with other numbers; run it again on this one."
            )
