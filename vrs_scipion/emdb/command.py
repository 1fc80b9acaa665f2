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

    Raises
    ------
    EmdbError
        if it cannot be had, or has no contour level and none is given.
    """
    from vrs_scipion.emdb.fetch import fetch
    from vrs_scipion.emdb.progress import downloading
    from vrs_scipion.emdb.request import entry_request

    with downloading(accession) as advance:
        fetched = fetch(accession, archive(options), advance)
    for note in fetched.notes:
        print(f"vrs: {note}", file=sys.stderr)
    return entry_request(fetched, **given)


def as_arguments(options: argparse.Namespace) -> tuple[str, ...]:
    """The options as they were given, for another ``vrs``."""
    cache = options.cache and options.cache.absolute()
    values = {"cache": cache, "emdb-api": options.emdb_api, "emdb-files": options.emdb_files}
    given = tuple(f"--{name}={value}" for name, value in values.items() if value)
    return (*given, "--offline") if options.offline else given


def archive(options: argparse.Namespace) -> Archive:
    """EMDB as the options, else the environment, say."""
    from vrs_scipion.emdb.archive import Archive

    given = {"api": options.emdb_api, "files": options.emdb_files, "cache": options.cache}
    return Archive(offline=options.offline, **{k: v for k, v in given.items() if v is not None})
