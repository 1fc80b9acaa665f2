"""Fourier shell occupancy: in how many directions is there a signal?

Vilas & Tagare 2023, doi:10.1038/s41592-023-01874-3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.methods.directional.cones import Cones, first_crossings
from vrs_scipion.methods.directional.reach import Reach, reach_of
from vrs_scipion.methods.fsc import GOLD_STANDARD, HALF
from vrs_scipion.methods.shells import Reals

FULL, MIDDLE, EMPTY = 0.9, 0.5, 0.1
"""Occupancies at which resolutions are read."""


@dataclass(frozen=True)
class Occupancy:
    """The share of directions with a signal, shell by shell.

    Attributes
    ----------
    frequency : 1/Å, shape (shells,)
    share : from 1 to 0; NaN in shells without power
    drawn : the same with other noise, shape (draws, shells)
    isotropic : what chance would make of maps that are alike in all directions, shape (shells,)
    reach : where the correlation falls below 0.143 in each direction
    half : frequency where it falls below 0.5, 1/Å, shape (directions,)
    """

    frequency: Reals
    share: Reals
    drawn: Reals
    isotropic: Reals
    reach: Reach
    half: Reals

    def resolution(self, share: float) -> float | None:
        """Å where the occupancy first falls below a share; None where it does not."""
        return self._resolution(self.share, share)

    def isotropic_resolution(self, share: float) -> float | None:
        """The same of half maps that are alike in all directions, by chance."""
        return self._resolution(self.isotropic, share)

    def error(self, share: float) -> float | None:
        """Standard error of that, Å; None where other noise would keep it from falling so far."""
        found = 1 / first_crossings(self.frequency, self.drawn.T, share)
        return None if np.isnan(found).any() else float(found.std(ddof=1))

    def _resolution(self, curve: Reals, share: float) -> float | None:
        (found,) = first_crossings(self.frequency, curve[:, None], share)
        return None if np.isnan(found) else float(1 / found)


def measure_occupancy(cones: Cones) -> Occupancy:
    """Measure the share of cones whose correlation reaches 0.143.

    Parameters
    ----------
    cones : about directions evenly over the half sphere
    """

    def occupied(correlation: Reals) -> Reals:
        share = np.mean(correlation >= GOLD_STANDARD, axis=1)
        return np.where(np.isnan(cones.whole.correlation), np.nan, share)

    (share, drawn), (gold, gold_drawn) = cones.measured(
        occupied, lambda correlation: cones.reaches(GOLD_STANDARD, correlation)
    )
    return Occupancy(
        frequency=cones.frequency,
        share=share,
        drawn=drawn,
        isotropic=_isotropic(cones, GOLD_STANDARD),
        reach=reach_of(cones.directions, gold, gold_drawn),
        half=cones.reaches(HALF),
    )


def _isotropic(cones: Cones, level: float) -> Reals:
    """The share of cones above the level if all had the whole's correlation, but for chance."""
    from scipy.special import ndtr  # slow to load

    above = cones.whole.correlation[:, None] - level
    errors = cones.errors_of_the_whole
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(
            ndtr(np.where(errors > 0, above / errors, np.copysign(np.inf, above))).mean(axis=1)
        )
