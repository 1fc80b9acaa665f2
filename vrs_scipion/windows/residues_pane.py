"""All scores of all residues of the model: in a table, along a chain, and in ChimeraX."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, Qt
from PyQt5.QtGui import QKeyEvent, QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.residue_plot import residue_plot, residues_of
from vrs_scipion.models.score_table import as_words
from vrs_scipion.report.residue_search import found
from vrs_scipion.report.scores import ModelScores, ScoreColumn
from vrs_scipion.windows.chooser import chooser, widen
from vrs_scipion.windows.layers import Layers
from vrs_scipion.windows.pages import NoProgramError, open_chimerax
from vrs_scipion.windows.tables import Grid, tab_separated

_PLOT_HEIGHT = 270
_WIDEST = 2000
_ASCENDING = Qt.AscendingOrder


class ResiduesPane(QWidget):
    """The scores of a model; a residue that is chosen in the table is marked in the plot."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = ScoreRows()
        self._scores: ModelScores | None = None
        self._entry, self._layers = Entry({}), Layers((), (), ())
        self._plot: Any = None
        self._build()

    def show_scores(self, scores: ModelScores, entry: Entry, layers: Layers) -> None:
        """Show the scores of a model that lies in the map of ``layers``."""
        self._scores, self._entry, self._layers = scores, entry, layers
        for box, names in (
            (self._score, [column.score.label for column in scores.of("residues")]),
            (self._chain, list(dict.fromkeys(_chains(scores).tolist()))),
        ):
            box.blockSignals(True)
            box.clear()
            box.addItems(names)
            widen(box)
            box.blockSignals(False)
        self.rows.show_scores(scores)
        self._search()
        self._draw()

    def prefer(self, check: str) -> None:
        """Plot the first score of a check, if it has one."""
        columns = self._scores.of("residues") if self._scores is not None else ()
        own = [place for place, column in enumerate(columns) if column.check == check]
        if own:
            self._score.setCurrentIndex(own[0])

    @property
    def chosen(self) -> int:
        """Index of the residue that is chosen; −1 for none."""
        index = self._table.currentIndex()
        return self.rows.residue(index.row()) if index.isValid() else -1

    def choose(self, residue: int) -> None:
        """Choose a residue in the table, where it is listed."""
        row = self.rows.row(residue)
        if row >= 0:
            index = self.rows.index(row, 0)
            self._table.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.ClearAndSelect | QItemSelectionModel.Rows
            )
            self._table.scrollTo(index)

    # ----------------------------------------------------------------- what is done

    def _column(self) -> ScoreColumn | None:
        columns = self._scores.of("residues") if self._scores is not None else ()
        place = self._score.currentIndex()
        return columns[place] if 0 <= place < len(columns) else None

    def _draw(self) -> None:
        column, scores = self._column(), self._scores
        if column is None or scores is None:
            return
        words = column.words if column.is_words else ()
        plot = residue_plot(
            scores.model,
            self._chain.currentText(),
            _numbers(column),
            column.score.label,
            column.score.unit,
            (1, max(2, len(words))) if column.is_words else column.reach,
            chosen=self.chosen,
            words=words,
        )
        if self._plot is None:
            from vrs_scipion.windows.live_plot import LivePlot  # Matplotlib is slow to load

            self._plot = LivePlot(plot, widest=_WIDEST)
            self._plot.setFixedHeight(_PLOT_HEIGHT)
            self._plot.canvas.mpl_connect("button_press_event", self._clicked)
            self._below.addWidget(self._plot)
        else:
            self._plot.show_plot(plot)

    def _clicked(self, event: Any) -> None:
        if self._scores is None or event.xdata is None or event.button != 1:
            return
        residues = residues_of(self._scores.model, self._chain.currentText())
        apart = np.abs(self._scores.model.residues.numbers[residues] - event.xdata)
        self.choose(int(residues[np.argmin(apart)]))

    def _selected(self) -> None:
        residue = self.chosen
        if residue < 0 or self._scores is None:
            return
        chain = str(_chains(self._scores)[residue])
        self._chain.blockSignals(True)
        self._chain.setCurrentText(chain)
        self._chain.blockSignals(False)
        self._said.setText(self.rows.sentence(residue))
        self._draw()

    def _search(self) -> None:
        residue = self.chosen
        self.rows.look_for(self._find.text())
        shown, every = self.rows.rowCount(), self.rows.every
        self._said.setText(
            f"{every:,} residues" if shown == every else f"{shown:,} of {every:,} residues"
        )
        self.choose(residue)

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.rows.text())

    def _chimerax(self) -> None:
        column = self._column()
        if column is None:
            return
        from vrs_scipion.windows.chimerax_script import write_script  # slow to load

        folder = Path(tempfile.mkdtemp(prefix="vrs_chimerax_"))
        script = folder / f"{column.attribute}.cxc"
        try:
            write_script(
                self._layers, None, script, self._entry.model_path, self._scores, column.score.key
            )
            open_chimerax(script)
        except (NoProgramError, OSError, ValueError) as error:
            self._said.setText(str(error))

    # ----------------------------------------------------------------- widgets

    def _build(self) -> None:
        self._score = chooser("The score that is plotted, and colours ChimeraX.", self._draw)
        self._chain = chooser("The chain along which it is plotted.", self._draw)
        self._find = QLineEdit()
        self._find.setPlaceholderText("A 10-50 HEM outlier")
        self._find.setClearButtonEnabled(True)
        self._find.setToolTip(
            "<p>Chains, numbers (12 or 10-50), names of residues, kinds (protein, water) or words "
            "of scores: residues that fit all of them are listed.</p>"
        )
        self._find.textChanged.connect(lambda _: self._search())
        copy = QPushButton("Copy table")
        copy.setToolTip("Copies the rows that are shown, with tabs, for a spreadsheet.")
        copy.clicked.connect(self._copy)
        chimerax = QPushButton("Chimera&X")
        chimerax.setToolTip("Opens map and model in ChimeraX, coloured by the score.")
        chimerax.clicked.connect(self._chimerax)
        top = QHBoxLayout()
        for words, widget in (
            ("Sco&re", self._score),
            ("&Chain", self._chain),
            ("F&ind", self._find),
        ):
            label = QLabel(words)
            label.setBuddy(widget)
            top.addWidget(label)
            top.addWidget(widget, 1)
        top.addWidget(copy)
        top.addWidget(chimerax)
        self._table = _Table(self.rows)
        self._table.selectionModel().currentRowChanged.connect(lambda *_: self._selected())
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self._below = QVBoxLayout(self)
        self._below.addLayout(top)
        self._below.addWidget(self._table, 1)
        self._below.addWidget(self._said)


class _Table(QTableView):
    def __init__(self, rows: ScoreRows) -> None:
        super().__init__()
        self.setModel(rows)
        self.setAccessibleName("Scores of all residues")
        self.setSelectionBehavior(QAbstractItemView.SelectRows)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setSortingEnabled(True)
        self.sortByColumn(0, _ASCENDING)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.Fixed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.Copy):
            rows = sorted({index.row() for index in self.selectedIndexes()})
            clipboard = QApplication.clipboard()
            if clipboard is not None:
                clipboard.setText(self.model().text(rows or None))
            return
        super().keyPressEvent(event)


class ScoreRows(QAbstractTableModel):
    """The residues that are listed, in the order in which they are."""

    def __init__(self) -> None:
        super().__init__()
        self._scores: ModelScores | None = None
        self._columns: tuple[ScoreColumn, ...] = ()
        self._words: list[list[str]] = []
        self._heads: list[str] = []
        self._shown: NDArray[np.intp] = np.empty(0, np.intp)
        self._sorted = (0, _ASCENDING)
        self.every = 0

    def show_scores(self, scores: ModelScores) -> None:
        """List the scores of all residues."""
        self.beginResetModel()
        self._scores, self._columns = scores, scores.of("residues")
        of = scores.model.residues
        numbered = zip(
            _chains(scores).tolist(), of.numbers.tolist(), of.insertions.tolist(), strict=True
        )
        places = [f"{chain} {number}{insertion}" for chain, number, insertion in numbered]
        self._words = [
            places,
            of.names.tolist(),
            of.kinds.tolist(),
            *(as_words(column.values) for column in self._columns),
        ]
        titled = [
            f"{one.score.label} ({one.score.unit})" if one.score.unit else one.score.label
            for one in self._columns
        ]
        self._heads = ["Residue", "Name", "Kind", *titled]
        self.every = len(of)
        self._shown = np.arange(self.every)
        self.endResetModel()

    def look_for(self, words: str) -> None:
        """List the residues that fit what is looked for."""
        if self._scores is None:
            return
        self.beginResetModel()
        self._shown = np.flatnonzero(found(self._scores, words))
        self._order()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = _ASCENDING) -> None:
        """By a column; residues without its score come last."""
        self.layoutAboutToBeChanged.emit()
        before = self._shown.copy()
        self._sorted = (column, order)
        self._order()
        place = {residue: row for row, residue in enumerate(self._shown.tolist())}
        for index in self.persistentIndexList():
            row = place[int(before[index.row()])]
            self.changePersistentIndex(index, self.index(row, index.column()))
        self.layoutChanged.emit()

    def residue(self, row: int) -> int:
        """The residue of a row."""
        return int(self._shown[row])

    def row(self, residue: int) -> int:
        """The row of a residue; −1 where it is not listed."""
        rows = np.flatnonzero(self._shown == residue)
        return int(rows[0]) if rows.size else -1

    def sentence(self, residue: int) -> str:
        """A residue with its scores, in words."""
        assert self._scores is not None
        said = [
            f"{column.score.label} {words[residue] or 'none'} ({column.score.description})"
            for column, words in zip(self._columns, self._words[3:], strict=True)
        ]
        name = self._scores.model.residue_words(residue)
        return f"{name} ({self._words[2][residue]}): {'; '.join(said)}."

    def text(self, rows: list[int] | None = None) -> str:
        """The listed residues, or those of some rows, with tabs between the columns."""
        lines = tuple(tuple(words[i] for words in self._words) for i in self._shown.tolist())
        numeric = (False,) * len(self._heads)
        return tab_separated(Grid("", tuple(self._heads), lines, lines, numeric), rows)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._heads)

    def data(self, index: QModelIndex, role: int = Qt.DisplayRole) -> Any:
        if role == Qt.DisplayRole:
            return self._words[index.column()][self._shown[index.row()]] or "–"
        if role == Qt.TextAlignmentRole and self._is_number(index.column()):
            return int(Qt.AlignRight | Qt.AlignVCenter)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.DisplayRole
    ) -> Any:
        if orientation != Qt.Horizontal or not 0 <= section < len(self._heads):
            return None
        if role == Qt.DisplayRole:
            return self._heads[section]
        if role == Qt.ToolTipRole and section >= 3:
            return f"<p>{self._columns[section - 3].score.description}</p>"
        return None

    def _is_number(self, column: int) -> bool:
        return column >= 3 and not self._columns[column - 3].is_words

    def _order(self) -> None:
        column, order = self._sorted
        shown = np.sort(self._shown)
        if column >= len(self._words):
            self._shown = shown
            return
        values = self._keys(column)[shown]
        sign = 1 if order == _ASCENDING else -1
        self._shown = shown[np.argsort(sign * values, kind="stable")]

    def _keys(self, column: int) -> NDArray[np.float64]:
        """What the residues are sorted by; NaN comes last."""
        if column >= 3:
            return _numbers(self._columns[column - 3])
        if column == 0:
            return np.arange(self.every, dtype=np.float64)
        _, places = np.unique(np.array(self._words[column]), return_inverse=True)
        keys: NDArray[np.float64] = places.astype(np.float64)
        return keys


def _chains(scores: ModelScores) -> NDArray[np.str_]:
    """The authors' chain of each residue."""
    return scores.model.chains.names[scores.model.residues.chains]


def _numbers(column: ScoreColumn) -> NDArray[np.float64]:
    """A score's numbers; of words their places, from 1; NaN for none."""
    if not column.is_words:
        return np.asarray(column.values, np.float64)
    place = {word: float(number) for number, word in enumerate(column.words, start=1)}
    return np.array([place.get(word, np.nan) for word in column.values.tolist()])
