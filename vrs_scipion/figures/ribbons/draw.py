"""Draw a model as ribbons."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from vrs_scipion.figures.isosurface import engine_pyvista
from vrs_scipion.figures.isosurface.colouring import ColourKey
from vrs_scipion.figures.isosurface.compose import compose
from vrs_scipion.figures.isosurface.draw import IsosurfacePicture
from vrs_scipion.figures.ribbons.shapes import Shapes

_PROGRAM = (sys.executable, "-m", "vrs_scipion.figures.ribbons.render")


def draw_ribbons(
    shapes: Shapes,
    out: Path,
    surface: tuple[Path, float] | None = None,
    *,
    key: ColourKey | None = None,
    timeout_s: float = 180.0,
) -> IsosurfacePicture:
    """Draw a model from the three directions of `vrs_scipion.figures.isosurface`.

    Parameters
    ----------
    shapes : the model
    out : ``.png`` file to write
    surface : the map around it, a prepared MRC file with its contour level; None for none
    key : what the colours mean, to be drawn below
    timeout_s : seconds after which the drawing is given up

    Raises
    ------
    EngineError
        If pyvista is not installed, or the drawing fails or takes too long.
    """
    with tempfile.TemporaryDirectory(prefix=".ribbons_", dir=out.resolve().parent) as folder:
        stored = Path(folder) / "shapes.npz"
        shapes.save(stored)
        around = [] if surface is None else [str(surface[0]), repr(float(surface[1]))]
        rendering = engine_pyvista.run(_PROGRAM, [str(stored), *around], Path(folder), timeout_s)
    compose(rendering, out, key)
    note = ""
    if rendering.binning > 1:
        note = f"The map was averaged over cubes of {rendering.binning} voxels to draw it."
    return IsosurfacePicture(out, rendering.engine, rendering.version, note)
