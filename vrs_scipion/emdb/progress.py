"""Progress of a download on the terminal: a bar, or one line where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from vrs_scipion.emdb.transfer import Advance

_FEW = 100_000
"""Bytes below which a file's size is told in kB."""


@contextmanager
def downloading(name: str) -> Iterator[Advance]:
    """Something to tell the bytes that are here and those that there will be (0: unknown)."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield _Lines(console, name)
        return
    columns = BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
    with Progress(TextColumn("{task.description}"), *columns, console=console) as bar:
        task = bar.add_task(name, total=None)
        yield lambda here, whole: bar.update(task, completed=here, total=whole or None)


class _Lines:
    """Says when a download starts or goes on, and when it is complete."""

    def __init__(self, console: Console, name: str) -> None:
        self._console = console
        self._name = name
        self._begun = False

    def __call__(self, here: int, whole: int) -> None:
        size = f" of {_size(whole)}" if whole else ""
        if not self._begun:
            verb = f"goes on at {_size(here)}" if here else "starts"
            self._say(f"download {verb}{size}")
            self._begun = True
        elif whole and here == whole:
            self._say(f"downloaded {_size(here)}")

    def _say(self, words: str) -> None:
        self._console.print(f"{self._name}: {words}", markup=False, highlight=False)


def _size(count: int) -> str:
    """Of a file, in the unit that leaves figures to be read."""
    return f"{count / 1e6:,.1f} MB" if count >= _FEW else f"{count / 1e3:,.1f} kB"
