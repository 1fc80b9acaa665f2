"""Fourier shell correlation of two maps, and where it falls below a level.

Harauz & van Heel 1986 (Optik 73, 146–156); the level 0.143 after Rosenthal & Henderson 2003,
doi:10.1016/j.jmb.2003.07.013.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from vrs_scipion.methods.shells import Reals

GOLD_STANDARD, HALF = 0.143, 0.5
"""Levels at which resolutions are read off the curve of two half maps."""
ONE_TO_ONE = 1 / 3
"""Where the mean of both half maps holds as much signal as noise."""
WELL_KEPT = 0.9
"""Above, hardly anything is lost."""
COPIES = 0.99
"""Correlation that no two independent halves have in every shell up to the Nyquist limit."""
CONFIDENCE = 1.96
"""Standard errors to either side, between which 95 of 100 lie."""

_BACK_SHELLS, _BACK_ERRORS = 2, 3.0

Level = float | Reals
"""The same at every frequency, or one for each."""


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

    def resolution(self, level: Level) -> float | None:
        """Å where the curve first falls below ``level``; None where it never does."""
        found = self._crossings(level)
        return 1 / found[0] if found else None

    def last_resolution(self, level: Level) -> float | None:
        """Å where the curve falls below ``level`` for the last time; None where it never does."""
        found = self._crossings(level)
        return 1 / found[-1] if found else None

    def comes_back(self, level: float) -> bool:
        """Whether the curve rises above ``level`` again after it has fallen below.

        By more than chance: its first and its last crossing are more than two shells apart, and
        between them it lies more than three standard errors above the level.
        """
        return self.return_height(level) > _BACK_ERRORS

    def return_height(self, level: float) -> float:
        """Standard errors by which the curve rises above ``level`` after it has fallen below.

        0 where it does not, or not farther than two shells from where it fell.
        """
        below = np.flatnonzero(self.correlation < level)
        if not below.size:
            return 0.0
        later = slice(below[0], None)
        above = self.correlation[later] >= level
        if not above.any() or np.flatnonzero(above)[-1] <= _BACK_SHELLS:
            return 0.0
        excess = (self.correlation[later] - level)[above] / self.standard_error[later][above]
        return float(excess.max())

    def bounds(self, level: float) -> tuple[float | None, float | None]:
        """Å between which the resolution at ``level`` lies with 95 %, the finer one first.

        They are where the edges of the curve's own band fall below the level; None where one never
        does.
        """
        error = CONFIDENCE * self.standard_error
        finest, coarsest = (
            replace(self, correlation=self.correlation + side).resolution(level)
            for side in (error, -error)
        )
        return finest, coarsest

    @cached_property
    def standard_error(self) -> Reals:
        """Of the correlation in each shell; that of no correlation where it is 1."""
        error: Reals = np.maximum(1 - self.correlation**2, 1e-3) / np.sqrt(self.samples)
        return error

    @cached_property
    def signal_to_noise(self) -> Reals:
        """Power of the signal over that of the noise in the mean of both maps."""
        with np.errstate(divide="ignore"):
            ratio: Reals = 2 * self.correlation / (1 - self.correlation)
        return ratio

    @cached_property
    def half_bit(self) -> Reals:
        """The level at which each sample of the mean of both maps holds half a bit.

        Of p samples in half a shell, van Heel & Schatz 2005, doi:10.1016/j.jsb.2005.05.009. NaN
        where there are so few samples that no correlation would reach it.
        """
        root = np.sqrt(self.samples / 2)
        level = (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root)
        return np.where(level < 1, level, np.nan)

    def at(self, frequency: Reals) -> FscCurve:
        """The curve between its points; NaN beyond its ends."""
        correlation, samples = (
            np.interp(frequency, self.frequency, values, left=np.nan, right=np.nan)
            for values in (self.correlation, self.samples)
        )
        return FscCurve(frequency, correlation, samples)

    def _crossings(self, level: Level) -> list[float]:
        levels = np.broadcast_to(level, self.correlation.shape)
        known = np.isfinite(self.correlation) & np.isfinite(levels)
        curve = (self.frequency[known], self.correlation[known], levels[known])
        return crossings(*(values.tolist() for values in curve))


def crossings(
    frequencies: Sequence[float], values: Sequence[float], level: float | Sequence[float]
) -> list[float]:
    """The frequencies at which a curve falls below a level, linear between its points.

    A curve that starts below the level crosses at its first point. The level may be a curve, too.
    """
    levels = [level] * len(values) if isinstance(level, int | float) else level
    found = [float(frequencies[0])] if len(values) and values[0] < levels[0] else []
    for i in range(1, len(values)):
        if values[i - 1] >= levels[i - 1] and values[i] < levels[i]:
            before, after = values[i - 1] - levels[i - 1], levels[i] - values[i]
            step = frequencies[i] - frequencies[i - 1]
            found.append(float(frequencies[i - 1] + before / (before + after) * step))
    return found
