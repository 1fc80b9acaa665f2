"""What every drawing engine takes, gives back and raises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.machine.programs import ProgramError, run_program

PIXELS = 480
"""Edge of the square picture of one view."""

Images = NDArray[np.uint8]


class EngineError(RuntimeError):
    """An engine is not here, or could not draw; the message says why in one sentence."""


@dataclass(frozen=True)
class Rendering:
    """The three views as an engine drew them, on a white ground.

    Attributes
    ----------
    images : uint8 array, shape (3, PIXELS, PIXELS, 3); the first row is at the top
    angstrom_per_pixel : scale of all three, or None when the engine does not tell
    binning : edge, in voxels, of the cubes over which the map was averaged before drawing
    engine : name
    version : of the program or library that drew
    """

    images: Images
    angstrom_per_pixel: float | None
    binning: int
    engine: str
    version: str


def draw_by_program(
    command: Sequence[str],
    *,
    timeout_s: float,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a drawing program and return what it wrote to standard output.

    Raises
    ------
    EngineError
        If it cannot be started, takes too long, or ends with an error.
    """
    try:
        written = run_program(
            command, timeout_s=timeout_s, folder=cwd, environment=environment, name="it"
        )
    except ProgramError as error:
        raise EngineError(str(error)) from error
    return written.output
