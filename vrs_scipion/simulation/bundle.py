"""Bundles of antiparallel α-helices without symmetry."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.simulation.helix import alpha_helix

PACKING = 9.5
"""Distance between the axes of packed α-helices, in Å."""

_OFFSET = 3.0
"""Helices slide along the axis by up to this many Å."""

_ROW = np.sqrt(3) / 2
"""Distance between the rows of a hexagonal lattice of spacing 1."""


def helix_bundle(
    generator: np.random.Generator,
    n_helices: int = 19,
    *,
    residues: tuple[int, int] = (24, 38),
    packing: float = PACKING,
    tilt: float = 10.0,
) -> tuple[Coordinates, ...]:
    """Pack α-helices on a hexagonal lattice around z, neighbouring rows antiparallel.

    Helices tilt about their own radius in proportion to it, as in a left-handed supercoil, so that
    they do not collide. Lengths, phases and small offsets along the axis are drawn at random:
    the bundle has no symmetry. Its centroid is the origin.

    Parameters
    ----------
    generator : NumPy's random generator
    n_helices : number of helices; those nearest to the lattice's centre are taken
    residues : shortest and longest helix
    packing : distance between neighbouring axes at mid-height, in Å
    tilt : of the outermost helix against z, in degrees

    Returns
    -------
    tuple of float64 arrays, shape (n_residues, 5, 3)
        One per helix: x, y, z in Å of N, CA, C, O and CB.

    Raises
    ------
    ValueError
        If there is no helix.

    References
    ----------
    Chothia, Levitt and Richardson (1981), doi:10.1016/0022-2836(81)90341-7
    """
    if n_helices < 1:
        raise ValueError(f"a bundle needs at least 1 helix, not {n_helices}")
    sites = _hexagonal_lattice(n_helices)
    outermost = float(np.linalg.norm(sites[-1])) or 1.0
    helices = []
    for site in sites:
        length = int(generator.integers(*residues, endpoint=True))
        phase, offset = generator.uniform(0, 360), generator.uniform(-_OFFSET, _OFFSET)
        upside_down = round(site[1] / _ROW) % 2 == 1
        orientation = (
            Rotation.from_rotvec(site / outermost * np.radians(tilt))
            * Rotation.from_euler("x", 180.0 * upside_down, degrees=True)
            * Rotation.from_euler("z", phase, degrees=True)
        )
        turned = orientation.apply(alpha_helix(length).reshape(-1, 3)).reshape(length, -1, 3)
        helices.append(turned + packing * site + (0.0, 0.0, offset))
    centroid = np.concatenate(helices).mean(axis=(0, 1))
    return tuple(np.asarray(helix - centroid) for helix in helices)


def _hexagonal_lattice(n_sites: int) -> Coordinates:
    """The sites (x, y, 0) of a lattice of spacing 1 nearest to its origin, from the inside out."""
    i, j = np.mgrid[-n_sites : n_sites + 1, -n_sites : n_sites + 1].reshape(2, -1)
    sites = np.column_stack((i + j / 2, j * _ROW, np.zeros(i.size)))
    order = np.lexsort((sites[:, 0], sites[:, 1], np.linalg.norm(sites, axis=1).round(6)))
    return np.asarray(sites[order[:n_sites]])
