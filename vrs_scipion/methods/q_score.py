"""Q-score: how well the density around each atom looks like that of an atom.

The map is sampled on spheres about the atom, at points that no other atom is nearer to, and
correlated with a Gaussian of the distance. The Gaussian's height and ground are those that the
map's mean and standard deviation give; a correlation about the mean does not feel either of them.

References
----------
Pintilie et al. (2020), doi:10.1038/s41592-020-0731-1
Pintilie et al. (2025), doi:10.1107/S2059798325005923
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.maps.trilinear import at_points, interpolate
from vrs_scipion.models.kinds import POLYMERS, Kind

Reals = NDArray[np.float64]

SIGMAS = (0.4, 0.6)
"""Å: what EMDB and wwPDB report, and what the first publication took."""
RADII = 0.1 * np.arange(1, 21)
"""Å, of the spheres."""

EXPECTED: dict[float, dict[Kind, tuple[float, float]]] = {
    0.4: {Kind.PROTEIN: (1.1242, 0.1866), Kind.NUCLEIC: (0.9436, 0.1465)},
    0.6: {
        Kind.PROTEIN: (1.1192, 0.1775),
        Kind.NUCLEIC: (0.9973, 0.1377),
        Kind.ION: (1.0795, 0.1103),
        Kind.WATER: (1.0001, 0.0895),
    },
}
"""By σ and kind: what atoms score on average at d Å is the first less the second times d."""
BEST, WORST = 1.0, 10.0
"""Å, ends of the scale of estimated resolutions."""

_FEWEST, _TRIES = 8, 50
_OWN = 0.9
"""A point belongs to the atom if no other is within so much of its distance."""
_SHRUNK = 1 - _OWN**2
_REACH = (1 + _OWN) * RADII[-1]
_CHUNK = 1000
"""Atoms at once: what they need stays in the processor's cache."""


def expected(kind: Kind, resolution: float, sigma: float) -> float | None:
    """What atoms of a kind score on average at a resolution (Å); None where it is not known."""
    line = EXPECTED[sigma].get(kind)
    return None if line is None else line[0] - line[1] * resolution


def estimated_resolution(scores: Mapping[Kind, Reals], sigma: float = SIGMAS[0]) -> float | None:
    """The resolution (Å) at which proteins and nucleic acids score on average as these do.

    Parameters
    ----------
    scores : of the atoms, by their kind; only polymers count, each atom as much
    sigma : Å, of the scores
    """
    lines = {kind: EXPECTED[sigma][kind] for kind in POLYMERS if len(scores.get(kind, ()))}
    if not lines:
        return None
    at = [(line[0] - scores[kind]) / line[1] for kind, line in lines.items()]
    return float(np.clip(np.concatenate(at).mean(), BEST, WORST))


@dataclass(frozen=True)
class RadialSums:
    """The values around n atoms, by radius: 0 and then `RADII`.

    Attributes
    ----------
    count : float64 array, shape (n, 21), points; 0 where other atoms leave too few
    total, squares : of the same shape, sums of their values less that at the atom, and of squares
    at_atom : float64 array, shape (n,), the value at the atom
    """

    count: Reals
    total: Reals
    squares: Reals
    at_atom: Reals

    def score(self, sigma: float) -> Reals:
        """Correlation with a Gaussian of a width (Å), shape (n,); 0 where nothing varies."""
        gaussian = np.exp(-0.5 * (np.r_[0.0, RADII] / sigma) ** 2)
        n = self.count.sum(axis=1)
        mean, expected = self.total.sum(axis=1) / n, self.count @ gaussian / n
        spread = self.squares.sum(axis=1) - n * mean**2
        width = self.count @ gaussian**2 - n * expected**2
        common = self.total @ gaussian - n * mean * expected
        noise = 1e-12 * (self.squares.sum(axis=1) + n * self.at_atom**2)
        varies = spread > noise
        product = np.sqrt(np.where(varies, spread * width, 1.0))
        return np.where(varies, common / product, 0.0)

    @property
    def mean_profile(self) -> Reals:
        """Mean value of all points at each radius, shape (21,); NaN where there are none."""
        count = self.count.sum(axis=0)
        total = (self.total + self.count * self.at_atom[:, np.newaxis]).sum(axis=0)
        with np.errstate(invalid="ignore"):
            mean: Reals = total / count
        return mean


def q_scores(
    volume: Volume,
    voxel_size: Triple,
    places: NDArray[np.float64],
    of: NDArray[np.intp] | None = None,
    sigmas: Sequence[float] = SIGMAS,
) -> Reals:
    """Q-scores of atoms.

    Parameters
    ----------
    volume : float32 array, shape (nz, ny, nx), the map; 0 beyond its outermost voxels
    voxel_size : Å along z, y, x
    places : float64 array, shape (n, 3), indices of voxels along z, y, x of all atoms that are no
        hydrogens, alternative conformations too (`AtomicModel.indices`)
    of : indices of the atoms that are asked for; None for all
    sigmas : Å, widths of the Gaussian; a second one costs nothing

    Returns
    -------
    float64 array, shape (len(sigmas), len(of)), from −1 to 1
    """
    asked = len(places) if of is None else len(of)
    scores = np.empty((len(sigmas), asked))
    done = 0
    for sums in radial_sums(volume, voxel_size, places, of):
        end = done + len(sums.at_atom)
        scores[:, done:end] = [sums.score(sigma) for sigma in sigmas]
        done = end
    return scores


def radial_sums(
    volume: Volume,
    voxel_size: Triple,
    places: NDArray[np.float64],
    of: NDArray[np.intp] | None = None,
) -> Iterator[RadialSums]:
    """What `q_scores` is made of, for one part of the atoms after the other, in their order."""
    from scipy.spatial import cKDTree  # slow to load

    positions = places * np.asarray(voxel_size)
    tree = cKDTree(positions)
    asked = np.arange(len(places)) if of is None else of
    for first in range(0, len(asked), _CHUNK):
        chosen = positions[asked[first : first + _CHUNK]]
        pairs = cKDTree(chosen).sparse_distance_matrix(tree, _REACH, output_type="ndarray")
        pairs = pairs[np.argsort(pairs["i"], kind="stable")]
        atom = pairs["i"]
        yield _sums(volume, voxel_size, chosen, atom, positions[pairs["j"]] - chosen[atom])


def _sums(
    volume: Volume,
    voxel_size: Triple,
    centres: Reals,
    atom: NDArray[np.intp],
    offset: Reals,
) -> RadialSums:
    """The sums of some atoms (a, 3), from their neighbours, sorted by atom; each is its own, too.

    With more and more points on the spheres, until enough of them are left at every radius.
    """
    n, radii = len(centres), len(RADII)
    at_atom = at_points(volume, centres / voxel_size)
    count, total, squares = np.zeros((3, n, radii))
    open_ = np.arange(n)
    for attempt in range(_TRIES):
        directions = _spiral(_FEWEST + 2 * attempt)
        free = _free(directions, atom, offset, len(open_))
        enough = (free.sum(axis=1) >= _FEWEST) & (count[open_] == 0)
        which, point, radius = np.nonzero(free & enough[:, np.newaxis])
        where = centres[open_[which]] + RADII[radius, np.newaxis] * directions[point]
        value = at_points(volume, where / voxel_size) - at_atom[open_[which]]
        bins = open_[which] * radii + radius
        for sums, weights in ((count, None), (total, value), (squares, value**2)):
            sums += np.bincount(bins, weights, n * radii).reshape(n, radii)
        left = (count[open_] == 0).any(axis=1)
        if not left.any():
            break
        open_, of_left = open_[left], left[atom]
        atom, offset = (np.cumsum(left) - 1)[atom[of_left]], offset[of_left]
    none = np.zeros((n, 1))
    return RadialSums(
        np.hstack((none + _FEWEST, count)),
        np.hstack((none, total)),
        np.hstack((none, squares)),
        at_atom,
    )


def _free(
    directions: Reals, atom: NDArray[np.intp], offset: Reals, atoms: int
) -> NDArray[np.bool_]:
    """The points on spheres about atoms that are not too near to others.

    A neighbour at a vector v takes the point at R·u where |R·u − v| < 0.9·R. With c = u·v that is
    between two radii, the roots of 0.19·R² − 2·c·R + v², of which the larger lies beyond the
    largest sphere unless the neighbour is closer than any bond is long.

    Returns
    -------
    bool array, shape (atoms, directions, radii)
    """
    square = np.einsum("ij,ij->i", offset, offset)[:, np.newaxis]
    along = offset @ directions.T
    root = along**2 - _SHRUNK * square
    takes = (root > 0) & (along > 0)
    upper = along + np.sqrt(np.where(takes, root, 0.0))
    begins = np.where(takes, square / np.where(takes, upper, 1.0), np.inf)
    close = np.flatnonzero(takes.any(axis=1) & (square[:, 0] < _SHRUNK * RADII[-1] ** 2))
    intervals = begins[close, :, np.newaxis], upper[close, :, np.newaxis] / _SHRUNK
    begins[close] = np.inf
    starts = np.searchsorted(atom, np.arange(atoms))
    free: NDArray[np.bool_] = np.minimum.reduceat(begins, starts)[..., np.newaxis] >= RADII
    for one, first, last in zip(atom[close], *intervals, strict=True):
        free[one] &= (first >= RADII) | (last <= RADII)
    return free


@cache
def _spiral(count: int) -> Reals:
    """Directions z, y, x, evenly about a sphere along a spiral from pole to pole: (count, 3)."""
    height = np.linspace(-1, 1, count)
    azimuth = np.zeros(count)
    azimuth[1:-1] = np.cumsum(3.6 / np.sqrt(count * (1 - height[1:-1] ** 2)))
    flat = np.sqrt(1 - height**2)
    return np.column_stack((height, flat * np.sin(azimuth), flat * np.cos(azimuth)))


def on_rounded_origin(
    volume: Volume, voxel_size: Triple, origin: ArrayLike
) -> tuple[Volume, Triple]:
    """A map as MapQ sees it: moved by linear interpolation until its origin is a voxel's place.

    Where the origin is not a whole number of voxels this blurs the map, and lowers the scores by
    some thousandths.

    Parameters
    ----------
    volume : float32 array, shape (nz, ny, nx)
    voxel_size : Å along z, y, x
    origin : of the map's header, Å along z, y, x, 32 bits

    Returns
    -------
    The map, and where its voxel 0 lies now.
    """
    voxel = np.asarray(voxel_size, np.float64)
    exact = np.asarray(origin, np.float32).astype(np.float64) / voxel
    nearest = np.rint(exact)
    z, y, x = (np.arange(n) + shift for n, shift in zip(volume.shape, nearest - exact, strict=True))
    z0, y0, x0 = (nearest * voxel).tolist()
    return interpolate(volume, (z, y, x)), (z0, y0, x0)
