"""The resolution of a map as a whole by its looks: that of its best resolved twentieth.

Local resolutions are quantiles of what networks answer (`vrs_scipion.methods.local_resolution`).
How a low quantile of them goes with the resolution at which half maps would correlate by 0.143, and
how far it may be off, was measured on simulated maps of two simulators (benchmarks/verdicts, and
``benchmarks/resolution_by_looks.md``): errors of voxels say nothing about that, since those of one
map go together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.maps.density import Volume

QUANTILE = 5.0
"""% of the molecule that looks as fine as this or finer."""

_LOOKS = (4.5, 5.0, 6.0, 8.0, 13.0)
"""Å; between these, and beyond the ends as at the ends:"""
_TOO_COARSE = (1.03, 1.05, 1.10, 1.22, 1.35)
_SPREAD = (0.05, 0.12, 0.15, 0.25, 0.30)


@dataclass(frozen=True)
class ByLooks:
    """What a map looks like at best.

    Attributes
    ----------
    resolution : Å, comparable with where half maps correlate by 0.143
    spread : standard deviation of its logarithm over maps
    """

    resolution: float
    spread: float

    @property
    def error(self) -> float:
        """68 %, in Å."""
        return self.resolution * self.spread

    def errors_beyond(self, reported: float) -> float:
        """By how many errors a reported resolution (Å) is finer."""
        return math.log(self.resolution / reported) / self.spread

    def at_most(self, errors: float) -> float:
        """The coarsest resolution (Å) that so many errors allow."""
        return self.resolution * math.exp(errors * self.spread)


def resolution_by_looks(half_amplitude: Volume) -> ByLooks:
    """The resolution of a map by the looks of its best part.

    Parameters
    ----------
    half_amplitude : local resolution at half amplitude, Å; NaN where there is none

    Returns
    -------
    ByLooks
    """
    looks = float(np.nanpercentile(half_amplitude, QUANTILE))
    too_coarse = float(np.interp(math.log(looks), np.log(_LOOKS), _TOO_COARSE))
    return ByLooks(resolution=looks / too_coarse, spread=float(spread_over_maps(looks)))


def spread_over_maps(looks: ArrayLike) -> NDArray[np.float64]:
    """How far all looks of a map may be off together: standard deviation of their logarithm.

    Parameters
    ----------
    looks : local resolution at half amplitude, Å, of any shape
    """
    return np.asarray(np.interp(np.log(looks), np.log(_LOOKS), _SPREAD))
