"""Directional correlation by the 3DFSC program, run and read.

Tan et al. 2017, doi:10.1038/nmeth.4347. Scipion's plugin fsc3d installs it in a conda environment
of its own. It takes cubic boxes of cubic voxels.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vrs_scipion.machine.plugin_programs import PluginProgram
from vrs_scipion.machine.programs import ProgramError, last_line, run_program
from vrs_scipion.machine.scipion_plugins import Plugin, ask
from vrs_scipion.maps.density import Triple
from vrs_scipion.methods.engine import Availability, EngineFailedError
from vrs_scipion.methods.fsc import FscCurve
from vrs_scipion.methods.local_programs import availability as availability_of
from vrs_scipion.methods.local_programs import require
from vrs_scipion.methods.shells import Reals, Shells

NAME = "fsc3d"
PROGRAM = PluginProgram(
    Plugin("fsc3d", "scipion-em-fsc3d", "FSC3D_HOME"),
    "ThreeDFSC_Start.py",
    ("ThreeDFSC/ThreeDFSC_Start.py",),
)
TIMEOUT_SECONDS = 6 * 3600.0
"""Minutes as a rule, hours for large boxes without a GPU."""

_LABEL = "halves"
_HALVES, _MASK = ("half1.mrc", "half2.mrc"), "mask.mrc"
_CURVES = Path(f"Results_{_LABEL}") / f"Plots{_LABEL}.csv"
_COLUMNS = 5
"""Along X, Y and Z, the cosine of the phase residual, and of all directions together."""
_SPHERICITY = re.compile(r"Sphericity is\s+([0-9.]+)")
_HIGH_PASS = 200.0
"""Å, coarser than which the program leaves everything out of its sphericity; its default."""


@dataclass(frozen=True)
class Directional:
    """What the program says.

    Attributes
    ----------
    x, y, z, whole : correlation along the axes and of all directions together
    sphericity : of the surface of its volume; None where it did not say
    """

    x: FscCurve
    y: FscCurve
    z: FscCurve
    whole: FscCurve
    sphericity: float | None


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


def arguments(voxel_size: Triple, half_angle: float, gold: float, half: float) -> list[str]:
    """The program's arguments.

    Parameters
    ----------
    voxel_size : Å along z, y, x
    half_angle : of the cones, degrees
    gold, half : levels of the correlation: of resolutions, and of the surface for the sphericity
    """
    return [
        *(f"--halfmap1={_HALVES[0]}", f"--halfmap2={_HALVES[1]}", f"--mask={_MASK}"),
        f"--fullmap={_HALVES[0]}",  # it wants a map to filter, which nobody reads
        *(f"--apix={voxel_size[2]:.7g}", f"--ThreeDFSC={_LABEL}"),
        *(f"--dthetaInDegrees={half_angle:g}", f"--FSCCutoff={gold:g}"),
        *(f"--ThresholdForSphericity={half:g}", f"--HighPassFilter={_HIGH_PASS:g}"),
    ]


def directional(
    halves: Sequence[Path],
    mask: Path,
    shells: Shells,
    half_angle: float,
    levels: tuple[float, float],
    *,
    threads: int = 1,
    timeout_s: float = TIMEOUT_SECONDS,
) -> Directional:
    """The directional correlation of two half maps under a mask.

    Parameters
    ----------
    halves, mask : MRC files with the axes in the order x, y, z
    shells : of their box
    half_angle : of the cones, degrees
    levels : of the correlation: of resolutions, and of the surface for the sphericity
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
    words = arguments(shells.voxel_size, half_angle, *levels)
    with tempfile.TemporaryDirectory(prefix="vrs_fsc3d_") as name:
        folder = Path(name)
        for path, link in zip((*halves, mask), (*_HALVES, _MASK), strict=True):
            (folder / link).symlink_to(path.resolve())
        try:
            written = run_program(
                _entered([str(installed.path), *words]),
                timeout_s=timeout_s,
                folder=folder,
                environment={**installed.environment, "NUMBA_NUM_THREADS": str(threads)},
                name=PROGRAM.name,
            )
        except ProgramError as error:
            raise EngineFailedError(str(error)) from error
        return read_answer(folder / _CURVES, written.output, shells)


def _entered(command: list[str]) -> list[str]:
    """A command inside the conda environment that the plugin has for it."""
    told = ask(PROGRAM.plugin)
    if told is None or not told.activation:
        return command
    return ["bash", "-c", f'{told.activation} && exec "$0" "$@"', *command]


def read_answer(path: Path, said: str, shells: Shells) -> Directional:
    """Read what the program wrote and said.

    Parameters
    ----------
    path : of its table of curves, a row for each shell, from that of frequency 0 on
    said : what it wrote to standard output
    shells : of the maps

    Raises
    ------
    EngineFailedError
        if there is no such table.
    """
    told = last_line(said)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "loadtxt: input contained no data", UserWarning)
            table = np.loadtxt(path, ndmin=2)
    except OSError as error:
        raise EngineFailedError(
            f"{PROGRAM.name} ended without an error and wrote no curves"
            + (f"; its last words were: {told}" if told else "")
        ) from error
    except ValueError as error:
        raise EngineFailedError(f"{PROGRAM.name} wrote curves that are no numbers") from error
    if table.shape[1] != _COLUMNS or len(table) < 2:
        raise EngineFailedError(
            f"{PROGRAM.name} wrote a table that is not one of {_COLUMNS} curves"
        )
    count = min(len(table) - 1, shells.count)
    x, y, z, _, whole = (_curve(column[1 : count + 1], shells) for column in table.T)
    found = _SPHERICITY.search(said)
    return Directional(x, y, z, whole, float(found[1].rstrip(".")) if found else None)


def _curve(correlation: Reals, shells: Shells) -> FscCurve:
    """Up to the last shell of the maps, NaN where the program has none; it knows no errors."""
    values = np.full(shells.count, np.nan)
    values[: len(correlation)] = correlation
    return FscCurve(shells.frequency, values, np.full(shells.count, np.nan))
