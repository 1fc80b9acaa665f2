"""Labels above a plot, each at the end of its vertical line, none across another."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

GAP = 0.05
"""Inches between a line and its label."""

_FEW = 8


@dataclass(frozen=True)
class Flag:
    """Where a label stands, in inches.

    Attributes
    ----------
    row : 0 is next to the plot
    start, end : of the label, from the left side of the plot
    """

    row: int
    start: float
    end: float

    def holds(self, line: float) -> bool:
        """Whether a vertical line would run through the label or touch it."""
        return self.start - GAP / 2 < line < self.end + GAP / 2

    def meets(self, other: Flag) -> bool:
        """Whether two labels would touch if they stood in one row."""
        return self.start < other.end + GAP and other.start < self.end + GAP


def place_flags(lines: Sequence[float], widths: Sequence[float], length: float) -> list[Flag]:
    """Return where the labels of vertical lines stand, each on the right or the left of its line.

    No two labels meet and no line runs through a label. Of all ways to do that one is taken that
    stays within the plot, if there is one, with as few rows as possible.

    Parameters
    ----------
    lines : position of each line, in inches from the left side of the plot
    widths : of the labels, in inches
    length : of the plot, in inches

    Returns
    -------
    A flag for each line, in the same order.
    """
    number = len(lines)
    choices = [(False,) * number]  # all on the right is always possible
    if number <= _FEW:
        choices = list(itertools.product((False, True), repeat=number))
    ways = (way for choice in choices if (way := _stack(lines, widths, choice)) is not None)
    return min(ways, key=lambda way: _cost(way, length))


def _stack(
    lines: Sequence[float], widths: Sequence[float], on_the_left: Sequence[bool]
) -> list[Flag] | None:
    """Return the labels in as low rows as possible, or None if each must be above the other."""
    flags = [
        Flag(0, line - GAP - width, line - GAP) if left else Flag(0, line + GAP, line + GAP + width)
        for line, width, left in zip(lines, widths, on_the_left, strict=True)
    ]
    pairs = list(itertools.permutations(range(len(flags)), 2))
    above = [(one, other) for one, other in pairs if flags[one].holds(lines[other])]
    above += [
        (one, other)
        for one, other in pairs
        if (lines[one], one) < (lines[other], other)
        and flags[one].meets(flags[other])
        and not flags[other].holds(lines[one])
    ]
    rows = [0] * len(flags)
    for _ in range(len(flags) + 1):
        before = list(rows)
        for one, other in above:
            rows[one] = max(rows[one], rows[other] + 1)
        if rows == before:
            return [replace(flag, row=row) for flag, row in zip(flags, rows, strict=True)]
    return None


def _cost(flags: list[Flag], length: float) -> tuple[float, int, int]:
    outside = sum(max(-flag.start, 0) + max(flag.end - length, 0) for flag in flags)
    rows = [flag.row for flag in flags]
    return outside, max(rows, default=0), sum(rows)
