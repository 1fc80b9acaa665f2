"""Opening a finished report."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer

from vrs_scipion.objects import VrsReport
from vrs_scipion.protocols import VrsProtLevel0, VrsProtReport


class BrowserView(View):
    """A page in the desktop's browser."""

    def __init__(self, page: Path) -> None:
        self._page = page

    def show(self) -> None:
        webbrowser.open(self._page.absolute().as_uri())


class VrsReportViewer(Viewer):
    """Opens the report's HTML in the browser."""

    _environments = [DESKTOP_TKINTER]
    _targets = [VrsProtReport, VrsProtLevel0, VrsReport]

    def _visualize(self, target: Any, **_: Any) -> list[View]:
        report = target if isinstance(target, VrsReport) else getattr(target, "outputReport", None)
        if report is None:
            return [self.infoMessage("There is no report yet: run the protocol first.")]
        return [BrowserView(Path(report.getFileName()))]
