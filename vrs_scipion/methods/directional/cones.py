"""Fourier shell correlation along every direction, in cones, with its chance error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.methods.directional.overlap import Overlap
from vrs_scipion.methods.directional.sphere import within
from vrs_scipion.methods.directional.sums import DirectionalSums
from vrs_scipion.methods.fsc import GOLD_STANDARD, FscCurve
from vrs_scipion.methods.shells import Reals

SEED, DRAWS = 20170301, 32
"""Of the draws from which errors are taken, and how many there are."""

_FEWEST = 3.0
"""Independent coefficients in the emptiest cone of a shell that can be told apart by direction."""


@dataclass(frozen=True)
class Cones:
    """The correlation of two maps in cones about directions, on either side of the origin.

    In the first shells, whose coefficients are too few to be told apart by direction, every cone
    has the correlation of the whole shell.

    Attributes
    ----------
    sums : that the correlations are made of
    overlap : of the mask that the maps were put under
    order : of the point group that was imposed on both maps: so many coefficients are copies
    directions : unit vectors along z, y, x; shape (cones, 3)
    half_angle : of the cones, degrees
    correlation : float64, shape (shells, cones)
    samples : independent coefficients, shape (shells, cones)
    whole : correlation of the whole shells
    told_from : how many shells are not told apart by direction
    """

    sums: DirectionalSums
    overlap: Overlap
    order: int
    directions: Reals
    half_angle: float
    correlation: Reals
    samples: Reals
    whole: FscCurve
    told_from: int

    @property
    def frequency(self) -> Reals:
        """Of the shells, 1/Å."""
        return self.whole.frequency

    @property
    def standard_error(self) -> Reals:
        """Of the correlations, by chance; shape (shells, cones)."""
        return np.asarray((1 - self.correlation**2) * self._unit_errors)

    @property
    def errors_of_the_whole(self) -> Reals:
        """What they would be, were the maps alike in all directions; shape (shells, cones)."""
        return np.asarray((1 - self.whole.correlation[:, None] ** 2) * self._unit_errors)

    @property
    def significance(self) -> float:
        """Standard errors that the whole's correlation is above none, before it falls below 0.143.

        All shells up to there together.
        """
        curve = self.whole
        low = np.flatnonzero(curve.correlation < GOLD_STANDARD)
        before = slice(0, int(low[0]) + 1 if low.size else None)
        total = curve.samples[before] @ np.nan_to_num(curve.correlation[before])
        return float(total / np.sqrt(curve.samples[before].sum()))

    def reaches(self, level: float, correlation: Reals | None = None) -> Reals:
        """Where each cone's correlation first falls below a level, in 1/Å.

        Of cones whose correlation never falls below it, that is the frequency of the last shell.

        Parameters
        ----------
        level : of the correlation
        correlation : as one draw has it, in place of the measured one

        Returns
        -------
        float64 array, shape (cones,)
        """
        curves = self.correlation if correlation is None else correlation
        found = first_crossings(self.frequency, curves, level)
        return np.where(np.isnan(found), self.frequency[-1], found)

    def tells(self, level: float) -> bool:
        """Whether directions are told apart where the whole's correlation falls below a level."""
        resolution = self.whole.resolution(level)
        told = self.frequency[self.told_from :]
        return bool(told.size) and (resolution is None or 1 / resolution > told[0])

    def never_below(self, level: float) -> NDArray[np.bool_]:
        """Which cones' correlation does not fall below a level; shape (cones,)."""
        return np.isnan(first_crossings(self.frequency, self.correlation, level))

    def measured(self, *measures: Callable[[Reals], Reals]) -> list[tuple[Reals, Reals]]:
        """What can be measured of the correlations, and of each draw of them.

        Parameters
        ----------
        measures : from correlations, shape (shells, cones), to an array

        Returns
        -------
        Of each, what was measured and what was drawn; shapes (…) and (draws, …)
        """
        drawn = [[measure(correlation) for measure in measures] for correlation in self.drawn()]
        return [
            (measure(self.correlation), np.array(columns))
            for measure, columns in zip(measures, zip(*drawn, strict=True), strict=True)
        ]

    def drawn(self, number: int = DRAWS, seed: int = SEED) -> Iterator[Reals]:
        """Correlations as they might come out with other noise of the same strength.

        Every pixel of every shell errs by its independent coefficients, so that cones that overlap
        err together; neighbouring shells err together as the mask has it.

        Yields
        ------
        float64 array, shape (shells, cones)
        """
        generator = np.random.default_rng(seed)
        inside = within(self.directions, self.sums.sphere.directions, self.half_angle)
        size = np.sqrt(self.sums.samples).astype(np.float32)
        of_cones = np.sqrt(np.maximum((size**2) @ inside.T, 1))
        lead, follow = _moving_average(self.overlap.next)
        errors = self.standard_error
        for _ in range(number):
            normal = generator.standard_normal((len(size) + 1, size.shape[1]), dtype=np.float32)
            of_pixels = (lead * normal[1:] + follow * normal[:-1]) * size
            yield self.correlation + errors * (of_pixels @ inside.T) / of_cones

    @property
    def _unit_errors(self) -> Reals:
        """Of correlations of nothing but noise; 0 where directions are not told apart."""
        errors = 1 / np.sqrt(np.maximum(self.samples, 1))
        errors[: self.told_from] = 0
        return np.asarray(errors)


def cones_about(
    directions: Reals, half_angle: float, sums: DirectionalSums, overlap: Overlap, order: int = 1
) -> Cones:
    """Correlate two maps in cones.

    Parameters
    ----------
    directions : unit vectors along z, y, x; shape (cones, 3)
    half_angle : from the axis of a cone to its side, degrees
    sums : of the maps
    overlap : of the mask that they were put under
    order : of the point group that was imposed on both
    """
    inside = within(directions, sums.sphere.directions, half_angle).astype(np.float64)
    copies = overlap.redundancy * order
    cross, first, second, samples = sums.all @ inside.T
    independent = samples / copies
    whole = FscCurve(
        sums.shells.frequency,
        _ratio(*sums.all[:3].sum(axis=2)),
        sums.samples.sum(axis=1) / copies,
    )
    few = np.flatnonzero(independent.min(axis=1) < _FEWEST)
    told_from = int(few[-1]) + 1 if few.size else 0
    correlation = np.nan_to_num(_ratio(cross, first, second))
    untold = np.isnan(whole.correlation)
    untold[:told_from] = True
    correlation[untold] = whole.correlation[untold, None]
    return Cones(
        sums,
        overlap,
        order,
        directions,
        half_angle,
        correlation,
        samples / copies,
        whole,
        told_from,
    )


def first_crossings(frequency: Reals, curves: Reals, level: float) -> Reals:
    """Where curves first fall below a level, linear between shells; NaN where they never do.

    A curve that starts below the level crosses at the first shell.

    Parameters
    ----------
    frequency : shape (shells,)
    curves : shape (shells, n)
    level : of the curves

    Returns
    -------
    float64 array, shape (n,)
    """
    below = curves < level
    shell, column = below.argmax(axis=0), np.arange(curves.shape[1])
    before = np.maximum(shell - 1, 0)
    high, low = curves[before, column], curves[shell, column]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(shell > 0, (high - level) / (high - low), 0.0)
    found = frequency[before] + share * (frequency[shell] - frequency[before])
    return np.where(below.any(axis=0), found, np.nan)


def _ratio(cross: Reals, first: Reals, second: Reals) -> Reals:
    norm = np.sqrt(first * second)
    return np.divide(cross, norm, out=np.full_like(cross, np.nan), where=norm > 0)


def _moving_average(correlation: float) -> tuple[float, float]:
    """Weights of two neighbours, of unit length, that make their means correlate so."""
    angle = np.arcsin(np.clip(2 * correlation, 0, 1)) / 2
    return float(np.cos(angle)), float(np.sin(angle))
