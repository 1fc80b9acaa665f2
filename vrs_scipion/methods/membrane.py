"""A disc of lipid or detergent around a molecule, told by its shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import connected_components
from vrs_scipion.maps.statistics import robust_moments

_SIGMAS = 5.0
_FEWEST = 500
"""Voxels that have to stand out, for a shape to be told."""
_ALONE = 0.9
_THINNEST, _THICKEST = 20.0, 60.0
"""Å; a bilayer is about 40 Å thick, of which the rim of the molecule hides some."""
_FLAT, _ROUND = 2.0, 1.7


@dataclass(frozen=True)
class Disc:
    """A disc.

    Attributes
    ----------
    where : bool array, shape (z, y, x)
    thickness, diameter : of a disc with the same moments, in Å
    """

    where: Mask
    thickness: float
    diameter: float


def disc_around(values: Volume, surroundings: Mask, voxel_size: Triple) -> Disc | None:
    """The disc that holds nearly all that stands out of the surroundings; None without such a one.

    What lies 5σ above the median (σ from the median of the absolute deviations) must be one piece
    as thick as a bilayer or a micelle, at least twice as wide as thick, and about round.

    Parameters
    ----------
    values : map, shape (z, y, x)
    surroundings : what surrounds the molecule
    voxel_size : Å along z, y, x
    """
    middle, sigma = robust_moments(values[surroundings])
    out = (values > np.float32(middle + _SIGMAS * sigma)) & surroundings
    count = int(np.count_nonzero(out))
    if count < _FEWEST:
        return None
    components = connected_components(out)
    if components.sizes.max() < _ALONE * count:
        return None
    where = components.largest
    places = np.argwhere(where) * np.asarray(voxel_size)
    thin, narrow, wide = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(places.T)), 0))
    thickness = float(np.sqrt(12) * thin)
    if not (_THINNEST <= thickness <= _THICKEST and narrow >= _FLAT * thin):
        return None
    return Disc(where, thickness, float(4 * wide)) if wide <= _ROUND * narrow else None
