"""A whole validation in one box, for a volume at the end of any processing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyworkflow.protocol.params as params

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.levels import CHECKS, asked_of, looks_at
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import INPUTS, given_keys, prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.folders import ENTRY, HTML_FILE, REPORT
from vrs_scipion.objects import VrsCheckOutcome, VrsEntry, VrsReport
from vrs_scipion.protocols.check_form import add_criteria
from vrs_scipion.protocols.check_steps import VrsCheckSteps, output_name
from vrs_scipion.protocols.input_form import add_field
from vrs_scipion.protocols.map_input import VrsMapInput
from vrs_scipion.protocols.protocol_prepare import (
    BESIDE_THE_MAP,
    INSTEAD,
    add_structure,
    prepared_outputs,
)
from vrs_scipion.protocols.protocol_report import report_object
from vrs_scipion.protocols.runs import VrsRun
from vrs_scipion.report.folder import gather


class VrsProtValidate(VrsMapInput, VrsCheckSteps, VrsRun):
    """Validates a map in one box, at every level that what is given allows: prepares the map and
    whatever comes with it, runs the checks as parallel steps and compiles the report. The results
    are those of the protocols per input and per check.
    """

    _label = "validate"
    _possibleOutputs = {
        "outputEntry": VrsEntry,
        **{output_name(check): VrsCheckOutcome for check in CHECKS.values()},
        "outputReport": VrsReport,
    }

    def _defineParams(self, form: Any) -> None:
        self._defineMapParams(form)
        for key in BESIDE_THE_MAP:
            group = form.addGroup(f"{INPUTS[key].title}, if there is any")
            if key == "model":
                add_structure(group)
            for field in INPUTS[key].fields:
                carried = f" {INSTEAD[key]}" if field.required else ""
                add_field(group, field, important=False, help=f"{field.help}{carried}")
        add_criteria(form, tuple(CHECKS.values()))
        form.addParam(
            "compileReport",
            params.BooleanParam,
            default=True,
            label="Compile the report?",
            help="No: only the outcomes of the checks, for a report compiled later.",
        )
        form.addParallelSection(threads=3, mpi=0)

    def _request(self) -> Request:
        """The map, and what else is named or carried by the volume."""
        request = super()._request()
        for asked in BESIDE_THE_MAP.values():
            request = request.having(**asked(self, self.inputVolume.get()).values)
        return request

    def _checks(self) -> tuple[Check, ...]:
        given = given_keys(self._request())
        return (*looks_at(given), *asked_of(given))

    def _entry(self) -> Entry:
        return Entry.at(self._entryFolder())

    def _insertAllSteps(self) -> None:
        prepared = self._insertFunctionStep(self.prepareStep, prerequisites=[], needsGPU=False)
        checked = self._insertCheckSteps([prepared])
        self._insertFunctionStep(self.outcomesStep, prerequisites=checked, needsGPU=False)

    def prepareStep(self) -> None:
        prepare(self._request(), self._entryFolder(), self._inspect())

    def outcomesStep(self) -> None:
        entry, outputs = self._entry(), self._checkOutputs()
        for key in reversed(entry.given):
            outputs |= prepared_outputs(key, entry.record(key), entry.folders[key])
        self._defineOutputs(**outputs)
        if self.compileReport:
            self._compile(entry)
        self._refuseFailures()

    def _compile(self, entry: Entry) -> None:
        from vrs_scipion.report.build import build_report  # slow to load; no other step draws pages

        folder = Path(self._getExtraPath(REPORT))
        gather(entry.folders, self._results(), folder)
        try:
            build_report(folder)
        finally:
            if (folder / HTML_FILE).exists():
                report = report_object(folder)
                self._defineOutputs(outputReport=report)
                self._defineSourceRelation(self.inputVolume, report)

    def _entryFolder(self) -> Path:
        return Path(self._getExtraPath(ENTRY))

    def _refused(self) -> list[str]:
        return self._inputErrors() + self._missingEngines(tuple(CHECKS.values()))

    def _warnings(self) -> list[str]:
        return self._inputWarnings()

    def _summary(self) -> list[str]:
        return self._describeResults() or ["The map was not validated yet."]

    def _methods(self) -> list[str]:
        return ["The map was validated with vrs_scipion."]

    def _citations(self) -> list[str]:
        return [reference.key for check in CHECKS.values() for reference in check.references]
