"""Bringing what was made on one grid to another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vrs_scipion.maps.density import Density, Mask, Triple, Volume
from vrs_scipion.maps.trilinear import between

Box = tuple[int, int, int]

BY_HEADER = "by their headers' origins"
BY_CENTRE = "by the centres of their boxes"


def centre_offset(
    box: Sequence[int], size: Triple, onto: Sequence[int], onto_size: Triple
) -> Triple:
    """Å along z, y, x from voxel 0 of a grid to voxel 0 of another, if their voxels N/2 agree."""
    z, y, x = (
        (n // 2) * s - (m // 2) * t for n, s, m, t in zip(box, size, onto, onto_size, strict=True)
    )
    return z, y, x


@dataclass(frozen=True)
class Placement:
    """How a grid lies in another one.

    Attributes
    ----------
    offset : Å along z, y, x from voxel 0 of the one to voxel 0 of the other
    likeness : what speaks for it, the higher the better
    words : e.g. 'by the centres of their boxes'
    """

    offset: Triple
    likeness: float
    words: str


def place(whole: Density, other: Density, likeness: Callable[[Triple], float]) -> Placement:
    """How a volume lies in the grid of another one: by their centres, or by their headers.

    Of the two the one is taken that is more likely.

    Parameters
    ----------
    whole, other : the volumes
    likeness : of an offset, in Å along z, y, x from voxel 0 of ``whole`` to that of ``other``
    """
    centred = centre_offset(whole.box, whole.voxel_size, other.box, other.voxel_size)
    z, y, x = (b - a for a, b in zip(start(whole), start(other), strict=True))
    found = [
        Placement(offset, likeness(offset), words)
        for offset, words in ((centred, BY_CENTRE), ((z, y, x), BY_HEADER))
    ]
    return max(found, key=lambda one: one.likeness)


class Located(Protocol):
    """What a header says of where a volume lies, along z, y, x: see `Density`."""

    @property
    def voxel_size(self) -> Triple: ...

    @property
    def nstart(self) -> tuple[int, int, int]: ...

    @property
    def origin(self) -> Triple: ...


def start(volume: Located) -> Triple:
    """Where voxel 0 lies, in Å along z, y, x: by ORIGIN, else by the index of the first voxel.

    An ORIGIN between two points of the grid is as good as any.
    """
    if any(volume.origin):
        return volume.origin
    z, y, x = (n * s for n, s in zip(volume.nstart, volume.voxel_size, strict=True))
    return z, y, x


def start_words(volume: Located) -> str:
    """What of the header says where voxel 0 lies."""
    if any(volume.origin):
        return "its header's ORIGIN"
    if any(volume.nstart):
        return "the first voxel of its header"
    return "its header, which says nothing else"


def brought(
    values: Volume | Mask, size: Triple, box: Box, box_size: Triple, offset: Triple
) -> Volume:
    """Values on another grid, linear between their voxels, 0 where they have none.

    Parameters
    ----------
    values : (z, y, x) on voxels of ``size`` Å
    box, box_size : voxels of the other grid along z, y, x, and their size in Å
    offset : Å along z, y, x from voxel 0 of ``values`` to voxel 0 of the other grid

    Returns
    -------
    float32 array of shape ``box``
    """
    z, y, x = (
        (start + np.arange(n) * new) / old
        for start, n, new, old in zip(offset, box, box_size, size, strict=True)
    )
    return between(values, (z, y, x))


def correlation(a: Volume, b: Volume) -> float:
    """Pearson's correlation of two volumes of one shape; 0 where one of them is constant."""
    first = a.astype(np.float64).ravel() - a.mean(dtype=np.float64)
    second = b.astype(np.float64).ravel() - b.mean(dtype=np.float64)
    norm = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / norm if norm else 0.0
