"""Files: written whole or not at all, known by their SHA-256, refused in one sentence."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import from_json

Model = TypeVar("Model", bound=BaseModel)

_CHUNK = 1 << 22
_PAGE = re.compile(rb"\s{0,1000}<(!doctype html|html|\?xml|head|body)", re.IGNORECASE)


class InputError(ValueError):
    """A file that cannot be validated: one sentence with the file, what is wrong, what to do."""

    def __init__(self, path: Path | str, problem: str) -> None:
        self.path = Path(path)
        self.problem = problem
        super().__init__(f"{printable(self.path.name)}: {problem}")


def is_web_page(content: bytes) -> bool:
    """Whether a file is a page of the web, or XML, as a download that failed leaves behind."""
    return _PAGE.match(content) is not None


class DamagedError(ValueError):
    """A file of an older version that holds something else than that version wrote."""


def printable(text: str) -> str:
    """``text`` on one line, control characters shown as escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path`` that takes its place when the block ends well.

    What it holds is on the disk before: after a power cut a file is whole or not there, and a disk
    across the network that is full says so in time.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def save_model(model: BaseModel, path: Path) -> Path:
    """Write a model as JSON to ``path``, under the names of its schema, and return the path."""
    with written_whole(path) as unfinished:
        unfinished.write_text(
            model.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8"
        )
    return path


def load_model(kind: type[Model], path: Path) -> Model:
    """Read a model from JSON.

    Raises
    ------
    FileNotFoundError, pydantic.ValidationError
        if it is not there or not of this version.
    """
    return kind.model_validate_json(path.read_bytes())


def in_new_words(text: bytes, upgrade: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """JSON of an older version in this one's words.

    Raises
    ------
    DamagedError
        if it is no JSON, or none that the older version wrote.
    """
    try:
        return upgrade(from_json(text))
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise DamagedError(f"it cannot be understood ({type(error).__name__})") from error


def sha256(path: Path | str) -> str:
    """SHA-256 of a file as it lies on disk, in hexadecimal digits."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
