"""Three linked planes through a map, with its masks and the values of its voxels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtGui import QKeyEvent, QShowEvent
from PyQt5.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vrs_scipion.maps.density import Triple
from vrs_scipion.results.numbers import number, quantity
from vrs_scipion.windows.background import Background
from vrs_scipion.windows.chooser import chooser, widen
from vrs_scipion.windows.colour_key import ColourKey
from vrs_scipion.windows.contrast import Contrast
from vrs_scipion.windows.layers import Layer, Layers
from vrs_scipion.windows.looks import LINE, MASK
from vrs_scipion.windows.plane_view import AXES, Drawing, PlaneView
from vrs_scipion.windows.shading import (
    Line,
    Scale,
    coloured,
    greys,
    outlines,
    usual_scale,
)
from vrs_scipion.windows.volume import Cut, LazyVolume, Shelf, other_axes

_ORDER = (2, 1, 0)
"""The planes from left to right: across x, y, z."""

_HALF = 0.5
_NO_LAYER = "None"
_CONTOUR = "contour"


class SlicesPane(QWidget):
    """Looks through the volumes of a validation plane by plane."""

    def __init__(self, shelf: Shelf, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shelf, self._background = shelf, background
        self._layers = Layers((), (), ())
        self._volume: LazyVolume | None = None
        self._layer: Layer | None = None
        self._overlay: tuple[Layer, LazyVolume, LazyVolume | None] | None = None
        self._outline: LazyVolume | None = None
        self._position: Triple = (0.0, 0.0, 0.0)
        self._hover: Triple | None = None
        self._drawn: dict[int, tuple[int, Drawing]] = {}
        self._pending = QTimer(self, singleShot=True, interval=0)
        self._pending.timeout.connect(self._draw)
        self._build()

    # ----------------------------------------------------------------- what is shown

    def show_layers(self, layers: Layers, preferred: str = "") -> None:
        """Offer these volumes; show the one named ``preferred`` over its map, if it is there."""
        self._layers = layers
        self._offer(self._map, layers.densities, preferred)
        self._offer(self._values, layers.values, preferred)
        self._open_map()

    def _offer(self, box: QComboBox, layers: Sequence[Layer], chosen: str) -> None:
        """Fill a list with layers, and choose one of them if it is there."""
        box.blockSignals(True)
        box.clear()
        if box is self._values:
            box.addItem(_NO_LAYER, "")
        for layer in layers:
            box.addItem(layer.name, layer.key)
        box.setCurrentIndex(max(0, box.findData(chosen)))
        box.blockSignals(False)
        widen(box)

    def _fill_values(self, density: Layer) -> None:
        """Offer the values that lie on a density; those that were chosen stay."""
        values = self._layers.over(density).values
        self._offer(self._values, values, self._values.currentData())
        if self._overlay is None or self._overlay[0] != _named(values, self._values.currentData()):
            self._open_values()

    def _fill_outlines(self, density: Layer) -> None:
        """Offer the outlines that there are for a density; a mask that was chosen stays."""
        masks = self._layers.over(density).masks
        box, chosen = self._outlines, self._outlines.currentData()
        box.blockSignals(True)
        box.clear()
        box.addItem(_NO_LAYER, _NO_LAYER)
        if density.contour is not None:
            box.addItem("Contour level", _CONTOUR)
        for layer in masks:
            box.addItem(layer.name, layer.key)
        usual = _NO_LAYER if density.contour is None else _CONTOUR
        known = _named(masks, chosen)
        box.setCurrentIndex(box.findData(usual if known is None else chosen))
        box.blockSignals(False)
        self._open_outline()

    def _open_map(self) -> None:
        self._layer = _named(self._layers.densities, self._map.currentData())
        if self._layer is None:
            return
        layer = self._layer
        self._fill_outlines(layer)
        self._fill_values(layer)
        self._tell("Reading the map…")
        self._background.run(
            lambda: self._shelf.get(layer.path),
            lambda volume: self._map_here(layer, volume),
            lambda reason: self._tell(f"{layer.path.name} cannot be shown: {reason}"),
        )

    def _map_here(self, layer: Layer, volume: LazyVolume) -> None:
        if layer is not self._layer:
            return
        moved = self._volume is None or volume.at(self._position) is None
        self._volume = volume
        self._drawn.clear()
        if moved:
            self._centre()
        self.contrast.show_values(volume.sample())
        self._refine(volume)

    def _refine(self, volume: LazyVolume) -> None:
        if volume.fine:
            self._tell("")
            return
        self._tell(f"Showing every {volume.binning} voxels while the map is being read…")
        self._background.run(
            lambda: volume.warm(self._background.stopping.is_set),
            lambda _: self._refined(volume),
            lambda reason: self._tell(f"The map cannot be read: {reason}"),
        )

    def _refined(self, volume: LazyVolume) -> None:
        if volume is self._volume:
            self._tell("")
        self._draw_soon()

    def _open_values(self) -> None:
        layer = _named(self._layers.values, self._values.currentData())
        self._overlay = None
        if layer is None:
            self._key.show_scale("", None)
            self._draw_soon()
            return

        def read() -> tuple[LazyVolume, LazyVolume | None]:
            mask = None if layer.mask is None else self._shelf.get(layer.mask)
            volumes = self._shelf.get(layer.path), mask
            for volume in volumes:
                if volume is not None:
                    volume.warm(self._background.stopping.is_set)
            return volumes

        def here(volumes: tuple[LazyVolume, LazyVolume | None]) -> None:
            if self._values.currentData() == layer.key:
                self._overlay = (layer, *volumes)
                self._key.show_scale(layer.name, self._overlay_scale())
                self._draw_soon()

        failed = f"{layer.path.name} cannot be shown"
        self._background.run(read, here, lambda reason: self._tell(f"{failed}: {reason}"))

    def _overlay_scale(self) -> Scale:
        assert self._overlay is not None
        layer, volume, _ = self._overlay
        if layer.colour_range is not None:
            return Scale(*layer.colour_range)
        return usual_scale(volume.sample())

    def _open_outline(self) -> None:
        layer = _named(self._layers.masks, self._outlines.currentData())
        self._outline = None
        if layer is None:
            self._draw_soon()
            return

        def read() -> LazyVolume:
            volume = self._shelf.get(layer.path)
            volume.warm(self._background.stopping.is_set)
            return volume

        def here(volume: LazyVolume) -> None:
            if self._outlines.currentData() == layer.key:
                self._outline = volume
                self._draw_soon()

        failed = f"{layer.path.name} cannot be shown"
        self._background.run(read, here, lambda reason: self._tell(f"{failed}: {reason}"))

    # ----------------------------------------------------------------- where it is looked at

    def _centre(self) -> None:
        if self._volume is not None:
            frame = self._volume.frame
            z, y, x = (frame.position(axis, frame.box[axis] // 2) for axis in range(3))
            self._go((z, y, x))

    def _go(self, place: Triple) -> None:
        """Put the cross-hair on the voxel nearest to ``place``."""
        if self._volume is None:
            return
        frame = self._volume.frame
        z, y, x = (frame.position(axis, frame.index(axis, p)) for axis, p in enumerate(place))
        self._position = (z, y, x)
        self._move_soon()

    def _pointed(self, axis: int, up: float, right: float) -> None:
        place = list(self._position)
        for other, value in zip(other_axes(axis), (up, right), strict=True):
            place[other] = value
        z, y, x = place
        self._go((z, y, x))

    def _stepped(self, axis: int, up: int, right: int, through: int) -> None:
        if self._volume is None:
            return
        place = list(self._position)
        moved = zip((*other_axes(axis), axis), (up, right, through), strict=True)
        for along, steps in moved:
            place[along] += steps * self._volume.frame.voxel_size[along]
        z, y, x = place
        self._go((z, y, x))

    def _hovered(self, axis: int, place: tuple[float, float] | None) -> None:
        self._hover = None
        if place is not None:
            point = list(self._position)
            for other, value in zip(other_axes(axis), place, strict=True):
                point[other] = value
            z, y, x = point
            self._hover = (z, y, x)
        self._read_out()

    # ----------------------------------------------------------------- drawing

    def _draw_soon(self) -> None:
        """Draw the planes anew: what they show has changed."""
        self._drawn.clear()
        self._move_soon()

    def _move_soon(self) -> None:
        """Draw the planes that the cross-hair has left."""
        if self.isVisible():
            self._pending.start()

    def showEvent(self, event: QShowEvent) -> None:
        self._draw_soon()

    def _draw(self) -> None:
        if self._volume is None:
            return
        for axis, view in self._views.items():
            up, right = other_axes(axis)
            cross = (self._position[up], self._position[right])
            index = self._volume.frame.index(axis, self._position[axis])
            last = self._volume.frame.box[axis] - 1
            known = self._drawn.get(axis)
            if known is None or known[0] != index:
                known = self._drawn[axis] = index, self._drawing(axis)
            view.show_plane(known[1], cross, f"{AXES[axis].upper()} plane {index} of {last}")
        self._read_out()

    def _drawing(self, axis: int) -> Drawing:
        assert self._volume is not None
        cut = self._volume.cut(axis, self._position[axis])
        picture = greys(cut.values, self.contrast.scale())
        if self._overlay is not None:
            picture = coloured(picture, self._overlay_plane(axis, cut), self._overlay_scale())
        return Drawing(picture, cut, self._lines(axis, cut))

    def _overlay_plane(self, axis: int, cut: Cut) -> Any:
        assert self._overlay is not None
        layer, volume, mask = self._overlay
        rows, columns = _middles(cut)
        position = self._position[axis]
        values = volume.cut_like(axis, position, rows, columns)
        inside = None if mask is None else mask.cut_like(axis, position, rows, columns)
        values[~layer.counts(values, inside)] = np.nan
        return values

    def _lines(self, axis: int, cut: Cut) -> list[tuple[str, list[Line]]]:
        if self._outline is not None:
            rows, columns = _middles(cut)
            plane = self._outline.cut_like(axis, self._position[axis], rows, columns)
            return [(MASK, outlines(plane, _HALF))]
        assert self._layer is not None
        if self._outlines.currentData() == _CONTOUR and self._layer.contour is not None:
            return [(LINE, outlines(cut.values, self._layer.contour))]
        return []

    def _read_out(self) -> None:
        if self._volume is None:
            return
        here = self._hover or self._position
        frame = self._volume.frame
        voxel = [frame.index(axis, here[axis]) for axis in range(3)]
        start = self._volume.world_start
        place = [start[axis] + voxel[axis] * frame.voxel_size[axis] for axis in range(3)]
        told = "Under the mouse" if self._hover else "At the cross-hair"
        middle = (
            frame.position(0, voxel[0]),
            frame.position(1, voxel[1]),
            frame.position(2, voxel[2]),
        )
        value = self._volume.at(middle)
        lines = [
            f"<b>{told}</b>",
            "voxel (x, y, z) = ({}, {}, {})".format(*voxel[::-1]),
            "Å (x, y, z) = ({:.2f}, {:.2f}, {:.2f})".format(*place[::-1]),
            f"value {number(value)}",
        ]
        if self._overlay is not None:
            lines.append(self._overlay_words(middle))
        self._readout.setText("<br>".join(lines))

    def _overlay_words(self, point: Triple) -> str:
        assert self._overlay is not None
        layer, volume, mask = self._overlay
        value = volume.at(point)
        inside = None if mask is None else mask.at(point)
        counts = value is not None and layer.counts(
            np.array(value), None if inside is None else np.array(inside)
        )
        return f"{layer.name}: {quantity(value, layer.unit) if counts else 'no value here'}"

    def _tell(self, text: str) -> None:
        self._status.setText(text)

    # ----------------------------------------------------------------- widgets

    def _build(self) -> None:
        self._views = {axis: PlaneView(axis) for axis in _ORDER}
        planes = QHBoxLayout()
        for axis, view in self._views.items():
            planes.addWidget(view, 1)
            view.pointed.connect(lambda up, right, a=axis: self._pointed(a, up, right))
            view.stepped.connect(lambda u, r, t, a=axis: self._stepped(a, u, r, t))
            view.hovered.connect(lambda place, a=axis: self._hovered(a, place))
        self._map = chooser("The density shown in grey.", self._open_map)
        self._outlines = chooser(
            "A line around the molecule: where the map crosses the contour level, or the border "
            "of a mask.",
            self._open_outline,
        )
        self._values = chooser(
            "Values per voxel laid over the map in colour, where there are any.",
            self._open_values,
        )
        self.contrast = Contrast()
        self.contrast.changed.connect(self._draw_soon)
        centre = QPushButton("Middle (&Home)")
        centre.setToolTip("Puts the cross-hair into the middle of the box.")
        centre.clicked.connect(self._centre)
        self._readout = QLabel()
        self._readout.setTextFormat(Qt.RichText)
        self._readout.setAlignment(Qt.AlignTop)
        self._readout.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self._readout.setToolTip(
            "<p>Voxels count from 0 at the first one of the file. Å are those in which ChimeraX "
            "and Coot place the map: from the header's ORIGIN, or its NSTART where ORIGIN is 0.</p>"
        )
        self._key = ColourKey()
        self._status = QLabel()
        self._status.setStyleSheet("color: #0b4f8a")

        controls = QGridLayout()
        for row, (words, field) in enumerate(
            (("&Map", self._map), ("O&utline", self._outlines), ("Colou&r", self._values))
        ):
            label = QLabel(words)
            label.setBuddy(field)
            controls.addWidget(label, row, 0)
            controls.addWidget(field, row, 1)
        controls.addWidget(self.contrast, 0, 2, 3, 1)
        controls.addWidget(self._key, 0, 3, 2, 1)
        controls.addWidget(centre, 2, 3)
        controls.addWidget(self._readout, 0, 4, 3, 1)
        for column, share in ((1, 3), (2, 3), (3, 3), (4, 3)):
            controls.setColumnStretch(column, share)
        controls.setHorizontalSpacing(10)

        layout = QVBoxLayout(self)
        layout.addLayout(planes, 1)
        layout.addWidget(self._status)
        layout.addLayout(controls)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key_Home:
            self._centre()
        else:
            super().keyPressEvent(event)


def _named(layers: Sequence[Layer], key: str | None) -> Layer | None:
    return next((layer for layer in layers if layer.key == key), None)


def _middles(cut: Cut) -> tuple[Any, Any]:
    """Å of the middles of a plane's pixels, upwards and to the right."""
    rows, columns = cut.values.shape
    return _ticks(cut.vertical, rows), _ticks(cut.horizontal, columns)


def _ticks(ends: tuple[float, float], count: int) -> Any:
    half = (ends[1] - ends[0]) / count / 2
    return np.linspace(ends[0] + half, ends[1] - half, count)
