"""From an accession code to a deposition and its maps, through the cache.

The cache holds one folder per entry::

    EMD-3488/record.json                    the answer of EMDB's REST interface
    EMD-3488/emd_3488.map.gz                the map as it was deposited
    EMD-3488/emd_3488.map.gz.json           its SHA-256 and version
    EMD-3488/emd_3488_half_map_1.map.gz …   the half maps, where there are any
    EMD-3488/emd_3488_fsc.xml               their Fourier shell correlation, where there is one

Without the map there is nothing to validate. Without half maps, or with half maps that cannot be
had, there still is: what is missing is told in a note, and the validation goes on with the map.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from vrs_scipion.emdb.accession import map_file, normalised
from vrs_scipion.emdb.archive import Archive
from vrs_scipion.emdb.cache import ONCE_ONLINE, ArchiveFile, bring, locked
from vrs_scipion.emdb.errors import EmdbError
from vrs_scipion.emdb.record import EmdbRecord, StoredBox, parse_record
from vrs_scipion.emdb.transfer import Advance, NotThereError, UnreachableError, get_record
from vrs_scipion.entry.fsc_file import read_fsc
from vrs_scipion.entry.record_map import Deposition
from vrs_scipion.files import InputError, save_model, written_whole
from vrs_scipion.folders import DEPOSITION_FILE
from vrs_scipion.maps.reading import read_header

Show = Callable[[str], AbstractContextManager[Advance]]
"""From the name of a download to what is told its progress."""

_RECORD_FILE = "record.json"
_CHUNK = 1 << 22


def unseen(name: str) -> AbstractContextManager[Advance]:
    """Tell nobody."""
    return nullcontext(lambda here, all_of_it: None)


@dataclass(frozen=True)
class Fetched:
    """An entry that is here.

    Attributes
    ----------
    deposition : what was deposited beside the map
    deposition_path : the same, as a file in the cache
    map_path : the map as it was deposited, gzipped, in the cache
    half_map_paths : its half maps in the same way; None where there are none, or none that could
        be had
    fsc_path : the Fourier shell correlation as it was deposited; None where there is none
    notes : what its user should know, one sentence each
    """

    deposition: Deposition
    deposition_path: Path
    map_path: Path
    half_map_paths: tuple[Path, Path] | None = None
    fsc_path: Path | None = None
    notes: tuple[str, ...] = ()


def fetch(
    accession: str, archive: Archive, show: Show = unseen, *, half_maps: bool = True
) -> Fetched:
    """The deposition and the maps of an entry, from the cache where the cache is up to date.

    Parameters
    ----------
    accession : e.g. 'EMD-3488'
    archive : where EMDB is, and where its cache
    show : from the name of a download to what is called with the bytes of it that are here, and
        with their final number
    half_maps : whether its half maps are wanted

    Raises
    ------
    EmdbError
        if the entry does not exist or is not released, EMDB cannot be reached and the cache does
        not hold it, what came makes no sense, or the cache cannot be written to. What is wrong
        with the half maps or the curve becomes a note.
    """
    accession = normalised(accession)
    folder = archive.cache / accession
    with locked(folder, accession):
        record, notes = _record(archive, accession, folder)
        entry = _Entry(archive, accession, folder, record, show, [*notes, *record.notes])
        path = entry.map()
        halves = entry.half_maps() if half_maps else None
        curve = entry.fsc()
        deposition = record.deposition()
        beside = save_model(deposition, folder / DEPOSITION_FILE)
    return Fetched(deposition, beside, path, halves, curve, tuple(entry.notes))


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
        raise EmdbError(f"{accession} is not in the cache {path.parent.parent}; {ONCE_ONLINE}")
    return path.read_bytes()


@dataclass(frozen=True)
class _Entry:
    """The files of an entry, brought one by one; ``notes`` grow with what has to be said."""

    archive: Archive
    accession: str
    folder: Path
    record: EmdbRecord
    show: Show
    notes: list[str]

    def map(self) -> Path:
        """The map, without which there is nothing."""
        name = map_file(self.accession)
        try:
            return self._volume("the map", "map", name, self.record.stored_box)
        except NotThereError as error:
            raise EmdbError(_no_map(self.accession, self.record)) from error

    def half_maps(self) -> tuple[Path, Path] | None:
        """Both half maps, or none of them and the reason among the notes."""
        listed = self.record.half_maps
        if len(listed) != 2:
            said = f"{len(listed)} half maps" if listed else "no half maps"
            self.notes.append(
                f"{self.accession}: the entry has {said}; the map alone is validated."
            )
            return None
        try:
            first, second = (
                self._volume(f"half map {number}", "other", one.file, one.stored_box)
                for number, one in enumerate(listed, 1)
            )
        except EmdbError as error:
            self.notes.append(
                f"{self.accession}: its half maps could not be had, the map alone is validated: "
                f"{error}."
            )
            return None
        return first, second

    def fsc(self) -> Path | None:
        """The deposited curve, or nothing, and the reason among the notes if one is listed."""
        name = self.record.fsc_file
        if name is None:
            return None
        try:
            return self._bring("the deposited FSC curve", "fsc", name, self._require_curve)
        except EmdbError as error:
            self.notes.append(
                f"{self.accession}: the deposited FSC curve could not be had, and is not shown: "
                f"{error}."
            )
            return None

    def _volume(self, noun: str, place: str, name: str, box: StoredBox | None) -> Path:
        def require_whole(path: Path) -> None:
            _require_whole(path, self.accession, noun, box)

        return self._bring(noun, place, name, require_whole)

    def _bring(
        self, noun: str, place: str, name: str, require_sound: Callable[[Path], None]
    ) -> Path:
        url = self.archive.file_url(self.accession, place, name)
        file = ArchiveFile(self.accession, noun, name, url, require_sound)
        with self.show(f"{self.accession}, {noun}") as advance:
            path, notes = bring(self.archive, file, self.folder, advance)
        self.notes.extend(notes)
        return path

    def _require_curve(self, path: Path) -> None:
        try:
            read_fsc(path)
        except InputError as error:
            raise EmdbError(f"{self.record.fsc_file}: {error.problem}") from error


def _no_map(accession: str, record: EmdbRecord) -> str:
    if record.status == "REL":
        return f"{accession}: EMDB has the entry but not its map"
    return f"{accession}: its map is not public (status {record.status[:10]})"


def _require_whole(path: Path, accession: str, noun: str, box: StoredBox | None) -> None:
    """Refuse what is no map, not whole, or of another size than the entry says."""
    try:
        header = read_header(path)
        content = _decompressed_bytes(path, header.data_offset + header.volumes * header.bytes)
    except (InputError, EOFError, zlib.error, OSError) as error:
        raise EmdbError(
            f"{accession}: what EMDB sent as {noun} is no whole map ({error})"
        ) from error
    promised = header.data_offset + header.volumes * header.bytes
    if content != promised:
        raise EmdbError(
            f"{accession}: {noun} that came has another size than its own header says "
            f"({'more than ' if content > promised else f'{content:,} bytes instead of '}"
            f"{promised:,} bytes)"
        )
    if box not in (None, header.shape):
        raise EmdbError(
            f"{accession}: {noun} that came has {header.shape} sections, rows and columns, the "
            f"entry says {box}"
        )


def _decompressed_bytes(path: Path, enough: int) -> int:
    """Length of what the file holds, its checksum verified; counting ends above ``enough``."""
    total = 0
    with gzip.open(path) as stream:
        while total <= enough and (chunk := stream.read(_CHUNK)):
            total += len(chunk)
    return total
