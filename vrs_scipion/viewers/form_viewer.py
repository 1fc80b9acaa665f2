"""The form that all our viewers are: facts at the top, buttons below."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyworkflow.protocol.params as params
from pwem.objects import Volume
from pwem.viewers import ChimeraViewer, DataViewer
from pyworkflow.config import Config
from pyworkflow.protocol.constants import (
    STATUS_ABORTED,
    STATUS_FAILED,
    STATUS_FINISHED,
    STATUS_INTERACTIVE,
    STATUS_LAUNCHED,
    STATUS_NEW,
    STATUS_RUNNING,
    STATUS_SAVED,
    STATUS_SCHEDULED,
    STATUS_WAITING,
)
from pyworkflow.viewer import DESKTOP_TKINTER, ProtocolViewer, View, Viewer

from vrs_scipion.figures.isosurface.engine_chimerax import find_chimerax
from vrs_scipion.report.scores import join_scores
from vrs_scipion.results import CheckResult
from vrs_scipion.viewers.views import (
    ChimeraXView,
    DocumentView,
    PageView,
    WindowView,
)
from vrs_scipion.windows import show
from vrs_scipion.windows.chimerax_script import write_script
from vrs_scipion.windows.layers import Layer, find_layers
from vrs_scipion.windows.results_folder import FolderError, locate, read_contents

Views = list[View]
OUTCOME = "Outcome"
_RUNNING = ("…", "running. Open this form again when it has ended.")
_NOT_STARTED = ("·", "not started. Execute the protocol first.")
_WAITING = ("·", "not started; it waits for its turn. Open this form again when it has ended.")
_WITHOUT_RESULT = {
    STATUS_NEW: _NOT_STARTED,
    STATUS_SAVED: _NOT_STARTED,
    STATUS_SCHEDULED: _WAITING,
    STATUS_LAUNCHED: _WAITING,
    STATUS_WAITING: _WAITING,
    STATUS_RUNNING: _RUNNING,
    STATUS_INTERACTIVE: _RUNNING,
    STATUS_ABORTED: ("?", "stopped before it could leave a result. Execute the protocol again."),
    STATUS_FINISHED: ("?", "missing. The result is no longer where it was; execute it again."),
}

_WIDTH, _LETTERS = 104, 118
"""Zeros, and letters of a sentence, that fit into a line of text."""

_ROWS, _FEWEST = 17, 4
"""Lines of text that leave room for five buttons on a screen of 720 pixels; the least of a box."""

_ABOVE = 2
"""Pixels above a line: Tk cuts the ring off an Å that has no room."""


class VrsFormViewer(ProtocolViewer):
    """Base of our protocols' viewers.

    A subclass says in ``_facts`` what is shown, and adds buttons in ``_addButtons``.
    """

    _environments = [DESKTOP_TKINTER]
    _buttons: dict[str, Callable[[], Views]]
    _rows: int

    def __init__(self, **kwargs: Any) -> None:
        self._setting("_buttons", {})
        super().__init__(**kwargs)

    @property
    def _tkRoot(self) -> Any:
        return self.__dict__.get("_root")

    @_tkRoot.setter
    def _tkRoot(self, root: Any) -> None:
        """Scipion sets this when the form is built and not yet shown."""
        self._setting("_root", root)
        for text in _texts(root) if root is not None else ():
            text.configure(spacing1=_ABOVE)
            text.delete("end-2c")  # Scipion's last line break: it would ask for a scroll bar

    def _setting(self, name: str, value: Any) -> None:
        """Keep a plain value: a protocol takes what is set on it for parameters."""
        object.__setattr__(self, name, value)

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Results")
        self._setting("_rows", _ROWS)
        self._addFacts(form)
        self._addButtons(form)

    def _addFacts(self, form: Any) -> None:
        raise NotImplementedError

    def _addButtons(self, form: Any) -> None:
        raise NotImplementedError

    def _getVisualizeDict(self) -> dict[str, Callable[..., Views]]:
        return {name: lambda _=None, call=call: call() for name, call in self._buttons.items()}

    # ----------------------------------------------------------------- parts of the form

    def _addText(
        self, form: Any, label: str, lines: Sequence[str], *, important: bool = False
    ) -> None:
        """Lines that can be scrolled and copied; boxes share the height that there is."""
        wanted = sum(1 + len(line.expandtabs()) // _LETTERS for line in lines)
        rows = min(wanted, max(self._rows, _FEWEST))
        self._setting("_rows", self._rows - rows)
        form.addParam(
            f"text_{label.lower().replace(' ', '_')}",
            params.TextParam,
            label=label,
            important=important,
            default="\n".join(lines),
            width=_WIDTH,
            height=rows,
        )

    def _addButton(
        self, form: Any, name: str, label: str, tip: str, call: Callable[[], Views]
    ) -> None:
        """A line with an eye that opens something."""
        form.addParam(name, params.LabelParam, label=label, help=tip)
        self._buttons[name] = call

    # ----------------------------------------------------------------- what buttons open

    def _tell(self, text: str) -> None:
        self.infoMessage(text, "Validation").show()

    def _inProject(self, path: Path) -> Path:
        """A path of a protocol, which counts from the project's folder."""
        return Path(self.getProject().getPath()).absolute() / path

    def _workingPid(self) -> int:
        """The process that works on the protocol, where one does."""
        return int(self.protocol.getPid() or 0) if self.protocol.isActive() else 0

    def _window(
        self,
        folder: Path,
        entry: Mapping[str, Path] | None = None,
        check: str = "",
        pane: str = "",
    ) -> Views:
        words = show.command(folder, entry=entry, check=check, pane=pane, pid=self._workingPid())
        return [WindowView(words, self._tell)]

    def _page(self, page: Path, anchor: str = "") -> Views:
        return [PageView(page, self._tell, anchor)]

    def _document(self, document: Path) -> Views:
        return [DocumentView(document, self._tell)]

    def _volume(self, volume: Volume) -> Views:
        """A volume in Scipion's own viewer where its program is here, else in our window."""
        for viewer in Config.getDomain().findViewers(volume, DESKTOP_TKINTER):
            if _works(viewer):
                shown = viewer(
                    project=self.getProject(), protocol=self.protocol, parent=self.formWindow
                )
                shown.visualize(volume)
                return []
        return self._planes(volume)

    def _planes(self, volume: Volume) -> Views:
        """The planes of a volume in our window."""
        return [WindowView(show.command(self._inProject(Path(volume.getFileName()))), self._tell)]

    def _chimerax(
        self, folder: Path, entry: Mapping[str, Path] | None, key: str = "", score: str = ""
    ) -> Views:
        """The map in ChimeraX, coloured by the values named ``key``, with the model in it.

        The model is coloured by the score named ``score``.
        """
        try:
            contents = read_contents(locate(folder, entry))
            layers, given = find_layers(contents), contents.entry
            values = next((layer for layer in layers.values if layer.key == key), None)
            shown = score or key.replace(":", "_").replace(".", "") or "map"
            name = f"chimerax_{shown}.cxc"
            target = self._inProject(Path(self.protocol._getExtraPath(name)))
            model = given.model_path if "model" in given.given else None
            scores = join_scores(given, contents.results()) if score else None
            script = write_script(layers, values, target, model, scores, score)
        except (FolderError, OSError, ValueError) as error:
            return [self.errorMessage(str(error), "Validation")]
        return [ChimeraXView(script, self._tell)]

    def _addVolumeSection(
        self, form: Any, folder: Path, entry: Mapping[str, Path] | None, values: Sequence[Layer]
    ) -> None:
        """A page with the protocol's volumes, and the map in the colours of its ``values``."""
        if not self._volumes():
            return
        form.addSection(label="Volumes")
        self._addVolumes(form)
        for layer in values:
            self._addButton(
                form,
                f"chimerax_{layer.key}",
                f"ChimeraX: map coloured by {layer.name}",
                "Opens ChimeraX, where it is installed, with the colours of the results window.",
                partial(self._chimerax, folder, entry, layer.key),
            )

    def _addScoreSection(
        self,
        form: Any,
        folder: Path,
        entry: Mapping[str, Path] | None,
        results: Iterable[CheckResult],
    ) -> None:
        """A page that opens the model in ChimeraX in the colours of each of its scores."""
        scores = {score.key: score for result in results for score in result.scores}
        if scores:
            form.addSection(label="Model")
        for key, score in scores.items():
            self._addButton(
                form,
                f"chimerax_score_{key}",
                f"ChimeraX: model coloured by {score.label}",
                f"Opens ChimeraX, where it is installed. {score.label}: {score.description}.",
                partial(self._chimerax, folder, entry, score=key),
            )

    def _volumes(self) -> list[tuple[str, Volume]]:
        outputs = self.protocol.iterOutputAttributes()
        return [(name, output) for name, output in outputs if isinstance(output, Volume)]

    def _addVolumes(self, form: Any) -> None:
        """A button for each volume among the protocol's outputs."""
        for name, output in self._volumes():
            words = output.getObjComment() or _spaced(name.removeprefix("output"))
            self._addButton(
                form,
                f"open_{name}",
                f"Volume: {words}",
                f"Opens {output.getFileName()} in Scipion's viewer of volumes (ChimeraX or "
                "Xmipp); where neither is here, in a window of ours.",
                partial(self._volume, output),
            )


def _texts(widget: Any) -> Iterator[Any]:
    """Tk's boxes of text below a widget."""
    for child in widget.winfo_children():
        if child.winfo_class() == "Text":
            yield child
        yield from _texts(child)


def state_words(protocol: Any, what: str) -> str:
    """Why a protocol has nothing to show, in a mark and a sentence."""
    status = protocol.getStatus()
    if status == STATUS_FAILED:
        said = protocol.getErrorMessage()
        return f"✕  {what}: failed before it could leave a result. {said}".strip()
    mark, words = _WITHOUT_RESULT.get(status, _WITHOUT_RESULT[STATUS_FINISHED])
    return f"{mark}  {what}: {words}"


def _spaced(name: str) -> str:
    """'HardMask' as 'hard mask'."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _works(viewer: type[Viewer]) -> bool:
    """Whether what a viewer of volumes starts is here: ChimeraX, or Xmipp's plugin."""
    if issubclass(viewer, ChimeraViewer):
        return find_chimerax() is not None
    if issubclass(viewer, DataViewer):
        return importlib.util.find_spec("xmipp3") is not None
    return True
