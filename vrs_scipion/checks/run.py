"""Running a check: timed, and never without a result."""

from __future__ import annotations

import resource
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.findings import Findings, references_to_nothing
from vrs_scipion.checks.task import Task, builtin_engine
from vrs_scipion.entry.entry import Entry
from vrs_scipion.files import written_whole
from vrs_scipion.folders import TRACEBACK_FILE
from vrs_scipion.machine.limits import enforce_memory_limit, memory_limit
from vrs_scipion.methods.engine import (
    AUTO,
    BUILTIN,
    Choice,
    EngineFailedError,
    EngineUnavailableError,
    choose,
)
from vrs_scipion.results import CheckResult, Engine, Outcome
from vrs_scipion.results.files import save_result
from vrs_scipion.results.model import InputUsed

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


class BrokenTextError(ValueError):
    """A check's text refers to a figure or a table that is not there."""


def run_check(
    check: Check,
    entry: Entry,
    folder: Path,
    *,
    limits: Mapping[str, float] | None = None,
    engine: str = AUTO,
    threads: int = 1,
    results: Mapping[str, CheckResult] | None = None,
    folders: Mapping[str, Path] | None = None,
) -> CheckResult:
    """Run ``check`` on the entry and write ``result.json`` into ``folder``.

    Whatever goes wrong inside the check becomes a result with the outcome 'failed', its reason,
    and the traceback in a file beside it: one check never stops the others. Where 'auto' took an
    external engine that then fails, the built-in one answers, and the result says why.

    Parameters
    ----------
    check, entry, folder : what, of what, and where its files go
    limits : by key, those that are not the defaults
    engine : 'auto' or one of the check's
    threads : how many threads it may use
    results : of earlier checks whose results it reads, by code
    folders : of those results, by code: where their volumes are

    Raises
    ------
    ValueError
        if a limit or an engine is asked for that the check does not have, or an input that it needs
        is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    values = check.limit_values(limits)
    if engine not in (AUTO, *check.engines):
        raise ValueError(
            f"check {check.code} has no engine {engine!r}; it has auto, {', '.join(check.engines)}"
        )
    missing = [key for key in check.needs if key not in entry.given]
    if missing:
        raise ValueError(f"check {check.code} needs an input that is not there: {missing[0]}")
    started = time.perf_counter()
    enforce_memory_limit()
    used: dict[str, InputUsed] = {}
    task = Task(check, entry, folder, values, engine, threads, results or {}, folders or {})
    try:
        used = entry.used(check.needs)
        result = _result(check, _answer(task))
    except EngineUnavailableError as error:
        result = _without_numbers(check, Outcome.NOT_AVAILABLE, str(error), engine)
    except Exception as error:
        with written_whole(folder / TRACEBACK_FILE) as path:
            path.write_text(traceback.format_exc(), encoding="utf-8")
        result = _without_numbers(check, Outcome.FAILED, _one_line(error), engine)
    result = result.model_copy(
        update={
            "inputs": used,
            "seconds": round(time.perf_counter() - started, 3),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT,
        }
    )
    save_result(result, folder)
    return result


def failed(check: Check, reason: str, inputs: Mapping[str, InputUsed] | None = None) -> CheckResult:
    """The result of a check that could not be computed."""
    result = _without_numbers(check, Outcome.FAILED, reason)
    return result.model_copy(update={"inputs": dict(inputs or {})})


def not_run(check: Check) -> CheckResult:
    """Stands for a check that nobody asked for, or whose result is gone."""
    reason = "There is no result of it beside the others."
    result = _without_numbers(check, Outcome.NOT_RUN, reason)
    return result.model_copy(update={"headline": ""})


def stamped(result: CheckResult, entry: Entry) -> CheckResult:
    """A result of version 0.1.0, which named no inputs, with those that it was computed from.

    Only of an entry that version 0.1.0 prepared, beside which it was found, can that be said.
    """
    if result.inputs or result.outcome is Outcome.NOT_RUN or not entry.is_old:
        return result
    return result.model_copy(update={"inputs": entry.used(("map",))})


def sound(result: CheckResult, folder: Path) -> CheckResult:
    """A result whose pictures are there and whose text refers to nothing else; else a failed one.

    A report is made of it all the same: what is wrong with one check never stops the others.
    """
    absent = [
        *references_to_nothing(result.paragraphs, result.figures, list(result.tables)),
        *(f.file for f in result.figures if not (folder / f.file).is_file()),
    ]
    if not absent:
        return result
    return result.model_copy(
        update={
            "outcome": Outcome.FAILED,
            "reason": f"its result is not whole, it lacks {', '.join(absent)}; run it again",
            "headline": f"{result.name} could not be computed.",
            "paragraphs": (),
            "measurements": {},
            "figures": (),
            "tables": {},
            "volumes": (),
            "models": (),
            "scores": (),
            "criteria": (),
            "warnings": (),
            "resolution_estimate": None,
        }
    )


def _answer(task: Task) -> Findings:
    reason = task.check.does_not_apply(task.entry)
    if reason:
        found = Findings(task)
        found.does_not_apply = reason
        return found
    found = _measured(task)
    absent = list(references_to_nothing(found.paragraphs, found.figures, list(found.tables)))
    if absent:
        raise BrokenTextError(f"its text refers to what is not there: {', '.join(absent)}")
    found.write_scores()
    return found


def _measured(task: Task) -> Findings:
    """What the check answers with the engine that is asked for, or with what 'auto' takes."""
    choice = choose(task.engine, lambda: task.check.external(task.entry))
    try:
        found = task.check.answer(replace(task, engine=choice.name))
    except (EngineFailedError, EngineUnavailableError) as error:
        if task.engine != AUTO or choice.name == BUILTIN:
            raise
        choice = Choice(BUILTIN, f"{choice.name} was found here and failed: {error}")
        found = task.check.answer(replace(task, engine=BUILTIN))
        found.paragraphs.append(f"The built-in engine answers, for {choice.why_no_other}.")
    found.engine = found.engine.model_copy(update={"why_no_other": choice.why_no_other})
    return found


def _without_numbers(
    check: Check, outcome: Outcome, reason: str, engine: str = AUTO
) -> CheckResult:
    """A result that names the engine that was asked for; 'auto' comes down to the built-in one."""
    named = builtin_engine() if engine in (AUTO, BUILTIN) else Engine(name=engine, version="")
    return CheckResult(
        code=check.code,
        name=check.name,
        outcome=outcome,
        reason=reason,
        headline=f"{check.name} could not be computed.",
        explanation=check.explanation,
        engine=named,
        references=check.references,
    )


def _result(check: Check, found: Findings) -> CheckResult:
    outcome, reason = _outcome(check, found)
    return CheckResult(
        code=check.code,
        name=check.name,
        outcome=outcome,
        reason=reason,
        headline=found.headline,
        explanation=check.explanation,
        paragraphs=tuple(found.paragraphs),
        engine=found.engine,
        measurements=found.measurements,
        tables=found.tables,
        figures=tuple(found.figures),
        volumes=tuple(found.volumes),
        models=tuple(found.models),
        scores=tuple(found.scores),
        criteria=tuple(found.criteria),
        warnings=found.warnings if outcome is Outcome.WARNINGS else (),
        resolution_estimate=found.resolution_estimate,
        references=check.references,
    )


def _outcome(check: Check, found: Findings) -> tuple[Outcome, str]:
    if found.does_not_apply:
        return Outcome.NOT_APPLICABLE, found.does_not_apply
    if found.cannot_tell:
        return Outcome.UNDETERMINED, found.cannot_tell
    if not check.judges:
        return Outcome.SHOWN, ""
    return (Outcome.WARNINGS if found.warnings else Outcome.OK), ""


def _one_line(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return _out_of_memory()
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _out_of_memory() -> str:
    limit = memory_limit()
    if limit is None:
        return "there was not enough memory; use a machine with more of it or a binned map"
    return f"it needed more than the {limit / 1e9:.3g} GB of memory that it may take (--memory)"
