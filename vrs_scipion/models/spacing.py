"""How far the atoms of a model are from each other: whether its coordinates are in Å at all."""

from __future__ import annotations

import math

import numpy as np

from vrs_scipion.models.atomic_model import AtomicModel

TOO_NEAR, TOO_FAR = 0.5, 10.0
"""Å, of the nearest neighbour of most atoms, which is 1.2 to 1.6 Å away in any molecule."""

_LOOKED_AT = 2000


def spacing(model: AtomicModel) -> float | None:
    """Å from an atom to its nearest one, the median of many; None of a lonely atom."""
    from scipy.spatial import cKDTree  # slow to load

    chosen = np.flatnonzero(model.scored & model.main_conformers)
    if chosen.size < 2:
        return None
    positions = model.atoms.positions[chosen]
    some = positions[:: math.ceil(chosen.size / _LOOKED_AT)]
    distance, _ = cKDTree(positions).query(some, k=2)
    return float(np.median(distance[:, 1]))
