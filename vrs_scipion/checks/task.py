"""One check of one entry, as it is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vrs_scipion import __version__
from vrs_scipion.checks.check import Check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.results import CheckResult, Engine, ResolutionEstimate


@dataclass(frozen=True)
class Task:
    """One check of one entry.

    Attributes
    ----------
    check : what to answer
    entry : the prepared inputs
    folder : where figures and volumes are written
    limits : value of every parameter of the check's limits, by key
    engine : the name of the engine to use: one of the check's, or 'auto' until one is chosen
    threads : how many threads it may use
    results : of earlier checks whose results it reads, by code
    folders : of those results, by code
    """

    check: Check
    entry: Entry
    folder: Path
    limits: Mapping[str, float]
    engine: str = BUILTIN
    threads: int = 1
    results: Mapping[str, CheckResult] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)

    def limit(self, key: str, resolution: float | None = None) -> float:
        """A limit as it counts at a resolution (Å)."""
        return self.check.limit(key).at(self.limits, resolution)

    def estimate(self) -> ResolutionEstimate | None:
        """The resolution that the first of the checks that it listens to found, if one did."""
        heard = (self.results.get(code) for code in self.check.listens_to)
        return next((r.resolution_estimate for r in heard if r and r.resolution_estimate), None)

    def earlier_volume(self, code: str, key: str) -> Path | None:
        """The file of a volume that an earlier check left; None where it left none."""
        result, folder = self.results.get(code), self.folders.get(code)
        files = [v.file for v in result.volumes if v.key == key] if result and folder else []
        return folder / files[0] if folder and files else None


def builtin_engine() -> Engine:
    """The engine of checks that the package computes itself."""
    return Engine(name=BUILTIN, version=__version__)
