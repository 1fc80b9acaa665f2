"""The pieces of a mask, ranked by size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHARE = 95.0
"""% of the voxels that the pieces counted have to hold."""


@dataclass(frozen=True)
class Blobs:
    """Connected components by decreasing size, and those needed for 95 % of the voxels.

    ``sizes`` is in voxels; ``needed`` counts the first ones that hold 95 %.
    """

    sizes: np.ndarray[tuple[int], np.dtype[np.int64]]
    needed: int

    @property
    def remaining(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Sizes of the components that are not needed for 95 %."""
        return self.sizes[self.needed :]

    @property
    def disconnected(self) -> float:
        """Share of the voxels outside the largest component, in %."""
        return 100 * (1 - float(self.sizes[0]) / float(self.sizes.sum()))


def rank_components(sizes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Blobs:
    """Sort component sizes (voxels) and count how many reach 95 % of their sum."""
    ranked = np.sort(sizes)[::-1]
    cumulated = np.cumsum(ranked)
    needed = int(np.searchsorted(100 * cumulated, SHARE * cumulated[-1])) + 1
    return Blobs(ranked, needed)
