"""A table that is read with the keyboard and copied into a spreadsheet."""

from __future__ import annotations

from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtGui import QColor, QFont, QKeyEvent, QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from vrs_scipion.windows import looks
from vrs_scipion.windows.tables import Grid, tab_separated

_WIDEST = 460
_FRAME = 6


class GridTable(QWidget):
    """A grid with its title and a button that copies it.

    Parameters
    ----------
    grid : what is shown
    tallest : height up to which the table shows all its rows and no more; 0 for all the room left
    """

    def __init__(self, grid: Grid, tallest: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = grid
        title = QLabel(grid.title)
        title.setStyleSheet("font-weight: bold")
        title.setWordWrap(True)
        copy = QPushButton("Copy table")
        copy.setToolTip(
            "Copies all rows, with tabs between the columns and numbers in full precision, for a "
            "spreadsheet. Ctrl+C in the table copies the chosen rows."
        )
        copy.clicked.connect(self.copy_all)
        top = QHBoxLayout()
        top.addWidget(title, 1)
        top.addWidget(copy, 0, Qt.AlignTop)
        self.table = _Table(grid, tallest)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.table)

    def copy_all(self) -> None:
        """Put the whole table on the clipboard."""
        _to_clipboard(tab_separated(self.grid))


class _Table(QTableWidget):
    def __init__(self, grid: Grid, tallest: int) -> None:
        super().__init__(len(grid.rows), len(grid.head))
        self._grid, self._tallest = grid, tallest
        self.setHorizontalHeaderLabels(list(grid.head))
        self.setEditTriggers(QAbstractItemView.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectRows)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.setWordWrap(True)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.setAccessibleName(grid.title)
        for row, cells in enumerate(grid.rows):
            for column, text in enumerate(cells):
                self.setItem(row, column, self._cell(row, column, text))
        self._fit()

    def _cell(self, row: int, column: int, text: str) -> QTableWidgetItem:
        grid = self._grid
        item = QTableWidgetItem(text)
        if grid.numeric[column]:
            item.setTextAlignment(int(Qt.AlignRight | Qt.AlignVCenter))
        if grid.tips:
            item.setToolTip(f"<p>{grid.tips[row]}</p>")
        if grid.marks and column == len(grid.head) - 1:
            ink, _ = looks.OUTCOMES["ok" if grid.marks[row] else "warnings"]
            item.setForeground(QColor(ink))
            font = QFont(item.font())
            font.setBold(True)
            item.setFont(font)
        return item

    def _fit(self) -> None:
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignLeft | Qt.AlignVCenter)
        for column, numeric in enumerate(self._grid.numeric):
            if numeric:
                head = self.horizontalHeaderItem(column)
                head.setTextAlignment(int(Qt.AlignRight | Qt.AlignVCenter))
        header.setSectionResizeMode(QHeaderView.ResizeToContents)
        header.setMaximumSectionSize(_WIDEST)
        if not self._grid.numeric[self._grid.wide]:
            header.setSectionResizeMode(self._grid.wide, QHeaderView.Stretch)
        self._resized = QTimer(self, singleShot=True, interval=0)
        self._resized.timeout.connect(self._fit_rows)
        header.sectionResized.connect(lambda *_: self._resized.start())
        self._fit_rows()

    def _fit_rows(self) -> None:
        self.resizeRowsToContents()
        if self._tallest:
            self.setMinimumHeight(min(self._natural_height(), self._tallest))
            self.setMaximumHeight(self._natural_height())

    def _natural_height(self) -> int:
        rows = sum(self.rowHeight(row) for row in range(self.rowCount()))
        return int(rows + self.horizontalHeader().sizeHint().height() + _FRAME)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.Copy):
            rows = sorted({index.row() for index in self.selectedIndexes()})
            _to_clipboard(tab_separated(self._grid, rows or None))
            return
        super().keyPressEvent(event)


def _to_clipboard(text: str) -> None:
    clipboard = QApplication.clipboard()
    if clipboard is not None:
        clipboard.setText(text)
