"""Looking at what one check found."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer

from vrs_scipion.entry.entry import Entry
from vrs_scipion.folders import ENTRY, RESULT
from vrs_scipion.objects import VrsCheckOutcome, VrsReport
from vrs_scipion.protocols import VrsProtCheck, VrsProtReport
from vrs_scipion.protocols.input_form import prepared_folders
from vrs_scipion.report.document import CheckSection
from vrs_scipion.viewers.form_viewer import OUTCOME, Views, VrsFormViewer, state_words
from vrs_scipion.viewers.views import WindowView
from vrs_scipion.windows import show
from vrs_scipion.windows.layers import find_layers
from vrs_scipion.windows.results_folder import (
    Contents,
    FolderError,
    Item,
    locate,
    read_contents,
)
from vrs_scipion.windows.tables import criteria_grid, measurements_grid


class VrsCheckViewer(VrsFormViewer):
    """Shows the outcome of a check, its criteria and numbers, and opens all the rest."""

    _label = "Validation: what the check found"
    _targets = [VrsProtCheck]

    def _addFacts(self, form: Any) -> None:
        item, check = self._item(), self.protocol.check
        shown = None if item is None else item.section or item.given
        if item is None or item.result is None or shown is None:
            name = f"{check.code} {check.name}" if check.judges else check.name
            words = state_words(self.protocol, name)
            self._addText(form, OUTCOME, [words], important=True)
            return
        said = item.result.reason or item.result.headline
        warnings = [f"! {text}" for text in shown.warnings]
        words = f"{item.icon}  {item.title}: {item.words}"
        lines = [words, *([said] if said else []), *warnings]
        self._addText(form, OUTCOME, lines, important=True)
        if item.given is not None:
            self._addText(form, "Facts", [f"{f.label}: {f.value}" for f in item.given.facts])
        criteria = _criteria_lines(item.section) if item.section is not None else []
        if criteria:
            self._addText(form, "Criteria", criteria)
        if item.result.measurements:
            grid = measurements_grid(item.result)
            numbers = [f"{row[1]} {row[2]}\t\t{row[0]}" for row in grid.rows]
            self._addText(form, "Numbers", numbers)

    def _addButtons(self, form: Any) -> None:
        contents, item = self._contents(), self._item()
        if contents is None or item is None:
            return
        group = form.addGroup("Look at")
        for name, label, tip, pane in (
            ("numbers", "Everything in a window", "Tables, plots, slices and the surface.", ""),
            ("plots", "Plots", "The check's figures, to be zoomed and copied.", "plots"),
            ("slices", "Slices", "Planes through the map and its values.", "slices"),
            ("surface", "Surface in 3D", "The map, coloured by the check's values.", "surface"),
        ):
            if pane != "plots" or (item.result is not None and item.result.figures):
                self._addButton(group, f"window_{name}", label, tip, partial(self._show, pane))
        if item.result is None:
            return
        self._addButton(
            group,
            "section",
            "Section of the report",
            "Opens the report in the browser at this check.",
            self._section,
        )
        self._addVolumeSection(form, *self._places(), find_layers(contents).values)
        self._addScoreSection(form, *self._places(), [item.result])

    # ----------------------------------------------------------------- the check's results

    def _places(self) -> tuple[Path, dict[str, Path]]:
        """The folder of the result, and those of the prepared inputs."""
        folder = self._inProject(Path(self.protocol._getExtraPath(RESULT)))
        prepared = prepared_folders(self.protocol)
        return folder, {key: self._inProject(path) for key, path in prepared.items()}

    def _contents(self) -> Contents | None:
        try:
            return read_contents(locate(*self._places(), self.protocol.check.code))
        except FolderError:
            return None

    def _item(self) -> Item | None:
        contents = self._contents()
        if contents is None:
            return None
        code = self.protocol.check.code
        return next((item for item in contents.items if item.code == code), None)

    def _show(self, pane: str) -> Views:
        folder, entry = self._places()
        return self._window(folder, entry, self.protocol.check.code, pane)

    def _section(self) -> Views:
        report = self._report()
        item = self._item()
        if report is None or item is None or not item.anchor:
            words = "No report holds this yet: run the protocol 'report' on its outcome."
            return [self.infoMessage(words, "Validation")]
        return self._page(self._inProject(Path(report.getFileName())), item.anchor)

    def _report(self) -> VrsReport | None:
        """The newest report of the project that was made from this protocol's outcome."""
        for run in reversed(self.getProject().getRuns()):
            if isinstance(run, VrsProtReport) and hasattr(run, "outputReport"):
                used = {pointer.getObjValue().getObjId() for pointer in run.inputOutcomes}
                if self.protocol.getObjId() in used:
                    report: VrsReport = run.outputReport
                    return report
        return None


class VrsCheckOutcomeViewer(Viewer):
    """Opens the window of results for an outcome among a protocol's outputs."""

    _name = "Validation results"
    _environments = [DESKTOP_TKINTER]
    _targets = [VrsCheckOutcome]

    def _visualize(self, target: Any, **_: Any) -> list[View]:
        project = Path(self.getProject().getPath()).absolute()
        folder, entry = project / target.getFolder(), self._entry(project)
        words = show.command(folder, entry=entry, check=target.getCode())
        return [WindowView(words, lambda text: self.infoMessage(text, "Validation").show())]

    def _entry(self, project: Path) -> dict[str, Path]:
        """The folders of the inputs behind the outcome: pointed to, or the protocol's own."""
        own = Entry.at(project / self.protocol._getExtraPath(ENTRY)).folders
        pointed = prepared_folders(self.protocol)
        return {key: project / path for key, path in (pointed or own).items()}


def _criteria_lines(section: CheckSection) -> list[str]:
    grid = criteria_grid(section)
    return [
        f"{verdict}\t{measured}\t\t{requirement}" for requirement, measured, _, verdict in grid.rows
    ]
