"""A plot drawn anew by Matplotlib for every size, to be zoomed, read and copied."""

from __future__ import annotations

from typing import Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg, NavigationToolbar2QT
from matplotlib.figure import Figure
from PyQt5.QtCore import QTimer
from PyQt5.QtGui import QResizeEvent, QWheelEvent
from PyQt5.QtWidgets import QApplication, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vrs_scipion.figures.plotting import draw_plot
from vrs_scipion.results.plots import Plot
from vrs_scipion.windows.tables import plot_text

_DPI = 110
_PLOT_HEIGHT = 430
_LEFT, _RIGHT, _RIGHT_AXIS = 0.85, 0.15, 0.75
_ABOVE, _OPPOSITE, _BELOW, _NOTE = 0.35, 0.5, 0.75, 0.17
_SETTLED_MS = 120
_UNWANTED = ("Subplots", "Customize")


class LivePlot(QWidget):
    """A plot that can be zoomed, read and copied; laid out anew for every size."""

    def __init__(self, plot: Plot, widest: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot = plot
        self.figure = Figure(dpi=_DPI, facecolor="white")
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
        self.setMaximumWidth(widest)

    def show_plot(self, plot: Plot) -> None:
        """Draw another plot in its place."""
        self._plot = plot
        self._draw()

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
