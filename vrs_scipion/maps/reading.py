"""Reading a map: whatever dialect the file speaks, the array comes out z, y, x.

The file is opened for reading only and is never changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.files import InputError
from vrs_scipion.machine.limits import available_memory
from vrs_scipion.maps.containers import LARGEST_RATIO, decompressed_length, named, opened
from vrs_scipion.maps.density import Density, Triple, Volume
from vrs_scipion.maps.header import HEADER_BYTES, Header, HeaderError, parse_header
from vrs_scipion.maps.layout import LayoutError, laid_out
from vrs_scipion.maps.location import Location, located
from vrs_scipion.maps.spider import parse_spider

_PLAIN_SUFFIXES = (".mrc", ".map")
_STACK_SUFFIXES = {
    ".mrcs": "a stack of images",
    ".st": "a tilt series",
    ".ali": "an aligned tilt series",
    ".preali": "an aligned tilt series",
}
_CHUNK = 1 << 22
_SMALLEST_SIDE = 8
_READING_NEEDS = 3  # float32 volumes: the values as stored, as float32, and one to work with
_USUAL_VOXEL = (0.05, 25.0)
_POSSIBLE_VOXEL = (0.02, 1000.0)
_SAME_VOXEL = 1e-3
_SAME_RANGE = 1e-3
_HALF_OF_8_BITS = 128
_FEWEST_JUMPS, _MORE_JUMPS = 8, 4
_SYMMETRY_RECORD = 80
_LONGEST_SYMMETRY = 192 * _SYMMETRY_RECORD
_LONGEST_REST = 1 << 24

Stored = NDArray[np.generic]


def read_header(path: Path | str) -> Header:
    """Read the header of an MRC/CCP4 or SPIDER file, plain or compressed.

    Raises
    ------
    InputError
        if the file cannot be read or is no density.
    """
    location = located(path)
    with opened(location.file) as (stream, _):
        return _header(stream, location)


def read_density(path: Path | str, voxel_size: float | None = None) -> Density:
    """Read a map and check that it can be worked with.

    Parameters
    ----------
    path : MRC/CCP4 or SPIDER file, plain or compressed by gzip, bzip2 or xz, or one volume of a
        stack as ``N@file`` (see `vrs_scipion.maps.location`); of a stack alone the first is read
    voxel_size : Å, instead of the header's

    Raises
    ------
    InputError
        if the file is missing, truncated, no density, larger than the memory, without a voxel
        size, on a skewed grid, constant, or holds NaN or infinities.
    """
    location = located(path)
    path = location.file
    with opened(path) as (stream, compression):
        header = _header(stream, location)
        _require_volume(header, location)
        size, notes = _voxel_size(header, voxel_size, path)
        if not compression or header.extended:
            header = _laid_out(header, path)
        _require_room(header, path, compression)
        header, stored, symmetry = _read_values(stream, header, location)
    stored, bytes_as, told = _with_sign(stored, header)
    values = np.ascontiguousarray(
        stored.transpose([header.axes.index(axis) for axis in range(3)]), dtype=np.float32
    )
    _require_finite(values, path)
    lowest, highest = _require_contrast(values, path)
    notes += tuple(told)
    notes += tuple(_stale_range(header, lowest, highest))
    return Density(
        values,
        voxel_size=size,
        nstart=header.nstart,
        origin=header.origin,
        notes=header.notes + notes,
        bytes_as=bytes_as,
        crystal=_crystal(header, symmetry),
    )


def is_plain_volume(path: Path | str) -> bool:
    """Whether programs that know no dialect can read the file: little-endian float32, x, y, z.

    Raises
    ------
    InputError
        if the file cannot be read or is no density.
    """
    location = located(path)
    with opened(location.file) as (stream, compression):
        header = _header(stream, location)
    return (
        not compression
        and location.file == Path(path)
        and location.file.suffix in _PLAIN_SUFFIXES
        and header.format == "MRC"
        and header.dtype == np.dtype("<f4")
        and header.axes == (0, 1, 2)
        and header.volumes == 1
    )


def _header(stream: BinaryIO, location: Location) -> Header:
    first = stream.read(HEADER_BYTES)
    try:
        return parse_spider(first) or _as_stack(parse_header(first), location)
    except HeaderError as error:
        raise InputError(location.file, named(first) or str(error)) from error


def _as_stack(header: Header, location: Location) -> Header:
    """The header of a stack of volumes where only the file's name, or its user, says so."""
    told = location.index > 0 or location.format == ".mrcs"
    if not told or header.stacked or header.images:
        return header
    sections, rows, columns = header.shape
    per_volume = header.intervals if 1 < header.intervals < sections else rows
    if not rows == columns == per_volume or sections <= per_volume or sections % per_volume:
        return header
    return replace(
        header,
        shape=(per_volume, rows, columns),
        volumes=sections // per_volume,
        stacked=True,
        stride=per_volume * rows * columns * header.dtype.itemsize,
    )


def _require_volume(header: Header, location: Location) -> None:
    """Refuse two-dimensional images, volumes that are not there, and what is too small."""
    sections, rows, columns = header.shape
    if header.images:
        raise InputError(
            location.file,
            f"it is a stack of {header.images} two-dimensional images ({columns} × {rows} "
            "pixels), not a map; give the reconstruction",
        )
    called = _STACK_SUFFIXES.get(location.format)
    if called and not header.stacked and header.format == "MRC":
        raise InputError(
            location.file,
            f"by its name it is {called} ({sections} of {columns} × {rows} pixels), not a map; "
            "give the reconstruction, or, if it is a volume, give it a name that ends in .mrc",
        )
    if location.index > header.volumes:
        raise InputError(
            location.file,
            f"volume {location.index} was asked for and it holds {header.volumes}; give one of "
            "them",
        )
    if min(header.shape) < _SMALLEST_SIDE:
        shown = " × ".join(str(n) for n in header.shape[::-1])
        raise InputError(
            location.file,
            f"it holds {shown} values; a map needs at least {_SMALLEST_SIDE} along each axis",
        )


def _voxel_size(header: Header, given: float | None, path: Path) -> tuple[Triple, tuple[str, ...]]:
    if given is not None:
        if not (np.isfinite(given) and given > 0):
            raise InputError(path, f"a voxel size of {given:g} Å makes no sense; give one above 0")
        z = y = x = float(given)
        notes = tuple(_disagreement(header.voxel_size, given))
    else:
        z, y, x = header.voxel_size
        notes = ()
        if min(z, y, x) <= 0:
            raise InputError(
                path,
                header.voxel_doubt
                or "its header gives no voxel size; give it in Å (--voxel on the command line)",
            )
    if not all(_POSSIBLE_VOXEL[0] <= s <= _POSSIBLE_VOXEL[1] for s in (z, y, x)):
        raise InputError(
            path,
            f"voxels of {x:.4g} × {y:.4g} × {z:.4g} Å cannot be; give the right size in Å "
            "(--voxel on the command line)",
        )
    if not all(_USUAL_VOXEL[0] <= s <= _USUAL_VOXEL[1] for s in (z, y, x)):
        notes += (f"A voxel of {x:g} × {y:g} × {z:g} Å is unusual: is it right?",)
    if max(z, y, x) - min(z, y, x) > _SAME_VOXEL * max(z, y, x):
        notes += (f"The voxels are not cubes: {x:.4g} × {y:.4g} × {z:.4g} Å along x, y, z.",)
    return (z, y, x), notes


def _disagreement(header: Triple, given: float) -> Iterator[str]:
    if min(header) > 0 and any(abs(s - given) > 0.01 * given for s in header):
        z, y, x = header
        yield (
            f"The voxel size given, {given:g} Å, differs from the header's "
            f"({x:.4g}, {y:.4g}, {z:.4g} Å along x, y, z); the one given was used."
        )


def _require_room(header: Header, path: Path, compression: str) -> None:
    """Refuse, before anything is allocated, what neither file nor memory can hold."""
    needed_bytes = HEADER_BYTES + header.bytes
    present = path.stat().st_size
    if compression and present * LARGEST_RATIO[compression] < needed_bytes:
        raise InputError(
            path,
            f"its header promises {needed_bytes:,} bytes, more than {present:,} bytes compressed "
            f"by {compression} can hold",
        )
    needed = _READING_NEEDS * header.values * 4
    available = available_memory()
    if needed > available:
        raise InputError(
            path,
            f"it needs {needed / 1e9:.1f} GB of memory to be read and {available / 1e9:.1f} GB are "
            "free; use a machine with more memory or a binned map",
        )


def _read_values(
    stream: BinaryIO, header: Header, location: Location
) -> tuple[Header, Stored, bytes]:
    """The header with notes on the layout, the volume as stored, what lies between the two."""
    before = stream.read(min(header.data_offset - HEADER_BYTES, _LONGEST_SYMMETRY))
    _skip(stream, header.data_offset - HEADER_BYTES - len(before))
    _skip(stream, (max(1, location.index) - 1) * header.stride)
    stored = _filled(stream, header, location.file)
    if header.volumes > 1:
        which = f"number {location.index}" if location.index else "the first"
        said = f"The file is a stack of {header.volumes} volumes; {which} was validated."
        return replace(header, notes=(*header.notes, said)), stored, before
    rest = stream.read(_LONGEST_REST)
    if not rest:
        return header, stored, before
    shifted = _shifted(stored, rest)
    if len(rest) < _LONGEST_REST and not _fits(stored, header) and _fits(shifted, header):
        stored = shifted
        said = (
            f"{len(rest):,} bytes between header and map are not promised by the header (NSYMBT); "
            "without them the values have the range that the header gives, and they were left out."
        )
    else:
        said = "The file is longer than its header says; what follows the map was ignored."
    return replace(header, notes=(*header.notes, said)), stored, before


def _filled(stream: BinaryIO, header: Header, path: Path) -> Stored:
    stored = np.empty(header.shape, header.dtype)
    buffer = stored.reshape(-1).view(np.uint8).data
    filled = 0
    while filled < len(buffer):
        count = stream.readinto(buffer[filled : filled + _CHUNK])  # type: ignore[attr-defined]
        if not count:
            raise InputError(
                path,
                f"it is truncated: its header promises {len(buffer):,} bytes of map, the file has "
                f"{filled:,}; copy it again",
            )
        filled += count
    return stored


def _shifted(stored: Stored, rest: bytes) -> Stored:
    """The values as they are where the map ends with the file."""
    content = stored.reshape(-1).view(np.uint8)
    kept = np.concatenate([content, np.frombuffer(rest, np.uint8)])[-content.size :]
    return kept.view(stored.dtype).reshape(stored.shape)


def _fits(stored: Stored, header: Header) -> bool:
    """Whether the values have the range that the header gives; so they do where it gives none."""
    if header.range is None:
        return True
    with np.errstate(invalid="ignore", over="ignore"):
        lowest, highest = float(stored.min()), float(stored.max())
    return not any(_range_differs(header.range, lowest, highest))


def _laid_out(header: Header, path: Path) -> Header:
    """The header as it fits the length of the file; a compressed one is read through for that."""
    try:
        return laid_out(header, decompressed_length(path))
    except LayoutError as error:
        raise InputError(path, str(error)) from error


def _skip(stream: BinaryIO, count: int) -> None:
    while count > 0:
        skipped = len(stream.read(min(count, _CHUNK)))
        if not skipped:
            return
        count -= skipped


def _with_sign(stored: Stored, header: Header) -> tuple[Stored, str, list[str]]:
    """8-bit values read as signed or unsigned, which of the two, and notes about it.

    Read the wrong way, neighbours jump by up to 255: where the two readings differ in that, the
    one with fewer such jumps is right, whatever the header says. Of values that are the same
    either way nothing is noted.
    """
    if header.dtype.itemsize != 1:
        return stored, "", []
    believed = header.dtype.kind + "1"
    other = "u1" if believed == "i1" else "i1"
    why = "as the format has it"
    if header.imod:
        why = "as IMOD's header says"
    elif believed == "u1":
        why = "as the header's own statistics say"
    jumps = _jumps(stored.view(believed))
    if jumps >= _FEWEST_JUMPS and jumps > _MORE_JUMPS * _jumps(stored.view(other)):
        believed, why = other, "for read the other way neighbouring values jump by up to 255"
    kind = {"i1": "signed", "u1": "unsigned"}[believed]
    read = stored.view(believed)
    if not header.imod and stored.view("u1").max() < _HALF_OF_8_BITS:
        return read, kind, []
    note = f"The 8-bit values were read as {kind} ({read.min()} to {read.max()}), {why}."
    if kind == "signed" and header.imod:
        note += " IMOD adds 128 to such bytes: a level read there is 128 lower here."
    return read, kind, [note]


def _jumps(values: Stored) -> int:
    """How many neighbours along a row differ by more than half of what 8 bits hold."""
    return sum(
        int(np.count_nonzero(np.abs(np.diff(section.astype(np.int16), axis=-1)) > _HALF_OF_8_BITS))
        for section in values
    )


def _crystal(header: Header, before: bytes) -> str:
    """What says that the map is of a crystal; '' where nothing does."""
    if header.space_group:
        return f"its header names space group {header.space_group}"
    records = [
        before[place : place + _SYMMETRY_RECORD].decode("latin-1").strip()
        for place in range(0, len(before) - _SYMMETRY_RECORD + 1, _SYMMETRY_RECORD)
    ]
    operators = [one for one in records if one.count(",") == 2 and "X" in one.upper()]
    if len(operators) > 1:
        return f"its header lists {len(operators)} symmetry operators"
    return ""


def _require_finite(values: Volume, path: Path) -> None:
    with np.errstate(invalid="ignore"):
        total = values.sum(dtype=np.float64)
    if np.isfinite(total):
        return
    finite = np.isfinite(values)
    bad = int(finite.size - np.count_nonzero(finite))
    if not bad:
        return
    kinds = [
        f"{count:,} {name}"
        for count, name in (
            (int(np.count_nonzero(np.isnan(values))), "NaN"),
            (int(np.count_nonzero(np.isinf(values))), "infinite"),
        )
        if count
    ]
    z, y, x = np.unravel_index(int(np.argmin(finite)), values.shape)
    raise InputError(
        path,
        f"{' and '.join(kinds)} of its {finite.size:,} values, the first at voxel "
        f"(x, y, z) = ({x}, {y}, {z}); repair the map or export it again",
    )


def _require_contrast(values: Volume, path: Path) -> tuple[float, float]:
    """The smallest and the largest value."""
    lowest, highest = float(values.min()), float(values.max())
    if lowest == highest:
        raise InputError(path, f"it is constant: every voxel is {lowest:g}; this is no density")
    return lowest, highest


def _stale_range(header: Header, lowest: float, highest: float) -> Iterator[str]:
    if header.range is None or header.volumes > 1:
        return
    if any(_range_differs(header.range, lowest, highest)):
        yield (
            f"The header gives the values' range as {header.range[0]:.4g} to "
            f"{header.range[1]:.4g}; they run from {lowest:.4g} to {highest:.4g}."
        )


def _range_differs(said: tuple[float, float], lowest: float, highest: float) -> Iterator[bool]:
    """For either end, whether it is another; NaN is."""
    tolerance = _SAME_RANGE * (highest - lowest)
    for end, found in zip(said, (lowest, highest), strict=True):
        yield not abs(end - found) <= tolerance
