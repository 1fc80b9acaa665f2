"""The header of an MRC/CCP4 file, read with its contradictions named.

The format: Cheng et al. 2015, doi 10.1016/j.jsb.2015.04.002 (MRC2014); CCP4 and older EM dialects
differ in the ways that this module accepts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from numpy.typing import NDArray

HEADER_BYTES = 1024

_MODES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
_REFUSED_MODES = {
    3: "complex 16-bit integers (a transform)",
    4: "complex numbers (a transform)",
    101: "4-bit integers",
}
_IMOD_STAMP = 1146047817
_IMOD_SIGNED_BYTES = 1
_RIGHT_ANGLE_TOLERANCE = 0.01
_VOLUME_STACK_ISPG = range(401, 631)
_IMOD_STAMP_OFFSET = 152


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
    voxel_size : Å along z, y, x; 0 where the header gives none
    nstart : first index along z, y, x
    origin : Å along z, y, x
    range : minimum and maximum that the header gives, or None where it gives none
    notes : sentences about what is odd but harmless
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
    counts = {axes[0]: sections, axes[1]: rows, axes[2]: columns}
    sampling = _sampling(record, counts, notes)
    _require_right_angles(record)
    volumes, sections = _split_stack(record, sections, sampling[axes[0]], notes)
    extended = int(record["nsymbt"])
    if extended < 0:
        raise HeaderError(f"its header promises an extended header of {extended} bytes")
    return Header(
        shape=(sections, rows, columns),
        volumes=volumes,
        dtype=_dtype(record, mode, raw, notes),
        data_offset=HEADER_BYTES + extended,
        axes=axes,
        voxel_size=_voxel_size(record, sampling),
        nstart=_nstart(record, axes),
        origin=_triple(record["origin"], "zyx"),
        range=_range(record),
        notes=tuple(notes),
    )


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
    record: NDArray[Any], counts: dict[int, int], notes: list[str]
) -> tuple[int, int, int]:
    """Grid intervals of the cell along z, y, x; the number of values where none is given."""
    sampling = []
    for direction, name in enumerate(("mz", "my", "mx")):
        intervals = int(record[name])
        if intervals <= 0:
            notes.append(f"{name.upper()} is {intervals}; the number of values was used instead.")
            intervals = counts[direction]
        sampling.append(intervals)
    given = {d: sampling[d] for d in range(3)}
    if given != counts and sorted(given.values()) == sorted(counts.values()):
        notes.append(
            f"The cell's sampling along x, y, z ({given[2]}, {given[1]}, {given[0]}) contradicts "
            f"the number of values ({counts[2]}, {counts[1]}, {counts[0]}); the values were taken "
            "as stored and the voxel size as cell / sampling."
        )
    z, y, x = sampling
    return z, y, x


def _require_right_angles(record: NDArray[Any]) -> None:
    angles = [float(record["cellb"][n]) for n in ("alpha", "beta", "gamma")]
    if any(angle != 0 and not abs(angle - 90) <= _RIGHT_ANGLE_TOLERANCE for angle in angles):
        shown = ", ".join(f"{angle:g}" for angle in angles)
        raise HeaderError(
            f"its cell is not orthogonal (angles {shown}°), as in a crystal; distances in voxels "
            "mean nothing there: resample the map to an orthogonal grid first"
        )


def _split_stack(
    record: NDArray[Any], sections: int, per_volume: int, notes: list[str]
) -> tuple[int, int]:
    if int(record["ispg"]) not in _VOLUME_STACK_ISPG:
        return 1, sections
    if sections % per_volume:
        raise HeaderError(
            f"it says to be a stack of volumes of {per_volume} sections each, but {sections} "
            "sections are no multiple of that"
        )
    volumes = sections // per_volume
    if volumes > 1:
        notes.append(f"The file is a stack of {volumes} volumes; the first was validated.")
    return volumes, per_volume


def _dtype(record: NDArray[Any], mode: int, raw: bytes, notes: list[str]) -> np.dtype[Any]:
    kind = _MODES[mode]
    if mode == 0 and _bytes_are_unsigned(record, raw):
        notes.append("The 8-bit values are unsigned, as the header's own statistics say.")
        kind = "u1"
    return np.dtype(_byte_order(record) + kind)


def _byte_order(record: NDArray[Any]) -> str:
    return record.dtype["nx"].str[0]


def _bytes_are_unsigned(record: NDArray[Any], raw: bytes) -> bool:
    """Mode 0 is signed in MRC2014, unsigned in older files: those of IMOD say which."""
    integer = _byte_order(record) + "i4"
    stamp, flags = np.frombuffer(raw, integer, count=2, offset=_IMOD_STAMP_OFFSET)
    if stamp == _IMOD_STAMP:
        return not flags & _IMOD_SIGNED_BYTES
    return float(record["dmin"]) >= 0 and 127 < float(record["dmax"]) <= 255


def _voxel_size(record: NDArray[Any], sampling: tuple[int, int, int]) -> tuple[float, float, float]:
    """Cell / sampling, to the six digits that the header's float32 numbers hold."""
    z, y, x = (
        float(f"{float(record['cella'][axis]) / intervals:.6g}")
        for axis, intervals in zip("zyx", sampling, strict=True)
    )
    return tuple(s if np.isfinite(s) else 0.0 for s in (z, y, x))  # type: ignore[return-value]


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
