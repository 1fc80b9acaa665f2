"""Whether a window opens here, found by opening one in a process of its own: Qt ends its own."""

from __future__ import annotations

import subprocess
import sys

from vrs_scipion.files import printable

OPEN_QT = ("-c", "from PyQt5.QtWidgets import QApplication; QApplication([])")
OPEN_OPENGL = ("-m", "vrs_scipion.windows.gl_probe")
QT_NEEDS = (
    "On Debian or Ubuntu: apt install libdbus-1-3 libfontconfig1 libglib2.0-0 libxkbcommon-x11-0 "
    "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 "
    "libxcb-xinerama0 libxcb-xkb1"
)

_SECONDS = 60.0
_LONGEST = 120


def failure(words: tuple[str, ...]) -> str:
    """Why Python ends badly with these arguments; '' where it does not."""
    try:
        done = subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    if not lines:
        return f"it ended with {done.returncode}"
    by_qt = (line for line in lines if line.startswith("qt.qpa"))
    return printable(next(by_qt, lines[-1]))[:_LONGEST]
