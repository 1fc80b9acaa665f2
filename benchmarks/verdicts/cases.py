"""One input to validate: a good one, or one with a defect of some size."""

from __future__ import annotations

from dataclasses import dataclass

from defects import Defect
from recipe import Recipe
from specimens import Specimen

_FIRST = "0"
"""Mark of the level whose cases need not name it."""


@dataclass(frozen=True)
class Case:
    """A specimen as it is validated at a level, with a defect of some size or none."""

    specimen: Specimen
    level: str
    defect: Defect | None = None
    dial: float = 0.0

    @property
    def key(self) -> str:
        """Unique, and a file name."""
        oddity = f"{self.specimen.oddity}_".replace(" ", "_") if self.specimen.oddity else ""
        number = f"{oddity}{self.specimen.recipe.seed:03d}_{self.specimen.name}"
        level = "" if self.level == _FIRST else f"level{self.level}_"
        defect = "" if self.defect is None else f"{self.defect.key}_{self.dial:g}_"
        return f"{level}{defect}{number}"

    @property
    def group(self) -> str:
        """The defect's key, 'good' or 'odd'."""
        if self.defect is not None:
            return self.defect.key
        return "odd" if self.specimen.oddity else "good"

    @property
    def checks(self) -> tuple[str, ...]:
        """Codes of the checks to run; none stands for all of the level.

        Of the sizes of a defect that the table of who warns of what does not show, only the checks
        that should notice are asked.
        """
        if self.defect is None or self.dial == self.defect.stated:
            return ()
        return self.defect.caught_by

    @property
    def recipe(self) -> Recipe:
        """How it is made."""
        recipe = self.specimen.recipe
        return recipe if self.defect is None else self.defect.apply(recipe, self.dial)
