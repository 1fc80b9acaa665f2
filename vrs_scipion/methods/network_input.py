"""What the networks' inputs share: local normalisation."""

from __future__ import annotations

import numpy as np

from vrs_scipion.maps.density import Mask, Volume

FLOOR = 0.1
"""Least local standard deviation, in units of that of the molecule: flat regions stay flat."""


def mean_and_spread(values: Volume, mask: Mask) -> tuple[float, float]:
    """Mean and standard deviation inside a mask of the same shape.

    Raises
    ------
    ValueError
        if the mask is empty.
    """
    inside = values[mask]
    if not inside.size:
        raise ValueError("the mask is empty")
    return float(inside.mean(dtype=np.float64)), float(inside.std(dtype=np.float64))


def scaled(values: Volume, mean: float, spread: float) -> Volume:
    """The map with the molecule's mean and standard deviation taken out.

    Raises
    ------
    ValueError
        if the spread is not positive.
    """
    if not spread > 0:
        raise ValueError("the map is constant inside the mask")
    result: Volume = (values - np.float32(mean)) / np.float32(spread)
    return result


def normalise_locally(values: Volume, window: int, mode: str = "nearest") -> Volume:
    """Bring a scaled map to local mean 0 and local standard deviation 1, in place.

    Parameters
    ----------
    values : float32 array, shape (nz, ny, nx), see ``scaled``; overwritten
    window : edge in voxels of the cube that normalises its centre
    mode : what is beyond the border, as in ``scipy.ndimage``

    Returns
    -------
    ``values``. Memory: three volumes.
    """
    from scipy import ndimage  # slow to load

    average = ndimage.uniform_filter(values, window, mode=mode)
    variance = ndimage.uniform_filter(values * values, window, mode=mode)
    variance -= average * average
    np.maximum(variance, 0, out=variance)
    variance += np.float32(FLOOR**2)
    values -= average
    values /= np.sqrt(variance, out=variance)
    return values
