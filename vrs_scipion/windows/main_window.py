"""The window of results: the checks at the left, what the chosen one found at the right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import QSize, Qt, QTimer
from PyQt5.QtGui import QCloseEvent, QKeySequence
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QPushButton,
    QShortcut,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from vrs_scipion.report.scores import join_scores
from vrs_scipion.results import Figure
from vrs_scipion.windows import looks
from vrs_scipion.windows.background import Background
from vrs_scipion.windows.layers import Layers, find_layers
from vrs_scipion.windows.numbers_pane import NumbersPane
from vrs_scipion.windows.pages import NoProgramError, open_document, open_page
from vrs_scipion.windows.plots_pane import PlotsPane
from vrs_scipion.windows.residues_pane import ResiduesPane
from vrs_scipion.windows.results_folder import Contents, FolderError, Item
from vrs_scipion.windows.slices_pane import SlicesPane
from vrs_scipion.windows.surface_pane import SurfacePane
from vrs_scipion.windows.volume import Shelf
from vrs_scipion.windows.words_pane import WordsPane

_SIZE = QSize(1240, 780)
_BORDERS = QSize(20, 50)
"""Room for a desktop's title bar and panel."""

_LIST_WIDTH = 230
_POLL_MS = 2000
PANES = ("numbers", "plots", "slices", "surface", "words", "residues")
_TITLES = ("&Numbers", "&Plots", "&Slices", "&3D", "In wor&ds", "R&esidues")
_TIPS = (
    "Measured values against their limits, and every number with its unit.",
    "The check's figures, to be zoomed and copied.",
    "Three linked planes through the map, its masks and the values of its voxels.",
    "The surface of the map, coloured by the values of its voxels.",
    "What was found and what it means, as in the report.",
    "All scores of all residues of the model.",
)


class ResultsWindow(QMainWindow):
    """Shows the results of one folder.

    Parameters
    ----------
    read : reads the folder; called again while results are still to come
    chosen : code of the check to begin with
    pane : one of ``PANES`` to begin with
    """

    def __init__(self, read: Callable[[], Contents], chosen: str = "", pane: str = "") -> None:
        super().__init__()
        self._read = read
        self.contents = read()
        self._shelf, self._background = Shelf(), Background(self)
        self._layers = find_layers(self.contents)
        self._shown: Item | None = None
        self._stale: set[QWidget] = set()
        self._scored: Contents | None = None
        self._build()
        self.resize(_SIZE.boundedTo(self.screen().availableSize() - _BORDERS))
        self._fill()
        if pane in PANES and self._tabs.isTabVisible(PANES.index(pane)):
            self._tabs.setCurrentIndex(PANES.index(pane))
        self._choose(chosen)
        self._poll = QTimer(self, interval=_POLL_MS)
        self._poll.timeout.connect(self.reload)
        if self.contents.running:
            self._poll.start()

    # ----------------------------------------------------------------- content

    def reload(self) -> None:
        """Read the folder again, and show what is new."""
        try:
            fresh = self._read()
        except FolderError as error:
            self.statusBar().showMessage(str(error))
            return
        if not fresh.running:
            self._poll.stop()
        if fresh == self.contents:
            return
        code = self._shown.code if self._shown else ""
        self.contents, self._layers, self._shown = fresh, find_layers(fresh), None
        self._fill()
        self._choose(code)

    def _fill(self) -> None:
        contents = self.contents
        self.setWindowTitle(f"{contents.title} – validation")
        self._title.setText(contents.title)
        self._title.setToolTip(contents.title)
        self._score.setText(contents.score)
        self._list.blockSignals(True)
        self._list.clear()
        for item in contents.items:
            entry = QListWidgetItem(
                looks.outcome_icon(item.icon, item.outcome), f"{item.title}\n{item.words}"
            )
            entry.setToolTip(f"<p>{item.title}: {item.words}. {item.reason}</p>")
            entry.setData(Qt.UserRole, item.code)
            self._list.addItem(entry)
        self._list.blockSignals(False)
        has_scores = any(result.scores for result, _ in contents.results())
        self._tabs.setTabVisible(PANES.index("residues"), has_scores)
        self._page.setEnabled(contents.html is not None)
        self._pdf.setEnabled(contents.pdf is not None)

    def _choose(self, code: str) -> None:
        codes = [item.code for item in self.contents.items]
        self._list.setCurrentRow(codes.index(code) if code in codes else 0)
        self._show_row(self._list.currentRow())

    def _show_row(self, row: int) -> None:
        if not 0 <= row < len(self.contents.items):
            return
        item = self.contents.items[row]
        if item is self._shown:
            return
        self._shown = item
        self._banner.show_item(item)
        self._stale = set(self._fill_pane)
        self._show_pane()

    def _show_pane(self) -> None:
        """Fill the pane that is looked at, where it still shows another check."""
        pane = self._tabs.currentWidget()
        if self._shown is not None and pane in self._stale:
            self._stale.remove(pane)
            self._fill_pane[pane](self._shown)

    def _show_plots(self, item: Item) -> None:
        shown = item.section or item.given
        figures = item.result.figures if item.result is not None else ()
        self._plots.show_figures(figures, item.folder, shown.blocks if shown else ())

    def _show_slices(self, item: Item) -> None:
        self._slices.show_layers(self._layers, _preferred(self._layers, item))

    def _show_surface(self, item: Item) -> None:
        preferred = _preferred(self._layers, item)
        self._surface.show_layers(self._layers, *self._stills(item), preferred)

    def _show_residues(self, item: Item) -> None:
        if self._scored is not self.contents:
            scores = join_scores(self.contents.entry, self.contents.results())
            if scores is None or not scores.of("residues"):
                return
            self._residues.show_scores(scores, self.contents.entry, self._layers)
            self._scored = self.contents
        self._residues.prefer(item.code)

    def _stills(self, item: Item) -> tuple[tuple[Figure, ...], Path]:
        """Pictures of the surface: the check's, else the map's."""
        for one in (item, self.contents.items[0]):
            figures = one.result.figures if one.result is not None else ()
            drawn = tuple(f for f in figures if f.surface is not None or "surface" in f.key)
            if drawn:
                return drawn, one.folder
        return (), item.folder

    # ----------------------------------------------------------------- widgets

    def _build(self) -> None:
        self._title = QLabel()
        self._title.setWordWrap(True)
        self._title.setStyleSheet("font-weight: bold")
        self._score = QLabel()
        self._score.setWordWrap(True)
        self._list = QListWidget()
        self._list.setIconSize(QSize(24, 24))
        self._list.setSpacing(2)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self._list.setAccessibleName("Checks and their outcomes")
        self._list.currentRowChanged.connect(self._show_row)
        self._page = QPushButton("Web pa&ge")
        self._page.setToolTip("Opens the report at this check in the browser.")
        self._page.clicked.connect(self._open_page)
        self._pdf = QPushButton("PD&F")
        self._pdf.setToolTip("Opens the report for printing in the desktop's viewer.")
        self._pdf.clicked.connect(self._open_pdf)
        left = QVBoxLayout()
        left.addWidget(self._title)
        left.addWidget(self._score)
        left.addWidget(self._list, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self._page)
        buttons.addWidget(self._pdf)
        left.addWidget(QLabel("The report"))
        left.addLayout(buttons)
        side = QWidget()
        side.setLayout(left)
        side.setFixedWidth(_LIST_WIDTH)

        self._banner = Banner()
        self._numbers, self._plots, self._words = NumbersPane(), PlotsPane(), WordsPane()
        self._slices = SlicesPane(self._shelf, self._background)
        self._surface = SurfacePane(self._shelf, self._background)
        self._residues = ResiduesPane()
        self._tabs = QTabWidget()
        self._fill_pane: dict[QWidget, Callable[[Item], None]] = {
            self._numbers: self._numbers.show_item,
            self._plots: self._show_plots,
            self._slices: self._show_slices,
            self._surface: self._show_surface,
            self._words: self._words.show_item,
            self._residues: self._show_residues,
        }
        for pane, title, tip in zip(self._fill_pane, _TITLES, _TIPS, strict=True):
            self._tabs.setTabToolTip(self._tabs.addTab(pane, title), tip)
        self._tabs.currentChanged.connect(lambda _: self._show_pane())
        right = QVBoxLayout()
        right.addWidget(self._banner)
        right.addWidget(self._tabs, 1)
        central = QWidget()
        layout = QHBoxLayout(central)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(side)
        layout.addLayout(right, 1)
        self.setCentralWidget(central)
        for keys, call in (
            (QKeySequence(QKeySequence.Close), self.close),
            (QKeySequence(QKeySequence.Quit), self.close),
            (QKeySequence(Qt.Key_F5), self.reload),
            (QKeySequence("Ctrl+L"), self._list.setFocus),
        ):
            QShortcut(keys, self, activated=call)
        self._list.setFocus()

    def _open_page(self) -> None:
        page, anchor = self.contents.html, self._shown.anchor if self._shown else ""
        if page is not None:
            self._open(lambda: open_page(page, anchor))

    def _open_pdf(self) -> None:
        document = self.contents.pdf
        if document is not None:
            self._open(lambda: open_document(document))

    def _open(self, how: Callable[[], None]) -> None:
        try:
            how()
        except NoProgramError as error:
            self.statusBar().showMessage(str(error))

    def closeEvent(self, event: QCloseEvent) -> None:
        self._poll.stop()
        self.hide()
        self._surface.close_view()
        self._background.stop()
        event.accept()


class Banner(QLabel):
    """The outcome of a check in a mark, a word and a sentence."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextSelectableByMouse)

    def show_item(self, item: Item) -> None:
        """Show a check, or an input."""
        ink, ground = looks.OUTCOMES[item.outcome]
        self.setStyleSheet(
            f"background: {ground}; color: {looks.INK}; border-left: 5px solid {ink}; padding: 6px"
        )
        said = item.reason or (item.result.headline if item.result else "")
        if item.given is not None:
            said = " ".join(item.given.warnings) or "As given: the checks start from here."
        self.setText(
            f"<span style='font-size: large; font-weight: bold'>{item.title}</span> &nbsp; "
            f"<span style='color: {ink}; font-weight: bold'>{item.icon} {item.words}</span>"
            f"<br>{said}"
        )


def _preferred(layers: Layers, item: Item) -> str:
    """The first volume of the input, or of the check if it has one."""
    if item.given is not None:
        own = [layer for layer in layers.densities if layer.input == item.code]
    else:
        listed = (*layers.values, *layers.densities)
        own = [layer for layer in listed if layer.key.startswith(f"{item.code}:")]
    return own[0].key if own else ""
