"""Draw a model with VTK; run as a program of its own, as `isosurface.render_pyvista` is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyvista

from vrs_scipion.figures.isosurface.block import read_block
from vrs_scipion.figures.isosurface.render_pyvista import (
    CROSSINGS,
    LARGEST,
    new_plotter,
    save_views,
    surface_mesh,
    views_of,
)
from vrs_scipion.figures.ribbons.shapes import Shapes

_TUBE, _SPHERE = 0.9, 1.1
"""Å, radii."""
_MANY = 200_000
"""Points beyond which tubes have fewer sides."""
_SHINE = {"scalars": "colours", "rgb": True, "ambient": 0.28, "diffuse": 0.8, "specular": 0.08}
_GLASS = {"color": "#9AA3AD", "opacity": 0.28, "ambient": 0.3, "diffuse": 0.7}
_FOG = 0.35


def tubes(shapes: Shapes) -> Any:
    """Tubes along all lines, as one mesh; None without a line."""
    if not shapes.lengths.size:
        return None
    starts = np.concatenate([[0], np.cumsum(shapes.lengths)[:-1]])
    lines = [
        np.concatenate([[length], start + np.arange(length)])
        for start, length in zip(starts, shapes.lengths, strict=True)
    ]
    mesh = pyvista.PolyData(shapes.points, lines=np.concatenate(lines))
    mesh.point_data["colours"] = shapes.colours
    sides = 12 if len(shapes.points) < _MANY else 6
    return mesh.tube(radius=_TUBE, n_sides=sides, capping=True)


def balls(shapes: Shapes) -> Any:
    """Spheres at all points, as one mesh; None without a point."""
    if not len(shapes.spheres):
        return None
    points = pyvista.PolyData(shapes.spheres)
    points.point_data["colours"] = shapes.sphere_colours
    detail = 16 if len(shapes.spheres) < _MANY // 20 else 6
    form = pyvista.Sphere(radius=_SPHERE, theta_resolution=detail, phi_resolution=detail)
    return points.glyph(geom=form, scale=False, orient=False)


def main(out: str, stored: str, *around: str) -> int:
    """Write the views to `out`, an ``.npz`` file.

    Parameters
    ----------
    out : file to write
    stored : file of the shapes
    around : nothing, or the MRC file and the level of the surface around them
    """
    shapes = Shapes.load(Path(stored))
    plotter, meshes, binning = new_plotter(), [], 1
    for mesh in (tubes(shapes), balls(shapes)):
        if mesh is not None:
            plotter.add_mesh(mesh, smooth_shading=True, **_SHINE)
            meshes.append(mesh)
    if around:
        path, level = Path(around[0]), float(around[1])
        block = read_block(path, level, largest=LARGEST, crossings=CROSSINGS)
        surface = surface_mesh(block, level)
        plotter.add_mesh(surface, smooth_shading=True, **_GLASS)
        meshes.append(surface)
        binning = block.binning
    if not meshes:
        print("there is nothing to draw but water")
        return 1
    bounds = np.array([np.reshape(mesh.bounds, (3, 2)) for mesh in meshes])
    low, high = bounds[..., 0].min(axis=0), bounds[..., 1].max(axis=0)
    return save_views(Path(out), *views_of(plotter, low, high, _FOG), binning)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
