"""MonoRes by Xmipp: ``xmipp_resolution_monogenic_signal`` run on half maps and read.

Vilas et al. 2018, doi:10.1016/j.str.2017.12.018. The program takes box and voxels for cubes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.engine import EngineUnavailableError
from vrs_scipion.methods.local_programs import HALVES, MASK, laid_out, read_answer
from vrs_scipion.methods.monores import SIGNIFICANCE, STEP
from vrs_scipion.methods.xmipp import XmippProgram, as_volume, run_xmipp

PROGRAM = "xmipp_resolution_monogenic_signal"
TIMEOUT_SECONDS = 4 * 3600.0

ANSWER = "monoresResolutionMap.mrc"
"""Where it writes the resolutions, in the folder that it is given."""

_FOLDER = "mono"
_SAME = 1e-3


def arguments(voxel_size: float, coarsest: float, threads: int = 1) -> list[str]:
    """The program's arguments, with seven digits: what a float32 in a header is worth.

    Parameters
    ----------
    voxel_size, coarsest : Å; the sweep ends at the Nyquist limit
    threads : how many the program may use
    """
    first, second = map(as_volume, HALVES)
    return [
        *("--vol", first, "--vol2", second, "--mask", as_volume(MASK), "-o", _FOLDER),
        *("--sampling_rate", f"{voxel_size:.7g}", "--minRes", f"{2 * voxel_size:.7g}"),
        *("--maxRes", f"{coarsest:.7g}", "--step", f"{STEP:g}"),
        *("--significance", f"{SIGNIFICANCE:g}", "--threads", str(threads)),
    ]


def local_resolution(
    program: XmippProgram,
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
    program : xmipp_resolution_monogenic_signal
    halves : MRC files with the axes in the order x, y, z
    mask : the molecule, bool (z, y, x)
    voxel_size : Å along z, y, x
    coarsest : Å, where the sweep starts
    threads : how many the program may use
    timeout_s : seconds after which the program is killed

    Returns
    -------
    float32 volume in Å, NaN outside the mask and where the program gave none

    Raises
    ------
    EngineUnavailableError
        if the program does not take the box.
    EngineFailedError
        if it fails, or what it wrote makes no sense.
    """
    if not takes(mask.shape, voxel_size):
        raise EngineUnavailableError(f"{program.name} takes cubic boxes of cubic voxels only")
    with laid_out(halves, mask, voxel_size) as folder:
        (folder / _FOLDER).mkdir()
        words = arguments(voxel_size[2], coarsest, threads)
        run_xmipp(program, words, folder, timeout_s, threads)
        path = folder / _FOLDER / ANSWER
        return read_answer(program, path, "", mask, voxel_size, is_resolution)


def takes(box: tuple[int, ...], voxel_size: Triple) -> bool:
    """Whether Xmipp takes a box: it has to be a cube of cubes."""
    return len(set(box)) == 1 and max(voxel_size) <= min(voxel_size) * (1 + _SAME)


def is_resolution(values: Volume) -> Mask:
    """Which values of its volumes are resolutions."""
    positive: Mask = np.isfinite(values) & (values > 0)
    return positive
