"""The options of ``vrs`` for entries of EMDB, and what they ask for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vrs_scipion.emdb.archive import Archive
    from vrs_scipion.entry.request import Request, Value


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
        "--cache", type=Path, metavar="DIR", help="folder of downloaded entries [$VRS_CACHE]"
    )
    entries.add_argument(
        "--emdb-api", metavar="URL", help="address of the REST interface [$VRS_EMDB_API]"
    )
    entries.add_argument(
        "--emdb-files", metavar="URL", help="address of the entries' folders [$VRS_EMDB_FILES]"
    )


def requested(options: argparse.Namespace, accession: str, given: dict[str, Value]) -> Request:
    """The request to validate an entry, fetched where it is not here, with what else is given.

    The entry's half maps are left out, and it is said why, where they cannot be validated: the map
    still can.

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
        print(f"vrs: {note}", file=sys.stderr)
    request = entry_request(fetched, **given)
    if fetched.half_map_paths is None:
        return request
    return _with_sound_halves(request, fetched.half_map_paths, accession)


def _with_sound_halves(request: Request, halves: tuple[Path, Path], accession: str) -> Request:
    """The request; without the half maps of the entry where they are no two halves of its map."""
    from vrs_scipion.entry.inputs import inspect
    from vrs_scipion.files import InputError

    try:
        inspect(request)
    except InputError as error:
        if error.path not in halves:
            raise
        print(
            f"vrs: {accession}: its half maps cannot be validated, the map alone is: {error}",
            file=sys.stderr,
        )
        return request.having(half1=None, half2=None, mask=None, fsc=None)
    return request


def as_arguments(options: argparse.Namespace) -> tuple[str, ...]:
    """The options as they were given, for another ``vrs``."""
    cache = options.cache and options.cache.absolute()
    values = {"cache": cache, "emdb-api": options.emdb_api, "emdb-files": options.emdb_files}
    flags = {"offline": options.offline, "no-half-maps": options.no_half_maps}
    return (
        *(f"--{name}={value}" for name, value in values.items() if value),
        *(f"--{name}" for name, on in flags.items() if on),
    )


def archive(options: argparse.Namespace) -> Archive:
    """EMDB as the options, else the environment, say."""
    from vrs_scipion.emdb.archive import Archive

    given = {"api": options.emdb_api, "files": options.emdb_files, "cache": options.cache}
    return Archive(offline=options.offline, **{k: v for k, v in given.items() if v is not None})
