"""The Fourier shell correlation that depositors hand in, in the archive's XML.

``<fsc>`` holds one ``<coordinate>`` for each shell, with its frequency ``<x>`` in 1/Å and the
correlation ``<y>`` there. The file is read as a stream: it may declare nothing that expands, and
nothing of it is kept but the numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.files import InputError, printable

FrequencyAndCorrelation = tuple[NDArray[np.float64], NDArray[np.float64]]

_ROOT, _POINT, _VALUES = "fsc", "coordinate", ("x", "y")
_LARGEST = 1 << 23
"""Bytes; a curve of a thousand shells has a tenth of a million."""
_LONGEST_NUMBER = 64
_FEWEST = 2
_HIGHEST = 1.01
"""Beyond 1 by more than rounding, it is no correlation."""


def read_fsc(path: Path) -> FrequencyAndCorrelation:
    """The curve of a file.

    Returns
    -------
    frequency, correlation : 1/Å, not decreasing, the last above 0; −1 to 1; float64, (points,)

    Raises
    ------
    InputError
        if the file cannot be read, declares entities, is no such curve, or its numbers make no
        sense; one sentence that names the file.
    """
    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise InputError(path, f"it is too large for a curve ({size:,} bytes); {_GIVE}")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"it cannot be read ({error.strerror})") from error
    points = _Reader(path).points_of(content)
    if len(points) < _FEWEST:
        raise InputError(path, f"it holds no curve, {len(points)} of its points; {_GIVE}")
    frequency, correlation = np.array(points, np.float64).T
    if frequency[0] < 0 or (np.diff(frequency) < 0).any() or frequency[-1] == 0:
        raise InputError(
            path,
            "its frequencies do not rise from 0 on: they have to be in 1/Å, from the coarsest to "
            "the finest",
        )
    if np.abs(correlation).max() > _HIGHEST:
        raise InputError(
            path, f"it has a correlation of {float(np.abs(correlation).max()):.4g}, beyond 1"
        )
    return frequency, np.clip(correlation, -1, 1)


_GIVE = "give the archive's XML: <fsc> with <coordinate>, <x> and <y>"


class _Reader:
    """Takes the points out of the stream of elements."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[str] = []
        self._text = ""
        self._point: dict[str, float] = {}
        self._points: list[tuple[float, float]] = []

    def points_of(self, content: bytes) -> list[tuple[float, float]]:
        parser = expat.ParserCreate(namespace_separator=":")
        parser.StartDoctypeDeclHandler = self._refuse_declarations
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(content, True)
        except InputError:
            raise
        except (expat.ExpatError, ValueError) as error:
            raise InputError(self._path, f"it is no XML ({printable(str(error))})") from error
        return self._points

    def _refuse_declarations(self, *_: Any) -> None:
        raise InputError(
            self._path, f"it declares a document type, which a curve needs not; {_GIVE}"
        )

    def _start(self, name: str, _: dict[str, str]) -> None:
        plain = name.rpartition(":")[2]
        if not self._open and plain != _ROOT:
            raise InputError(
                self._path, f"it is no curve: it begins with <{printable(plain)[:30]}>; {_GIVE}"
            )
        self._open.append(plain)
        self._text = ""
        if self._open == [_ROOT, _POINT]:
            self._point = {}

    def _characters(self, text: str) -> None:
        if len(self._text) <= _LONGEST_NUMBER:
            self._text += text

    def _end(self, _: str) -> None:
        if self._open[:2] == [_ROOT, _POINT]:
            if len(self._open) == 3 and self._open[2] in _VALUES:
                self._point[self._open[2]] = self._number()
            elif len(self._open) == 2:
                self._end_point()
        self._open.pop()
        self._text = ""

    def _number(self) -> float:
        text = self._text.strip()
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise InputError(
                self._path,
                f"point {len(self._points) + 1} of its curve has {printable(text)[:30]!r} where a "
                "number has to be",
            )
        return value

    def _end_point(self) -> None:
        missing = [name for name in _VALUES if name not in self._point]
        if missing:
            raise InputError(
                self._path, f"point {len(self._points) + 1} of its curve has no <{missing[0]}>"
            )
        self._points.append((self._point["x"], self._point["y"]))
