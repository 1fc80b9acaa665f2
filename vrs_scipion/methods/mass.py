"""Mass of a map: where its centre is, and how much of it lies above a threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrs_scipion.maps.density import Mask, Volume

CUBIC_ANGSTROM_PER_DALTON = 1.207
DALTON_PER_RESIDUE = 110.0

_LEVELS = 25


def center_of_mass(values: Volume, mask: Mask | None = None) -> tuple[float, float, float]:
    """Centre of mass in voxels along z, y, x, of the whole map or inside a mask.

    Negative densities count as negative masses; where all of them cancel, it is NaN.
    """
    weights = values if mask is None else np.where(mask, values, np.float32(0))
    planes = weights.sum(axis=(1, 2), dtype=np.float64)
    rows = weights.sum(axis=(0, 2), dtype=np.float64)
    columns = weights.sum(axis=(0, 1), dtype=np.float64)
    total = planes.sum()
    if total == 0:
        return float("nan"), float("nan"), float("nan")
    z, y, x = (float(np.arange(p.size) @ p / total) for p in (planes, rows, columns))
    return z, y, x


def center_of_mass_shift(center: Sequence[float], box: Sequence[int]) -> tuple[float, ...]:
    """Distance of ``center`` from voxel N/2 along z, y, x, in % of the box."""
    return tuple(100 * abs(c - n / 2) / n for c, n in zip(center, box, strict=True))


def mass_of(volume: float) -> float:
    """kDa of protein that fill ``volume`` Å³."""
    return volume / CUBIC_ANGSTROM_PER_DALTON / 1000


def mass_vs_threshold(values: Volume, voxel_volume: float) -> list[tuple[float, int, float, float]]:
    """Voxels above k·max/25 for k = 1 … 24 as (threshold, voxels, kDa, residues).

    1.207 Å³ hold a dalton of protein and 110 Da make a residue. Of a map without positive
    values there are no thresholds.
    """
    highest = float(values.max())
    rows = []
    for k in range(1, _LEVELS) if highest > 0 else ():
        threshold = k * highest / _LEVELS
        voxels = int(np.count_nonzero(values > threshold))
        mass = mass_of(voxels * voxel_volume)
        rows.append((threshold, voxels, mass, 1000 * mass / DALTON_PER_RESIDUE))
    return rows
