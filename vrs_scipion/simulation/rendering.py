"""Atoms to density, as an electron microscope scatters from them.

Coordinates are x, y, z as in model files; arrays are z, y, x as in maps.
"""

from __future__ import annotations

import gemmi
import numpy as np
from numpy.typing import ArrayLike

from vrs_scipion.maps.density import Density, Mask, Triple
from vrs_scipion.models.atoms import Coordinates, Model, as_atoms
from vrs_scipion.models.drawing import SAMPLED_B, Box, draw, set_up
from vrs_scipion.simulation.filter_shapes import (
    FilterShape,
    last_frequency,
    low_pass_of_shape,
)
from vrs_scipion.simulation.filters import EDGE, apply_filter, fall_off, frequency_grid


def render(
    model: Model,
    box: Box,
    voxel_size: float | Triple,
    resolution: float,
    *,
    b_factor: float = 0.0,
    centre: ArrayLike = (0.0, 0.0, 0.0),
    edge: float = EDGE,
    shape: FilterShape = FilterShape.RAISED_COSINE,
) -> Density:
    """Draw a model as a noise-free map.

    Every atom is the sum of five Gaussians that is its electron scattering factor, blurred by its
    B-factor plus ``b_factor``, then low-passed by a filter whose amplitude is one half at
    1/resolution (see ``FilterShape``). Values are in Å⁻², so that the integral over the box is the
    sum of the atoms' scattering lengths f(0) in Å; times 47.88 V·Å² they are a potential in volts.
    There is no bulk solvent: the space around the molecule is 0.

    The box is periodic. Up to the filter's edge, amplitudes are right to 0.1 % with voxels of 0.4
    of the resolution, and to 3 % with voxels of half of it. Memory: four volumes.

    Parameters
    ----------
    model : atoms, or a gemmi model or structure
    box : nz, ny, nx
    voxel_size : Å, one for all axes or along z, y, x
    resolution : Å, not below two voxels
    b_factor : overall B-factor in Å² on top of the atoms' own
    centre : x, y, z in Å of the point of the model that falls on voxel N/2 (rounded down)
    edge : full width of the raised cosine's edge as a fraction of 1/resolution
    shape : of the low-pass filter

    Returns
    -------
    Density
        Its ``origin`` is the position of voxel 0 in the model's frame.

    Raises
    ------
    ValueError
        If the resolution is beyond the Nyquist frequency, an atom lies outside the box, or the
        model has no atoms.

    References
    ----------
    Peng, Ren, Dudarev and Whelan (1996), doi:10.1107/S0108767395014371, as tabulated in
    International Tables for Crystallography C (2011), table 4.3.2.2, and drawn by gemmi,
    doi:10.21105/joss.04200
    """
    spacing = _spacing(voxel_size)
    if resolution < 2 * max(spacing) * (1 - 1e-6):
        raise ValueError(
            f"a resolution of {resolution:g} Å is beyond the Nyquist frequency of voxels of "
            f"{max(spacing):g} Å: it must be {2 * max(spacing):g} Å or more"
        )
    atoms = as_atoms(model)
    origin = _origin(box, spacing, centre)
    placed = atoms.translated(-origin)
    _check_inside(placed.positions, box, spacing)

    blur = SAMPLED_B * max(spacing) ** 2 - float(placed.b_factors.min())
    end = np.float32(last_frequency(resolution, shape, spacing))
    frequency = frequency_grid(box, spacing)
    passed = np.minimum(frequency, end)
    amplitude = low_pass_of_shape(passed, resolution, shape, edge)
    amplitude *= fall_off(passed, b_factor - blur)
    amplitude[frequency > end] = 0
    values = apply_filter(draw(placed, box, spacing, blur), amplitude)
    x, y, z = (float(o) for o in origin)
    return Density(values, spacing, origin=(z, y, x))


def molecule_mask(
    model: Model,
    box: Box,
    voxel_size: float | Triple,
    radius: float = 3.0,
    *,
    centre: ArrayLike = (0.0, 0.0, 0.0),
) -> Mask:
    """The voxels within ``radius`` Å of an atom.

    Parameters
    ----------
    model, box, voxel_size, centre : as for ``render``
    radius : Å

    Returns
    -------
    bool array, shape (nz, ny, nx)

    Raises
    ------
    ValueError
        If an atom lies outside the box, or the model has no atoms.
    """
    spacing = _spacing(voxel_size)
    placed = as_atoms(model).translated(-_origin(box, spacing, centre))
    _check_inside(placed.positions, box, spacing)
    grid = set_up(gemmi.Int8Grid(), box, spacing)
    for position in placed.positions:
        grid.set_points_around(gemmi.Position(*position), radius, 1)
    return np.ascontiguousarray(grid.array.transpose(2, 1, 0), dtype=np.bool_)


def _spacing(voxel_size: float | Triple) -> Triple:
    z, y, x = np.broadcast_to(np.asarray(voxel_size, dtype=np.float64), (3,))
    return float(z), float(y), float(x)


def _origin(box: Box, spacing: Triple, centre: ArrayLike) -> Coordinates:
    """Position x, y, z of voxel 0 in the model's frame."""
    middle = [n // 2 * s for n, s in zip(box, spacing, strict=True)]
    return np.asarray(centre, dtype=np.float64) - middle[::-1]


def _check_inside(positions: Coordinates, box: Box, spacing: Triple) -> None:
    """Positions are in the frame of voxel 0."""
    last = np.array([(n - 1) * s for n, s in zip(box, spacing, strict=True)][::-1])
    outside = np.any((positions < 0) | (positions > last), axis=1)
    if outside.any():
        raise ValueError(
            f"{np.count_nonzero(outside)} of {len(positions)} atoms lie outside the box of "
            f"{last[0]:g} × {last[1]:g} × {last[2]:g} Å (x, y, z): "
            "centre the model or enlarge the box"
        )
