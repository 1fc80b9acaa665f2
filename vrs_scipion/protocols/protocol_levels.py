"""All checks of a level in one box of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.levels import Level, asked_of, in_order, level_of
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import INPUTS
from vrs_scipion.objects import VrsCheckOutcome
from vrs_scipion.protocols.check_form import add_criteria
from vrs_scipion.protocols.check_steps import VrsCheckSteps, output_name
from vrs_scipion.protocols.input_form import (
    add_outcomes,
    add_pointers,
    earlier_folders,
    entry_of,
    main_pointer,
    prepared_folders,
)
from vrs_scipion.protocols.runs import VrsRun


class VrsProtLevel(VrsCheckSteps, VrsRun):
    """Base of the protocols that run every check of a level; a subclass names its ``mark``."""

    _label: str | None = None
    mark: str

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        level = cls.level()
        cls._label = f"level {level.mark}"
        cls._possibleOutputs = {output_name(check): VrsCheckOutcome for check in level.checks}
        names = ", ".join(f"{check.code} {check.name}" for check in level.checks)
        cls.__doc__ = (
            f"Runs every check of Level {level.mark} ({level.adds}) as parallel steps on prepared "
            f"inputs: {names}. The results are those of the protocols per check."
        )

    @classmethod
    def level(cls) -> Level:
        return level_of(cls.mark)

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Input")
        needed = {key for check in self.level().checks for key in check.needs}
        keys = [key for key in INPUTS if key in needed]
        add_pointers(form, keys, optional=[key for key in keys if key not in self.level().needs])
        others = self._read_elsewhere()
        if others:
            add_outcomes(
                form,
                f"Of checks of other levels that some of these read, where they are made: "
                f"{', '.join(others)}.",
            )
        add_criteria(form, self.level().checks)
        form.addParallelSection(threads=3, mpi=0)

    @classmethod
    def _read_elsewhere(cls) -> list[str]:
        """Codes of the checks of other levels whose results some of its own read."""
        own = {check.code for check in cls.level().checks}
        return in_order({code for one in cls.level().checks for code in one.earlier} - own)

    def _elsewhere(self) -> dict[str, Path]:
        return earlier_folders(self) if self._read_elsewhere() else {}

    def _checks(self) -> tuple[Check, ...]:
        asked = asked_of(tuple(prepared_folders(self)))
        return tuple(check for check in self.level().checks if check in asked)

    def _entry(self) -> Entry:
        return entry_of(self)

    def _insertAllSteps(self) -> None:
        steps = self._insertCheckSteps([])
        self._insertFunctionStep(self.outcomesStep, prerequisites=steps, needsGPU=False)

    def outcomesStep(self) -> None:
        outputs = self._checkOutputs()
        self._defineOutputs(**outputs)
        for output in outputs.values():
            self._defineSourceRelation(main_pointer(self, self.level().needs), output)
        self._refuseFailures()

    def _refused(self) -> list[str]:
        return self._missingEngines(self.level().checks)

    def _summary(self) -> list[str]:
        return self._describeResults() or ["Not validated yet."]

    def _methods(self) -> list[str]:
        return [f"Level {self.mark} was validated with vrs_scipion."]

    def _citations(self) -> list[str]:
        return [one.key for check in self.level().checks for one in check.references]


class VrsProtLevel0(VrsProtLevel):
    mark = "0"


class VrsProtLevel1(VrsProtLevel):
    mark = "1"


class VrsProtLevelA(VrsProtLevel):
    mark = "A"
