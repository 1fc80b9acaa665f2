"""MonoDir by Xmipp: ``xmipp_resolution_directional`` run on the mean of half maps and read.

Vilas et al. 2020, doi:10.1038/s41467-019-13742-w. The program takes box and voxels for cubes, and
its noise from around the molecule; it starts from what MonoRes says of the same map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import monores_xmipp
from vrs_scipion.methods.engine import EngineUnavailableError
from vrs_scipion.methods.local_programs import MASK, laid_out, read_answer
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.methods.monores import SIGNIFICANCE
from vrs_scipion.methods.shells import Reals
from vrs_scipion.methods.xmipp import XmippProgram, as_volume, call_xmipp, run_xmipp
from vrs_scipion.methods.xmipp_metadata import read_metadata

PROGRAM = "xmipp_resolution_directional"
TIMEOUT_SECONDS = 12 * 3600.0
COARSEST, STEP = 18.0, 0.5
"""Å: where its sweep starts, and by how much it goes on."""

_MONORES_STEP = 0.25
_AVERAGE, _MONORES, _FOLDER = "average.mrc", "mono", "dir"
_VOLUMES = {
    "highest": "--highestResolutionVol",
    "lowest": "--lowestResolutionVol",
    "radial": "--radialRes",
    "azimuthal": "--azimuthalRes",
    "doa1": "--doa1",
    "doa2": "--doa2",
    "zscore": "--zScoremap",
}
_TABLES = {
    "thresholds": "--radialAzimuthalThresholds",
    "averages": "--radialAvG",
    "directions": "--prefMin",
}
_NO_NOISE = "does not verify the requirements"


@dataclass(frozen=True)
class Answer:
    """What the program says; volumes are float32 in Å, NaN outside the mask.

    Attributes
    ----------
    best, worst : along the direction of the finest and of the coarsest resolution
    radial, tangential : along the radius and across it
    whole : by MonoRes, whatever the direction
    directions : unit vectors along z, y, x, shape (directions, 3)
    counts : voxels best resolved along each; a voxel counts for all that are equally fine
    resolutions : of those voxels, mean, Å
    """

    best: Volume
    worst: Volume
    radial: Volume
    tangential: Volume
    whole: Volume
    directions: Reals
    counts: Reals
    resolutions: Reals


def monores_arguments(voxel_size: float, threads: int = 1) -> list[str]:
    """The arguments of MonoRes, whose answer the program starts from.

    Parameters
    ----------
    voxel_size : Å
    threads : how many the program may use
    """
    return [
        *("--vol", as_volume(_AVERAGE), "--mask", as_volume(MASK), "-o", _MONORES),
        *("--sampling_rate", f"{voxel_size:.7g}", "--minRes", f"{2 * voxel_size:.7g}"),
        *("--maxRes", f"{COARSEST:g}", "--step", f"{_MONORES_STEP:g}"),
        *("--significance", f"{SIGNIFICANCE:g}", "--threads", str(threads)),
    ]


def arguments(voxel_size: float, side: int, threads: int = 1) -> list[str]:
    """The program's arguments, with seven digits: what a float32 in a header is worth.

    Parameters
    ----------
    voxel_size : Å
    side : voxels along the box
    threads : how many the program may use
    """
    written = [
        *((option, f"{_FOLDER}/{name}.mrc") for name, option in _VOLUMES.items()),
        *((option, f"{_FOLDER}/{name}.xmd") for name, option in _TABLES.items()),
    ]
    return [
        *("--vol", as_volume(_AVERAGE), "--mask", as_volume(MASK)),
        *("-o", f"{_FOLDER}/resolution.mrc", "--sampling_rate", f"{voxel_size:.7g}"),
        *("--volumeRadius", str(side // 2), "--significance", f"{SIGNIFICANCE:g}"),
        *("--resStep", f"{STEP:g}"),
        *(word for pair in written for word in pair),
        *("--monores", f"{_MONORES}/{monores_xmipp.ANSWER}", "--threads", str(threads), "--fast"),
    ]


def directional_resolution(
    program: XmippProgram,
    monores: XmippProgram,
    halves: Sequence[Path],
    average: Volume,
    mask: Mask,
    voxel_size: Triple,
    *,
    threads: int = 1,
    timeout_s: float = TIMEOUT_SECONDS,
) -> Answer:
    """Local and directional resolution of the mean of two half maps.

    Parameters
    ----------
    program, monores : xmipp_resolution_directional and xmipp_resolution_monogenic_signal
    halves : MRC files with the axes in the order x, y, z
    average : their mean, float32 (z, y, x)
    mask : the molecule, bool (z, y, x)
    voxel_size : Å along z, y, x
    threads : how many the programs may use
    timeout_s : seconds after which a program is killed

    Raises
    ------
    EngineUnavailableError
        if the program does not take the box.
    NotMeasurableError
        if there is no noise around the molecule for it.
    EngineFailedError
        if it fails, or what it wrote makes no sense.
    """
    if not monores_xmipp.takes(mask.shape, voxel_size):
        raise EngineUnavailableError(f"{program.name} takes cubic boxes of cubic voxels only")
    size = voxel_size[2]
    with laid_out(halves, mask, voxel_size) as folder:
        write_volume(folder / _AVERAGE, average, voxel_size)
        for name in (_MONORES, _FOLDER):
            (folder / name).mkdir()
        run_xmipp(monores, monores_arguments(size, threads), folder, timeout_s, threads)

        def read(source: XmippProgram, path: Path, said: str = "") -> Volume:
            return read_answer(source, path, said, mask, voxel_size, monores_xmipp.is_resolution)

        whole = read(monores, folder / _MONORES / monores_xmipp.ANSWER)
        words = arguments(size, mask.shape[0], threads)
        written = call_xmipp(program, words, folder, timeout_s, threads)
        if _NO_NOISE in written.output + written.errors:
            raise NotMeasurableError(
                "Xmipp's MonoDir needs noise around the molecule: half the box, less 7 voxels, "
                "has to exceed the molecule's radius, and the half maps must not be masked"
            )
        best, worst, radial, tangential = (
            read(program, folder / _FOLDER / f"{name}.mrc")
            for name in ("highest", "lowest", "radial", "azimuthal")
        )
        return Answer(
            best,
            worst,
            radial,
            tangential,
            whole,
            *read_directions(folder / _FOLDER / "directions.xmd"),
        )


def read_directions(path: Path) -> tuple[Reals, Reals, Reals]:
    """Directions, voxels that are best resolved along each, and the mean of their resolution.

    The program writes its first direction twice.

    Returns
    -------
    float64 arrays, shapes (directions, 3), (directions,) and (directions,)

    Raises
    ------
    XmippError
        if the file is missing, or is not the table that it should be.
    """
    turn, tilt, counts, resolutions = read_metadata(
        path, "angleRot", "angleTilt", "count", "resolutionFreqFourier"
    )
    angles = np.stack([turn, tilt], axis=1)
    once: NDArray[np.intp] = np.sort(np.unique(angles, axis=0, return_index=True)[1])
    turn, tilt = np.radians(angles[once]).T
    directions = np.stack(
        [np.cos(tilt), np.sin(tilt) * np.sin(turn), np.sin(tilt) * np.cos(turn)], axis=1
    )
    return directions, counts[once], resolutions[once]
