"""A density on a grid, in the one orientation that the rest of the package knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Volume = NDArray[np.float32]
Mask = NDArray[np.bool_]
Triple = tuple[float, float, float]


class Grid(Protocol):
    """Anything that lies on a grid: voxels along z, y, x, and their size in Å."""

    @property
    def box(self) -> tuple[int, int, int]: ...

    @property
    def voxel_size(self) -> Triple: ...


@dataclass(frozen=True)
class Density:
    """A map: values in z, y, x order with the size of a voxel.

    Attributes
    ----------
    values : float32 array, shape (nz, ny, nx)
    voxel_size : Å along z, y, x
    nstart : index of the first voxel along z, y, x, as the file gives it
    origin : ORIGIN of the MRC-2014 header along z, y, x, in Å
    notes : what the reader had to say about the file, one sentence each
    bytes_as : how 8-bit values were read, 'signed' or 'unsigned'; '' for others
    crystal : what says that it is the map of a crystal; '' where nothing does
    """

    values: Volume
    voxel_size: Triple
    nstart: tuple[int, int, int] = (0, 0, 0)
    origin: Triple = (0.0, 0.0, 0.0)
    notes: tuple[str, ...] = field(default=())
    bytes_as: str = ""
    crystal: str = ""

    @property
    def box(self) -> tuple[int, int, int]:
        """Number of voxels along z, y, x."""
        nz, ny, nx = self.values.shape
        return nz, ny, nx

    @property
    def extent(self) -> Triple:
        """Length of the box along z, y, x, in Å."""
        z, y, x = (n * s for n, s in zip(self.box, self.voxel_size, strict=True))
        return z, y, x

    @property
    def voxel_volume(self) -> float:
        """Volume of one voxel in Å³."""
        return float(np.prod(self.voxel_size))
