"""The contract between checks and pages: results as data."""

from vrs_scipion.results.model import (
    CheckResult,
    Column,
    Criterion,
    Engine,
    Figure,
    InputUsed,
    Measurement,
    OutputModel,
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
    "OutputModel",
    "OutputVolume",
    "Record",
    "Reference",
    "ResolutionEstimate",
    "Score",
    "SurfaceColours",
    "Table",
]
