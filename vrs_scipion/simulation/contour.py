"""The contour that a model recommends for its map."""

from __future__ import annotations

from scipy import ndimage

from vrs_scipion.maps.density import Density
from vrs_scipion.models.atoms import Model, as_atoms

CONTOUR_FRACTION = 0.4
"""Default contour as a fraction of the mean density at the atoms."""


def contour_from_model(density: Density, model: Model, fraction: float = CONTOUR_FRACTION) -> float:
    """A fraction of the mean density, interpolated linearly, at the centres of the atoms.

    Parameters
    ----------
    density : map
    model : atoms, or a gemmi model or structure, in the frame of the map's origin
    fraction : of the mean density at the atoms

    Returns
    -------
    float
        Contour in the map's units.

    Raises
    ------
    ValueError
        If the model has no atoms, or the mean density at them is not positive.
    """
    voxels = (as_atoms(model).positions[:, ::-1] - density.origin) / density.voxel_size
    mean = float(ndimage.map_coordinates(density.values, voxels.T, order=1).mean())
    if not mean > 0:
        raise ValueError(f"the mean density at the atoms is {mean:g}: the model is not in the map")
    return fraction * mean
