"""How often the verdict of a check is right, as measured on simulated maps whose truth is known."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from vrs_scipion.results.model import CheckResult

FILE = Path(__file__).parent / "rates.json"
"""Written by ``benchmarks/verdicts``, with how its numbers came to be."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rate(_Record):
    """So many maps of so many; ``low`` and ``high`` bound the share with 95 % confidence."""

    maps: int = Field(ge=0)
    of: int = Field(ge=1)
    low: float
    high: float


class Detection(_Record):
    """How many maps with a defect of one size a check warned of."""

    defect: str
    size: str
    rate: Rate


class CheckRates(_Record):
    """Warnings of a check that good maps draw, and defects that it is there to notice."""

    code: str
    false_alarms: Rate
    detections: tuple[Detection, ...]


class RateTable(_Record):
    """What the catalogue of good and bad maps told, of the built-in engine."""

    program: str
    vrs_version: str
    engine: str
    good_maps: str
    checks: tuple[CheckRates, ...]


@cache
def rate_table() -> RateTable:
    """The table shipped with the package."""
    return RateTable.model_validate(json.loads(FILE.read_text(encoding="utf-8")))


def rates_sentence(check: CheckResult) -> str:
    """How often the verdict of a check is right, in one line.

    Empty where nothing was judged, where another engine judged than that of the catalogue, and
    for checks that the catalogue does not know.
    """
    table = rate_table()
    if not check.outcome.evaluable or check.engine.name != table.engine:
        return ""
    known = {rates.code: rates for rates in table.checks}
    return _sentence(known[check.code]) if check.code in known else ""


def _sentence(rates: CheckRates) -> str:
    alarms = rates.false_alarms
    good = (
        f"At these limits {alarms.maps} of {alarms.of} good simulated maps draw a warning "
        f"(95 % interval {_percent(alarms.low)} to {_percent(alarms.high)} %)"
    )
    noticed = ", ".join(
        f"{found.defect} {f'({found.size}) ' if found.size else ''}"
        f"{found.rate.maps} of {found.rate.of}"
        for found in rates.detections
    )
    return f"{good}; of those with a defect: {noticed}." if noticed else f"{good}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if share < 0.1 else f"{100 * share:.0f}"
