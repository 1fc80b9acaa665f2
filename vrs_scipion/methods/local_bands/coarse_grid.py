"""Every few voxels of a box, around a mask: where local values are measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import bounding_box
from vrs_scipion.maps.trilinear import interpolate, neighbours

_HALF = 0.5


@dataclass(frozen=True)
class CoarseGrid:
    """Every few voxels of the box that bounds a mask.

    Attributes
    ----------
    first : the voxel of its first point along z, y, x
    step : voxels from point to point along z, y, x
    mask : that it is laid around, shape (z, y, x) of the map
    """

    first: tuple[int, ...]
    step: tuple[int, ...]
    mask: Mask

    @cached_property
    def inside(self) -> Mask:
        """The points that the mask's voxels are interpolated from, an array of the grid's shape."""
        lengths = zip(self._held.shape, self.step, strict=True)
        shape = tuple((n - 2) // step + 2 for n, step in lengths)
        return neighbours(self._held, self._positions, shape)

    @property
    def voxels(self) -> tuple[NDArray[np.intp], ...]:
        """The voxels that the points are, along z, y, x; the last may lie beyond the box."""
        return tuple(
            first + step * np.arange(n)
            for first, step, n in zip(self.first, self.step, self.inside.shape, strict=True)
        )

    def on_voxels(self, values: NDArray[Any]) -> Volume:
        """Values of the points inside, shape (n,), brought to the mask's voxels.

        Points without a value, NaN, do not count; a voxel has none where most of what it is
        interpolated from has none.

        Returns
        -------
        float32 array of the mask's shape, NaN outside
        """
        known = np.isfinite(values)
        total, weight = (self._interpolated(part) for part in (np.where(known, values, 0), known))
        there = weight >= _HALF
        volume = np.full(self.mask.shape, np.nan, np.float32)
        volume[self.mask] = np.divide(total, weight, out=np.full_like(total, np.nan), where=there)
        return volume

    def _interpolated(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Values of the points inside at the mask's voxels, shape (voxels,); 0 counts outside."""
        coarse = np.zeros(self.inside.shape, np.float32)
        coarse[self.inside] = values
        return interpolate(coarse, self._positions)[self._held]

    @cached_property
    def _held(self) -> Mask:
        return self.mask[tuple(slice(low, high + 1) for low, high in bounding_box(self.mask))]

    @property
    def _positions(self) -> tuple[NDArray[np.float64], ...]:
        return tuple(
            np.arange(n) / step for n, step in zip(self._held.shape, self.step, strict=True)
        )


def coarse_grid(mask: Mask, voxel_size: Triple, spacing: float) -> CoarseGrid:
    """The grid around a mask with points at most ``spacing`` Å apart, and not less than a voxel.

    Raises
    ------
    ValueError
        if the mask is empty.
    """
    first = tuple(low for low, _ in bounding_box(mask))
    step = tuple(max(1, int(spacing / size + 1e-6)) for size in voxel_size)
    return CoarseGrid(first, step, mask)
