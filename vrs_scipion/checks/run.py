"""Running a check: timed, and never without a result."""

from __future__ import annotations

import resource
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

from vrs_scipion.checks.check import Check, Findings, Task, builtin_engine
from vrs_scipion.entry.files import load_entry
from vrs_scipion.files import written_whole
from vrs_scipion.machine.limits import enforce_memory_limit, memory_limit
from vrs_scipion.methods.engine import EngineUnavailableError
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.files import save_result

TRACEBACK_FILE = "traceback.txt"
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def run_check(
    check: Check,
    entry_folder: Path,
    folder: Path,
    *,
    limits: Mapping[str, float] | None = None,
    engine: str = "auto",
    threads: int = 1,
) -> CheckResult:
    """Run ``check`` on the entry and write ``result.json`` into ``folder``.

    Whatever goes wrong inside the check becomes a result with the outcome 'failed', its reason,
    and the traceback in a file beside it: one check never stops the others.

    Raises
    ------
    ValueError
        if a limit or an engine is asked for that the check does not have.
    """
    folder.mkdir(parents=True, exist_ok=True)
    values = check.limit_values(limits)
    if engine not in ("auto", *check.engines):
        raise ValueError(
            f"check {check.code} has no engine {engine!r}; it has auto, {', '.join(check.engines)}"
        )
    started = time.perf_counter()
    enforce_memory_limit()
    try:
        task = Task(load_entry(entry_folder), entry_folder, folder, values, engine, threads)
        result = _result(check, check.answer(task))
    except EngineUnavailableError as missing:
        result = _without_numbers(check, Outcome.NOT_AVAILABLE, str(missing))
    except Exception as error:
        with written_whole(folder / TRACEBACK_FILE) as path:
            path.write_text(traceback.format_exc(), encoding="utf-8")
        result = failed(check, _one_line(error))
    result = result.model_copy(
        update={
            "seconds": round(time.perf_counter() - started, 3),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT,
        }
    )
    save_result(result, folder)
    return result


def failed(check: Check, reason: str) -> CheckResult:
    """The result of a check that could not be computed."""
    return _without_numbers(check, Outcome.FAILED, reason)


def not_run(check: Check) -> CheckResult:
    """Stands for a check that nobody asked for, or whose result is gone."""
    return _without_numbers(check, Outcome.NOT_RUN, "There is no result of it beside the others.")


def _without_numbers(check: Check, outcome: Outcome, reason: str) -> CheckResult:
    return CheckResult(
        code=check.code,
        name=check.name,
        outcome=outcome,
        reason=reason,
        headline=f"{check.name} could not be computed.",
        explanation=check.explanation,
        engine=builtin_engine(),
        references=check.references,
    )


def _result(check: Check, found: Findings) -> CheckResult:
    warnings = () if found.does_not_apply else found.warnings
    if found.does_not_apply:
        outcome = Outcome.NOT_APPLICABLE
    else:
        outcome = Outcome.WARNINGS if warnings else Outcome.OK
    return CheckResult(
        code=check.code,
        name=check.name,
        outcome=outcome,
        reason=found.does_not_apply,
        headline=found.headline,
        explanation=check.explanation,
        paragraphs=tuple(found.paragraphs),
        engine=found.engine,
        measurements=found.measurements,
        tables=found.tables,
        figures=tuple(found.figures),
        volumes=tuple(found.volumes),
        criteria=tuple(check.advised(criterion) for criterion in found.criteria),
        warnings=warnings,
        resolution_estimate=found.resolution_estimate,
        references=check.references,
    )


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
