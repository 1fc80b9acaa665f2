"""The contract between checks and pages: results as data."""

from vrs_scipion.results.model import (
    CheckResult,
    Column,
    Criterion,
    Engine,
    Figure,
    Measurement,
    Outcome,
    OutputVolume,
    Record,
    Reference,
    ResolutionEstimate,
    SurfaceColours,
    Table,
)

__all__ = [
    "CheckResult",
    "Column",
    "Criterion",
    "Engine",
    "Figure",
    "Measurement",
    "Outcome",
    "OutputVolume",
    "Record",
    "Reference",
    "ResolutionEstimate",
    "SurfaceColours",
    "Table",
]
