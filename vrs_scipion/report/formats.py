"""Counts, times and sizes as people read them."""

from __future__ import annotations

from datetime import datetime, timezone

from vrs_scipion.results.numbers import MISSING

CONTROLS: dict[int, str | None] = {
    code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"
}
"""A translation that removes the control characters, which have no place on a page."""


def counted(count: int, singular: str, plural: str = "") -> str:
    """A count with its noun: '1 warning', '2 warnings'."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def duration(seconds: float) -> str:
    """A running time, e.g. '0.42 s', '37 s' or '12 min 5 s'."""
    if seconds < 10:
        return f"{seconds:.2f}\u00a0s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}\u00a0min {rest}\u00a0s" if minutes else f"{rest}\u00a0s"


def memory(size: int) -> str:
    """An amount of memory in MiB or GiB; an en dash for one that was not measured."""
    if size <= 0:
        return MISSING
    mebibytes = size / 2**20
    return f"{mebibytes:.0f}\u00a0MiB" if mebibytes < 1024 else f"{mebibytes / 1024:.1f}\u00a0GiB"


def moment(text: str) -> datetime:
    """The date and time that an ISO 8601 text says; UTC where it names no offset.

    Raises
    ------
    ValueError
        If the text is not a date and time.
    """
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


def date_in_words(when: datetime) -> str:
    """A date and time in English whatever the locale, e.g. '28 May 2026, 21:06 UTC'."""
    offset = when.strftime("%z")
    zone = "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:5]}"
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}, {when:%H:%M} {zone}"


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
