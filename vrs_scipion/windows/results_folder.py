"""What there is to be seen in a folder of results, whole, unfinished or broken."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path

import psutil

from vrs_scipion.entry.files import load_entry
from vrs_scipion.entry.model import ENTRY_FILE, Entry
from vrs_scipion.report.compile import INPUT, compile_report
from vrs_scipion.report.document import CheckSection, Document, Row, build_document
from vrs_scipion.report.folder import HTML_FILE, JSON_FILE, PDF_FILE, load_report
from vrs_scipion.report.model import Report
from vrs_scipion.report.numbering import Block
from vrs_scipion.results import CheckResult, Figure
from vrs_scipion.results.files import RESULT_FILE, load_result
from vrs_scipion.windows.run_states import run_states

_ENTRY, _CHECKS, _FIGURES, _RESULT, _LOCK = "entry", "checks", "figures", "result", ".lock"
_RUNS = "scipion/projects/*/Runs"


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
    entry : folder of the prepared map
    results : result folders of the checks, by code
    expected : codes of the checks that are to be there at the end
    started : codes of the checks whose work has begun, whether or not it goes on
    failures : why checks ended without a result, by code
    """

    folder: Path
    entry: Path
    results: dict[str, Path]
    expected: tuple[str, ...]
    started: frozenset[str] = frozenset()
    failures: Mapping[str, str] = field(default_factory=dict)

    def folder_of(self, code: str) -> Path:
        """Where the result of a check lies, or will."""
        return self.results.get(code, self.folder / _CHECKS / code)


@dataclass(frozen=True)
class Item:
    """A line of the list: a check, or the map itself (its ``code`` is 'input').

    ``folder`` holds its figures and volumes. ``section`` is what the report says of it.
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


@dataclass(frozen=True)
class Contents:
    """All that a window shows of a folder.

    Attributes
    ----------
    title, score : of the map, and what its checks came to
    items : the map first, then its checks
    entry, entry_folder : the prepared map
    identity : rows on the map
    input_blocks, input_figures, warnings : the report's section on the map, and its warnings
    html, pdf : the report's files, where they are there
    running : whether results are still to come
    """

    title: str
    score: str
    items: tuple[Item, ...]
    entry: Entry
    entry_folder: Path
    identity: tuple[Row, ...]
    input_blocks: tuple[Block, ...]
    input_figures: tuple[Figure, ...]
    warnings: tuple[str, ...]
    html: Path | None
    pdf: Path | None
    running: bool

    def results(self) -> Iterator[tuple[CheckResult, Path]]:
        """The results that are there, with their folders."""
        for item in self.items:
            if item.result is not None:
                yield item.result, item.folder


def locate(folder: Path, entry: Path | None = None, check: str = "") -> Places:
    """Find the entry and the results in ``folder``.

    It may be a validation folder, the output of ``vrs validate`` while that is still at work, the
    working folder of a protocol, or an entry or a result folder alone.

    Parameters
    ----------
    folder : what was given
    entry : folder of the prepared map, where it lies elsewhere
    check : code of the check whose result folder it is, for one that has no result yet

    Raises
    ------
    FolderError
        if there is no prepared map.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        raise FolderError(f"{folder} is no folder")
    prepared = _entry_folder(folder, entry)
    if prepared is None:
        if at_work(folder):
            raise FolderError(f"{folder} holds no prepared map yet: try again in a moment")
        raise FolderError(
            f"{folder} holds no prepared map; give the output folder of vrs validate, or the "
            "folder with report.json"
        )
    results = {path.name: path for path in _subfolders(folder / _CHECKS)}
    for run in folder.glob(f"{_RUNS}/*/extra/{_RESULT}/{RESULT_FILE}"):
        code = _code(run.parent)
        if code is not None:
            results.setdefault(code, run.parent)
    alone = next((p for p in (folder, folder / _RESULT) if (p / RESULT_FILE).is_file()), None)
    if alone is not None:
        code = _code(alone)
        if code is None:
            raise FolderError(f"{alone / RESULT_FILE} cannot be read as the result of a check")
        return Places(folder, prepared, {code: alone}, (code,))
    if entry is not None and check and not results:
        return Places(folder, prepared, {}, (check,), frozenset({check}))
    if (folder / JSON_FILE).is_file() or prepared == folder:
        return Places(folder, prepared, results, tuple(results))
    expected = tuple(dict.fromkeys((*_names(), *results)))
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
        if the prepared map cannot be read.
    """
    try:
        entry = load_entry(places.entry)
    except (OSError, ValueError) as error:
        raise FolderError(
            f"the prepared map in {places.entry} cannot be read ({_first_line(error)})"
        ) from error
    results, broken = _load(places.results)
    report, document = _documented(places, entry, results)
    running = alive()
    found = {check.code: check for check in report.checks}
    sections = {section.code: section for section in document.checks}
    items = [_input_item(places, report)]
    for code in sorted({*places.expected, *found, *broken}):
        if code in found:
            items.append(_done(found[code], sections[code], places.folder_of(code)))
        else:
            items.append(_absent(code, places, running, broken.get(code, "")))
    html, pdf = (places.folder / HTML_FILE, places.folder / PDF_FILE)
    return Contents(
        title=document.subject,
        score=_score(document, running) if len(items) > 2 else "",
        items=tuple(items),
        entry=entry,
        entry_folder=places.entry,
        identity=document.identity,
        input_blocks=document.input_blocks,
        input_figures=report.figures,
        warnings=tuple(w.text for w in report.warnings if w.check == INPUT),
        html=html if html.is_file() else None,
        pdf=pdf if pdf.is_file() else None,
        running=running,
    )


def at_work(folder: Path) -> bool:
    """Whether ``vrs validate`` is working in ``folder``: it holds a lock there."""
    try:
        with (folder / _LOCK).open() as lock:
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


def _entry_folder(folder: Path, entry: Path | None) -> Path | None:
    given = [] if entry is None else [entry.absolute()]
    runs = sorted(folder.glob(f"{_RUNS}/*/extra/{_ENTRY}"))
    candidates = [*given, folder / _ENTRY, folder, *runs]
    return next((path for path in candidates if (path / ENTRY_FILE).is_file()), None)


def _subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if (path / RESULT_FILE).is_file())


def _without_result(folder: Path) -> tuple[frozenset[str], dict[str, str]]:
    """The checks that have begun, by their folders and by Scipion; and why some have failed."""
    runs = run_states(folder)
    begun = {path.name for path in folder.glob(f"{_CHECKS}/*") if path.is_dir()}
    begun |= {code for code, run in runs.items() if run.started}
    return frozenset(begun), {code: run.error for code, run in runs.items() if run.failed}


def _names() -> dict[str, str]:
    """The names of all checks, by code."""
    from vrs_scipion.checks.registry import CHECKS  # slow to load; whole results name themselves

    return {code: check.name for code, check in CHECKS.items()}


def _code(folder: Path) -> str | None:
    try:
        return load_result(folder).code
    except (OSError, ValueError):
        return None


def _load(folders: dict[str, Path]) -> tuple[dict[str, CheckResult], dict[str, str]]:
    """The results that can be read, and why the others cannot."""
    results: dict[str, CheckResult] = {}
    broken: dict[str, str] = {}
    for code, folder in folders.items():
        try:
            results[code] = load_result(folder)
        except (OSError, ValueError) as error:
            broken[code] = f"{folder / RESULT_FILE} cannot be read ({_first_line(error)})"
    return results, broken


def _documented(
    places: Places, entry: Entry, results: dict[str, CheckResult]
) -> tuple[Report, Document]:
    """The report that is there, or else one of the results so far, and its words."""
    if (places.folder / JSON_FILE).is_file():
        try:
            report = load_report(places.folder)
            return report, build_document(report)
        except (OSError, ValueError):
            pass  # an older version's report, perhaps; its results may still be read
    in_order = [results[code] for code in sorted(results)]
    report = compile_report(entry, in_order, created=datetime.now(timezone.utc))
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
    name = _names().get(code, "")
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


def _input_item(places: Places, report: Report) -> Item:
    count = sum(warning.check == INPUT for warning in report.warnings)
    words = {0: "Prepared", 1: "1 warning"}.get(count, f"{count} warnings")
    return Item(
        code=INPUT,
        title="Input map",
        state=State.DONE,
        icon="!" if count else "✓",
        words=words,
        outcome="warnings" if count else "ok",
        reason="",
        folder=places.folder / _FIGURES,
    )


def _score(document: Document, running: bool) -> str:
    so_far = " so far" if running else ""
    items = "item" if document.evaluable == 1 else "items"
    return f"{document.passed} of {document.evaluable} evaluable {items} passed{so_far}"


def _first_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error).splitlines()[0] if str(error) else type(error).__name__
