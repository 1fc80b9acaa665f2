"""The report as data (``report.json``): what every page of it is made from."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from vrs_scipion.entry.model import Box, Deposition, Lengths, SourceFile
from vrs_scipion.results.model import (
    REPORT_SCHEMA,
    CheckResult,
    Figure,
    Record,
    ResolutionEstimate,
)


class ReportEntry(Record):
    """The map that the report is about. ``voxel_size`` is the geometric mean over the axes."""

    map: str
    title: str
    sha256: str
    voxel_size: float
    voxel_size_zyx: Lengths
    voxel_size_from: str
    box: Box
    contour: float
    contour_from: str
    resolution: float | None
    resolution_from: str
    source: str
    deposition: Deposition | None = None
    half_maps: tuple[SourceFile, ...] = ()
    hard_mask: str = ""
    soft_mask: str = ""
    notes: tuple[str, ...] = ()


class Score(Record):
    """``passed`` out of ``evaluable`` checks; ``failed`` ones crashed: evaluable, not passed.

    Checks that do not apply to the map, are not available here, or were not run, are counted apart.
    """

    passed: int
    evaluable: int
    failed: int
    not_applicable: int
    not_available: int
    not_run: int = 0


class Warning(Record):
    """A warning with the code of the check that gave it ('input' for the map itself)."""

    check: str
    text: str


class Report(Record):
    """One validation report. ``figures`` are those of the section "Input data".

    ``summary`` ends with the sentence on the score; ``created`` is an ISO 8601 date and
    time with its offset from UTC.
    """

    schema_version: Literal["vrs-report/1"] = Field(default=REPORT_SCHEMA, alias="schema")
    vrs_version: str
    created: str
    level: str
    entry: ReportEntry
    summary: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    score: Score
    resolution_estimates: tuple[ResolutionEstimate, ...]
    warnings: tuple[Warning, ...]
    input_paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    software: dict[str, str] = Field(default_factory=dict)

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
