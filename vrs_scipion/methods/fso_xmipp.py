"""Fourier shell occupancy by Xmipp: ``xmipp_resolution_fso`` run and read.

Vilas & Tagare 2023, doi:10.1038/s41592-023-01874-3. The program takes box and voxels for cubes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vrs_scipion.maps.density import Triple
from vrs_scipion.methods.fsc import crossings
from vrs_scipion.methods.shells import Reals
from vrs_scipion.methods.xmipp import XmippProgram, run_xmipp
from vrs_scipion.methods.xmipp_metadata import read_metadata

PROGRAM = "xmipp_resolution_fso"
TIMEOUT_SECONDS = 3600.0

_HALVES, _MASK, _FOLDER = ("half1.mrc", "half2.mrc"), "mask.mrc", "fso"
_OCCUPANCY, _DIRECTIONS = "fso.xmd", "Resolution_Distribution.xmd"
_TIE = 0.02
"""Shells: frequencies that differ by less are one."""


@dataclass(frozen=True)
class Occupancy:
    """What the program says.

    Attributes
    ----------
    frequency : 1/Å, shape (shells,)
    share : of directions with a signal, shape (shells,)
    bingham : the p of a Bingham test of whether those cluster, shape (shells,)
    resolutions : along directions all over the half sphere, Å
    """

    frequency: Reals
    share: Reals
    bingham: Reals
    resolutions: Reals

    def resolution(self, share: float) -> float | None:
        """Å where the occupancy first falls below a share; None where it does not."""
        found = crossings(self.frequency.tolist(), self.share.tolist(), share)
        return 1 / found[0] if found else None

    def at(self, frequency: Reals) -> Reals:
        """The share at other frequencies; NaN where the program has none."""
        return self._at(frequency, self.share)

    def bingham_at(self, frequency: Reals) -> Reals:
        """The test's p at other frequencies; NaN where the program has none."""
        return self._at(frequency, self.bingham)

    def _at(self, frequency: Reals, values: Reals) -> Reals:
        place = np.abs(self.frequency - frequency[:, None]).argmin(axis=1)
        known = np.abs(self.frequency[place] - frequency) <= _TIE * self.frequency[0]
        return np.where(known, values[place], np.nan)


def arguments(voxel_size: Triple, half_angle: float, level: float, threads: int = 1) -> list[str]:
    """The program's arguments, with seven digits: what a float32 in a header is worth.

    Parameters
    ----------
    voxel_size : Å along z, y, x
    half_angle : of the cones, degrees
    level : of the correlation
    threads : how many the program may use
    """
    return [
        *("--half1", _HALVES[0], "--half2", _HALVES[1], "-o", _FOLDER),
        *("--sampling", f"{voxel_size[2]:.7g}", "--mask", _MASK),
        *("--anglecone", f"{half_angle:g}", "--threshold", f"{level:g}"),
        *("--threads", str(threads)),
    ]


def occupancy(
    program: XmippProgram,
    halves: Sequence[Path],
    mask: Path,
    voxel_size: Triple,
    half_angle: float,
    level: float,
    *,
    threads: int = 1,
    timeout_s: float = TIMEOUT_SECONDS,
) -> Occupancy:
    """The Fourier shell occupancy of two half maps under a mask.

    Parameters
    ----------
    program : xmipp_resolution_fso
    halves, mask : MRC files with the axes in the order x, y, z
    voxel_size : Å along z, y, x
    half_angle : of the cones, degrees
    level : of the correlation
    threads : how many the program may use
    timeout_s : seconds after which the program is killed

    Raises
    ------
    XmippError
        if the program fails, or what it wrote makes no sense.
    """
    with tempfile.TemporaryDirectory(prefix="vrs_xmipp_") as name:
        folder = Path(name)
        (folder / _FOLDER).mkdir()
        for path, link in zip((*halves, mask), (*_HALVES, _MASK), strict=True):
            (folder / link).symlink_to(path.resolve())
        words = arguments(voxel_size, half_angle, level, threads)
        run_xmipp(program, words, folder, timeout_s, threads)
        return read_occupancy(folder / _FOLDER)


def read_occupancy(folder: Path) -> Occupancy:
    """Read what the program wrote.

    Raises
    ------
    XmippError
        if a file is missing, or is not the table that it should be.
    """
    columns = ("resolutionFreqFourier", "resolutionFSO", "resolutionAnisotropy")
    frequency, share, bingham = read_metadata(folder / _OCCUPANCY, *columns)
    (resolutions,) = read_metadata(folder / _DIRECTIONS, "resolutionFRC")
    return Occupancy(frequency, share, bingham, resolutions)
