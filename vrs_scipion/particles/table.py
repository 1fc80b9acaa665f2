"""One table of particles, whatever file it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.files import InputError, printable

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

LONGEST_SHOWN = 80
_ORTHONORMAL = 1e-3


class ParticleError(InputError):
    """Particles that cannot be used: one sentence with the file, what is wrong, what to do."""


@dataclass(frozen=True)
class ImageFile:
    """A file of images as a table names it.

    Attributes
    ----------
    written : its name in the table
    path : where it lies; None where it was not found
    """

    written: str
    path: Path | None = None


@dataclass(frozen=True)
class Origin:
    """What a table was read from, in words for people.

    Attributes
    ----------
    format : e.g. 'RELION STAR'
    version : as far as the file shows it; '' where it does not
    taken : what was taken from where: ('pixel size', 'rlnImagePixelSize of data_optics')
    ignored : what the file says and nothing here uses
    notes : sentences about what is odd, assumed or not proven
    """

    format: str
    version: str = ""
    taken: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParticleTable:
    """Particles, one row each; a column that the file lacks is None, never zero.

    Attributes
    ----------
    source : the file
    count : of rows
    origin : how it was read
    files : the images' files; ``file`` counts into them
    micrographs : their names; ``micrograph`` counts into them
    groups : names of the optics groups; ``group`` counts into them
    file, index : which file, and which image of it, from 0 on
    group : which optics group
    pixel_size : Å of the images
    box : pixels along an image's side
    voltage, spherical_aberration, amplitude_contrast : kV, mm, fraction
    defocus_u, defocus_v, defocus_angle : Å (positive is underfocus), Å, degrees from x
    phase_shift : degrees
    phase_flipped, premultiplied : what was done to the images by their CTF
    rotation : shape (n, 3, 3), from the volume's frame to the image's, x, y, z
        (see `vrs_scipion.particles.geometry`)
    shift : shape (n, 2), Å along x and y by which the particle is moved to be centred
    half : 1 or 2; 0 for neither
    class_number : from the file, as it counts
    micrograph : which micrograph
    coordinates : shape (n, 2), of the particle's centre, x and y in pixels of the micrograph
    micrograph_pixel_size : Å of the pixels of the coordinates
    figure_of_merit : of the picking, on the scale of its program
    uid : a number that the program gave to this particle alone
    """

    source: Path
    count: int
    origin: Origin
    files: tuple[ImageFile, ...] = ()
    micrographs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    file: Integers | None = None
    index: Integers | None = None
    group: Integers | None = None
    pixel_size: Reals | None = None
    box: Integers | None = None
    voltage: Reals | None = None
    spherical_aberration: Reals | None = None
    amplitude_contrast: Reals | None = None
    defocus_u: Reals | None = None
    defocus_v: Reals | None = None
    defocus_angle: Reals | None = None
    phase_shift: Reals | None = None
    phase_flipped: Flags | None = None
    premultiplied: Flags | None = None
    rotation: Reals | None = None
    shift: Reals | None = None
    half: Integers | None = None
    class_number: Integers | None = None
    micrograph: Integers | None = None
    coordinates: Reals | None = None
    micrograph_pixel_size: Reals | None = None
    figure_of_merit: Reals | None = None
    uid: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return self.count

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns that are there, by name."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}

    def needed(self, name: str) -> NDArray[Any]:
        """A column that something cannot do without.

        Raises
        ------
        ParticleError
            If the file lacks it.
        """
        values = self.columns.get(name)
        if values is None:
            raise ParticleError(
                self.source,
                f"it gives no {in_words(name)} of its particles; give a table that does",
            )
        return values

    def only(self, rows: ArrayLike) -> ParticleTable:
        """Some of its rows, in the order asked for; names of files and groups stay as they are."""
        wanted = np.asarray(rows, dtype=np.int64)
        some: dict[str, Any] = {name: values[wanted] for name, values in self.columns.items()}
        return replace(self, count=len(wanted), **some)


@dataclass(frozen=True)
class _Range:
    """What values of a column can be, in its unit."""

    lowest: float
    highest: float
    words: str


_POSSIBLE: Mapping[str, _Range] = {
    "index": _Range(0, 2**40, "the number of an image"),
    "pixel_size": _Range(0.02, 1000, "a pixel size in Å"),
    "micrograph_pixel_size": _Range(0.02, 1000, "a pixel size in Å"),
    "box": _Range(1, 2**20, "the side of an image in pixels"),
    "voltage": _Range(10, 2000, "a voltage in kV"),
    "spherical_aberration": _Range(-50, 50, "a spherical aberration in mm"),
    "amplitude_contrast": _Range(0, 1, "an amplitude contrast"),
    "defocus_u": _Range(-1e7, 1e7, "a defocus in Å"),
    "defocus_v": _Range(-1e7, 1e7, "a defocus in Å"),
    "half": _Range(0, 2, "a half set (1 or 2)"),
}
_ANY = _Range(-1e30, 1e30, "a finite number")
_INTEGERS = ("file", "index", "group", "box", "half", "class_number", "micrograph")
_FLAGS = ("phase_flipped", "premultiplied")


@dataclass
class Draft:
    """A table while a reader fills it; every value is looked at before it is believed.

    Attributes
    ----------
    source : the file, for what is refused
    count : of rows
    """

    source: Path
    count: int
    _columns: dict[str, Any] = field(default_factory=dict)
    _taken: dict[str, str] = field(default_factory=dict)
    _ignored: list[str] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)

    def put(self, name: str, values: ArrayLike, called: str) -> None:
        """Fill a column.

        Parameters
        ----------
        name : of the table's attribute
        values : one a row, in the unit of the table
        called : where they stand in the file

        Raises
        ------
        ParticleError
            If there are values that cannot be, NaN among them; it names the first.
        """
        numbers = np.asarray(values)
        if name != "uid":
            self._require(numbers, _POSSIBLE.get(name, _ANY), called)
        if name in _INTEGERS:
            self._require_whole(numbers, called)
            numbers = numbers.astype(np.int64)
        elif name in _FLAGS:
            numbers = numbers.astype(np.bool_)
        else:
            numbers = numbers.astype(np.uint64 if name == "uid" else np.float64)
        self._columns[name] = numbers
        self._taken[name] = called

    def put_names(self, name: str, names: Sequence[str], called: str) -> None:
        """Fill a column that counts into a list of names, and the list: groups, micrographs."""
        seen: dict[str, int] = {}
        self.put(name, [seen.setdefault(one, len(seen)) for one in names], called)
        self._columns[f"{name}s"] = tuple(seen)

    def put_images(
        self, files: Sequence[ImageFile], which: ArrayLike, index: ArrayLike, called: str
    ) -> None:
        """Fill the images: their files, which of them, and the image in it from 0 on."""
        self.put("file", which, called)
        self.put("index", index, called)
        self._columns["files"] = tuple(files)

    def put_rotations(self, matrices: Reals, called: str) -> None:
        """Fill the orientations.

        Raises
        ------
        ParticleError
            If they are no rotations.
        """
        self._require(matrices, _ANY, called)
        product = np.einsum("nij,nkj->nik", matrices, matrices) - np.eye(3)
        wrong = np.abs(product).max(axis=(1, 2)) > _ORTHONORMAL
        wrong |= np.linalg.det(matrices) < 0
        if wrong.any():
            raise self.refused(
                f"{called} of particle {int(wrong.argmax()) + 1:,} is no rotation; export the "
                "particles again"
            )
        self._columns["rotation"] = np.asarray(matrices, dtype=np.float64)
        self._taken["rotation"] = called

    def has(self, name: str) -> bool:
        """Whether a column was filled."""
        return name in self._columns

    def column(self, name: str) -> NDArray[Any]:
        """A column that was filled."""
        values: NDArray[Any] = self._columns[name]
        return values

    def ignore(self, what: str) -> None:
        """Say that the file holds something that nothing here uses."""
        self._ignored.append(what)

    def note(self, sentence: str) -> None:
        """Say what is odd, assumed or not proven."""
        self._notes.append(sentence)

    def refused(self, problem: str) -> ParticleError:
        """The error that says why this file cannot be used."""
        return ParticleError(self.source, problem)

    def table(self, format_: str, version: str = "") -> ParticleTable:
        """What was gathered."""
        origin = Origin(
            format_,
            version,
            tuple((in_words(name), called) for name, called in self._taken.items()),
            tuple(self._ignored),
            tuple(self._notes),
        )
        return ParticleTable(self.source, self.count, origin, **self._columns)

    def _require(self, numbers: NDArray[Any], possible: _Range, called: str) -> None:
        if len(numbers) != self.count:
            raise self.refused(
                f"{called} has {len(numbers):,} values for {self.count:,} particles; export the "
                "particles again"
            )
        with np.errstate(invalid="ignore"):
            good = (numbers >= possible.lowest) & (numbers <= possible.highest)
        self._require_good(good, numbers, possible.words, called)

    def _require_whole(self, numbers: NDArray[Any], called: str) -> None:
        if numbers.dtype.kind == "f":
            self._require_good(numbers == np.rint(numbers), numbers, "a whole number", called)

    def _require_good(self, good: Flags, numbers: NDArray[Any], words: str, called: str) -> None:
        if good.all():
            return
        per_row = good.reshape(self.count, -1)
        row = int(per_row.all(axis=1).argmin())
        value = float(numbers.reshape(self.count, -1)[row][~per_row[row]][0])
        bad = self.count - int(per_row.all(axis=1).sum())
        more = f" (and so on: {bad:,} in all)" if bad > 1 else ""
        raise self.refused(
            f"{called} of particle {row + 1:,} is {value:.6g}, which is not {words}{more}; "
            "correct the table or leave these particles out"
        )


_WORDS = {
    "file": "image file",
    "index": "image number",
    "group": "optics group",
    "class_number": "class",
    "half": "half set",
    "rotation": "orientation",
    "uid": "unique id",
}


def in_words(column: str) -> str:
    """What a column of the table is called on a page."""
    return _WORDS.get(column, column.replace("_", " "))


def shown(text: str) -> str:
    """Text of a file, on one line and not too long, in quotes."""
    text = printable(text)
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…")
