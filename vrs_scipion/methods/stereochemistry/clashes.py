"""Atoms that are nearer to each other than atoms without a bond between them can be."""

from __future__ import annotations

from dataclasses import dataclass

import gemmi
import numpy as np
from numpy.typing import NDArray

from vrs_scipion.methods.stereochemistry.bonds import Pairs, bonds, within_bonds
from vrs_scipion.models.atomic_model import AtomicModel, Chosen, Indices
from vrs_scipion.models.geometry import Reals, distances, near_pairs
from vrs_scipion.models.kinds import Kind

OVERLAP = 0.4
"""Å by which two spheres may overlap."""
HYDROGEN_BOND = 2.3
"""Å between nitrogens or oxygens that share a hydrogen, where these spheres are too wide."""

_RADII = {"C": 1.75, "N": 1.55, "O": 1.40, "P": 1.80, "S": 1.80, "SE": 1.90}
_CARBONYL, _OTHER = 1.65, 1.70
"""Å: of spheres about atoms; a carbonyl's carbon is the one that is called C in amino acids."""


@dataclass(frozen=True)
class Clashes:
    """p pairs of atoms, the worst first.

    Attributes
    ----------
    atoms : intp array, shape (p, 2), their indices in the model
    overlaps : float64 array, shape (p,), Å by which the spheres overlap
    looked_at : how many atoms were held against each other
    """

    atoms: Pairs
    overlaps: Reals
    looked_at: int

    @property
    def per_thousand(self) -> float | None:
        """Clashes for 1,000 atoms; None without an atom."""
        return 1000 * len(self.atoms) / self.looked_at if self.looked_at else None


def clashes(model: AtomicModel) -> Clashes:
    """The clashes between atoms that are no hydrogens.

    Spheres that overlap by 0.4 Å or more clash, unless the atoms are joined by three bonds or
    fewer, are of conformations that exclude each other, are occupied by 1 together, or one is a
    metal. Nitrogens and oxygens may share a hydrogen: they clash within 2.3 Å. Of alternative
    conformations the most occupied ones are looked at.

    References
    ----------
    Word et al. (1999), doi:10.1006/jmbi.1998.2400 (radii and overlap; there with hydrogens)
    """
    elements = np.array(model.atoms.elements, np.str_)
    atoms = np.flatnonzero(model.scored & model.main_conformers & ~_metals(elements))
    if atoms.size < 2:
        return Clashes(np.empty((0, 2), np.intp), np.empty(0), atoms.size)
    radii = _radii(elements[atoms])
    radii[(model.names[atoms] == "C") & model.of(Kind.PROTEIN)[atoms]] = _CARBONYL
    reach = 2 * float(radii.max()) - OVERLAP
    positions = model.atoms.positions[atoms]
    pairs = near_pairs(positions, reach)
    apart = distances(positions[pairs[:, 0]], positions[pairs[:, 1]])
    overlaps = radii[pairs].sum(axis=1) - apart
    polar = np.isin(elements[atoms], ("N", "O"))[pairs].all(axis=1)
    close = (overlaps >= OVERLAP) & ~(polar & (apart > HYDROGEN_BOND))
    close &= _together(model, atoms, pairs)
    pairs, overlaps = pairs[close], overlaps[close]
    free = ~within_bonds(bonds(model, atoms), atoms.size, pairs)
    pairs, overlaps = pairs[free], overlaps[free]
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -overlaps))
    return Clashes(atoms[pairs[order]], overlaps[order], atoms.size)


def _metals(elements: NDArray[np.str_]) -> Chosen:
    known = [name for name in np.unique(elements).tolist() if gemmi.Element(name).is_metal]
    return np.asarray(np.isin(elements, known))


def _radii(elements: NDArray[np.str_]) -> Reals:
    names, code = np.unique(elements, return_inverse=True)
    radii = np.array([_RADII.get(name.upper(), _OTHER) for name in names.tolist()], np.float64)
    return np.asarray(radii[code.ravel()])


def _together(model: AtomicModel, atoms: Indices, pairs: Pairs) -> Chosen:
    """Which pairs can be there at once."""
    first, second = model.altlocs[atoms][pairs].T
    occupied = model.atoms.occupancies[atoms][pairs].sum(axis=1)
    alike = (first == "") | (second == "") | (first == second)
    return np.asarray(alike & (occupied > 1.0))
