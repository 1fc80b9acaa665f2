"""Which maps are made: good ones, and each defect at each of its sizes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from defects import DEFECTS, Defect
from odd import odd_specimens
from recipe import Recipe
from specimens import Specimen, good_specimens


@dataclass(frozen=True)
class Case:
    """A map to validate: a specimen, with a defect of some size or none."""

    specimen: Specimen
    defect: Defect | None = None
    dial: float = 0.0

    @property
    def key(self) -> str:
        """Unique, and a file name."""
        oddity = f"{self.specimen.oddity}_".replace(" ", "_") if self.specimen.oddity else ""
        number = f"{oddity}{self.specimen.recipe.seed:03d}_{self.specimen.name}"
        return number if self.defect is None else f"{self.defect.key}_{self.dial:g}_{number}"

    @property
    def group(self) -> str:
        """The defect's key, 'good' or 'odd'."""
        if self.defect is not None:
            return self.defect.key
        return "odd" if self.specimen.oddity else "good"

    @property
    def checks(self) -> tuple[str, ...]:
        """Codes of the checks to run; none stands for all.

        Of the sizes of a defect that the table of who warns of what does not show, only the checks
        that should notice are asked.
        """
        if self.defect is None or self.dial == self.defect.stated:
            return ()
        return self.defect.caught_by

    @property
    def recipe(self) -> Recipe:
        """How its map is made."""
        recipe = self.specimen.recipe
        return recipe if self.defect is None else self.defect.apply(recipe, self.dial)


def catalogue(models: Path, good: int, each: int, seed: int, largest: int) -> list[Case]:
    """Every case there is, first those that every check is asked about.

    Parameters
    ----------
    models : folder of atomic models
    good : number of good maps
    each : maps that get each defect at its stated size, or are odd in each way; drawn among the
        good. Half of them get the other sizes of a defect that some check is meant to notice.
    seed : draws which
    largest : side of a map, about, in voxels
    """
    specimens = good_specimens(models, good, seed, largest)
    cases = [Case(specimen) for specimen in (*specimens, *odd_specimens(specimens, each, seed))]
    for defect in DEFECTS:
        drawn = _drawn(specimens, defect, each, seed)
        cases += [
            Case(specimen, defect, dial)
            for dial in defect.tried
            for specimen in (drawn if dial == defect.stated else drawn[: -(-each // 2)])
        ]
    return sorted(cases, key=lambda case: bool(case.checks))


def _drawn(specimens: list[Specimen], defect: Defect, count: int, seed: int) -> list[Specimen]:
    fitting = [
        s for s in specimens if s.recipe.resolution <= defect.coarsest and s.helix >= defect.helix
    ]
    generator = np.random.default_rng([seed, zlib.crc32(defect.key.encode())])
    chosen = generator.permutation(len(fitting))[:count]
    return [_reseeded(fitting[i], defect) for i in sorted(chosen)]


def _reseeded(specimen: Specimen, defect: Defect) -> Specimen:
    """Its noise drawn anew, in the same part of calibration or judgement."""
    salt = 1000 * (1 + [d.key for d in DEFECTS].index(defect.key))
    recipe = replace(specimen.recipe, seed=specimen.recipe.seed + salt)
    return replace(specimen, recipe=recipe)
