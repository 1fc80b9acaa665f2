"""What all protocols of the plugin have in common as runs of a project."""

from __future__ import annotations

from typing import Any

from pwem.protocols import EMProtocol


class VrsRun(EMProtocol):
    """Base of the protocols: plain labels, and values that are refused when the run is made.

    A subclass says in ``_refused`` why its values cannot be worked with. Scipion holds back a
    scheduled run until its values are valid, which a refused value never becomes: such a run is
    let go, and fails with the reason at once.
    """

    _label: str | None = None

    def _refused(self) -> list[str]:
        """Why what was given cannot be worked with, a sentence each; nothing where it can."""
        return []

    def _validate(self) -> list[str]:
        return [] if self.isScheduled() else self._refused()

    def setObjLabel(self, label: Any) -> None:
        """The label without the plugin's name: the same in forms, templates and commands."""
        super().setObjLabel(str(label).removeprefix("* ").removeprefix("vrs_scipion - "))
