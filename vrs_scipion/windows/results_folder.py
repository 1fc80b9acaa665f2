"""What there is to be seen in a folder of results, whole, unfinished or broken."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path

import psutil

from vrs_scipion.checks.levels import CHECKS as KNOWN_CHECKS
from vrs_scipion.checks.levels import LOOKS as KNOWN_LOOKS
from vrs_scipion.checks.levels import asked_of, in_order
from vrs_scipion.checks.run import sound, stamped
from vrs_scipion.entry.entry import RECORDS, Entry, is_prepared, load_record
from vrs_scipion.entry.inputs import INPUTS
from vrs_scipion.folders import (
    CHECKS,
    ENTRY,
    HTML_FILE,
    JSON_FILE,
    LOCK_FILE,
    LOOKS,
    PDF_FILE,
    RESULT,
    RESULT_FILE,
    RUNS,
)
from vrs_scipion.report.compile import compile_report
from vrs_scipion.report.document import CheckSection, Document, InputSection, build_document
from vrs_scipion.report.folder import load_report, place_of
from vrs_scipion.report.model import Report
from vrs_scipion.results import CheckResult
from vrs_scipion.results.files import load_result
from vrs_scipion.windows.run_states import run_states


class FolderError(ValueError):
    """There is nothing to be shown: one sentence."""


class State(str, Enum):
    """Whether a check's result is there."""

    DONE = "done"
    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"
    MISSING = "missing"
    BROKEN = "broken"


@dataclass(frozen=True)
class Places:
    """Where the parts of a validation lie.

    Attributes
    ----------
    folder : what was opened
    entry : the prepared inputs
    results : result folders of the checks and of what shows the inputs, by code
    expected : codes of the checks that are to be there at the end
    started : codes of the checks whose work has begun, whether or not it goes on
    failures : why checks ended without a result, by code
    """

    folder: Path
    entry: Entry
    results: dict[str, Path]
    expected: tuple[str, ...]
    started: frozenset[str] = frozenset()
    failures: Mapping[str, str] = field(default_factory=dict)

    def folder_of(self, code: str) -> Path:
        """Where the result of a check lies, or will."""
        return self.results.get(code, self.folder / place_of(code))


@dataclass(frozen=True)
class Item:
    """A line of the list: a check, or one of the inputs (its ``code`` is the input's key).

    ``folder`` holds its figures and volumes. ``section`` is what the report says of a check,
    ``given`` what it says of an input.
    """

    code: str
    title: str
    state: State
    icon: str
    words: str
    outcome: str
    reason: str
    folder: Path
    result: CheckResult | None = None
    section: CheckSection | None = None
    given: InputSection | None = None

    @property
    def anchor(self) -> str:
        """Where the report's page speaks of it."""
        shown = self.section or self.given
        return shown.anchor if shown is not None else ""


@dataclass(frozen=True)
class Contents:
    """All that a window shows of a folder.

    Attributes
    ----------
    title, score : of the map, and what its checks came to
    items : the inputs first, then the checks
    entry : the prepared inputs
    html, pdf : the report's files, where they are there
    running : whether results are still to come
    """

    title: str
    score: str
    items: tuple[Item, ...]
    entry: Entry
    html: Path | None
    pdf: Path | None
    running: bool

    def results(self) -> Iterator[tuple[CheckResult, Path]]:
        """The results that are there, with their folders."""
        for item in self.items:
            if item.result is not None:
                yield item.result, item.folder


def locate(folder: Path, entry: Mapping[str, Path] | None = None, check: str = "") -> Places:
    """Find the prepared inputs and the results in ``folder``.

    It may be a validation folder, the output of ``vrs validate`` while that is still at work, the
    working folder of a protocol, or a prepared input or a result folder alone.

    Parameters
    ----------
    folder : what was given
    entry : folders of the prepared inputs, by key, where they lie elsewhere
    check : code of the check whose result folder it is, for one that has no result yet

    Raises
    ------
    FolderError
        if there is no prepared map.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        raise FolderError(f"{folder} is no folder")
    prepared = _prepared(folder, entry or {})
    if "map" not in prepared.given:
        if at_work(folder):
            raise FolderError(f"{folder} holds no prepared map yet: try again in a moment")
        raise FolderError(
            f"{folder} holds no prepared map; give the output folder of vrs validate, or the "
            "folder with report.json"
        )
    results = {path.name: path for kind in (LOOKS, CHECKS) for path in _subfolders(folder / kind)}
    for run in folder.glob(f"{RUNS}/*/extra/{RESULT}/{RESULT_FILE}"):
        code = _code(run.parent)
        if code is not None:
            results.setdefault(code, run.parent)
    alone = next((p for p in (folder, folder / RESULT) if (p / RESULT_FILE).is_file()), None)
    if alone is not None:
        code = _code(alone)
        if code is None:
            raise FolderError(f"{alone / RESULT_FILE} cannot be read as the result of a check")
        return Places(folder, prepared, {code: alone}, (code,))
    if entry and check and not results:
        return Places(folder, prepared, {}, (check,), frozenset({check}))
    inputs_alone = is_prepared(folder) or bool(Entry.at(folder).given)
    if inputs_alone or ((folder / JSON_FILE).is_file() and not at_work(folder)):
        return Places(folder, prepared, results, tuple(results))
    asked = [check.code for check in asked_of(prepared.given)]
    expected = tuple(dict.fromkeys((*asked, *results)))
    begun, failures = _without_result(folder)
    return Places(folder, prepared, results, expected, begun, failures)


def read_contents(places: Places, alive: Callable[[], bool] = lambda: False) -> Contents:
    """Read everything that a window shows; what is missing or broken is said as such.

    Parameters
    ----------
    places : where it lies
    alive : whether something is still at work on the results

    Raises
    ------
    FolderError
        if a prepared input cannot be read.
    """
    entry = places.entry
    for key in entry.given:
        try:
            entry.record(key)
        except (OSError, ValueError) as error:
            raise FolderError(
                f"{INPUTS[key].noun} prepared in {entry.folders[key]} cannot be read "
                f"({_first_line(error)})"
            ) from error
    running = alive()
    results, broken = _load(places, entry)
    report, document = _documented(places, results, running)
    found = {check.code: check for check in report.checks}
    sections = {section.code: section for section in document.checks}
    items = [_input_item(places, section, report) for section in document.inputs]
    expected = {*places.expected, *found, *broken} - set(KNOWN_LOOKS)
    for code in in_order(expected):
        if code in found:
            items.append(_done(found[code], sections[code], places.folder_of(code)))
        else:
            items.append(_absent(code, places, running, broken.get(code, "")))
    html, pdf = (places.folder / HTML_FILE, places.folder / PDF_FILE)
    return Contents(
        title=document.subject,
        score=_score(document, running) if len(expected) > 1 else "",
        items=tuple(items),
        entry=entry,
        html=html if html.is_file() else None,
        pdf=pdf if pdf.is_file() else None,
        running=running,
    )


def at_work(folder: Path) -> bool:
    """Whether ``vrs validate`` is working in ``folder``: it holds a lock there."""
    try:
        with (folder / LOCK_FILE).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def process_lives(pid: int) -> bool:
    """Whether the process is there and not just waiting to be buried."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _prepared(folder: Path, given: Mapping[str, Path]) -> Entry:
    """The prepared inputs: those given, of a validation folder, the folder itself, of a project.

    While a validation is at work its project may hold more than an earlier run has left.
    """
    if given:
        return Entry({key: path.absolute() for key, path in given.items() if is_prepared(path)})
    whole = next((e for e in (Entry.at(folder / ENTRY), Entry.at(folder)) if e.given), Entry({}))
    if whole.given and not at_work(folder):
        return whole
    if is_prepared(folder):
        alone = _key_of(folder)
        return Entry({alone: folder} if alone == "map" else Entry.at(folder.parent).folders)
    runs = sorted(folder.glob(f"{RUNS}/*/extra/{ENTRY}"))
    found = {_key_of(path): path for path in reversed(runs) if is_prepared(path)}
    return Entry({**found, **whole.folders})


def _key_of(folder: Path) -> str:
    """Which input was prepared in a folder: the one whose record can be read there."""
    for key in RECORDS:
        try:
            load_record(key, folder)
        except ValueError:
            continue
        return key
    return next(iter(RECORDS))


def _subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if (path / RESULT_FILE).is_file())


def _without_result(folder: Path) -> tuple[frozenset[str], dict[str, str]]:
    """The checks that have begun, by their folders and by Scipion; and why some have failed."""
    runs = run_states(folder)
    begun = {path.name for path in folder.glob(f"{CHECKS}/*") if path.is_dir()}
    begun |= {code for code, run in runs.items() if run.started}
    return frozenset(begun), {code: run.error for code, run in runs.items() if run.failed}


def _code(folder: Path) -> str | None:
    try:
        return load_result(folder).code
    except (OSError, ValueError):
        return None


def _load(places: Places, entry: Entry) -> tuple[dict[str, CheckResult], dict[str, str]]:
    """The results that can be read, and why the others cannot."""
    results: dict[str, CheckResult] = {}
    broken: dict[str, str] = {}
    for code, folder in places.results.items():
        try:
            results[code] = sound(stamped(load_result(folder), entry), folder)
        except (OSError, ValueError) as error:
            broken[code] = f"{folder / RESULT_FILE} cannot be read ({_first_line(error)})"
    return results, broken


def _documented(
    places: Places, results: dict[str, CheckResult], running: bool
) -> tuple[Report, Document]:
    """The report that is there, or else one of the results so far, and its words.

    While there is something at work the report is one of an earlier run.
    """
    if (places.folder / JSON_FILE).is_file() and not running:
        try:
            report = load_report(places.folder)
            return report, build_document(report)
        except (OSError, ValueError):
            pass  # an older version's report, perhaps; its results may still be read
    looks = [result for code, result in results.items() if code in KNOWN_LOOKS]
    checks = [result for code, result in results.items() if code not in KNOWN_LOOKS]
    try:
        report = compile_report(places.entry, checks, looks, created=datetime.now(timezone.utc))
    except ValueError as error:
        raise FolderError(str(error)) from error
    return report, build_document(report)


def _done(result: CheckResult, section: CheckSection, folder: Path) -> Item:
    status = section.status
    return Item(
        code=result.code,
        title=f"{result.code} {result.name}",
        state=State.DONE,
        icon=status.icon,
        words=status.label,
        outcome=status.outcome,
        reason=status.reason,
        folder=folder,
        result=result,
        section=section,
    )


def _absent(code: str, places: Places, alive: bool, problem: str) -> Item:
    name = KNOWN_CHECKS[code].name if code in KNOWN_CHECKS else ""
    begun = code in places.started
    if problem:
        state, icon, words, reason = State.BROKEN, "✕", "Unreadable", problem
    elif code in places.failures:
        state, icon, words = State.FAILED, "✕", "Failed"
        reason = places.failures[code] or "It ended before it could leave a result."
    elif alive and begun:
        state, icon, words = State.RUNNING, "…", "Running"
        reason = "The result is not here yet. This window shows it when it is."
    elif alive:
        state, icon, words = State.WAITING, "·", "Not started"
        reason = (
            "It starts when there is room for it. This window shows its result when it is here."
        )
    else:
        state, icon, words = State.MISSING, "?", "Missing"
        cause = "It was stopped before it ended." if begun else "It was not run."
        reason = f"{cause} Run it, or the same vrs validate command, again."
    title, folder = f"{code} {name}".strip(), places.folder_of(code)
    return Item(code, title, state, icon, words, state.value, reason, folder)


def _input_item(places: Places, section: InputSection, report: Report) -> Item:
    count = len(section.warnings)
    words = {0: "Prepared", 1: "1 warning"}.get(count, f"{count} warnings")
    return Item(
        code=section.key,
        title=section.title,
        state=State.DONE,
        icon="!" if count else "✓",
        words=words,
        outcome="warnings" if count else "ok",
        reason="",
        folder=places.folder_of(section.key),
        result=report.inputs[section.key].look,
        given=section,
    )


def _score(document: Document, running: bool) -> str:
    so_far = " so far" if running else ""
    items = "item" if document.evaluable == 1 else "items"
    return f"{document.passed} of {document.evaluable} evaluable {items} passed{so_far}"


def _first_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error).splitlines()[0] if str(error) else type(error).__name__
