"""The header of an MRC/CCP4 file, read with its contradictions named.

The format: Cheng et al. 2015, doi 10.1016/j.jsb.2015.04.002 (MRC2014); CCP4 and older EM dialects
differ in the ways that this module accepts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from numpy.typing import NDArray

from vrs_scipion.files import printable
from vrs_scipion.maps.voxels import VoxelReading, voxel_reading

HEADER_BYTES = 1024

_MODES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
_REFUSED_MODES = {
    3: "complex 16-bit integers (a transform)",
    4: "complex numbers (a transform)",
    101: "4-bit integers",
}
_IMOD_STAMP = 1146047817
_IMOD_SIGNED_BYTES = 1
_SPACE_GROUPS = range(2, 231)
_RIGHT_ANGLE_TOLERANCE = 0.01
_VOLUME_STACK_ISPG = range(401, 631)
_IMOD_STAMP_OFFSET = 152
_LABELS = 10


class HeaderError(ValueError):
    """What is wrong with the header, without the file's name."""


@dataclass(frozen=True)
class Header:
    """What the header says, with directions already named.

    Attributes
    ----------
    shape : sections, rows, columns in the file, of one volume
    volumes : number of volumes in the file
    dtype : of a stored value, with its byte order
    data_offset : bytes before the first value
    axes : direction (0 z, 1 y, 2 x) of sections, rows, columns
    voxel_size : Å along z, y, x; 0 where the header gives none, or none that can be told
    voxel_doubt : why it cannot be told, where the header contradicts itself
    nstart : first index along z, y, x
    origin : Å along z, y, x
    range : minimum and maximum that the header gives, or None where it gives none
    notes : sentences about what is odd but harmless
    extended : bytes that the header promises behind itself
    stride : bytes from one volume to the next
    images : number of two-dimensional images, where it holds those instead of a volume
    intervals : sampling of the cell along the sections (MZ), of which stacks of volumes are made
    space_group : of a crystal; 0 for none
    stacked : whether it says to be a stack of volumes, be it of one
    imod : whether IMOD wrote it
    format : 'MRC' or 'SPIDER'
    """

    shape: tuple[int, int, int]
    volumes: int
    dtype: np.dtype[Any]
    data_offset: int
    axes: tuple[int, int, int]
    voxel_size: tuple[float, float, float]
    nstart: tuple[int, int, int]
    origin: tuple[float, float, float]
    range: tuple[float, float] | None
    notes: tuple[str, ...]
    voxel_doubt: str = ""
    extended: int = 0
    stride: int = 0
    images: int = 0
    intervals: int = 0
    space_group: int = 0
    stacked: bool = False
    imod: bool = False
    format: str = "MRC"

    @property
    def values(self) -> int:
        """Number of values of one volume."""
        sections, rows, columns = self.shape
        return sections * rows * columns

    @property
    def bytes(self) -> int:
        """Number of bytes of one volume."""
        return self.values * self.dtype.itemsize


def parse_header(raw: bytes) -> Header:
    """Read the first 1024 bytes of an MRC/CCP4 file.

    Raises
    ------
    HeaderError
        if they are no such header, or one of a file that is not a density on an orthogonal grid.
    """
    if len(raw) < HEADER_BYTES:
        raise HeaderError(
            f"it ends after {len(raw)} bytes, within the 1024-byte header; the file is truncated "
            "or not an MRC/CCP4 map"
        )
    record = _in_plausible_byte_order(raw)
    mode = int(record["mode"])
    if mode in _REFUSED_MODES:
        raise HeaderError(f"mode {mode} holds {_REFUSED_MODES[mode]}, not a density")
    notes: list[str] = []
    columns, rows, sections = (int(record[n]) for n in ("nx", "ny", "nz"))
    axes = _axes(record, notes)
    _require_right_angles(record)
    volumes, sections = _split_stack(record, sections, axes[0])
    counts = {axes[0]: sections, axes[1]: rows, axes[2]: columns}
    voxels = _voxels(record, counts, notes)
    dtype = _dtype(record, mode, raw)
    group = int(record["ispg"])
    intervals = int(record["mz"])
    return Header(
        shape=(sections, rows, columns),
        volumes=volumes,
        dtype=dtype,
        data_offset=HEADER_BYTES + max(0, int(record["nsymbt"])),
        axes=axes,
        voxel_size=voxels.size,
        nstart=_nstart(record, axes),
        origin=_triple(record["origin"], "zyx"),
        range=_range(record),
        notes=tuple(notes),
        voxel_doubt=voxels.doubt,
        extended=int(record["nsymbt"]),
        stride=sections * rows * columns * dtype.itemsize,
        images=sections if group == 0 and intervals == 1 and sections > 1 else 0,
        intervals=intervals,
        space_group=group if group in _SPACE_GROUPS else 0,
        stacked=group in _VOLUME_STACK_ISPG,
        imod=_imod(record, raw) is not None,
    )


def header_words(raw: bytes) -> Iterator[tuple[str, str]]:
    """Every field of a header by its name in the format, as it is written there.

    Raises
    ------
    HeaderError
        if the bytes are no header.
    """
    record = _in_plausible_byte_order(raw)
    yield "byte order", {"<": "little-endian", ">": "big-endian"}[_byte_order(record)]
    for name in record.dtype.names or ():
        if name.startswith("extra") or name == "label":
            continue
        value = record[name]
        if value.dtype.names:
            said = ", ".join(f"{float(value[part]):g}" for part in value.dtype.names)
        elif value.dtype.kind == "S":
            said = printable(value.item().decode("latin-1"))
        else:
            said = " ".join(f"{one:g}" for one in np.atleast_1d(value))
        yield name.upper(), said
    for place in range(min(int(record["nlabl"]), _LABELS)):
        yield f"LABEL {place + 1}", printable(record["label"][place].decode("latin-1").strip())


def _in_plausible_byte_order(raw: bytes) -> NDArray[Any]:
    """The header in the byte order in which its numbers make sense; MACHST is often wrong."""
    for order in "<>":
        record = np.frombuffer(raw[:HEADER_BYTES], HEADER_DTYPE.newbyteorder(order))[0]
        sizes = [int(record[n]) for n in ("nx", "ny", "nz")]
        axes = sorted(int(record[n]) for n in ("mapc", "mapr", "maps"))
        known = int(record["mode"]) in _MODES or int(record["mode"]) in _REFUSED_MODES
        if known and all(0 < n < 2**20 for n in sizes) and all(0 <= a <= 3 for a in axes):
            return record  # type: ignore[no-any-return]
    raise HeaderError(
        "it has no valid MRC/CCP4 header (its sizes and mode make no sense in either byte order); "
        "give a .mrc, .map or .ccp4 file, plain or gzipped"
    )


def _axes(record: NDArray[Any], notes: list[str]) -> tuple[int, int, int]:
    stored = tuple(int(record[n]) for n in ("mapc", "mapr", "maps"))
    if stored == (0, 0, 0):
        notes.append("The header gives no axis order; columns, rows, sections = x, y, z assumed.")
        stored = (1, 2, 3)
    if sorted(stored) == [0, 1, 2]:
        notes.append(
            f"The header counts its axes from 0 (MAPC, MAPR, MAPS = {', '.join(map(str, stored))}) "
            "instead of from 1; that was taken into account."
        )
        stored = tuple(axis + 1 for axis in stored)
    if sorted(stored) != [1, 2, 3]:
        raise HeaderError(f"its axis order (MAPC, MAPR, MAPS = {stored}) is not a permutation")
    if stored != (1, 2, 3):
        notes.append(
            f"The file stores its axes in the order {','.join(map(str, stored))}; they were "
            "brought to x, y, z. Programs that ignore the order show this map rotated or mirrored."
        )
    columns, rows, sections = (3 - axis for axis in stored)
    return sections, rows, columns


def _sampling(
    record: NDArray[Any], counts: Mapping[int, int], notes: list[str]
) -> tuple[int, int, int]:
    """Grid intervals of the cell along z, y, x; the number of values where none is given."""
    sampling = []
    for direction, name in enumerate(("mz", "my", "mx")):
        intervals = int(record[name])
        if intervals <= 0:
            notes.append(f"{name.upper()} is {intervals}; the number of values was used instead.")
            intervals = counts[direction]
        sampling.append(intervals)
    z, y, x = sampling
    return z, y, x


def _voxels(record: NDArray[Any], counts: Mapping[int, int], notes: list[str]) -> VoxelReading:
    z, y, x = (float(record["cella"][axis]) for axis in "zyx")
    cell = (z, y, x) if np.isfinite((z, y, x)).all() else (0.0, 0.0, 0.0)
    sampling = _sampling(record, counts, notes)
    in_a_cell = int(record["ispg"]) in _SPACE_GROUPS or any(
        int(record[n]) for n in ("nxstart", "nystart", "nzstart")
    )
    reading = voxel_reading(cell, sampling, (counts[0], counts[1], counts[2]), in_a_cell=in_a_cell)
    if reading.note:
        notes.append(f"{reading.note[:1].upper()}{reading.note[1:]}")
    return reading


def _require_right_angles(record: NDArray[Any]) -> None:
    angles = [float(record["cellb"][n]) for n in ("alpha", "beta", "gamma")]
    if any(angle != 0 and not abs(angle - 90) <= _RIGHT_ANGLE_TOLERANCE for angle in angles):
        shown = ", ".join(f"{angle:g}" for angle in angles)
        raise HeaderError(
            f"its cell is not orthogonal (angles {shown}°), as in a crystal; distances in voxels "
            "mean nothing there: resample the map to an orthogonal grid first"
        )


def _split_stack(record: NDArray[Any], sections: int, along: int) -> tuple[int, int]:
    """Number of volumes, and of sections of one, where the header says to hold several."""
    if int(record["ispg"]) not in _VOLUME_STACK_ISPG:
        return 1, sections
    per_volume = int(record[("mz", "my", "mx")[along]])
    if per_volume <= 0 or sections % per_volume:
        raise HeaderError(
            f"it says to be a stack of volumes of {per_volume} sections each, but {sections} "
            "sections are no multiple of that"
        )
    return sections // per_volume, per_volume


def _dtype(record: NDArray[Any], mode: int, raw: bytes) -> np.dtype[Any]:
    kind = "u1" if mode == 0 and _bytes_are_unsigned(record, raw) else _MODES[mode]
    return np.dtype(_byte_order(record) + kind)


def _byte_order(record: NDArray[Any]) -> str:
    return record.dtype["nx"].str[0]


def _bytes_are_unsigned(record: NDArray[Any], raw: bytes) -> bool:
    """Mode 0 is signed in MRC2014, unsigned in older files: those of IMOD say which."""
    flags = _imod(record, raw)
    if flags is not None:
        return not flags & _IMOD_SIGNED_BYTES
    return float(record["dmin"]) >= 0 and 127 < float(record["dmax"]) <= 255


def _imod(record: NDArray[Any], raw: bytes) -> int | None:
    """The flags of a file that IMOD wrote; None for others."""
    integer = _byte_order(record) + "i4"
    stamp, flags = np.frombuffer(raw, integer, count=2, offset=_IMOD_STAMP_OFFSET)
    return int(flags) if stamp == _IMOD_STAMP else None


def _nstart(record: NDArray[Any], axes: tuple[int, int, int]) -> tuple[int, int, int]:
    by_direction = dict(
        zip(axes, (int(record[n]) for n in ("nzstart", "nystart", "nxstart")), strict=True)
    )
    return by_direction[0], by_direction[1], by_direction[2]


def _range(record: NDArray[Any]) -> tuple[float, float] | None:
    """DMIN and DMAX; writers that did not measure them set DMAX below DMIN, or both to 0."""
    lowest, highest = float(record["dmin"]), float(record["dmax"])
    return (lowest, highest) if lowest < highest else None


def _triple(record: NDArray[Any], names: str) -> tuple[float, float, float]:
    a, b, c = (float(record[n]) if np.isfinite(record[n]) else 0.0 for n in names)
    return a, b, c
