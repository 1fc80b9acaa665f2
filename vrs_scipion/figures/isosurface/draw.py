"""Draw a map's surface with the best engine that is really there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vrs_scipion.figures.isosurface import engine_chimerax, engine_matplotlib, engine_pyvista
from vrs_scipion.figures.isosurface.block import check_surface
from vrs_scipion.figures.isosurface.compose import compose
from vrs_scipion.figures.isosurface.engine import EngineError, Rendering

ENGINES: dict[str, Callable[[Path, float, Path, float], Rendering]] = {
    engine_chimerax.NAME: engine_chimerax.render,
    engine_pyvista.NAME: engine_pyvista.render,
    engine_matplotlib.NAME: engine_matplotlib.render,
}
"""Every engine, the best one first."""


@dataclass(frozen=True)
class IsosurfacePicture:
    """A picture of a surface and how it came to be.

    Attributes
    ----------
    file : the PNG
    engine_name : ``chimerax``, ``pyvista`` or ``matplotlib``
    engine_version : of the program or library that drew
    note : what the reader should know about the drawing, in sentences; '' if nothing
    """

    file: Path
    engine_name: str
    engine_version: str
    note: str


def draw_isosurface(
    map_path: Path,
    contour: float,
    out: Path,
    *,
    engine: str = "auto",
    timeout_s: float = 180.0,
) -> IsosurfacePicture:
    """Draw the surface of a map at its contour level from three directions.

    The views are turned about x, y, z by (0, −90, −90), (−90, 0, −90) and (0, 0, 0) degrees, in
    orthographic projection, the viewer on +z with +y up.

    Parameters
    ----------
    map_path : MRC file with its axes in z, y, x order and its voxel size in the header
    contour : level in the map's unit; the surface encloses what is above it
    out : ``.png`` file to write
    engine : ``chimerax``, ``pyvista`` or ``matplotlib``; ``auto`` takes the first of them that
        is here and does not fail
    timeout_s : seconds that each engine is given

    Returns
    -------
    IsosurfacePicture

    Raises
    ------
    ValueError
        If no voxel is above the contour, or `engine` or the suffix of `out` is unknown.
    EngineError
        If the engine that was asked for, or the last one of ``auto``, cannot draw.
    """
    if out.suffix.lower() != ".png":
        raise ValueError(f"{out.name} is not a .png file.")
    check_surface(map_path, contour)
    rendering, notes = _render(map_path, contour, out, engine, timeout_s)
    if rendering.binning > 1:
        notes.append(
            f"The map was averaged over cubes of {rendering.binning} voxels to draw it, which "
            "can hide fragments smaller than that."
        )
    compose(rendering, out)
    return IsosurfacePicture(out, rendering.engine, rendering.version, " ".join(notes))


def _render(
    map_path: Path, contour: float, out: Path, engine: str, timeout_s: float
) -> tuple[Rendering, list[str]]:
    if engine != "auto":
        if engine not in ENGINES:
            raise ValueError(f"There is no engine {engine!r}: take auto, {', '.join(ENGINES)}.")
        return _run(engine, map_path, contour, out, timeout_s), []
    names = list(ENGINES)
    if engine_chimerax.find_chimerax() is None:
        names.remove(engine_chimerax.NAME)
    notes: list[str] = []
    for name in names[:-1]:
        try:
            return _run(name, map_path, contour, out, timeout_s), notes
        except EngineError as error:
            notes.append(f"The surface could not be drawn by {name}: {error}.")
    notes.append(f"It was drawn by {names[-1]} on a coarser grid. {engine_pyvista.ADVICE}")
    return _run(names[-1], map_path, contour, out, timeout_s), notes


def _run(engine: str, map_path: Path, contour: float, out: Path, timeout_s: float) -> Rendering:
    # beside the picture and not in /tmp, which a sandboxed (flatpak) ChimeraX does not see
    with tempfile.TemporaryDirectory(prefix=".isosurface_", dir=out.resolve().parent) as name:
        return ENGINES[engine](map_path, contour, Path(name), timeout_s)
