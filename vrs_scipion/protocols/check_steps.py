"""Several checks as parallel steps of one protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyworkflow.protocol.constants import STEPS_PARALLEL

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.levels import CHECKS, LOOKS, in_turn
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.protocols.check_form import (
    chosen_engine,
    code_name,
    given_limits,
    missing_engine,
)
from vrs_scipion.protocols.check_outputs import describe_result, outcome_object, volumes_of
from vrs_scipion.report.folder import place_of
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.files import load_result


def output_name(check: Check) -> str:
    """Name of the output that holds a check's outcome."""
    return f"outputOutcome_{code_name(check)}"


class VrsCheckSteps:
    """Mixin of the protocols that run several checks.

    A protocol says in ``_checks`` which ones, and in ``_entry`` of what.
    """

    stepsExecutionMode = STEPS_PARALLEL

    def _checks(self) -> tuple[Check, ...]:
        """The checks, and what shows the inputs, that are to be done."""
        raise NotImplementedError

    def _entry(self) -> Entry:
        raise NotImplementedError

    def _insertCheckSteps(self, after: list[int]) -> list[int]:
        """Insert a step per check, each after the checks whose results it reads."""
        steps: dict[str, int] = {}
        for check in in_turn(self._checks()):
            earlier = [steps[code] for code in check.earlier if code in steps]
            steps[check.code] = self._insertFunctionStep(  # type: ignore[attr-defined]
                self.checkStep, check.code, prerequisites=[*after, *earlier], needsGPU=False
            )
        return list(steps.values())

    def checkStep(self, code: str) -> None:
        check = LOOKS[code] if code in LOOKS else CHECKS[code]
        earlier = self._earlier(check)
        run_check(
            check,
            self._entry(),
            self._resultFolder(check),
            limits=given_limits(self, check) if check.judges else None,
            engine=chosen_engine(self, check),
            results={of: load_result(folder) for of, folder in earlier.items()},
            folders=earlier,
        )

    def _earlier(self, check: Check) -> dict[str, Path]:
        """The folders of the results that a check reads, by code."""
        here = {one.code: self._resultFolder(one) for one in self._checks()}
        known = {**self._elsewhere(), **here}
        return {code: known[code] for code in check.earlier if code in known}

    def _elsewhere(self) -> dict[str, Path]:
        """The folders of results that other protocols have, by code."""
        return {}

    def _resultFolder(self, check: Check) -> Path:
        return Path(self._getExtraPath(str(place_of(check.code))))  # type: ignore[attr-defined]

    def _results(self) -> dict[Path, CheckResult]:
        """What was found, by the folders of the results."""
        folders = [self._resultFolder(check) for check in self._checks()]
        return {folder: load_result(folder) for folder in folders}

    def _checkOutputs(self) -> dict[str, Any]:
        """The outcomes and the volumes of all checks, by output name."""
        outputs: dict[str, Any] = {}
        for check, (folder, result) in zip(self._checks(), self._results().items(), strict=True):
            outputs[output_name(check)] = outcome_object(result, folder)
            outputs |= volumes_of(result, folder, f"_{code_name(check)}")
        return outputs

    def _refuseFailures(self) -> None:
        """End as failed where a check did, once everything else is there."""
        broken = [
            f"{result.code}: {result.reason}"
            for result in self._results().values()
            if result.outcome is Outcome.FAILED
        ]
        if broken:
            raise RuntimeError("; ".join(broken))

    def _missingEngines(self, checks: tuple[Check, ...]) -> list[str]:
        return [error for check in checks for error in missing_engine(self, check)]

    def _describeResults(self) -> list[str]:
        outcomes = [getattr(self, output_name(check), None) for check in CHECKS.values()]
        return [
            line
            for outcome in outcomes
            if outcome is not None
            for line in describe_result(load_result(outcome.getFolder()))
        ]
