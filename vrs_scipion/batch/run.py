"""Validating the rows of a table, so many at once, and telling about all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from vrs_scipion.batch.index import write_index
from vrs_scipion.batch.outcome import RowOutcome, Status, load_outcome, save_outcome
from vrs_scipion.batch.table import Row
from vrs_scipion.batch.validate_row import Settings
from vrs_scipion.batch.workplace import Runner, Workplace
from vrs_scipion.folders import HTML_FILE

Observer = Callable[[RowOutcome, int, int], None]
"""Called with an outcome, how many rows are done, and how many there are."""

_INDEX_SHARE = 0.05  # of the time may go into writing the index while rows still run
_SHORTEST_PAUSE_S = 2.0


@dataclass(frozen=True)
class Batch:
    """What a batch is to do.

    Attributes
    ----------
    rows : the maps
    out : folder of the batch: one folder per row, ``index.html``, ``summary.csv``
    settings : how a row is validated
    retry : whether rows whose report is there but lacks a check are done again
    """

    rows: Sequence[Row]
    out: Path
    settings: Settings = field(default_factory=Settings)
    retry: bool = False


def run_batch(
    batch: Batch,
    workplace: Workplace,
    observe: Observer = lambda outcome, done, total: None,
) -> list[RowOutcome]:
    """Validate what is not validated yet; a row that fails does not stop the others.

    Parameters
    ----------
    batch : what to do
    workplace : where rows run, and how many at once
    observe : called as rows end

    Returns
    -------
    list of RowOutcome
        in the order of the table.
    """
    outcomes = {row.name: _known(row, batch) for row in batch.rows}
    waiting = [row for row in batch.rows if outcomes[row.name].status is Status.WAITING]
    done = len(outcomes) - len(waiting)
    index = _Index(batch.out, outcomes)
    index.write()
    try:
        futures = {
            workplace.executor.submit(
                _run_row, workplace.runner, row, batch.out / row.name, batch.settings
            ): row
            for row in waiting
        }
        for future in as_completed(futures):
            outcome = _ended(future, futures.pop(future))
            outcomes[outcome.row.name] = outcome
            done += 1
            observe(outcome, done, len(outcomes))
            index.write_now_and_then()
    finally:
        workplace.stop()
        index.write()
    return list(outcomes.values())


def _known(row: Row, batch: Batch) -> RowOutcome:
    """What an earlier run left of the row, if that still holds."""
    folder = batch.out / row.name
    found = load_outcome(folder)
    if found is None or found.row != row or not (folder / HTML_FILE).exists():
        return RowOutcome(row=row)
    kept = found.status is Status.COMPLETE or (
        found.status is Status.INCOMPLETE and not batch.retry
    )
    return found if kept else RowOutcome(row=row)


def _run_row(runner: Runner, row: Row, folder: Path, settings: Settings) -> RowOutcome:
    """Validate the row where the executor runs it, and leave the outcome in its folder."""
    outcome = runner(row, folder, settings)
    save_outcome(outcome, folder)
    return outcome


def _ended(future: Future[RowOutcome], row: Row) -> RowOutcome:
    try:
        return future.result()
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return RowOutcome(row=row, status=Status.FAILED, message=reason)


class _Index:
    """Writes the index, while rows still run only so often that it costs next to nothing."""

    def __init__(self, out: Path, outcomes: Mapping[str, RowOutcome]) -> None:
        self._out = out
        self._outcomes = outcomes
        self._next = 0.0

    def write(self) -> None:
        started = time.monotonic()
        write_index(list(self._outcomes.values()), self._out)
        ended = time.monotonic()
        self._next = ended + max(_SHORTEST_PAUSE_S, (ended - started) / _INDEX_SHARE)

    def write_now_and_then(self) -> None:
        if time.monotonic() >= self._next:
            self.write()
