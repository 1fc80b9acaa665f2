"""Compiling the report from what the checks found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyworkflow.protocol.params as params
from pyworkflow.protocol.constants import LEVEL_ADVANCED, STATUS_NEW, STATUS_SAVED

from vrs_scipion.checks.run import failed, stamped
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import INPUTS
from vrs_scipion.folders import ENTRY, HTML_FILE, REPORT
from vrs_scipion.objects import VrsCheckOutcome, VrsReport
from vrs_scipion.protocols.input_form import (
    add_pointers,
    entry_of,
    main_pointer,
    prepared_folders,
)
from vrs_scipion.protocols.protocol_checks import VrsProtCheck
from vrs_scipion.protocols.runs import VrsRun
from vrs_scipion.report.folder import PAPERS, gather, load_report
from vrs_scipion.results import CheckResult
from vrs_scipion.results.files import load_result, save_result

_NOT_STARTED = (STATUS_NEW, STATUS_SAVED)


class VrsProtReport(VrsRun):
    """Compiles the validation report as PDF, HTML and JSON from the outcomes of the checks. A check
    that ended without an outcome is listed as failed; it does not stop the report.
    """

    _label = "report"
    _possibleOutputs = {"outputReport": VrsReport}

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Input")
        add_pointers(form, INPUTS, optional=list(INPUTS)[1:])
        form.addParam(
            "inputOutcomes",
            params.MultiPointerParam,
            pointerClass="VrsCheckOutcome",
            minNumObjects=1,
            allowsNull=True,
            important=True,
            label="Outcomes",
            help="Outputs of the protocols that check or show these inputs.",
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

        folder = Path(self._getExtraPath(REPORT))
        gather(prepared_folders(self), dict(self._found()), folder)
        try:
            build_report(folder, paper=PAPERS[self.paper.get()])
        finally:
            if (folder / HTML_FILE).exists():
                output = report_object(folder)
                self._defineOutputs(outputReport=output)
                self._defineSourceRelation(main_pointer(self, INPUTS), output)

    def _found(self) -> Iterator[tuple[Path, CheckResult]]:
        """The folders of the results with what they hold."""
        for pointer in self.inputOutcomes:
            outcome, protocol = pointer.get(), pointer.getObjValue()
            if isinstance(outcome, VrsCheckOutcome):
                result = load_result(outcome.getFolder())
                yield outcome.getFolder(), stamped(result, _entry_behind(protocol))
            elif protocol.getStatus() not in _NOT_STARTED:
                yield self._withoutOutcome(protocol)

    def _withoutOutcome(self, protocol: VrsProtCheck) -> tuple[Path, CheckResult]:
        """The result of a check whose protocol ended before it could leave one."""
        message = protocol.getErrorMessage().strip() or "no message"
        reason = (
            f"the protocol {protocol.getRunName()} ended without a result "
            f"(status {protocol.getStatus()}: {message})"
        )
        folder = Path(self._getExtraPath("missing", protocol.check.code))
        folder.mkdir(parents=True, exist_ok=True)
        result = failed(protocol.check, reason, entry_of(self).used(protocol.check.needs))
        save_result(result, folder)
        return folder, result

    def _refused(self) -> list[str]:
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


def _entry_behind(protocol: Any) -> Entry:
    """The inputs from which a protocol's outcomes were computed: pointed to, or its own."""
    pointed = entry_of(protocol)
    own = Entry.at(Path(protocol._getExtraPath(ENTRY)))
    return pointed if pointed.given else own
