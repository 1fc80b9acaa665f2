"""Validating without a screen: a Scipion project in the output folder, and its report."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.engines import Engines
from vrs_scipion.checks.levels import asked_of, selected
from vrs_scipion.entry.contour import in_map_units
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import given_keys, inspect
from vrs_scipion.entry.request import Request
from vrs_scipion.files import written_whole
from vrs_scipion.folders import (
    ENTRY,
    FOLDERS,
    LOCK_FILE,
    MODEL_FILES,
    REPORT_FILES,
    SCIPION,
)
from vrs_scipion.machine.scipion_environment import configure
from vrs_scipion.methods.engine import AUTO
from vrs_scipion.report.folder import A4, load_report, mirror
from vrs_scipion.report.model import Report
from vrs_scipion.running.claim import OutputError, claim, require_same, take_up
from vrs_scipion.running.job_queue import Queue, use_slurm_without_hosts
from vrs_scipion.running.launching import ProtocolServer
from vrs_scipion.running.project_graph import Graph, Observer, RunError, Wanted
from vrs_scipion.running.upgrade import OLD_FOLDERS


def validate(
    request: Request,
    out: Path,
    *,
    engine: str = AUTO,
    threads: int = 1,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    wait: bool = False,
    queue: Queue | None = None,
    paper: str = A4,
    observe: Observer = lambda _: None,
) -> Report:
    """Validate in a Scipion project under ``out`` and leave the report there.

    What an earlier run in ``out`` has finished is kept, whether it was interrupted, knew fewer
    checks, or was given less: what is given now is added to it.

    Parameters
    ----------
    request : what to validate
    out : folder that ends with ``report.pdf``, ``report.html``, ``report.json`` and the results
    engine : what computes the checks that have a choice, see `vrs_scipion.checks.engines.Engines`
    threads : how many protocols run at once
    only, skip : codes of checks or marks of levels that are wanted alone, or not
    wait : for another validation at work in ``out`` to end, instead of refusing
    paper : of the PDF, one of `vrs_scipion.report.folder.PAPERS`
    queue : to send every protocol to as a job of its own; on this machine without one
    observe : called with the state of every protocol as it changes

    Raises
    ------
    EngineUnavailableError, InputError, QueueError
        if the engine of a single check or the queue is not here, or something cannot be validated;
        nothing is written then.
    OutputError
        if ``out`` holds another validation, or is in use.
    ValueError
        if ``engine``, ``only`` or ``skip`` name what is no engine, no check and no level.
    RunError
        if the project could not make the report.
    """
    request, out = in_map_units(request.anchored()), out.absolute()
    asked = Engines.named(engine)
    request = take_up(request, out, str(asked))
    checks = _wanted_checks(request, only, skip)
    engines = asked.chosen(checks)
    if queue is not None:
        use_slurm_without_hosts()
    inspect(request)
    request, claimed = claim(out, request, str(asked))
    with _locked(out, wait):
        configure(out / SCIPION)
        with _kept_working_directory(), ProtocolServer(out / SCIPION) as server:
            try:
                if queue is None:
                    server.start()
                graph = Graph(Wanted(request, checks, engines, paper), out, server, queue)
                require_same(graph.prepared(), claimed, out)
                graph.run(threads, observe)
                require_same(Entry.at(graph.report_folder() / ENTRY), claimed, out)
                _publish(graph.report_folder(), out)
                graph.require_complete_report()
            except (OSError, sqlite3.Error) as error:
                raise RunError(
                    f"{out} cannot be worked in ({error}); the same command goes on once it can"
                ) from error
    return load_report(out)


def _wanted_checks(
    request: Request, only: Collection[str], skip: Collection[str]
) -> tuple[Check, ...]:
    return selected(asked_of(given_keys(request)), only, skip)


@contextlib.contextmanager
def _locked(out: Path, wait: bool) -> Iterator[None]:
    with (out / LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            raise OutputError(f"another vrs is at work in {out.name}; wait for it") from error
        yield


@contextlib.contextmanager
def _kept_working_directory() -> Iterator[None]:
    """Scipion works inside the project's folder; the caller's comes back afterwards."""
    before = Path.cwd()
    try:
        yield
    finally:
        os.chdir(before)


def _publish(folder: Path, out: Path) -> None:
    """Bring the finished validation folder to ``out``; the report's files come last."""
    for name in FOLDERS:
        if (folder / name).is_dir():
            mirror(folder / name, out / name)
    for name in OLD_FOLDERS:
        shutil.rmtree(out / name, ignore_errors=True)
    for name in MODEL_FILES:
        (out / name).unlink(missing_ok=True)
    for name in (*MODEL_FILES, *REPORT_FILES):
        if (folder / name).exists():
            with written_whole(out / name) as temporary:
                temporary.write_bytes((folder / name).read_bytes())
