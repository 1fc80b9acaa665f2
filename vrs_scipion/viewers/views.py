"""What the viewers' buttons open, none of which makes the project window wait."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pyworkflow.viewer import View

from vrs_scipion.figures.isosurface.engine_chimerax import find_chimerax
from vrs_scipion.windows.pages import NoProgramError, open_document, open_page
from vrs_scipion.windows.show import WindowError, start

Telling = Callable[[str], Any]

NO_CHIMERAX = (
    "ChimeraX is not available here; `scipion3 installp -p scipion-em-chimera` installs it. The "
    "3D view of the results window shows the same colours."
)


class _OpeningView(View):
    """Opens something; what hinders it is told in a message."""

    def __init__(self, tell: Telling) -> None:
        self._tell = tell

    def show(self) -> None:
        try:
            self._open()
        except (WindowError, NoProgramError, OSError) as error:
            self._tell(str(error))

    def _open(self) -> None:
        raise NotImplementedError


class WindowView(_OpeningView):
    """The window of results, in its own process."""

    def __init__(self, words: Sequence[str], tell: Telling) -> None:
        super().__init__(tell)
        self.words = list(words)

    def _open(self) -> None:
        start(self.words)


class PageView(_OpeningView):
    """A page in the desktop's browser."""

    def __init__(self, page: Path, tell: Telling, anchor: str = "") -> None:
        super().__init__(tell)
        self._page, self._anchor = page, anchor

    def _open(self) -> None:
        open_page(self._page, self._anchor)


class DocumentView(_OpeningView):
    """A file in the desktop's viewer."""

    def __init__(self, document: Path, tell: Telling) -> None:
        super().__init__(tell)
        self._document = document

    def _open(self) -> None:
        open_document(self._document)


class ChimeraXView(_OpeningView):
    """A command file in the ChimeraX that Scipion's plugin has installed."""

    def __init__(self, script: Path, tell: Telling) -> None:
        super().__init__(tell)
        self._script = script

    def _open(self) -> None:
        found = find_chimerax()
        if found is None:
            own = f"A ChimeraX of your own opens {self._script.absolute()}"
            self._tell(f"{NO_CHIMERAX} {own}")
            return
        subprocess.Popen(
            [*found.command, str(self._script.absolute())],
            env=dict(found.environment),
            start_new_session=True,
        )
