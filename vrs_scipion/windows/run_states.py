"""What the protocols of a Scipion project are doing, read from its database alone."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from vrs_scipion.folders import BOXES_FILE, DATABASE

_PATIENCE_S = 1.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_RUNS = """
    SELECT run.id, status.value, error.value
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
    """The states of the boxes in the project of ``vrs validate``, by their keys.

    Empty where there is no project, or none that can be read now.
    """
    try:
        boxes = json.loads((folder / BOXES_FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    runs = dict(_runs(folder))
    return {key: runs[number] for key, number in boxes.items() if number in runs}


def _runs(folder: Path) -> Iterator[tuple[int, RunState]]:
    try:
        with closing(_opened(folder / DATABASE)) as connection:
            for number, status, error in connection.execute(_RUNS).fetchall():
                yield number, RunState(status or "", _on_one_line(error or ""))
    except sqlite3.Error:
        return


def _opened(database: Path) -> sqlite3.Connection:
    address = f"{database.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=_PATIENCE_S)


def _on_one_line(message: str) -> str:
    return " ".join(_COLOURS.sub("", message).split())
