"""Looking at a whole validation: its report, and every check in a line."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer

from vrs_scipion.checks.levels import LEVELS, Level
from vrs_scipion.folders import HTML_FILE, PDF_FILE
from vrs_scipion.objects import VrsReport
from vrs_scipion.protocols import VrsProtReport, VrsProtValidate
from vrs_scipion.viewers.form_viewer import OUTCOME, Views, VrsFormViewer, state_words
from vrs_scipion.viewers.views import PageView
from vrs_scipion.windows.layers import find_layers
from vrs_scipion.windows.results_folder import Contents, FolderError, locate, read_contents


class VrsReportViewer(VrsFormViewer):
    """Opens a report as web page, as PDF and as a window, and each of its checks."""

    _label = "Validation: the report"
    _targets = [VrsProtReport, VrsProtValidate]

    def _addFacts(self, form: Any) -> None:
        contents = self._contents()
        if contents is None:
            words = state_words(self.protocol, "Report")
            self._addText(form, OUTCOME, [words], important=True)
            return
        self._addText(form, OUTCOME, [contents.title, contents.score], important=True)

    def _addButtons(self, form: Any) -> None:
        contents = self._contents()
        if contents is None:
            return
        folder = self._folder()
        group = form.addGroup("Look at")
        self._addButton(
            group,
            "window",
            "Everything in a window",
            "Every check with its numbers, plots, slices and surface.",
            lambda: self._window(folder),
        )
        self._addButton(
            group,
            "page",
            "Report as web page",
            "Opens report.html in the browser.",
            lambda: self._file(folder / HTML_FILE),
        )
        self._addButton(
            group,
            "pdf",
            "Report as PDF",
            "Opens report.pdf in the desktop's viewer.",
            lambda: self._file(folder / PDF_FILE),
        )
        for level in LEVELS:
            self._addLevel(form, level, contents)
        self._addVolumeSection(form, folder, None, find_layers(contents).values)
        self._addScoreSection(form, folder, None, [result for result, _ in contents.results()])

    def _addLevel(self, form: Any, level: Level, contents: Contents) -> None:
        """A page with the checks of a level."""
        codes = {check.code for check in level.checks}
        items = [item for item in contents.items if item.code in codes]
        if not items:
            return
        form.addSection(label=level.title)
        for item in items:
            tip = item.reason or (item.result.headline if item.result else "")
            self._addButton(
                form,
                f"check_{item.code.replace('.', '_')}",
                f"{item.icon}  {item.title}: {item.words}",
                tip or "Opens this check in the window of results.",
                partial(self._window, self._folder(), check=item.code),
            )

    def _folder(self) -> Path:
        """The validation's folder, or the protocol's while there is no report."""
        report = getattr(self.protocol, "outputReport", None)
        if report is not None:
            return self._inProject(report.getFolder())
        return self._inProject(Path(self.protocol._getExtraPath()))

    def _contents(self) -> Contents | None:
        try:
            return read_contents(locate(self._folder()), self.protocol.isActive)
        except FolderError:
            return None

    def _file(self, path: Path) -> Views:
        if not path.is_file():
            words = f"{path.name} is not there: the report was not compiled, or could not be."
            return [self.infoMessage(words, "Validation")]
        return self._document(path) if path.suffix == ".pdf" else self._page(path)


class VrsReportObjectViewer(Viewer):
    """Opens a report among a protocol's outputs in the browser."""

    _name = "Validation report"
    _environments = [DESKTOP_TKINTER]
    _targets = [VrsReport]

    def _visualize(self, target: Any, **_: Any) -> list[View]:
        page = Path(self.getProject().getPath()).absolute() / target.getFileName()
        return [PageView(page, lambda text: self.infoMessage(text, "Validation").show())]
