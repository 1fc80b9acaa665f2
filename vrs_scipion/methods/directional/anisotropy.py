"""How much the correlation of two maps depends on direction, in numbers with error bars.

Directional correlation and its sphericity: Tan et al. 2017, doi:10.1038/nmeth.4347. The ratio of
areas under the curves is what cryoSPARC calls cFAR.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.methods.directional.cones import Cones
from vrs_scipion.methods.directional.reach import Estimate, Reach, reach_of
from vrs_scipion.methods.fsc import GOLD_STANDARD, HALF
from vrs_scipion.methods.shells import Reals


@dataclass(frozen=True)
class Anisotropy:
    """How much the correlation of two maps depends on direction.

    Attributes
    ----------
    reach : where it falls below 0.143
    half : frequency where it falls below 0.5, 1/Å, shape (directions,)
    sphericity : of the surface that those make; None where the correlation falls below 0.5 before
        directions are told apart
    area_ratio : smallest over largest area under the curves
    """

    reach: Reach
    half: Reals
    sphericity: Estimate | None
    area_ratio: Estimate


def measure_anisotropy(cones: Cones) -> Anisotropy:
    """Measure how much the correlation depends on direction.

    Parameters
    ----------
    cones : about the directions of the pixels of a half sphere
    """
    sphericity = Surface(cones.directions).sphericity
    (gold, gold_drawn), (half, half_drawn), (area, area_drawn) = cones.measured(
        lambda correlation: cones.reaches(GOLD_STANDARD, correlation),
        lambda correlation: cones.reaches(HALF, correlation),
        lambda correlation: np.nansum(correlation, axis=0),
    )
    return Anisotropy(
        reach=reach_of(cones.directions, gold, gold_drawn),
        half=half,
        sphericity=Estimate.of(sphericity(half), map(sphericity, half_drawn))
        if cones.tells(HALF)
        else None,
        area_ratio=Estimate.of(
            area.min() / area.max(), area_drawn.min(axis=1) / area_drawn.max(axis=1)
        ),
    )


class Surface:
    """A closed surface around the origin, given by how far it is along directions.

    Parameters
    ----------
    directions : unit vectors over half a sphere, shape (n, 3); the other half is its mirror image
    """

    def __init__(self, directions: Reals) -> None:
        from scipy.spatial import ConvexHull  # slow to load

        self.directions = np.concatenate([directions, -directions])
        self.triangles = ConvexHull(self.directions).simplices

    def sphericity(self, distance: Reals) -> float:
        """Area of the sphere of the same volume over that of the surface: π^⅓ (6 V)^⅔ / area."""
        corners = (self.directions * np.tile(distance, 2)[:, None])[self.triangles]
        first, second, third = corners[:, 0], corners[:, 1], corners[:, 2]
        area = np.linalg.norm(np.cross(second - first, third - first), axis=1).sum() / 2
        volume = np.abs(np.einsum("ij,ij->i", first, np.cross(second, third))).sum() / 6
        return float(np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / area)
