"""Running external programs: argument lists, a time limit, and one sentence when they fail."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SHOWN = 200


class ProgramError(RuntimeError):
    """A program did not do its work: one sentence that names it and says what happened."""


@dataclass(frozen=True)
class Written:
    """What a program wrote to standard output and standard error."""

    output: str
    errors: str


def run_program(
    command: Sequence[str],
    *,
    timeout_s: float,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    name: str = "",
) -> Written:
    """Run a program and return what it wrote.

    A program that takes longer than ``timeout_s`` is killed with all that it has started.

    Parameters
    ----------
    command : program and arguments; no shell reads them
    timeout_s : seconds
    folder : to run in; by default this process's
    environment : its variables; by default this process's
    name : what an error calls it; by default the program's file name

    Raises
    ------
    ProgramError
        if it cannot be started, takes too long, or ends with an error.
    """
    name = name or Path(command[0]).name
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramError(f"{name} could not be started ({error.strerror})") from error
    try:
        output, errors = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise ProgramError(f"{name} was not ready after {timeout_s:g} s") from error
    if process.returncode:
        raise ProgramError(f"{name} {_ending(process.returncode, errors or output)}")
    return Written(output, errors)


def last_line(text: str) -> str:
    """The last line of a program's output, cut to what a sentence can hold."""
    lines = text.strip().splitlines()
    return lines[-1].strip()[:_SHOWN] if lines else ""


def _ending(code: int, said: str) -> str:
    if code < 0:
        return f"crashed with {signal.Signals(-code).name}"
    line = last_line(said)
    return f"ended with code {code}" + (f": {line}" if line else "")
