"""One look for the windows: colours that all can tell apart, and never colour alone."""

from __future__ import annotations

from PyQt5.QtCore import QRectF, Qt
from PyQt5.QtGui import QColor, QFont, QIcon, QPainter, QPixmap
from PyQt5.QtWidgets import QApplication

INK, MUTED, PAPER, SHADE, RULE = "#1b1f24", "#56606b", "#ffffff", "#f4f6f8", "#d5dae0"
ACCENT = "#0b4f8a"
LINE = "#E66100"
CROSS = "#56B4E9"
MASK = "#F0E442"

OUTCOMES = {
    "ok": ("#005f48", "#e4f3ee"),
    "warnings": ("#7d4400", "#fcf0dc"),
    "failed": ("#931a2e", "#fae7ea"),
    "broken": ("#931a2e", "#fae7ea"),
    "not_applicable": ("#48525d", "#eceff2"),
    "not_available": ("#54398a", "#f0ebf8"),
    "not_run": ("#48525d", "#eceff2"),
    "undetermined": ("#5b4a00", "#f6f0d2"),
    "missing": ("#48525d", "#eceff2"),
    "waiting": ("#48525d", "#eceff2"),
    "running": ("#0b4f8a", "#e3eef8"),
}
"""Ink and ground of every outcome; those of the report's pages."""

_ICON = 32


def dress(application: QApplication) -> None:
    """The same look on every desktop."""
    application.setStyle("Fusion")
    application.setStyleSheet(
        f"QToolTip {{ color: {INK}; background: {PAPER}; border: 1px solid {MUTED}; padding: 3px }}"
        "QListView::item:selected, QTableView::item:selected"
        f" {{ background: #cfe2f5; color: {INK} }}"
        "QTableView::item { padding: 1px 7px }"
        "QHeaderView::section { padding: 2px 7px }"
        "*:focus { outline: none }"
        f"QListView:focus, QTableView:focus, QTextBrowser:focus {{ border: 2px solid {ACCENT} }}"
    )


def outcome_icon(mark: str, outcome: str) -> QIcon:
    """A mark in the colours of its outcome."""
    ink, ground = OUTCOMES[outcome]
    pixmap = QPixmap(_ICON, _ICON)
    pixmap.fill(Qt.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.Antialiasing)
    painter.setPen(QColor(ink))
    painter.setBrush(QColor(ground))
    painter.drawEllipse(QRectF(1, 1, _ICON - 2, _ICON - 2))
    font = QFont(painter.font())
    font.setPixelSize(_ICON * 2 // 3)
    font.setBold(True)
    painter.setFont(font)
    painter.drawText(QRectF(0, 0, _ICON, _ICON), Qt.AlignCenter, mark)
    painter.end()
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Selected)  # not dimmed
    return icon
