"""Guinier analysis by Xmipp: ``xmipp_volume_correct_bfactor --auto`` run and read.

The program takes box and voxels for cubes; on others its shells, and so its numbers, are wrong.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.files import InputError
from vrs_scipion.machine.programs import last_line
from vrs_scipion.maps.density import Density
from vrs_scipion.maps.reading import read_density
from vrs_scipion.methods.guinier import (
    COARSEST,
    CorrectedMap,
    GuinierFit,
    in_fit,
    inverse_squares,
    require_fit_range,
)
from vrs_scipion.methods.xmipp import XmippError, XmippProgram, as_volume, run_xmipp

PROGRAM = "xmipp_volume_correct_bfactor"
TIMEOUT_SECONDS = 1800.0

_INPUT, _OUTPUT = "map.mrc", "corrected.mrc"
_GUINIER = f"{_OUTPUT}.guinier"
_NUMBER = r"\s*([-+.\w]+)"
_LINE = re.compile(rf"Fitted slope={_NUMBER}\s+intercept={_NUMBER}")
_B_FACTOR = re.compile(rf"Applying B-factor of{_NUMBER}\s+squared Angstroms")
_COLUMNS = 5
_PRINTED = 2e-5  # numbers come with six digits, and two of them are compared


@dataclass(frozen=True)
class Said:
    """The line that the program says it fitted, ln amplitude = slope · 1/d² + intercept, and B."""

    slope: float
    intercept: float
    b_factor: float


def fit(
    program: XmippProgram,
    map_path: Path,
    density: Density,
    resolution: float,
    *,
    coarsest: float = COARSEST,
    threads: int = 1,
    timeout_s: float = TIMEOUT_SECONDS,
) -> tuple[GuinierFit, CorrectedMap]:
    """Fit the Guinier plot of a map, and correct its B-factor, with Xmipp.

    Parameters
    ----------
    program : xmipp_volume_correct_bfactor
    map_path : the map as an MRC file with the axes in the order x, y, z
    density : what the file holds
    resolution, coarsest : ends of the fit, Å
    threads : how many threads the program may use
    timeout_s : seconds after which the program is killed

    Returns
    -------
    The fit and the corrected map.

    Raises
    ------
    FitRangeError
        if there are not two shells to fit; the program is not run then.
    XmippError
        if the program fails, or what it wrote makes no sense.
    """
    require_fit_range(density, resolution, coarsest)
    with tempfile.TemporaryDirectory(prefix="vrs_xmipp_") as name:
        folder = Path(name)
        # a path of the user's may hold '@' or ':', which Xmipp reads as parts of its own
        (folder / _INPUT).symlink_to(map_path.resolve())
        said = parse_messages(
            run_xmipp(program, arguments(density, resolution, coarsest), folder, timeout_s, threads)
        )
        table = read_guinier(folder / _GUINIER)
        values = _read_corrected(folder / _OUTPUT, density)
    longest = density.box[2] * density.voxel_size[2]
    x = inverse_squares(longest, len(table))
    if not np.allclose(table[:, 0], x, rtol=_PRINTED):
        raise XmippError(f"{PROGRAM} wrote a Guinier plot whose 1/d² are not those of the map")
    fitted = in_fit(longest, len(table), resolution, coarsest)
    return (
        GuinierFit(
            *(x, table[:, 1], fitted),
            *(said.slope, said.intercept, said.b_factor),
            *(resolution, coarsest),
        ),
        CorrectedMap(values, table[:, 3]),
    )


def arguments(density: Density, resolution: float, coarsest: float = COARSEST) -> list[str]:
    """The program's arguments, with seven digits: what a float32 in a header is worth."""
    return [
        *("-i", as_volume(_INPUT), "-o", _OUTPUT, "--auto"),
        *("--sampling", f"{density.voxel_size[2]:.7g}"),
        *("--maxres", f"{resolution:.7g}"),
        *("--fit_minres", f"{coarsest:.7g}"),
    ]


def parse_messages(text: str) -> Said:
    """Read slope, intercept and B from what the program wrote to standard error.

    Raises
    ------
    XmippError
        if they are not there, are no numbers, or contradict the B-factor beside them.
    """
    line, b_factor = _LINE.search(text), _B_FACTOR.search(text)
    if line is None or b_factor is None:
        told = last_line(text)
        raise XmippError(
            f"{PROGRAM} did not say which line it fitted"
            + (f"; its last words were: {told}" if told else "")
        )
    try:
        slope, intercept, b = float(line[1]), float(line[2]), float(b_factor[1])
    except ValueError as error:
        raise XmippError(f"{PROGRAM} wrote no number where one was expected ({error})") from error
    if not np.all(np.isfinite((slope, intercept, b))):
        raise XmippError(f"{PROGRAM} could not fit a line: its slope is {slope:g}")
    if not np.isclose(4 * slope, b, rtol=_PRINTED):
        raise XmippError(f"{PROGRAM} fitted a slope of {slope:g} but applied a B-factor of {b:g}")
    return Said(slope, intercept, b)


def read_guinier(path: Path) -> NDArray[np.float64]:
    """Read the program's table without its first row, that of the mean.

    Returns
    -------
    1/d², ln amplitude, the same weighted, the same corrected, the intercept: shape (shells, 5)

    Raises
    ------
    XmippError
        if the file is missing or no such table.
    """
    try:
        rows = [
            [float(word) for word in line.split()]
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip() and not line.startswith("#")
        ]
    except OSError as error:
        raise XmippError(f"{PROGRAM} wrote no Guinier plot ({path.name})") from error
    except ValueError as error:
        raise XmippError(f"{PROGRAM} wrote a Guinier plot that makes no sense ({error})") from error
    if len(rows) < 3 or any(len(row) != _COLUMNS for row in rows):
        raise XmippError(
            f"{PROGRAM} wrote a Guinier plot that is not a table of {_COLUMNS} columns"
        )
    table = np.array(rows)[1:]
    if not np.all(np.isfinite(table)):
        raise XmippError(f"{PROGRAM} wrote a Guinier plot with values that are not finite")
    return table


def _read_corrected(path: Path, density: Density) -> NDArray[np.float32]:
    try:
        values = read_density(path, density.voxel_size[2]).values
    except InputError as error:
        raise XmippError(f"{PROGRAM} wrote no usable map: {error}") from error
    if values.shape != density.box:
        raise XmippError(
            f"{PROGRAM} wrote a map of {values.shape[::-1]} voxels for one of {density.box[::-1]}"
        )
    return values
