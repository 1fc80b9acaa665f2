"""Local resolution by Bsoft's ``blocres``, run and read.

Cardone, Heymann & Steven 2013, doi:10.1016/j.jsb.2013.08.002. The program correlates blocks around
every voxel of a mask; it writes a volume of resolutions, 0 where it has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vrs_scipion.machine.plugin_programs import PluginProgram
from vrs_scipion.machine.scipion_plugins import Plugin
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.engine import Availability
from vrs_scipion.methods.local_programs import (
    HALVES,
    MASK,
    laid_out,
    read_answer,
    require,
    run,
)
from vrs_scipion.methods.local_programs import (
    availability as availability_of,
)

NAME = "blocres"
PROGRAM = PluginProgram(
    Plugin("bsoft", "scipion-em-bsoft", "BSOFT_HOME"), "blocres", ("bin/blocres",)
)
TIMEOUT_SECONDS = 6 * 3600.0
"""Every voxel of the mask has a block of its own: hours for large maps."""
BLOCK = 6.0
"""Edge of a block, in resolutions."""

_ANSWER = "resolution.mrc"


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


def arguments(voxel_size: Triple, resolution: float, level: float) -> list[str]:
    """The program's arguments, with seven digits: what a float32 in a header is worth.

    Parameters
    ----------
    voxel_size : Å along z, y, x
    resolution : Å; a block's edge is six times that
    level : of the correlation
    """
    z, y, x = voxel_size
    edge = 2 * round(BLOCK * resolution / max(voxel_size) / 2)
    return [
        *("-verbose", "1", "-box", str(edge)),
        *("-sampling", f"{x:.7g},{y:.7g},{z:.7g}"),
        *("-step", "1", "-maxresolution", f"{2 * max(voxel_size):.7g}"),
        *("-cutoff", f"{level:g}", "-fill", "0", "-Mask", MASK),
        *(*HALVES, _ANSWER),
    ]


def local_resolution(
    halves: Sequence[Path],
    mask: Mask,
    voxel_size: Triple,
    resolution: float,
    level: float,
    *,
    threads: int = 1,
    timeout_s: float = TIMEOUT_SECONDS,
) -> Volume:
    """Local resolution of two half maps at a level of the correlation.

    Parameters
    ----------
    halves : MRC files with the axes in the order x, y, z
    mask : the molecule, bool (z, y, x)
    voxel_size : Å along z, y, x
    resolution : Å, from which the size of a block follows
    level : of the correlation
    threads : how many the program may use
    timeout_s : seconds after which the program is killed

    Returns
    -------
    float32 volume in Å, NaN outside the mask and where the program gave none

    Raises
    ------
    EngineUnavailableError
        if the program is not here.
    EngineFailedError
        if it fails, or what it wrote makes no sense.
    """
    installed = require(PROGRAM, NAME)
    with laid_out(halves, mask, voxel_size) as folder:
        words = arguments(voxel_size, resolution, level)
        said = run(PROGRAM, installed, words, folder, timeout_s, threads)
        return read_answer(
            PROGRAM, folder / _ANSWER, said, mask, voxel_size, lambda values: values > 0
        )
