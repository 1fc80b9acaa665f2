"""How a check ended: its words and its mark for pages, windows, tables and Scipion alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(str, Enum):
    """How a check ended."""

    OK = "ok"
    WARNINGS = "warnings"
    UNDETERMINED = "undetermined"
    NOT_APPLICABLE = "not_applicable"
    NOT_AVAILABLE = "not_available"
    NOT_RUN = "not_run"
    FAILED = "failed"
    SHOWN = "shown"

    @property
    def evaluable(self) -> bool:
        """Whether the outcome counts in the denominator of the score; a crash does."""
        return self in (Outcome.OK, Outcome.WARNINGS, Outcome.FAILED)

    @property
    def judged(self) -> bool:
        """Whether there is a verdict of what was measured."""
        return self in (Outcome.OK, Outcome.WARNINGS)

    @property
    def mark(self) -> str:
        """One character that tells it from the others without colour."""
        return _WORDS[self].mark

    @property
    def words(self) -> str:
        """For the middle of a sentence, e.g. 'does not apply'."""
        return _WORDS[self].words

    @property
    def about(self) -> str:
        """What a reader must know of a check that ended so; '' where there is a verdict."""
        return _WORDS[self].about

    def left_out(self, count: int) -> str:
        """Of so many checks, why the score leaves them out; '' where it does not."""
        one, many = _WORDS[self].left_out
        return one if count == 1 else many

    def label(self, warnings: int) -> str:
        """For the head of a section, with the number of warnings where there are some."""
        if self is Outcome.WARNINGS:
            return "1 warning" if warnings <= 1 else f"{warnings} warnings"
        return f"{self.words[:1].upper()}{self.words[1:]}"


@dataclass(frozen=True)
class _Words:
    mark: str
    words: str
    about: str = ""
    left_out: tuple[str, str] = ("", "")


_WORDS = {
    Outcome.OK: _Words("✓", "OK"),
    Outcome.WARNINGS: _Words("!", "warnings"),
    Outcome.UNDETERMINED: _Words(
        "?",
        "cannot tell",
        "This check was made and could not decide; the reason is below. That is no pass: it does "
        "not count in the score, and what was measured is shown for information.",
        ("could not decide", "could not decide"),
    ),
    Outcome.NOT_APPLICABLE: _Words(
        "–",
        "does not apply",
        "This check says nothing about this map and does not count in the score; the reason is "
        "below.",
        ("does not apply to this map", "do not apply to this map"),
    ),
    Outcome.NOT_AVAILABLE: _Words(
        "○",
        "not available here",
        "This check was not run: what it needs is not installed where the report was made. It does "
        "not count in the score.",
        ("is not available here", "are not available here"),
    ),
    Outcome.NOT_RUN: _Words(
        "·",
        "not run",
        "This check was not run, or its result was not kept. It does not count in the score; "
        "nothing is known of what it measures.",
        ("was not run", "were not run"),
    ),
    Outcome.FAILED: _Words(
        "✕",
        "failed",
        "This check stopped with an error, so that nothing is known of what it measures. It counts "
        "as not passed. The error is below; the traceback lies beside the check's results.",
    ),
    Outcome.SHOWN: _Words("▫", "shown"),
}
