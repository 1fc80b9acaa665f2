"""The engine that draws with ChimeraX, where Scipion's plugin ``chimera`` has installed it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mrcfile
import numpy as np
from matplotlib.colors import to_hex
from matplotlib.image import imread

from vrs_scipion.figures import style
from vrs_scipion.figures.isosurface.colouring import BLANK, Colouring, grown, palette
from vrs_scipion.figures.isosurface.engine import (
    PIXELS,
    EngineError,
    Images,
    Rendering,
    draw_by_program,
)
from vrs_scipion.figures.isosurface.views import VIEWS
from vrs_scipion.machine.programs import ProgramError
from vrs_scipion.machine.scipion_plugins import Plugin, ask

NAME = "chimerax"
PLUGIN = Plugin("chimera", "scipion-em-chimera", "CHIMERA_HOME")

_SCRIPT = "views.cxc"
_STOPS = 17
_VERSION = re.compile(r"ChimeraX version:?\s+([^\s,]+)")


@dataclass(frozen=True)
class ChimeraX:
    """An installed ChimeraX: its program and the environment that it wants."""

    program: Path
    environment: Mapping[str, str]

    @property
    def command(self) -> list[str]:
        """The words that start it; the plugin may have put a script without ``#!`` there."""
        with self.program.open("rb") as file:
            start = file.read(4)
        runnable = start.startswith(b"#!") or start == b"\x7fELF"
        return [str(self.program)] if runnable else ["/bin/sh", str(self.program)]


def find_chimerax() -> ChimeraX | None:
    """Return the ChimeraX that Scipion's plugin knows, or None if it is not really there."""
    try:
        told = ask(PLUGIN)
    except ProgramError:  # a plugin that cannot be asked is as good as none
        return None
    if told is None or told.home is None:
        return None
    program = told.home / "bin" / "ChimeraX"
    if not (program.is_file() and os.access(program, os.X_OK)):
        return None
    return ChimeraX(program, told.environment)


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
        If ChimeraX is not installed, fails, takes too long or leaves a view out.
    """
    found = find_chimerax()
    if found is None:
        raise EngineError(f"ChimeraX is not available here: {PLUGIN.advice}")
    (folder / "map.mrc").symlink_to(map_path.resolve())
    if colouring is not None:
        _write_colours(colouring, map_path, folder / "colours.mrc")
    (folder / _SCRIPT).write_text(script(contour, colouring), encoding="ascii")
    output = draw_by_program(
        [*found.command, "--offscreen", "--nogui", "--exit", _SCRIPT],
        timeout_s=timeout_s,
        cwd=folder,
        environment=found.environment,
    )
    images = np.stack([_read(folder / _view_file(n)) for n in range(len(VIEWS))])
    version = _VERSION.search(output)
    return Rendering(
        images=images,
        angstrom_per_pixel=None,
        binning=1,
        engine=NAME,
        version=version.group(1) if version else "unknown",
    )


def _write_colours(colouring: Colouring, map_path: Path, out: Path) -> None:
    """Write the values that ChimeraX looks up, at the place of the map in space.

    ChimeraX knows no voxel without a value: those take one below the range, `_no_value`.
    """
    with mrcfile.mmap(colouring.map_path, mode="r") as mrc:
        values = grown(np.array(mrc.data, dtype=np.float32))
    known = np.clip(values, colouring.low, colouring.high)
    with (
        mrcfile.mmap(map_path, mode="r") as mrc,
        mrcfile.new(out) as written,
    ):
        written.set_data(np.where(np.isfinite(values), known, _no_value(colouring)))
        written.set_volume()
        written.voxel_size = mrc.voxel_size
        written.nstart = mrc.nstart
        written.header.origin = mrc.header.origin


def _no_value(colouring: Colouring) -> np.float32:
    return np.float32(2 * colouring.low - colouring.high)


def script(contour: float, colouring: Colouring | None = None) -> str:
    """Return the commands for ChimeraX that save a picture of each view."""
    lines = [
        "version",
        "open map.mrc format mrc",
        f"volume #1 style surface step 1 level {contour!r} color {style.SURFACE}",
        "set bgColor white",
        "graphics silhouettes false",
        "lighting soft",
        "camera ortho",
        f"windowsize {PIXELS} {PIXELS}",
    ]
    if colouring is not None:
        lines += [
            "open colours.mrc format mrc",
            "hide #2 models",
            f"color sample #1 map #2 palette {_stops(colouring)}",
        ]
    for number, angles in enumerate(VIEWS):
        lines.append("view orient")
        lines += [f"turn {axis} {angle}" for axis, angle in zip("xyz", angles, strict=True)]
        lines.append("view")
        lines.append(f"save {_view_file(number)} width {PIXELS} height {PIXELS} supersample 3")
    return "\n".join([*lines, "exit", ""])


def _stops(colouring: Colouring) -> str:
    """Return the palette as ChimeraX reads it: a value and its colour, and the next."""
    low, high = colouring.low, colouring.high
    stops = [(float(_no_value(colouring)), BLANK), (low - 0.01 * (high - low), BLANK)]
    for share in np.linspace(0, 1, _STOPS).tolist():
        stops.append((low + share * (high - low), to_hex(palette()(share))))
    return ":".join(f"{value:.7g},{colour}" for value, colour in stops)


def _view_file(number: int) -> str:
    return f"view{number + 1}.png"


def _read(file: Path) -> Images:
    try:
        image = np.asarray(imread(file))
    except (OSError, SyntaxError) as error:  # SyntaxError: Pillow's word for a broken PNG
        raise EngineError(f"ChimeraX did not save {file.name}") from error
    if image.shape[:2] != (PIXELS, PIXELS):
        raise EngineError(f"ChimeraX saved {file.name} in another size than it was asked for")
    picture: Images = np.rint(255 * image[:, :, :3]).astype(np.uint8)
    return picture
