"""The table of a batch: one row per map."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from pydantic import ConfigDict, Field, FiniteFloat, ValidationError

from vrs_scipion.files import printable
from vrs_scipion.results.model import Record

COLUMNS = ("map", "contour", "resolution", "voxel", "title", "half1", "half2", "name")

_LARGEST_TABLE = 1 << 28
_LONGEST_NAME = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DELIMITERS = ",;\t"


class TableError(ValueError):
    """A table that cannot be used: one sentence."""


class Row(Record):
    """One map to validate. ``name`` is its folder; ``problem`` says why it cannot be validated.

    ``map`` is a file, absolute, or an accession code of EMDB; lengths are in Å.
    """

    name: str
    map: str
    contour: FiniteFloat | None = None
    resolution: FiniteFloat | None = Field(default=None, gt=0)
    voxel: FiniteFloat | None = Field(default=None, gt=0)
    title: str = ""
    half1: str = ""
    half2: str = ""
    problem: str = ""

    model_config = ConfigDict(frozen=True, extra="forbid")


def read_table(path: Path) -> list[Row]:
    """Read a table: comma, semicolon or tab separated, with a header line.

    The columns are those of ``COLUMNS``, in any order; only ``map`` has to be there. Paths are
    relative to the table's folder. A row that makes no sense becomes a row with a ``problem``.

    Raises
    ------
    TableError
        if the file cannot be read as a table of maps.
    """
    lines = _lines(path)
    if not lines:
        raise TableError(f"{printable(path.name)}: it is empty; its first line names the columns")
    header = [name.strip().lower() for name in lines[0]]
    _require_columns(header, path)
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
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TableError(f"{shown}: it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise TableError(f"{shown}: it is no text in UTF-8; save it as CSV in UTF-8") from error
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        lines = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise TableError(f"{shown}: it is no table ({error})") from error
    return [cells for cells in lines if any(cell.strip() for cell in cells)]


def _require_columns(header: list[str], path: Path) -> None:
    shown = printable(path.name)
    unknown = sorted(set(header) - set(COLUMNS) - {""})
    if unknown:
        listed = ", ".join(printable(name)[:30] for name in unknown[:5])
        raise TableError(f"{shown}: unknown columns {listed}; known are {', '.join(COLUMNS)}")
    repeated = {name for name in header if name and header.count(name) > 1}
    if repeated:
        raise TableError(f"{shown}: it has the column {', '.join(sorted(repeated))} twice")
    if "map" not in header:
        raise TableError(f"{shown}: it has no column 'map'; known are {', '.join(COLUMNS)}")


def _row(given: dict[str, str], *, surplus: bool, line: int, folder: Path) -> Row:
    from vrs_scipion.emdb.accession import is_accession, normalised

    source = given.get("map", "")
    entry = is_accession(source)
    name = given.get("name") or (normalised(source) if entry else Path(source).name.split(".")[0])
    found = {key: text for key, text in given.items() if key in COLUMNS and text}
    found |= {"name": name or f"row-{line}", "map": normalised(source) if entry else source}
    for key in ("map", "half1", "half2"):
        if found.get(key) and not (key == "map" and entry):
            found[key] = str((folder / found[key]).absolute())
    if surplus:
        return _broken(found, f"line {line} has more cells than the table has columns")
    try:
        row = Row.model_validate(found)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        column = str(problem["loc"][0])
        said = f"line {line}: {column} {found.get(column, '')[:40]!r} makes no sense"
        return _broken(found, f"{said}; give a number, or nothing")
    return row.model_copy(update={"problem": _missing(row, line, entry)})


def _missing(row: Row, line: int, entry: bool) -> str:
    if not row.map:
        return f"line {line} names no map"
    if row.contour is None and not entry:
        return f"line {line}: the recommended contour level is missing"
    if bool(row.half1) != bool(row.half2):
        return f"line {line} has one half map; give both or none"
    return ""


def _broken(found: dict[str, str], problem: str) -> Row:
    texts = {key: found.get(key, "") for key in ("name", "map", "title")}
    return Row(**texts, problem=problem)


def _unique(name: str, taken: set[str]) -> str:
    """A folder's name: no surprises for any file system, and no other row's."""
    plain = _UNSAFE.sub("_", name).strip("._-")[:_LONGEST_NAME] or "row"
    unique, count = plain, 1
    while unique.lower() in taken:
        count += 1
        unique = f"{plain}-{count}"
    return unique
