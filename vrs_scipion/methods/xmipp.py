"""Finding Xmipp's programs and running them.

Xmipp 3 (de la Rosa-Trevín et al. 2013, doi 10.1016/j.jsb.2013.09.015) is looked for where
Scipion's plugin has it, then in ``$XMIPP_HOME``, then on the ``PATH``. Only a program that can be
executed counts: the plugin alone, without its binaries, does not.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vrs_scipion.machine.programs import ProgramError, run_program
from vrs_scipion.methods.engine import Availability, EngineUnavailableError

NAME = "xmipp"
HOME_VARIABLE = "XMIPP_HOME"
ADVICE = (
    "scipion3 installp -p scipion-em-xmipp installs it with its binaries; where Xmipp is installed "
    f"already, set {HOME_VARIABLE} to its folder"
)
UNKNOWN_VERSION = "unknown"

_PLUGIN = "scipion-em-xmipp"
_VERSION_IN_A_NAME = re.compile(r"(?<!\d)v?(\d+\.\d+(?:\.\d+)*)(?!\d)")


class XmippError(RuntimeError):
    """A program of Xmipp did not do its work: one sentence that names it and what happened."""


@dataclass(frozen=True)
class XmippProgram:
    """A program of Xmipp that can be run.

    Attributes
    ----------
    name : e.g. 'xmipp_volume_correct_bfactor'
    path : the program
    environment : what it is to be run with
    version : of Xmipp, 'unknown' where nothing tells it
    """

    name: str
    path: Path
    environment: Mapping[str, str]
    version: str = UNKNOWN_VERSION


def find_program(name: str) -> XmippProgram | None:
    """The program of this name, or None if it is not really there."""
    return _from_plugin(name) or _from_home(name) or _from_path(name)


def require_program(name: str) -> XmippProgram:
    """The program of this name.

    Raises
    ------
    EngineUnavailableError
        if it is not here, with how to get it.
    """
    program = find_program(name)
    if program is None:
        raise EngineUnavailableError(f"{NAME} is not available here: {_missing(name)}")
    return program


def availability(name: str, *, preferred: bool = True) -> Availability:
    """Whether the program ``name`` is here, with its version or how to get it.

    Parameters
    ----------
    name : e.g. 'xmipp_volume_correct_bfactor'
    preferred : whether the engine 'auto' takes Xmipp where it is here
    """
    program = find_program(name)
    if program is None:
        return Availability(NAME, False, _missing(name), preferred)
    return Availability(NAME, True, f"Xmipp {program.version} ({program.path})", preferred)


def run_xmipp(
    program: XmippProgram, arguments: Sequence[str], folder: Path, timeout_s: float
) -> str:
    """Run a program in ``folder`` and return what it wrote to standard error.

    A program that takes longer than ``timeout_s`` is killed with all that it has started.

    Raises
    ------
    XmippError
        if it cannot be started, takes too long, or ends with an error.
    """
    try:
        written = run_program(
            [str(program.path), *arguments],
            timeout_s=timeout_s,
            folder=folder,
            environment=program.environment,
            name=program.name,
        )
    except ProgramError as error:
        raise XmippError(str(error)) from error
    return written.errors


def _missing(name: str) -> str:
    return f"{name} was not found; {ADVICE}"


def _from_plugin(name: str) -> XmippProgram | None:
    try:
        plugin = import_module("xmipp3").Plugin
        home = Path(plugin.getHome())
        environment = {str(key): str(value) for key, value in plugin.getEnviron().items()}
    except Exception:  # a plugin that is half installed is as good as none
        return None
    return _program(name, home, environment)


def _from_home(name: str) -> XmippProgram | None:
    home = os.environ.get(HOME_VARIABLE)
    if not home:
        return None
    environment = dict(os.environ)
    for variable, folder in (("PATH", "bin"), ("LD_LIBRARY_PATH", "lib"), ("PYTHONPATH", "pylib")):
        known = environment.get(variable)
        first = str(Path(home) / folder)
        environment[variable] = f"{first}{os.pathsep}{known}" if known else first
    return _program(name, Path(home), environment)


def _from_path(name: str) -> XmippProgram | None:
    found = shutil.which(name)
    if found is None:
        return None
    path = Path(found)
    return XmippProgram(name, path, dict(os.environ), _version(path.resolve().parent.parent))


def _program(name: str, home: Path, environment: Mapping[str, str]) -> XmippProgram | None:
    path = home / "bin" / name
    if not (path.is_file() and os.access(path, os.X_OK)):
        return None
    return XmippProgram(name, path, environment, _version(home))


def _version(home: Path) -> str:
    """Xmipp's version, which its programs do not tell: from its folder's name, or the plugin's."""
    folder = home.resolve()
    for part in (folder.name, folder.parent.name):
        found = _VERSION_IN_A_NAME.search(part)
        if "xmipp" in part.lower() and found:
            return found[1]
    try:
        return f"{UNKNOWN_VERSION}, of {_PLUGIN} {version(_PLUGIN)}"
    except PackageNotFoundError:
        return UNKNOWN_VERSION
