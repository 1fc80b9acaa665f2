"""The engine that draws with VTK, off screen, in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import vrs_scipion
from vrs_scipion.figures.isosurface.colouring import Colouring
from vrs_scipion.figures.isosurface.engine import EngineError, Rendering, draw_by_program

NAME = "pyvista"
ADVICE = (
    "For the finer rendering, VTK needs OpenGL without a screen: on Debian or Ubuntu "
    "`apt install libegl1 libgl1-mesa-dri libx11-6`, on Fedora or Rocky Linux "
    "`dnf install mesa-libEGL mesa-dri-drivers libX11`."
)

_PROGRAM = (sys.executable, "-m", "vrs_scipion.figures.isosurface.render_pyvista")


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
    folder : an empty folder for its files
    timeout_s : seconds after which the drawing is given up
    colouring : the values that the surface shows; by default none

    Returns
    -------
    Rendering

    Raises
    ------
    EngineError
        If pyvista is not installed, or the drawing fails or takes too long.
    """
    arguments = [str(map_path), repr(float(contour))]
    if colouring is not None:
        ends = (repr(float(colouring.low)), repr(float(colouring.high)))
        arguments += [str(colouring.map_path), *ends]
    return run(_PROGRAM, arguments, folder, timeout_s)


def run(
    program: Sequence[str], arguments: Sequence[str], folder: Path, timeout_s: float
) -> Rendering:
    """Run one of our programs that draw with pyvista.

    Parameters
    ----------
    program : the words that start it
    arguments : what it draws; before them it is told which file to write
    folder, timeout_s : as for `render`

    Raises
    ------
    EngineError
        as for `render`.
    """
    if importlib.util.find_spec("pyvista") is None:
        raise EngineError("pyvista is not installed (`pip install pyvista`)")
    out = folder / "views.npz"
    draw_by_program(
        [*program, str(out), *arguments],
        timeout_s=timeout_s,
        environment=_environment(),
    )
    if not out.is_file():
        raise EngineError("it ended without a picture")
    with np.load(out) as views:
        return Rendering(
            images=views["images"],
            angstrom_per_pixel=float(views["angstrom_per_pixel"]),
            binning=int(views["binning"]),
            engine=NAME,
            version=str(views["version"]),
        )


def _environment() -> dict[str, str]:
    here = str(Path(vrs_scipion.__file__).parent.parent)
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    }
