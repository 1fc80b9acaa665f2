"""What is computed once of a prepared input, and kept beside it for every check that asks."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from zipfile import BadZipFile

from vrs_scipion.files import written_whole

_Thing = TypeVar("_Thing")


def kept(
    path: Path,
    source: Path,
    make: Callable[[], _Thing],
    save: Callable[[Path, _Thing], None],
    load: Callable[[Path], _Thing | None],
) -> _Thing:
    """What was made of an input before, or is made now and kept.

    Checks that ask for it at the same time wait for the one that makes it. Where it cannot be kept
    it is made for whoever asks.

    Parameters
    ----------
    path : where it is kept
    source : the file that it is made of; what is older than that is made anew
    make, save, load : makes, writes and reads it; ``load`` returns None for what is not right, and
        raises what numpy does for what is broken
    """
    with suppress(OSError), _alone(path):
        found = _found(path, source, load)
        if found is not None:
            return found
        made = make()
        with suppress(OSError), written_whole(path) as temporary:
            save(temporary, made)
        return made
    return make()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _found(path: Path, source: Path, load: Callable[[Path], _Thing | None]) -> _Thing | None:
    try:
        return load(path) if path.stat().st_mtime_ns >= source.stat().st_mtime_ns else None
    except (OSError, ValueError, EOFError, KeyError, BadZipFile):
        return None
