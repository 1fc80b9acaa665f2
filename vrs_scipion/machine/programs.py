"""Running external programs: argument lists, a time limit, and one sentence when they fail."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vrs_scipion.machine.limits import program_timeout

_SHOWN = 200
_MOST = 1 << 26
_CHUNK = 1 << 16


class ProgramError(RuntimeError):
    """A program did not do its work: one sentence that names it and says what happened.

    ``said`` is what it wrote before it ended.
    """

    def __init__(self, sentence: str, said: str = "") -> None:
        super().__init__(sentence)
        self.said = said


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
    timeout_s : seconds; the user's limit (see ``vrs_scipion.machine.limits``) takes its place
    folder : to run in; by default this process's
    environment : its variables; by default this process's
    name : what an error calls it; by default the program's file name

    Raises
    ------
    ProgramError
        if it cannot be started, takes too long, or ends with an error.
    """
    name = name or Path(command[0]).name
    timeout_s = program_timeout(timeout_s)
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramError(f"{name} could not be started ({error.strerror})") from error
    with process:
        try:
            output, errors = _listen(process, timeout_s)
        except subprocess.TimeoutExpired as error:
            _kill(process)
            raise ProgramError(f"{name} was not ready after {timeout_s:g} s") from error
        except _TooMuchError as error:
            _kill(process)
            raise ProgramError(f"{name} wrote more than {_MOST / 1e6:g} MB of messages") from error
    if process.returncode:
        said = errors or output
        raise ProgramError(f"{name} {_ending(process.returncode, said)}", said)
    return Written(output, errors)


class _TooMuchError(Exception):
    """A program says more than anybody will read."""


def _listen(process: subprocess.Popen[bytes], timeout_s: float) -> tuple[str, str]:
    """What the program writes to standard output and error until it ends."""
    deadline = time.monotonic() + timeout_s
    said: dict[Any, bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as selector:
        for stream in said:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(process.args, timeout_s)
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, _CHUNK)
                said[key.fileobj] += chunk
                if not chunk:
                    selector.unregister(key.fileobj)
            if sum(map(len, said.values())) > _MOST:
                raise _TooMuchError
    process.wait(max(0.0, deadline - time.monotonic()))
    output, errors = (bytes(text).decode(errors="replace") for text in said.values())
    return output, errors


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def last_line(text: str) -> str:
    """The last line of a program's output, cut to what a sentence can hold."""
    lines = text.strip().splitlines()
    return lines[-1].strip()[:_SHOWN] if lines else ""


def _ending(code: int, said: str) -> str:
    if code < 0:
        return f"crashed with {signal.Signals(-code).name}"
    line = last_line(said)
    return f"ended with code {code}" + (f": {line}" if line else "")
