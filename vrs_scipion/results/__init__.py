"""The contract between checks and pages: results as data."""

from vrs_scipion.results.model import (
    CheckResult,
    Column,
    Criterion,
    Engine,
    Figure,
    InputUsed,
    Measurement,
    OutputVolume,
    Record,
    Reference,
    ResolutionEstimate,
    Score,
    SurfaceColours,
    Table,
)
from vrs_scipion.results.outcome import Outcome

__all__ = [
    "CheckResult",
    "Column",
    "Criterion",
    "Engine",
    "Figure",
    "InputUsed",
    "Measurement",
    "Outcome",
    "OutputVolume",
    "Record",
    "Reference",
    "ResolutionEstimate",
    "Score",
    "SurfaceColours",
    "Table",
]
