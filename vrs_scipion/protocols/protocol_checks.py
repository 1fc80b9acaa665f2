"""One protocol per check: a pointer to a prepared map in, the check's outcome out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyworkflow.protocol.params as params
from pwem.protocols import EMProtocol

from vrs_scipion.checks import (
    level0_a_mass,
    level0_b_mask,
    level0_c_background,
    level0_d_bfactor,
    level0_e_deepres,
    level0_f_locbfactor,
    level0_g_lococcupancy,
    level0_h_hand,
)
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.run import run_check
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
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.files import load_result


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
        add_engine(form, self.check)
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
            engine=chosen_engine(self, self.check),
            threads=self.numberOfThreads.get(),
        )
        outputs = {"outputOutcome": outcome_object(result, folder), **volumes_of(result, folder)}
        self._defineOutputs(**outputs)
        for output in outputs.values():
            self._defineSourceRelation(self.inputEntry, output)
        if result.outcome is Outcome.FAILED:
            raise RuntimeError(result.reason)

    def _validate(self) -> list[str]:
        return missing_engine(self, self.check)

    def _result(self) -> CheckResult | None:
        if not hasattr(self, "outputOutcome"):
            return None
        return load_result(self.outputOutcome.getFolder())

    def _summary(self) -> list[str]:
        result = self._result()
        return describe_result(result) if result else [self.check.purpose]

    def _methods(self) -> list[str]:
        result = self._result()
        return [without_references(text) for text in result.paragraphs] if result else []

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


class VrsProtBFactor(VrsProtCheck):
    """Level 0.d: do the map's amplitudes fall with resolution as they should (Guinier plot)?"""

    _label = "0.d B-factor"
    check = level0_d_bfactor.CHECK


class VrsProtDeepRes(VrsProtCheck):
    """Level 0.e: how well resolved is each part of the map, by its looks?"""

    _label = "0.e local resolution"
    check = level0_e_deepres.CHECK


class VrsProtLocalBFactor(VrsProtCheck):
    """Level 0.f: how fast does the density fade with resolution around each voxel?"""

    _label = "0.f local B-factor"
    check = level0_f_locbfactor.CHECK


class VrsProtLocalOccupancy(VrsProtCheck):
    """Level 0.g: does every part of the molecule rise above the noise?"""

    _label = "0.g local occupancy"
    check = level0_g_lococcupancy.CHECK


class VrsProtHand(VrsProtCheck):
    """Level 0.h: is the map the molecule, or its mirror image?"""

    _label = "0.h hand"
    check = level0_h_hand.CHECK
