"""What is tried at each level: which good inputs, which defects of theirs, which checks."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import fits
import halves
import numpy as np
import specimens
from cases import Case
from defects import DEFECTS, Defect
from defects_fits import FIT_DEFECTS
from defects_halves import HALVES_DEFECTS
from odd import odd_specimens
from specimens import Specimen

from vrs_scipion.checks.levels import Level, level_of


@dataclass(frozen=True)
class Catalogue:
    """Good and bad inputs of a level.

    Attributes
    ----------
    mark : of the level
    defects : what can be wrong with them
    nouns : what its inputs are called
    like : what the good ones are like
    draw_good : from the folder of models, a number of structures, a seed and the side of a box,
        about, in voxels, to good ones
    draw_odd : from good ones, a number and a seed to those that are good and odd
    good, each, largest : how many good ones, how many with each defect, and that side
    """

    mark: str
    defects: tuple[Defect, ...]
    nouns: str
    like: str
    draw_good: Callable[[Path, int, int, int], list[Specimen]]
    draw_odd: Callable[[list[Specimen], int, int], list[Specimen]]
    good: int
    each: int
    largest: int

    @property
    def level(self) -> Level:
        """The level."""
        return level_of(self.mark)

    @property
    def codes(self) -> tuple[str, ...]:
        """Of the checks of the level."""
        return tuple(check.code for check in self.level.checks)

    def cases(self, models: Path, good: int, each: int, seed: int, largest: int) -> list[Case]:
        """Every case there is, first those that every check is asked about.

        Parameters
        ----------
        models : folder of atomic models
        good : number of good inputs
        each : those that get each defect at its stated size, or are odd in each way; drawn among
            the good. Half of them get the other sizes of a defect that some check is meant to
            notice.
        seed : draws which
        largest : side of a box, about, in voxels
        """
        drawn = self.draw_good(models, good, seed, largest)
        cases = [Case(s, self.mark) for s in (*drawn, *self.draw_odd(drawn, each, seed))]
        for defect in self.defects:
            chosen = self._chosen(drawn, defect, each, seed)
            cases += [
                Case(specimen, self.mark, defect, dial)
                for dial in defect.tried
                for specimen in (chosen if dial == defect.stated else chosen[: -(-each // 2)])
            ]
        return sorted(cases, key=lambda case: bool(case.checks))

    def _chosen(
        self, drawn: list[Specimen], defect: Defect, count: int, seed: int
    ) -> list[Specimen]:
        fitting = [
            s
            for s in drawn
            if s.recipe.resolution <= defect.coarsest
            and s.helix >= defect.helix
            and s.chains >= defect.chains
        ]
        generator = np.random.default_rng([seed, zlib.crc32(defect.key.encode())])
        chosen = generator.permutation(len(fitting))[:count]
        return [self._reseeded(fitting[i], defect) for i in sorted(chosen)]

    def _reseeded(self, specimen: Specimen, defect: Defect) -> Specimen:
        """Its noise drawn anew, in the same part of calibration or judgement."""
        salt = 1000 * (1 + [d.key for d in self.defects].index(defect.key))
        recipe = replace(specimen.recipe, seed=specimen.recipe.seed + salt)
        return replace(specimen, recipe=recipe)


CATALOGUES = {
    one.mark: one
    for one in (
        Catalogue(
            "0",
            DEFECTS,
            "maps",
            "of realistic B-factors, noise, sharpening and contour",
            specimens.good_specimens,
            odd_specimens,
            good=80,
            each=10,
            largest=specimens.LARGEST_SIDE,
        ),
        Catalogue(
            "1",
            HALVES_DEFECTS,
            "pairs of half maps",
            "of realistic B-factors, noise and masks",
            halves.good_pairs,
            halves.odd_pairs,
            good=64,
            each=8,
            largest=halves.LARGEST_SIDE,
        ),
        Catalogue(
            "A",
            FIT_DEFECTS,
            "pairs of map and model",
            "of realistic B-factors and noise, with the errors that refinement leaves in the model",
            fits.good_fits,
            fits.odd_fits,
            good=40,
            each=6,
            largest=fits.LARGEST_SIDE,
        ),
    )
}
"""By the mark of the level."""
