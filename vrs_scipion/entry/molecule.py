"""Where the molecule is in a map: the threshold that bounds it, and the masks cut by it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vrs_scipion.entry.contour import suggest
from vrs_scipion.maps.density import Density, Mask
from vrs_scipion.maps.masks import DILATION, PIECE, low_passed, touches_every_face

COARSE = 15.0
"""Å to which the mean of two half maps is low-passed, to see where the molecule is."""


@dataclass(frozen=True)
class Threshold:
    """A level that bounds the molecule: of the map, or of what is coarse in it.

    The mean of unfiltered half maps is mostly noise at any level that shows the molecule; what is
    coarser than 15 Å has a level of its own, which bounds it.
    """

    level: float
    coarse: bool = False

    def reached(self, density: Density) -> Mask:
        """The voxels at or above the level."""
        values = density.values
        if self.coarse:
            values = low_passed(values, density.voxel_size, COARSE)
        at_or_above: Mask = values >= self.level
        return at_or_above

    def mask_words(self, pieces: int, iterations: int) -> str:
        """How a hard mask was made of so many pieces, dilated so many times."""
        kept = (
            "the largest connected component"
            if pieces == 1
            else f"the {pieces:,} connected components of at least {PIECE:.0%} of the largest"
        )
        seen = (
            f"voxels at or above {self.level:.4g} in the mean of the half maps low-passed to "
            f"{COARSE:g} Å, the level that this program suggests for that"
            if self.coarse
            else f"voxels at or above {self.level:g}"
        )
        return (
            f"{seen}, {kept} (26-neighbourhood), dilated by {DILATION:g} Å ({iterations} × the "
            "18-neighbourhood)"
        )


def coarse_threshold(density: Density) -> Threshold | None:
    """What bounds the molecule in the mean of two half maps; None where it has no outside so."""
    smooth = replace(density, values=low_passed(density.values, density.voxel_size, COARSE))
    found = Threshold(suggest(smooth).level, coarse=True)
    reached = smooth.values >= found.level
    return found if reached.any() and not touches_every_face(reached) else None
