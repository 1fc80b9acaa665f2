"""What is here and what is not: engines, viewers, libraries, and how to get the rest."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from vrs_scipion import __version__
from vrs_scipion.checks.levels import CHECKS
from vrs_scipion.figures.isosurface import draw_isosurface, engine_pyvista
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.figures.isosurface.engine_chimerax import PLUGIN, find_chimerax
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.windows.probe import OPEN_OPENGL, OPEN_QT, QT_NEEDS, failure
from vrs_scipion.windows.show import INSTALL, WindowError, require_window

LIBRARIES = (
    "scipion-em",
    "scipion-pyworkflow",
    "scipion-app",
    "numpy",
    "scipy",
    "matplotlib",
    "mrcfile",
    "pyvista",
    "typst",
)

_PROBE_SECONDS = 60.0

_STILLS = "the window shows the report's pictures instead"


@dataclass(frozen=True)
class Finding:
    """One thing looked for: whether it is here, and how to get it if it is not."""

    what: str
    here: bool
    detail: str

    def __str__(self) -> str:
        return f"{'✓' if self.here else '–'} {self.what}: {self.detail}"


def examine() -> Iterator[Finding]:
    """Look for everything that a validation can use, one finding at a time."""
    yield Finding("vrs_scipion", True, f"{__version__}, Python {platform.python_version()}")
    for name in LIBRARIES:
        yield _library(name)
    for check in CHECKS.values():
        yield Finding(f"{check.code} {check.name}", True, "built in")
        for engine in check.external(None):
            detail = engine.detail if engine.here else f"not available here; {engine.detail}"
            yield Finding(f"{check.code} {check.name} by {engine.name}", engine.here, detail)
    yield Finding("isosurface by matplotlib", True, "built in, coarse")
    yield _pyvista()
    yield _chimerax()
    yield from _window()


def _library(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, f"not available here; pip install {name}")


def _pyvista() -> Finding:
    """Whether VTK can really draw, found by drawing."""
    what = "isosurface by pyvista"
    values = np.zeros((16, 16, 16), np.float32)
    values[5:11, 5:11, 5:11] = 1
    with tempfile.TemporaryDirectory(prefix="vrs_doctor_") as folder:
        path = Path(folder) / "cube.mrc"
        write_volume(path, values, (1.0, 1.0, 1.0))
        try:
            picture = draw_isosurface(
                path, 0.5, Path(folder) / "cube.png", engine="pyvista", timeout_s=_PROBE_SECONDS
            )
        except EngineError as error:
            return Finding(what, False, f"not available here ({error}). {engine_pyvista.ADVICE}")
    return Finding(what, True, f"{picture.engine_version}, draws without a screen")


def _chimerax() -> Finding:
    what = "isosurface by ChimeraX"
    found = find_chimerax()
    if found is None:
        return Finding(what, False, f"not available here; {PLUGIN.advice}")
    return Finding(what, True, str(found.program))


def _window() -> Iterator[Finding]:
    """Whether the window of results opens here, and its 3D view in it, found by opening them."""
    window, view = "results window", "results window, 3D view"
    try:
        require_window()
    except WindowError as error:
        yield Finding(window, False, f"not available here; {error}")
        return
    reason = failure(OPEN_QT)
    if reason:
        yield Finding(window, False, f"not available here ({reason}). {QT_NEEDS}")
        return
    yield Finding(window, True, f"PyQt5 {version('PyQt5')}, opens here")
    missing = [name for name in ("pyvista", "pyvistaqt") if find_spec(name) is None]
    if missing:
        yield Finding(view, False, f"not available here, {_STILLS}; {INSTALL}")
        return
    reason = failure(OPEN_OPENGL)
    if reason:
        said = f"not available here, {_STILLS}: OpenGL does not work on this screen ({reason})."
        yield Finding(view, False, f"{said} {engine_pyvista.ADVICE}")
        return
    yield Finding(view, True, f"pyvistaqt {version('pyvistaqt')}, draws here")
