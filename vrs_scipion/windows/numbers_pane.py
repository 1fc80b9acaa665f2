"""The criteria and the numbers of a check, as tables."""

from __future__ import annotations

from PyQt5.QtWidgets import QComboBox, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from vrs_scipion.report.numbering import PlacedTable
from vrs_scipion.windows.grid_table import GridTable
from vrs_scipion.windows.results_folder import Item
from vrs_scipion.windows.tables import (
    Grid,
    criteria_grid,
    facts_grid,
    measurements_grid,
    placed_grid,
)

_TALLEST = 230


class NumbersPane(QWidget):
    """Measured values against their limits, and every other number with its unit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self.tables: list[GridTable] = []

    def show_item(self, item: Item) -> None:
        """Show a check, or an input."""
        self._clear()
        if item.given is not None:
            self._add(facts_grid(item.given))
            return
        if item.section is None or item.result is None:
            words = QLabel(item.reason)
            words.setWordWrap(True)
            self._layout.addWidget(words)
            self._layout.addStretch(1)
            return
        criteria = criteria_grid(item.section)
        if criteria.rows:
            self._add(criteria, _TALLEST)
        grids = [measurements_grid(item.result)] if item.result.measurements else []
        placed = [block for block in item.section.blocks if isinstance(block, PlacedTable)]
        grids += [placed_grid(table) for table in placed]
        if grids:
            self._add_choice(grids)
        else:
            self._layout.addWidget(QLabel("This check measured no number."))
            self._layout.addStretch(1)

    def _add(self, grid: Grid, tallest: int = 0) -> None:
        table = GridTable(grid, tallest)
        self.tables.append(table)
        self._layout.addWidget(table, 0 if tallest else 1)

    def _add_choice(self, grids: list[Grid]) -> None:
        """One table at a time, chosen by its title."""
        if len(grids) == 1:
            self._add(grids[0])
            return
        stack, box = QStackedWidget(), QComboBox()
        box.setToolTip("Which table is shown below.")
        box.setSizeAdjustPolicy(QComboBox.AdjustToMinimumContentsLengthWithIcon)
        for grid in grids:
            table = GridTable(grid)
            self.tables.append(table)
            stack.addWidget(table)
            box.addItem(grid.title)
        box.currentIndexChanged.connect(stack.setCurrentIndex)
        label = QLabel("Tab&le")
        label.setBuddy(box)
        label.setMinimumWidth(label.sizeHint().width())
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(box, 1)
        holder = QWidget()
        holder.setLayout(row)
        row.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(holder)
        self._layout.addWidget(stack, 1)

    def _clear(self) -> None:
        self.tables = []
        while self._layout.count():
            entry = self._layout.takeAt(0)
            widget = entry.widget() if entry is not None else None
            if widget is not None:
                widget.hide()  # deleted only when all else is done
                widget.deleteLater()
