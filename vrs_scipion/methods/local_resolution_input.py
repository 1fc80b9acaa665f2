"""What the resolution networks see of a map: voxels of a fixed size, normalised locally."""

from __future__ import annotations

from vrs_scipion.maps.density import Volume
from vrs_scipion.methods.network_input import normalise_locally, scaled

WINDOW = 25
"""Edge in voxels of the cube whose mean and standard deviation normalise its centre."""

HALO = WINDOW // 2
"""Voxels around a normalised one that it depends on."""


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
    return normalise_locally(scaled(values, mean, spread), WINDOW, mode)
