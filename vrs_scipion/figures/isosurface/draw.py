"""Draw a map's surface with the best engine that is really there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vrs_scipion.figures.isosurface import engine_chimerax, engine_matplotlib, engine_pyvista
from vrs_scipion.figures.isosurface.block import check_surface
from vrs_scipion.figures.isosurface.colouring import Colouring, choose_colouring
from vrs_scipion.figures.isosurface.compose import compose
from vrs_scipion.figures.isosurface.engine import EngineError, Rendering

Engine = Callable[[Path, float, Path, float, Colouring | None], Rendering]

ENGINES: dict[str, Engine] = {
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
    colour_by: Path | None = None,
    colour_range: tuple[float, float] | None = None,
    colour_label: str = "",
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
    colour_by : MRC file on the same grid whose values colour the surface; where it holds NaN the
        surface is grey
    colour_range : values of the palette's two ends; by default the 2.5 and the 97.5 % percentile
        of the values on the surface
    colour_label : what the values are, with their unit, for the colour key

    Returns
    -------
    IsosurfacePicture

    Raises
    ------
    ValueError
        If no voxel is above the contour, `engine` or the suffix of `out` is unknown, the grid of
        `colour_by` is another one, it has no value on the surface, or `colour_range` is no range.
    EngineError
        If the engine that was asked for, or the last one of ``auto``, cannot draw.
    """
    if out.suffix.lower() != ".png":
        raise ValueError(f"{out.name} is not a .png file.")
    check_surface(map_path, contour)
    colouring = None
    if colour_by is not None:
        colouring = choose_colouring(map_path, contour, colour_by, colour_range, colour_label)

    def run(name: str) -> Rendering:
        # beside the picture and not in /tmp, which a sandboxed (flatpak) ChimeraX does not see
        with tempfile.TemporaryDirectory(prefix=".isosurface_", dir=out.resolve().parent) as folder:
            return ENGINES[name](map_path, contour, Path(folder), timeout_s, colouring)

    rendering, notes = _render(run, engine)
    if rendering.binning > 1:
        notes.append(
            f"The map was averaged over cubes of {rendering.binning} voxels to draw it, which "
            "can hide fragments smaller than that."
        )
    compose(rendering, out, None if colouring is None else colouring.key)
    return IsosurfacePicture(out, rendering.engine, rendering.version, " ".join(notes))


def _render(run: Callable[[str], Rendering], engine: str) -> tuple[Rendering, list[str]]:
    if engine != "auto":
        if engine not in ENGINES:
            raise ValueError(f"There is no engine {engine!r}: take auto, {', '.join(ENGINES)}.")
        return run(engine), []
    names = list(ENGINES)
    if engine_chimerax.find_chimerax() is None:
        names.remove(engine_chimerax.NAME)
    notes: list[str] = []
    for name in names[:-1]:
        try:
            return run(name), notes
        except EngineError as error:
            notes.append(f"The surface could not be drawn by {name}: {error}.")
    notes.append(f"It was drawn by {names[-1]} on a coarser grid. {engine_pyvista.ADVICE}")
    return run(names[-1]), notes
