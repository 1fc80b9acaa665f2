"""Where a model lies against its map, and where it should lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from vrs_scipion.methods.placement_fit.motion import Matrix, Motion
from vrs_scipion.methods.placement_fit.offsets import Peaks, peaks
from vrs_scipion.methods.placement_fit.seven import STEPS, Fit, fit
from vrs_scipion.methods.placement_fit.surroundings import Surroundings, Whole, surroundings
from vrs_scipion.methods.placement_fit.turns import Search, Turned, directions, exchanges
from vrs_scipion.models.atomic_model import AtomicModel

_AT_HOME, _FOUND = 0.5, 0.75
"""CC(mask) from which on a model is taken to lie in its density, and a place to be the right one:
wrong ones may reach 0.6 where the model is small or the map coarse."""
_COARSE = 6.0
"""Å, the least cut at which offsets are sought and fits begin."""
_TURNED = 12.0
"""Å, the cut at which fits begin that start from a grid of directions."""
_BETTER = 0.1
"""In correlation, by which another place has to be better."""
_MUCH_BETTER = 0.15
_HAND = 0.05
_WORTH_A_TRY = 0.02
_SPARE = 4.0
"""Å that a fit at full resolution may go."""
_CANDIDATES = 4
_FEW_STEPS = 8


@dataclass(frozen=True)
class Place:
    """Where a model should lie.

    Attributes
    ----------
    correlation : CC(mask) where it lies, at the map's resolution; NaN outside of the map
    fitted : CC(mask) where it should
    fit : what brings it there; its rotation mirrors where the map is mirrored
    peaks : of shifts without rotation
    elsewhere : whether it should lie in other density than that around it
    turned : whether it was found by turning it to all directions
    around : the map around the place where it should lie, at the map's resolution
    """

    correlation: float
    fitted: float
    fit: Fit
    peaks: Peaks
    elsewhere: bool
    turned: bool
    around: Surroundings

    @property
    def mirrored(self) -> bool:
        """Whether it fits the mirrored map alone."""
        return float(np.linalg.det(self.fit.motion.rotation)) < 0


def find_place(of: Whole, model: AtomicModel, resolution: float) -> Place:
    """Where a model should lie in a map.

    First in the density around it, then shifted anywhere; where neither makes sense, also turned
    to any direction, and mirrored.

    Parameters
    ----------
    of : the whole map
    model : atoms x, y, z in Å; one at least has an occupancy and is no hydrogen
    resolution : of the map, Å
    """
    lying = Motion(model.atoms.positions[model.scored].mean(axis=0))
    cut = max(2 * resolution, _COARSE)
    seen = peaks(of, model, cut)
    near = _near(seen, lying)
    best = None if near is None else _fitted(of, model, near, (cut, resolution))
    correlation = math.nan if best is None else _at_rest(of, model, best, resolution)
    elsewhere = turned = False
    at_home = correlation >= _AT_HOME
    if best is None or (not (at_home or best.is_found) and _is_elsewhere(seen, cut)):
        other = _fitted(of, model, lying.then(seen.best.shift), (cut, resolution))
        if best is None or other.correlation > best.correlation + _BETTER:
            best, elsewhere = other, True
    if not (at_home or best.is_found):
        other = _turned(of, model, resolution)
        if other.correlation >= _AT_HOME and other.correlation > best.correlation + _MUCH_BETTER:
            best, elsewhere, turned = other, True, True
    return Place(correlation, best.correlation, best.fit, seen, elsewhere, turned, best.around)


@dataclass(frozen=True)
class _Tried:
    """A fit, and CC(mask) where it ends."""

    fit: Fit
    correlation: float
    around: Surroundings

    @property
    def is_found(self) -> bool:
        """Whether this is the right place beyond doubt."""
        return self.correlation >= _FOUND


def _near(seen: Peaks, lying: Motion) -> Motion | None:
    """Where a fit begins that looks at the density around a model; None outside of the map."""
    if math.isnan(seen.here) or seen.near is None:
        return None
    better = seen.near.correlation > seen.here + _WORTH_A_TRY
    return lying.then(seen.near.shift) if better else lying


def _is_elsewhere(seen: Peaks, cut: float) -> bool:
    """Whether the model agrees with the map much better where no fit comes from here."""
    assert seen.near is not None
    far = float(np.linalg.norm(seen.best.shift - seen.near.shift)) > cut
    return far and seen.best.correlation > seen.near.correlation + _BETTER


def _fitted(
    of: Whole, model: AtomicModel, start: Motion, cuts: Iterable[float], steps: int = STEPS
) -> _Tried:
    """Fitted at one cut after the other, in Å."""
    found = None
    for cut in cuts:
        around = surroundings(of, start.moved(model), cut, _SPARE)
        found = fit(around, model, start, steps)
        start = found.motion
    assert found is not None
    return _Tried(found, around.correlation(start.moved(model)), around)


def _at_rest(of: Whole, model: AtomicModel, tried: _Tried, resolution: float) -> float:
    """CC(mask) where the model lies."""
    far = tried.fit.motion.reach(model.atoms.positions[model.scored]) > _SPARE
    around = surroundings(of, model, resolution) if far else tried.around
    return around.correlation(model)


def _turned(of: Whole, model: AtomicModel, resolution: float) -> _Tried:
    """The best fit from any direction, of the model or of its mirror image."""
    search = Search(of, model)
    coarse = max(2 * resolution, _COARSE)
    cuts = (max(_TURNED, coarse), coarse)

    def best_of(starts: Iterable[Turned]) -> _Tried:
        tried = [_fitted(of, model, one.motion, cuts, _FEW_STEPS) for one in starts]
        chosen = max(tried, key=lambda one: one.correlation)
        return _fitted(of, model, chosen.fit.motion, (resolution,))

    best = None
    for matrices in _matrices():
        one = best_of(search.best(matrices, _CANDIDATES))
        if best is None or one.correlation > best.correlation + _hand_costs(one.fit, best.fit):
            best = one
        if best.is_found:
            break
    assert best is not None
    return best


def _hand_costs(one: Fit, other: Fit) -> float:
    """By how much a mirrored model has to agree better with the map than one that is not."""
    hands = (float(np.linalg.det(fit.motion.rotation)) for fit in (one, other))
    return _HAND if next(hands) < 0 < next(hands) else 0.0


def _matrices() -> Iterator[Iterable[Matrix]]:
    """What a model is turned by, the likeliest first: orders of axes, reversals, all directions."""
    orders = [one for one in exchanges() if (one >= 0).all()]
    yield orders
    yield [one for one in exchanges() if (one < 0).any()]
    yield directions()
    mirror = np.diag((-1.0, 1.0, 1.0))
    yield (one @ mirror for one in directions())
