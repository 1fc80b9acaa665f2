"""What the viewers' buttons open, none of which makes the project window wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pyworkflow.viewer import View

from vrs_scipion.windows.pages import NoProgramError, open_chimerax, open_document, open_page
from vrs_scipion.windows.show import WindowError, start

Telling = Callable[[str], Any]


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
        open_chimerax(self._script)
