"""Whose output folder it is: ``request.json``, which grows as more is given for the same map."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.input import Kind
from vrs_scipion.entry.inputs import FIELDS, INPUTS
from vrs_scipion.entry.request import Request, Value
from vrs_scipion.files import in_new_words, load_model, save_model, sha256
from vrs_scipion.folders import FOLDERS, MODEL_FILES, REPORT_FILES, REQUEST_FILE, SCIPION
from vrs_scipion.maps.location import located
from vrs_scipion.results.model import Record
from vrs_scipion.running.upgrade import upgraded_request

REQUEST_SCHEMA: Literal["vrs-request/2"] = "vrs-request/2"

_SAME_NUMBER = 1e-5  # Scipion's databases keep fewer digits than a double has
_UNSAFE = set('"$`\\\n')


class OutputError(RuntimeError):
    """The output folder cannot be used: one sentence."""


class TakenError(OutputError):
    """The output folder holds another validation: one sentence."""


class Claim(Record):
    """What was asked of an output folder: values by the keys of the fields, files by SHA-256."""

    schema_version: Literal["vrs-request/2"] = Field(default=REQUEST_SCHEMA, alias="schema")
    values: dict[str, float | str]
    sha256: dict[str, str]
    engine: str

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def take_up(request: Request, out: Path, engine: str) -> Request:
    """The request with what ``out`` was given before; nothing is written.

    Raises
    ------
    OutputError
        if ``out`` holds something else, or the validation of another map or with other numbers.
    """
    if _UNSAFE & set(str(out)):
        raise OutputError(
            "Scipion hands its project's path to a shell: give an output folder (--out) without "
            "double quotes, dollar signs, backquotes, backslashes and line breaks in its path"
        )
    try:
        if out.exists() and not out.is_dir():
            raise OutputError(f"{out.name} is a file; give another output folder (--out)")
        known = _known(out)
    except OSError as error:
        raise OutputError(f"{out} cannot be used ({error.strerror})") from error
    if known is None:
        _refuse_strangers(out)
        return request
    earlier = {key: _value(key, value) for key, value in known.values.items() if key in FIELDS}
    for one in INPUTS.values():
        if one.is_named(request) and one.is_given(Request(earlier)):
            _refuse_changes(request, earlier, known, out, [f.key for f in one.fields])
    if engine != known.engine:
        raise _another(out)
    return Request({**earlier, **request.values}, request.origins)


def claim(out: Path, request: Request, engine: str) -> tuple[Request, Claim]:
    """Note in ``out`` what it is for, and keep the small files of the request there.

    Returns
    -------
    The request, with those files in place of the user's, and what was noted.

    Raises
    ------
    OutputError
        if the folder cannot be written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for field in FIELDS.values():
            source = request.path(field.key)
            if field.copied and source is not None and source.parent != out:
                shutil.copyfile(source, out / f"{field.key}{source.suffix}")
                request = request.having(**{field.key: out / f"{field.key}{source.suffix}"})
        values = {k: str(v) if isinstance(v, Path) else v for k, v in request.values.items()}
        hashes = {key: _identity(path) for key, path in _files(request).items()}
        claimed = Claim(values=values, sha256=hashes, engine=engine)
        save_model(claimed, out / REQUEST_FILE)
    except OSError as error:
        raise OutputError(f"{out} cannot be written to ({error.strerror})") from error
    return request, claimed


def require_same(entry: Entry, claimed: Claim, out: Path) -> None:
    """Refuse inputs that were prepared from other files or numbers than ``out`` was claimed for.

    Raises
    ------
    OutputError
        if one of them was.
    """
    for key in entry.given:
        record, fields = entry.record(key), [one for one in INPUTS[key].fields if one.identifies]
        paths = [one.key for one in fields if one.kind is Kind.PATH]
        files = _claimed(claimed, paths) or _claimed(claimed, INPUTS[key].instead)
        numbers = {one.key for one in fields if one.kind is Kind.NUMBER}
        told = numbers & set(record.given) & set(claimed.values)
        sources = [_of_volume(source.sha256, source.volume) for source in record.sources]
        same = sources == files and all(
            math.isclose(record.given[name], claimed.values[name], rel_tol=_SAME_NUMBER)  # type: ignore[arg-type]
            for name in told
        )
        if not same:
            raise OutputError(
                f"{out.name} holds {INPUTS[key].noun} of another validation among what was "
                "prepared; give another output folder (--out) or remove that one"
            )


def _claimed(claimed: Claim, keys: Sequence[str]) -> list[str]:
    """What the files of some fields are known by; of those alone that were given."""
    return [claimed.sha256[key] for key in keys if key in claimed.sha256]


def _known(out: Path) -> Claim | None:
    """What the folder was asked for before, by this version or by 0.1.0."""
    path = out / REQUEST_FILE
    if not path.exists():
        return None
    try:
        return load_model(Claim, path)
    except ValidationError:
        pass
    try:
        return Claim.model_validate(in_new_words(path.read_bytes(), upgraded_request))
    except ValueError as error:
        raise OutputError(
            f"{out.name} holds a {REQUEST_FILE} that cannot be understood; give another output "
            "folder (--out)"
        ) from error


def _refuse_strangers(out: Path) -> None:
    ours = (*FOLDERS, *MODEL_FILES, *REPORT_FILES, SCIPION)
    taken = [name for name in ours if (out / name).exists()]
    if taken:
        raise OutputError(
            f"{out.name} holds {', '.join(taken)} of something else; give another output folder "
            "(--out)"
        )


def _refuse_changes(
    request: Request, earlier: dict[str, Value], known: Claim, out: Path, keys: list[str]
) -> None:
    """An input that was given before is the same: its values, and its files by their content."""
    files = _files(request)
    for key in keys:
        if not FIELDS[key].identifies:
            continue
        same = request.values.get(key) == earlier.get(key)
        if key in files and key in known.sha256:
            same = _identity(files[key]) == known.sha256[key]
        if not same:
            raise _another(out)


def _identity(path: Path) -> str:
    """SHA-256 of a file, with the number of the volume where one of a stack was asked for."""
    where = located(path)
    return _of_volume(sha256(where.file), where.index)


def _of_volume(digest: str, number: int) -> str:
    return f"{digest}@{number}" if number else digest


def _another(out: Path) -> TakenError:
    return TakenError(
        f"{out.name} holds the validation of another map, or of this one with other parameters; "
        "give another output folder (--out) or remove that one"
    )


def _files(request: Request) -> dict[str, Path]:
    """The files that were given, by the keys of their fields."""
    found = {key: request.path(key) for key, one in FIELDS.items() if one.kind is Kind.PATH}
    return {key: path for key, path in found.items() if path is not None and path.is_file()}


def _value(key: str, value: Any) -> Value:
    return Path(str(value)) if FIELDS[key].kind is Kind.PATH else value
