"""Compiling the report from what the checks found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyworkflow.protocol.params as params
from pwem.protocols import EMProtocol
from pyworkflow.protocol.constants import LEVEL_ADVANCED

from vrs_scipion.checks.run import failed
from vrs_scipion.objects import VrsCheckOutcome, VrsReport
from vrs_scipion.protocols.protocol_checks import VrsProtCheck
from vrs_scipion.report.folder import HTML_FILE, PAPERS, gather, load_report
from vrs_scipion.results.files import save_result


class VrsProtReport(EMProtocol):
    """Compiles the validation report as PDF, HTML and JSON from the outcomes of the checks. A check
    that ended without an outcome is listed as failed; it does not stop the report.
    """

    _label = "report"
    _possibleOutputs = {"outputReport": VrsReport}

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Input")
        form.addParam(
            "inputEntry",
            params.PointerParam,
            pointerClass="VrsEntry",
            important=True,
            label="Prepared map",
            help="Output of the protocol 'prepare map'.",
        )
        form.addParam(
            "inputOutcomes",
            params.MultiPointerParam,
            pointerClass="VrsCheckOutcome",
            minNumObjects=1,
            allowsNull=True,
            important=True,
            label="Outcomes",
            help="Outputs of the checks' protocols, of the same prepared map.",
        )
        form.addParam(
            "paper",
            params.EnumParam,
            choices=list(PAPERS),
            default=0,
            label="Paper of the PDF",
            expertLevel=LEVEL_ADVANCED,
            help="A4, or US letter.",
        )

    def _insertAllSteps(self) -> None:
        self._insertFunctionStep(self.compileStep, needsGPU=False)

    def compileStep(self) -> None:
        from vrs_scipion.report.build import build_report  # slow to load; no other step draws pages

        folder = Path(self._getExtraPath("report"))
        results = [self._resultFolder(pointer) for pointer in self.inputOutcomes]
        gather(self.inputEntry.get().getFolder(), results, folder)
        try:
            build_report(folder, paper=PAPERS[self.paper.get()])
        finally:
            if (folder / HTML_FILE).exists():
                output = report_object(folder)
                self._defineOutputs(outputReport=output)
                self._defineSourceRelation(self.inputEntry, output)

    def _resultFolder(self, pointer: Any) -> Path:
        outcome = pointer.get()
        if isinstance(outcome, VrsCheckOutcome):
            return outcome.getFolder()
        return self._withoutOutcome(pointer.getObjValue())

    def _withoutOutcome(self, protocol: VrsProtCheck) -> Path:
        """The result folder of a check whose protocol ended before it could leave one."""
        message = protocol.getErrorMessage().strip() or "no message"
        reason = (
            f"the protocol {protocol.getRunName()} ended without a result "
            f"(status {protocol.getStatus()}: {message})"
        )
        folder = Path(self._getExtraPath("missing", protocol.check.code))
        folder.mkdir(parents=True, exist_ok=True)
        save_result(failed(protocol.check, reason), folder)
        return folder

    def _validate(self) -> list[str]:
        if len(self.inputOutcomes) == 0:
            return ["Give the outcome of one check at least."]
        strangers = [
            str(pointer.getObjValue())
            for pointer in self.inputOutcomes
            if pointer.get() is None and not isinstance(pointer.getObjValue(), VrsProtCheck)
        ]
        return [f"{name} is no check." for name in strangers]

    def _summary(self) -> list[str]:
        if not hasattr(self, "outputReport"):
            return ["The report was not compiled yet."]
        report = load_report(self.outputReport.getFolder())
        return [
            *report.summary,
            *(f"- {warning.check}: {warning.text}" for warning in report.warnings),
            f"Report: {self.outputReport.getFolder()}",
        ]

    def _methods(self) -> list[str]:
        if not hasattr(self, "outputReport"):
            return []
        report = load_report(self.outputReport.getFolder())
        return [f"The report was compiled with vrs_scipion {report.vrs_version}."]


def report_object(folder: Path) -> VrsReport:
    """The Scipion object of the report in a validation folder."""
    output = VrsReport(str(folder / HTML_FILE))
    output.describe(load_report(folder))
    return output
