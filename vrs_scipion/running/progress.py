"""Progress of a run on the terminal: a live table, or one line per change where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from vrs_scipion.running.project_graph import Observer, Progress, State

_STYLES = {
    State.WAITING: ("·", "dim"),
    State.RUNNING: ("▸", "bold cyan"),
    State.FINISHED: ("✓", "green"),
    State.FAILED: ("✗", "bold red"),
}


@contextmanager
def shown() -> Iterator[Observer]:
    """An observer that shows what it is told, on standard error."""
    console = Console(file=sys.stderr)
    if console.is_terminal:
        with Live(console=console, refresh_per_second=8, transient=False) as live:
            yield lambda progress: live.update(_table(progress))
    else:
        yield _Lines(console)


class _Lines:
    """Writes a line when a protocol starts and when it ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: dict[str, State] = {}

    def __call__(self, progress: list[Progress]) -> None:
        for item in progress:
            if item.state is not self._last.get(item.label, State.WAITING):
                self._console.print(Text(f"{item.label}: {_words(item)}"))
                self._last[item.label] = item.state


def _table(progress: list[Progress]) -> Table:
    table = Table.grid(padding=(0, 2))
    for item in progress:
        sign, style = _STYLES[item.state]
        table.add_row(Text(sign, style=style), Text(item.label), Text(_words(item), style=style))
    return table


def _words(item: Progress) -> str:
    if item.kept:
        return "finished before"
    if item.state is State.WAITING:
        return "waiting"
    if item.state is State.RUNNING:
        return f"running {item.seconds:.0f} s" if item.seconds >= 1 else "running"
    return f"{item.state.value} in {item.seconds:.1f} s"
