"""All rows of a batch on one page that can be sorted, and as one table."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from vrs_scipion.batch.outcome import RowOutcome
from vrs_scipion.checks.levels import CHECKS, asked_of, in_order
from vrs_scipion.entry.inputs import given_keys
from vrs_scipion.entry.request import Request
from vrs_scipion.files import written_whole
from vrs_scipion.folders import HTML_FILE
from vrs_scipion.results import Outcome

INDEX_FILE = "index.html"
SUMMARY_FILE = "summary.csv"

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_index(outcomes: Sequence[RowOutcome], out: Path) -> None:
    """Write ``index.html`` and ``summary.csv`` over all rows into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    codes = _codes(outcomes)
    with written_whole(out / SUMMARY_FILE) as path:
        _write_table(outcomes, codes, path)
    page = _ENVIRONMENT.get_template("index.html.jinja").render(
        rows=outcomes,
        codes=codes,
        names={check.code: check.name for check in CHECKS.values()},
        counts=Counter(outcome.status.value for outcome in outcomes),
        outcomes=list(Outcome),
        link=_link,
    )
    with written_whole(out / INDEX_FILE) as path:
        path.write_text(page, encoding="utf-8")


_ENVIRONMENT = Environment(
    loader=PackageLoader("vrs_scipion.batch"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _codes(outcomes: Iterable[RowOutcome]) -> list[str]:
    """Codes of all checks: those asked of what the rows give, and those that older rows have."""
    asked: set[str] = set()
    for one in outcomes:
        given = given_keys(Request.of(**one.row.given))
        asked |= {check.code for check in asked_of(given)} | set(one.outcomes)
    return in_order(asked)


def _link(outcome: RowOutcome) -> str:
    return f"{quote(outcome.row.name)}/{HTML_FILE}" if outcome.status.has_report else ""


def _write_table(outcomes: Sequence[RowOutcome], codes: list[str], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_SUMMARY, *codes, "seconds", "message", "report"])
        for one in outcomes:
            cells = (
                *(one.row.name, one.row.map, one.title, one.status.value, one.grade, one.passed),
                *(one.evaluable, one.warnings, one.contour, one.resolution),
                *(one.outcomes[code].value if code in one.outcomes else "" for code in codes),
                *(one.seconds, one.message, _link(one)),
            )
            writer.writerow([_harmless(cell) for cell in cells])


_SUMMARY = (
    "name",
    "map",
    "title",
    "status",
    "grade",
    "passed",
    "evaluable",
    "warnings",
    "contour",
    "resolution",
)


def _harmless(cell: object) -> object:
    """A cell that spreadsheets do not take for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
