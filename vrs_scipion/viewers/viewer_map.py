"""Looking at a map that was imported or prepared."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pwem.objects import Volume
from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer

from vrs_scipion.objects import VrsPrepared
from vrs_scipion.protocols import VrsProtImportMap, VrsProtPrepareInput
from vrs_scipion.viewers.form_viewer import MAP, VrsFormViewer
from vrs_scipion.viewers.views import WindowView
from vrs_scipion.windows import show


class _MapViewer(VrsFormViewer):
    def _addFacts(self, form: Any) -> None:
        self._addText(form, MAP, [line.strip("*") for line in self.protocol._summary()])


class VrsImportMapViewer(_MapViewer):
    """Shows what was imported."""

    _label = "Validation: imported map"
    _targets = [VrsProtImportMap]

    def _addButtons(self, form: Any) -> None:
        volume = getattr(self.protocol, "outputVolume", None)
        if volume is None:
            return
        group = form.addGroup("Look at")
        tip = "Three linked planes through the map."
        self._addButton(group, "slices", "Slices", tip, lambda: self._planes(volume))
        self._addVolumes(group)


class VrsPrepareViewer(_MapViewer):
    """Shows a prepared input with its masks."""

    _label = "Validation: prepared input"
    _targets = [VrsProtPrepareInput]

    def _addButtons(self, form: Any) -> None:
        if not hasattr(self.protocol, "outputEntry"):
            return
        folder = self._inProject(self.protocol.outputEntry.getFolder())
        group = form.addGroup("Look at")
        for pane, label, tip in (
            ("slices", "Slices", "Planes through the map, with the borders of its masks."),
            ("surface", "Surface in 3D", "The map at its contour level."),
            ("numbers", "Facts", "The file, its box, its masks and their origin."),
        ):
            self._addButton(
                group, f"window_{pane}", label, tip, partial(self._window, folder, pane=pane)
            )
        self._addVolumes(group)
        self._addButton(
            group,
            "chimerax",
            "ChimeraX: map at its contour level",
            "Opens ChimeraX, where it is installed.",
            lambda: self._chimerax(folder, None),
        )


class VrsEntryViewer(Viewer):
    """Opens the planes of a prepared input among a protocol's outputs."""

    _name = "Prepared input"
    _environments = [DESKTOP_TKINTER]
    _targets = [VrsPrepared]

    def _visualize(self, target: Any, **_: Any) -> list[View]:
        folder = Path(self.getProject().getPath()).absolute() / target.getFolder()
        words = show.command(folder, pane="slices")
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
