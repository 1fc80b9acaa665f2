"""Validating a map without a screen: a Scipion project in the output folder, and its report."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vrs_scipion.checks.registry import LEVEL_0
from vrs_scipion.entry.files import save_deposition
from vrs_scipion.entry.prepare import Request, inspect
from vrs_scipion.files import sha256, written_whole
from vrs_scipion.methods.engine import AUTO, choose
from vrs_scipion.report.folder import A4, FOLDERS, REPORT_FILES, load_report, mirror
from vrs_scipion.report.model import Report
from vrs_scipion.running.job_queue import Queue, use_slurm_without_hosts
from vrs_scipion.running.launching import ProtocolServer
from vrs_scipion.running.project_graph import Graph, Observer, RunError
from vrs_scipion.running.scipion_environment import configure

_SCIPION = "scipion"
_REQUEST_FILE = "request.json"
_DEPOSITION_FILE = "deposition.json"
_LOCK_FILE = ".lock"
_UNSAFE = set('"$`\\\n')


class OutputError(RuntimeError):
    """The output folder cannot be used: one sentence."""


def validate(
    request: Request,
    out: Path,
    *,
    engine: str = AUTO,
    threads: int = 1,
    wait: bool = False,
    queue: Queue | None = None,
    paper: str = A4,
    observe: Observer = lambda _: None,
) -> Report:
    """Validate a map in a Scipion project under ``out`` and leave the report there.

    What an earlier, interrupted run in ``out`` has finished is kept.

    Parameters
    ----------
    request : what to validate
    out : folder that ends with ``report.pdf``, ``report.html``, ``report.json`` and the results
    engine : 'auto', 'builtin' or the external engine of the checks that have it
    threads : how many protocols run at once
    wait : for another validation at work in ``out`` to end, instead of refusing
    paper : of the PDF, one of `vrs_scipion.report.folder.PAPERS`
    queue : to send every protocol to as a job of its own; on this machine without one
    observe : called with the state of every protocol as it changes

    Raises
    ------
    EngineUnavailableError, InputError, QueueError
        if the engine or the queue is not here, or the map cannot be validated; nothing is written
        then.
    OutputError
        if ``out`` holds another validation, or is in use.
    RunError
        if the project could not make the report.
    """
    _require_engine(engine)
    if queue is not None:
        use_slurm_without_hosts()
    inspect(request)
    request, out = _anchored(request), out.absolute()
    _claim(out, request, engine, paper)
    with _locked(out, wait):
        configure(out / _SCIPION)
        with _kept_working_directory(), ProtocolServer(out / _SCIPION) as server:
            try:
                if queue is None:
                    server.start()
                deposition = _deposition_file(request, out)
                graph = Graph(request, engine, paper, server, deposition, queue)
                graph.run(threads, observe)
                _publish(graph.report_folder(), out)
                graph.require_complete_report()
            except (OSError, sqlite3.Error) as error:
                raise RunError(
                    f"{out} cannot be worked in ({error}); the same command goes on once it can"
                ) from error
    return load_report(out)


def _require_engine(engine: str) -> None:
    for check in LEVEL_0:
        if engine in check.engines:
            choose(engine, check.external())


def _anchored(request: Request) -> Request:
    """The request with absolute paths, valid wherever Scipion goes to work."""
    return replace(
        request,
        map_path=request.map_path.absolute(),
        half_maps=tuple(path.absolute() for path in request.half_maps),
    )


def _claim(out: Path, request: Request, engine: str, paper: str) -> None:
    """Refuse a folder that holds the validation of another map or with other parameters."""
    asked = json.dumps(
        {
            "map": str(request.map_path),
            "sha256": sha256(request.map_path),
            "contour": request.contour,
            "resolution": request.resolution,
            "voxel_size": request.voxel_size,
            "title": request.title,
            "half_maps": [str(path) for path in request.half_maps],
            "engine": engine,
            "paper": paper,
        },
        indent=1,
    )
    if _UNSAFE & set(str(out)):
        raise OutputError(
            "Scipion hands its project's path to a shell: give an output folder (--out) without "
            "double quotes, dollar signs, backquotes, backslashes and line breaks in its path"
        )
    try:
        _claim_folder(out, asked.encode())
    except OSError as error:
        raise OutputError(f"{out} cannot be written to ({error.strerror})") from error


def _claim_folder(out: Path, asked: bytes) -> None:
    known = out / _REQUEST_FILE
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out.name} is a file; give another output folder (--out)")
    if known.exists():
        if known.read_bytes() != asked:
            raise OutputError(
                f"{out.name} holds the validation of another map, or of this one with other "
                "parameters; give another output folder (--out) or remove that one"
            )
        return
    taken = [name for name in (*FOLDERS, *REPORT_FILES, _SCIPION) if (out / name).exists()]
    if taken:
        raise OutputError(
            f"{out.name} holds {', '.join(taken)} of something else; give another output folder "
            "(--out)"
        )
    out.mkdir(parents=True, exist_ok=True)
    with written_whole(known) as path:
        path.write_bytes(asked)


def _deposition_file(request: Request, out: Path) -> Path | None:
    if request.deposition is None:
        return None
    save_deposition(request.deposition, out / _DEPOSITION_FILE)
    return out / _DEPOSITION_FILE


@contextlib.contextmanager
def _locked(out: Path, wait: bool) -> Iterator[None]:
    with (out / _LOCK_FILE).open("w") as lock:
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
        mirror(folder / name, out / name)
    for name in REPORT_FILES:
        if (folder / name).exists():
            with written_whole(out / name) as temporary:
                temporary.write_bytes((folder / name).read_bytes())
