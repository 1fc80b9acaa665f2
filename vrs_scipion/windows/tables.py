"""Tables that can be shown and copied: tab-separated, as spreadsheets read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vrs_scipion.report.document import CheckSection, InputSection
from vrs_scipion.report.numbering import PlacedTable
from vrs_scipion.results import CheckResult
from vrs_scipion.results.numbers import number
from vrs_scipion.results.plots import Plot


@dataclass(frozen=True)
class Grid:
    """Rows of words under a head; ``copied`` holds the same rows with full precision.

    ``wide`` is the column that takes the room left. ``marks`` says of each row whether it is
    good, or None where that is not the question; ``tips`` is what each row means.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    copied: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    marks: tuple[bool | None, ...] = ()
    tips: tuple[str, ...] = ()
    wide: int = 0


def tab_separated(grid: Grid, rows: Sequence[int] | None = None) -> str:
    """The head and the rows (all, or those chosen) with a tab between cells."""
    chosen = grid.copied if rows is None else [grid.copied[row] for row in rows]
    lines = [grid.head, *chosen]
    return "\n".join("\t".join(_cell(text) for text in line) for line in lines) + "\n"


def criteria_grid(section: CheckSection) -> Grid:
    """The criteria: what was asked, what was measured, and the word for the two."""
    listed = [*section.criteria, *section.advice]
    rows = tuple(
        (row.requirement, row.measured, row.limit, ("✓ " if row.passed else "! ") + row.word)
        for row in listed
    )
    return Grid(
        title="Criteria",
        head=("Criterion", "Measured", "Limit", "Verdict"),
        rows=rows,
        copied=tuple((*row[:3], row[3][2:]) for row in rows),
        numeric=(False, True, True, False),
        marks=tuple(row.passed for row in listed),
        tips=tuple(
            row.sentence + ("" if i < len(section.criteria) else " Advice: no part of the verdict.")
            for i, row in enumerate(listed)
        ),
    )


def measurements_grid(result: CheckResult) -> Grid:
    """Every number that the check measured, with its unit."""
    items = result.measurements.items()
    return Grid(
        title="Measurements",
        head=("Quantity", "Value", "Unit", "Name"),
        rows=tuple((m.description, number(m.value), m.unit, key) for key, m in items),
        copied=tuple(
            (m.description, "" if m.value is None else repr(m.value), m.unit, key)
            for key, m in items
        ),
        numeric=(False, True, False, False),
        tips=tuple(f"{key} in report.json" for key in result.measurements),
    )


def placed_grid(table: PlacedTable) -> Grid:
    """A table of the report."""
    return Grid(
        f"{table.label}. {table.caption}", table.head, table.rows, table.rows, table.numeric
    )


def facts_grid(section: InputSection) -> Grid:
    """The facts about an input."""
    cells = tuple((fact.label, fact.value) for fact in section.facts)
    return Grid(section.title, ("Item", "Value"), cells, cells, (False, False), wide=1)


def plot_text(plot: Plot) -> str:
    """The numbers of every curve: its name, x and y, tab-separated."""
    lines = [("series", plot.x.title, plot.y.title)]
    for series in plot.series:
        for x, y in zip(series.x, series.y, strict=True):
            lines.append((series.name, repr(x), "" if y is None else repr(y)))
    return "\n".join("\t".join(_cell(text) for text in line) for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())
