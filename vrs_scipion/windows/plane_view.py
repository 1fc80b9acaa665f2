"""One plane through a volume, with its cross-hair."""

from __future__ import annotations

from dataclasses import dataclass, field

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PyQt5.QtWidgets import QWidget

from vrs_scipion.figures.scale_bar import round_length
from vrs_scipion.windows import looks
from vrs_scipion.windows.shading import Line, Picture
from vrs_scipion.windows.volume import Cut, other_axes

AXES = "zyx"
_MARGIN, _HEAD, _FOOT = 6, 20, 18
_STEPS = {
    Qt.Key_Left: (0, -1),
    Qt.Key_Right: (0, 1),
    Qt.Key_Up: (1, 0),
    Qt.Key_Down: (-1, 0),
}
_SLICES = {Qt.Key_PageUp: 1, Qt.Key_PageDown: -1}
_FAST = 10
_NOTCH = 120


@dataclass(frozen=True)
class Drawing:
    """What a view shows.

    Attributes
    ----------
    picture : RGB, the first row on top
    cut : where it lies
    lines : outlines in pixels of the plane (row, column), with their colours
    """

    picture: Picture
    cut: Cut
    lines: list[tuple[str, list[Line]]] = field(default_factory=list)


class PlaneView(QWidget):
    """Shows a plane across one axis; wheel and keys move through the volume.

    Signals
    -------
    pointed : the cross-hair was put at a place (axis up, Å; axis right, Å)
    stepped : so many voxels along (axis up, axis right, the plane's own axis)
    hovered : the mouse is over a place (Å up, Å right), or None
    """

    pointed = pyqtSignal(float, float)
    stepped = pyqtSignal(int, int, int)
    hovered = pyqtSignal(object)

    def __init__(self, axis: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axis = axis
        self._drawing: Drawing | None = None
        self._image = QImage()
        self._scene: QPixmap | None = None
        self._cross = (0.0, 0.0)
        self._title = ""
        self._turned = 0
        self.setFocusPolicy(Qt.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(180, 180)
        name = AXES[axis].upper()
        self.setAccessibleName(f"Plane across {name}")
        self.setToolTip(
            f"<p>Plane across {name}. Click: put the cross-hair here, the other planes follow. "
            "Wheel, Page Up and Page Down: next plane. Arrows: move the cross-hair, with Shift "
            "ten voxels. Home: middle of the box.</p>"
        )

    def show_plane(self, drawing: Drawing, cross: tuple[float, float], title: str) -> None:
        """Show a plane; ``cross`` is the place of the cross-hair (Å up, Å right)."""
        fresh = drawing is not self._drawing
        self._drawing, self._cross, self._title = drawing, cross, title
        self.update()
        if not fresh:
            return
        self._scene = None
        rows, columns, _ = drawing.picture.shape
        data = drawing.picture.tobytes()
        self._image = QImage(data, columns, rows, 3 * columns, QImage.Format_RGB888).copy()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._scene = None

    def sizeHint(self) -> QSize:
        return QSize(320, 340)

    def place_of(self, up: float, right: float) -> QPointF:
        """Where on the widget a place (Å) is."""
        box, cut = self._box(), self._cut()
        x = box.left() + box.width() * _share(right, cut.horizontal)
        y = box.bottom() - box.height() * _share(up, cut.vertical)
        return QPointF(x, y)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._drawing is None:
            painter.setPen(QColor(looks.MUTED))
            painter.drawText(self.rect(), int(Qt.AlignCenter), "Reading…")
            return
        box = self._box()
        painter.setPen(QColor(looks.INK))
        head = QRectF(box.left(), box.top() - _HEAD, self.width() - box.left(), _HEAD)
        painter.drawText(head, int(Qt.AlignLeft | Qt.AlignVCenter), self._title)
        if self._scene is None:
            self._scene = self._painted(self._drawing, box)
        painter.drawPixmap(0, 0, self._scene)
        painter.setClipRect(box)
        self._draw_cross(painter, box)
        painter.setClipping(False)
        self._draw_frame(painter, box)

    def _painted(self, drawing: Drawing, box: QRectF) -> QPixmap:
        """All that stays while the cross-hair moves."""
        ratio = self.devicePixelRatioF()
        scene = QPixmap(self.size() * ratio)
        scene.setDevicePixelRatio(ratio)
        scene.fill(Qt.transparent)
        painter = QPainter(scene)
        painter.drawImage(box, self._image)
        painter.setClipRect(box)
        painter.setRenderHint(QPainter.Antialiasing)
        for colour, lines in drawing.lines:
            self._draw_lines(painter, box, colour, lines)
        self._draw_scale(painter, box)
        painter.end()
        return scene

    def _draw_lines(self, painter: QPainter, box: QRectF, colour: str, lines: list[Line]) -> None:
        assert self._drawing is not None
        rows, columns = self._drawing.cut.values.shape
        painter.setPen(QPen(QColor(colour), 1.4))
        high, wide = box.height() / rows, box.width() / columns
        for line in lines:
            x = box.left() + (line[:, 1] + 0.5) * wide
            y = box.bottom() - (line[:, 0] + 0.5) * high
            painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x, y, strict=True)]))

    def _draw_cross(self, painter: QPainter, box: QRectF) -> None:
        at = self.place_of(*self._cross)
        gap = 7
        painter.setPen(QPen(QColor(looks.CROSS), 1))
        for start, end in (
            (QPointF(box.left(), at.y()), QPointF(at.x() - gap, at.y())),
            (QPointF(at.x() + gap, at.y()), QPointF(box.right(), at.y())),
            (QPointF(at.x(), box.top()), QPointF(at.x(), at.y() - gap)),
            (QPointF(at.x(), at.y() + gap), QPointF(at.x(), box.bottom())),
        ):
            painter.drawLine(start, end)

    def _draw_scale(self, painter: QPainter, box: QRectF) -> None:
        low, high = self._cut().horizontal
        length = round_length(high - low)
        pixels = length / (high - low) * box.width()
        left, base = box.left() + 8, box.bottom() - 8
        words = f"{length:g} Å"
        for colour, width in (("black", 4.0), ("white", 2.0)):
            painter.setPen(QPen(QColor(colour), width, Qt.SolidLine, Qt.FlatCap))
            painter.drawLine(QPointF(left, base), QPointF(left + pixels, base))
        for colour, shift in (("black", 1), ("white", 0)):
            painter.setPen(QColor(colour))
            painter.drawText(QPointF(left + shift, base - 6 + shift), words)

    def _draw_frame(self, painter: QPainter, box: QRectF) -> None:
        up, right = other_axes(self.axis)
        painter.setPen(QPen(QColor(looks.ACCENT if self.hasFocus() else looks.RULE), 2))
        painter.drawRect(box.adjusted(-1, -1, 1, 1))
        painter.setPen(QColor(looks.MUTED))
        foot = QRectF(box.left(), box.bottom() + 2, box.width(), _FOOT)
        painter.drawText(
            foot, int(Qt.AlignRight | Qt.AlignVCenter), f"{AXES[right]} →   {AXES[up]} ↑"
        )

    def _box(self) -> QRectF:
        """The picture's place: as large as fits, at its true proportions."""
        cut = self._cut()
        tall = cut.vertical[1] - cut.vertical[0]
        wide = cut.horizontal[1] - cut.horizontal[0]
        room_x = self.width() - 2 * _MARGIN
        room_y = self.height() - _HEAD - _FOOT - _MARGIN
        scale = max(min(room_x / wide, room_y / tall), 1e-6)
        left = (self.width() - wide * scale) / 2
        top = _HEAD + max(0.0, (room_y - tall * scale) / 2)
        return QRectF(left, top, wide * scale, tall * scale)

    def _cut(self) -> Cut:
        assert self._drawing is not None
        return self._drawing.cut

    def _pointed_at(self, where: QPointF) -> tuple[float, float] | None:
        if self._drawing is None or not self._box().contains(where):
            return None
        box, cut = self._box(), self._cut()
        right = _between(cut.horizontal, (where.x() - box.left()) / box.width())
        up = _between(cut.vertical, (box.bottom() - where.y()) / box.height())
        return up, right

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self._pointed_at(event.localPos()))
        if event.buttons() & Qt.LeftButton:
            self._follow(event)

    def _follow(self, event: QMouseEvent) -> None:
        place = self._pointed_at(event.localPos())
        if place is not None:
            self.pointed.emit(*place)

    def leaveEvent(self, event: object) -> None:
        self.hovered.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._turned += event.angleDelta().y()
        steps = int(self._turned / _NOTCH)
        self._turned -= steps * _NOTCH
        if steps:
            fast = _FAST if event.modifiers() & Qt.ShiftModifier else 1
            self.stepped.emit(0, 0, steps * fast)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        fast = _FAST if event.modifiers() & Qt.ShiftModifier else 1
        key = event.key()
        if key in _STEPS:
            up, right = _STEPS[Qt.Key(key)]
            self.stepped.emit(up * fast, right * fast, 0)
        elif key in _SLICES:
            self.stepped.emit(0, 0, _SLICES[Qt.Key(key)] * fast)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()


def _share(value: float, ends: tuple[float, float]) -> float:
    return (value - ends[0]) / (ends[1] - ends[0])


def _between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + share * (ends[1] - ends[0])
