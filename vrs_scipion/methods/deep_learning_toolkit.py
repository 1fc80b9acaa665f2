"""Xmipp's deep-learning toolkit: its networks, and the conda environments they are run in."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeVar

from vrs_scipion.methods.engine import Availability, EngineUnavailableError
from vrs_scipion.methods.xmipp import ADVICE, NAME, UNKNOWN_VERSION, XmippProgram, find_program

Programs = Mapping[str, XmippProgram]
"""Xmipp's programs by name."""


C = TypeVar("C")


class Chain(Protocol):
    """Programs and networks that belong together."""

    @property
    def version(self) -> str:
        """Of Xmipp."""


class MissingError(LookupError):
    """A program or a network is not here: which one, and how to get it."""


def find_chain(
    names: Sequence[str], main: str, kind: str, models: Sequence[str], advice: str
) -> tuple[dict[str, XmippProgram], list[Path]]:
    """The programs and networks of a chain.

    Parameters
    ----------
    names : of the programs
    main : the one that uses the networks
    kind : of the networks, see ``find_model``
    models : their file names
    advice : how to get them

    Raises
    ------
    MissingError
        if one of them is not here.
    """
    programs = {}
    for name in names:
        program = find_program(name)
        if program is None:
            raise MissingError(f"{name} was not found; {ADVICE}")
        programs[name] = program
    paths = []
    for name in models:
        path = find_model(kind, name, programs[main])
        if path is None:
            raise MissingError(f"the network {name} was not found; {advice}")
        paths.append(path)
    return programs, paths


def version_of(programs: Programs, main: str) -> str:
    """Of Xmipp, 'unknown' where nothing tells it."""
    return programs[main].version if main in programs else UNKNOWN_VERSION


def chain_availability(find: Callable[[], Chain], what: str, preferred: bool) -> Availability:
    """Whether a chain is here, with its version or how to get it."""
    try:
        version = find().version
    except MissingError as missing:
        return Availability(NAME, False, str(missing), preferred)
    return Availability(NAME, True, f"Xmipp {version} with {what}'s networks", preferred)


def require_chain(find: Callable[[], C]) -> C:
    """What ``find`` finds.

    Raises
    ------
    EngineUnavailableError
        if something is missing, with how to get it.
    """
    try:
        return find()
    except MissingError as missing:
        raise EngineUnavailableError(f"{NAME} is not available here: {missing}") from missing


def find_model(kind: str, name: str, program: XmippProgram) -> Path | None:
    """A network where the plugin resolves it, or where its installer puts it.

    Parameters
    ----------
    kind : 'deepHand', 'deepRes', …
    name : file name
    program : of the Xmipp that is to use it
    """
    candidates = []
    with suppress(Exception):  # a plugin that is half installed is as good as none
        candidates.append(Path(str(import_module("xmipp3").Plugin.getModel(kind, name))))
    homes = (program.path.parent.parent, program.path.resolve().parent.parent)
    candidates += [home / "models" / kind / name for home in homes]
    return next((path for path in candidates if path.is_file()), None)


def in_environment(
    program: XmippProgram, name: str, settings: Mapping[str, str] | None = None
) -> XmippProgram:
    """The program in the conda environment that the plugin keeps for it, where it tells one.

    Parameters
    ----------
    program : as it was found
    name : of the environment
    settings : further variables
    """
    ours = {**program.environment, **(settings or {})}
    try:
        manager = import_module("xmipp3.base").XmippProtocol
        told = {str(k): str(v) for k, v in manager.getCondaEnv(_conda_env=name).items()}
    except Exception:  # then what it needs must be in the environment it is run with
        return replace(program, environment=ours)
    libraries = told.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    told["LD_LIBRARY_PATH"] = os.pathsep.join(p for p in libraries if "cuda" not in p)
    return replace(program, environment={**ours, **told})
