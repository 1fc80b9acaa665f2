"""From local correlations to local resolutions, each with an error bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Volume
from vrs_scipion.methods.local_bands.correlations import LocalCorrelations
from vrs_scipion.methods.shells import Reals

Floats = NDArray[np.float32]

SLOPE_BANDS = 4
"""Around a crossing: over so many bands its slope is measured."""
_FLATTEST = 1e-6
_UNDECIDED = np.float32(4)
"""Above its level by more than any correlation can be: what a band that is passed over has."""


@dataclass(frozen=True)
class LocalResolution:
    """Local resolution in a mask; volumes are float32 on the map's grid, NaN outside.

    Attributes
    ----------
    resolution : Å; that of the last band where the correlation does not fall below the level, of
        the first where it lies below from the start
    error : Å, one standard error; NaN where it does not fall, or lies below from the start
    never_falls, never_rises : fractions of the mask: at least as fine as the last band, and coarser
        than the first
    finest, coarsest : resolution in Å of the last band and of the first
    """

    resolution: Volume
    error: Volume
    never_falls: float
    never_rises: float
    finest: float
    coarsest: float

    @classmethod
    def without_errors(cls, resolution: Volume, finest: float, coarsest: float) -> LocalResolution:
        """That of another method, which knows no error bars."""
        inside = resolution[np.isfinite(resolution)]
        return cls(
            resolution=resolution,
            error=np.full_like(resolution, np.nan),
            never_falls=float((inside <= finest).mean()),
            never_rises=float((inside >= coarsest).mean()),
            finest=finest,
            coarsest=coarsest,
        )

    @property
    def inside(self) -> Floats:
        """Å in the mask."""
        inside: Floats = self.resolution[np.isfinite(self.resolution)]
        return inside


@dataclass(frozen=True)
class Crossings:
    """Where the correlation at each point first falls below a level; arrays of shape (points,).

    Attributes
    ----------
    frequency : 1/Å; of the last band where it does not fall, of the first where it lies below from
        the start
    error : Å, one standard error of the resolution; NaN where it does not fall, or lies below from
        the start
    falls, rises : whether it does fall, and whether it lies above in the first band
    """

    frequency: Reals
    error: Reals
    falls: NDArray[np.bool_]
    rises: NDArray[np.bool_]


def crossings(
    local: LocalCorrelations, level: float | Floats, slope_bands: int = SLOPE_BANDS
) -> Crossings:
    """Where the local correlation first falls below a level, linear between the bands.

    Up to there it is made non-increasing. A band whose level is 1 or more, so that too few samples
    could never reach it, is passed over. The error bar is the standard error of a correlation at
    the level, (1 − T²)/√samples, over the slope of the curve across some bands.

    Parameters
    ----------
    local : correlations by band and point
    level : T, of all or of each band and point
    slope_bands : of the slope, those that are nearest to the crossing
    """
    bands = len(local.frequency)
    levels = np.broadcast_to(np.float32(level), local.values.shape)
    excess = np.where(levels < 1, local.values - levels, _UNDECIDED)
    np.minimum.accumulate(excess, axis=0, out=excess)
    falls = excess[-1] < 0
    after = np.clip(np.argmax(excess < 0, axis=0), 1, bands - 1)
    crossed, slope = _crossings(local.frequency, excess, after, slope_bands)
    points = np.arange(after.size)
    spread = (1 - levels[after, points] ** 2) / np.sqrt(np.maximum(local.samples[after, points], 1))
    before = np.where(falls, excess[after - 1, points], excess[-1])
    rises = (before >= 0) & (before < _UNDECIDED)
    found = falls & rises
    frequency = np.where(found, crossed, np.where(rises, local.frequency[-1], local.frequency[0]))
    return Crossings(
        frequency=frequency,
        error=np.where(found, spread / slope / frequency**2, np.nan),
        falls=falls,
        rises=rises,
    )


def local_resolution(local: LocalCorrelations, level: float | Floats) -> LocalResolution:
    """The resolution of every voxel of the mask: where its correlation falls below a level.

    Parameters
    ----------
    local : correlations by band and point
    level : T, of all or of each band and point
    """
    found = crossings(local, level)
    in_mask = local.grid.on_voxels
    mask = local.grid.mask
    return LocalResolution(
        resolution=1 / in_mask(found.frequency),
        error=in_mask(found.error),
        never_falls=float(in_mask(~found.falls)[mask].mean()),
        never_rises=float(in_mask(~found.rises)[mask].mean()),
        finest=float(1 / local.frequency[-1]),
        coarsest=float(1 / local.frequency[0]),
    )


def _crossings(
    frequency: Reals, excess: Floats, after: NDArray[np.intp], slope_bands: int
) -> tuple[Reals, Reals]:
    """The frequency at which each curve meets 0 before a band, and how steeply, per 1/Å."""
    points = np.arange(after.size)
    high, low = excess[after - 1, points], excess[after, points]
    share = high / np.maximum(high - low, _FLATTEST)
    crossed = frequency[after - 1] + np.clip(share, 0, 1) * np.diff(frequency)[after - 1]
    start = after - np.where(share < 1 / 2, slope_bands + 1, slope_bands) // 2
    first = np.maximum(start, 0)
    last = np.minimum(start + slope_bands - 1, len(frequency) - 1)
    first = np.where(excess[first, points] < _UNDECIDED, first, after - 1)
    fall = excess[first, points] - excess[last, points]
    return crossed, np.maximum(fall, _FLATTEST) / (frequency[last] - frequency[first])


def critical_correlations(local: LocalCorrelations, rate: float) -> Floats:
    """The correlation above which a point has signal in a band.

    That of two independent fields has a mean of 0 and a variance of one over the samples of the
    window. Among the points of a band the share of those that are called signal and are none is
    held to ``rate`` by the procedure of Benjamini & Yekutieli 2001 (doi:10.1214/aos/1013699998),
    whatever the points have to do with each other.

    Parameters
    ----------
    local : correlations by band and point
    rate : of false discoveries

    Returns
    -------
    float32 array, shape (bands, points)
    """
    from scipy.special import ndtri  # slow to load

    points = local.values.shape[1]
    ranks = np.arange(1, points + 1)
    accepted = -ndtri(rate * ranks / (points * np.sum(1 / ranks))).astype(np.float32)
    root = np.sqrt(np.maximum(local.samples, 1))
    ordered = np.sort(local.values * root, axis=1)[:, ::-1]
    passed = ordered >= accepted
    last = np.where(passed.any(axis=1), points - 1 - np.argmax(passed[:, ::-1], axis=1), 0)
    critical: Floats = accepted[last][:, None] / root
    return critical
