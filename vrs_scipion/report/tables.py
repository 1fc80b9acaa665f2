"""Tables and plots as CSV, for those who compute with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from vrs_scipion.report.document import CheckSection
from vrs_scipion.report.numbering import PlacedTable
from vrs_scipion.results.plots import Plot

Cell = str | int | float | None


def table_csv(table: PlacedTable) -> str:
    """A table in full precision; a cell without a value is empty."""
    return _csv(table.head, table.values)


def measurements_csv(check: CheckSection) -> str:
    """The measured values of a check in full precision."""
    rows = ((row.key, row.value, row.unit, row.description) for row in check.measurements)
    return _csv(("key", "value", "unit", "description"), rows)


def plot_csv(plot: Plot) -> str:
    """The points of a plot: the name of each one's series, its x and its y."""
    points = (
        (series.name, x, y)
        for series in plot.series
        for x, y in zip(series.x, series.y, strict=True)
    )
    return _csv(("series", plot.x.title, plot.y.title), points)


def _csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(rows)
    return stream.getvalue()
