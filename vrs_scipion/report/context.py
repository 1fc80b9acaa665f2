"""What is typical: measured values beside those of simulated maps of known quality."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from vrs_scipion.results.model import CheckResult
from vrs_scipion.results.numbers import quantity

FILE = Path(__file__).parent / "context.json"
"""Written by ``benchmarks/report_context.py``, with how its numbers came to be."""

_NEAR = 1.3
"""Ratio of resolutions beyond which phantoms say nothing about a map."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(_Record):
    """A measurement's range over the phantoms of one resolution (Å)."""

    check: str
    key: str
    resolution: float
    lowest: float
    median: float
    highest: float
    phantoms: int


class Provenance(_Record):
    """How the table came to be."""

    program: str
    vrs_version: str
    engine: str
    phantoms: str
    snr: tuple[float, ...]
    seeds: tuple[int, ...]


class ContextTable(_Record):
    """Everything that the phantoms told."""

    provenance: Provenance
    rows: tuple[Row, ...]


@cache
def context_table() -> ContextTable:
    """The table shipped with the package."""
    return ContextTable.model_validate(json.loads(FILE.read_text(encoding="utf-8")))


def context_sentences(check: CheckResult, resolution: float | None) -> tuple[str, ...]:
    """How the measured values of a check compare with those of phantoms of its resolution.

    Parameters
    ----------
    check : its result
    resolution : reported, in Å

    Returns
    -------
    A sentence for each measurement that the phantoms know; none without a resolution, where no
    phantom has one near it, or where another engine measured than that of the phantoms.
    """
    comparable = check.engine.name == context_table().provenance.engine
    if resolution is None or not check.outcome.evaluable or not comparable:
        return ()
    known = (_nearest(check.code, key, resolution) for key in check.measurements)
    return tuple(_sentence(check, row) for row in known if row is not None)


def _nearest(code: str, key: str, resolution: float) -> Row | None:
    rows = [row for row in context_table().rows if (row.check, row.key) == (code, key)]
    near = [(abs(math.log(row.resolution / resolution)), row) for row in rows]
    distance, row = min(near, key=lambda pair: pair[0], default=(math.inf, None))
    return row if distance <= math.log(_NEAR) else None


def _sentence(check: CheckResult, row: Row) -> str:
    measured = check.measurements[row.key]
    if measured.value is None:
        place = "This map has none."
    else:
        value = float(measured.value)
        if value < row.lowest:
            place = f"This map, with {quantity(value, measured.unit)}, lies below them."
        elif value > row.highest:
            place = f"This map, with {quantity(value, measured.unit)}, lies above them."
        else:
            place = f"This map, with {quantity(value, measured.unit)}, lies among them."
    return (
        f"In {row.phantoms} simulated maps of {row.resolution:g} Å and known quality, the "
        f"{_subject(measured.description)} goes from {quantity(row.lowest, measured.unit)} to "
        f"{quantity(row.highest, measured.unit)}. {place}"
    )


def _subject(description: str) -> str:
    """What is measured, without the explanation that may follow it."""
    return re.split(r"[,:;]", description, maxsplit=1)[0]
