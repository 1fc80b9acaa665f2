"""Xmipp's deep-learning toolkit: its networks, and the Python environments they are run in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vrs_scipion.machine.programs import ProgramError, run_program
from vrs_scipion.methods.engine import Availability, EngineUnavailableError
from vrs_scipion.methods.xmipp import (
    NAME,
    XmippProgram,
    find_program,
    missing,
    run_xmipp,
)

Step = tuple[str, Sequence[str]]
"""A program's name, and its arguments."""

INSTALL = "scipion3 installb deepLearningToolkit"

_MAGIC = {".pth": (b"PK", b"\x80"), ".h5": (b"\x89HDF",)}
_SECONDS = 120.0
_LACKING = (
    "import sys, importlib.util as u; print(*[m for m in sys.argv[1:] if u.find_spec(m) is None])"
)


class MissingError(LookupError):
    """A program, a network or what runs it is not here: which one, and how to get it."""


@dataclass(frozen=True)
class Chain:
    """Programs of Xmipp that are run one after another, the last but one with a network.

    Attributes
    ----------
    method : whose chain it is, e.g. 'DeepHand'
    programs : all of them
    main : the one that uses the networks
    kind : folder of the networks among Xmipp's models
    networks : their file names
    conda : the environment that Xmipp's plugin keeps for them
    modules : of Python, without which the main program does not start
    settings : further variables of its environment
    """

    method: str
    programs: tuple[str, ...]
    main: str
    kind: str
    networks: tuple[str, ...]
    conda: str
    modules: tuple[str, ...]
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Tools:
    """What a chain needs, found: its programs, and its networks by file name."""

    programs: Mapping[str, XmippProgram]
    networks: Mapping[str, Path]
    main: str

    @property
    def version(self) -> str:
        """Of Xmipp, 'unknown' where nothing tells it."""
        return self.programs[self.main].version

    def run(self, steps: Sequence[Step], folder: Path, timeout_s: float, threads: int = 1) -> None:
        """Run programs one after another in ``folder``.

        Raises
        ------
        XmippError
            if one of them fails; the others are not run then.
        """
        for name, arguments in steps:
            run_xmipp(self.programs[name], arguments, folder, timeout_s, threads)


def find(chain: Chain) -> Tools:
    """What the chain needs.

    Raises
    ------
    MissingError
        if something of it is not here.
    """
    programs = {}
    for name in chain.programs:
        program = find_program(name)
        if program is None:
            raise MissingError(missing(name))
        programs[name] = program
    main = programs[chain.main]
    advice = f"{INSTALL} installs the networks of {chain.method} and what runs them"
    networks = {name: _network(main, chain.kind, name) for name in chain.networks}
    for name, path in networks.items():
        if not _is_network(path):
            there = "holds no network" if path.is_file() else "was not found"
            raise MissingError(f"the network {name} {there} ({path.parent}); {advice}")
    programs[chain.main] = _in_environment(main, chain)
    lacking = _lacking(programs[chain.main], chain.modules)
    if lacking:
        raise MissingError(f"the Python that runs {chain.main} lacks {lacking}; {advice}")
    return Tools(programs, networks, chain.main)


def availability(chain: Chain, preferred: bool) -> Availability:
    """Whether a chain is here, with its version or how to get it."""
    try:
        version = find(chain).version
    except MissingError as error:
        return Availability(NAME, False, str(error), preferred)
    return Availability(
        NAME, True, f"Xmipp {version} with the networks of {chain.method}", preferred
    )


def require(chain: Chain) -> Tools:
    """What the chain needs.

    Raises
    ------
    EngineUnavailableError
        if something is missing, with how to get it.
    """
    try:
        return find(chain)
    except MissingError as error:
        raise EngineUnavailableError(Availability(NAME, False, str(error)).absence) from error


def _network(program: XmippProgram, kind: str, name: str) -> Path:
    return program.path.parent.parent / "models" / kind / name


def _is_network(path: Path) -> bool:
    """Whether the file begins as a network does: a download that failed leaves another one."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4).startswith(_MAGIC[path.suffix])


def _in_environment(program: XmippProgram, chain: Chain) -> XmippProgram:
    """The program in the conda environment that the plugin keeps for it, where it tells one."""
    told = program.conda.get(chain.conda, {})
    merged = {**program.environment, **told, **chain.settings}
    for name in ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH"):
        ordered = [
            *told.get(name, "").split(os.pathsep),
            *program.environment.get(name, "").split(os.pathsep),
        ]
        merged[name] = os.pathsep.join(dict.fromkeys(filter(None, ordered)))
    return replace(program, environment=merged)


def _lacking(program: XmippProgram, modules: Sequence[str]) -> str:
    """The modules that the Python which runs the program does not find, or why none runs it."""
    try:
        written = run_program(
            ["/usr/bin/env", "python3", "-c", _LACKING, *modules],
            timeout_s=_SECONDS,
            environment=program.environment,
            name="python3",
        )
    except ProgramError as error:
        return f"what it needs ({error})"
    return ", ".join(written.output.split())
