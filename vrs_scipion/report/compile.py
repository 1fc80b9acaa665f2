"""From an entry and the results of its checks to one report, as data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from vrs_scipion import __version__
from vrs_scipion.entry.model import Entry, MaskFile
from vrs_scipion.report.formats import counted
from vrs_scipion.report.model import Report, ReportEntry, Score, Warning
from vrs_scipion.results.model import CheckResult, Figure, Outcome, ResolutionEstimate
from vrs_scipion.results.numbers import number

INPUT = "input"
"""The name under which the map itself warns, and under which its figures lie."""

OVERESTIMATED_BELOW = 0.8
"""A reported resolution below this fraction of the mean estimate may be overestimated."""


def compile_report(
    entry: Entry,
    checks: Sequence[CheckResult],
    *,
    figures: Sequence[Figure] = (),
    input_paragraphs: Sequence[str] = (),
    created: datetime,
    level: str = "0",
    software: Mapping[str, str] | None = None,
) -> Report:
    """Gather everything that the pages of a report are made from.

    Parameters
    ----------
    entry : Entry
        The prepared map.
    checks : sequence of CheckResult
        What the checks found, in the order in which the report shows them.
    figures : sequence of Figure
        The figures of the section "Input data".
    input_paragraphs : sequence of str
        The words of that section; ``{fig:KEY}`` refers to one of its figures.
    created : datetime
        When the report is made. UTC is meant where it names no zone.
    level : str
        The validation level with its qualifiers, e.g. '0' or '1A'.
    software : mapping of str to str, optional
        Versions of the programs behind the report, by name.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        If two results have the same code.
    """
    _refuse_repeated_codes(checks)
    score = score_of(checks)
    estimates = tuple(
        check.resolution_estimate for check in checks if check.resolution_estimate is not None
    )
    return Report(
        vrs_version=__version__,
        created=_with_zone(created).isoformat(timespec="seconds"),
        level=level,
        entry=_identity(entry),
        summary=_summary(checks, estimates, entry.resolution, score),
        checks=tuple(checks),
        score=score,
        resolution_estimates=estimates,
        warnings=_warnings(entry, checks),
        input_paragraphs=tuple(input_paragraphs),
        figures=tuple(figures),
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
        f"{counted(count, 'check')} {one if count == 1 else many}"
        for count, one, many in (
            (score.not_applicable, "does not apply to this map", "do not apply to this map"),
            (score.not_available, "is not available here", "are not available here"),
            (score.not_run, "was not run", "were not run"),
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
    values = [estimate.value for estimate in estimates]
    mean = math.fsum(values) / len(values)
    return f"{_found(estimates, values, mean)} {_against(reported, mean)}"


def _found(estimates: Sequence[ResolutionEstimate], values: list[float], mean: float) -> str:
    if len(values) == 1:
        return f"{estimates[0].method} estimates the resolution of the map at {number(mean)} Å."
    return (
        f"The resolution of the map estimated by {len(values)} methods goes from "
        f"{number(min(values))} to {number(max(values))} Å, with a mean of {number(mean)} Å."
    )


def _against(reported: float | None, mean: float) -> str:
    if reported is None:
        return "No resolution was reported to hold it against."
    said = f"The reported resolution is {number(reported)} Å"
    if reported < OVERESTIMATED_BELOW * mean:
        return f"{said}, which may be overestimated."
    return f"{said}."


def worry(report: Report) -> str:
    """What to look at first, in one paragraph of plain English."""
    said = [check for check in report.checks if check.outcome is Outcome.WARNINGS]
    crashed = [check for check in report.checks if check.outcome is Outcome.FAILED]
    score = report.score
    if not score.evaluable:
        return "No check could be evaluated: this report says nothing about the map's quality."
    words = [_how_many(len(said), score.evaluable - score.failed)]
    words += [check.headline for check in said if check.headline]
    if crashed:
        names = ", ".join(f"{check.code} {check.name}" for check in crashed)
        words.append(f"Nothing is known of what could not be computed: {names}.")
    about_input = sum(warning.check == INPUT for warning in report.warnings)
    if about_input:
        words.append(f"The input itself gave {counted(about_input, 'warning')}, listed below.")
    if not said and not crashed:
        words.append("That is no proof that the map is right: it speaks for what was measured.")
    return " ".join(words)


def _how_many(troubled: int, computed: int) -> str:
    if not computed:
        return "No check could be computed."
    if not troubled:
        return f"None of the {computed} checks that could be evaluated found a problem."
    verb = "asks" if troubled == 1 else "ask"
    of = counted(computed, "check that could be evaluated", "checks that could be evaluated")
    return f"{troubled} of {of} {verb} for a closer look."


def _summary(
    checks: Sequence[CheckResult],
    estimates: Sequence[ResolutionEstimate],
    reported: float | None,
    score: Score,
) -> tuple[str, ...]:
    headlines = [check.headline for check in checks if check.headline]
    resolution = resolution_sentence(estimates, reported)
    said = " ".join([score_sentence(score), *score_remarks(score)])
    return (*headlines, *([resolution] if resolution else []), said)


def _warnings(entry: Entry, checks: Sequence[CheckResult]) -> tuple[Warning, ...]:
    return (
        *(Warning(check=INPUT, text=text) for text in entry.warnings),
        *(Warning(check=check.code, text=text) for check in checks for text in check.warnings),
    )


def _identity(entry: Entry) -> ReportEntry:
    return ReportEntry(
        map=entry.source.name,
        title=entry.title,
        sha256=entry.source.sha256,
        voxel_size=math.prod(entry.voxel_size) ** (1 / 3),
        voxel_size_zyx=entry.voxel_size,
        voxel_size_from=entry.voxel_size_from,
        box=entry.box,
        contour=entry.contour,
        contour_from=entry.contour_from,
        resolution=entry.resolution,
        resolution_from=entry.resolution_from,
        source=entry.origin_of_data,
        deposition=entry.deposition,
        half_maps=entry.half_maps,
        hard_mask=_mask(entry.hard_mask),
        soft_mask=_mask(entry.soft_mask),
        notes=entry.source.notes,
    )


def _mask(mask: MaskFile) -> str:
    return f"{mask.voxels:,.0f} voxels: {mask.description}"


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _refuse_repeated_codes(checks: Sequence[CheckResult]) -> None:
    repeated = [code for code, times in Counter(c.code for c in checks).items() if times > 1]
    if repeated:
        raise ValueError(f"Two results have the same code: {', '.join(repeated)}.")
