"""Where a map lies: a file, or one of several volumes in a file, as Scipion and Xmipp write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_INDEX = re.compile(r"0*(\d{1,9})@(.+)", re.DOTALL)
_FORMAT = re.compile(r"(.+):(mrcs?|map|ccp4|vol|spi|stk|st)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Location:
    """A volume of a file.

    Attributes
    ----------
    file : the file itself
    index : which of its volumes, from 1 on; 0 where none was named
    format : the suffix by which it was told to be read, e.g. '.mrc'; the file's own where none was
    """

    file: Path
    index: int = 0
    format: str = ""


def located(path: Path | str) -> Location:
    """The file and the volume that a location names; a file of that very name goes first.

    Examples
    --------
    >>> located("/data/3@classes.stk:mrcs")
    Location(file=PosixPath('/data/classes.stk'), index=3, format='.mrcs')
    """
    path = Path(path)
    if _is_there(path):
        return Location(path, format=path.suffix.lower())
    name, index, format_ = path.name, 0, ""
    if told := _FORMAT.fullmatch(name):
        name, format_ = told[1], f".{told[2].lower()}"
    if numbered := _INDEX.fullmatch(name):
        index, name = int(numbered[1]), numbered[2]
    if not index and not format_:
        return Location(path, format=path.suffix.lower())
    file = path.with_name(name)
    return Location(file, index, format_ or file.suffix.lower())


def location_path(text: str) -> Path:
    """A location as people and Scipion write it, as a path: the index goes to the file's name.

    Examples
    --------
    >>> location_path("000002@Runs/7/volumes.stk")
    PosixPath('Runs/7/2@volumes.stk')
    """
    numbered = _INDEX.fullmatch(text)
    if numbered is None or _is_there(Path(text)):
        return Path(text)
    path = Path(numbered[2])
    return path.with_name(f"{int(numbered[1])}@{path.name}") if path.name else Path(text)


def resolved(text: str) -> Path:
    """A location with the file's own path: absolute, links followed."""
    where = located(location_path(text))
    file = where.file.resolve()
    index = f"{where.index}@" if where.index else ""
    told = f":{where.format[1:]}" if where.format != where.file.suffix.lower() else ""
    return file.with_name(f"{index}{file.name}{told}")


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
