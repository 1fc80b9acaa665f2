"""Local resolution by ResMap, run and read.

Kucukelbir, Sigworth & Tagare 2014, doi:10.1038/nmeth.2727. The program tests steps of resolution,
fine to coarse, and writes the first at which a voxel has signal, 100 where it has none at any.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vrs_scipion.machine.plugin_programs import PluginProgram
from vrs_scipion.machine.scipion_plugins import Plugin
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.engine import Availability, EngineUnavailableError
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

NAME = "resmap"
PROGRAM = PluginProgram(
    Plugin("resmap", "scipion-em-resmap", "RESMAP_HOME"),
    "ResMap",
    ("bin/ResMap*linux64", "bin/ResMap", "ResMap*linux64"),
)
TIMEOUT_SECONDS = 4 * 3600.0
P_VALUE = 0.05
"""The program's default."""
STEP = 0.5
"""Å between the resolutions that are tested."""

_UNRESOLVED = 100.0
_ANSWERS = "*_resmap.mrc"
_SAME = 1e-3


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


def arguments(voxel_size: float, coarsest: float) -> list[str]:
    """The program's arguments; it begins above the Nyquist limit by itself, and shows nothing."""
    return [
        *("--doBenchMarking", "--noguiSplit", *HALVES),
        *(f"--vxSize={voxel_size:.7g}", f"--pVal={P_VALUE:g}"),
        *(f"--maxRes={coarsest:.7g}", f"--stepRes={STEP:g}", f"--maskVol={MASK}"),
    ]


def local_resolution(
    halves: Sequence[Path],
    mask: Mask,
    voxel_size: Triple,
    coarsest: float,
    *,
    threads: int = 1,
    timeout_s: float = TIMEOUT_SECONDS,
) -> Volume:
    """Local resolution of two half maps.

    Parameters
    ----------
    halves : MRC files with the axes in the order x, y, z
    mask : the molecule, bool (z, y, x)
    voxel_size : Å along z, y, x
    coarsest : Å, at which it gives up; what is not resolved there has that
    threads : how many the program may use
    timeout_s : seconds after which the program is killed

    Returns
    -------
    float32 volume in Å, NaN outside the mask

    Raises
    ------
    EngineUnavailableError
        if the program is not here, or does not take the box.
    EngineFailedError
        if it fails, or what it wrote makes no sense.
    """
    if len(set(mask.shape)) > 1 or max(voxel_size) > min(voxel_size) * (1 + _SAME):
        raise EngineUnavailableError(f"{PROGRAM.name} takes cubic boxes of cubic voxels only")
    installed = require(PROGRAM, NAME)
    with laid_out(halves, mask, voxel_size) as folder:
        words = arguments(voxel_size[2], coarsest)
        said = run(PROGRAM, installed, words, folder, timeout_s, threads)
        answer = read_answer(
            PROGRAM,
            next(iter(sorted(folder.glob(_ANSWERS))), None),
            said,
            mask,
            voxel_size,
            lambda values: values > 0,
        )
    answer[answer >= _UNRESOLVED] = coarsest
    return np.minimum(answer, np.float32(coarsest))
