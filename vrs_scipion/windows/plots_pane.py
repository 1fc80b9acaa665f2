"""The figures of a check: plots that are drawn live, and pictures as they were stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QImage, QImageReader, QPainter, QPaintEvent, QPalette
from PyQt5.QtSvg import QSvgRenderer
from PyQt5.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from vrs_scipion.report.numbering import Block, PlacedFigure
from vrs_scipion.results import Figure
from vrs_scipion.results.files import load_plot
from vrs_scipion.results.plots import Plot

NO_FIGURE = "No figure was drawn."
_WIDEST = 900


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
        """Show figures whose files lie in ``folder``, numbered and in order as in ``blocks``."""
        labels = {b.key: b.label for b in blocks if isinstance(b, PlacedFigure)}
        places = {key: place for place, key in enumerate(labels)}
        figures = sorted(figures, key=lambda one: places.get(one.key, len(places)))
        page = QWidget()
        page.setBackgroundRole(QPalette.Base)
        page.setAutoFillBackground(True)
        layout = QVBoxLayout(page)
        self.cards = [card(one, folder, labels.get(one.key, "")) for one in figures]
        for one in self.cards:
            layout.addWidget(one)
        if not figures:
            layout.addWidget(QLabel(NO_FIGURE))
        layout.addStretch(1)
        self.setWidget(page)


def card(figure: Figure, folder: Path, label: str = "") -> QWidget:
    """A figure with its caption: live where its plot is there, else as it was stored."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    plot = _plot(figure, folder)
    shown = _live(plot) if plot is not None else _stored(folder / figure.file)
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


def _live(plot: Plot) -> QWidget:
    from vrs_scipion.windows.live_plot import LivePlot  # Matplotlib is slow to load

    return LivePlot(plot, widest=_WIDEST)


def _stored(path: Path) -> QWidget:
    if not path.is_file():
        return QLabel(f"The picture {path.name} is not there.")
    return Picture(path)


class Picture(QWidget):
    """A stored picture, PNG or SVG, as wide as there is room; read when it comes into view."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._svg: QSvgRenderer | None = None
        self._path, self._image = path, QImage()
        if path.suffix.lower() == ".svg":
            self._svg = QSvgRenderer(str(path))
            self._natural = self._svg.defaultSize() * 1.6
        else:
            self._natural = QImageReader(str(path)).size()
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
            return
        if self._image.isNull():
            self._image = QImage(str(self._path))
        painter.drawImage(box, self._image)
