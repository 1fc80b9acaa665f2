"""Whether two maps correlate alike in all directions: a test of disjoint sectors."""

from __future__ import annotations

import numpy as np

from vrs_scipion.methods.directional.overlap import Overlap
from vrs_scipion.methods.directional.sums import DirectionalSums
from vrs_scipion.methods.shells import Reals

_LOWEST, _HIGHEST = 0.2, 0.9
"""Correlations between which shells are compared."""
_SHELLS = 3
"""That are compared together."""


def chi_square_per_degree(sums: DirectionalSums, overlap: Overlap, order: int = 1) -> float | None:
    """χ² of Fisher's z of ten disjoint sectors against one value for all, per degree of freedom.

    Were chance alone at work it would be 1. It is 1.5 to 2.5 for half maps whose noise is alike in
    all directions, since the molecule's amplitudes are not, so that it decides nothing.

    Parameters
    ----------
    sums : of the maps
    overlap : of the mask that they were put under
    order : of the point group that was imposed on both

    Returns
    -------
    None where no three shells in a row correlate by 0.2 to 0.9
    """
    cross, first, second, _ = sums.all.sum(axis=2)
    norm = np.sqrt(first * second)
    correlation = np.divide(cross, norm, out=np.zeros_like(cross), where=norm > 0)
    usable = np.flatnonzero((correlation > _LOWEST) & (correlation < _HIGHEST))
    groups = usable[: usable.size // _SHELLS * _SHELLS].reshape(-1, _SHELLS)
    groups = groups[np.ptp(groups, axis=1) == _SHELLS - 1]
    if not groups.size:
        return None
    cross, first, second, samples = sums.all[:, groups].sum(axis=2) @ _sectors(
        sums.sphere.directions
    )
    together = 1 + (4 * overlap.next + 2 * overlap.second) / _SHELLS
    weight = samples / (overlap.redundancy * order * together)
    z = np.arctanh(np.clip(cross / np.sqrt(first * second), -0.999, 0.999))
    mean = (weight * z).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    return float((weight * (z - mean) ** 2).sum() / (z.size - len(z)))


def _sectors(directions: Reals) -> Reals:
    """Which directions are nearest to each threefold axis of an icosahedron; shape (n, 10)."""
    golden = (1 + 5**0.5) / 2
    corners = [(1, y, x) for y in (1, -1) for x in (1, -1)]
    edges = [np.roll((0, 1 / golden, s * golden), turn) for turn in range(3) for s in (1, -1)]
    nearest = np.abs(directions @ np.array([*corners, *edges]).T).argmax(axis=1)
    sectors: Reals = np.eye(len(corners) + len(edges))[nearest]
    return sectors
