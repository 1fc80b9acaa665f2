"""Are two maps in one pose? The 48 ways to permute and reverse axes, each at its best shift.

Files in another order of axes, half maps of the other hand and maps that were turned by a right
angle are all of these. The shift is that of the largest phase correlation (Kuglin & Hines 1975,
Proc. IEEE Int. Conf. on Cybernetics and Society, 163–165).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods.belonging.cubes import Cube
from vrs_scipion.methods.fsc import HALF, FscCurve
from vrs_scipion.methods.shells import half_spectrum

FINEST = (5.0, 10.0, 20.0, 40.0)
"""Å: details of the copies in which a pose is looked for, one after the other until it is sure."""
SURE, SIGNAL = 200.0, 40.0
"""Nats of information that two maps share in a pose that is beyond doubt, and in one that is not
chance: two draws of noise share up to 30 in the best of all poses and shifts."""

_SIDE = 44
"""Voxels, the most that an edge of a copy has in which all poses are tried."""
_FEWEST_SHELLS = 3
_EVEN = 0.97
"""Of the highest peak of the correlation, what another has to have to be as good."""
_HIGHEST = 1 - 1e-6
_AXES, _HAND = "zyx", " (the other hand)"


@dataclass(frozen=True)
class Pose:
    """A signed permutation of the axes: first they change places, then some are reversed.

    Attributes
    ----------
    order : which axis (0 is z, 1 is y, 2 is x) comes to the place of z, y and x
    signs : −1 for each that is reversed then
    """

    order: tuple[int, int, int]
    signs: tuple[int, int, int]

    def turned(self, values: Volume) -> Volume:
        """A cube so permuted."""
        z, y, x = (slice(None, None, sign) for sign in self.signs)
        return np.ascontiguousarray(values.transpose(self.order)[z, y, x])

    @property
    def is_identity(self) -> bool:
        return self == IDENTITY

    @property
    def is_mirror(self) -> bool:
        """Whether it changes the hand."""
        matrix = np.eye(3)[list(self.order)] * np.array(self.signs)[:, None]
        return bool(np.linalg.det(matrix) < 0)

    @property
    def words(self) -> str:
        """E.g. 'turned by 180° about z', 'mirrored along z (the other hand)'."""
        moved = [place for place, axis in enumerate(self.order) if place != axis]
        reversed_ = [place for place, sign in enumerate(self.signs) if sign < 0]
        if not moved:
            return _of_reversed(reversed_)
        if len(moved) == 2 and len(reversed_) == 1 and reversed_[0] in moved:
            (axis,) = set(range(3)) - set(moved)
            return f"turned by 90° about {_AXES[axis]}"
        first = (
            f"axes {_listed(moved)} exchanged"
            if len(moved) == 2
            else f"axes x, y, z taken from {', '.join(_AXES[axis] for axis in self.order[::-1])}"
        )
        then = f" and {_listed(reversed_)} reversed" if reversed_ else ""
        return f"{first}{then}{_HAND if self.is_mirror else ''}"


def _of_reversed(axes: list[int]) -> str:
    if not axes:
        return "as they are"
    if len(axes) == 2:
        (axis,) = set(range(3)) - set(axes)
        return f"turned by 180° about {_AXES[axis]}"
    return f"mirrored along {_listed(axes)}{_HAND}"


def _listed(axes: list[int]) -> str:
    *before, last = (_AXES[axis] for axis in sorted(axes, reverse=True))
    return f"{', '.join(before)} and {last}" if before else last


POSES = tuple(
    Pose(order, signs)  # type: ignore[arg-type]
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
)
"""All 48, the identity first."""
IDENTITY = POSES[0]


@dataclass(frozen=True)
class Fit:
    """How two maps agree in one pose.

    Attributes
    ----------
    pose : of the first one
    shift : Å along z, y, x by which the first one, so turned, lies from the second one
    curve : their correlation by shell, its samples those of the box
    redundancy : coefficients that share one independent value, as the maps' noise is not
        everywhere the same: 1 if it is
    """

    pose: Pose
    shift: Triple
    curve: FscCurve
    redundancy: float

    @property
    def information(self) -> float:
        """Nats that one map tells of the other: −½ Σ n ln(1 − C²), less where C is negative."""
        return information(self.curve) / self.redundancy

    def correlation(self, shells: int) -> float:
        """Mean of all coefficients of the first shells."""
        weights = self.curve.samples[:shells]
        return float(self.curve.correlation[:shells] @ weights / weights.sum())

    @property
    def agreeing(self) -> int:
        """Shells up to the first in which the correlation is below 0.5, three at least."""
        low = np.flatnonzero(self.curve.correlation < HALF)
        return max(_FEWEST_SHELLS, int(low[0]) if low.size else len(self.curve.correlation))


@dataclass(frozen=True)
class PoseSearch:
    """The best of all poses of one map against another, and the one that both are in.

    Attributes
    ----------
    best, identity : the same where no other is better
    finest : Å, the details that were looked at
    """

    best: Fit
    identity: Fit
    finest: float

    @property
    def is_found(self) -> bool:
        """Whether the maps share more than chance in the best pose."""
        return self.best.information > SIGNAL

    @property
    def best_correlation(self) -> float:
        """In the shells in which the best pose agrees."""
        return self.best.correlation(self.best.agreeing)

    @property
    def identity_correlation(self) -> float:
        """As both are, in the same shells."""
        return self.identity.correlation(self.best.agreeing)


def information(curve: FscCurve) -> float:
    """Nats that one of two maps tells of the other: −½ Σ n ln(1 − C²), less where C is negative."""
    values = np.clip(np.nan_to_num(curve.correlation), -_HIGHEST, _HIGHEST)
    return float(-0.5 * np.sum(np.sign(values) * curve.samples * np.log1p(-(values**2))))


def find_pose(first: Cube, second: Cube) -> PoseSearch:
    """In which of the 48 poses, and where, the first map fits the second one best.

    Both are taken with flat spectra, so that details count as much as the shape, on copies that
    are made coarser until what is found is sure, or as it was in the one that shows the most.
    """
    searches = []
    for finest, one, other in _copies(first, second):
        searches.append(_search(one, other, finest))
        if searches[-1].best.information > SURE:
            break
    return max(searches, key=lambda search: search.best.information)


def _copies(first: Cube, second: Cube) -> Iterator[tuple[float, Cube, Cube]]:
    """Both, ever coarser, with what is fine in them; those of the same voxels once."""
    least = max(first.voxel, len(first.values) * first.voxel / _SIDE)
    for index, voxel in enumerate(sorted({max(least, finest / 2) for finest in FINEST})):
        one, other = first.coarser(voxel), second.coarser(voxel)
        if index == 0 or one.shells.count > _FEWEST_SHELLS:
            yield 2 * one.voxel, one, other


def _search(first: Cube, second: Cube, finest: float) -> PoseSearch:
    from scipy import fft  # slow to load

    side, target = len(first.values), second.white.conj()
    white = first.whitened().values
    shifts, peaks = [], []
    for pose in POSES:
        matched = fft.irfftn(half_spectrum(pose.turned(white)) * target, s=(side,) * 3)
        place = _nearest_peak(matched)
        shifts.append(_between_voxels(matched, place))
        peaks.append(float(matched[place]))
    highest = int(np.argmax(peaks))
    best, identity = (_fit(first, second, POSES[i], shifts[i]) for i in (highest, 0))
    return PoseSearch(max(best, identity, key=lambda fit: fit.information), identity, finest)


def _nearest_peak(matched: Volume) -> tuple[int, int, int]:
    """Where the highest value is; of those that are as good, the one nearest to no shift."""
    found = np.argwhere(matched >= _EVEN * matched.max())
    distance = np.square(_signed(found, len(matched))).sum(axis=1)
    z, y, x = found[int(distance.argmin())]
    return int(z), int(y), int(x)


def _between_voxels(matched: Volume, place: tuple[int, int, int]) -> Triple:
    """The top of the parabola through a peak and its neighbours along each axis, in voxels."""
    side = len(matched)
    tops = []
    for axis, at in enumerate(_signed(np.array(place), side).tolist()):
        before, top, after = (
            float(matched[tuple((p + step * (axis == i)) % side for i, p in enumerate(place))])
            for step in (-1, 0, 1)
        )
        bend = before - 2 * top + after
        tops.append(at + min(0.5, max(-0.5, (before - after) / (2 * bend))) if bend < 0 else at)
    z, y, x = tops
    return z, y, x


def _signed(places: NDArray[np.intp], side: int) -> NDArray[np.intp]:
    """Indices of a periodic box, those beyond its middle negative."""
    signed: NDArray[np.intp] = (places + side // 2) % side - side // 2
    return signed


def _fit(first: Cube, second: Cube, pose: Pose, shift: Triple) -> Fit:
    voxel = first.voxel
    z, y, x = (step * voxel for step in shift)
    turned = Cube(pose.turned(first.values), voxel).moved((-z, -y, -x))
    products = turned.white * second.white.conj()
    curve = FscCurve(second.frequency, second.shells.mean(products.real), second.shells.samples)
    return Fit(pose, (z, y, x), curve, _redundancy(turned, second))


def _redundancy(first: Cube, second: Cube) -> float:
    """The variance of a correlation of what varies over the box, against what does not.

    Of independent noises with local variances a² and b²: the mean of a²b² over the product of the
    means. What they share makes it larger.
    """
    a, b = (np.square(cube.whitened().values, dtype=np.float64) for cube in (first, second))
    return max(1.0, float((a * b).mean() / (a.mean() * b.mean())))
