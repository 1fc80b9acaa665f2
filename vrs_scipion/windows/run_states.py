"""What the protocols of a Scipion project are doing, read from its database alone."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_DATABASES = "scipion/projects/*/project.sqlite"
_PATIENCE_S = 1.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_RUNS = """
    SELECT run.label, status.value, error.value
    FROM Objects AS run
    JOIN Objects AS status ON status.parent_id = run.id AND status.name = run.id || '.status'
    LEFT JOIN Objects AS error ON error.parent_id = run.id AND error.name = run.id || '._error'
"""


@dataclass(frozen=True)
class RunState:
    """Scipion's own word for what a protocol does ('saved', 'running', …), and its error."""

    status: str
    error: str = ""

    @property
    def started(self) -> bool:
        """Whether it is at work, or has been: a result may be written and not yet be seen."""
        return self.status in ("running", "finished")

    @property
    def failed(self) -> bool:
        """Whether it ended without doing what it was to do."""
        return self.status in ("failed", "aborted")


def run_states(folder: Path) -> dict[str, RunState]:
    """The states of the protocols in the project of ``vrs validate``, by the first word of a label.

    Empty where there is no project, or none that can be read now.
    """
    return {label.split()[0]: state for label, state in _runs(folder) if label.strip()}


def _runs(folder: Path) -> Iterator[tuple[str, RunState]]:
    for database in folder.glob(_DATABASES):
        try:
            with closing(_opened(database)) as connection:
                for label, status, error in connection.execute(_RUNS).fetchall():
                    yield label or "", RunState(status or "", _on_one_line(error or ""))
        except sqlite3.Error:
            continue


def _opened(database: Path) -> sqlite3.Connection:
    address = f"{database.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=_PATIENCE_S)


def _on_one_line(message: str) -> str:
    return " ".join(_COLOURS.sub("", message).split())
