"""What the external programs of local resolution share: found, run on half maps, read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vrs_scipion.files import InputError
from vrs_scipion.machine.plugin_programs import Installed, PluginProgram
from vrs_scipion.machine.programs import ProgramError, last_line, run_program
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.reading import read_density
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.engine import Availability, EngineFailedError, EngineUnavailableError
from vrs_scipion.methods.xmipp import XmippProgram

HALVES = ("half1.mrc", "half2.mrc")
MASK = "mask.mrc"


def availability(program: PluginProgram, engine: str) -> Availability:
    """Whether a program is here, with its version or how to get it.

    'auto' does not take it: the built-in engines know the errors of what they measure.
    """
    found = program.find()
    if found is None:
        return Availability(engine, False, program.absence, preferred=False)
    return Availability(engine, True, f"{program.name} {found.version} ({found.path})", False)


def require(program: PluginProgram, engine: str) -> Installed:
    """The program.

    Raises
    ------
    EngineUnavailableError
        if it is not here, with how to get it.
    """
    found = program.find()
    if found is None:
        raise EngineUnavailableError(Availability(engine, False, program.absence).absence)
    return found


@contextmanager
def laid_out(halves: Sequence[Path], mask: Mask, voxel_size: Triple) -> Iterator[Path]:
    """A folder with both half maps and the mask, under the names that the programs are given."""
    with tempfile.TemporaryDirectory(prefix="vrs_local_") as name:
        folder = Path(name)
        for half, link in zip(halves, HALVES, strict=True):
            (folder / link).symlink_to(half.resolve())
        write_volume(folder / MASK, mask.astype(np.float32), voxel_size)
        yield folder


def run(
    program: PluginProgram,
    installed: Installed,
    arguments: Sequence[str],
    folder: Path,
    timeout_s: float,
    threads: int,
) -> str:
    """Run a program in a folder and return the last line of what it said.

    Raises
    ------
    EngineFailedError
        if it cannot be started, takes too long or ends with an error.
    """
    try:
        written = run_program(
            [str(installed.path), *arguments],
            timeout_s=timeout_s,
            folder=folder,
            environment={**installed.environment, "OMP_NUM_THREADS": str(threads)},
            name=program.name,
        )
    except ProgramError as error:
        raise EngineFailedError(str(error)) from error
    return last_line(written.errors) or last_line(written.output)


def read_answer(
    program: PluginProgram | XmippProgram,
    path: Path | None,
    said: str,
    mask: Mask,
    voxel_size: Triple,
    known: Callable[[Volume], Mask],
) -> Volume:
    """The resolutions that a program wrote, NaN outside the mask and where it knows none.

    Parameters
    ----------
    program : that wrote them
    path : its file; None where it wrote none
    said : its last words
    mask : that it was given, (z, y, x)
    voxel_size : Å
    known : which of its values are resolutions

    Raises
    ------
    EngineFailedError
        if there is no such file, or it makes no sense.
    """
    if path is None or not path.exists():
        told = f"; its last words were: {said}" if said else ""
        raise EngineFailedError(
            f"{program.name} ended without an error and wrote no resolutions{told}"
        )
    try:
        values = read_density(path, voxel_size[2]).values
    except InputError as error:
        raise EngineFailedError(f"{program.name} wrote no usable volume: {error}") from error
    if values.shape != mask.shape:
        raise EngineFailedError(
            f"{program.name} wrote {values.shape[::-1]} voxels for a map of {mask.shape[::-1]}"
        )
    answer: Volume = np.where(mask & known(values), values, np.float32(np.nan))
    if not np.isfinite(answer).any():
        raise EngineFailedError(f"{program.name} gave no voxel of the mask a resolution")
    return answer
