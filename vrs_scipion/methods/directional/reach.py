"""How far two maps agree in every direction, and how much of the difference is chance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from vrs_scipion.methods.directional.smooth import smoothed
from vrs_scipion.methods.shells import Reals

_NOTHING = 1e-6
_BEYOND_DRAWS = 1.15
"""How much more a ratio scatters than draws say: fine differences are smoothed away, too.

Measured of half maps of known truth (benchmarks/directional.md).
"""


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error."""

    value: float
    error: float

    @classmethod
    def of(cls, value: float, drawn: Iterable[float]) -> Estimate:
        """From what was measured, and what was with other noise."""
        return cls(float(value), float(np.std(np.array([*drawn]), ddof=1)))


@dataclass(frozen=True)
class Reach:
    """The frequency up to which two maps agree, by direction.

    Attributes
    ----------
    directions : unit vectors along z, y, x; shape (n, 3)
    measured : 1/Å, shape (n,)
    error : standard error of it by chance, shape (n,)
    smooth : what is left of ``measured`` without what chance explains, shape (n,)
    ratio : highest over lowest of ``smooth``, with its error: the anisotropy of resolution
    """

    directions: Reals
    measured: Reals
    error: Reals
    smooth: Reals
    ratio: Estimate

    @property
    def apparent_ratio(self) -> float:
        """Highest over lowest as measured, chance and all."""
        return float(self.measured.max() / self.measured.min())

    @property
    def best(self) -> Reals:
        """The direction of the finest resolution: a unit vector along z, y, x."""
        return upwards(self.directions[self.smooth.argmax()])

    @property
    def worst(self) -> Reals:
        """The direction of the coarsest resolution: a unit vector along z, y, x."""
        return upwards(self.directions[self.smooth.argmin()])


def reach_of(directions: Reals, measured: Reals, drawn: Reals) -> Reach:
    """Tell what was measured by direction from chance.

    Parameters
    ----------
    directions : unit vectors evenly over the half sphere, along z, y, x; shape (n, 3)
    measured : 1/Å, shape (n,)
    drawn : the same with other noise, shape (draws, n)
    """
    smooth, redrawn = smoothed(measured, drawn, directions)
    ratio = Estimate.of(smooth.max() / smooth.min(), redrawn.max(axis=1) / redrawn.min(axis=1))
    return Reach(
        directions=directions,
        measured=measured,
        error=drawn.std(axis=0, ddof=1),
        smooth=smooth,
        ratio=replace(ratio, error=_BEYOND_DRAWS * ratio.error),
    )


def upwards(direction: Reals) -> Reals:
    """Of a direction and its opposite, the one that points up: along z, else y, else x."""
    leading = direction[np.abs(direction) > _NOTHING][0]
    return direction if leading > 0 else -direction
