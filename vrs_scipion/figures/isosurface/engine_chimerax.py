"""The engine that draws with ChimeraX, where Scipion's plugin ``chimera`` has installed it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.image import imread

from vrs_scipion.figures import style
from vrs_scipion.figures.isosurface.engine import (
    PIXELS,
    EngineError,
    Images,
    Rendering,
    run_program,
)
from vrs_scipion.figures.isosurface.views import VIEWS

NAME = "chimerax"

_SCRIPT = "views.cxc"
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
        from chimera import Plugin

        program = Path(Plugin.getProgram())
        environment = {str(name): str(value) for name, value in Plugin.getEnviron().items()}
    except Exception:  # a plugin that is half installed is as good as none
        return None
    if not (program.is_file() and os.access(program, os.X_OK)):
        return None
    return ChimeraX(program, environment)


def render(map_path: Path, contour: float, folder: Path, timeout_s: float) -> Rendering:
    """Draw the surface of `map_path` at `contour`.

    Parameters
    ----------
    map_path : MRC file, in z, y, x order
    contour : in the map's unit
    folder : an empty folder for its files
    timeout_s : seconds after which the drawing is given up

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
        raise EngineError(
            "ChimeraX is not installed in Scipion (`scipion3 installp -p scipion-em-chimera`)"
        )
    (folder / "map.mrc").symlink_to(map_path.resolve())
    (folder / _SCRIPT).write_text(script(contour), encoding="ascii")
    output = run_program(
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


def script(contour: float) -> str:
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
    for number, angles in enumerate(VIEWS):
        lines.append("view orient")
        lines += [f"turn {axis} {angle}" for axis, angle in zip("xyz", angles, strict=True)]
        lines.append("view")
        lines.append(f"save {_view_file(number)} width {PIXELS} height {PIXELS} supersample 3")
    return "\n".join([*lines, "exit", ""])


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
