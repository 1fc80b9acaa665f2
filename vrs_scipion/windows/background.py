"""Work in other threads, so that a window never stands still."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from PyQt5.QtCore import QObject, pyqtSignal

_THREADS = 3


class Background(QObject):
    """Runs functions in other threads and hands their results to this one.

    Attributes
    ----------
    stopping : set when the window is closed; long work asks it between two parts
    """

    _answered = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stopping = threading.Event()
        self._pool = ThreadPoolExecutor(_THREADS)
        self._under_way = 0
        self._answered.connect(self._deliver)

    def run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[str], None],
    ) -> None:
        """Call ``work`` in another thread, then ``done`` with its result in this one.

        Where ``work`` raises, ``failed`` is called with its message.
        """
        if self.stopping.is_set():
            return

        def job() -> None:
            try:
                answer = partial(done, work())
            except Exception as error:
                words = " ".join(str(error).split()) or type(error).__name__
                answer = partial(failed, words)
            self._answered.emit(answer)

        self._under_way += 1
        self._pool.submit(job)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return self._under_way == 0

    def stop(self) -> None:
        """Start nothing more and answer nothing more."""
        self.stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _deliver(self, answer: Callable[[], None]) -> None:
        self._under_way -= 1
        if not self.stopping.is_set():
            answer()
