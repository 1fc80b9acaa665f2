"""Finding Xmipp's programs and running them.

Xmipp 3 (de la Rosa-Trevín et al. 2013, doi 10.1016/j.jsb.2013.09.015) is looked for where
Scipion's plugin has it, then in ``$XMIPP_HOME``, then on the ``PATH``. Only a program that can be
executed counts: the plugin alone, without its binaries, does not.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vrs_scipion.machine.plugin_question import bindings
from vrs_scipion.machine.programs import ProgramError, Written, run_program
from vrs_scipion.machine.scipion_plugins import Environment, Plugin, ask
from vrs_scipion.methods.engine import Availability, EngineFailedError, EngineUnavailableError

NAME = "xmipp"
PLUGIN = Plugin("xmipp3", "scipion-em-xmipp", "XMIPP_HOME")
HOME_VARIABLE = PLUGIN.home_variable
ADVICE = PLUGIN.advice
UNKNOWN_VERSION = "unknown"

CONDA_ENVIRONMENTS = HAND_ENVIRONMENT, RESOLUTION_ENVIRONMENT = "xmipp_pyTorch", "xmipp_DLTK_v0.3"
"""Those that the plugin keeps for the networks of DeepHand and of DeepRes."""

_VERSION_FILE = "version-info.json"
_VERSION_IN_A_NAME = re.compile(r"(?<!\d)v?(\d+\.\d+(?:\.\d+)*)(?!\d)")
_REASON = re.compile(r"XMIPP_ERROR\s+\d+:\s*(.*?)\s*(?:^\s*File: .*)?\Z", re.DOTALL | re.MULTILINE)
_MAGIC = (b"\x7fELF", b"#!")
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_LONGEST = 300


class XmippError(EngineFailedError):
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
    conda : the environments of Xmipp's networks, by name, where the plugin tells them
    """

    name: str
    path: Path
    environment: Environment
    version: str = UNKNOWN_VERSION
    conda: Mapping[str, Environment] = field(default_factory=dict)


def find_program(name: str) -> XmippProgram | None:
    """The program of this name, or None if it is not really there."""
    for home, environment, conda in _installations(name):
        path = home / "bin" / name
        if _can_run(path):
            return XmippProgram(name, path, environment, _version(home), conda)
    return None


def require_program(name: str) -> XmippProgram:
    """The program of this name.

    Raises
    ------
    EngineUnavailableError
        if it is not here, with how to get it.
    """
    program = find_program(name)
    if program is None:
        raise EngineUnavailableError(Availability(NAME, False, missing(name)).absence)
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
        return Availability(NAME, False, missing(name), preferred)
    return Availability(NAME, True, f"Xmipp {program.version} ({program.path})", preferred)


def missing(name: str) -> str:
    """That a program is not here, and how to get it."""
    homes = [home for home, _, _ in _installations(name) if (home / "bin").is_dir()]
    if homes:
        return f"{name} cannot be run in {homes[0] / 'bin'}; {ADVICE}"
    return f"no Xmipp was found; {ADVICE}"


def run_xmipp(
    program: XmippProgram,
    arguments: Sequence[str],
    folder: Path,
    timeout_s: float,
    threads: int = 1,
) -> str:
    """Run a program in ``folder`` and return what it wrote to standard error.

    A program that takes longer than ``timeout_s`` is killed with all that it has started.

    Raises
    ------
    XmippError
        if it cannot be started, takes too long, ends with an error, or without what its option
        ``-o`` names.
    """
    written = call_xmipp(program, arguments, folder, timeout_s, threads)
    if "-o" in arguments:
        target = arguments[arguments.index("-o") + 1]
        if not (folder / target).exists():
            raise XmippError(f"{program.name} ended without an error and did not write {target}")
    return written.errors


def call_xmipp(
    program: XmippProgram,
    arguments: Sequence[str],
    folder: Path,
    timeout_s: float,
    threads: int = 1,
) -> Written:
    """Run a program in ``folder``, whatever it then writes there, and return what it said.

    Raises
    ------
    XmippError
        if it cannot be started, takes too long, or ends with an error.
    """
    limits = dict.fromkeys(_THREAD_VARIABLES, str(threads))
    try:
        return run_program(
            [str(program.path), *arguments],
            timeout_s=timeout_s,
            folder=folder,
            environment={**program.environment, **limits},
            name=program.name,
        )
    except ProgramError as error:
        raise XmippError(_sentence(program.name, error)) from error


def as_volume(name: str) -> str:
    """The name of an MRC file for the command line: a volume, whatever else its header may mean."""
    return f"{name}:mrc"


def _sentence(name: str, error: ProgramError) -> str:
    """What Xmipp gave for its reason, else what is known without it."""
    found = _REASON.search(error.said)
    return f"{name} refused: {' '.join(found[1].split())[:_LONGEST]}" if found else str(error)


def _installations(name: str) -> Iterator[tuple[Path, Environment, Mapping[str, Environment]]]:
    """Where Xmipp may be: its folder, its environment, and those of its networks."""
    told = None
    with suppress(ProgramError):  # a plugin that cannot be asked is as good as none
        told = ask(PLUGIN, CONDA_ENVIRONMENTS)
    if told is not None and told.home is not None:
        yield told.home, _environment(told.home, told.environment), told.conda
    if given := os.environ.get(HOME_VARIABLE):
        yield Path(given), _environment(Path(given), os.environ), {}
    if found := shutil.which(name):
        home = Path(found).resolve().parent.parent
        yield home, _environment(home, os.environ), {}


def _environment(home: Path, known: Environment) -> Environment:
    """What Xmipp's own ``xmipp.bashrc`` sets, before everything else that is known."""
    first = {
        "PATH": [home / "bin"],
        "LD_LIBRARY_PATH": [home / "lib", *bindings(home)[:1]],
        "PYTHONPATH": bindings(home),
    }
    paths = {
        name: os.pathsep.join([*map(str, folders), *filter(None, [known.get(name)])])
        for name, folders in first.items()
    }
    return {**known, **paths, HOME_VARIABLE: str(home)}


def _can_run(path: Path) -> bool:
    if not (path.is_file() and os.access(path, os.X_OK)):
        return False
    with path.open("rb") as file:
        return file.read(4).startswith(_MAGIC)


def _version(home: Path) -> str:
    """Xmipp's version, which its programs do not tell: from its own note, or its folder's name."""
    for folder in (home, home.resolve(), home.resolve().parent):
        try:
            told = json.loads((folder / _VERSION_FILE).read_text(encoding="utf-8"))
            return str(told["xmipp"]["version_number"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    for part in (home.resolve().name, home.resolve().parent.name):
        found = _VERSION_IN_A_NAME.search(part)
        if "xmipp" in part.lower() and found:
            return found[1]
    return (
        f"{UNKNOWN_VERSION}, of {PLUGIN.package} {PLUGIN.version}"
        if PLUGIN.version
        else UNKNOWN_VERSION
    )
