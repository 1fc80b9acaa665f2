"""The surface of a map as a mesh of few triangles, with the values that can colour it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import mrcfile
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from skimage.measure import marching_cubes
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkQuadricDecimation

from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.isosurface.block import Block, check_surface, read_block
from vrs_scipion.figures.isosurface.colouring import BLANK, grown, palette
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.results.model import SurfaceColours

CROSSINGS = 90_000
"""Half of the triangles before they are thinned out; above it the map is averaged over cubes."""
TRIANGLES = 90_000
"""Left after the thinning, so that corners can be counted in 16 bits."""

_LARGEST = 300
_STEPS = 65_535
_PALETTE_SAMPLES = 33

Points = NDArray[np.float64]
Faces = NDArray[np.int64]


@dataclass(frozen=True)
class Paint:
    """A value at each corner of the mesh: 0 for none, 1 to 255 from ``low`` to ``high``."""

    label: str
    low: float
    high: float
    values: str


@dataclass(frozen=True)
class SurfaceMesh:
    """A mesh whose numbers are packed as base64 of little-endian integers.

    Attributes
    ----------
    corners : uint16 x, y, z of each corner, in steps of ``step`` Å from ``origin``
    triangles : uint16 indices of corners, three for each triangle, counter-clockwise from outside
    origin, step : Å along x, y, z, and of all axes
    paints : what it can be coloured by
    palette : colours from the lowest to the highest value
    blank : colour where there is no value
    contour, binning : level of the surface, and edge of the cubes that were averaged, in voxels
    """

    corners: str
    triangles: str
    origin: tuple[float, float, float]
    step: float
    paints: tuple[Paint, ...]
    palette: tuple[str, ...]
    blank: str
    contour: float
    binning: int


def surface_mesh(
    entry: Entry,
    colours: Sequence[tuple[SurfaceColours, Path]] = (),
) -> SurfaceMesh:
    """Make the mesh of a prepared map's surface at its contour level.

    Parameters
    ----------
    entry : the prepared inputs
    colours : the colours of each figure of the surface, and the folder of its volume

    Returns
    -------
    SurfaceMesh

    Raises
    ------
    ValueError
        If no voxel is above the contour.
    """
    path = entry.map_path
    check_surface(path, entry.contour)
    block = read_block(path, entry.contour, largest=_LARGEST, crossings=CROSSINGS)
    corners, faces = _thinned(*_surface(block, entry.contour))
    origin = corners.min(axis=0)
    step = float((corners.max(axis=0) - origin).max()) / _STEPS or 1.0
    masks = _Masks(entry)
    x, y, z = origin.tolist()
    return SurfaceMesh(
        corners=_packed(np.rint((corners - origin) / step), "<u2"),
        triangles=_packed(faces, "<u2"),
        origin=(x, y, z),
        step=step,
        paints=tuple(_paint(how, of / how.volume, corners, masks) for how, of in colours),
        palette=tuple(
            matplotlib.colors.to_hex(palette()(share))
            for share in np.linspace(0, 1, _PALETTE_SAMPLES)
        ),
        blank=BLANK,
        contour=entry.contour,
        binning=block.binning,
    )


def _surface(block: Block, contour: float) -> tuple[Points, Faces]:
    """Corners (x, y, z in Å) and triangles, seen counter-clockwise from outside."""
    corners, faces, _, _ = marching_cubes(block.values, contour, spacing=block.spacing)
    return (corners + block.origin)[:, ::-1].astype(np.float64), faces.astype(np.int64)


def _thinned(corners: Points, faces: Faces) -> tuple[Points, Faces]:
    if len(faces) <= TRIANGLES and len(corners) <= _STEPS:
        return corners, faces
    decimation = vtkQuadricDecimation()
    decimation.SetInputData(_poly_data(corners, faces))
    decimation.SetTargetReduction(1 - TRIANGLES / len(faces))
    decimation.VolumePreservationOn()
    decimation.Update()
    thin = decimation.GetOutput()
    points = np.asarray(vtk_to_numpy(thin.GetPoints().GetData()), dtype=np.float64)
    left = np.asarray(vtk_to_numpy(thin.GetPolys().GetConnectivityArray())).reshape(-1, 3)
    used, renumbered = np.unique(left, return_inverse=True)
    kept, triangles = points[used], renumbered.reshape(-1, 3).astype(np.int64)
    return (kept, triangles) if len(kept) <= _STEPS else _first_corners(kept, triangles)


def _first_corners(corners: Points, faces: Faces) -> tuple[Points, Faces]:
    """What 16 bits can count: of very many separate specks, the last are left out."""
    return corners[: _STEPS + 1], faces[(faces <= _STEPS).all(axis=1)]


def _poly_data(corners: Points, faces: Faces) -> Any:
    points = vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(corners, dtype=np.float32), deep=True))
    cells = vtkCellArray()
    offsets = np.arange(0, 3 * len(faces) + 1, 3, dtype=np.int64)
    cells.SetData(
        numpy_to_vtkIdTypeArray(offsets, deep=True),
        numpy_to_vtkIdTypeArray(np.ascontiguousarray(faces).ravel(), deep=True),
    )
    mesh = vtkPolyData()
    mesh.SetPoints(points)
    mesh.SetPolys(cells)
    return mesh


@dataclass(frozen=True)
class _Masks:
    """The masks of an entry, found by the box that they belong to."""

    entry: Entry

    def of(self, box: tuple[int, ...]) -> Mask | None:
        resized = self.entry.map.resized
        if resized is not None and resized.hard_mask is not None and box == tuple(resized.box):
            return self.entry.resized_hard_mask()
        return self.entry.hard_mask() if box == tuple(self.entry.box) else None

    @property
    def origin(self) -> Triple:
        return self.entry.map.origin


def _paint(how: SurfaceColours, path: Path, corners: Points, masks: _Masks) -> Paint:
    values = _values_at(path, corners, masks)
    span = how.high - how.low or 1.0
    shares = 1 + 254 * np.clip((values - how.low) / span, 0, 1)
    steps = np.where(np.isfinite(values), np.rint(np.nan_to_num(shares)), 0)
    return Paint(how.label, how.low, how.high, _packed(steps, "u1"))


def _values_at(path: Path, corners: Points, masks: _Masks) -> Points:
    """A volume's values at corners given in Å from the map's first voxel; NaN where it has none."""
    with mrcfile.open(path, mode="r") as mrc:
        values: Volume = np.array(mrc.data, dtype=np.float32)
        size, origin = mrc.voxel_size, mrc.header.origin
        step = np.array([float(size.z), float(size.y), float(size.x)])
        start = np.array([float(origin.z), float(origin.y), float(origin.x)]) - masks.origin
    mask = masks.of(values.shape)
    if mask is not None:
        values[~mask] = np.nan
    places = (corners[:, ::-1] - start) / step
    first = np.maximum(np.floor(places.min(axis=0)).astype(int) - 1, 0)
    last = np.floor(places.max(axis=0)).astype(int) + 3
    window = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
    sampled: Points = map_coordinates(
        grown(values[window]), (places - first).T, output=np.float64, order=1, mode="nearest"
    )
    return sampled


def _packed(numbers: Any, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers).astype(kind).tobytes()).decode("ascii")


def colour_sources(
    figures: Sequence[tuple[SurfaceColours | None, str]], folders: Mapping[str, Path]
) -> list[tuple[SurfaceColours, Path]]:
    """The colours whose volume is really there, with its folder."""
    return [
        (how, folders[owner])
        for how, owner in figures
        if how is not None and (folders[owner] / how.volume).is_file()
    ]
