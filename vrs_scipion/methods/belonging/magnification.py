"""Is one map larger than another? The stretch at which they agree best.

A map on voxels of another size than its header says is stretched by the ratio of the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vrs_scipion.maps.density import Density, Triple, Volume
from vrs_scipion.maps.fourier import resampled_onto
from vrs_scipion.methods.belonging.cubes import Cube
from vrs_scipion.methods.belonging.pose import information
from vrs_scipion.methods.fsc import FscCurve

REACH = 0.05
"""The largest stretch that is looked for."""

_STEP, _FINEST = 0.01, 5e-5
_PROBE = 0.01
_BY_SHAPE = 0.2
"""Of the stretch that would explain all of the correlation that two maps lack at their best one:
what a mask or a local filter can make of it (measured by benchmarks/together)."""
_LEAST = 3e-4
"""The smallest error: finer than that the stretch is not told."""
_PASSED = 0.1
"""Of the largest gain; where it falls below there is nothing left of the map."""


@dataclass(frozen=True)
class Magnification:
    """How much larger one map is than another.

    Attributes
    ----------
    value : 1 where they are of one size
    error : how far off it may be, as the maps differ in more than size
    correlation : of both at that size
    """

    value: float
    error: float
    correlation: float


def find_magnification(first: Cube, second: Cube, mask: Cube) -> Magnification | None:
    """How many times larger the first map is than the second one, about the mask's centre.

    Both are made to have flat spectra, the second one is stretched, both are put under the mask,
    and what they tell of each other is measured: shells of high correlation count most. Only
    shells are taken in which the first map was not filtered away.

    Parameters
    ----------
    first, second : copies on one grid, in one pose and place
    mask : where they are compared, from 0 to 1

    Returns
    -------
    Magnification, or None where the best one lies at the end of what was looked at
    """
    from scipy import optimize  # slow to load

    stretched = _Stretched(first, second, mask)
    tried = np.arange(1 - REACH, 1 + REACH + _STEP / 2, _STEP)
    found = [information(stretched.curve(value)) for value in tried]
    best = int(np.argmax(found))
    if best in (0, len(tried) - 1):
        return None
    fine = optimize.minimize_scalar(
        lambda value: -information(stretched.curve(float(value))),
        bounds=(tried[best - 1], tried[best + 1]),
        method="bounded",
        options={"xatol": _FINEST},
    )
    value = float(fine.x)
    lacking = 1 - stretched.correlation(value)
    around = [stretched.correlation(value + side * _PROBE) for side in (-1, 1)]
    lost = max(1 - lacking - sum(around) / 2, float(np.finfo(np.float64).tiny))
    error = max(_LEAST, _BY_SHAPE * _PROBE * math.sqrt(max(lacking, 0) / lost))
    return Magnification(value, min(error, REACH), 1 - lacking)


class _Stretched:
    """Two maps under a mask, the second one stretched about the mask's centre."""

    def __init__(self, first: Cube, second: Cube, mask: Cube) -> None:
        self.first, self.second, self.mask = first, second, mask
        self.shells = _passed(first, second)
        self._white = second.whitened()
        self._target = Cube(first.whitened().values * mask.values, first.voxel).white

    def curve(self, value: float) -> FscCurve:
        """Their correlation by shell at a stretch."""
        other = Cube(self._at(value) * self.mask.values, self.first.voxel)
        shells = self.first.shells
        correlation = shells.mean((self._target * other.white.conj()).real)[: self.shells]
        return FscCurve(np.arange(1.0, self.shells + 1), correlation, shells.samples[: self.shells])

    def correlation(self, value: float) -> float:
        """Mean of all coefficients at a stretch."""
        curve = self.curve(value)
        return float(curve.correlation @ curve.samples / curve.samples.sum())

    def _at(self, value: float) -> Volume:
        source, size = self._white.density, 1 / value
        z, y, x = (centre * (1 - size) for centre in self._centre)
        return resampled_onto(
            Density(source.values, (1.0, 1.0, 1.0)), source.box, (size,) * 3, (z, y, x)
        )

    @cached_property
    def _centre(self) -> Triple:
        """Of the mask, in voxels along z, y, x."""
        along = [self.mask.values.sum(axis=_others(i), dtype=np.float64) for i in range(3)]
        z, y, x = (float(np.arange(line.size) @ line / line.sum()) for line in along)
        return z, y, x


def _others(axis: int) -> tuple[int, ...]:
    return tuple(other for other in range(3) if other != axis)


def _passed(first: Cube, second: Cube) -> int:
    """Shells up to where the first map's gain over the second one falls to a tenth of its most."""
    gain = np.divide(
        first.strength, second.strength, out=np.zeros(first.shells.count), where=second.strength > 0
    )
    highest = int(gain.argmax())
    low = np.flatnonzero(gain[highest:] < _PASSED * gain[highest])
    return highest + int(low[0]) if low.size else first.shells.count
