"""Masks for half maps, good and bad ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from vrs_scipion.maps.density import Volume
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.simulation.signal import Signal

LOOSE = "loose"

_TIGHT_EDGE = 3.0
"""Voxels."""
_KEPT = 2 / 3
"""Of the molecule, on one side of the plane that cuts it."""


def loose(signal: Signal) -> Volume:
    """The signal's own mask, wide and soft."""
    return signal.mask


def tight(signal: Signal) -> Volume:
    """The molecule with an edge of three voxels."""
    size = signal.density.voxel_size
    return cosine_mask(signal.molecule, size, 0.0, _TIGHT_EDGE * max(size))


def ragged(signal: Signal) -> Volume:
    """1 where the density reaches the contour, 0 elsewhere: hard, and as rough as the density."""
    return (signal.density.values >= signal.contour).astype(np.float32)


def cutting(signal: Signal) -> Volume:
    """The loose mask of two thirds of the molecule, the last third along its longest axis cut."""
    size = np.array(signal.density.voxel_size)
    places = np.argwhere(signal.molecule) * size
    centred = places - places.mean(axis=0)
    along = np.linalg.svd(centred, full_matrices=False)[2][0]
    end = float(np.quantile(places @ along, _KEPT))
    grid = np.ogrid[tuple(slice(n) for n in signal.density.box)]
    beyond = sum(g * s * a for g, s, a in zip(grid, size, along, strict=True)) - end
    kept = (1 + np.cos(np.pi * np.clip(beyond / signal.edge + 0.5, 0, 1))) / 2
    return np.asarray(signal.mask * kept, dtype=np.float32)


def touching(signal: Signal) -> Volume:
    """A mask so wide that the nearest face of the box cuts it."""
    size = signal.density.voxel_size
    distance = ndimage.distance_transform_edt(~signal.molecule, sampling=size)
    gap = min(float(distance.take(end, axis).min()) for axis in range(3) for end in (0, -1))
    return cosine_mask(signal.molecule, size, gap + max(size), signal.edge)


MASKS: dict[str, Callable[[Signal], Volume]] = {
    LOOSE: loose,
    "tight": tight,
    "ragged": ragged,
    "cutting": cutting,
    "touching": touching,
}
"""By the names of their files, mask_NAME.mrc; float32 volumes from 0 to 1."""
