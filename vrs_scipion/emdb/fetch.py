"""From an accession code to a deposition and its map, through the cache.

The cache holds one folder per entry::

    EMD-3488/record.json          the answer of EMDB's REST interface
    EMD-3488/emd_3488.map.gz      the map as it was deposited
    EMD-3488/emd_3488.map.gz.json its SHA-256 and version
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from vrs_scipion.emdb.accession import map_file, normalised
from vrs_scipion.emdb.archive import Archive
from vrs_scipion.emdb.errors import EmdbError
from vrs_scipion.emdb.record import EmdbRecord, parse_record
from vrs_scipion.emdb.transfer import (
    Advance,
    NotThereError,
    UnreachableError,
    Validators,
    get_file,
    get_record,
)
from vrs_scipion.entry.record_map import Deposition
from vrs_scipion.files import InputError, save_model, sha256, written_whole
from vrs_scipion.folders import DEPOSITION_FILE
from vrs_scipion.maps.reading import read_header

_RECORD_FILE = "record.json"
_LOCK_FILE = ".lock"
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Fetched:
    """An entry that is here.

    Attributes
    ----------
    deposition : what was deposited beside the map
    deposition_path : the same, as a file in the cache
    map_path : the map as it was deposited, gzipped, in the cache
    notes : what its user should know, one sentence each
    """

    deposition: Deposition
    deposition_path: Path
    map_path: Path
    notes: tuple[str, ...] = ()


class _Kept(BaseModel):
    """What the cache knows of a map that it holds."""

    sha256: str
    bytes: int
    url: str
    etag: str = ""
    modified: str = ""

    model_config = ConfigDict(frozen=True)


def fetch(
    accession: str, archive: Archive, advance: Advance = lambda here, all_of_it: None
) -> Fetched:
    """The deposition and the map of an entry, from the cache where the cache is up to date.

    Parameters
    ----------
    accession : e.g. 'EMD-3488'
    archive : where EMDB is, and where its cache
    advance : called with the bytes of the map that are here, and with their final number

    Raises
    ------
    EmdbError
        if the entry does not exist or is not released, EMDB cannot be reached and the cache does
        not hold it, what came makes no sense, or the cache cannot be written to.
    """
    accession = normalised(accession)
    folder = archive.cache / accession
    with _locked(folder, accession):
        record, notes = _record(archive, accession, folder)
        path, more = _map(archive, accession, folder, record, advance)
        deposition = record.deposition()
        beside = save_model(deposition, folder / DEPOSITION_FILE)
    return Fetched(deposition, beside, path, (*notes, *record.notes, *more))


def _record(archive: Archive, accession: str, folder: Path) -> tuple[EmdbRecord, tuple[str, ...]]:
    path = folder / _RECORD_FILE
    notes: tuple[str, ...] = ()
    content = None
    if not archive.offline:
        try:
            content = get_record(archive, archive.record_url(accession))
        except NotThereError as error:
            raise EmdbError(f"{accession}: EMDB has no such entry") from error
        except UnreachableError as error:
            if not path.exists():
                raise
            notes = (f"EMDB cannot be reached; {accession} was taken from the cache ({error}).",)
    if content is None:
        return parse_record(_cached_record(path, accession), accession), notes
    record = parse_record(content, accession)
    with written_whole(path) as temporary:
        temporary.write_bytes(content)
    return record, notes


def _cached_record(path: Path, accession: str) -> bytes:
    if not path.exists():
        raise EmdbError(f"{accession} is not in the cache {path.parent.parent}; {_ONCE_ONLINE}")
    return path.read_bytes()


_ONCE_ONLINE = "fetch it once without --offline"


def _map(
    archive: Archive, accession: str, folder: Path, record: EmdbRecord, advance: Advance
) -> tuple[Path, tuple[str, ...]]:
    path = folder / map_file(accession)
    kept = _kept(path)
    if archive.offline:
        if kept is None:
            raise EmdbError(f"{accession}: the cache does not hold its map; {_ONCE_ONLINE}")
        return path, ()
    url = archive.map_url(accession, path.name)
    known = Validators(kept.etag, kept.modified) if kept and kept.url == url else Validators()
    if kept and kept.url == url and not known.strongest:
        return path, ()
    part = path.with_name(path.name + ".part")
    try:
        version = get_file(archive, url, part, known=known, advance=advance)
    except NotThereError as error:
        raise EmdbError(_no_map(accession, record)) from error
    except UnreachableError as error:
        if kept is None:
            raise
        return path, (f"EMDB cannot be reached; the map was taken from the cache ({error}).",)
    if version is None:
        return path, ()
    try:
        _require_whole(part, accession, record)
    except EmdbError:
        part.unlink()
        raise
    note = _Kept(
        sha256=sha256(part),
        bytes=part.stat().st_size,
        url=url,
        etag=version.etag,
        modified=version.modified,
    )
    part.replace(path)
    with written_whole(_note_file(path)) as temporary:
        temporary.write_text(note.model_dump_json(indent=1), encoding="utf-8")
    return path, ()


def _kept(path: Path) -> _Kept | None:
    """What is known of the map in the cache; None where it is not the file that was put there."""
    try:
        kept = _Kept.model_validate_json(_note_file(path).read_bytes())
        same = path.stat().st_size == kept.bytes and sha256(path) == kept.sha256
    except (OSError, ValidationError):
        return None
    return kept if same else None


def _note_file(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _no_map(accession: str, record: EmdbRecord) -> str:
    if record.status == "REL":
        return f"{accession}: EMDB has the entry but not its map"
    return f"{accession}: its map is not public (status {record.status[:10]})"


def _require_whole(path: Path, accession: str, record: EmdbRecord) -> None:
    """Refuse what is no map, not whole, or of another size than the entry says."""
    try:
        header = read_header(path)
        content = _decompressed_bytes(path, header.data_offset + header.volumes * header.bytes)
    except (InputError, EOFError, zlib.error, OSError) as error:
        raise EmdbError(f"{accession}: what EMDB sent is no whole map ({error})") from error
    promised = header.data_offset + header.volumes * header.bytes
    if content != promised:
        raise EmdbError(
            f"{accession}: the map that came has another size than its own header says "
            f"({'more than ' if content > promised else f'{content:,} bytes instead of '}"
            f"{promised:,} bytes)"
        )
    if record.stored_box not in (None, header.shape):
        raise EmdbError(
            f"{accession}: the map that came has {header.shape} sections, rows and columns, the "
            f"entry says {record.stored_box}"
        )


def _decompressed_bytes(path: Path, enough: int) -> int:
    """Length of what the file holds, its checksum verified; counting ends above ``enough``."""
    total = 0
    with gzip.open(path) as stream:
        while total <= enough and (chunk := stream.read(_CHUNK)):
            total += len(chunk)
    return total


@contextlib.contextmanager
def _locked(folder: Path, accession: str) -> Iterator[None]:
    """One process at a time fetches an entry; the others wait and find it there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK_FILE).open("w")
    except OSError as error:
        raise EmdbError(
            f"{accession}: the cache {folder.parent} cannot be written to ({error.strerror}); "
            "choose another one (--cache)"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
