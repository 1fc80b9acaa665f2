"""Shapes in what surrounds a molecule: a ramp through the box, rings about an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Volume

_AXIS = 3
"""Voxels about the axis that are left out: too few to average."""

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Ramp:
    """A gradient of the surroundings, in their standard deviations from face to face (z, y, x)."""

    along: tuple[float, float, float]

    @property
    def steepest(self) -> int:
        """The axis of the largest: 0, 1, 2 for z, y, x."""
        return int(np.argmax(np.abs(self.along)))

    @property
    def height(self) -> float:
        """From corner to corner."""
        return float(np.linalg.norm(self.along))


@dataclass(frozen=True)
class Rings:
    """Rings about an axis through the middle of the box.

    Attributes
    ----------
    axis : 0, 1, 2 for z, y, x
    share : of the surroundings' variance
    profile : mean of the surroundings at each distance from the axis, in the map's unit; NaN where
        there are none
    slow : the same smoothed: what rings rise from
    """

    axis: int
    share: float
    profile: Curve
    slow: Curve


def ramp(values: Volume, where: Mask) -> Ramp | None:
    """The plane that fits the voxels ``where`` best, by least squares; None where nothing varies.

    Parameters
    ----------
    values : map, shape (z, y, x)
    where : the surroundings
    """
    seen = values[where].astype(np.float64)
    deviation = float(seen.std()) if seen.size else 0.0
    if not deviation:
        return None
    places = [
        found / size - 0.5 for found, size in zip(np.nonzero(where), values.shape, strict=True)
    ]
    sides = [place - place.mean() for place in places]
    products = np.array([[float(a @ b) for b in sides] for a in sides])
    slopes = np.linalg.lstsq(products, np.array([float(a @ seen) for a in sides]), rcond=None)[0]
    z, y, x = (float(slope) / deviation for slope in slopes)
    return Ramp((z, y, x))


def strongest_rings(values: Volume, where: Mask, smooth: float) -> Rings | None:
    """The rings that hold most of the variance of ``where``; None where nothing varies.

    Values are averaged over cylinders about each axis of the box, one voxel thick and as long as
    the box; the average less its own smoothed course is what rings are.

    Parameters
    ----------
    values : map, shape (z, y, x)
    where : the surroundings
    smooth : standard deviation of the smoothing, in voxels
    """
    seen = values[where]
    if not seen.size or float(seen.min()) == float(seen.max()):
        return None
    mean = float(seen.mean(dtype=np.float64))
    field = np.where(where, values - np.float32(mean), np.float32(0))
    energy = float(np.einsum("zyx,zyx->", field, field, dtype=np.float64))
    found = [_rings_about(field, where, axis, energy, smooth) for axis in range(3)]
    return max(found, key=lambda rings: rings.share)


def _rings_about(field: Volume, where: Mask, axis: int, energy: float, smooth: float) -> Rings:
    from scipy import ndimage  # slow to load

    sums = field.sum(axis=axis, dtype=np.float64)
    counts = np.count_nonzero(where, axis=axis).astype(np.float64)
    across = [np.arange(n) - n // 2 for n in sums.shape]
    distance = np.rint(np.hypot(across[0][:, None], across[1])).astype(np.intp).ravel()
    reach = min(sums.shape) // 2
    total, count = (
        np.bincount(distance, plane.ravel())[:reach].astype(np.float64) for plane in (sums, counts)
    )

    def smoothed(curve: Curve) -> Curve:
        course: Curve = ndimage.gaussian_filter1d(curve, smooth, mode="nearest")
        return course

    with np.errstate(invalid="ignore", divide="ignore"):
        profile, slow = total / count, smoothed(total) / smoothed(count)
    ring = np.where(count > 0, profile - slow, 0.0)
    ring[:_AXIS] = 0
    return Rings(axis, float(count @ ring**2) / energy, profile, slow)
