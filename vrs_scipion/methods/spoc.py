"""Resolution by permutation with SPoC: its ``FSC_FDRcontrol.py`` run and read.

Beckers & Sachse 2020, doi:10.1016/j.jsb.2020.107579. Scipion's plugin spoc installs it; the Python
that runs here runs it, as the plugin does.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vrs_scipion.machine.plugin_programs import PluginProgram
from vrs_scipion.machine.programs import ProgramError, last_line, run_program
from vrs_scipion.machine.scipion_plugins import Plugin
from vrs_scipion.maps.density import Triple
from vrs_scipion.methods.engine import Availability, EngineFailedError
from vrs_scipion.methods.local_programs import HALVES, require
from vrs_scipion.methods.local_programs import availability as availability_of
from vrs_scipion.methods.shells import Reals

NAME = "spoc"
PROGRAM = PluginProgram(
    Plugin("spoc", "scipion-em-spoc", "SPOC_HOME"),
    "FSC_FDRcontrol.py",
    ("spoc-source/FSC_FDRcontrol.py", "FSC_FDRcontrol.py"),
    is_script=True,
)
TIMEOUT_SECONDS = 2 * 3600.0

_CURVE = "FSC.txt"
_RESOLUTION = re.compile(r"FDR-FSC\s*:?\s*([0-9]+(?:\.[0-9]+)?)")


@dataclass(frozen=True)
class Permuted:
    """What the program says.

    Attributes
    ----------
    resolution : Å
    frequency, correlation : of its curve, 1/Å, float64 of shape (shells,)
    """

    resolution: float
    frequency: Reals
    correlation: Reals


def availability() -> Availability:
    """Whether the program is here, with its version or how to get it."""
    return availability_of(PROGRAM, NAME)


def version() -> str:
    """Of the program.

    Raises
    ------
    EngineUnavailableError
        if it is not here.
    """
    return require(PROGRAM, NAME).version


def arguments(voxel_size: Triple) -> list[str]:
    """The program's arguments."""
    return ["--halfmap1", HALVES[0], "--halfmap2", HALVES[1], "--apix", f"{voxel_size[2]:.7g}"]


def permuted(
    halves: Sequence[Path],
    voxel_size: Triple,
    *,
    threads: int = 1,
    timeout_s: float = TIMEOUT_SECONDS,
) -> Permuted:
    """The resolution of two half maps by permutation.

    Parameters
    ----------
    halves : MRC files with the axes in the order x, y, z
    voxel_size : Å along z, y, x
    threads : how many the program may use
    timeout_s : seconds after which the program is killed

    Raises
    ------
    EngineUnavailableError
        if the program is not here.
    EngineFailedError
        if it fails, or what it wrote makes no sense.
    """
    installed = require(PROGRAM, NAME)
    with tempfile.TemporaryDirectory(prefix="vrs_spoc_") as name:
        folder = Path(name)
        for half, link in zip(halves, HALVES, strict=True):
            (folder / link).symlink_to(half.resolve())
        try:
            written = run_program(
                [sys.executable, str(installed.path), *arguments(voxel_size)],
                timeout_s=timeout_s,
                folder=folder,
                environment={
                    **installed.environment,
                    "OMP_NUM_THREADS": str(threads),
                    "MPLBACKEND": "Agg",
                },
                name=PROGRAM.name,
            )
        except ProgramError as error:
            raise EngineFailedError(str(error)) from error
        return read_answer(folder / _CURVE, written.output)


def read_answer(path: Path, said: str) -> Permuted:
    """Read the curve that the program wrote, and the resolution that it said last.

    Raises
    ------
    EngineFailedError
        if one of them is missing or makes no sense.
    """
    told = _RESOLUTION.findall(said)
    if not told or not float(told[-1]) > 0:
        line = last_line(said)
        raise EngineFailedError(
            f"{PROGRAM.name} told no resolution"
            + (f"; its last words were: {line}" if line else "")
        )
    try:
        frequency, curve = np.loadtxt(path, ndmin=2)[:2]
    except (OSError, ValueError) as error:
        raise EngineFailedError(f"{PROGRAM.name} wrote no curve ({path.name})") from error
    if not (np.isfinite(frequency).all() and (np.diff(frequency) > 0).all()):
        raise EngineFailedError(f"{PROGRAM.name} wrote a curve whose frequencies make no sense")
    return Permuted(float(told[-1]), frequency, curve)
