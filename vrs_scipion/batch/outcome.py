"""How a row of a batch ended, as data: ``row.json`` in its folder."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from pydantic import Field, ValidationError

from vrs_scipion.batch.table import Row
from vrs_scipion.files import load_model, save_model
from vrs_scipion.results import Outcome
from vrs_scipion.results.model import Record

ROW_FILE = "row.json"


class Status(str, Enum):
    """How a row ended."""

    WAITING = "waiting"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def has_report(self) -> bool:
        return self in (Status.COMPLETE, Status.INCOMPLETE)


class RowOutcome(Record):
    """A row and what became of it.

    ``outcomes`` by the code of the check; ``message`` is one sentence where something went wrong.
    """

    row: Row
    status: Status = Status.WAITING
    message: str = ""
    seconds: float = 0.0
    title: str = ""
    grade: str = ""
    contour: float | None = None
    resolution: float | None = None
    passed: int | None = None
    evaluable: int | None = None
    warnings: int | None = None
    outcomes: dict[str, Outcome] = Field(default_factory=dict)


def save_outcome(outcome: RowOutcome, folder: Path) -> None:
    """Write ``row.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    save_model(outcome, folder / ROW_FILE)


def load_outcome(folder: Path) -> RowOutcome | None:
    """Read ``row.json``; None where there is none, or none of this version."""
    try:
        return load_model(RowOutcome, folder / ROW_FILE)
    except (OSError, ValidationError):
        return None
