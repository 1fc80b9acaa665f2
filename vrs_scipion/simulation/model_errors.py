"""The errors that refinement leaves in a model that fits its map."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.simulation.model_pair import Pair

_WAVES, _SHORTEST, _LONGEST = 24, 12.0, 40.0
"""Waves that displace the atoms, and Å between which their lengths lie."""
_ROUGH = 0.02
"""Å r.m.s. of what is not smooth in space."""
_RESTRAINED = 2.65
"""Å: atoms nearer to each other share a bond or an angle."""
_ROUNDS = 60
_B_ERROR = 0.2
"""Standard deviation of a B-factor's logarithm."""


def refined(pair: Pair, rms: float) -> Pair:
    """Atoms displaced by a few tenths of an Å, neighbours alike, and B-factors off by a fifth.

    The displacement is smooth, neither moves, turns, scales nor shears the whole, and keeps bonds
    and angles; 0.02 Å of it are every atom's own.
    """
    positions = pair.positions
    smooth = _smooth(positions, pair.generator)
    wanted = smooth * (rms / _rms(smooth)) if len(positions) > _WAVES else smooth
    bent = _with_bonds_kept(positions, positions + wanted) - positions
    rough = pair.generator.normal(0, _ROUGH / np.sqrt(3), positions.shape)
    for site in pair.model[0].all():
        site.atom.b_iso *= float(np.exp(pair.generator.normal(0, _B_ERROR)))
    own = np.sqrt(max(rms**2 - _ROUGH**2, 0.0))
    return pair.moved_to(positions + bent * (own / max(_rms(bent), 1e-6)) + rough)


def _smooth(positions: Coordinates, generator: np.random.Generator) -> Coordinates:
    """Displacements by waves of all directions, without what is linear in space."""
    directions = generator.standard_normal((_WAVES, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = generator.uniform(_SHORTEST, _LONGEST, _WAVES)
    phases = positions @ (2 * np.pi * directions / lengths[:, None]).T
    waves = np.cos(phases + generator.uniform(0, 2 * np.pi, _WAVES))
    field = waves @ generator.standard_normal((_WAVES, 3))
    linear = np.column_stack((np.ones(len(positions)), positions - positions.mean(axis=0)))
    return np.asarray(field - linear @ np.linalg.lstsq(linear, field, rcond=None)[0])


def _with_bonds_kept(ideal: Coordinates, positions: Coordinates) -> Coordinates:
    """Positions moved until neighbours are as far from each other as they are ideally."""
    first, second = cKDTree(ideal).query_pairs(_RESTRAINED, output_type="ndarray").T
    lengths = np.linalg.norm(ideal[first] - ideal[second], axis=1)
    shares = np.bincount(np.concatenate((first, second)), minlength=len(ideal)).clip(1)
    positions = positions.copy()
    for _ in range(_ROUNDS):
        between = positions[first] - positions[second]
        distance = np.linalg.norm(between, axis=1)
        pull = between * ((lengths / np.maximum(distance, 1e-6) - 1) / 2)[:, None]
        moves = np.column_stack(
            [
                np.bincount(first, pull[:, axis], len(ideal))
                - np.bincount(second, pull[:, axis], len(ideal))
                for axis in range(3)
            ]
        )
        positions += moves * (1.8 / shares)[:, None]
    return positions


def _rms(displacement: Coordinates) -> float:
    return float(np.sqrt(np.square(displacement).sum(axis=1).mean()))
