"""What the resolution networks see of a map: voxels of a fixed size, normalised locally."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from vrs_scipion.maps.density import Volume

WINDOW = 25
"""Edge in voxels of the cube whose mean and standard deviation normalise its centre."""

HALO = WINDOW // 2
"""Voxels around a normalised one that it depends on."""

FLOOR = 0.1
"""Least local standard deviation, in units of that of the molecule: flat regions stay flat."""


def normalise(values: Volume, mean: float, spread: float, mode: str = "nearest") -> Volume:
    """Map with local mean 0 and local standard deviation 1, whatever its scale and offset.

    Nothing is smoothed: how fine the map is, is what the networks are to see. Values within
    ``HALO`` of a border depend on what is taken to be beyond it.

    Parameters
    ----------
    values : float32 array, shape (nz, ny, nx)
    mean, spread : mean and standard deviation of the molecule
    mode : what is beyond the border, as in ``scipy.ndimage``

    Returns
    -------
    float32 array, shape (nz, ny, nx). Memory: four volumes.

    Raises
    ------
    ValueError
        if the spread is not positive.
    """
    if not spread > 0:
        raise ValueError("the map is constant inside the mask")
    scaled = (values - np.float32(mean)) / np.float32(spread)
    average = ndimage.uniform_filter(scaled, WINDOW, mode=mode)
    variance = ndimage.uniform_filter(scaled * scaled, WINDOW, mode=mode)
    variance -= average * average
    np.maximum(variance, 0, out=variance)
    variance += np.float32(FLOOR**2)
    scaled -= average
    scaled /= np.sqrt(variance, out=variance)
    normalised: Volume = scaled
    return normalised
