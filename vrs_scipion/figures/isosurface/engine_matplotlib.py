"""The engine that needs no OpenGL: a coarse mesh, its triangles painted from back to front."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from skimage.measure import marching_cubes

from vrs_scipion.figures import style
from vrs_scipion.figures.isosurface.block import Block, read_block
from vrs_scipion.figures.isosurface.colouring import Colouring, colours_at
from vrs_scipion.figures.isosurface.engine import PIXELS, Images, Rendering
from vrs_scipion.figures.isosurface.views import VIEWS, Angles, Frame, frame_around, rotation_matrix

NAME = "matplotlib"
LARGEST = 128
CROSSINGS = 150_000

_LIGHT = np.array((-0.45, 0.6, 0.75)) / np.linalg.norm((-0.45, 0.6, 0.75))
_AMBIENT = 0.35
_FOG = 0.45
_COLOURED_AMBIENT = 0.6
_COLOURED_FOG = 0.15
"""Shadows and fog are weaker on colours that stand for numbers."""
_SEAM = 0.2
_COLOURED_SEAM = 0.5
"""Points by which triangles reach over the gaps between them, which would bleach the colours."""

_BACKSIDE = -0.4
"""Triangles whose normal points further away from us than this are hidden by others."""

Points = NDArray[np.float64]


@dataclass(frozen=True)
class _Paint:
    """Colours of the triangles, or one for all, and how shadow, fog and gaps change them."""

    colours: NDArray[np.float64]
    ambient: float
    fog: float
    seam: float


def render(
    map_path: Path,
    contour: float,
    folder: Path,
    timeout_s: float,
    colouring: Colouring | None = None,
) -> Rendering:
    """Draw the surface of `map_path` at `contour`.

    Parameters
    ----------
    map_path : MRC file, in z, y, x order
    contour : in the map's unit
    folder, timeout_s : not used: no program is run, and the mesh is drawn in seconds
    colouring : the values that the surface shows; by default none

    Returns
    -------
    Rendering
    """
    block = read_block(map_path, contour, largest=LARGEST, crossings=CROSSINGS)
    triangles, normals = surface_triangles(block, contour)
    corners = triangles.reshape(-1, 3)
    frame = frame_around(corners.min(axis=0), corners.max(axis=0))
    paint = _paint(corners, colouring)
    images = np.stack([_draw(triangles, normals, paint, frame, angles) for angles in VIEWS])
    return Rendering(
        images=images,
        angstrom_per_pixel=2 * frame.half / PIXELS,
        binning=block.binning,
        engine=NAME,
        version=matplotlib.__version__,
    )


def surface_triangles(block: Block, contour: float) -> tuple[Points, Points]:
    """Return the triangles of a block's surface and their normals, which point outwards.

    Parameters
    ----------
    block : part of a map
    contour : in the map's unit

    Returns
    -------
    triangles : array, shape (n, 3 corners, 3), x, y, z in Å
    normals : array, shape (n, 3), of length 1
    """
    corners, faces, _, _ = marching_cubes(block.values, contour, spacing=block.spacing)
    corners = (corners + block.origin)[:, ::-1].astype(np.float64)
    triangles = corners[faces]
    across = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    smooth = _mean_at_corners(across, faces, len(corners))[faces].mean(axis=1)
    return triangles, smooth / np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-12)


def _mean_at_corners(across: Points, faces: NDArray[np.int32], corners: int) -> Points:
    """Return, at each corner, the direction of the triangles around it, weighted by area."""
    sums = [
        np.bincount(faces.ravel(), weights=np.repeat(part, 3), minlength=corners)
        for part in across.T
    ]
    return np.stack(sums, axis=1)


def _paint(corners: Points, colouring: Colouring | None) -> _Paint:
    if colouring is None:
        return _Paint(np.minimum(1.1 * np.array(to_rgb(style.SURFACE)), 1), _AMBIENT, _FOG, _SEAM)
    middles = corners.reshape(-1, 3, 3).mean(axis=1)
    colours = colours_at(colouring, middles)
    return _Paint(colours, _COLOURED_AMBIENT, _COLOURED_FOG, _COLOURED_SEAM)


def _draw(
    triangles: Points, normals: Points, paint: _Paint, frame: Frame, angles: Angles
) -> Images:
    turn = rotation_matrix(angles).T
    seen = (triangles - frame.centre) @ turn
    facing = normals @ turn
    order = np.argsort(seen[:, :, 2].max(axis=1), kind="stable")
    order = order[facing[order, 2] > _BACKSIDE]
    brightness = paint.ambient + (1 - paint.ambient) * np.clip(facing @ _LIGHT, 0, 1)
    fog = paint.fog * np.clip(0.5 - seen[:, :, 2].mean(axis=1) / (2 * frame.half), 0, 1)
    lit = brightness[:, None] * paint.colours
    colours = (lit + fog[:, None] * (1 - lit))[order]
    outlines: Any = seen[order, :, :2]  # as one array, not a list: that draws far quicker
    edge = PIXELS / style.DPI
    figure = style.new_figure(edge, edge)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-frame.half, frame.half), ylim=(-frame.half, frame.half))
    axes.set_axis_off()
    axes.add_collection(
        PolyCollection(outlines, facecolors=colours, edgecolors=colours, linewidths=paint.seam)
    )
    return style.pixels(figure)
