"""The surface of the map in three dimensions, coloured by the values of its voxels.

Where OpenGL cannot be had, the pictures of the report are shown instead, and why.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QProcess, Qt, QTimer
from PyQt5.QtGui import QGuiApplication, QShowEvent
from PyQt5.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from vrs_scipion.files import printable
from vrs_scipion.results import Figure
from vrs_scipion.results.numbers import number
from vrs_scipion.windows.background import Background
from vrs_scipion.windows.chooser import chooser, widen
from vrs_scipion.windows.colour_key import ColourKey
from vrs_scipion.windows.layers import Layer, Layers
from vrs_scipion.windows.plots_pane import PlotsPane
from vrs_scipion.windows.shading import Scale
from vrs_scipion.windows.volume import Shelf

if TYPE_CHECKING:
    from vrs_scipion.windows.surface import SurfaceMaker, ValueField

INSTALL = "pip install 'vrs_scipion[window]'"
_MODULES = ("pyvista", "pyvistaqt")
_DRAWING = ("surface", "surface_view")
_BLIND_PLATFORMS = ("offscreen", "minimal", "vnc")
_PROBE_MS = 60_000
_TICKS = 400
_RESTED_MS = 250
_PLAIN = "One colour"
_TURNS = {"From fron&t": "view_xy", "From s&ide": "view_yz", "From a&bove": "view_xz"}


def why_not() -> str:
    """Why surfaces cannot be shown in this process, as far as can be told without trying."""
    missing = [name for name in _MODULES if importlib.util.find_spec(name) is None]
    if missing:
        return f"{' and '.join(missing)} is not installed: {INSTALL}"
    if QGuiApplication.platformName() in _BLIND_PLATFORMS:
        return f"Qt's platform {QGuiApplication.platformName()!r} has no OpenGL"
    return ""


class SurfacePane(QWidget):
    """A surface that can be turned, at any level; still pictures where that cannot be."""

    def __init__(self, shelf: Shelf, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shelf, self._background = shelf, background
        self._layers = Layers((), (), ())
        self._layer: Layer | None = None
        self._maker: SurfaceMaker | None = None
        self._field: ValueField | None = None
        self._figures: tuple[Sequence[Figure], Path] = ((), Path())
        self._plotter: Any = None
        self._surfaces: Any = None
        self._view: Any = None
        self._probe: QProcess | None = None
        self._asked = self._awaited = False
        self._works: bool | None = None
        self._turn = 0
        self._fresh = True
        self._stale = True
        self._rested = QTimer(self, singleShot=True, interval=_RESTED_MS)
        self._rested.timeout.connect(self._draw_fine)
        self._stills = PlotsPane()
        self._status = QLabel("Looking whether surfaces can be drawn here…")
        self._status.setWordWrap(True)
        self._status.setStyleSheet("color: #0b4f8a")
        self._controls = self._build_controls()
        self._controls.hide()
        self._body = QHBoxLayout()
        self._body.addWidget(self._stills, 1)
        self._body.addWidget(self._controls)
        layout = QVBoxLayout(self)
        layout.addWidget(self._status)
        layout.addLayout(self._body, 1)

    # ----------------------------------------------------------------- what is shown

    def show_layers(
        self, layers: Layers, figures: Sequence[Figure], folder: Path, preferred: str = ""
    ) -> None:
        """Offer these volumes, and these figures where a surface cannot be drawn."""
        self._layers, self._figures = layers, (figures, folder)
        self._stills.show_figures(figures, folder)
        for box, listed in ((self._map, layers.densities), (self._values, layers.values)):
            box.blockSignals(True)
            box.clear()
            if box is self._values:
                box.addItem(_PLAIN, "")
            for layer in listed:
                if box is self._values or layer.contour is not None:
                    box.addItem(layer.name, layer.key)
            box.blockSignals(False)
            widen(box)
        self._map.setCurrentIndex(max(0, self._map.findData(preferred)))
        self._values.blockSignals(True)
        self._values.setCurrentIndex(max(0, self._values.findData(preferred)))
        self._values.blockSignals(False)
        self._stale = True
        if self._surfaces is not None and self.isVisible():
            self._open()

    def showEvent(self, event: QShowEvent) -> None:
        if not self._asked:
            self._asked = True
            self._try()
        elif self._surfaces is not None and self._stale:
            self._open()

    def close_view(self) -> None:
        """End what OpenGL holds, before the window goes."""
        if self._probe is not None:
            self._probe.kill()
            self._probe.waitForFinished(1000)
        if self._plotter is not None:
            self._plotter.close()
            self._plotter = None

    # ----------------------------------------------------------------- can it be drawn?

    def _try(self) -> None:
        reason = why_not()
        if reason:
            self._stay_still(reason)
            return
        self._probe = QProcess(self)
        self._probe.finished.connect(self._tried)
        self._probe.errorOccurred.connect(lambda _: self._tried(1))
        self._probe.start(sys.executable, ["-m", "vrs_scipion.windows.gl_probe"])
        QTimer.singleShot(_PROBE_MS, self._probe.kill)
        # VTK takes seconds to load: meanwhile, and not in the window's thread
        self._background.run(
            lambda: [importlib.import_module(f"vrs_scipion.windows.{name}") for name in _DRAWING],
            self._loaded,
            lambda reason: self._stay_still(f"the view could not be opened ({reason})"),
        )

    def _tried(self, code: int, status: Any = QProcess.NormalExit) -> None:
        probe, self._probe = self._probe, None
        if probe is None:
            return
        if code != 0 or status != QProcess.NormalExit:
            said = bytes(probe.readAllStandardError()).decode(errors="replace").strip()
            last = printable(said.splitlines()[-1])[:160] if said else "nothing was drawn"
            self._stay_still(f"OpenGL does not work on this screen ({last})")
            return
        self._works = True
        self._begin()

    def _loaded(self, modules: Sequence[Any]) -> None:
        self._surfaces, self._view = modules
        if self._works is not False:
            self._open()
        self._begin()

    def _begin(self) -> None:
        """Open the view once it is known to work and its libraries are loaded."""
        if not self._works or self._view is None:
            return  # the map may be read meanwhile
        self._plotter = self._view.new_plotter(self)
        self._stills.hide()
        self._body.insertWidget(0, self._plotter, 1)
        self._controls.show()
        self._draw_coarse()

    def _stay_still(self, reason: str) -> None:
        self._works = False
        self._status.setText(
            f"The surface cannot be turned here: {reason}. The pictures of the report are shown "
            "instead."
        )

    # ----------------------------------------------------------------- volumes

    def _wanted(self) -> Layer | None:
        key = self._map.currentData()
        return next((layer for layer in self._layers.densities if layer.key == key), None)

    def _open(self) -> None:
        layer = self._wanted()
        if layer is None or layer.contour is None or self._surfaces is None:
            return
        self._stale = False
        if layer is self._layer and self._maker is not None:
            self._open_values()
            return
        self._layer, self._maker = layer, None
        level = layer.contour
        self._status.setText(f"Reading {layer.path.name}…")

        def make() -> Any:
            start = self._shelf.get(layer.path).frame.start
            return self._surfaces.SurfaceMaker(layer.path, start, level)

        self._background.run(make, lambda m: self._made(layer, m), self._status.setText)

    def _made(self, layer: Layer, maker: SurfaceMaker) -> None:
        if layer is not self._layer or layer.contour is None:
            return
        self._maker, self._fresh = maker, True
        self._level.blockSignals(True)
        self._number.blockSignals(True)
        reach = maker.highest - maker.lowest
        digits = max(0, -int(f"{reach / 1000:e}".split("e")[1]))
        self._number.setDecimals(min(digits, 9))
        self._number.setRange(maker.lowest, maker.highest)
        self._number.setSingleStep(reach / 100)
        self._set_level(layer.contour)
        self._level.blockSignals(False)
        self._number.blockSignals(False)
        self._open_values()

    def _open_values(self) -> None:
        key = self._values.currentData()
        layer = next((layer for layer in self._layers.values if layer.key == key), None)
        self._field, self._awaited = None, layer is not None
        if layer is None:
            self._key.show_scale("", None)
            self._draw_coarse()
            return

        def here(field: ValueField) -> None:
            if self._values.currentData() == layer.key:
                self._field, self._awaited = field, False
                self._key.show_scale(layer.name, Scale(field.low, field.high), "no value here")
                self._draw_coarse()

        def failed(reason: str) -> None:
            self._awaited = False
            self._status.setText(f"{layer.path.name} cannot be shown: {reason}")

        self._background.run(lambda: self._surfaces.ValueField(layer, self._shelf), here, failed)

    # ----------------------------------------------------------------- drawing

    def _draw_coarse(self) -> None:
        """Draw at once what a coarse copy shows; the fine surface comes when the level rests."""
        if self._maker is None or self._plotter is None or self._awaited:
            return
        self._turn += 1
        level = min(self._number.value(), self._maker.highest * (1 - 1e-6))
        self._show(self._surfaces.colour(self._maker.coarse(level), self._field))
        self._status.setText("Drawn coarsely; the fine surface follows…")
        self._rested.start()

    def _draw_fine(self) -> None:
        maker, field, level, turn = self._maker, self._field, self._number.value(), self._turn
        if maker is None or self._plotter is None:
            return

        def make() -> tuple[Any, int]:
            mesh, binning = maker.fine(level)
            return self._surfaces.colour(mesh, field), binning

        def here(made: tuple[Any, int]) -> None:
            if turn == self._turn and self._plotter is not None:
                self._show(made[0])
                self._status.setText(_told(made[0], made[1], level))

        self._background.run(make, here, self._status.setText)

    def _show(self, mesh: Any) -> None:
        scale = None if self._field is None else Scale(self._field.low, self._field.high)
        self._view.draw(self._plotter, mesh, scale, keep_camera=not self._fresh)
        self._fresh = False

    # ----------------------------------------------------------------- controls

    def _set_level(self, level: float) -> None:
        assert self._maker is not None
        low, high = self._maker.lowest, self._maker.highest
        self._number.setValue(level)
        self._level.setValue(round(_TICKS * (level - low) / (high - low)))

    def _slid(self, tick: int) -> None:
        if self._maker is None:
            return
        low, high = self._maker.lowest, self._maker.highest
        self._number.blockSignals(True)
        self._number.setValue(low + tick / _TICKS * (high - low))
        self._number.blockSignals(False)
        self._draw_coarse()

    def _typed(self, level: float) -> None:
        if self._maker is None:
            return
        low, high = self._maker.lowest, self._maker.highest
        self._level.blockSignals(True)
        self._level.setValue(round(_TICKS * (level - low) / (high - low)))
        self._level.blockSignals(False)
        self._draw_coarse()

    def _recommended(self) -> None:
        if self._layer is not None and self._layer.contour is not None and self._maker is not None:
            self._set_level(self._layer.contour)

    def _look(self, method: str) -> None:
        if self._plotter is not None:
            self._view.look(self._plotter, method)

    def _build_controls(self) -> QWidget:
        holder = QWidget()
        holder.setFixedWidth(250)
        grid = QGridLayout(holder)
        self._map = chooser("The map whose surface is drawn.", self._open)
        self._values = chooser(
            "What colours the surface: values per voxel that the checks computed.",
            self._open_values,
        )
        self._level = QSlider(Qt.Horizontal)
        self._level.setRange(0, _TICKS)
        self._level.setPageStep(_TICKS // 40)
        self._level.setToolTip(
            "The level that the surface encloses. While it moves a coarse surface is shown."
        )
        self._level.valueChanged.connect(self._slid)
        self._number = QDoubleSpinBox()
        self._number.setToolTip("The level as a number, in the map's unit.")
        self._number.setKeyboardTracking(False)
        self._number.valueChanged.connect(self._typed)
        recommended = QPushButton("Reco&mmended level")
        recommended.setToolTip("Back to the recommended contour level.")
        recommended.clicked.connect(self._recommended)
        self._key = ColourKey()
        row = 0
        for words, widget in (
            ("Map", self._map),
            ("C&oloured by", self._values),
            ("&Level", self._level),
            ("", self._number),
            ("", recommended),
            ("", self._key),
        ):
            if words:
                label = QLabel(words)
                label.setBuddy(widget)
                grid.addWidget(label, row, 0)
                row += 1
            grid.addWidget(widget, row, 0)
            row += 1
        for words, method in _TURNS.items():
            button = QPushButton(words)
            button.setToolTip("Turns the surface; drag it with the mouse to turn it freely.")
            button.clicked.connect(lambda _, m=method: self._look(m))
            grid.addWidget(button, row, 0)
            row += 1
        hint = QLabel("Drag, or arrow keys: turn. Wheel: closer. Shift and drag: move.")
        hint.setWordWrap(True)
        hint.setStyleSheet("color: #56606b")
        grid.addWidget(hint, row, 0)
        grid.setRowStretch(row + 1, 1)
        return holder


def _told(mesh: Any, binning: int, level: float) -> str:
    words = f"Level {number(float(f'{level:.4g}'))}: {mesh.n_cells:,} triangles."
    if binning > 1:
        words += f" Averaged over cubes of {binning} voxels to be turned smoothly."
    return words
