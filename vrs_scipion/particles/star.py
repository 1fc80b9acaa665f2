"""STAR files as programs of cryo-EM write them: one row a line, blocks of pairs and loops.

Loops are read by NumPy's own reader, in pieces and only the columns asked for, so that a million
particles need the memory of their numbers. Values such as ``$$name``, which CIF reserves and RELION
writes into its jobs, are text like any other.

References
----------
Hall (1991), doi:10.1021/ci00002a020 (STAR)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.files import printable
from vrs_scipion.particles.table import ParticleError, Reals, shown

_PIECE = 50_000
"""Rows read at once."""
_FIRST_LINES = 64
_LONGEST_LINE = 1 << 20
_MAY_END_LOOP = b"_dlDL"
"""First letters of lines behind the last row."""
_VERSION = re.compile(r"#\s*version\s+(\S+)|#.*\bversion (\d[\w.]*)", re.IGNORECASE)
_TOKEN = re.compile(r"\"([^\"]*)\"(?=\s|$)|'([^']*)'(?=\s|$)|(\S+)")
_FAILED = re.compile(
    r"could not convert string '(?P<value>.*)' to .* at row (?P<row>\d+), col.* "
    r"(?P<column>\d+)",
    re.DOTALL,
)
_RAGGED = re.compile(r"(?:changed from \d+ to|but|requires \d+ columns.*has) (?P<found>\d+)")
_AT_ROW = re.compile(r"at row (?P<row>\d+)")


@dataclass(frozen=True)
class Loop:
    """A table of a file: where its rows are.

    Attributes
    ----------
    labels : of its columns, without the underscore
    rows : how many there are
    offset : byte of the file where the first begins
    """

    labels: tuple[str, ...]
    rows: int
    offset: int


@dataclass
class Block:
    """What stands behind one ``data_``.

    Attributes
    ----------
    name : behind the underscore; '' where it has none
    pairs : values by their labels, without the underscore
    loops : its tables
    """

    name: str
    pairs: dict[str, str] = field(default_factory=dict)
    loops: list[Loop] = field(default_factory=list)

    @property
    def labels(self) -> set[str]:
        """Of pairs and columns alike."""
        return set(self.pairs).union(*(loop.labels for loop in self.loops))


@dataclass(frozen=True)
class StarFile:
    """A STAR file of which the structure is known and the rows are still on the disk.

    Attributes
    ----------
    path : the file
    blocks : in their order
    version : that its comments give; '' where they give none
    comments : its first comments
    """

    path: Path
    blocks: tuple[Block, ...]
    version: str
    comments: tuple[str, ...]

    def block(self, name: str) -> Block | None:
        """The block of a name, whatever its case; None where there is none."""
        return next((one for one in self.blocks if one.name.lower() == name.lower()), None)

    def rows(self, loop: Loop) -> list[dict[str, str]]:
        """All of a small loop: by row, text by label.

        Raises
        ------
        ParticleError
            If a row has more or fewer values than there are columns.
        """
        found = []
        for number, line in enumerate(self._lines(loop), 1):
            values = _tokens(line)
            if len(values) != len(loop.labels):
                raise self._ragged(loop, number, len(values))
            found.append(dict(zip(loop.labels, values, strict=True)))
        return found

    def columns(
        self, loop: Loop, numbers: Sequence[str], texts: Sequence[str]
    ) -> tuple[dict[str, Reals], dict[str, list[str]]]:
        """Some columns of a loop: numbers as float64 arrays, texts as lists.

        Raises
        ------
        ParticleError
            If a value is no number, or a row has more or fewer values than there are columns.
        """
        kinds: Mapping[str, Any] = {
            **dict.fromkeys(numbers, np.float64),
            **dict.fromkeys(texts, object),
        }
        record = np.dtype(
            [(f"c{place}", kinds.get(label, "U1")) for place, label in enumerate(loop.labels)]
        )
        named = {label: f"c{place}" for place, label in enumerate(loop.labels)}
        found = {label: np.empty(loop.rows) for label in numbers}
        words: dict[str, list[str]] = {label: [] for label in texts}
        lines, start = self._lines(loop), 0
        while piece := list(islice(lines, _PIECE)):
            values = self._parsed(loop, piece, record, start)
            for label in numbers:
                found[label][start : start + len(piece)] = values[named[label]]
            for label in texts:
                words[label] += values[named[label]].tolist()
            start += len(piece)
        return found, words

    def _lines(self, loop: Loop) -> Iterator[str]:
        with self.path.open("rb") as stream:
            stream.seek(loop.offset)
            left = loop.rows
            while left and (line := stream.readline()):
                if line.strip() and not line.lstrip().startswith(b"#"):
                    left -= 1
                    yield line.decode("utf-8", "surrogateescape")

    def _parsed(
        self, loop: Loop, piece: list[str], record: np.dtype[Any], start: int
    ) -> NDArray[Any]:
        try:
            values = np.loadtxt(piece, record, comments=None, ndmin=1, quotechar='"')
        except ValueError as error:
            raise self._unread(loop, str(error), start) from error
        if len(values) != len(piece):
            raise ParticleError(
                self.path,
                f"within rows {start + 1:,} to {start + len(piece):,} of its table a quote is not "
                "closed, or a row is broken; export it again",
            )
        return values

    def _unread(self, loop: Loop, said: str, start: int) -> ParticleError:
        """What NumPy's reader found wrong, with the row counted from the first of the loop."""
        if failed := _FAILED.search(said):
            label = loop.labels[int(failed["column"]) - 1]
            row = start + int(failed["row"]) + 1
            return ParticleError(
                self.path,
                f"_{label} of row {row:,} is {shown(failed['value'])}, which is no number; correct "
                "the table or leave that row out",
            )
        found, at = _RAGGED.search(said), _AT_ROW.search(said)
        row = start + int(at["row"]) if at else start + 1
        return self._ragged(loop, row, int(found["found"]) if found else 0)

    def _ragged(self, loop: Loop, row: int, found: int) -> ParticleError:
        counted = f"{found} values" if found else "another number of values"
        return ParticleError(
            self.path,
            f"row {row:,} of its table has {counted} and the table {len(loop.labels)} columns; it "
            "is cut short or was edited: export it again",
        )


def read_star(path: Path) -> StarFile:
    """The structure of a STAR file.

    Raises
    ------
    ParticleError
        If it is none, or was cut or edited where its structure shows it.
    OSError
        If it cannot be read.
    """
    blocks: list[Block] = []
    with path.open("rb") as stream:
        lines = _Lines(path, stream)
        while lines.line:
            if not _opens_block(lines.line):
                raise ParticleError(
                    path,
                    f"it is no STAR file: {shown(lines.text)} stands before any data block",
                )
            blocks.append(Block(lines.text.removeprefix("data_")))
            lines.advance()
            _read_block(lines, blocks[-1])
    version = next((m[1] or m[2] for said in lines.comments if (m := _VERSION.search(said))), "")
    return StarFile(path, tuple(blocks), version, tuple(lines.comments))


class _Lines:
    """The lines of a file that say something, one after the other.

    Attributes
    ----------
    line : the one at hand, without blanks around it; empty at the end
    start : byte of the file where it begins
    comments : the first comments passed
    """

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self.path, self._stream = path, stream
        self.comments: list[str] = []
        self.line, self.start, self._end = b"", 0, 0
        self.advance()

    @property
    def text(self) -> str:
        return self.line.decode("utf-8", "surrogateescape")

    def advance(self) -> None:
        while line := self._stream.readline(_LONGEST_LINE):
            self.start, self._end = self._end, self._end + len(line)
            self.line = line.strip()
            if self.line.startswith(b"#"):
                if len(self.comments) < _FIRST_LINES:
                    self.comments.append(self.text)
            elif self.line:
                return
        self.line = b""

    def skip_rows(self) -> int:
        """Pass the rows of a loop; how many they are."""
        rows = 0
        while self.line and not (self.line[:1] in _MAY_END_LOOP and _ends_loop(self.line)):
            rows += 1
            self.advance()
        return rows


def _read_block(lines: _Lines, block: Block) -> None:
    while lines.line and not _opens_block(lines.line):
        if lines.line.lower() == b"loop_":
            lines.advance()
            block.loops.append(_read_loop(lines, block))
            continue
        label, *values = _tokens(lines.text)
        if not label.startswith("_") or len(values) != 1:
            raise ParticleError(
                lines.path,
                f"in its block data_{printable(block.name)}, {shown(lines.text)} is neither a "
                "label with its value nor part of a table; it was cut or edited: export it again",
            )
        block.pairs[label[1:]] = values[0]
        lines.advance()


def _read_loop(lines: _Lines, block: Block) -> Loop:
    labels: list[str] = []
    while lines.line.startswith(b"_"):
        labels.append(lines.text.split()[0][1:])
        lines.advance()
    if not labels:
        raise ParticleError(
            lines.path, f"a table of its block data_{printable(block.name)} has no columns"
        )
    if doubled := next((one for one in labels if labels.count(one) > 1), ""):
        raise ParticleError(lines.path, f"a table of it has the column _{printable(doubled)} twice")
    offset = lines.start
    return Loop(tuple(labels), lines.skip_rows(), offset)


def _opens_block(line: bytes) -> bool:
    return line[:5].lower() == b"data_" and len(line.split()) == 1


def _ends_loop(line: bytes) -> bool:
    return line.startswith(b"_") or line.lower() == b"loop_" or _opens_block(line)


def _tokens(line: str) -> list[str]:
    """What stands on a line: words, and texts in quotes; all behind a # that opens a word is left
    out.
    """
    found: list[str] = []
    for match in _TOKEN.finditer(line):
        word = match[3]
        if word is not None and word.startswith("#"):
            break
        found.append(word if word is not None else match[1] or match[2] or "")
    return found
