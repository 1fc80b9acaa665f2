"""What is known of a prepared input: ``record.json`` in its folder, and the parts it is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from vrs_scipion.files import printable, sha256
from vrs_scipion.maps.location import located
from vrs_scipion.results.model import InputUsed, Record

Box = tuple[int, int, int]
Lengths = tuple[float, float, float]


class SourceFile(Record):
    """A file as its owner gave it; ``volume`` is the number of the one taken of a stack, or 0."""

    name: str
    sha256: str
    bytes: int
    volume: int = 0
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, path: Path, notes: tuple[str, ...] = ()) -> SourceFile:
        """What is to be known of the file, or of the volume of a stack, in ``path``."""
        where = located(path)
        return cls(
            name=printable(path.name),
            sha256=sha256(where.file),
            bytes=where.file.stat().st_size,
            volume=where.index,
            notes=notes,
        )


class MaskFile(Record):
    """A mask of the entry: how it was made and how much of the box it holds."""

    file: str
    voxels: int | float
    description: str


class Fact(Record):
    """A labelled value; ``kind`` is 'text', 'name' (written by a user) or 'code'.

    A ``url`` leads to where the value came from.
    """

    label: str
    value: str
    kind: Literal["text", "name", "code"] = "text"
    url: str = ""


def contour_words(level: float, deviations: float | None, source: str) -> str:
    """A contour level, in standard deviations from the mean where they are known, and whose it is.

    Examples
    --------
    >>> contour_words(0.0312, 4.1, "given by the user")
    '0.0312, 4.1 σ (given by the user)'
    """
    said = "" if deviations is None else f", {deviations:.3g} σ"
    return f"{level:.6g}{said} ({source})"


class PreparedVolume(Record):
    """A volume of a prepared input; a density is looked at at its ``contour``, if it has one.

    One that is not ``shown`` serves other programs alone.
    """

    key: str
    label: str
    file: str
    kind: Literal["density", "mask"] = "density"
    contour: float | None = None
    shown: bool = True


class InputRecord(Record):
    """A prepared input. Triples run along z, y, x; lengths are in Å; files are relative.

    ``given`` is what was asked for, by the keys of the fields, with names in place of paths.
    """

    given: dict[str, float | str] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    _counts: ClassVar[tuple[str, ...]] = ()
    """Names of the values that change what a check finds, beside the files."""
    _count_if_given: ClassVar[tuple[str, ...]] = ()
    """The same of those that older versions did not know: without one all is as it was."""

    @property
    def sources(self) -> tuple[SourceFile, ...]:
        """The files that it was made from."""
        raise NotImplementedError

    @property
    def used(self) -> InputUsed:
        """What a result says of the input that it was computed from."""
        files = tuple(source.sha256 for source in self.sources)
        values = {name: getattr(self, name) for name in self._counts}
        volumes = [source.volume for source in self.sources]
        chosen = {"volumes": volumes} if any(volumes) else {}
        further = {name: getattr(self, name) for name in self._count_if_given}
        given = {name: value for name, value in further.items() if value not in (None, "")}
        text = json.dumps({"files": files, **chosen, **values, **given}, sort_keys=True)
        return InputUsed(sha256=files, prepared=hashlib.sha256(text.encode()).hexdigest())

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What a reader should know of it."""
        raise NotImplementedError

    @property
    def volumes(self) -> tuple[PreparedVolume, ...]:
        """What there is to be looked at."""
        return ()


def triple(zyx: Sequence[float]) -> str:
    """Three numbers along x, y, z, as people read a box or a voxel."""
    return " × ".join(f"{value:.6g}" for value in reversed(zyx))


def voxel_words(sizes: Lengths) -> str:
    """A voxel size: one number where the voxels are cubes."""
    if len(set(sizes)) == 1:
        return f"{sizes[0]:.6g}\u00a0Å"
    return f"{triple(sizes)}\u00a0Å (x × y × z)"
