"""Memory shared by the rows that run at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Budget:
    """So many GB for all that runs at once; who needs more than is left waits.

    One who needs more than there is in all gets everything, alone.
    """

    def __init__(self, total_gb: float) -> None:
        self._total = total_gb
        self._left = total_gb
        self._changed = threading.Condition()

    @contextmanager
    def share(self, needed_gb: float) -> Iterator[float]:
        """The GB that the block may take."""
        taken = min(needed_gb, self._total)
        with self._changed:
            self._changed.wait_for(lambda: self._left >= taken)
            self._left -= taken
        try:
            yield taken
        finally:
            with self._changed:
                self._left += taken
                self._changed.notify_all()
