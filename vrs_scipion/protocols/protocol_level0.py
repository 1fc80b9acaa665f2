"""All of Level 0 in one box of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyworkflow.protocol.params as params
from pwem.protocols import EMProtocol
from pyworkflow.protocol.constants import STEPS_PARALLEL

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.registry import LEVEL_0
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.files import load_entry
from vrs_scipion.entry.prepare import prepare
from vrs_scipion.objects import VrsCheckOutcome, VrsEntry, VrsReport
from vrs_scipion.protocols.check_form import (
    add_engine,
    add_limits,
    chosen_engine,
    given_limits,
    missing_engine,
)
from vrs_scipion.protocols.check_outputs import describe_result, outcome_object, volumes_of
from vrs_scipion.protocols.map_input import MapInput
from vrs_scipion.protocols.protocol_prepare import entry_outputs
from vrs_scipion.protocols.protocol_report import report_object
from vrs_scipion.report.folder import gather
from vrs_scipion.results import Outcome
from vrs_scipion.results.files import load_result


def _output_name(check: Check) -> str:
    return f"outputOutcome_{check.code.replace('.', '')}"


class VrsProtLevel0(MapInput, EMProtocol):
    """Validates a map at Level 0 in one box: prepares it, runs every check of the level as
    parallel steps and compiles the report. The results are those of the protocols per check.
    """

    _label = "level 0"
    _possibleOutputs = {
        "outputEntry": VrsEntry,
        **{_output_name(check): VrsCheckOutcome for check in LEVEL_0},
        "outputReport": VrsReport,
    }
    stepsExecutionMode = STEPS_PARALLEL

    def _defineParams(self, form: Any) -> None:
        self._defineMapParams(form)
        form.addSection(label="Criteria")
        for check in LEVEL_0:
            group = form.addGroup(f"{check.code} {check.name}")
            add_engine(group, check)
            add_limits(group, check)
        form.addParam(
            "compileReport",
            params.BooleanParam,
            default=True,
            label="Compile the report?",
            help="No: only the outcomes of the checks, for a report compiled later.",
        )
        form.addParallelSection(threads=3, mpi=0)

    def _insertAllSteps(self) -> None:
        prepared = self._insertFunctionStep(self.prepareStep, prerequisites=[], needsGPU=False)
        checked = [
            self._insertFunctionStep(
                self.checkStep, check.code, prerequisites=[prepared], needsGPU=False
            )
            for check in LEVEL_0
        ]
        self._insertFunctionStep(self.outcomesStep, prerequisites=checked, needsGPU=False)

    def prepareStep(self) -> None:
        prepare(self._request(), self._entryFolder(), self._inspect())

    def checkStep(self, code: str) -> None:
        check = next(check for check in LEVEL_0 if check.code == code)
        run_check(
            check,
            self._entryFolder(),
            self._resultFolder(code),
            limits=given_limits(self, check),
            engine=chosen_engine(self, check),
        )

    def outcomesStep(self) -> None:
        results = {check: load_result(self._resultFolder(check.code)) for check in LEVEL_0}
        outputs = entry_outputs(load_entry(self._entryFolder()), self._entryFolder())
        for check, result in results.items():
            folder = self._resultFolder(check.code)
            outputs[_output_name(check)] = outcome_object(result, folder)
            outputs |= volumes_of(result, folder)
        self._defineOutputs(**outputs)
        if self.compileReport:
            self._compile()
        broken = [f"{r.code}: {r.reason}" for r in results.values() if r.outcome is Outcome.FAILED]
        if broken:
            raise RuntimeError("; ".join(broken))

    def _compile(self) -> None:
        from vrs_scipion.report.build import build_report  # slow to load; no other step draws pages

        folder = Path(self._getExtraPath("report"))
        gather(self._entryFolder(), [self._resultFolder(c.code) for c in LEVEL_0], folder)
        build_report(folder)
        report = report_object(folder)
        self._defineOutputs(outputReport=report)
        self._defineSourceRelation(self.inputVolume, report)

    def _entryFolder(self) -> Path:
        return Path(self._getExtraPath("entry"))

    def _resultFolder(self, code: str) -> Path:
        return Path(self._getExtraPath("checks", code))

    def _validate(self) -> list[str]:
        return self._mapErrors() + [
            error for check in LEVEL_0 for error in missing_engine(self, check)
        ]

    def _warnings(self) -> list[str]:
        return self._mapWarnings()

    def _summary(self) -> list[str]:
        outcomes = [getattr(self, _output_name(check), None) for check in LEVEL_0]
        lines = [
            line
            for outcome in outcomes
            if outcome is not None
            for line in describe_result(load_result(outcome.getFolder()))
        ]
        return lines or ["The map was not validated yet."]

    def _methods(self) -> list[str]:
        return ["The map was validated at Level 0 with vrs_scipion."]

    def _citations(self) -> list[str]:
        return [reference.key for check in LEVEL_0 for reference in check.references]
