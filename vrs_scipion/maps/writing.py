"""Writing a volume whole or not at all."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np

from vrs_scipion.files import written_whole
from vrs_scipion.maps.density import Density, Mask, Triple, Volume


def write_volume(
    path: Path,
    values: Volume | Mask,
    voxel_size: Triple,
    *,
    nstart: tuple[int, int, int] = (0, 0, 0),
    origin: Triple = (0.0, 0.0, 0.0),
) -> None:
    """Write ``values`` (z, y, x) as an MRC-2014 volume with axes in the order x, y, z.

    Parameters
    ----------
    values : float32 (mode 2), or a mask, written as 8-bit integers (mode 0)
    voxel_size, nstart, origin : along z, y, x; Å, voxels, Å
    """
    stored = values.astype(np.int8) if values.dtype == np.bool_ else values
    with written_whole(path) as temporary, mrcfile.new(temporary, overwrite=True) as mrc:
        mrc.set_data(stored)
        mrc.set_volume()
        mrc.voxel_size = voxel_size[::-1]
        mrc.nstart = nstart[::-1]
        mrc.header.origin = origin[::-1]
        mrc.header.label[0] = b"written by vrs_scipion"
        mrc.header.nlabl = 1


def write_on_grid(path: Path, values: Volume | Mask, grid: Density) -> None:
    """Write ``values`` as a volume with the voxels and the place in space of a density."""
    write_volume(path, values, grid.voxel_size, nstart=grid.nstart, origin=grid.origin)
