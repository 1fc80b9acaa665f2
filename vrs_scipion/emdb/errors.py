"""The one exception of this room."""

from __future__ import annotations


class EmdbError(RuntimeError):
    """An entry that cannot be had: one sentence with the entry, what is wrong, what to do."""
