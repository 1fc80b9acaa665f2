"""One protocol per check: a pointer to a prepared map in, the check's outcome out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyworkflow.protocol.params as params
from pwem.protocols import EMProtocol
from pyworkflow.protocol.constants import LEVEL_ADVANCED

from vrs_scipion.checks import level0_a_mass, level0_b_mask, level0_c_background
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.run import run_check
from vrs_scipion.objects import OUTCOME_WORDS, VrsCheckOutcome
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.files import RESULT_FILE, load_result


class VrsProtCheck(EMProtocol):
    """Base of the protocols that run one check; a subclass names its ``check``."""

    _label: str | None = None
    _possibleOutputs = {"outputOutcome": VrsCheckOutcome}
    check: Check

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
        add_limits(form, self.check)
        form.addParallelSection(threads=1, mpi=0)

    def _insertAllSteps(self) -> None:
        self._insertFunctionStep(self.checkStep, needsGPU=False)

    def checkStep(self) -> None:
        entry = self.inputEntry.get()
        folder = Path(self._getExtraPath("result"))
        result = run_check(
            self.check,
            entry.getFolder(),
            folder,
            limits=given_limits(self, self.check),
            threads=self.numberOfThreads.get(),
        )
        outcome = outcome_object(result, folder)
        self._defineOutputs(outputOutcome=outcome)
        self._defineSourceRelation(self.inputEntry, outcome)
        if result.outcome is Outcome.FAILED:
            raise RuntimeError(result.reason)

    def _result(self) -> CheckResult | None:
        if not hasattr(self, "outputOutcome"):
            return None
        return load_result(self.outputOutcome.getFolder())

    def _summary(self) -> list[str]:
        result = self._result()
        return describe_result(result) if result else [self.check.purpose]

    def _methods(self) -> list[str]:
        result = self._result()
        return [_without_references(text) for text in result.paragraphs] if result else []

    def _citations(self) -> list[str]:
        return [reference.key for reference in self.check.references]


class VrsProtMass(VrsProtCheck):
    """Level 0.a: is the molecule centred in its box, with room around it for the CTF?"""

    _label = "0.a mass"
    check = level0_a_mass.CHECK


class VrsProtMask(VrsProtCheck):
    """Level 0.b: is the molecule one connected piece at the recommended contour level?"""

    _label = "0.b mask"
    check = level0_b_mask.CHECK


class VrsProtBackground(VrsProtCheck):
    """Level 0.c: is what surrounds the molecule noise of mean zero, without outliers?"""

    _label = "0.c background"
    check = level0_c_background.CHECK


def limit_parameter(check: Check, key: str) -> str:
    """Name of the form's parameter for a limit, unique among all checks of a form."""
    return f"limit_{check.code.replace('.', '')}_{key}"


def add_limits(form: Any, check: Check) -> None:
    """Offer every limit of ``check`` as an advanced parameter."""
    for limit in check.limits:
        unit = f" ({limit.unit})" if limit.unit else ""
        form.addParam(
            limit_parameter(check, limit.key),
            params.FloatParam,
            default=limit.default,
            expertLevel=LEVEL_ADVANCED,
            label=limit.label + unit,
            help=limit.help,
        )


def given_limits(protocol: EMProtocol, check: Check) -> dict[str, float]:
    """The limits of ``check`` as the form of ``protocol`` has them."""
    return {
        limit.key: float(getattr(protocol, limit_parameter(check, limit.key)).get())
        for limit in check.limits
    }


def outcome_object(result: CheckResult, folder: Path) -> VrsCheckOutcome:
    """The Scipion object of a result."""
    outcome = VrsCheckOutcome(str(folder / RESULT_FILE))
    outcome.describe(result)
    return outcome


def describe_result(result: CheckResult) -> list[str]:
    """What the project window says of a result."""
    words = OUTCOME_WORDS[result.outcome]
    return [
        f"*{result.code} {result.name}: {words}*",
        *([result.reason] if result.reason else []),
        *([result.headline] if result.headline and not result.reason else []),
        *(f"- {warning}" for warning in result.warnings),
    ]


def _without_references(text: str) -> str:
    return text.replace("{fig:", "(figure ").replace("{tab:", "(table ").replace("}", ")")
