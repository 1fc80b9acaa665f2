"""Local resolution along directions: best, worst and mean, and whether one direction is favoured.

The questions are those of MonoDir (Vilas et al. 2020, doi:10.1038/s41467-019-13742-w); the answers
come from the correlation of half maps in cones about the twofold axes of an icosahedron.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.directional import Estimate, HalfSphere
from vrs_scipion.methods.directional.reach import upwards
from vrs_scipion.methods.fsc import GOLD_STANDARD, HALF
from vrs_scipion.methods.local_bands import (
    CONE_SLOPE_BANDS,
    CoarseGrid,
    Crossings,
    cone_amplitude,
    crossings,
    directional_correlations,
    twofold_axes,
)
from vrs_scipion.methods.shells import HalfSpectrum, Reals

RADIAL, TANGENTIAL = 45.0, 60.0
"""Degrees from the radius: an axis is radial up to the first, tangential from the second on."""
FORGOTTEN = 2.9
"""Independent voxels by their finest axis, for each by its resolution.

Of 15 numbers that change slowly from place to place, as the means under Gaussian windows do, which
one is the largest changes sooner than the numbers: by so much, where chance decides.
"""
FEWEST_VOXELS = 100
"""Of a mask at a radius: fewer tell no mean."""

_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
_SEED, _DRAWS = 20200107, 200


@dataclass(frozen=True)
class DirectionalResolution:
    """The resolution around points in a mask, along each of some axes, at one level.

    Attributes
    ----------
    axes : unit vectors along z, y, x, shape (axes, 3)
    grid : of the points
    frequency : where the correlation falls below the level, 1/Å, shape (axes, points)
    error : one standard error of the resolution, Å; NaN where it is not known
    falls, rises : whether the correlation falls before the last band, and is above in the first
    """

    axes: Reals
    grid: CoarseGrid
    frequency: Reals
    error: Reals
    falls: NDArray[np.bool_]
    rises: NDArray[np.bool_]

    @classmethod
    def of(cls, axes: Reals, grid: CoarseGrid, found: list[Crossings]) -> DirectionalResolution:
        """From what was found along each axis."""
        frequency, error, falls, rises = (
            np.array([getattr(one, name) for one in found])
            for name in ("frequency", "error", "falls", "rises")
        )
        return cls(axes, grid, frequency, error, falls, rises)

    @cached_property
    def resolution(self) -> Reals:
        """Å, shape (axes, points)."""
        return np.asarray(1 / self.frequency)

    @property
    def best(self) -> Reals:
        """Along the finest axis of each point, Å."""
        return np.asarray(self.resolution.min(axis=0))

    @property
    def worst(self) -> Reals:
        """Along the coarsest axis of each point, Å."""
        return np.asarray(self.resolution.max(axis=0))

    @property
    def mean(self) -> Reals:
        """Over the axes, of each point, Å."""
        return np.asarray(self.resolution.mean(axis=0))

    @cached_property
    def in_mask(self) -> NDArray[np.bool_]:
        """Which points lie in the mask themselves; of a mask of a few voxels, all of them."""
        mask, grid = self.grid.mask, self.grid
        places = (voxels % n for voxels, n in zip(grid.voxels, mask.shape, strict=True))
        held: NDArray[np.bool_] = mask[np.ix_(*places)][grid.inside]
        return held if held.any() else ~held

    @property
    def finest(self) -> Reals:
        """The part of each point that each axis has, shape (axes, points in the mask).

        It is 1 for the axis of the finest resolution, shared among equals, and 0 for all where
        every axis is as fine as the voxels hold.
        """
        frequency = self.frequency[:, self.in_mask]
        equal = frequency == frequency.max(axis=0)
        equal[:, ~self.falls[:, self.in_mask].any(axis=0)] = False
        return np.asarray(equal / np.maximum(equal.sum(axis=0), 1))

    def along_radius(self, voxel_size: Triple) -> tuple[Reals, Reals]:
        """Radial and tangential resolution of each point: the means over such axes, Å.

        The radius is from voxel N/2 of the box.

        Parameters
        ----------
        voxel_size : Å along z, y, x
        """
        grid = self.grid
        centre = np.array(grid.mask.shape) // 2
        where = np.stack(np.meshgrid(*grid.voxels, indexing="ij"), axis=-1)[grid.inside]
        radius = (where - centre) * voxel_size
        length = np.linalg.norm(radius, axis=1)
        cosine = np.abs(self.axes @ (radius / np.maximum(length, min(voxel_size))[:, None]).T)
        radial, tangential = (
            cosine >= math.cos(math.radians(RADIAL)),
            cosine <= math.cos(math.radians(TANGENTIAL)),
        )
        return self._mean_of(radial), self._mean_of(tangential)

    def _mean_of(self, chosen: NDArray[np.bool_]) -> Reals:
        number = chosen.sum(axis=0)
        total = np.where(chosen, self.resolution, 0).sum(axis=0)
        return np.divide(total, number, out=self.mean, where=number > 0)


@dataclass(frozen=True)
class LocalDirections:
    """Directional resolution at both levels.

    Attributes
    ----------
    half, gold : at correlations of 0.5 and 0.143
    agreement : the lowest of the median correlations of all axes and bands
    """

    half: DirectionalResolution
    gold: DirectionalResolution
    agreement: float


def local_directions(
    first: HalfSpectrum,
    second: HalfSpectrum,
    mask: Mask,
    voxel_size: Triple,
    *,
    resolution: float | None = None,
    threads: int = 1,
) -> LocalDirections:
    """Measure the local resolution of two half maps along the twofold axes of an icosahedron.

    Parameters
    ----------
    first, second : half spectra, as ``scipy.fft.rfftn`` gives them
    mask : the molecule, bool (z, y, x) on the maps' grid
    voxel_size : Å along z, y, x
    resolution : reported, in Å; the bands begin at four times that, and at 20 Å at the latest
    threads : for the Fourier transforms

    Raises
    ------
    NotMeasurableError
        if the mask is empty, or the box holds fewer than four bands.
    """
    axes = twofold_axes()
    half, gold, medians = [], [], []
    for local in directional_correlations(
        first,
        second,
        mask,
        voxel_size,
        axes,
        GOLD_STANDARD,
        resolution=resolution,
        threads=threads,
    ):
        half.append(crossings(local, HALF, CONE_SLOPE_BANDS))
        gold.append(crossings(local, GOLD_STANDARD, CONE_SLOPE_BANDS))
        medians.append(float(np.median(local.values, axis=1).min()))
        grid = local.grid
    return LocalDirections(
        DirectionalResolution.of(axes, grid, half),
        DirectionalResolution.of(axes, grid, gold),
        min(medians),
    )


@dataclass(frozen=True)
class Uniformity:
    """Whether the finest directions are spread evenly over some axes.

    Attributes
    ----------
    shares : of the voxels, by axis
    independent : voxels that count, as far as their finest axis goes
    p : of a χ² test against even shares
    effect : half the sum of the deviations from even shares: 0 for even ones, near 1 for one axis
    chance : what that would be of even shares, on average, for want of independent voxels
    """

    shares: Reals
    independent: float
    p: float
    effect: float
    chance: float

    @property
    def excess(self) -> float:
        """The effect beyond what chance makes, 0 at least."""
        return max(0.0, self.effect - self.chance)


def uniformity_of(shares: Reals, independent: float) -> Uniformity:
    """Hold shares of axes against even ones.

    Parameters
    ----------
    shares : by axis, of which the sum is 1
    independent : voxels that count, as far as their resolution goes
    """
    from scipy.special import chdtrc  # slow to load

    even, independent = 1 / shares.size, FORGOTTEN * independent
    square = independent * float(np.square(shares - even).sum()) / even
    one = math.sqrt(2 / math.pi * even * (1 - even) / independent)
    return Uniformity(
        shares=shares,
        independent=independent,
        p=float(chdtrc(shares.size - 1, square)),
        effect=float(np.abs(shares - even).sum() / 2),
        chance=min(1 - even, shares.size * one / 2),
    )


@dataclass(frozen=True)
class Preference:
    """How the resolution depends on direction, all voxels together.

    Attributes
    ----------
    ratio : finest over coarsest frequency, with its error
    best, worst : of these, unit vectors along z, y, x
    """

    ratio: Estimate
    best: Reals
    worst: Reals


def preference_of(axes: Reals, frequency: Reals, error: float) -> Preference:
    """The even function of second degree that frequencies along some axes are.

    A signal that is lost along one direction by the square of the cosine to it is such a function.
    What it loses by being looked at through cones is given back.

    Parameters
    ----------
    axes : unit vectors along z, y, x, shape (axes, 3)
    frequency : along each, 1/Å, the mean over all voxels
    error : one standard error of them, 1/Å
    """
    squares = np.stack([axes[:, i] * axes[:, j] for i, j in _PAIRS], axis=1)
    solve = np.linalg.pinv(squares)
    mild, together = _seen_through_cones(axes)

    def ends(along: Reals) -> tuple[Reals, Reals]:
        form = np.zeros((3, 3))
        for (i, j), value in zip(_PAIRS, solve @ along, strict=True):
            form[i, j] += value / 2
            form[j, i] += value / 2
        mean = np.trace(form) / 3
        values, vectors = np.linalg.eigh(form)
        return mean + (values - mean) / mild, vectors

    values, vectors = ends(frequency)
    generator = np.random.default_rng(_SEED)
    drawn = generator.multivariate_normal(frequency, error**2 * together, _DRAWS)
    ratios = [low_to_high[-1] / low_to_high[0] for low_to_high, _ in map(ends, drawn)]
    return Preference(
        Estimate.of(values[-1] / values[0], ratios), upwards(vectors[:, -1]), upwards(vectors[:, 0])
    )


def _seen_through_cones(axes: Reals) -> tuple[float, Reals]:
    """What cones leave of functions of second degree, and how much they have in common.

    Returns
    -------
    A factor, and the correlation of their errors, shape (axes, axes)
    """
    about = HalfSphere().directions
    power = np.square(cone_amplitude(np.abs(axes @ about.T)), dtype=np.float64)
    cosine = np.abs(axes[0] @ about.T)
    mild = float(np.average((3 * cosine**2 - 1) / 2, weights=power[0]))
    size = np.sqrt(np.square(power).sum(axis=1))
    return mild, np.asarray(power @ power.T / np.outer(size, size))


@dataclass(frozen=True)
class Slope:
    """How a value changes with the distance from the centre.

    Attributes
    ----------
    value, error : per Å, and its standard error
    """

    value: float
    error: float


def slope_of(values: Reals, radius: Reals, independent: float) -> Slope:
    """The straight line through values by radius.

    Parameters
    ----------
    values : of each voxel, shape (voxels,)
    radius : of each voxel, Å
    independent : voxels that count, of which the error is
    """
    centred = radius - radius.mean()
    variance = float(np.square(centred).mean())
    if variance == 0:
        return Slope(0.0, math.inf)
    slope = float((centred * values).mean()) / variance
    left = values - values.mean() - slope * centred
    degrees = max(independent - 2, 1.0)
    return Slope(slope, math.sqrt(float(np.square(left).mean()) / variance / degrees))


@dataclass(frozen=True)
class RadialMeans:
    """Means over the voxels of a mask by their distance from the centre.

    Attributes
    ----------
    radius : Å, of those at which there are voxels enough, shape (radii,)
    voxels : at each
    means : by name, shape (radii,) each
    """

    radius: Reals
    voxels: NDArray[np.intp]
    means: Mapping[str, Reals]


def radial_means(
    volumes: Mapping[str, Volume], radius: Reals, mask: Mask, step: float
) -> RadialMeans:
    """Average values by radius, every voxel counting the same.

    Parameters
    ----------
    volumes : by name, of the mask's shape, NaN where there is no value
    radius : of the mask's voxels, Å, shape (voxels,)
    mask : the molecule
    step : Å, of the radii
    """
    place = np.rint(radius / step).astype(np.intp)
    known = np.all([np.isfinite(volume[mask]) for volume in volumes.values()], axis=0)
    voxels = np.bincount(place[known])
    enough = np.flatnonzero(voxels >= FEWEST_VOXELS)
    return RadialMeans(
        enough * step,
        voxels[enough],
        {
            name: np.bincount(place[known], volume[mask][known])[enough] / voxels[enough]
            for name, volume in volumes.items()
        },
    )


def radii_in(mask: Mask, voxel_size: Triple) -> Reals:
    """Of a mask's voxels from voxel N/2 of the box, Å, shape (voxels,)."""
    z, y, x = (
        ((np.arange(n) - n // 2) * size) ** 2
        for n, size in zip(mask.shape, voxel_size, strict=True)
    )
    return np.asarray(np.sqrt((z[:, None, None] + y[:, None] + x)[mask]))
