"""Atoms on grids: their density as an electron microscope sees it, and the space they fill.

Coordinates are x, y, z as in model files, from voxel 0 on; arrays are z, y, x as in maps.
"""

from __future__ import annotations

from typing import TypeVar

import gemmi
import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.models.atoms import Atoms

Box = tuple[int, int, int]
Tensors = NDArray[np.float32]

SAMPLED_B = 8 * np.pi**2
"""B-factor whose atoms are as wide (σ) as a voxel of 1 Å: wide enough to be sampled. The sharpest
atom is drawn with it, whatever its own: what it has more or less is applied in Fourier space."""

_CUTOFF = 1e-7
"""Density below which an atom is no longer drawn; low, since it is sharpened afterwards."""

_Grid = TypeVar("_Grid", gemmi.FloatGrid, gemmi.Int8Grid)


def draw(
    atoms: Atoms, box: Box, voxel_size: Triple, blur: float, anisotropic: Tensors | None = None
) -> Volume:
    """The scattering density of atoms in a periodic box.

    Every atom is the sum of five Gaussians that is its electron scattering factor, blurred by its
    B-factor plus ``blur``. Values are in Å⁻².

    Parameters
    ----------
    atoms : positions from voxel 0 on
    box, voxel_size : z, y, x; voxels and Å
    blur : Å², on top of all B-factors
    anisotropic : shape (n, 6), in Å², as `AtomicModel.anisotropic`; 0 for isotropic atoms

    References
    ----------
    Peng, Ren, Dudarev and Whelan (1996), doi:10.1107/S0108767395014371, drawn by gemmi,
    doi:10.21105/joss.04200
    """
    calculator = gemmi.DensityCalculatorE()
    calculator.blur = blur
    calculator.cutoff = _CUTOFF
    set_up(calculator.grid, box, voxel_size)
    site = gemmi.Atom()
    rows = zip(atoms.positions, atoms.elements, atoms.b_factors, atoms.occupancies, strict=True)
    for number, (position, element, b_factor, occupancy) in enumerate(rows):
        site.pos = gemmi.Position(*position)
        site.element = gemmi.Element(element)
        site.b_iso = b_factor
        site.occ = occupancy
        if anisotropic is not None:
            site.aniso = gemmi.SMat33f(*anisotropic[number])
        calculator.add_atom_density_to_grid(site)
    return np.ascontiguousarray(calculator.grid.array.transpose(2, 1, 0))


def filled(atoms: Atoms, box: Box, voxel_size: Triple) -> Mask:
    """The voxels of a periodic box that atoms fill, and the clefts between them no water enters.

    Hydrogens take no part. The radii, the water's of 1.1 Å and its way back by 0.9 Å are those of
    cctbx, as gemmi has them.

    Parameters
    ----------
    atoms : positions from voxel 0 on
    box, voxel_size : z, y, x; voxels and Å
    """
    grid = set_up(gemmi.Int8Grid(), box, voxel_size)
    residue = gemmi.Residue()
    for position, element in zip(atoms.positions, atoms.elements, strict=True):
        site = gemmi.Atom()
        site.pos, site.element, site.occ = gemmi.Position(*position), gemmi.Element(element), 1.0
        residue.add_atom(site)
    model, chain = gemmi.Model(1), gemmi.Chain("A")
    chain.add_residue(residue)
    model.add_chain(chain)
    gemmi.SolventMasker(gemmi.AtomicRadiiSet.Cctbx).put_mask_on_int8_grid(grid, model)
    return np.ascontiguousarray(grid.array.transpose(2, 1, 0) == 0)


def set_up(grid: _Grid, box: Box, voxel_size: Triple) -> _Grid:
    """Give a gemmi grid, whose axes are x, y, z, the box as an orthogonal cell without symmetry."""
    nz, ny, nx = box
    z, y, x = (n * s for n, s in zip(box, voxel_size, strict=True))
    grid.set_unit_cell(gemmi.UnitCell(x, y, z, 90, 90, 90))
    grid.spacegroup = gemmi.SpaceGroup("P 1")
    grid.set_size(nx, ny, nz)
    return grid
