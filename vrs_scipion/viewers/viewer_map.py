"""Looking at a map that was imported or prepared."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pwem.objects import Volume
from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer

from vrs_scipion.entry.entry import load_record
from vrs_scipion.entry.inputs import INPUTS
from vrs_scipion.objects import VrsPrepared
from vrs_scipion.protocols import VrsProtImportMap, VrsProtPrepareInput
from vrs_scipion.protocols.input_form import POINTERS, prepared_folders
from vrs_scipion.viewers.form_viewer import VrsFormViewer
from vrs_scipion.viewers.views import WindowView
from vrs_scipion.windows import show


class _InputViewer(VrsFormViewer):
    def _addSummary(self, form: Any, key: str) -> None:
        lines = [line.strip("*") for line in self.protocol._summary()]
        self._addText(form, INPUTS[key].title, lines, important=True)


class VrsImportMapViewer(_InputViewer):
    """Shows what was imported."""

    _label = "Validation: imported map"
    _targets = [VrsProtImportMap]

    def _addFacts(self, form: Any) -> None:
        self._addSummary(form, "map")

    def _addButtons(self, form: Any) -> None:
        volume = getattr(self.protocol, "outputVolume", None)
        if volume is None:
            return
        group = form.addGroup("Look at")
        tip = "Three linked planes through the map."
        self._addButton(group, "slices", "Slices", tip, lambda: self._planes(volume))
        self._addVolumes(group)


class VrsPrepareViewer(_InputViewer):
    """Shows a prepared input with its masks."""

    _label = "Validation: prepared input"
    _targets = [VrsProtPrepareInput]

    def _addFacts(self, form: Any) -> None:
        self._addSummary(form, self.protocol.key)

    def _addButtons(self, form: Any) -> None:
        prepared = getattr(self.protocol, "outputEntry", None)
        if prepared is None:
            return
        key, entry = _inputs(self.protocol, prepared, self._inProject(Path()))
        folder = entry[key]
        volumes = load_record(key, folder).volumes
        has_surface = any(one.contour is not None for one in volumes)
        hidden = {"slices": not volumes, "surface": not has_surface}
        group = form.addGroup("Look at")
        for pane, label, tip in (
            ("slices", "Slices", "Three linked planes, with the borders of the masks."),
            ("surface", "Surface in 3D", "The map at its contour level."),
            ("numbers", "Facts", "The files, what they hold, and where it lies."),
        ):
            if not hidden.get(pane):
                call = partial(self._window, folder, entry, key, pane)
                self._addButton(group, f"window_{pane}", label, tip, call)
        self._addVolumes(group)
        if has_surface or key == "model":
            self._addButton(
                group,
                "chimerax",
                "ChimeraX: map at its contour level" + ("" if has_surface else ", with the model"),
                "Opens ChimeraX, where it is installed.",
                lambda: self._chimerax(folder, entry),
            )


class VrsEntryViewer(Viewer):
    """Opens the planes, or else the facts, of a prepared input among a protocol's outputs."""

    _name = "Prepared input"
    _environments = [DESKTOP_TKINTER]
    _targets = [VrsPrepared]

    def _visualize(self, target: Any, **_: Any) -> list[View]:
        project = Path(self.getProject().getPath()).absolute()
        key, entry = _inputs(self.protocol, target, project)
        pane = "slices" if load_record(key, entry[key]).volumes else "numbers"
        words = show.command(entry[key], entry=entry, check=key, pane=pane)
        return [WindowView(words, lambda text: self.infoMessage(text, "Validation").show())]


class VrsVolumeViewer(Viewer):
    """Opens the planes of any volume of the project."""

    _name = "Slices (validation)"
    _environments = [DESKTOP_TKINTER]
    _targets = [Volume]

    def _visualize(self, target: Any, **_: Any) -> list[View]:
        _, name = target.getLocation()
        path = Path(self.getProject().getPath()).absolute() / str(name).removesuffix(":mrc")
        return [
            WindowView(show.command(path), lambda text: self.infoMessage(text, "Validation").show())
        ]


def _inputs(protocol: Any, prepared: VrsPrepared, project: Path) -> tuple[str, dict[str, Path]]:
    """The key of a prepared input; its folder, and those of what it was prepared with, by key."""
    own = next(key for key, one in POINTERS.items() if isinstance(prepared, one.kind))
    found = {**prepared_folders(protocol), own: prepared.getFolder()}
    return own, {key: project / folder for key, folder in found.items()}
