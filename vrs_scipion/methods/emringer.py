"""EMRinger: is the density around side chains highest where rotamers put their first atom?

The γ atom of each side chain is turned about the bond from Cα to Cβ, and the map read on the way.
Where the backbone is right and the map good enough, the peak lies at χ1 of 60°, 180° or 300°.

References
----------
Barad et al. (2015), doi:10.1038/nmeth.3541
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Triple
from vrs_scipion.maps.trilinear import at_points
from vrs_scipion.models.atomic_model import AtomicModel, Indices, indices

GAMMA = {
    "ARG": "CG",
    "ASN": "CG",
    "ASP": "CG",
    "CYS": "SG",
    "GLU": "CG",
    "GLN": "CG",
    "HIS": "CG",
    "LEU": "CG",
    "LYS": "CG",
    "MET": "CG",
    "PHE": "CG",
    "SER": "OG",
    "TRP": "CG",
    "TYR": "CG",
    "SEC": "SE",
    "PYL": "CG",
}
"""The atom that is turned, by the residue's name."""
ANGLES = 5.0 * np.arange(1, 73)
"""χ1 in degrees at which the map is read."""
THRESHOLDS = 20
FEWEST = 5
"""Residues scanned in a window whose score is worth a point."""
BY_CHANCE = 39 / 72
"""Share of rotameric peaks that the published score takes for that of chance; it is 36 of 72."""

_FLAT = 1e-9
"""Contrast, in shares of the highest value, that is the arithmetic's own."""
_EXPECTED_WIDTH = BY_CHANCE * (1 - BY_CHANCE)

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Scan:
    """The map around the side chains of L residues.

    Attributes
    ----------
    residues : intp array, shape (L,), indices
    values : float64 array, shape (L, 72), at `ANGLES`
    modelled : float64 array, shape (L,), χ1 of the model, 0° to 360°
    """

    residues: Indices
    values: Reals
    modelled: Reals

    def __len__(self) -> int:
        return len(self.residues)

    @property
    def peak(self) -> Indices:
        """Index of the highest value of each residue, shape (L,)."""
        found: Indices = self.values.argmax(axis=1)
        return found

    @property
    def peak_angle(self) -> Reals:
        """χ1 of it in degrees, shape (L,)."""
        return ANGLES[self.peak]

    @property
    def peak_value(self) -> Reals:
        """The highest value of each residue, shape (L,)."""
        highest: Reals = self.values.max(axis=1)
        return highest

    @property
    def off_rotamer(self) -> Reals:
        """Degrees between the peak and the nearest of 60°, 180° and 300°, shape (L,)."""
        off: Reals = np.abs(self.peak_angle % 120 - 60)
        return off

    @property
    def rotameric(self) -> NDArray[np.bool_]:
        """Whether the peak lies within about 30° of 60°, 180° or 300°, shape (L,)."""
        chosen: NDArray[np.bool_] = ((self.peak - 6) % 72) // 12 % 2 == 0
        return chosen


@dataclass(frozen=True)
class Statistics:
    """What counts at each of t thresholds, from the mean of all values on.

    Attributes
    ----------
    thresholds : float64 array, shape (t,), in the map's units
    counted : residues whose peak is higher, shape (t,)
    ratio : share of them that are rotameric
    z : that share in standard deviations above chance
    scanned : residues, L
    """

    thresholds: Reals
    counted: NDArray[np.int64]
    ratio: Reals
    z: Reals
    scanned: int

    @property
    def best(self) -> int:
        """Index of the threshold with the largest z."""
        return int(np.argmax(self.z))

    @property
    def scores(self) -> Reals:
        """EMRinger score at each threshold, shape (t,)."""
        scores: Reals = 10 * self.z / np.sqrt(self.scanned)
        return scores

    @property
    def score(self) -> float:
        """The EMRinger score."""
        return float(self.scores[self.best])


def scan(density: Density, start: Triple, model: AtomicModel) -> Scan:
    """Read the map where the γ atoms of side chains could be.

    Parameters
    ----------
    density : the map; 0 beyond its outermost voxels
    start : Å along z, y, x, where its voxel 0 lies
    model : of alternative conformations the main one is taken; atoms of occupancy 0 are left out
    """
    residues, corners = _side_chains(model)
    n, ca, cb, gamma = model.atoms.positions[corners].transpose(1, 0, 2)
    where, modelled = _turned(n, ca, cb, gamma)
    places = indices(where.reshape(-1, 3), start, density.voxel_size)
    values = at_points(density.values, places).reshape(-1, len(ANGLES))
    return Scan(residues, values, modelled)


def _side_chains(model: AtomicModel) -> tuple[Indices, Indices]:
    """The residues that can be scanned, (L,), and their N, CA, CB and γ atoms, (L, 4)."""
    first = {name: model.first_atoms(name) for name in {"N", "CA", "CB", *GAMMA.values()}}
    of_type = [GAMMA.get(name, "") for name in model.residues.names.tolist()]
    gamma = np.full(len(of_type), -1, np.intp)
    for name in set(GAMMA.values()):
        chosen = np.array([one == name for one in of_type], bool)
        gamma[chosen] = first[name][chosen]
    corners = np.column_stack((first["N"], first["CA"], first["CB"], gamma))
    there = (corners >= 0).all(axis=1) & model.scored[corners].all(axis=1)
    return np.flatnonzero(there), corners[there]


def _turned(n: Reals, ca: Reals, cb: Reals, gamma: Reals) -> tuple[Reals, Reals]:
    """The γ atoms with χ1 of `ANGLES`, shape (L, 72, 3), and χ1 as it is; from positions (L, 3)."""
    axis = _unit(cb - ca)
    bond = gamma - cb
    height = np.einsum("ij,ij->i", bond, axis)[:, np.newaxis] * axis
    back = n - ca
    towards = _unit(back - np.einsum("ij,ij->i", back, axis)[:, np.newaxis] * axis)
    aside = np.cross(axis, towards)
    along, across = (np.einsum("ij,ij->i", bond, one) for one in (towards, aside))
    radius = np.hypot(along, across)[:, np.newaxis, np.newaxis]
    angle = np.radians(ANGLES)[:, np.newaxis]
    circle = np.cos(angle) * towards[:, np.newaxis] + np.sin(angle) * aside[:, np.newaxis]
    turned = (cb + height)[:, np.newaxis] + radius * circle
    return turned, np.degrees(np.arctan2(across, along)) % 360


def _unit(vectors: Reals) -> Reals:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Reals = vectors / np.where(lengths > 0, lengths, 1.0)
    return unit


def statistics(found: Scan) -> Statistics | None:
    """How the share of rotameric peaks rises with the threshold; None of a map without contrast.

    Thresholds without a rotameric peak, and all above, are left out.
    """
    peak, rotameric = found.peak_value, found.rotameric
    mean, highest = float(found.values.mean()), float(found.values.max())
    if highest - mean <= _FLAT * abs(highest):
        return None
    thresholds = mean + np.arange(THRESHOLDS) * (highest - mean) / THRESHOLDS
    above = peak > thresholds[:, np.newaxis]
    counted = np.count_nonzero(above, axis=1)
    right = np.count_nonzero(above & rotameric, axis=1)
    kept = int(np.argmax(np.append(right, 0) == 0))
    if not kept:
        return None
    n, right = counted[:kept], right[:kept]
    z = (right - n * BY_CHANCE) / np.sqrt(n * _EXPECTED_WIDTH)
    return Statistics(thresholds[:kept], n, right / n, z, len(found))


def rolling(found: Scan, model: AtomicModel, threshold: float, window: int = 21) -> Reals:
    """The score of the residues around each one along its chain, at one threshold.

    Parameters
    ----------
    found : the scan of the model, of m residues
    threshold : in the map's units
    window : residues of the chain that count, an odd number

    Returns
    -------
    float64 array, shape (m,), NaN where fewer than `FEWEST` of them were scanned
    """
    scanned, counted, right = np.zeros((3, len(model.residues)))
    above = found.peak_value > threshold
    scanned[found.residues] = 1
    counted[found.residues] = above
    right[found.residues] = above & found.rotameric
    score = np.full(len(model.residues), np.nan)
    for chain in np.unique(model.residues.chains[found.residues]).tolist():
        of = np.flatnonzero(model.residues.chains == chain)
        length, n, good = (_sums_around(one[of], window) for one in (scanned, counted, right))
        z = (good - n * BY_CHANCE) / np.sqrt(np.maximum(n, 1) * _EXPECTED_WIDTH)
        score[of] = np.where(length >= FEWEST, 10 * z / np.sqrt(np.maximum(length, 1)), np.nan)
    return score


def _sums_around(values: Reals, window: int) -> Reals:
    """Sums over a window about each value, of those that are there."""
    half = window // 2
    sums: Reals = np.convolve(values, np.ones(window))[half : half + len(values)]
    return sums
