"""What every drawing engine takes, gives back and raises."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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


def run_program(
    command: Sequence[str],
    *,
    timeout_s: float,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a drawing program, and end it with all its children when its time is over.

    Parameters
    ----------
    command : program and arguments
    timeout_s : seconds
    cwd : folder to run in
    environment : its environment variables; by default those of this process

    Returns
    -------
    What it wrote to standard output and standard error.

    Raises
    ------
    EngineError
        If it cannot be started, takes too long, or ends with an error.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise EngineError(f"{command[0]} could not be started ({error.strerror})") from error
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise EngineError(f"it was not ready after {timeout_s:g} s") from error
    if process.returncode:
        raise EngineError(_ending(process.returncode, output))
    return output


def _ending(code: int, output: str) -> str:
    lines = output.strip().splitlines()
    last = f": {lines[-1].strip()[:200]}" if lines else ""
    if code < 0:
        return f"it crashed with {signal.Signals(-code).name}"
    return f"it ended with code {code}{last}"
