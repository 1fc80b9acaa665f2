"""The pieces of a mask, ranked by size."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.masks import are_pieces

SHARE = 95.0
"""% of the voxels that the pieces counted have to hold."""

_SOLID = 1.0
"""% of the voxels that a lump has at least: what is smaller is a speck."""
_MOST_PIECES = 240
"""Proteins of a capsid of triangulation number 4; more pieces than that are specks."""

Sizes = NDArray[np.int64]


class Shape(Enum):
    """What the components at a contour level look like."""

    WHOLE = "one molecule"
    PIECES = "several pieces of like size"
    LUMP = "a lump beside the molecule"
    SPECKS = "many specks"


@dataclass(frozen=True)
class Blobs:
    """Connected components by decreasing size, and those needed for 95 % of the voxels.

    ``sizes`` is in voxels; ``needed`` counts the first ones that hold 95 %.
    """

    sizes: Sizes
    needed: int

    @property
    def pieces(self) -> Sizes:
        """Sizes of those that are pieces of the molecule."""
        pieces: Sizes = self.sizes[are_pieces(self.sizes)]
        return pieces

    @property
    def specks(self) -> Sizes:
        """Sizes of those that are none."""
        return self.sizes[self.pieces.size :]

    @property
    def lump(self) -> float:
        """Share of the largest one that is no piece of the molecule, in %; 0 without one."""
        return self.share(int(self.specks[0])) if self.specks.size else 0.0

    def share(self, voxels: int) -> float:
        """So many voxels in % of all."""
        return 100 * voxels / float(self.sizes.sum())

    @property
    def shape(self) -> Shape:
        """What most of the voxels outside the largest component belong to."""
        if self.sizes.size == 1:
            return Shape.WHOLE
        alike = self.pieces.size <= _MOST_PIECES
        pieces = int(self.pieces[1:].sum()) if alike else 0
        lumps = int(self.specks[self.specks >= _SOLID / 100 * self.sizes.sum()].sum())
        rest = int(self.specks.sum()) - lumps
        if pieces >= max(lumps, rest):
            return Shape.PIECES
        return Shape.LUMP if lumps >= rest else Shape.SPECKS

    @property
    def remaining(self) -> Sizes:
        """Sizes of the components that are not needed for 95 %."""
        return self.sizes[self.needed :]

    @property
    def disconnected(self) -> float:
        """Share of the voxels outside the largest component, in %."""
        return 100 * (1 - float(self.sizes[0]) / float(self.sizes.sum()))


def rank_components(sizes: Sizes) -> Blobs:
    """Sort component sizes (voxels) and count how many reach 95 % of their sum."""
    ranked = np.sort(sizes)[::-1]
    cumulated = np.cumsum(ranked)
    needed = int(np.searchsorted(100 * cumulated, SHARE * cumulated[-1])) + 1
    return Blobs(ranked, needed)
