"""Files of entries in the cache: of the newest version, whole, known by their SHA-256."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from vrs_scipion.emdb.archive import Archive
from vrs_scipion.emdb.errors import EmdbError
from vrs_scipion.emdb.transfer import Advance, UnreachableError, Validators, get_file
from vrs_scipion.files import sha256, written_whole

ONCE_ONLINE = "fetch it once without --offline"

_LOCK_FILE = ".lock"


@dataclass(frozen=True)
class ArchiveFile:
    """A file of an entry.

    Attributes
    ----------
    accession : of the entry
    noun : for the middle of a sentence, e.g. 'the map'
    name : in the cache, below the entry's folder
    url : in the archive
    require_sound : refuses what came if it makes no sense
    """

    accession: str
    noun: str
    name: str
    url: str
    require_sound: Callable[[Path], None]


class _Kept(BaseModel):
    """What the cache knows of a file that it holds."""

    sha256: str
    bytes: int
    url: str
    etag: str = ""
    modified: str = ""

    model_config = ConfigDict(frozen=True)


def bring(
    archive: Archive, file: ArchiveFile, folder: Path, advance: Advance
) -> tuple[Path, tuple[str, ...]]:
    """The file in the entry's folder of the cache, transferred where that is not up to date.

    Returns
    -------
    its path, and what its user should know, one sentence each

    Raises
    ------
    NotThereError, UnreachableError, EmdbError
        if it is neither in the archive nor in the cache, or what came makes no sense.
    """
    path = folder / file.name
    kept = _kept(path)
    if archive.offline:
        if kept is None:
            raise EmdbError(f"{file.accession}: the cache does not hold {file.noun}; {ONCE_ONLINE}")
        return path, ()
    ours = kept is not None and kept.url == file.url
    known = Validators(kept.etag, kept.modified) if kept and ours else Validators()
    if ours and not known.strongest:
        return path, ()
    part = path.with_name(path.name + ".part")
    try:
        version = get_file(archive, file.url, part, known=known, advance=advance)
    except UnreachableError as error:
        if kept is None:
            raise
        return path, (f"EMDB cannot be reached; {file.noun} was taken from the cache ({error}).",)
    if version is not None:
        _keep(part, path, file, version)
    return path, ()


def _keep(part: Path, path: Path, file: ArchiveFile, version: Validators) -> None:
    try:
        file.require_sound(part)
    except EmdbError:
        part.unlink()
        raise
    note = _Kept(
        sha256=sha256(part),
        bytes=part.stat().st_size,
        url=file.url,
        etag=version.etag,
        modified=version.modified,
    )
    part.replace(path)
    with written_whole(_note_file(path)) as temporary:
        temporary.write_text(note.model_dump_json(indent=1), encoding="utf-8")


def _kept(path: Path) -> _Kept | None:
    """What is known of a file in the cache; None where it is not the one that was put there."""
    try:
        kept = _Kept.model_validate_json(_note_file(path).read_bytes())
        same = path.stat().st_size == kept.bytes and sha256(path) == kept.sha256
    except (OSError, ValidationError):
        return None
    return kept if same else None


def _note_file(path: Path) -> Path:
    return path.with_name(path.name + ".json")


@contextlib.contextmanager
def locked(folder: Path, accession: str) -> Iterator[None]:
    """One process at a time fetches an entry; the others wait and find it there.

    Raises
    ------
    EmdbError
        if the cache cannot be written to.
    """
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
