"""Every slice of a map on one sheet, small enough to travel inside a page."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vrs_scipion.figures.panels import Window, robust_window
from vrs_scipion.figures.slices import central_indices, max_variance_indices, slice_panels
from vrs_scipion.maps.density import Mask, Triple, Volume

LARGEST = 256
"""Voxels along an edge; larger maps are averaged over cubes."""
SHEET = 4096
"""Pixels along an edge of the sheet, what every browser can hold."""
BYTES = 3_500_000
"""The sheet of grey values is compressed until it is at most this large, within reason."""

_QUALITIES = (82, 68, 52, 40)


@dataclass(frozen=True)
class SliceAtlas:
    """The z slices of a map, tile by tile, row by row, each with y = 0 at its top.

    Attributes
    ----------
    density, mask : the sheets as data URIs; grey from 0 to 255, and black and white
    box : number of voxels along z, y, x, after averaging
    columns : tiles in a row of the sheet
    voxel_size : Å along z, y, x, after averaging
    binning : edge, in voxels of the map, of the cubes that were averaged
    window : density of black and white, in the map's unit
    start : indices of the slices to begin with, along z, y, x
    """

    density: str
    mask: str
    box: tuple[int, int, int]
    columns: int
    voxel_size: Triple
    binning: int
    window: Window
    start: tuple[int, int, int]


def slice_atlas(volume: Volume, mask: Mask, voxel_size: Triple) -> SliceAtlas:
    """Lay the slices of a map and of its mask out on two sheets.

    Parameters
    ----------
    volume : array, shape (nz, ny, nx)
    mask : bool array of the same shape
    voxel_size : Å along z, y, x

    Returns
    -------
    SliceAtlas
    """
    binning = _binning(volume.shape)
    small = _cubes(volume, binning).mean(axis=(1, 3, 5), dtype=np.float32)
    inside = _cubes(mask, binning).any(axis=(1, 3, 5))
    window = _window(small, voxel_size)
    grey = np.clip((small - window[0]) * (255 / (window[1] - window[0])), 0, 255)
    columns = _columns(small.shape)
    nz, ny, nx = small.shape
    z, y, x = max_variance_indices(inside) if inside.any() else central_indices(small.shape)
    return SliceAtlas(
        density=_jpeg(_sheet(np.rint(grey).astype(np.uint8), columns)),
        mask=_png(_sheet(inside, columns)),
        box=(nz, ny, nx),
        columns=columns,
        voxel_size=tuple(size * binning for size in voxel_size),  # type: ignore[arg-type]
        binning=binning,
        window=window,
        start=(z, y, x),
    )


def _binning(box: tuple[int, ...]) -> int:
    binning = math.ceil(max(box) / LARGEST)
    while _too_large(tuple(-(-n // binning) for n in box)):
        binning += 1
    return binning


def _columns(box: tuple[int, ...]) -> int:
    nz, ny, nx = box
    return min(nz, max(1, SHEET // nx), max(1, math.ceil(math.sqrt(nz * ny / nx))))


def _too_large(box: tuple[int, ...]) -> bool:
    nz, ny, nx = box
    columns = _columns(box)
    return columns * nx > SHEET or math.ceil(nz / columns) * ny > SHEET


def _cubes(volume: NDArray[Any], binning: int) -> NDArray[Any]:
    """The volume as (z, in, y, in, x, in), its last voxels repeated to fill the last cubes."""
    padded = np.pad(volume, [(0, -n % binning) for n in volume.shape], mode="edge")
    nz, ny, nx = (n // binning for n in padded.shape)
    return padded.reshape(nz, binning, ny, binning, nx, binning)


def _window(volume: Volume, voxel_size: Triple) -> Window:
    """The grey window of the report's own slices."""
    panels = slice_panels(volume, voxel_size, max_variance_indices(volume))
    return robust_window([panel.image for panel in panels])


def _sheet(volume: NDArray[Any], columns: int) -> NDArray[Any]:
    nz, ny, nx = volume.shape
    rows = math.ceil(nz / columns)
    tiles = np.zeros((rows * columns, ny, nx), volume.dtype)
    tiles[:nz] = volume
    sheet: NDArray[Any] = tiles.reshape(rows, columns, ny, nx).swapaxes(1, 2)
    return sheet.reshape(rows * ny, columns * nx)


def _jpeg(sheet: NDArray[np.uint8]) -> str:
    image = Image.fromarray(sheet)
    for quality in _QUALITIES:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        if stream.tell() <= BYTES:
            break
    return _data_uri("image/jpeg", stream.getvalue())


def _png(sheet: NDArray[np.bool_]) -> str:
    stream = io.BytesIO()
    Image.fromarray(sheet).convert("1").save(stream, "PNG", optimize=False)
    return _data_uri("image/png", stream.getvalue())


def _data_uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
