"""Up to which frequency two maps correlate by more than chance.

Beckers & Sachse 2020, doi:10.1016/j.jsb.2020.107579: what chance does to the correlation of a shell
is seen when the coefficients of one map are permuted within it; of all shells that are called
significant few may be so by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from vrs_scipion.methods.fsc.bands import Complex
from vrs_scipion.methods.fsc.curve import FscCurve
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, power

PERMUTATIONS = 1000
LARGE = 2000
"""Coefficients of a shell from which on chance follows its law closely enough."""
FEWEST = 20
"""Independent samples below which nothing is said of a shell."""

_COUNTED = 10
"""Permutations that have to reach a correlation for its probability to be told from their share."""


@dataclass(frozen=True)
class Significance:
    """Which shells correlate by more than chance.

    Attributes
    ----------
    curve : the correlation
    p : probability of such a correlation or a higher one by chance; NaN where nothing is said
    adjusted : the rate of false discoveries at which a shell is called significant; NaN likewise
    rate : up to which it is
    permuted : how many shells' coefficients were permuted
    variance : of the permuted correlations times the independent samples, mean of those shells
    """

    curve: FscCurve
    p: Reals
    adjusted: Reals
    rate: float
    permuted: int
    variance: float

    @property
    def holds(self) -> bool:
        """Whether the first shell of which anything is said is significant."""
        known = self.adjusted[np.isfinite(self.adjusted)]
        return bool(known.size and known[0] <= self.rate)

    @property
    def resolution(self) -> float | None:
        """Å of the last shell before the first that is not significant.

        None where there is none before, or where none is not.
        """
        beyond = np.flatnonzero(self.adjusted > self.rate)
        if not (self.holds and beyond.size):
            return None
        return float(1 / self.curve.frequency[beyond[0] - 1])

    @property
    def critical(self) -> Reals:
        """The correlation from which on a shell is called significant; NaN where nothing is."""
        from scipy.stats import t  # slow to load

        known = np.isfinite(self.p)
        tests = max(int(known.sum()), 1)
        passed = max(int((self.adjusted[known] <= self.rate).sum()), 1)
        freedom = np.where(known, self.curve.samples, np.nan) - 1
        score = t.isf(self.rate * passed / (tests * _harmonic(tests)), freedom)
        critical: Reals = score / np.sqrt(freedom + score**2)
        return critical


def significance(
    first: HalfSpectrum,
    second: HalfSpectrum,
    shells: Shells,
    curve: FscCurve,
    rate: float,
    seed: int,
) -> Significance:
    """Test the correlation of two maps in every shell, one-sided, and all shells together.

    In a shell of up to 2000 coefficients, as many of them as there are independent samples are
    paired at random, 1000 times. In larger ones, and where hardly any pairing reaches what was
    measured, chance is that of two random vectors in as many dimensions as there are samples: with
    Student's distribution it is told to any probability.

    Parameters
    ----------
    first, second : half spectra, as ``scipy.fft.rfftn`` gives them, with shells ``shells``
    curve : their correlation, with the independent samples of each shell
    rate : of false discoveries among the significant shells
    seed : of the permutations

    Returns
    -------
    Significance
    """
    p = by_chance(curve.correlation, curve.samples)
    generator = np.random.default_rng(seed)
    variances = []
    for shell, one, other in _small_shells(first, second, shells):
        samples = float(curve.samples[shell - 1])
        if not np.isfinite(p[shell - 1]):
            continue
        permuted = _permuted(one, other, samples, generator)
        variances.append(float(np.mean(permuted**2)) * samples)
        reached = int((permuted >= curve.correlation[shell - 1]).sum())
        if reached >= _COUNTED:
            p[shell - 1] = (reached + 1) / (PERMUTATIONS + 1)
    variance = float(np.mean(variances)) if variances else float("nan")
    return Significance(curve, p, adjusted(p), rate, len(variances), variance)


def by_chance(correlation: Reals, samples: Reals) -> Reals:
    """Probability of a correlation or a higher one of two maps that have nothing in common.

    Of two random vectors in n dimensions the cosine c between them makes c √((n − 1) / (1 − c²))
    follow Student's distribution with n − 1 degrees of freedom. NaN for fewer than 20 samples.
    """
    from scipy.stats import t  # slow to load

    known = (samples >= FEWEST) & np.isfinite(correlation)
    freedom = np.where(known, samples - 1, 1)
    cosine = np.where(known, correlation, 0.0)
    with np.errstate(divide="ignore"):
        score = cosine * np.sqrt(freedom / np.maximum(1 - cosine**2, 0))
    return np.where(known, t.sf(score, freedom), np.nan)


def adjusted(p: Reals) -> Reals:
    """The rate of false discoveries at which each test passes, however they depend on each other.

    Benjamini & Yekutieli 2001, doi:10.1214/aos/1013699998. NaN stays, and is no test.
    """
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known])]
    tests = order.size
    raised = p[order] * tests * _harmonic(tests) / np.arange(1, tests + 1)
    rates = np.full_like(p, np.nan)
    rates[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1)
    return rates


def _harmonic(tests: int) -> float:
    return float(np.sum(1 / np.arange(1, tests + 1)))


def _permuted(one: Complex, other: Complex, samples: float, generator: Generator) -> Reals:
    """Correlations of as many coefficients as are independent, paired at random."""
    count = min(max(round(samples / 2), 1), one.size)  # a pair of them is one here
    order = np.broadcast_to(np.arange(one.size, dtype=np.int32), (PERMUTATIONS, one.size))
    a, b = (values[generator.permuted(order, axis=1)[:, :count]] for values in (one, other))
    cross = (a.real * b.real + a.imag * b.imag).sum(axis=1, dtype=np.float64)
    norms = [power(values).sum(axis=1, dtype=np.float64) for values in (a, b)]
    return np.asarray(cross / np.sqrt(norms[0] * norms[1]))


def _small_shells(
    first: HalfSpectrum, second: HalfSpectrum, shells: Shells
) -> Iterator[tuple[int, Complex, Complex]]:
    """The shells that have few coefficients, with those of both, one of each pair."""
    few = np.flatnonzero(shells.samples <= LARGE) + 1
    found = []
    for z in range(shells.shape[0]):
        places = shells.places(z)
        y, x = np.nonzero(np.isin(places, few))
        rows, columns = (-z) % shells.shape[0], (-y) % shells.shape[1]
        alone = (x > 0) | (z < rows) | ((z == rows) & (y <= columns))
        y, x = y[alone], x[alone]
        found.append((places[y, x], first[z][y, x], second[z][y, x]))
    place, one, other = (np.concatenate(parts) for parts in zip(*found, strict=True))
    for shell in few.tolist():
        inside = place == shell
        yield shell, one[inside], other[inside]
