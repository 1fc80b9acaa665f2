"""The table of a batch: one row per map."""

from __future__ import annotations

import codecs
import csv
import difflib
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field, FiniteFloat, model_validator

from vrs_scipion.entry.input import Field as FieldOfInput
from vrs_scipion.entry.input import Kind
from vrs_scipion.entry.inputs import FIELDS, INPUTS
from vrs_scipion.entry.read_half_maps import common_name
from vrs_scipion.entry.request import Request
from vrs_scipion.files import printable
from vrs_scipion.maps.location import location_path
from vrs_scipion.results.model import Record
from vrs_scipion.running.field_options import FIRST

NAME = "name"
_INSTEAD = INPUTS["map"].instead
COLUMNS = (*(field.key for field in FIELDS.values() if field.offered), NAME)

_LARGEST_TABLE = 1 << 28
_LONGEST_NAME = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LIKE = 0.75
_DELIMITERS = ",;\t"
_OF_A_ROW = ("name", "given", "problem")


class TableError(ValueError):
    """A table that cannot be used: one sentence."""


class Row(Record):
    """One map to validate. ``name`` is its folder; ``problem`` says why it cannot be validated.

    ``given`` is by the keys of the fields; a map is a file, absolute, or an accession code of EMDB.
    Without one it is the mean of its half maps.
    """

    name: str
    given: dict[str, FiniteFloat | str] = Field(default_factory=dict)
    problem: str = ""

    @model_validator(mode="before")
    @classmethod
    def _of_an_older_version(cls, values: Any) -> Any:
        """Version 0.1.0 wrote what was given beside the name."""
        if not isinstance(values, dict) or "given" in values:
            return values
        given = {k: v for k, v in values.items() if k in FIELDS and v not in (None, "")}
        return {k: v for k, v in values.items() if k in _OF_A_ROW} | {"given": given}

    @property
    def map(self) -> str:
        """The map's file, or the entry; '' where there are half maps alone."""
        return str(self.given.get(FIRST, ""))

    @property
    def first_file(self) -> str:
        """The map's file, or the first half map's."""
        return self.map or next((self.text(key) for key in _INSTEAD if key in self.given), "")

    def text(self, key: str) -> str:
        """A value in words, or ''."""
        return str(self.given.get(key, ""))


def read_table(path: Path, note: Callable[[str], object] = lambda said: None) -> list[Row]:
    """Read a table: comma, semicolon or tab separated, with a header line.

    The columns are those of ``COLUMNS``, in any order; only ``map``, or what stands for it, has to
    be there. Paths are relative to the table's folder. A row that makes no sense becomes a row with
    a ``problem``. Further columns are passed over, and ``note`` is told which.

    Raises
    ------
    TableError
        if the file cannot be read as a table of maps.
    """
    lines = _lines(path)
    if not lines:
        raise TableError(f"{printable(path.name)}: it is empty; its first line names the columns")
    header = [_column(name) for name in lines[0]]
    _require_columns(header, path)
    further = [name for name in header if name and name not in COLUMNS]
    if further:
        listed = ", ".join(printable(name)[:30] for name in further[:5])
        note(f"{printable(path.name)}: of its columns {listed} were not used")
    rows: list[Row] = []
    taken: set[str] = set()
    for number, cells in enumerate(lines[1:], 2):
        given = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        row = _row(given, surplus=len(cells) > len(header), line=number, folder=path.parent)
        name = _unique(row.name, taken)
        taken.add(name.lower())
        rows.append(row.model_copy(update={"name": name}))
    if not rows:
        raise TableError(f"{printable(path.name)}: it names no map")
    return rows


def _lines(path: Path) -> list[list[str]]:
    shown = printable(path.name)
    try:
        if path.stat().st_size > _LARGEST_TABLE:
            raise TableError(f"{shown}: it is too large for a table of maps")
        text = _decoded(path.read_bytes())
    except OSError as error:
        raise TableError(f"{shown}: it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise TableError(
            f"{shown}: it is no text in UTF-8 or UTF-16; save it as CSV in UTF-8"
        ) from error
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        lines = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise TableError(f"{shown}: it is no table ({error})") from error
    return [cells for cells in lines if any(cell.strip() for cell in cells)]


def _decoded(content: bytes) -> str:
    """Text in UTF-8, or in UTF-16 with the mark at its beginning that says so."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")


def _column(name: str) -> str:
    """The name of a column as it is known: without a unit in brackets, in small letters."""
    plain = re.sub(r"\s*[(\[].*", "", name.strip().lower(), flags=re.DOTALL)
    return _ALSO_CALLED.get(re.sub(r"[\s_-]+", " ", plain), plain)


_ALSO_CALLED = {
    "map file": FIRST,
    "file": FIRST,
    "contour level": "contour",
    "recommended contour level": "contour",
    "reported resolution": "resolution",
    "voxel size": "voxel",
    "pixel size": "voxel",
    "half map 1": "half1",
    "half map 2": "half2",
    "atomic model": "model",
    "pdb": "model",
    "model offset": "model_offset",
}


def _require_columns(header: list[str], path: Path) -> None:
    shown = printable(path.name)
    for name in sorted(set(header) - set(COLUMNS) - {""}):
        meant = difflib.get_close_matches(name, set(COLUMNS) - set(header), n=1, cutoff=_LIKE)
        if meant:
            raise TableError(
                f"{shown}: unknown column {printable(name)[:30]}; did you mean {meant[0]}?"
            )
    repeated = {name for name in header if name and header.count(name) > 1}
    if repeated:
        raise TableError(f"{shown}: it has the column {', '.join(sorted(repeated))} twice")
    if FIRST not in header and not set(_INSTEAD) <= set(header):
        raise TableError(f"{shown}: it has no column '{FIRST}'; known are {', '.join(COLUMNS)}")


def _row(given: dict[str, str], *, surplus: bool, line: int, folder: Path) -> Row:
    from vrs_scipion.emdb.accession import is_accession, normalised, perhaps_meant
    from vrs_scipion.emdb.model import is_pdb_code

    source = given.get(FIRST, "")
    entry = is_accession(source)
    name = given.get(NAME) or (normalised(source) if entry else _name_of(given))
    said = {key: text for key, text in given.items() if key in FIELDS and text}
    for key, text in said.items():
        if FIELDS[key].kind is Kind.PATH:
            said[key] = str((folder / location_path(text)).absolute())
    if entry:
        said[FIRST] = normalised(source)
    if is_pdb_code(given.get("model", "")) and not Path(said["model"]).exists():
        said["model"] = given["model"]
    row = Row(name=name or f"row-{line}", given=said)
    if surplus:
        return _broken(row, f"line {line} has more cells than the table has columns")
    meant = perhaps_meant(source)
    if meant and not Path(said[FIRST]).exists():
        return _broken(row, f"line {line}: there is no file {source}; did you mean {meant}?")
    try:
        values = {key: _value(FIELDS[key], text) for key, text in said.items()}
    except _SenselessError as error:
        return _broken(row, f"line {line}: {error}; give a number, or nothing")
    return row.model_copy(update={"given": values, "problem": _missing(said, line, entry)})


def _name_of(given: dict[str, str]) -> str:
    """By the map's file, or by those of the half maps."""
    if given.get(FIRST):
        return Path(given[FIRST]).name.split(".")[0]
    return common_name([given[key] for key in _INSTEAD if given.get(key)])


class _SenselessError(ValueError):
    """A cell that should hold a number and does not."""


def _value(field: FieldOfInput, text: str) -> float | str:
    if field.kind is not Kind.NUMBER:
        return text
    try:
        value = field.value(text)
    except ValueError as error:
        raise _SenselessError(f"{field.key} {text[:40]!r} makes no sense ({error})") from error
    if isinstance(value, float):
        if not math.isfinite(value) or (value <= 0 and not field.required):
            raise _SenselessError(f"{field.key} {text[:40]!r} makes no sense")
        return value
    return str(value)


def _missing(said: dict[str, str], line: int, entry: bool) -> str:
    """What a row lacks of the inputs that it gives something of."""
    if FIRST not in said and not set(_INSTEAD) & set(said):
        return f"line {line} names no map"
    given = Request.of(**said)
    for one in INPUTS.values():
        needed = [field for field in one.fields if field.required and field.key != FIRST]
        absent = [field for field in needed if field.key not in said]
        if not absent or not one.is_given(given) or (entry and one.fields[0].key == FIRST):
            continue
        label = absent[0].label
        return f"line {line}: the {label[:1].lower()}{label[1:]} is missing"
    return ""


def _broken(row: Row, problem: str) -> Row:
    kept = {key: row.given[key] for key in (FIRST, "title") if key in row.given}
    return Row(name=row.name, given=kept, problem=problem)


def _unique(name: str, taken: set[str]) -> str:
    """A folder's name: no surprises for any file system, and no other row's."""
    plain = _UNSAFE.sub("_", name).strip("._-")[:_LONGEST_NAME] or "row"
    unique, count = plain, 1
    while unique.lower() in taken:
        count += 1
        unique = f"{plain}-{count}"
    return unique
