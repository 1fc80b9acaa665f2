"""How one map lies to another: in which pose, of which sign, and how far away."""

from __future__ import annotations

from dataclasses import dataclass

from vrs_scipion.methods.belonging.cubes import Cube
from vrs_scipion.methods.belonging.pose import SIGNAL, PoseSearch, find_pose, information
from vrs_scipion.methods.belonging.shift import Shift, find_shift
from vrs_scipion.methods.fsc import FscCurve, mask_redundancy

FIT = 0.3
"""Correlation that a pose has at least, in the shells in which it agrees."""


@dataclass(frozen=True)
class Placement:
    """How one map lies to another.

    Attributes
    ----------
    search : for its pose
    under_mask : nats that they share as they are, under a mask; negative if signs are opposite
    shift : of the first map from the second one; None where they share nothing as they are
    """

    search: PoseSearch
    under_mask: float
    shift: Shift | None

    @property
    def shares_signal(self) -> bool:
        """Whether they share more than chance, in whatever pose and of whatever sign."""
        return self.search.is_found or abs(self.under_mask) > SIGNAL

    @property
    def is_found(self) -> bool:
        """Whether there is a pose in which they agree."""
        return self.search.is_found and self.search.best_correlation > FIT

    @property
    def is_inverted(self) -> bool:
        """Whether they agree but for their sign."""
        return self.under_mask < -SIGNAL and not self.is_found

    @property
    def gain(self) -> float:
        """What the correlation gains in the best pose."""
        return self.search.best_correlation - self.search.identity_correlation


def find_placement(first: Cube, second: Cube, mask: Cube) -> Placement:
    """Look for the first map in the second one.

    A pose is looked for in the whole box, so that a mask does not favour the one that it was made
    in; where noise hides it there, under the mask.

    Parameters
    ----------
    first, second : copies on one grid
    mask : where the molecule is as both are
    """
    search = find_pose(first, second)
    one, other = (_under(cube, mask) for cube in (first, second))
    if not search.is_found:
        search = find_pose(one, other)
    shells = first.shells
    samples = shells.samples / mask_redundancy(mask.values, (mask.voxel,) * 3)
    correlation = shells.mean((one.white * other.white.conj()).real)
    under_mask = information(FscCurve(first.frequency, correlation, samples))
    shift = None
    if max(search.identity.information, under_mask) > SIGNAL:
        shift = find_shift(first, second, search.identity.shift)
    return Placement(search, under_mask, shift)


def _under(cube: Cube, mask: Cube) -> Cube:
    """A map under a mask, its spectrum flat before."""
    return Cube(cube.whitened().values * mask.values, cube.voxel)
