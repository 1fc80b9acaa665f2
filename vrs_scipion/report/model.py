"""The report as data (``report.json``): what every page of it is made from."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from vrs_scipion.entry.record_map import Deposition
from vrs_scipion.entry.records import Box, Fact, Lengths, SourceFile
from vrs_scipion.maps.kind import VolumeKind
from vrs_scipion.results.model import REPORT_SCHEMA, CheckResult, Record, ResolutionEstimate
from vrs_scipion.results.model import Score as ModelScore


class ReportMask(Record):
    """Under which half maps are compared: where it comes from, and its share of their box."""

    source: str
    volume_fraction: float


class ReportEntry(Record):
    """The map that the report is about. ``voxel_size`` is the geometric mean over the axes.

    ``mass`` is the molecule's as it was given, ``mass_at_contour`` that of protein which would fill
    what is above the contour level, both in kDa.
    ``kind_sentence`` says what the volume is where it is no density of a molecule; '' else.
    ``half1``, ``half2``, ``halves_box`` and ``mask`` are of the half maps, None without them.
    """

    map: str
    title: str
    sha256: str
    voxel_size: float
    voxel_size_zyx: Lengths
    voxel_size_from: str
    box: Box
    contour: float
    contour_from: str
    contour_sigma: float | None = None
    resolution: float | None
    resolution_from: str
    mass: float | None = None
    mass_from: str = ""
    mass_at_contour: float | None = None
    source: str
    deposition: Deposition | None = None
    kind: VolumeKind = VolumeKind.DENSITY
    kind_sentence: str = ""
    hard_mask: str = ""
    soft_mask: str = ""
    half1: SourceFile | None = None
    half2: SourceFile | None = None
    halves_box: Box | None = None
    mask: ReportMask | None = None
    notes: tuple[str, ...] = ()


class ReportInput(Record):
    """One of the inputs: its files, what was asked for with them, and what is to be seen of it.

    ``given`` is by the keys of the fields, with names in place of paths.
    """

    title: str
    files: tuple[SourceFile, ...]
    given: dict[str, float | str] = Field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()
    look: CheckResult | None = None


class Score(Record):
    """``passed`` out of ``evaluable`` checks; ``failed`` ones crashed: evaluable, not passed.

    Checks that could not decide, do not apply to the map, are not available here, or were not run,
    are counted apart.
    """

    passed: int
    evaluable: int
    failed: int
    undetermined: int = 0
    not_applicable: int
    not_available: int
    not_run: int = 0


class ReportLevel(Record):
    """A level of validation: whether it was reached, and what its checks came to.

    ``way`` says what to give for a level that was not reached.
    """

    mark: str
    title: str
    reached: bool
    score: Score | None = None
    way: str = ""


class Warning(Record):
    """A warning with the code of the check that gave it, or the key of the input."""

    check: str
    text: str


class NamedScore(ModelScore):
    """A score of the model, and the code of the check that gave it."""

    check: str


class FileBeside(Record):
    """A file in the folder of the report, and what it holds."""

    file: str
    holds: str


class ReportScores(Record):
    """The scores of the model from all checks, and the files beside the report that hold them.

    A score's ``key`` is its column in residues.csv; in model_scores.cif and in ChimeraX it is
    called vrs_ and the key.
    """

    residues: int
    scores: tuple[NamedScore, ...]
    files: tuple[FileBeside, ...]


class Report(Record):
    """One validation report.

    ``summary`` ends with the sentence on the score; ``created`` is an ISO 8601 date and
    time with its offset from UTC; ``level`` repeats ``grade``.
    """

    schema_version: Literal["vrs-report/2"] = Field(default=REPORT_SCHEMA, alias="schema")
    vrs_version: str
    created: str
    grade: str
    level: str
    entry: ReportEntry
    inputs: dict[str, ReportInput]
    summary: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    score: Score
    levels: tuple[ReportLevel, ...]
    resolution_estimates: tuple[ResolutionEstimate, ...]
    warnings: tuple[Warning, ...]
    model_scores: ReportScores | None = None
    software: dict[str, str] = Field(default_factory=dict)

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
