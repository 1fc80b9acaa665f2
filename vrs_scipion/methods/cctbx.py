"""Finding a Python that has cctbx, and asking it about a model and a map.

cctbx (Grosse-Kunstleve et al. 2002, doi:10.1107/S0021889801017824) is the library under Phenix. It
is no dependency: it is asked in a process of its own, by whichever Python has it. That is the one
that ``$VRS_CCTBX`` names, else the one that runs this, else Phenix's or cctbx's on the ``PATH``.

cctbx takes a map's ORIGIN that lies between grid points for 0 and says so in its log only. What it
is given is a copy of the map that begins at 0, and the model moved as far.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from vrs_scipion.machine.programs import ProgramError, last_line, run_program
from vrs_scipion.maps.density import Density, Triple
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import cctbx_inside
from vrs_scipion.methods.cctbx_inside import ANSWER, MAP, MODEL
from vrs_scipion.methods.engine import Availability, EngineFailedError, EngineUnavailableError
from vrs_scipion.methods.shells import Reals
from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.writing import write_mmcif

NAME = "cctbx"
VARIABLE = "VRS_CCTBX"
ADVICE = (
    "pip install cctbx-base installs it (339 MB), best in an environment of its own, whose Python "
    f"{VARIABLE} then names; Phenix has it, too, where phenix.python is on the PATH"
)
TIMEOUT_SECONDS = 2 * 3600.0

_ON_PATH = ("phenix.python", "cctbx.python", "libtbx.python")
_PROBE = """
from importlib.util import find_spec
print(*[name for name in ("iotbx", "mmtbx") if find_spec(name) is None], sep=", ")
try:
    from libtbx.version import get_version
    print(get_version())
except Exception:
    print("unknown")
"""
_PROBE_SECONDS = 120.0
_OF_THIS_PYTHON = ("PYTHONPATH", "PYTHONHOME")
_KEPT = 16
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class CctbxError(EngineFailedError):
    """cctbx did not do its work: one sentence that says what happened."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that has cctbx."""

    path: Path
    version: str


def find() -> Interpreter | None:
    """A Python that has cctbx, or None."""
    found = _search()
    return found if isinstance(found, Interpreter) else None


def require() -> Interpreter:
    """A Python that has cctbx.

    Raises
    ------
    EngineUnavailableError
        if there is none, with how to get it.
    """
    found = _search()
    if isinstance(found, Interpreter):
        return found
    raise EngineUnavailableError(Availability(NAME, False, f"{found}; {ADVICE}").absence)


def availability() -> Availability:
    """Whether cctbx is here, with its version or how to get it.

    'auto' does not take it: the built-in engines give the same numbers in a fraction of the time.
    """
    found = _search()
    if isinstance(found, Interpreter):
        detail = f"cctbx {found.version} ({found.path})"
        return Availability(NAME, True, detail, preferred=False)
    return Availability(NAME, False, f"{found}; {ADVICE}", preferred=False)


def ask(
    interpreter: Interpreter,
    question: str,
    model: AtomicModel,
    density: Density | None = None,
    start: Triple = (0.0, 0.0, 0.0),
    resolution: float = 0.0,
    *,
    threads: int = 1,
    timeout_s: float = TIMEOUT_SECONDS,
) -> dict[str, Any]:
    """Ask one of the questions of `cctbx_inside` and return the answer.

    Parameters
    ----------
    question : 'correlation', 'emringer' or 'geometry'
    model : all of its atoms are handed over
    density, start : the map, where the question is about one, and Å along z, y, x where its
        voxel 0 lies
    resolution : Å
    threads : how many it may use
    timeout_s : seconds after which it is killed

    Raises
    ------
    CctbxError
        if it cannot be started, takes too long, ends with an error or without an answer.
    """
    with tempfile.TemporaryDirectory(prefix="vrs_cctbx_") as name:
        folder = Path(name)
        if density is not None:
            write_volume(folder / MAP, density.values, density.voxel_size)
        z, y, x = start
        write_mmcif(model, folder / MODEL, (-x, -y, -z))
        # run from a folder of its own, so that nothing of this package is imported for cctbx's
        script = shutil.copy(cctbx_inside.__file__, folder)
        try:
            written = run_program(
                [str(interpreter.path), Path(script).name, question, f"{resolution:.7g}"],
                timeout_s=timeout_s,
                folder=folder,
                environment=_environment() | dict.fromkeys(_THREAD_VARIABLES, str(threads)),
                name=NAME,
            )
        except ProgramError as error:
            raise CctbxError(str(error)) from error
        said = last_line(written.errors) or last_line(written.output)
        return _answer(folder / ANSWER, said)


def numbers(model: AtomicModel, rows: Iterable[Sequence[Any]]) -> Reals:
    """What cctbx says of residues, for each residue of the model; NaN where it says nothing.

    Parameters
    ----------
    rows : chain, number, insertion code, name, value; of several of a residue the first counts
    """
    place = residue_places(model)
    found = np.full(len(model.residues), np.nan)
    for *key, value in rows:
        residue = place.get(tuple(key))
        if residue is not None and value is not None and np.isnan(found[residue]):
            found[residue] = value
    return found


def residue_places(model: AtomicModel) -> dict[tuple[Any, ...], int]:
    """The index of each residue by what cctbx calls it: chain, number, insertion code, name."""
    of = model.residues
    keys = zip(
        model.chains.labels[of.chains].tolist(),
        of.numbers.tolist(),
        of.insertions.tolist(),
        of.names.tolist(),
        strict=True,
    )
    places: dict[tuple[Any, ...], int] = {}
    for residue, key in enumerate(keys):
        places.setdefault(key, residue)
    return places


def _search() -> Interpreter | str:
    """A Python that has cctbx, or why there is none."""
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        found = shutil.which(named)
        if found is None:
            return f"{VARIABLE} names {named}, which is no program"
        return _probed(found, os.environ.get("PATH", ""))
    every = [sys.executable] if find_spec("mmtbx") else []
    every += [found for found in map(shutil.which, _ON_PATH) if found]
    answers = [_probed(path, os.environ.get("PATH", "")) for path in every]
    there = (one for one in answers if isinstance(one, Interpreter))
    return next(there, next(iter(answers), "no Python that has cctbx was found"))


@lru_cache(_KEPT)
def _probed(path: str, searched: str) -> Interpreter | str:
    """The Python at a path, or why it is of no use; asked once for each PATH."""
    try:
        written = run_program(
            [path, "-c", _PROBE],
            timeout_s=_PROBE_SECONDS,
            environment=_environment(),
            name=Path(path).name,
        )
    except ProgramError as error:
        return f"the Python {path} cannot be asked for it ({error})"
    lacking, _, version = written.output.strip("\n").rpartition("\n")
    if lacking.strip() or not version:
        return f"the Python {path} lacks {lacking.strip() or 'it'}"
    return Interpreter(Path(path), version.strip())


def _environment() -> dict[str, str]:
    """The variables of a Python that is not this one."""
    kept = {name: value for name, value in os.environ.items() if name not in _OF_THIS_PYTHON}
    return kept | {"PYTHONNOUSERSITE": "1", "PYTHONIOENCODING": "utf-8"}


def _answer(path: Path, said: str) -> dict[str, Any]:
    told = f"; its last words were: {said}" if said else ""
    if not path.is_file():
        raise CctbxError(f"cctbx ended without an error and without an answer{told}")
    try:
        answer = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CctbxError(f"cctbx gave no answer that can be read ({error}){told}") from error
    if not isinstance(answer, dict):
        raise CctbxError(f"cctbx gave an answer that is no table{told}")
    return answer
