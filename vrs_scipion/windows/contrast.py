"""Which values of a volume are black, and which white."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QGridLayout, QLabel, QPushButton, QSlider, QWidget

from vrs_scipion.results.numbers import number
from vrs_scipion.windows.shading import Scale, usual_scale

_TICKS = 1000


class Contrast(QWidget):
    """Two sliders and a button that sets them.

    Signals
    -------
    changed : other values are black or white now
    """

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._range, self._usual = Scale(0, 1), Scale(0, 1)
        self.black = _slider("Darker values than this are black.", 0)
        self.white = _slider("Brighter values than this are white.", _TICKS)
        self._ends = QLabel()
        self._ends.setToolTip("The values that are black and white, in the map's unit.")
        auto = QPushButton("&Auto")
        auto.setToolTip("Chooses the greys so that nearly all values can be told apart.")
        auto.clicked.connect(self.reset)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for row, (words, slider) in enumerate((("&Black", self.black), ("&White", self.white))):
            label = QLabel(words)
            label.setBuddy(slider)
            grid.addWidget(label, row, 0)
            grid.addWidget(slider, row, 1, 1, 2)
            slider.valueChanged.connect(self._moved)
        grid.addWidget(self._ends, 2, 0, 1, 2)
        grid.addWidget(auto, 2, 2)
        grid.setColumnStretch(1, 1)

    def show_values(self, sample: NDArray[np.float32]) -> None:
        """Let the sliders run over these values, and show nearly all of them."""
        usual = usual_scale(sample)
        low, high = float(np.nanmin(sample)), float(np.nanmax(sample))
        reach = (usual.high - usual.low) or 1.0
        self._usual = usual
        self._range = Scale(max(low, usual.low - reach), min(high, usual.high + 2 * reach))
        self.reset()

    def reset(self) -> None:
        """Show nearly all values."""
        reach = self._range.high - self._range.low or 1.0
        for slider, value in ((self.black, self._usual.low), (self.white, self._usual.high)):
            slider.setValue(round(_TICKS * (value - self._range.low) / reach))
        self._moved()

    def scale(self) -> Scale:
        """The values that are black and white."""
        low, high = (self._value(slider) for slider in (self.black, self.white))
        return Scale(low, high) if low < high else Scale(high, low + 1e-12 * abs(low) + 1e-30)

    def _value(self, slider: QSlider) -> float:
        share = slider.value() / _TICKS
        return float(self._range.low + share * (self._range.high - self._range.low))

    def _moved(self) -> None:
        scale = self.scale()
        low, high = (number(float(f"{value:.3g}")) for value in (scale.low, scale.high))
        self._ends.setText(f"{low} to {high}")
        self.changed.emit()


def _slider(tip: str, start: int) -> QSlider:
    slider = QSlider(Qt.Horizontal)
    slider.setRange(0, _TICKS)
    slider.setPageStep(_TICKS // 20)
    slider.setSingleStep(_TICKS // 200)
    slider.setValue(start)
    slider.setToolTip(tip)
    return slider
