"""The one exception that a bad map raises."""

from __future__ import annotations

from pathlib import Path


class MapError(ValueError):
    """A map that cannot be validated: one sentence with the file, what is wrong, what to do."""

    def __init__(self, path: Path | str, problem: str) -> None:
        self.path = Path(path)
        self.problem = problem
        super().__init__(f"{printable(self.path.name)}: {problem}")


def printable(text: str) -> str:
    """``text`` on one line, control characters shown as escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
