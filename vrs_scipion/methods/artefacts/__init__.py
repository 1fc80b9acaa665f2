"""Traces that storing, editing or resampling a map leaves in it, one small function each.

What a reconstruction leaves is band-limited: its values vary smoothly from voxel to voxel and from
plane to plane, take as many levels as numbers allow, and go on beyond the molecule as noise that
has no shape. What breaks that was done afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.maps.density import Density, Mask
from vrs_scipion.maps.masks import runs_through
from vrs_scipion.maps.statistics import most_common_value
from vrs_scipion.methods.artefacts.ghost import Ghost, strongest_ghost
from vrs_scipion.methods.artefacts.planes import OddPlane, oddest_plane, repeated_planes
from vrs_scipion.methods.artefacts.surroundings import Ramp, Rings, ramp, strongest_rings
from vrs_scipion.methods.artefacts.values import (
    Pile,
    contrast,
    grey_levels,
    pile_at_highest,
    pile_at_lowest,
)
from vrs_scipion.methods.artefacts.voxels import SingleVoxels, single_voxels
from vrs_scipion.methods.background import far_background
from vrs_scipion.methods.membrane import disc_around

_MASKED = 0.5
_SPECK = 0.005
"""Share of the box that a molecule holds at least, for copies of it to be looked for."""
_SMOOTH = 3.0
"""Voxels, or one resolution: what is slower than that is no ring."""


@dataclass(frozen=True)
class Artefacts:
    """What was found; None where it could not be looked for.

    Nothing can be seen in surroundings that hardly are there (not ``surrounded``), or most of which
    (the share ``masked``) hold a single value.
    """

    lowest: Pile
    highest: Pile
    grey_levels: int
    contrast: float
    single_voxels: SingleVoxels | None
    plane: OddPlane | None
    repeated_planes: float
    surrounded: bool
    masked: float
    ramp: Ramp | None
    rings: Rings | None
    ghost: Ghost | None

    @property
    def numbers(self) -> dict[str, float | None]:
        """What is held against the limits, by their keys."""
        return {
            "clipped_low": self.lowest.voxels,
            "clipped_high": self.highest.voxels,
            "grey_levels": self.grey_levels,
            "single_voxels": 100 * self.single_voxels.height if self.single_voxels else None,
            "plane": self.plane.excess if self.plane else None,
            "repeated_planes": 100 * self.repeated_planes,
            "ramp": self.ramp.height if self.ramp else None,
            "rings": 100 * self.rings.share if self.rings else None,
            "ghost": 100 * self.ghost.share if self.ghost else None,
            "contrast": self.contrast,
        }


def find_artefacts(
    density: Density, mask: Mask, resolution: float | None, threads: int = 1
) -> Artefacts:
    """Look for every artefact.

    Parameters
    ----------
    density : the map
    mask : the molecule, on its grid
    resolution : Å, or None
    threads : for the Fourier transforms
    """
    values, size = density.values, density.voxel_size
    surroundings, margin = far_background(mask, size, resolution)
    masked = most_common_value(values, surroundings)[1] if margin else 1.0
    seen = masked < _MASKED
    alone = (
        np.count_nonzero(mask) > _SPECK * mask.size
        and not any(runs_through(mask))
        and disc_around(values, ~mask, size) is None
    )
    smooth = max(_SMOOTH, (resolution or 0.0) / max(size))
    return Artefacts(
        lowest=pile_at_lowest(values),
        highest=pile_at_highest(values),
        grey_levels=grey_levels(values),
        contrast=contrast(values),
        single_voxels=single_voxels(values),
        plane=oddest_plane(values),
        repeated_planes=repeated_planes(values),
        surrounded=margin > 0,
        masked=masked,
        ramp=ramp(values, surroundings) if seen else None,
        rings=strongest_rings(values, surroundings, smooth) if seen else None,
        ghost=strongest_ghost(values, mask, threads) if seen and alone else None,
    )
