"""Means of a correlation over many shells, with errors that know of mask and symmetry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.methods.fsc import FscCurve
from vrs_scipion.methods.independence.powers import LOWEST
from vrs_scipion.methods.shells import Reals

_END = 0.1
"""Of the frequencies, the part that is the end of a curve."""
_SMALLEST = 1e-3
"""Of 1 − C²: no correlation is without error."""
_FEWEST = 4


@dataclass(frozen=True)
class Mean:
    """A mean of correlations over shells.

    Attributes
    ----------
    value, error : the mean, and its standard error
    samples : independent values that it is of
    """

    value: float
    error: float
    samples: float

    @property
    def significance(self) -> float:
        """The mean in standard errors of no correlation."""
        return self.value * math.sqrt(self.samples)


@dataclass(frozen=True)
class Region:
    """The correlation of two maps in a region.

    Attributes
    ----------
    curve : by shell
    coefficients : of the whole sphere, of each of the box's shells
    frequency : 1/Å, of those shells
    shared : coefficients that share one independent value, counted over many shells
    """

    curve: FscCurve
    coefficients: Reals
    frequency: Reals
    shared: float

    def mean(self, low: float, high: float) -> Mean | None:
        """The mean over the shells beyond ``low`` up to ``high`` (1/Å); None where there are none.

        Neighbouring shells are not independent under a mask. Where they scatter more about a line
        than their errors allow, as under a symmetry that was not given, the error is scaled up by
        as much (Birge 1932, doi:10.1103/PhysRev.40.207).
        """
        of_curve = self.curve.frequency
        inside = (of_curve > low) & (of_curve <= high) & np.isfinite(self.curve.correlation)
        if not inside.any():
            return None
        values, weights = self.curve.correlation[inside], self.curve.samples[inside]
        mean = float(np.average(values, weights=weights))
        counted = self.coefficients[(self.frequency > low) & (self.frequency <= high)].sum()
        independent = max(counted / self.shared, weights.max())
        spare = max(1 - mean**2, _SMALLEST)
        scatter = _scatter(of_curve[inside], values, np.sqrt(weights) / spare)
        return Mean(mean, spare * math.sqrt(max(1.0, scatter) / independent), independent)

    def rise(self, last: float) -> Mean | None:
        """How far the end of the curve, up to ``last`` (1/Å), lies above its lowest part before.

        Both are a tenth of the frequencies wide; None where there is no room for two.
        """
        last = min(last, float(self.curve.frequency[-1]))
        width = _END * last
        end = self.mean(last - width, last)
        tops = self.curve.frequency[self.curve.frequency <= last - width]
        before = [self.mean(top - width, top) for top in tops if top - width >= LOWEST]
        parts = [part for part in before if part is not None]
        if end is None or not parts:
            return None
        lowest = min(parts, key=lambda part: part.value)
        error = math.hypot(end.error, lowest.error)
        return Mean(end.value - lowest.value, error, min(end.samples, lowest.samples))


def _scatter(frequency: Reals, values: Reals, certainty: Reals) -> float:
    """χ² per degree of freedom about a line, ``certainty`` one over the errors; 0 of few values."""
    if values.size < _FEWEST:
        return 0.0
    slope, start = np.polyfit(frequency, values, 1, w=certainty)
    errors = (values - start - slope * frequency) * certainty
    return float(errors @ errors) / (values.size - 2)


def shared_by_mask(weight: Volume | Mask) -> float:
    """How many coefficients share one independent value under a mask, over many shells.

    ``weight`` is what products of the two maps are weighted by: the square of a mask that both were
    put under, or the mask in which they are correlated. The transform W of it mixes coefficients an
    offset Δ apart by |W(Δ)|²/|W(0)|², which over all Δ is N Σw²/(Σw)².
    """
    if weight.dtype == np.bool_:
        return weight.size / max(1, np.count_nonzero(weight))
    square = np.einsum("zyx,zyx->", weight, weight, dtype=np.float64)
    return float(max(1.0, weight.size * square / weight.sum(dtype=np.float64) ** 2))
