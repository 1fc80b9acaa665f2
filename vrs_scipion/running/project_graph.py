"""The boxes of a validation in a Scipion project, run in the order of their inputs.

Scipion's own scheduler sleeps between its looks at the inputs; here a protocol starts as soon as
the last of them has ended, so many at once as are allowed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import logging
import math
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrs_scipion.checks.check import Check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.input import Field
from vrs_scipion.entry.inputs import INPUTS, given_keys
from vrs_scipion.entry.request import Request
from vrs_scipion.files import written_whole
from vrs_scipion.folders import BOXES_FILE, DATABASE
from vrs_scipion.report.folder import PAPERS
from vrs_scipion.running import launching
from vrs_scipion.running.job_queue import Queue, in_queue, why_it_ended
from vrs_scipion.running.launching import LaunchError, ProtocolServer

if TYPE_CHECKING:
    from pyworkflow.project import Project
    from pyworkflow.protocol import Protocol

    from vrs_scipion.workflow import Box

REPORT_BOX = "report"
"""Key of the box that ends with the report."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_POLL_SECONDS = (0.1, 1.0)
_LOOKS = 50  # by so small a part of its time the end of a protocol is noticed late, at most
_QUEUE_POLL_SECONDS = 5.0
_GRACE_SECONDS = 10.0  # in which the last words of a job may still be on their way


class RunError(RuntimeError):
    """The report could not be made: one sentence."""


class State(str, Enum):
    """What a protocol of the graph is doing."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True)
class Progress:
    """State of one protocol: its label, what it does, and for how many seconds it has run."""

    label: str
    state: State
    seconds: float
    kept: bool = False


Observer = Callable[[list[Progress]], None]


@dataclass(frozen=True)
class Wanted:
    """What a project is to hold: boxes for everything given, and for the checks that are wanted.

    ``engines`` are the names of those to ask for, by the code of the check.
    """

    request: Request
    checks: Sequence[Check]
    engines: Mapping[str, str]
    paper: str


class Graph:
    """The boxes of a validation in a project, and the order in which they can run.

    Boxes that the project lacks are added; none is ever deleted.
    """

    def __init__(
        self,
        wanted: Wanted,
        out: Path,
        server: ProtocolServer,
        queue: Queue | None = None,
    ) -> None:
        _quieten_scipion()
        self.project = _project(out / DATABASE)
        self._boxes: dict[str, Protocol] = self._filled(wanted)
        self._protocols: list[Protocol] = list(self._boxes.values())
        _note_boxes(self._boxes, out)
        self._server = server
        self._queue = queue
        self._asked: dict[int, float] = {}
        self._missed: dict[int, float] = {}
        here = {p.getObjId() for p in self._protocols}
        self._inputs = {p.getObjId(): _input_ids(p) & here for p in self._protocols}
        self._started: dict[int, float] = {}
        self._seconds: dict[int, float] = {}
        self._kept: set[int] = set()
        self._rerun: set[int] = set()

    def run(self, threads: int, observe: Observer) -> None:
        """Run what is not finished, ``threads`` protocols at once."""
        self._take_stock()
        observe(self._progress())
        try:
            while pending := self._unfinished():
                room = len(pending) if self._queue else threads - len(self._started)
                for protocol in self._ready(pending)[:room]:
                    self._launch(protocol, threads)
                ended = self._poll()
                observe(self._progress())
                if not ended:
                    time.sleep(_QUEUE_POLL_SECONDS if self._queue else self._pause())
        except BaseException:
            self._stop()
            raise

    def prepared(self) -> Entry:
        """The inputs that were prepared in this project before."""
        from vrs_scipion.workflow import prepare_key

        boxes = {key: self._boxes.get(prepare_key(key)) for key in INPUTS}
        return Entry(
            {
                key: Path(self.project.path, box.outputEntry.getFolder())
                for key, box in boxes.items()
                if box is not None and box.isFinished()
            }
        )

    def report_folder(self) -> Path:
        """The validation folder of the report's protocol.

        Raises
        ------
        RunError
            if it has none.
        """
        report = self._report()
        if not report.hasAttribute("outputReport"):
            raise self._failure(report)
        folder: Path = report.outputReport.getFolder()
        return Path(self.project.path) / folder

    def require_complete_report(self) -> None:
        """Raise RunError if the report's protocol could not finish."""
        report = self._report()
        if not report.isFinished():
            raise self._failure(report)

    def _report(self) -> Protocol:
        return self._boxes[REPORT_BOX]

    def _failure(self, report: Protocol) -> RunError:
        culprit = next((p for p in self._protocols if p.isFailed()), report)
        said = _COLOURS.sub("", culprit.getErrorMessage())
        message = " ".join(said.split()) or "it ended without a message"
        log = Path(self.project.path) / culprit.getLogPaths()[1]
        return RunError(f"'{culprit.getObjLabel()}' failed: {message} (its log: {log})")

    def _filled(self, wanted: Wanted) -> dict[str, Protocol]:
        """The protocols of the boxes that are wanted, by key: those there, and new ones."""
        from vrs_scipion.workflow import boxes

        mean = wanted.request.path("map") is None
        asked = boxes(given_keys(wanted.request), wanted.checks, mean=mean)
        there = {type(run).__name__: run for run in self.project.getRuns()}
        known = {box.key: there[n] for box in asked if (n := box.kind.__name__) in there}
        for box in asked:
            if box.key in known and not known[box.key].isFinished():
                _ask(known[box.key], box, wanted.request)
        self._add([box for box in asked if box.key not in known], known, wanted)
        self._point(asked[-1], known, wanted.paper)
        return {box.key: known[box.key] for box in asked}

    def _add(self, new: Sequence[Box], known: dict[str, Protocol], wanted: Wanted) -> None:
        """Add boxes to the project, and to those known."""
        from vrs_scipion.protocols.check_form import choose_engine
        from vrs_scipion.workflow import as_json

        names = {box.key: f"new{number}" for number, box in enumerate(new)}
        ids = {key: str(run.getObjId()) for key, run in known.items()} | names
        said = as_json(new, lambda field: _parameter(wanted.request, field), ids)
        with contextlib.redirect_stdout(io.StringIO()):
            loaded = self.project.loadProtocols(jsonStr=json.dumps(said))
        for box in new:
            protocol = known[box.key] = loaded[names[box.key]]
            protocol.setObjLabel(box.label)
            protocol._prerequisites.clear()
            if box.key in wanted.engines:
                choose_engine(protocol, wanted.engines[box.key])
            self.project._storeProtocol(protocol)

    def _point(self, box: Box, known: Mapping[str, Protocol], paper: str) -> None:
        """Let the report point to everything that is to be in it, and be printed on the paper."""
        report = known[box.key]
        for name, (key, output) in box.pointers.items():
            pointer = getattr(report, name)
            pointer.set(known[key])
            pointer.setExtended(output)
        pointed = {pointer.getObjValue().getObjId() for pointer in report.inputOutcomes}
        for key in box.outcomes[1]:
            if known[key].getObjId() not in pointed:
                report.inputOutcomes.append(known[key])
                report.inputOutcomes[-1].setExtended("outputOutcome")
        if PAPERS[report.paper.get()] != paper:
            report.paper.set(PAPERS.index(paper))
            report.initTime.set(None)  # what was printed on another paper is out of date
        self.project._storeProtocol(report)

    def _take_stock(self) -> None:
        """Adopt what an earlier run left: finished is kept, what still runs is waited for."""
        for protocol in self._protocols:
            key = protocol.getObjId()
            if not protocol.isSaved():
                self._refresh(protocol)
            if protocol.isFinished() and not self._is_stale(protocol):
                self._kept.add(key)
                self._seconds[key] = 0.0
            elif protocol.isActive() and self._alive(protocol):
                self._started[key] = time.monotonic()
            else:
                self._rerun.add(key)
        self.project.mapper.commit()

    def _is_stale(self, protocol: Protocol) -> bool:
        """Whether one of its inputs is still to come, or has come after it started."""
        inputs = self._inputs[protocol.getObjId()]
        if inputs & (self._rerun | set(self._started)):
            return True
        started = _moment(protocol.initTime)
        ended = [_moment(p.endTime) for p in self._protocols if p.getObjId() in inputs]
        return started is None or any(moment is None or moment > started for moment in ended)

    def _unfinished(self) -> list[Protocol]:
        return [p for p in self._protocols if p.getObjId() not in self._seconds]

    def _ready(self, pending: list[Protocol]) -> list[Protocol]:
        return [
            p
            for p in pending
            if p.getObjId() not in self._started
            and self._inputs[p.getObjId()] <= set(self._seconds)
        ]

    def _launch(self, protocol: Protocol, threads: int) -> None:
        from pyworkflow.protocol import MODE_RESTART

        key = protocol.getObjId()
        if not _has_what_it_needs(protocol):
            protocol.setFailed("what it starts from is missing")
            self.project._storeProtocol(protocol)
            self._seconds[key] = 0.0
            return
        protocol.runMode.set(MODE_RESTART)
        protocol._useQueue.set(False)
        if self._queue is not None:
            self._queue.take(protocol)
        elif protocol.hasAttribute("numberOfThreads"):
            siblings = sum(self._inputs[k] == self._inputs[key] for k in self._inputs)
            protocol.numberOfThreads.set(max(1, threads // siblings))
        for remembered in (self._asked, self._missed):
            remembered.pop(key, None)
        self._started[key] = time.monotonic()
        self._end_what_is_left(protocol)
        try:
            with self._server.in_place_of_shells():
                self.project.launchProtocol(protocol, wait=False, force=True)
        except LaunchError as error:
            protocol.setFailed(str(error))
            self.project._storeProtocol(protocol)

    def _pause(self) -> float:
        """Seconds until the next look: more, the longer the latest protocol takes."""
        shortest, longest = _POLL_SECONDS
        running = time.monotonic() - max(self._started.values(), default=math.inf)
        return min(max(running / _LOOKS, shortest), longest)

    def _poll(self) -> bool:
        """Look at what runs; whether something has ended."""
        running = len(self._started)
        for protocol in self._protocols:
            key = protocol.getObjId()
            if key in self._started:
                self._refresh(protocol)
                self.project.mapper.commit()
                ended = _has_ended(protocol) or not self._alive(protocol)
                if ended and not protocol.isActive():
                    self._seconds[key] = time.monotonic() - self._started.pop(key)
        return len(self._started) < running

    def _refresh(self, protocol: Protocol) -> None:
        """Take over what the protocol's process has written, its last words included.

        Scipion takes a database for known that changed within the same tick of the clock, and then
        takes a process that has just ended for one that died; and it says that a protocol has
        finished before it says when. What a process that is gone has written is read once more.
        """
        self._update(protocol)
        if _has_ended(protocol) or self._alive(protocol):
            return
        protocol.lastUpdateTimeStamp.set(None)
        self._update(protocol)
        if not _left_without_a_word(protocol):
            return
        if protocol.useQueueForProtocol():
            protocol.setFailed(why_it_ended(protocol))
        else:
            self._end_what_is_left(protocol)
            protocol.setFailed("its process was killed before it could leave a result")
        self.project._storeProtocol(protocol)

    def _update(self, protocol: Protocol) -> None:
        """Scipion's own look at the protocol, whose tracebacks are of no use to anybody here."""
        with contextlib.redirect_stderr(io.StringIO()):
            self.project._updateProtocol(protocol)

    def _alive(self, protocol: Protocol) -> bool:
        """Whether the protocol's process runs, or its job is in the queue or has just left it."""
        if protocol.useQueueForProtocol():
            return self._job_lives(protocol)
        return launching.is_alive(self._run_db(protocol))

    def _end_what_is_left(self, protocol: Protocol) -> None:
        """End the programs of a protocol that was killed: they would disturb the next attempt."""
        if launching.was_started(self._run_db(protocol)):
            launching.kill(self._run_db(protocol))

    def _run_db(self, protocol: Protocol) -> Path:
        return Path(self.project.path, protocol.getDbPath())

    def _job_lives(self, protocol: Protocol) -> bool:
        """Whether the job is in the queue, which is asked once per poll, or has just left it."""
        key, now = protocol.getObjId(), time.monotonic()
        if now - self._asked.get(key, -math.inf) < _QUEUE_POLL_SECONDS / 2:
            return key not in self._missed or now - self._missed[key] < _GRACE_SECONDS
        self._asked[key] = now
        if in_queue(protocol):
            self._missed.pop(key, None)
            return True
        return now - self._missed.setdefault(key, now) < _GRACE_SECONDS

    def _stop(self) -> None:
        self._server.hang_up()
        for protocol in self._protocols:
            if protocol.getObjId() in self._started:
                with contextlib.suppress(Exception):
                    if not protocol.useQueueForProtocol():
                        launching.kill(self._run_db(protocol))
                        protocol.setAborted()
                    self.project.stopProtocol(protocol)

    def _progress(self) -> list[Progress]:
        return [self._progress_of(protocol) for protocol in self._protocols]

    def _progress_of(self, protocol: Protocol) -> Progress:
        key = protocol.getObjId()
        label = protocol.getObjLabel()
        if key in self._seconds:
            state = State.FINISHED if protocol.isFinished() else State.FAILED
            return Progress(label, state, self._seconds[key], key in self._kept)
        if key in self._started:
            return Progress(label, State.RUNNING, time.monotonic() - self._started[key])
        return Progress(label, State.WAITING, 0.0)


def _project(database: Path) -> Project:
    """The project with this database, made where it is not there; to work in from here on.

    Scipion's own manager would look for it where the environment says, which may be elsewhere.
    """
    from pwem import Domain
    from pyworkflow.project import Project

    project = Project(Domain, str(database.parent))
    if database.exists():
        project.load()
    else:
        project.create()
    os.chdir(project.path)
    return project


def _quieten_scipion() -> None:
    """Leave the terminal to the progress; one of Scipion's modules logs under its file's name."""
    module = importlib.util.find_spec("pyworkflow.protocol.launch")
    for name in ("pyworkflow", module.origin if module else None):
        logging.getLogger(name or "pyworkflow").setLevel(logging.ERROR)


def _moment(stamp: Any) -> datetime | None:
    """A time that Scipion stored; None where a kill came before it."""
    return stamp.datetime() if stamp.get() else None


def _has_ended(protocol: Protocol) -> bool:
    """Whether the protocol has finished and said when."""
    return bool(protocol.isFinished() and _moment(protocol.endTime))


def _left_without_a_word(protocol: Protocol) -> bool:
    """Whether the protocol, whose process or job is gone, has not said how it ended."""
    return bool(protocol.isActive() or "not found running" in protocol.getErrorMessage())


def _parameter(request: Request, field: Field) -> Any:
    """The value of a field as a parameter of a form; None where it was not given."""
    value = request.values.get(field.key)
    return str(value) if isinstance(value, Path) else value


def _ask(protocol: Protocol, box: Box, request: Request) -> None:
    """Let the form of a protocol that is still to run ask for what is given now."""
    for parameter, field in box.fields.items():
        value = _parameter(request, field)
        if value is not None:
            getattr(protocol, parameter).set(value)


def _note_boxes(known: Mapping[str, Protocol], out: Path) -> None:
    """Leave beside the project which protocol does what, for those who look at it from outside."""
    noted = {key: protocol.getObjId() for key, protocol in known.items()}
    with written_whole(out / BOXES_FILE) as path:
        path.write_text(json.dumps(noted, indent=1) + "\n", encoding="utf-8")


def _input_ids(protocol: Protocol) -> set[int]:
    return {pointer.getObjValue().getObjId() for _, pointer in protocol.iterInputAttributes()}


def _has_what_it_needs(protocol: Any) -> bool:
    """Whether every input that the form requires is there; the report does without outcomes."""
    return all(
        pointer.get() is not None
        for name, pointer in protocol.iterInputAttributes()
        if not protocol.getParam(name.split(".")[0]).allowsNull
    )
