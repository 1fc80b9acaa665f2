"""Lists to choose from that stay narrow, whatever the names in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt5.QtWidgets import QComboBox

_LETTERS = 14
_BORDERS = 30


def chooser(tip: str, changed: Callable[[], Any]) -> QComboBox:
    """An empty list; ``changed`` is called when something else is chosen."""
    box = QComboBox()
    box.setToolTip(f"<p>{tip}</p>")
    box.setSizeAdjustPolicy(QComboBox.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(_LETTERS)
    box.currentIndexChanged.connect(lambda _: changed())
    return box


def widen(box: QComboBox) -> None:
    """Let the opened list show its names in full."""
    box.view().setMinimumWidth(box.view().sizeHintForColumn(0) + _BORDERS)
