"""A window with the planes of one volume alone."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QCloseEvent, QKeySequence
from PyQt5.QtWidgets import QMainWindow, QShortcut

from vrs_scipion.windows.background import Background
from vrs_scipion.windows.layers import Layer, Layers
from vrs_scipion.windows.slices_pane import SlicesPane
from vrs_scipion.windows.volume import Shelf

_SIZE = QSize(1100, 600)


class MapWindow(QMainWindow):
    """Shows three linked planes through the volume in a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.setWindowTitle(path.name)
        self._background = Background(self)
        self.slices = SlicesPane(Shelf(), self._background)
        self.slices.show_layers(Layers((Layer("map", path.name, path),), (), ()))
        self.setCentralWidget(self.slices)
        self.resize(_SIZE)
        for keys in (QKeySequence.Close, QKeySequence.Quit):
            QShortcut(QKeySequence(keys), self, activated=self.close)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._background.stop()
        event.accept()
