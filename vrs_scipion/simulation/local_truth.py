"""Per-voxel truth: every voxel of the molecule has what its nearest atom has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.models.atoms import Atoms


@dataclass(frozen=True)
class LocalTruth:
    """Resolution, B-factor and occupancy at each voxel; 0 outside the molecule.

    Volumes are float32, shape (nz, ny, nx), made when they are asked for.

    Attributes
    ----------
    atoms : n atoms in the map's frame, as they were drawn
    resolutions : float64 array, shape (n,), of the low-pass filter on each, in Å
    mask : bool array, shape (nz, ny, nx), the molecule
    voxel_size : Å along z, y, x
    """

    atoms: Atoms
    resolutions: NDArray[np.float64]
    mask: Mask
    voxel_size: Triple

    @cached_property
    def nearest(self) -> NDArray[np.intp]:
        """Nearest atom that is present of each voxel of the mask, in z, y, x order."""
        present = np.flatnonzero(self.atoms.occupancies > 0)
        places = np.argwhere(self.mask)[:, ::-1] * np.array(self.voxel_size[::-1])
        tree = cKDTree(self.atoms.positions[present])
        _, found = tree.query(places, workers=os.cpu_count() or 1)
        return np.asarray(present[found])

    @property
    def resolution(self) -> Volume:
        """Å, where the amplitude of the low-pass filter on the density is one half."""
        return self._volume(self.resolutions)

    @property
    def b_factor(self) -> Volume:
        """Å², all B-factors together."""
        return self._volume(self.atoms.b_factors)

    @property
    def occupancy(self) -> Volume:
        """From 0 to 1."""
        return self._volume(self.atoms.occupancies)

    def _volume(self, of_atoms: NDArray[np.float64]) -> Volume:
        volume = np.zeros(self.mask.shape, np.float32)
        volume[self.mask] = of_atoms[self.nearest]
        return volume
