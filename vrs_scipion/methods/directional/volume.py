"""The directional correlation as a volume: the 3DFSC.

Tan et al. 2017, doi:10.1038/nmeth.4347.
"""

from __future__ import annotations

import numpy as np

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods.directional.cones import Cones
from vrs_scipion.methods.directional.sums import quarters
from vrs_scipion.methods.shells import Shells


def correlation_volume(cones: Cones) -> Volume:
    """The correlation at every frequency: that of the cone and shell in which it lies.

    Parameters
    ----------
    cones : about the directions of the pixels of a half sphere

    Returns
    -------
    float32 array of the maps' shape (z, y, x); frequency 0, where it is 1, lies at voxel N/2. It is
    0 beyond the last shell.
    """
    shells, sphere = cones.sums.shells, cones.sums.sphere
    nz, ny, nx = shells.shape
    columns = nx // 2 + 1
    tables = np.nan_to_num(cones.correlation).reshape(shells.count, -1, sphere.octant)
    half = np.zeros((nz, ny * columns), np.float32)
    half[0, 0] = 1
    for z, octant, place, flat, _ in quarters(shells, sphere):
        half[z, flat] = tables[:, octant].ravel()[place]
    centred = np.fft.fftshift(half.reshape(nz, ny, columns), axes=(0, 1))
    volume = np.empty(shells.shape, np.float32)
    volume[..., nx // 2 :] = centred[..., : nx - nx // 2]
    opposite = np.roll(centred[::-1, ::-1], ((nz + 1) % 2, (ny + 1) % 2), axis=(0, 1))
    volume[..., : nx // 2] = opposite[..., nx // 2 : 0 : -1]
    return volume


def voxel_size_of(shells: Shells) -> Triple:
    """Of the volume, in a unit in which the finest is that of the maps: frequencies along z, y, x.

    A volume of frequencies has voxels of one over the edges of the box.
    """
    longest = max(shells.extents)
    z, y, x = (min(shells.voxel_size) * longest / extent for extent in shells.extents)
    return z, y, x
