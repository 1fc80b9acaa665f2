"""What surrounds a molecule: its mean, its outliers, and how many independent values it holds.

Geyer 1992, doi:10.1214/ss/1177011137, for the number of independent values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vrs_scipion.maps.correlation import effective_samples
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import connected_components, dilate, dilation_iterations
from vrs_scipion.maps.statistics import moments, most_common_value, robust_moments

GAUSSIAN_BEYOND_5_SIGMA = 5.7330314375838657e-05
"""Percentage of a Gaussian's values farther than 5σ from its mean, 200 Φ(−5)."""

_SIGMAS = 5.0
_STANDS_OUT = 4.0
_ENOUGH = 0.1
"""Share of the background that has to lie beyond the margin, to be judged alone."""
_MARGIN = 2.0
"""Resolutions."""
_MARGIN_WITHOUT_RESOLUTION = 10.0
"""Å."""


@dataclass(frozen=True)
class Background:
    """Numbers of the voxels outside the mask; NaN where one is undefined."""

    voxels: int
    constant_value: float
    constant_fraction: float
    mean: float
    std: float
    t: float
    p: float
    effective_samples: float
    t_effective: float
    p_effective: float
    beyond_5_sigma: float

    @property
    def mean_over_std(self) -> float:
        """|mean| / σ; NaN without variance."""
        return abs(self.mean) / self.std if self.std else math.nan

    @property
    def ratio(self) -> float:
        """Voxels beyond 5σ in times what a Gaussian has."""
        return self.beyond_5_sigma / GAUSSIAN_BEYOND_5_SIGMA


def analyse_background(
    values: Volume, background: Mask, voxel_size: Triple, threads: int = 1
) -> Background:
    """Measure the voxels of ``values`` (z, y, x) in the mask ``background``.

    Raises
    ------
    ValueError
        if the background is empty.
    """
    if not background.any():
        raise ValueError("there is no background: the mask fills the box")
    m = moments(values, background)
    common, fraction = most_common_value(values, background)
    independent = (
        effective_samples(values, background, m.mean, voxel_size, threads) if m.std else math.nan
    )
    t, p = t_test(m.mean, m.std, m.count)
    t_effective, p_effective = t_test(m.mean, m.std, independent)
    beyond = 100 * np.count_nonzero(beyond_sigmas(values, background, m.std)) / m.count
    return Background(
        voxels=m.count,
        constant_value=common,
        constant_fraction=fraction,
        mean=m.mean,
        std=m.std,
        t=t,
        p=p,
        effective_samples=independent,
        t_effective=t_effective,
        p_effective=p_effective,
        beyond_5_sigma=beyond,
    )


def t_test(mean: float, std: float, samples: float) -> tuple[float, float]:
    """Student's t of mean 0 and its two-sided p, for ``samples`` independent values.

    ``std`` is the population's; undefined (NaN, NaN) below two samples or without variance.
    """
    if not (samples > 1 and std > 0):
        return math.nan, math.nan
    from scipy import special  # slow to load

    freedom = samples - 1
    t = mean / std * math.sqrt(freedom)
    return t, 2 * float(special.stdtr(freedom, -abs(t)))


def beyond_sigmas(values: Volume, background: Mask, std: float) -> Mask:
    """Background voxels whose absolute value is above 5 ``std``."""
    limit = np.float32(_SIGMAS * std)
    mask: Mask = ((values > limit) | (values < -limit)) & background
    return mask


def weak_parts(values: Volume, molecule: Mask, surroundings: Mask) -> Mask:
    """What hangs together with a molecule at a level where its surroundings stand out.

    That level lies 4σ above the median of the surroundings (σ from the median of the absolute
    deviations): parts of the molecule that are weaker than its contour level, no background.

    Parameters
    ----------
    values : map, shape (z, y, x)
    molecule, surroundings : masks of that shape, apart from each other

    Returns
    -------
    Mask of what lies outside of the molecule.
    """
    middle, sigma = robust_moments(values[surroundings])
    around = (values > np.float32(middle + _STANDS_OUT * sigma)) & ~molecule
    if not around.any():
        return around
    components = connected_components(around)
    hanging = np.zeros(components.sizes.size + 1, np.bool_)
    hanging[components.labels[dilate(molecule, 1) & around]] = True
    parts: Mask = hanging[components.labels]
    return parts


def far_margin(resolution: float | None) -> float:
    """Distance in Å from the mask at which the molecule's own density has died away."""
    return _MARGIN * resolution if resolution else _MARGIN_WITHOUT_RESOLUTION


def far_background(mask: Mask, voxel_size: Triple, resolution: float | None) -> tuple[Mask, float]:
    """Voxels in which the molecule's density has died away, and their distance from it in Å.

    All voxels outside the mask, at a distance of 0, where hardly any are farther.
    """
    margin = far_margin(resolution)
    far = far_from(mask, voxel_size, margin)
    if np.count_nonzero(far) < max(1, _ENOUGH * (mask.size - np.count_nonzero(mask))):
        return ~mask, 0.0
    return far, margin


def far_from(mask: Mask, voxel_size: Triple, margin: float) -> Mask:
    """Voxels farther than about ``margin`` Å from a mask (z, y, x)."""
    return ~dilate(mask, dilation_iterations(voxel_size, margin))
