"""Reading a map: whatever dialect the file speaks, the array comes out z, y, x.

The file is opened for reading only and is never changed.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vrs_scipion.files import InputError, printable
from vrs_scipion.machine.limits import available_memory
from vrs_scipion.maps.density import Density, Triple, Volume
from vrs_scipion.maps.header import HEADER_BYTES, Header, HeaderError, parse_header

_GZIP_MAGIC = b"\x1f\x8b"
_LARGEST_GZIP_RATIO = 1032
_PLAIN_SUFFIXES = (".mrc", ".map")
_CHUNK = 1 << 22
_SMALLEST_SIDE = 8
_READING_NEEDS = 3  # float32 volumes: the values as stored, as float32, and one to work with
_USUAL_VOXEL = (0.05, 25.0)
_POSSIBLE_VOXEL = (0.02, 1000.0)
_SAME_VOXEL = 1e-3
_SAME_RANGE = 1e-3


def read_header(path: Path | str) -> Header:
    """Read the header of an MRC/CCP4 file, plain or gzipped.

    Raises
    ------
    InputError
        if the file cannot be read or is no density.
    """
    path = Path(path)
    with _opened(path) as (stream, _):
        return _header(stream, path)


def read_density(path: Path | str, voxel_size: float | None = None) -> Density:
    """Read a map and check that it can be worked with.

    Parameters
    ----------
    path : MRC/CCP4 file, plain or gzipped; of a stack of volumes the first is read
    voxel_size : Å, instead of the header's

    Raises
    ------
    InputError
        if the file is missing, truncated, no density, larger than the memory, without a voxel
        size, on a skewed grid, constant, or holds NaN or infinities.
    """
    path = Path(path)
    with _opened(path) as (stream, compressed):
        header = _header(stream, path)
        _require_three_dimensions(header, path)
        size, notes = _voxel_size(header, voxel_size, path)
        _require_room(header, path, compressed)
        stored, surplus = _read_values(stream, header, path)
    if surplus:
        notes += ("The file is longer than its header says; what follows the map was ignored.",)
    values = np.ascontiguousarray(
        stored.transpose([header.axes.index(axis) for axis in range(3)]), dtype=np.float32
    )
    _require_finite(values, path)
    lowest, highest = _require_contrast(values, path)
    notes += tuple(_stale_range(header, lowest, highest))
    return Density(
        values,
        voxel_size=size,
        nstart=header.nstart,
        origin=header.origin,
        notes=header.notes + notes,
    )


def is_plain_volume(path: Path | str) -> bool:
    """Whether programs that know no dialect can read the file: little-endian float32, x, y, z.

    Raises
    ------
    InputError
        if the file cannot be read or is no density.
    """
    path = Path(path)
    with _opened(path) as (stream, compressed):
        header = _header(stream, path)
    return (
        not compressed
        and path.suffix in _PLAIN_SUFFIXES
        and header.dtype == np.dtype("<f4")
        and header.axes == (0, 1, 2)
        and header.volumes == 1
    )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, bool]]:
    """The file's content as a stream, decompressed, and whether it was compressed."""
    try:
        if not path.exists():
            raise InputError(path, f"there is no such file in {printable(str(path.parent))}")
        if not path.is_file():
            raise InputError(path, "it is not a file; give the map's file itself")
        with path.open("rb") as file:
            compressed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            if compressed:
                with gzip.GzipFile(fileobj=file, mode="rb") as stream:
                    yield stream, True  # type: ignore[misc]
            else:
                yield file, False
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            path, f"its gzip data are broken or cut short ({error}); copy it again"
        ) from error
    except OSError as error:
        raise InputError(path, f"it cannot be read ({error.strerror or error})") from error


def _header(stream: BinaryIO, path: Path) -> Header:
    try:
        return parse_header(stream.read(HEADER_BYTES))
    except HeaderError as error:
        raise InputError(path, str(error)) from error


def _require_three_dimensions(header: Header, path: Path) -> None:
    if min(header.shape) < _SMALLEST_SIDE:
        shown = " × ".join(str(n) for n in header.shape[::-1])
        raise InputError(
            path,
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
                path, "its header gives no voxel size; give it in Å (--voxel on the command line)"
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


def _require_room(header: Header, path: Path, compressed: bool) -> None:
    """Refuse, before anything is allocated, what neither file nor memory can hold."""
    promised = header.data_offset + header.bytes
    present = path.stat().st_size
    if not compressed and present < promised:
        raise InputError(
            path,
            f"it is truncated: its header promises {promised:,} bytes, the file has {present:,}; "
            "copy it again",
        )
    if compressed and present * _LARGEST_GZIP_RATIO < promised:
        raise InputError(
            path,
            f"its header promises {promised:,} bytes, more than {present:,} gzipped bytes can hold",
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
    stream: BinaryIO, header: Header, path: Path
) -> tuple[np.ndarray[tuple[int, int, int], np.dtype[np.generic]], bool]:
    """The first volume as stored, and whether the file goes on behind its last one."""
    _skip(stream, header.data_offset - HEADER_BYTES)
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
    return stored, header.volumes == 1 and bool(stream.read(1))


def _skip(stream: BinaryIO, count: int) -> None:
    while count > 0:
        skipped = len(stream.read(min(count, _CHUNK)))
        if not skipped:
            return
        count -= skipped


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
    tolerance = _SAME_RANGE * (highest - lowest)
    if max(abs(header.range[0] - lowest), abs(header.range[1] - highest)) > tolerance:
        yield (
            f"The header gives the values' range as {header.range[0]:.4g} to "
            f"{header.range[1]:.4g}; they run from {lowest:.4g} to {highest:.4g}."
        )
