"""Validating one row: ``vrs validate`` in a process of its own, with a time limit."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from vrs_scipion.batch.outcome import RowOutcome, Status
from vrs_scipion.batch.table import Row
from vrs_scipion.entry.inputs import FIELDS
from vrs_scipion.machine.programs import last_line
from vrs_scipion.report.folder import load_report
from vrs_scipion.running.field_options import FIRST

LOG_FILE = "log.txt"

_POLL_SECONDS = 0.2
_GRACE_SECONDS = 30.0
_STATUS = {0: Status.COMPLETE, 3: Status.INCOMPLETE, 2: Status.REFUSED}


@dataclass(frozen=True)
class Settings:
    """How every row is validated.

    Attributes
    ----------
    engine : as ``vrs validate --engine``
    threads : checks of a row to run at once
    memory_gb : that a row may take, or None
    timeout_s : seconds that a row may take, or None
    archive : options of ``vrs validate`` for entries of EMDB
    """

    engine: str = "auto"
    threads: int = 1
    memory_gb: float | None = None
    timeout_s: float | None = None
    archive: tuple[str, ...] = ()

    def limited_to(self, memory_gb: float) -> Settings:
        """The same with another limit of memory."""
        return replace(self, memory_gb=memory_gb)


def validate_row(
    row: Row, folder: Path, settings: Settings, stopped: Callable[[], bool] = lambda: False
) -> RowOutcome:
    """Validate ``row`` in ``folder``; whatever goes wrong becomes an outcome.

    Parameters
    ----------
    row, folder : the map, and where its validation goes
    settings : how
    stopped : asked now and then; the row is given up when it says so
    """
    if row.problem:
        return RowOutcome(row=row, status=Status.REFUSED, message=row.problem)
    started = time.monotonic()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        code, said = _run(command(row, folder, settings), folder, settings.timeout_s, stopped)
    except OSError as error:
        code, said = 1, f"{folder} cannot be written to ({error.strerror})"
    status = _STATUS.get(code, Status.FAILED)
    seconds = round(time.monotonic() - started, 1)
    if status.has_report:
        return _from_report(row, folder, status, seconds)
    return RowOutcome(row=row, status=status, message=said, seconds=seconds)


def command(row: Row, folder: Path, settings: Settings) -> list[str]:
    """The arguments of ``vrs validate``; no shell reads them."""
    options = [
        f"{FIELDS[key].option}={value if isinstance(value, str) else repr(value)}"
        for key, value in row.given.items()
        if key != FIRST
    ]
    options += [f"--memory={settings.memory_gb!r}"] if settings.memory_gb else []
    return [
        sys.executable,
        "-m",
        "vrs_scipion.cli",
        "validate",
        f"--out={folder}",
        f"--engine={settings.engine}",
        f"--threads={settings.threads}",
        "--wait",
        *options,
        *settings.archive,
        *(["--", row.map] if row.map else []),
    ]


def _run(
    arguments: list[str], folder: Path, timeout_s: float | None, stopped: Callable[[], bool]
) -> tuple[int, str]:
    """The exit status and, where it is not a good one, the reason."""
    with (folder / LOG_FILE).open("wb") as log:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_one_thread_each()
        )
        started = time.monotonic()
        while process.poll() is None:
            if stopped():
                _end(process)
                return 1, "stopped; the same command goes on with it"
            if timeout_s is not None and time.monotonic() - started > timeout_s:
                _end(process)
                return 1, f"it was not ready after {timeout_s:g} s"
            time.sleep(_POLL_SECONDS)
    text = (folder / LOG_FILE).read_text(encoding="utf-8", errors="replace")
    said = last_line(text).removeprefix("vrs: ")
    if process.returncode < 0:
        said = f"its process was killed (signal {-process.returncode})"
    return process.returncode, said or f"it ended with code {process.returncode}"


def _one_thread_each() -> dict[str, str]:
    """Rows share the processors: numerical libraries do not take all of them for each."""
    return {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ}


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a validation to stop its protocols; kill all of it if it does not."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def _from_report(row: Row, folder: Path, status: Status, seconds: float) -> RowOutcome:
    report = load_report(folder)
    failed = [f"{c.code}: {c.reason}" for c in report.checks if c.outcome.value == "failed"]
    return RowOutcome(
        row=row,
        status=status,
        message="; ".join(failed),
        seconds=seconds,
        title=report.entry.title,
        grade=report.grade,
        contour=report.entry.contour,
        resolution=report.entry.resolution,
        passed=report.score.passed,
        evaluable=report.score.evaluable,
        warnings=len(report.warnings),
        outcomes={check.code: check.outcome for check in report.checks},
    )
