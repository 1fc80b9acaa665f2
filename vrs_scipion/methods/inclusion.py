"""Which atoms lie in the density, and which of the density has no atoms.

Inclusion of atoms at the contour level as the archives compute it (Lawson et al. 2021,
doi:10.1038/s41592-020-01051-w); parts of a model against displaced copies of themselves, and the
density that nothing was built into.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.trilinear import at_points
from vrs_scipion.methods.around_atoms import voxels_around
from vrs_scipion.methods.model_map import Grid
from vrs_scipion.methods.shells import Reals
from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.models.kinds import POLYMERS, Kind

REACH = 3.0
"""Å from an atom within which density is its own."""

_CONTOURS = 25
_COPIES, _TRIES = 500, 2000
_FEWEST_COPIES = 30
_NEAREST, _FARTHEST = 3.0, 8.0
_APART = 2.0
"""Å from an atom of the rest within which a displaced atom says nothing."""
_FREE = 0.3
"""Share of a copy's atoms that must be free."""
_MOST_ATOMS = 300
"""Of a part that are displaced; of more, evenly chosen ones."""
_SEED = 20211
_MOST_VOXELS = 20_000
"""Of a piece whose distances are measured; of more, evenly chosen ones."""


def inclusion(values: Reals, contour: float) -> float | None:
    """Share of the atoms that lie at or above the contour level; those outside of the box do not.

    None of no atom.
    """
    return float(np.mean(np.nan_to_num(values, nan=-np.inf) >= contour)) if values.size else None


def contours(density: Volume, contour: float) -> Reals:
    """25 levels from 0 to twice the contour level, or to the highest value where that is lower."""
    low = min(0.0, float(density.min())) if contour <= 0 else 0.0
    return np.linspace(low, min(2 * contour, float(density.max())), _CONTOURS)


def runs_below(
    model: AtomicModel, values: Reals, limit: float, shortest: int
) -> list[NDArray[np.intp]]:
    """Stretches of a chain's residues, all with values below a limit, ``shortest`` or longer.

    A residue without a value ends a stretch.
    """
    polymers = model.residues.of(*POLYMERS)
    low = polymers & (np.nan_to_num(values, nan=np.inf) < limit)
    chains = model.residues.chains
    begins = np.flatnonzero(low & ~np.r_[False, low[:-1] & (np.diff(chains) == 0)])
    found = []
    for begin in begins.tolist():
        same = low[begin:] & (chains[begin:] == chains[begin])
        length = int(np.argmin(same)) if not same.all() else same.size
        if length >= shortest:
            found.append(np.arange(begin, begin + length))
    return found


class Surroundings:
    """The map around a model: what a part would see a few Å from where it is.

    Parameters
    ----------
    model, grid : the atoms, and the map's grid
    density : the map
    parts : of the atoms, shape (n,): a number from 1 on for each part, −1 for atoms of none
    """

    def __init__(
        self, model: AtomicModel, grid: Grid, density: Volume, parts: NDArray[np.int32]
    ) -> None:
        self._density, self._grid, self._parts = density, grid, parts
        self._places = model.indices(grid.start, grid.voxel_size)
        self._counted = model.scored & model.main_conformers
        self._owner = np.zeros(grid.box, np.int32)
        owner = self._owner.ravel()
        heavy = np.flatnonzero(model.scored)
        for of, voxels in voxels_around(self._places[heavy], grid.box, grid.voxel_size, _APART):
            owner[voxels] = parts[heavy[of]]

    def z_score(self, part: int) -> float | None:
        """How far the mean density at a part's atoms lies above that at its displaced copies.

        In standard deviations over 500 copies, displaced at random by 3 to 8 Å; their atoms that
        come to lie outside of the box, or within 2 Å of the rest of the model, do not count. None
        where fewer than 30 of 2,000 copies have at least three tenths of their atoms left.
        """
        atoms = np.flatnonzero(self._counted & (self._parts == part))
        atoms = atoms[np.unique(np.linspace(0, atoms.size - 1, _MOST_ATOMS).astype(np.intp))]
        places = self._places[atoms]
        own = float(np.nanmean(at_points(self._density, places, np.nan)))
        means: list[float] = []
        random = np.random.default_rng((_SEED, part))
        for step in self._steps(random):
            mean = self._mean_of_copy(places + step, part)
            if mean is not None:
                means.append(mean)
            if len(means) == _COPIES:
                break
        if len(means) < _FEWEST_COPIES:
            return None
        spread = float(np.std(means))
        return (own - float(np.mean(means))) / spread if spread > 0 else None

    def _steps(self, random: np.random.Generator) -> Coordinates:
        """Displacements in voxels along z, y, x, even over the directions; shape (tries, 3)."""
        directions = random.standard_normal((_TRIES, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        lengths = random.uniform(_NEAREST, _FARTHEST, (_TRIES, 1))
        steps: Coordinates = directions * lengths / np.array(self._grid.voxel_size)
        return steps

    def _mean_of_copy(self, places: Coordinates, part: int) -> float | None:
        nearest = np.rint(places).astype(np.int64)
        inside = ((nearest >= 0) & (nearest < self._grid.box)).all(axis=1)
        kept = np.flatnonzero(inside)
        owner = self._owner[tuple(nearest[kept].T)]
        kept = kept[(owner == 0) | (owner == part)]
        values = at_points(self._density, places[kept], np.nan)
        values = values[np.isfinite(values)]
        return float(values.mean()) if values.size >= _FREE * len(places) else None


@dataclass(frozen=True)
class Unmodelled:
    """The density that no atom is near.

    Attributes
    ----------
    share : of the voxels of the molecule at or above the contour, those farther than 3 Å from any
        atom, in %; None where none is at or above it
    where : those voxels, also outside of the molecule
    volumes : Å³ of their connected pieces, the largest first
    nearest : index of the residue nearest to each
    distances : Å from the nearest atom to the voxel of each that is farthest from all
    """

    share: float | None
    where: Mask
    volumes: Reals
    nearest: NDArray[np.intp]
    distances: Reals


def unmodelled(
    model: AtomicModel, grid: Grid, density: Volume, contour: float, molecule: Mask, least: float
) -> Unmodelled:
    """Find the density at or above a contour that is farther than 3 Å from all atoms.

    Parameters
    ----------
    model : atoms of any kind count, also hydrogens and those of occupancy 0
    molecule : the map's hard mask, outside of which specks do not count for the share
    least : Å³ of the smallest piece that is listed
    """
    from scipy import ndimage  # slow to load
    from scipy.spatial import cKDTree

    above = density >= contour
    near = np.zeros(grid.box, bool)
    places = model.indices(grid.start, grid.voxel_size)
    for _, voxels in voxels_around(places, grid.box, grid.voxel_size, REACH):
        near.ravel()[voxels] = True
    where = above & ~near
    inside = int(np.count_nonzero(above & molecule))
    share = 100 * np.count_nonzero(where & molecule) / inside if inside else None
    labels, count = ndimage.label(where, np.ones((3, 3, 3), bool))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    voxel = float(np.prod(grid.voxel_size))
    order = np.argsort(-sizes, kind="stable")
    kept = order[sizes[order] * voxel >= least]
    tree = cKDTree(places * grid.voxel_size)
    pieces = ndimage.find_objects(labels)
    nearest, distances = [], []
    for number in kept.tolist():
        piece = pieces[number]
        voxels = np.argwhere(labels[piece] == number + 1) + [one.start for one in piece]
        voxels = voxels[:: 1 + len(voxels) // _MOST_VOXELS]
        apart, atoms = tree.query(voxels * np.array(grid.voxel_size))
        nearest.append(int(model.residue[atoms[np.argmin(apart)]]))
        distances.append(float(apart.max()))
    return Unmodelled(
        share, where, sizes[kept] * voxel, np.array(nearest, np.intp), np.array(distances)
    )


def parts_of(model: AtomicModel, shortest: int) -> tuple[NDArray[np.int32], list[tuple[str, str]]]:
    """The parts of a model that are judged one by one, and what they are called.

    Each chain of a polymer of ``shortest`` residues or more, and each ligand and glycan.

    Returns
    -------
    parts : int32 array, shape (n,), numbers from 1 on; −1 for atoms that belong to none
    named : of each part its words and its kind
    """
    of = model.residues
    number = np.full(len(of), -1, np.int32)
    named: list[tuple[str, str]] = []
    polymers = of.of(*POLYMERS)
    counted = np.bincount(model.residue[model.scored], minlength=len(of)) > 0
    for chain in range(len(model.chains)):
        residues = np.flatnonzero((of.chains == chain) & polymers & counted)
        if residues.size >= shortest:
            named.append((f"Chain {model.chains.names[chain]}", str(model.chains.kinds[chain])))
            number[residues] = len(named)
    for residue in np.flatnonzero(of.of(Kind.LIGAND, Kind.GLYCAN) & counted).tolist():
        named.append((model.residue_words(residue), str(of.kinds[residue])))
        number[residue] = len(named)
    return number[model.residue], named
