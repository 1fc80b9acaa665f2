"""The figures of a check: plots that are drawn live, and pictures as they were stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg, NavigationToolbar2QT
from matplotlib.figure import Figure as MplFigure
from PyQt5.QtCore import QRectF, QSize, Qt, QTimer
from PyQt5.QtGui import (
    QImage,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QWheelEvent,
)
from PyQt5.QtSvg import QSvgRenderer
from PyQt5.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from vrs_scipion.figures.plotting import draw_plot
from vrs_scipion.report.numbering import Block, PlacedFigure
from vrs_scipion.results import Figure
from vrs_scipion.results.files import load_plot
from vrs_scipion.results.plots import Plot
from vrs_scipion.windows.tables import plot_text

_DPI = 110
_PLOT_HEIGHT, _WIDEST = 430, 900
_LEFT, _RIGHT, _RIGHT_AXIS = 0.85, 0.15, 0.75
_ABOVE, _OPPOSITE, _BELOW, _NOTE = 0.35, 0.5, 0.75, 0.17
_SETTLED_MS = 120
_UNWANTED = ("Subplots", "Customize")


class PlotsPane(QScrollArea):
    """The figures of one check below each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.NoFrame)
        self.cards: list[QWidget] = []

    def show_figures(
        self, figures: Sequence[Figure], folder: Path, blocks: Sequence[Block] = ()
    ) -> None:
        """Show figures whose files lie in ``folder``, numbered as in the report's ``blocks``."""
        labels = {b.key: b.label for b in blocks if isinstance(b, PlacedFigure)}
        page = QWidget()
        page.setBackgroundRole(QPalette.Base)
        page.setAutoFillBackground(True)
        layout = QVBoxLayout(page)
        self.cards = [card(one, folder, labels.get(one.key, "")) for one in figures]
        for one in self.cards:
            layout.addWidget(one)
        if not figures:
            layout.addWidget(QLabel("This check drew no figure."))
        layout.addStretch(1)
        self.setWidget(page)


def card(figure: Figure, folder: Path, label: str = "") -> QWidget:
    """A figure with its caption: live where its plot is there, else as it was stored."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    plot = _plot(figure, folder)
    shown: QWidget = LivePlot(plot) if plot is not None else _stored(folder / figure.file)
    shown.setToolTip(f"<p>{figure.alt}</p>")
    shown.setAccessibleName(figure.alt)
    caption = QLabel(f"{label}. {figure.caption}" if label else figure.caption)
    caption.setWordWrap(True)
    caption.setTextInteractionFlags(Qt.TextSelectableByMouse)
    layout.addWidget(shown)
    layout.addWidget(caption)
    return holder


def _plot(figure: Figure, folder: Path) -> Plot | None:
    if not figure.plot:
        return None
    try:
        return load_plot(folder / figure.plot)
    except (OSError, ValueError):
        return None


def _stored(path: Path) -> QWidget:
    if not path.is_file():
        return QLabel(f"The picture {path.name} is not there.")
    return Picture(path)


class LivePlot(QWidget):
    """A plot that can be zoomed, read and copied; laid out anew for every size."""

    def __init__(self, plot: Plot, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot = plot
        self.figure = MplFigure(dpi=_DPI, facecolor="white")
        self.canvas = _Canvas(self.figure)
        self._settled = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settled.timeout.connect(self._draw)
        self.canvas.resized = self._settled.start
        toolbar: Any = _Toolbar(self.canvas, self)
        copy = QPushButton("Copy data")
        copy.setToolTip("Copies the numbers of all curves, with tabs, for a spreadsheet.")
        copy.clicked.connect(self.copy)
        row = QHBoxLayout()
        row.addWidget(toolbar, 1)
        row.addWidget(copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.canvas)
        self.setFixedHeight(_PLOT_HEIGHT)
        self.setMaximumWidth(_WIDEST)

    def copy(self) -> None:
        """Put the numbers on the clipboard."""
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(plot_text(self._plot))

    def _draw(self) -> None:
        wide, high = self.figure.get_size_inches()
        if min(wide, high) < 1:
            return
        self.figure.clear()
        right = _RIGHT_AXIS if self._plot.y.opposite else _RIGHT
        above = _ABOVE + (_OPPOSITE if self._plot.x.opposite else 0)
        below = _BELOW + _NOTE * len(self._plot.notes)
        place = (
            _LEFT / wide,
            below / high,
            max(0.1, 1 - (_LEFT + right) / wide),
            max(0.1, 1 - (above + below) / high),
        )
        draw_plot(self._plot, self.figure.add_axes(place))
        self.canvas.draw_idle()


class _Toolbar(NavigationToolbar2QT):
    """Matplotlib's buttons, less those that change how a plot looks."""

    toolitems = [item for item in NavigationToolbar2QT.toolitems if item[0] not in _UNWANTED]


class _Canvas(FigureCanvasQTAgg):
    """Tells when its size has changed, and leaves the wheel to the page around it."""

    resized: Any = staticmethod(lambda: None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class Picture(QWidget):
    """A stored picture, PNG or SVG, as wide as there is room."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._svg: QSvgRenderer | None = None
        self._image = QImage()
        if path.suffix.lower() == ".svg":
            self._svg = QSvgRenderer(str(path))
            self._natural = self._svg.defaultSize() * 1.6
        else:
            self._image = QImage(str(path))
            self._natural = self._image.size()
        policy = QSizePolicy(QSizePolicy.Expanding, QSizePolicy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        wide = max(1, self._natural.width())
        return int(min(width, wide) * self._natural.height() / wide)

    def sizeHint(self) -> QSize:
        return QSize(_WIDEST, self.heightForWidth(_WIDEST))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.SmoothPixmapTransform)
        wide = min(self.width(), self._natural.width())
        box = QRectF(0, 0, wide, self.heightForWidth(wide))
        if self._svg is not None:
            self._svg.render(painter, box)
        else:
            painter.drawImage(box, self._image)
