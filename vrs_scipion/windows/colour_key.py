"""The key of a palette: which colour is which value."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QImage, QPainter, QPaintEvent
from PyQt5.QtWidgets import QWidget

from vrs_scipion.results.numbers import number
from vrs_scipion.windows import looks
from vrs_scipion.windows.shading import Scale, in_colour

_BAR, _SWATCH = 14, 14


class ColourKey(QWidget):
    """A bar of colours with its two ends, its middle and what it stands for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = ""
        self._scale: Scale | None = None
        self._blank = ""
        self.setMinimumHeight(58)
        self.setToolTip(
            "The colours of the values. Beyond the ends the last colour is kept; they are the "
            "values that 95 % of the voxels lie between."
        )

    def show_scale(self, label: str, scale: Scale | None, blank: str = "") -> None:
        """Show a palette's values; ``blank`` says what grey stands for. None hides everything."""
        self._label, self._scale, self._blank = label, scale, blank
        self.setAccessibleName(label)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, 76)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._scale is None:
            return
        painter = QPainter(self)
        painter.setPen(QColor(looks.INK))
        line = painter.fontMetrics().height()
        width = self.width() - 2
        painter.drawText(QRectF(0, 0, width, line), int(Qt.AlignLeft), self._label)
        painter.drawImage(QRectF(0, line + 3, width, _BAR), _ramp())
        painter.drawRect(QRectF(0, line + 3, width, _BAR))
        low, high = self._scale.low, self._scale.high
        numbers = QRectF(0, line + _BAR + 5, width, line)
        for value, side in (
            (low, Qt.AlignLeft),
            ((low + high) / 2, Qt.AlignHCenter),
            (high, Qt.AlignRight),
        ):
            painter.drawText(numbers, int(side), number(float(f"{value:.3g}")))
        if self._blank:
            from vrs_scipion.figures.isosurface.colouring import BLANK  # Matplotlib is slow to load

            top = numbers.bottom() + 3
            painter.fillRect(QRectF(0, top, _SWATCH, _SWATCH), QColor(BLANK))
            place = QRectF(_SWATCH + 5, top, width, line)
            painter.drawText(place, int(Qt.AlignLeft), self._blank)


def _ramp() -> QImage:
    colours = np.rint(255 * in_colour(np.linspace(0, 1, 256))[np.newaxis]).astype(np.uint8)
    line = np.ascontiguousarray(colours)
    return QImage(line.tobytes(), 256, 1, 3 * 256, QImage.Format_RGB888).copy()
