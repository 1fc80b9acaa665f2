"""Draw the three views with VTK; run as a program of its own.

Where OpenGL is missing or broken, VTK ends the process that called it: not a process that has
other work to do.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyvista
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkFloatArray, vtkVersion

from vrs_scipion.figures import style
from vrs_scipion.figures.isosurface.block import Block, read_block
from vrs_scipion.figures.isosurface.colouring import Colouring, colours_at
from vrs_scipion.figures.isosurface.engine import PIXELS, Images
from vrs_scipion.figures.isosurface.views import VIEWS, Angles, Frame, frame_around, rotation_matrix

LARGEST = 400
CROSSINGS = 3_000_000
_OVERSAMPLING = 2
_LIGHTS = (
    # from where on the screen (right, up, towards the viewer), how strong
    ((-0.6, 0.8, 1.0), 0.78),
    ((0.8, -0.2, 1.0), 0.34),
)
_FOG = 0.45
_SHINE = {"color": style.SURFACE, "ambient": 0.18, "diffuse": 0.92, "specular": 0.06}
_COLOURED_FOG = 0.15
_COLOURED_SHINE = {"scalars": "colours", "rgb": True, "ambient": 0.5, "diffuse": 0.55}
"""Shadows and fog are weaker on colours that stand for numbers."""


def surface_mesh(block: Block, contour: float) -> Any:
    """Return the surface of a block as `pyvista.PolyData` in Å (x, y, z), with normals."""
    nz, ny, nx = block.values.shape
    grid = pyvista.ImageData(
        dimensions=(nx, ny, nz), spacing=block.spacing[::-1], origin=block.origin[::-1]
    )
    grid.point_data["density"] = block.values.ravel()
    mesh = grid.contour([contour], method="flying_edges", compute_normals=False)
    # normals of the triangles: those from the map's gradient point into specks of a voxel or two
    return mesh.compute_normals(
        cell_normals=False,
        split_vertices=False,
        consistent_normals=False,
        auto_orient_normals=False,
    )


def render(mesh: Any, colouring: Colouring | None = None) -> tuple[Images, float]:
    """Return the views of a mesh and their scale in Å per pixel."""
    shine, fog = _SHINE, _FOG
    if colouring is not None:
        colours = colours_at(colouring, np.array(mesh.points, dtype=np.float64))
        mesh.point_data["colours"] = np.rint(255 * colours).astype(np.uint8)
        shine, fog = _COLOURED_SHINE, _COLOURED_FOG
    plotter = new_plotter()
    plotter.add_mesh(mesh, smooth_shading=True, **shine)
    bounds = np.reshape(mesh.bounds, (3, 2))
    return views_of(plotter, bounds[:, 0], bounds[:, 1], fog)


def new_plotter() -> Any:
    """Return an empty `pyvista.Plotter` with our light, off screen."""
    edge = PIXELS * _OVERSAMPLING
    plotter = pyvista.Plotter(off_screen=True, window_size=(edge, edge), lighting="none")
    plotter.render_window.SetMultiSamples(0)  # `_shrink` smooths the edges at a quarter the cost
    plotter.set_background("white")
    plotter.enable_parallel_projection()
    for position, intensity in _LIGHTS:
        plotter.add_light(
            pyvista.Light(position=position, light_type="camera light", intensity=intensity)
        )
    return plotter


def views_of(
    plotter: Any, low: NDArray[np.float64], high: NDArray[np.float64], fog: float
) -> tuple[Images, float]:
    """Return the views of what a plotter holds, and their scale in Å per pixel; then close it.

    Parameters
    ----------
    plotter : of `new_plotter`
    low, high : x, y, z of two opposite corners of the box around it, in Å
    fog : how much of the white ground is laid over what is farthest away
    """
    frame = frame_around(low, high)
    images = np.stack([_shrink(_shoot(plotter, frame, angles, fog)) for angles in VIEWS])
    plotter.close()
    return images, 2 * frame.half / PIXELS


def save_views(out: Path, images: Images, scale: float, binning: int) -> int:
    """Write the views, their scale, the binning and VTK's version; 1 where there is nothing."""
    if images.min() == 255:
        print("OpenGL drew nothing")
        return 1
    np.savez(
        out,
        images=images,
        angstrom_per_pixel=scale,
        binning=binning,
        version=f"{pyvista.__version__} (VTK {vtkVersion.GetVTKVersion()})",
    )
    return 0


def _shoot(plotter: Any, frame: Frame, angles: Angles, fog: float) -> Images:
    _, up, towards = rotation_matrix(angles)
    plotter.camera.focal_point = frame.centre
    plotter.camera.position = np.array(frame.centre) + 4 * frame.half * towards
    plotter.camera.up = up
    plotter.camera.parallel_scale = frame.half
    plotter.reset_camera_clipping_range()
    plotter.render()
    image = plotter.screenshot(return_img=True)
    return _fade(image, _distance(plotter), frame, fog)


def _distance(plotter: Any) -> NDArray[np.float32]:
    """Å from the camera to what each pixel shows; pyvista would draw everything again for it."""
    width, height = plotter.render_window.GetSize()
    buffer = vtkFloatArray()
    plotter.render_window.GetZbufferData(0, 0, width - 1, height - 1, buffer)
    near, far = plotter.camera.clipping_range
    distance: NDArray[np.float32] = near + (far - near) * vtk_to_numpy(buffer)
    return distance.reshape(height, width)[::-1]


def _fade(image: Images, distance: NDArray[np.float32], frame: Frame, fog: float) -> Images:
    """Let what is far away fade into the white ground."""
    share = np.clip((distance - 3 * frame.half) / (2 * frame.half), 0, 1)[..., np.newaxis]
    faded = image + fog * share * (255.0 - image)
    rounded: Images = np.rint(faded).astype(np.uint8)
    return rounded


def _shrink(image: Images) -> Images:
    cells = image.reshape(PIXELS, _OVERSAMPLING, PIXELS, _OVERSAMPLING, 3)
    mean: NDArray[np.float64] = cells.mean(axis=(1, 3))
    return np.rint(mean).astype(np.uint8)


def main(out: str, map_path: str, contour: str, *colouring: str) -> int:
    """Write the views, their scale, the binning and VTK's version to `out`, an ``.npz`` file.

    Parameters
    ----------
    out : file to write
    map_path, contour : MRC file and level
    colouring : nothing, or the MRC file, the lowest and the highest value that give the colours
    """
    level = float(contour)
    block = read_block(Path(map_path), level, largest=LARGEST, crossings=CROSSINGS)
    colours = None
    if colouring:
        values, low, high = colouring
        colours = Colouring(Path(values), float(low), float(high))
    return save_views(Path(out), *render(surface_mesh(block, level), colours), block.binning)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
