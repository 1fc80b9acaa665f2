"""A model turned to every direction, and mirrored: where else it fits a map."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Volume
from vrs_scipion.methods.placement_fit.motion import Matrix, Motion
from vrs_scipion.methods.placement_fit.surroundings import Whole
from vrs_scipion.methods.shells import HalfSpectrum, Shells, half_spectrum, power
from vrs_scipion.models.atomic_model import AtomicModel

_CUT = 8.0
"""Å, what is finer is left out of the search."""
_LARGEST_SIDE = 48
"""Voxels of the box that is searched; larger maps are searched at lower resolution."""
_PER_CUT = 3
_DIRECTIONS = 4608
"""Rotations about 15° apart."""
_ATOMS = 1500
"""That stand for a larger model."""
_OCCUPIED = 0.2
"""Of the highest value, above which a low-passed map is no background."""
_APART = 20.0
"""Degrees between two directions that are told apart."""
_LIKE_AXES = 6.0
"""Degrees from an exchange of axes that is still called so."""


def exchanges() -> Iterator[Matrix]:
    """The 47 ways to exchange or reverse axes, as matrices on x, y, z; half of them mirror."""
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[range(3), order] = signs
            if not np.array_equal(matrix, np.eye(3)):
                yield matrix


def directions(count: int = _DIRECTIONS) -> Iterator[Matrix]:
    """Rotations spread evenly over all of them, by super-Fibonacci spirals.

    References
    ----------
    Alexa (2022), doi:10.1109/CVPR52688.2022.00811
    """
    from scipy.spatial.transform import Rotation  # slow to load

    s = np.arange(count) + 0.5
    inner, outer = np.sqrt(s / count), np.sqrt(1 - s / count)
    a, b = 2 * np.pi * s / math.sqrt(2), 2 * np.pi * s / 1.533751168755204288118041
    turns = np.stack(
        [inner * np.sin(a), inner * np.cos(a), outer * np.sin(b), outer * np.cos(b)], 1
    )
    yield from Rotation.from_quat(turns).as_matrix()


@dataclass(frozen=True)
class Turned:
    """A direction of a model, where it fits best so, and how well (of no meaning by itself)."""

    motion: Motion
    score: float


class Search:
    """A low-passed map whose shells are equally strong, in which a model is sought.

    Parameters
    ----------
    of : the whole map
    model : what is sought; its atoms count alike
    """

    def __init__(self, of: Whole, model: AtomicModel) -> None:
        from scipy import fft  # slow to load

        positions = model.atoms.positions[model.scored]
        self.centre = positions.mean(axis=0)
        self._atoms = positions[:: math.ceil(len(positions) / _ATOMS)] - self.centre
        extent = max(n * s for n, s in zip(of.box, of.voxel_size, strict=True))
        values, _ = of.low_passed(max(_CUT, _PER_CUT * extent / _LARGEST_SIDE))
        low, high = _occupied(values)
        cut = max(
            _CUT, _PER_CUT * extent * float(np.max((high - low) / values.shape)) / _LARGEST_SIDE
        )
        values, self._size = of.low_passed(cut)
        low, high = _occupied(values)
        part = values[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        self._start = np.asarray(of.start) + low * np.asarray(self._size)
        diameter = 2 * float(np.linalg.norm(self._atoms, axis=1).max())
        self._box = tuple(
            fft.next_fast_len(max(n, math.ceil(diameter / s)) + 4, real=True)
            for n, s in zip(part.shape, self._size, strict=True)
        )
        self._reach = part.shape
        self._threads = of.threads
        padded = np.zeros(self._box, np.float32)
        padded[tuple(slice(n) for n in part.shape)] = part - np.float32(part.min())
        shells = Shells(self._box, self._size)
        places = np.stack([shells.places(z) for z in range(self._box[0])])
        last = shells.frequency < 1 / cut
        spectrum = half_spectrum(padded, of.threads)
        template = half_spectrum(self._splat(np.eye(3)), of.threads)
        gain = _whitening(spectrum, shells, last) * _whitening(template, shells, last)
        self._spectrum = (spectrum * gain.astype(np.float32)[places]).astype(np.complex64)

    def best(self, matrices: Iterable[Matrix], count: int) -> list[Turned]:
        """The best of some matrices on x, y, z, no two of them alike, the best first."""
        found = [self._turned(matrix) for matrix in matrices]
        scores = np.array([one.score for one in found])
        kept: list[Turned] = []
        for number in np.argsort(-scores):
            one = found[number]
            if all(angle_between(one.motion.rotation, k.motion.rotation) > _APART for k in kept):
                kept.append(one)
            if len(kept) == count:
                break
        return kept

    def _turned(self, matrix: Matrix) -> Turned:
        from scipy import fft  # slow to load

        product = np.conj(fft.rfftn(self._splat(matrix), workers=self._threads))
        product *= self._spectrum
        scores = fft.irfftn(product, s=self._box, overwrite_x=True, workers=self._threads)
        scores = scores[tuple(slice(n) for n in self._reach)]
        place = np.unravel_index(int(np.argmax(scores)), scores.shape)
        zyx = self._start + np.array(place) * self._size
        motion = Motion(self.centre, zyx[::-1] - self.centre, matrix)
        return Turned(motion, float(scores[place]))

    def _splat(self, matrix: Matrix) -> Volume:
        """Atoms about voxel 0 of the periodic box, each shared among the eight voxels around it."""
        places = (self._atoms @ matrix.T)[:, ::-1] / self._size
        lower = np.floor(places).astype(np.intp)
        share = places - lower
        count, box = len(places), self._box
        index, weight = np.zeros((1, count), np.intp), np.ones((1, count))
        for axis, n in enumerate(box):
            next_to = np.stack([lower[:, axis] % n, (lower[:, axis] + 1) % n])
            parts = np.stack([1 - share[:, axis], share[:, axis]])
            index = (index[:, None] * n + next_to).reshape(-1, count)
            weight = (weight[:, None] * parts).reshape(-1, count)
        found = np.bincount(index.ravel(), weight.ravel(), math.prod(box))
        return found.reshape(box).astype(np.float32)


def _occupied(values: Volume) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last index, the latter outside, of what is no background along z, y, x."""
    places = np.argwhere(values > _OCCUPIED * values.max())
    return places.min(axis=0), places.max(axis=0) + 1


def _whitening(
    spectrum: HalfSpectrum, shells: Shells, kept: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What makes all shells equally strong, by `Shells.places`; 0 where they are not kept."""
    (sums,), samples = shells.sums(lambda z: (power(spectrum[z]),))
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.sqrt(samples / sums)
    return np.concatenate([[0.0], np.where(kept & np.isfinite(gain), gain, 0.0), [0.0]])


def angle_between(first: Matrix, second: Matrix) -> float:
    """Degrees by which one has to turn from one to the other; 180 if one mirrors, one does not."""
    turn = first @ second.T
    if np.linalg.det(turn) < 0:
        return 180.0
    return math.degrees(math.acos(float(np.clip((np.trace(turn) - 1) / 2, -1, 1))))


def exchange_like(matrix: Matrix) -> Matrix | None:
    """The exchange or reversal of axes that a matrix is within 6°; None if it is none."""
    alike = (one for one in exchanges() if angle_between(matrix, one) < _LIKE_AXES)
    return next(alike, None)


def axis_order(matrix: Matrix) -> tuple[int, int, int] | None:
    """MAPC, MAPR and MAPS with which a map should have been read; None where that is not it.

    Parameters
    ----------
    matrix : what a model in the right place is moved by to fit the map as it was read
    """
    exchange = exchange_like(matrix)
    if exchange is None or (exchange < 0).any():
        return None
    x, y, z = (int(np.argmax(row)) + 1 for row in exchange)
    return x, y, z
