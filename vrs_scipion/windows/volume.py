"""A volume on disk that can be looked at before it is read.

Its planes come at once from a coarse copy, and from the file itself as soon as the whole of it
has been read once (by ``warm``, in another thread) and so lies in the system's memory.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple

COARSE = 128
"""A coarse copy has at most this many voxels along an axis."""

_SLAB_BYTES = 1 << 25
_SAMPLE = 200_000
_AXES = {0: (1, 2), 1: (0, 2), 2: (0, 1)}

Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Frame:
    """Where voxels lie: box, size of a voxel and place of the first one's middle, in z, y, x, Å."""

    box: tuple[int, int, int]
    voxel_size: Triple
    start: Triple

    def index(self, axis: int, position: float) -> int:
        """Voxel nearest to a position in Å."""
        nearest = round((position - self.start[axis]) / self.voxel_size[axis])
        return min(max(nearest, 0), self.box[axis] - 1)

    def position(self, axis: int, index: float) -> float:
        """Å of a voxel's middle."""
        return self.start[axis] + index * self.voxel_size[axis]

    def positions(self, axis: int) -> NDArray[np.float64]:
        """Å of the middles of all voxels along an axis."""
        return self.start[axis] + np.arange(self.box[axis]) * self.voxel_size[axis]

    def span(self, axis: int) -> tuple[float, float]:
        """Å of the two faces of the box."""
        half = self.voxel_size[axis] / 2
        return self.start[axis] - half, self.position(axis, self.box[axis] - 1) + half


@dataclass(frozen=True)
class Cut:
    """A plane through a volume.

    Attributes
    ----------
    values : float32, (vertical, horizontal), the first row at the bottom; NaN beyond the box
    vertical, horizontal : Å of its outer edges
    """

    values: Plane
    vertical: tuple[float, float]
    horizontal: tuple[float, float]


class LazyVolume:
    """A volume whose planes are there at once, coarse until ``warm`` has run.

    Parameters
    ----------
    path : MRC file, axes in z, y, x order

    Raises
    ------
    OSError, ValueError
        if the file is not there or no MRC file.
    """

    def __init__(self, path: Path) -> None:
        with mrcfile.mmap(path, mode="r") as mrc:
            self._data: NDArray[Any] = mrc.data
            step, origin, first = mrc.voxel_size, mrc.header.origin, mrc.nstart
            size = (float(step.z), float(step.y), float(step.x))
            start = (float(origin.z), float(origin.y), float(origin.x))
            self._nstart = (int(first.z), int(first.y), int(first.x))
        nz, ny, nx = self._data.shape
        self.frame = Frame((nz, ny, nx), size, start)
        self.binning = max(1, math.ceil(max(self._data.shape) / COARSE))
        self.fine = self.binning == 1
        self._coarse = self._data if self.fine else _thinned(self._data, self.binning)
        self._coarse_frame = self.frame if self.fine else _coarser(self.frame, self.binning)
        self._coarse_frame = _with_box(self._coarse_frame, self._coarse.shape)

    @property
    def world_start(self) -> Triple:
        """Where ChimeraX and Coot put the first voxel, z, y, x in Å: at ORIGIN, else at NSTART."""
        if any(self.frame.start):
            return self.frame.start
        z, y, x = (n * s for n, s in zip(self._nstart, self.frame.voxel_size, strict=True))
        return z, y, x

    def warm(
        self,
        stopped: Callable[[], bool] = lambda: False,
        told: Callable[[float], None] | None = None,
    ) -> bool:
        """Read the whole file once; from then on every plane comes from it.

        Parameters
        ----------
        stopped : asked between two parts; True ends the reading
        told : hears which share has been read

        Returns
        -------
        bool
            Whether the whole file was read.
        """
        if self.fine:
            return True
        planes = max(1, _SLAB_BYTES // max(1, self._data[0].nbytes))
        for first in range(0, len(self._data), planes):
            if stopped():
                return False
            self._data[first : first + planes].max()
            if told is not None:
                told(min(1.0, (first + planes) / len(self._data)))
        self.fine = True
        return True

    def cut(self, axis: int, position: float) -> Cut:
        """The plane across ``axis`` (0 z, 1 y, 2 x) that is nearest to a position in Å."""
        data, frame = self._at_hand()
        values = np.take(data, frame.index(axis, position), axis=axis).astype(np.float32)
        down, right = _AXES[axis]
        return Cut(values, frame.span(down), frame.span(right))

    def cut_like(
        self, axis: int, position: float, rows: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> Plane:
        """The values nearest to the points of a plane of another volume.

        Parameters
        ----------
        axis, position : of the plane, the position in Å
        rows, columns : Å of its points, from the bottom up and from left to right

        Returns
        -------
        float32 (rows, columns), NaN where this volume has no voxel.
        """
        data, frame = self._at_hand()
        low, high = frame.span(axis)
        if not low <= position <= high:
            return np.full((rows.size, columns.size), np.nan, np.float32)
        plane = np.take(data, frame.index(axis, position), axis=axis)
        down, right = _AXES[axis]
        r, inside_r = _nearest(frame, down, rows)
        c, inside_c = _nearest(frame, right, columns)
        values: Plane = plane[np.ix_(r, c)].astype(np.float32)
        values[~inside_r] = np.nan
        values[:, ~inside_c] = np.nan
        return values

    def whole(self) -> NDArray[np.float32]:
        """All of the values, in memory."""
        return np.array(self._data, dtype=np.float32)

    def at(self, point: Triple) -> float | None:
        """Value of the voxel nearest to a point (z, y, x in Å); None outside of the box."""
        spans = [self.frame.span(axis) for axis in range(3)]
        if not all(low <= p <= high for p, (low, high) in zip(point, spans, strict=True)):
            return None
        z, y, x = (self.frame.index(axis, p) for axis, p in enumerate(point))
        return float(self._data[z, y, x])

    def sample(self) -> NDArray[np.float32]:
        """Some of the values, evenly picked from the copy at hand: for ranges and histograms."""
        values = self._coarse.reshape(-1)
        step = max(1, values.size // _SAMPLE)
        return np.asarray(values[::step], dtype=np.float32)

    def _at_hand(self) -> tuple[NDArray[Any], Frame]:
        return (self._data, self.frame) if self.fine else (self._coarse, self._coarse_frame)


class Shelf:
    """The volumes that were asked for, each opened once; safe to be used by several threads."""

    def __init__(self) -> None:
        self._volumes: dict[Path, LazyVolume] = {}
        self._lock = threading.Lock()

    def get(self, path: Path) -> LazyVolume:
        """The volume in a file."""
        with self._lock:
            if path not in self._volumes:
                self._volumes[path] = LazyVolume(path)
            return self._volumes[path]


def other_axes(axis: int) -> tuple[int, int]:
    """The axes that run up and to the right in a plane across ``axis``."""
    return _AXES[axis]


def _thinned(data: NDArray[Any], binning: int) -> Plane:
    """Every so many-th plane, averaged within itself: reads a part of the file, in one go each."""
    thick = data[binning // 2 :: binning]
    rows, columns = (n - n % binning for n in data.shape[1:])
    thin = np.empty((len(thick), rows // binning, columns // binning), np.float32)
    for plane, out in zip(thick, thin, strict=True):
        whole = np.asarray(plane[:rows, :columns], dtype=np.float32)
        sums = whole.reshape(rows // binning, binning, columns).sum(axis=1)
        # sums of strided columns are many times faster than those along a short last axis
        out[:] = sum(sums[:, first::binning] for first in range(binning)) / binning**2
    return thin


def _coarser(frame: Frame, binning: int) -> Frame:
    z, y, x = (size * binning for size in frame.voxel_size)
    middle = (binning - 1) / 2
    start = (
        frame.position(0, binning // 2),
        frame.position(1, middle),
        frame.position(2, middle),
    )
    return Frame(frame.box, (z, y, x), start)


def _with_box(frame: Frame, box: tuple[int, ...]) -> Frame:
    nz, ny, nx = box
    return Frame((nz, ny, nx), frame.voxel_size, frame.start)


def _nearest(
    frame: Frame, axis: int, positions: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    exact = np.rint((positions - frame.start[axis]) / frame.voxel_size[axis])
    inside = (exact >= 0) & (exact < frame.box[axis])
    return np.clip(exact, 0, frame.box[axis] - 1).astype(np.intp), inside
