"""Fourier shell correlation by Xmipp: ``xmipp_resolution_fsc`` run and read.

The program takes box and voxels for cubes. It counts the coefficients of one octant along y and
both halves along z, so that its curve differs from that of the whole sphere by up to 0.03.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vrs_scipion.maps.density import Triple
from vrs_scipion.methods.engine import EngineUnavailableError
from vrs_scipion.methods.shells import Reals
from vrs_scipion.methods.xmipp import XmippError, XmippProgram, run_xmipp
from vrs_scipion.methods.xmipp_metadata import read_metadata

PROGRAM = "xmipp_resolution_fsc"
TIMEOUT_SECONDS = 1800.0

_HALVES, _OUTPUT = ("half1.mrc", "half2.mrc"), "fsc.xmd"
_CUBIC = 1e-3
_PRINTED = 1e-6
"""Frequencies come with six decimals."""


@dataclass(frozen=True)
class Correlation:
    """What the program says of each shell, without shell 0; float64 arrays, shape (shells,).

    Attributes
    ----------
    frequency : 1/Å
    correlation : Fourier shell correlation
    noise : two standard errors of it in noise
    residual : differential phase residual, degrees
    """

    frequency: Reals
    correlation: Reals
    noise: Reals
    residual: Reals


def arguments(voxel_size: Triple) -> list[str]:
    """The program's arguments, with seven digits: what a float32 in a header is worth."""
    return [
        *("--ref", _HALVES[0], "-i", _HALVES[1], "-o", _OUTPUT),
        *("--sampling_rate", f"{voxel_size[2]:.7g}", "--do_dpr"),
    ]


def correlation(
    program: XmippProgram,
    first: Path,
    second: Path,
    box: tuple[int, ...],
    voxel_size: Triple,
    *,
    threads: int = 1,
    timeout_s: float = TIMEOUT_SECONDS,
) -> Correlation:
    """Correlate two maps, shell by shell.

    Parameters
    ----------
    program : xmipp_resolution_fsc
    first, second : MRC files with the axes in the order x, y, z
    box, voxel_size : of both: voxels and Å along z, y, x
    threads : how many the program may use
    timeout_s : seconds after which the program is killed

    Raises
    ------
    EngineUnavailableError
        if box or voxels are no cubes.
    XmippError
        if the program fails, or what it wrote makes no sense.
    """
    if len(set(box)) > 1 or max(voxel_size) > min(voxel_size) * (1 + _CUBIC):
        raise EngineUnavailableError(f"{PROGRAM} takes cubic boxes of cubic voxels only")
    with tempfile.TemporaryDirectory(prefix="vrs_xmipp_") as name:
        folder = Path(name)
        # a path of the user's may hold '@' or ':', which Xmipp reads as parts of its own
        for path, link in zip((first, second), _HALVES, strict=True):
            (folder / link).symlink_to(path.resolve())
        run_xmipp(program, arguments(voxel_size), folder, timeout_s, threads)
        return read_correlation(folder / _OUTPUT, box[0], voxel_size[2])


def read_correlation(path: Path, edge: int, voxel_size: float) -> Correlation:
    """Read what the program wrote of a cubic box of ``edge`` voxels of ``voxel_size`` Å.

    Raises
    ------
    XmippError
        if the file is missing, is not the table that it should be, or is that of another box.
    """
    columns = ("FreqFourier", "FRC", "FRCRandomNoise", "DPR")
    read = Correlation(*read_metadata(path, *(f"resolution{column}" for column in columns)))
    expected = np.arange(1, edge // 2 + 1) / (edge * voxel_size)
    if read.frequency.shape != expected.shape or not np.allclose(
        read.frequency, expected, rtol=1e-5, atol=_PRINTED
    ):
        raise XmippError(f"{PROGRAM} wrote a curve whose frequencies are not those of the maps")
    return read
