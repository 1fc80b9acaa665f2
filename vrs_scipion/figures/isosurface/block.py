"""The part of a map that holds its surface, small enough to be drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import mrcfile
import numpy as np

from vrs_scipion.maps.density import Mask, Triple, Volume


@dataclass(frozen=True)
class Block:
    """A part of a map, with a border outside of the surface, so that the surface is closed.

    Attributes
    ----------
    values : float32 array, shape (nz, ny, nx)
    spacing : Å between voxels along z, y, x
    origin : Å from the map's first voxel to the block's first voxel, along z, y, x
    binning : edge, in voxels of the map, of the cubes whose mean a value is
    """

    values: Volume
    spacing: Triple
    origin: Triple
    binning: int


def check_surface(map_path: Path, contour: float) -> None:
    """Raise ValueError if no voxel of an MRC file is above the contour."""
    with mrcfile.mmap(map_path, mode="r") as mrc:
        largest = float(mrc.data.max())
    if not largest > contour:
        raise ValueError(
            f"{map_path.name} has no surface at the contour level {contour:g}: "
            f"its largest value is {largest:g}."
        )


def read_block(map_path: Path, contour: float, *, largest: int, crossings: int) -> Block:
    """Read what is needed of a map to draw its surface at `contour`.

    Empty margins are cut away, which costs nothing in fidelity. Only if the rest is still larger
    than the engine can draw, the map is averaged over cubes of voxels.

    Parameters
    ----------
    map_path : MRC file, in z, y, x order, that passes `check_surface`
    contour : in the map's unit
    largest : greatest number of voxels along an axis
    crossings : greatest number of neighbouring voxels with the surface between them, about half
        the number of triangles

    Returns
    -------
    Block
    """
    with mrcfile.mmap(map_path, mode="r") as mrc:
        step = mrc.voxel_size
        voxel_size = (float(step.z), float(step.y), float(step.x))
        inside = mrc.data >= contour
        window = _bounding_window(inside)
        values = np.array(mrc.data[window], dtype=np.float32)
    binning = _binning(inside[window], largest, crossings)
    return _block(values, contour, binning, voxel_size, [w.start for w in window])


def _bounding_window(inside: Mask) -> tuple[slice, ...]:
    window = []
    for axis, n in enumerate(inside.shape):
        others = tuple(other for other in range(3) if other != axis)
        hits = np.flatnonzero(inside.any(axis=others))
        window.append(slice(max(int(hits[0]) - 1, 0), min(int(hits[-1]) + 2, n)))
    return tuple(window)


def _binning(inside: Mask, largest: int, crossings: int) -> int:
    crossed = sum(int(np.count_nonzero(np.diff(inside, axis=axis))) for axis in range(3))
    return max(math.ceil(max(inside.shape) / largest), math.ceil(math.sqrt(crossed / crossings)))


def _block(
    values: Volume, contour: float, binning: int, voxel_size: Triple, start: list[int]
) -> Block:
    averaged = _average(values, binning)
    while binning > 1 and not averaged.max() > contour:  # specks that the average wiped out
        binning -= 1
        averaged = _average(values, binning)
    outside = min(float(averaged.min()), 2 * contour - float(averaged.max()))
    z, y, x = voxel_size
    oz, oy, ox = (
        (first + (binning - 1) / 2 - binning) * size
        for first, size in zip(start, voxel_size, strict=True)
    )
    return Block(
        values=np.pad(averaged, 1, constant_values=outside),
        spacing=(binning * z, binning * y, binning * x),
        origin=(oz, oy, ox),
        binning=binning,
    )


def _average(values: Volume, binning: int) -> Volume:
    if binning == 1:
        return values
    padded = np.pad(values, [(0, -n % binning) for n in values.shape], mode="edge")
    nz, ny, nx = (n // binning for n in padded.shape)
    cubes = padded.reshape(nz, binning, ny, binning, nx, binning)
    averaged: Volume = cubes.mean(axis=(1, 3, 5), dtype=np.float32)
    return averaged
