"""MRC files in every dialect, written byte by byte so that the reader is not its own judge."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from numpy.typing import NDArray

MODES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}


def mrc_bytes(
    values: NDArray[Any],
    *,
    mode: int = 2,
    order: str = "<",
    axes: Sequence[int] = (1, 2, 3),
    voxel_size: tuple[float, float, float] = (1.0, 1.0, 1.0),
    nstart: tuple[int, int, int] = (0, 0, 0),
    extended: bytes = b"",
    header: dict[str, Any] | None = None,
) -> bytes:
    """A file that holds ``values`` (z, y, x) with columns, rows, sections along ``axes``.

    ``voxel_size`` and ``nstart`` run along z, y, x; ``header`` overwrites fields at the end.
    """
    columns, rows, sections = (3 - axis for axis in axes)
    stored = values.transpose(sections, rows, columns)
    record = np.zeros((), HEADER_DTYPE.newbyteorder(order))
    record["nz"], record["ny"], record["nx"] = stored.shape
    record["mz"], record["my"], record["mx"] = values.shape
    record["mode"] = mode
    record["mapc"], record["mapr"], record["maps"] = axes
    record["nxstart"], record["nystart"], record["nzstart"] = (
        nstart[direction] for direction in (columns, rows, sections)
    )
    for n, s, axis in zip(values.shape, voxel_size, "zyx", strict=True):
        record["cella"][axis] = n * s
    for angle in ("alpha", "beta", "gamma"):
        record["cellb"][angle] = 90
    record["ispg"] = 1
    record["nsymbt"] = len(extended)
    record["map"] = b"MAP "
    record["machst"] = (0x44, 0x44, 0, 0) if order == "<" else (0x11, 0x11, 0, 0)
    for name, value in (header or {}).items():
        record[name] = value
    data = np.ascontiguousarray(stored).astype(np.dtype(order + MODES[mode]))
    return record.tobytes() + extended + data.tobytes()


def spider_bytes(values: NDArray[Any], order: str = "<", voxel: float = 0.0) -> bytes:
    """A SPIDER volume that holds ``values`` (z, y, x); ``voxel`` in Å, 0 for none."""
    sections, rows, columns = values.shape
    records = -(-1024 // (4 * columns))
    words = np.zeros(records * columns, f"{order}f4")
    for place, value in (
        (1, sections),
        (2, rows),
        (3, rows + records),
        (5, 3 if sections > 1 else 1),
        (12, columns),
        (13, records),
        (22, 4 * records * columns),
        (23, 4 * columns),
        (38, voxel),
    ):
        words[place - 1] = value
    return words.tobytes() + values.astype(f"{order}f4").tobytes()


def write(path: Path, content: bytes) -> Path:
    """Write ``content``, gzipped where the name says so."""
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    return path


def ramp(shape: tuple[int, int, int] = (8, 9, 10)) -> NDArray[np.float32]:
    """Small integers, different at every voxel that matters, exact in every mode."""
    return (np.arange(np.prod(shape)).reshape(shape) % 101).astype(np.float32)
