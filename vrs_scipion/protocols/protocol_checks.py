"""One protocol per check: pointers to prepared inputs in, the check's outcome out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.levels import CHECKS, LOOKS
from vrs_scipion.checks.run import run_check, stamped
from vrs_scipion.folders import RESULT
from vrs_scipion.objects import VrsCheckOutcome
from vrs_scipion.protocols.check_form import (
    add_engine,
    add_limits,
    chosen_engine,
    given_limits,
    missing_engine,
)
from vrs_scipion.protocols.check_outputs import (
    describe_result,
    outcome_object,
    volumes_of,
    without_references,
)
from vrs_scipion.protocols.input_form import (
    add_outcomes,
    add_pointers,
    earlier_folders,
    entry_of,
    main_pointer,
)
from vrs_scipion.protocols.runs import VrsRun
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.files import load_result


class VrsProtCheck(VrsRun):
    """Base of the protocols that run one check, or show one input; a subclass names its ``check``.

    Label, help and citations come from there.
    """

    _label: str | None = None
    _possibleOutputs = {"outputOutcome": VrsCheckOutcome}
    check: Check

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check = cls.check
        cls._label = f"{check.code} {check.label}" if check.judges else check.label
        cls.__doc__ = f"{check.purpose} {check.explanation}".strip()

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Input")
        add_pointers(form, self.check.needs)
        if self.check.earlier:
            add_outcomes(
                form,
                "Of the checks whose results this one reads"
                f"{'' if self.check.after else ', where they are made'}: "
                f"{', '.join(self.check.earlier)}.",
                required=bool(self.check.after),
            )
        add_engine(form, self.check)
        add_limits(form, self.check)
        form.addParallelSection(threads=1, mpi=0)

    def _insertAllSteps(self) -> None:
        self._insertFunctionStep(self.checkStep, needsGPU=False)

    def checkStep(self) -> None:
        folder, earlier = Path(self._getExtraPath(RESULT)), self._earlier()
        result = run_check(
            self.check,
            entry_of(self),
            folder,
            limits=given_limits(self, self.check),
            engine=chosen_engine(self, self.check),
            threads=self.numberOfThreads.get(),
            results={code: load_result(of) for code, of in earlier.items()},
            folders=earlier,
        )
        outputs = {"outputOutcome": outcome_object(result, folder), **volumes_of(result, folder)}
        self._defineOutputs(**outputs)
        for output in outputs.values():
            self._defineSourceRelation(main_pointer(self, self.check.needs), output)
        if result.outcome is Outcome.FAILED:
            raise RuntimeError(result.reason)

    def _earlier(self) -> dict[str, Path]:
        """The folders of the results that the check reads, by code."""
        return earlier_folders(self) if self.check.earlier else {}

    def _refused(self) -> list[str]:
        return missing_engine(self, self.check)

    def result(self) -> CheckResult | None:
        """What it found; None before it did."""
        if not hasattr(self, "outputOutcome"):
            return None
        return stamped(load_result(self.outputOutcome.getFolder()), entry_of(self))

    def _summary(self) -> list[str]:
        result = self.result()
        return describe_result(result) if result else [self.check.purpose]

    def _methods(self) -> list[str]:
        result = self.result()
        return [without_references(text) for text in result.paragraphs] if result else []

    def _citations(self) -> list[str]:
        return [reference.key for reference in self.check.references]


class VrsProtLookAtMap(VrsProtCheck):
    check = LOOKS["map"]


class VrsProtLookAtHalfMaps(VrsProtCheck):
    check = LOOKS["half_maps"]


class VrsProtLookAtModel(VrsProtCheck):
    check = LOOKS["model"]


class VrsProtMass(VrsProtCheck):
    check = CHECKS["0.a"]


class VrsProtMask(VrsProtCheck):
    check = CHECKS["0.b"]


class VrsProtBackground(VrsProtCheck):
    check = CHECKS["0.c"]


class VrsProtBFactor(VrsProtCheck):
    check = CHECKS["0.d"]


class VrsProtDeepRes(VrsProtCheck):
    check = CHECKS["0.e"]


class VrsProtLocalBFactor(VrsProtCheck):
    check = CHECKS["0.f"]


class VrsProtLocalOccupancy(VrsProtCheck):
    check = CHECKS["0.g"]


class VrsProtHand(VrsProtCheck):
    check = CHECKS["0.h"]


class VrsProtStructure(VrsProtCheck):
    check = CHECKS["0.i"]


class VrsProtArtefacts(VrsProtCheck):
    check = CHECKS["0.j"]


class VrsProtGlobalResolution(VrsProtCheck):
    check = CHECKS["1.a"]


class VrsProtPermutedFsc(VrsProtCheck):
    check = CHECKS["1.b"]


class VrsProtLocalFsc(VrsProtCheck):
    check = CHECKS["1.c"]


class VrsProtLocalSignificance(VrsProtCheck):
    check = CHECKS["1.d"]


class VrsProtMonoRes(VrsProtCheck):
    check = CHECKS["1.e"]


class VrsProtLocalDirections(VrsProtCheck):
    check = CHECKS["1.f"]


class VrsProtShellOccupancy(VrsProtCheck):
    check = CHECKS["1.g"]


class VrsProtAnisotropy(VrsProtCheck):
    check = CHECKS["1.h"]


class VrsProtIndependence(VrsProtCheck):
    check = CHECKS["1.i"]


class VrsProtBelonging(VrsProtCheck):
    check = CHECKS["1.j"]


class VrsProtMaskEffect(VrsProtCheck):
    check = CHECKS["1.k"]


class VrsProtAgreement(VrsProtCheck):
    check = CHECKS["1.l"]


class VrsProtModelRecord(VrsProtCheck):
    check = CHECKS["A.l"]


class VrsProtMapModelCorrelation(VrsProtCheck):
    check = CHECKS["A.a"]


class VrsProtQScore(VrsProtCheck):
    check = CHECKS["A.e"]


class VrsProtInclusion(VrsProtCheck):
    check = CHECKS["A.i"]


class VrsProtStereochemistry(VrsProtCheck):
    check = CHECKS["A.j"]


class VrsProtEMRinger(VrsProtCheck):
    check = CHECKS["A.f"]


class VrsProtPlacement(VrsProtCheck):
    check = CHECKS["A.h"]
