"""How the map that a model would give correlates with the map, in the large and around each part.

The whole after Afonine et al. 2018, doi:10.1107/S2059798318009324; around each residue and its
neighbours after Joseph et al. 2016, doi:10.1016/j.ymeth.2016.03.007.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.methods.around_atoms import Integers, voxels_around
from vrs_scipion.methods.model_map import Grid
from vrs_scipion.methods.shells import Reals
from vrs_scipion.models.atomic_model import AtomicModel, Chosen
from vrs_scipion.models.kinds import Kind

NEIGHBOURS = 4
"""Residues to either side that join one in its segment."""
RADII = (3.0, 10.0)
"""Å: the least and the largest radius around atoms."""

_MAIN_CHAIN = ("N", "CA", "C", "O", "CB")
_FEWEST = 8
"""Voxels of which a correlation can be had."""


@dataclass(frozen=True)
class Correlations:
    """Pearson's correlation of a map and the map of its model, each with its own mean.

    None or NaN where there are too few voxels, or one of the two is constant there.

    Attributes
    ----------
    mask : in the voxels that the model fills
    volume : in as many voxels, the highest of the model's map
    peaks : in those and the highest of the map
    box : in all voxels
    main_chain, side_chain : around atoms of proteins: N, CA, C, O, CB, and the others
    residues, segments : around each residue, and around each with its four neighbours to either
        side in the chain; float64, shape (m,)
    chains : around each chain; float64, shape (k,)
    """

    mask: float | None
    volume: float | None
    peaks: float | None
    box: float | None
    main_chain: float | None
    side_chain: float | None
    residues: Reals
    segments: Reals
    chains: Reals


def radius_around(resolution: float) -> float:
    """Å around atoms within which a map of that resolution (Å) belongs to them."""
    return min(max(resolution, RADII[0]), RADII[1])


def correlations(
    model: AtomicModel,
    grid: Grid,
    density: Volume,
    drawn: Volume,
    inside: Mask,
    resolution: float,
) -> Correlations:
    """Correlate a map and the map of its model.

    Alternative conformations take part with the one of the highest occupancy, hydrogens and atoms
    of occupancy 0 do not.

    Parameters
    ----------
    model, grid : the atoms, and the grid of both maps
    density, drawn : the map and the model's (`model_map`), float32 (z, y, x)
    inside : the voxels that the model fills (`model_map.inside`)
    resolution : Å, for the radius around atoms
    """
    count = int(np.count_nonzero(inside))
    of_model, of_map = _highest(drawn, count), _highest(density, count)
    around = _Around(model, grid, density, drawn, radius_around(resolution))
    return Correlations(
        mask=correlation(density, drawn, inside),
        volume=correlation(density, drawn, of_model),
        peaks=correlation(density, drawn, of_model | of_map),
        box=correlation(density, drawn, np.ones_like(inside)),
        main_chain=correlation(density, drawn, around.main_chain),
        side_chain=correlation(density, drawn, around.side_chain),
        residues=around.residues,
        segments=around.segments,
        chains=around.chains,
    )


def correlation(first: Volume, second: Volume, where: Mask) -> float | None:
    """Pearson's correlation in some voxels; None where there are too few or all alike."""
    a, b = first[where].astype(np.float64), second[where].astype(np.float64)
    if a.size < _FEWEST:
        return None
    a -= a.mean()
    b -= b.mean()
    norm = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / norm if norm > 0 else None


def _highest(values: Volume, count: int) -> Mask:
    """The ``count`` highest voxels, and those that are as high as the last of them."""
    if not count:
        return np.zeros(values.shape, bool)
    last = np.partition(values, values.size - count, axis=None)[values.size - count]
    chosen: Mask = values >= last
    return chosen


class _Around:
    """Correlations around parts of a model, in one pass over the voxels near its atoms."""

    def __init__(
        self, model: AtomicModel, grid: Grid, density: Volume, drawn: Volume, radius: float
    ) -> None:
        self.main_chain = np.zeros(grid.box, bool)
        self.side_chain = np.zeros(grid.box, bool)
        self.residues = np.full(len(model.residues), np.nan)
        self.segments = np.full(len(model.residues), np.nan)
        self.chains = np.full(len(model.chains), np.nan)
        self._values = tuple(_standardised(volume) for volume in (density, drawn))
        self._places = model.indices(grid.start, grid.voxel_size)
        self._grid, self._radius = grid, radius
        counted = model.scored & model.main_conformers
        protein = model.of(Kind.PROTEIN) & counted
        main = protein & np.isin(model.names, _MAIN_CHAIN)
        for chain in range(len(model.chains)):
            self._one_chain(model, chain, counted)
        for region, atoms in ((self.main_chain, main), (self.side_chain, protein & ~main)):
            for _, voxels in self._near(np.flatnonzero(atoms)):
                region.ravel()[voxels] = True

    def _one_chain(self, model: AtomicModel, chain: int, counted: Chosen) -> None:
        residues = np.flatnonzero(model.residues.chains == chain)
        atoms = np.flatnonzero(counted & (model.chain == chain))
        if not atoms.size:
            return
        number = np.zeros(len(model.residues), np.int64)
        number[residues] = np.arange(residues.size)
        keys = [
            np.unique(voxels * residues.size + number[model.residue[near]])
            for near, voxels in self._near(atoms)
        ]
        voxels, of = np.divmod(np.unique(np.concatenate(keys)), residues.size)
        if not voxels.size:
            return
        terms = self._terms(voxels)
        first = np.r_[True, np.diff(voxels) != 0]
        self.residues[residues] = _pearson(
            np.array([np.bincount(of, term, residues.size) for term in terms])
        )
        self.chains[chain] = _pearson(terms[:, first].sum(axis=1)[:, np.newaxis])[0]
        self.segments[residues] = _pearson(_over_segments(first, of, terms, residues.size))

    def _near(self, atoms: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], Integers]]:
        """Atoms and the voxels within the radius of each, pair by pair."""
        pairs = voxels_around(
            self._places[atoms], self._grid.box, self._grid.voxel_size, self._radius
        )
        return ((atoms[of], voxels) for of, voxels in pairs)

    def _terms(self, voxels: Integers) -> Reals:
        """What is summed of each voxel: 1, v, m, v², m², v·m; shape (6, voxels)."""
        v, m = (values.ravel()[voxels].astype(np.float64) for values in self._values)
        return np.array([np.ones_like(v), v, m, v * v, m * m, v * m])


def _over_segments(first: NDArray[np.bool_], of: Integers, terms: Reals, residues: int) -> Reals:
    """Sums over the voxels of each residue and its neighbours; shape (6, residues).

    A voxel near several residues counts once: each pair of voxel and residue adds it to those
    segments that have it from no residue before. Pairs are sorted by voxel, then by residue.
    """
    before = np.where(first, -(NEIGHBOURS + 1) * 2, np.r_[0, of[:-1]])
    end = np.minimum(of + NEIGHBOURS, residues - 1) + 1
    begin = np.clip(np.maximum(of - NEIGHBOURS, before + NEIGHBOURS + 1), 0, end)
    steps = np.array(
        [
            np.bincount(begin, term, residues + 1) - np.bincount(end, term, residues + 1)
            for term in terms
        ]
    )
    sums: Reals = np.cumsum(steps, axis=1)[:, :residues]
    return sums


def _pearson(sums: Reals) -> Reals:
    """Correlations from sums of 1, v, m, v², m², v·m, shape (6, parts)."""
    n, v, m, vv, mm, vm = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        above = vm - v * m / n
        found: Reals = above / np.sqrt((vv - v * v / n) * (mm - m * m / n))
    found[(n < _FEWEST) | ~np.isfinite(found)] = np.nan
    return found


def _standardised(values: Volume) -> NDArray[Any]:
    """Values less their mean, over their deviation, so that sums of squares keep their digits."""
    deviation = float(values.std(dtype=np.float64)) or 1.0
    return (values - np.float32(values.mean(dtype=np.float64))) / np.float32(deviation)
