"""The options of ``vrs`` for entries of EMDB, and what they ask for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vrs_scipion.emdb.archive import Archive
    from vrs_scipion.emdb.fetch import Fetched
    from vrs_scipion.entry.record_map import Deposition
    from vrs_scipion.entry.request import Request, Value, Values


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where EMDB is, and its cache."""
    entries = parser.add_argument_group("entries of EMDB")
    entries.add_argument("--offline", action="store_true", help="take entries from the cache alone")
    entries.add_argument(
        "--no-half-maps",
        action="store_true",
        help="validate an entry's map alone: its half maps are not fetched",
    )
    entries.add_argument(
        "--no-model",
        action="store_true",
        help="validate an entry without its model: that is not fetched",
    )
    entries.add_argument(
        "--cache", type=Path, metavar="DIR", help="folder of downloaded entries [$VRS_CACHE]"
    )
    entries.add_argument(
        "--emdb-api", metavar="URL", help="address of the REST interface [$VRS_EMDB_API]"
    )
    entries.add_argument(
        "--emdb-files", metavar="URL", help="address of the entries' folders [$VRS_EMDB_FILES]"
    )
    entries.add_argument(
        "--pdb-files", metavar="URL", help="address of the PDB's models, mmCIF [$VRS_PDB_FILES]"
    )


def requested(options: argparse.Namespace, accession: str, given: dict[str, Value]) -> Request:
    """The request to validate an entry, fetched where it is not here, with what else is given.

    The entry's half maps and its model are left out, and it is said why, where they cannot be
    had or validated: the map still can.

    Raises
    ------
    EmdbError
        if it cannot be had, or has no contour level and none is given.
    InputError
        if the map, or what is given, cannot be validated.
    """
    from vrs_scipion.emdb.fetch import fetch
    from vrs_scipion.emdb.progress import downloading
    from vrs_scipion.emdb.request import HALVES, entry_request

    wanted = not options.no_half_maps and not given.keys() & HALVES
    fetched = fetch(accession, archive(options), downloading, half_maps=wanted)
    for note in fetched.notes:
        _say(note)
    request = entry_request(fetched, **given)
    if not options.no_model and "model" not in given:
        request = request.having(model=_fitted(options, fetched.deposition))
    return _of_what_is_sound(request, fetched, accession)


def with_fetched_model(options: argparse.Namespace, given: Values) -> dict[str, Value]:
    """What was given, with a model's file in place of a code of the PDB.

    Raises
    ------
    EmdbError
        if there is no such entry, or it cannot be had.
    """
    from vrs_scipion.emdb.model import is_pdb_code

    code = str(given.get("model", ""))
    if not is_pdb_code(code) or Path(code).exists():
        return dict(given)
    return {**given, "model": _fetched(options, code)}


def _fitted(options: argparse.Namespace, deposition: Deposition) -> Path | None:
    """The first of the entry's fitted models; None, and it is said why, where it has none."""
    from vrs_scipion.emdb.errors import EmdbError

    if not deposition.pdb_ids:
        return None
    first, *others = deposition.pdb_ids
    try:
        path = _fetched(options, first)
    except EmdbError as error:
        _say(f"{deposition.accession}: its model could not be had, and is left out: {error}")
        return None
    if others:
        _say(
            f"{deposition.accession}: of its models {', '.join(deposition.pdb_ids)} the first is "
            "validated; --model with the code of another one validates that"
        )
    return path


def _fetched(options: argparse.Namespace, code: str) -> Path:
    from vrs_scipion.emdb.model import fetch_model
    from vrs_scipion.emdb.progress import downloading

    path, notes = fetch_model(code, archive(options), downloading)
    for note in notes:
        _say(note)
    return path


def _of_what_is_sound(request: Request, fetched: Fetched, accession: str) -> Request:
    """The request, without the half maps or the model of the entry that cannot be validated."""
    from vrs_scipion.entry.inputs import inspect
    from vrs_scipion.files import InputError

    halves, model = fetched.half_map_paths or (), request.path("model")
    try:
        inspect(request)
    except InputError as error:
        if error.path in halves:
            left = "its half maps are"
            without = request.having(half1=None, half2=None, mask=None, fsc=None)
        elif model is not None and error.path == model:
            left = "its model is"
            without = request.having(model=None, model_offset=None)
        else:
            raise
        _say(f"{accession}: {left} left out, as what cannot be validated: {error}")
        return _of_what_is_sound(without, fetched, accession)
    return request


def _say(note: str) -> None:
    print(f"vrs: {note}", file=sys.stderr)


def as_arguments(options: argparse.Namespace) -> tuple[str, ...]:
    """The options as they were given, for another ``vrs``."""
    cache = options.cache and options.cache.absolute()
    values = {
        "cache": cache,
        "emdb-api": options.emdb_api,
        "emdb-files": options.emdb_files,
        "pdb-files": options.pdb_files,
    }
    flags = {
        "offline": options.offline,
        "no-half-maps": options.no_half_maps,
        "no-model": options.no_model,
    }
    return (
        *(f"--{name}={value}" for name, value in values.items() if value),
        *(f"--{name}" for name, on in flags.items() if on),
    )


def archive(options: argparse.Namespace) -> Archive:
    """EMDB as the options, else the environment, say."""
    from vrs_scipion.emdb.archive import Archive

    given = {
        "api": options.emdb_api,
        "files": options.emdb_files,
        "models": options.pdb_files,
        "cache": options.cache,
    }
    return Archive(offline=options.offline, **{k: v for k, v in given.items() if v is not None})
