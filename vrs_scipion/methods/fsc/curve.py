"""Fourier shell correlation of two maps, and where it falls below a level.

Harauz & van Heel 1986 (Optik 73, 146–156); the level 0.143 after Rosenthal & Henderson 2003,
doi:10.1016/j.jmb.2003.07.013.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vrs_scipion.methods.shells import Reals

GOLD_STANDARD, HALF = 0.143, 0.5
"""Levels at which resolutions are read off the curve of two half maps."""

_BACK_SHELLS, _BACK_ERRORS = 2, 3.0


@dataclass(frozen=True)
class FscCurve:
    """The correlation of two maps by Fourier shell; shell 0, the mean, is left out.

    Attributes
    ----------
    frequency : 1/Å, shape (shells,)
    correlation : −1 to 1, NaN in shells without power, shape (shells,)
    samples : independent coefficients of the whole sphere in each shell, shape (shells,)
    """

    frequency: Reals
    correlation: Reals
    samples: Reals

    def resolution(self, level: float) -> float | None:
        """Å where the curve first falls below ``level``; None where it never does."""
        found = self._crossings(level)
        return 1 / found[0] if found else None

    def last_resolution(self, level: float) -> float | None:
        """Å where the curve falls below ``level`` for the last time; None where it never does."""
        found = self._crossings(level)
        return 1 / found[-1] if found else None

    def comes_back(self, level: float) -> bool:
        """Whether the curve rises above ``level`` again after it has fallen below.

        By more than chance: its first and its last crossing are more than two shells apart, and
        between them it lies more than three standard errors above the level.
        """
        below = np.flatnonzero(self.correlation < level)
        if not below.size:
            return False
        later = slice(below[0], None)
        above = self.correlation[later] >= level
        if not above.any() or np.flatnonzero(above)[-1] <= _BACK_SHELLS:
            return False
        excess = (self.correlation[later] - level)[above] / self.standard_error[later][above]
        return bool(excess.max() > _BACK_ERRORS)

    @cached_property
    def standard_error(self) -> Reals:
        """Of the correlation in each shell; that of no correlation where it is 1."""
        error: Reals = np.maximum(1 - self.correlation**2, 1e-3) / np.sqrt(self.samples)
        return error

    def _crossings(self, level: float) -> list[float]:
        return crossings(self.frequency.tolist(), self.correlation.tolist(), level)


def crossings(frequencies: Sequence[float], values: Sequence[float], level: float) -> list[float]:
    """The frequencies at which a curve falls below a level, linear between its points.

    A curve that starts below the level crosses at its first point.
    """
    found = [float(frequencies[0])] if len(values) and values[0] < level else []
    for i in range(1, len(values)):
        before, value = values[i - 1], values[i]
        if before >= level > value:
            share = (before - level) / (before - value)
            found.append(float(frequencies[i - 1] + share * (frequencies[i] - frequencies[i - 1])))
    return found
