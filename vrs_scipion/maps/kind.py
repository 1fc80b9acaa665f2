"""What kind of volume a map is, told by its values and its header before anything is measured.

The limits lie between what densities have and what other volumes have, measured on the maps of
EMDB that were at hand, as they are and quantised to 8, 6 and 5 bits, smoothed, masked, cut off at a
level or made non-negative, and on masks, labels and local values made of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.results.numbers import number

HANDFUL = 16
"""Distinct values up to which a volume holds but a handful; maps of 8 bits have 166 and more."""

FLAT_TOPS, FLAT_TOPS_OF_ANY_HEIGHT = 0.1, 0.3
"""Share of the upper half of the values within 2 % of the maximum, of a mask that ends at 1 and of
others: densities have 0.035 and less, soft masks of few voxels 0.11, others 0.2 to 0.6. Densities
that were clipped to at least 0 and at most their 99.9th percentile have 0.04 to 0.3."""

EQUAL_PAIRS, STEPS_OF_ONE = 0.6, 0.35
"""Of neighbours that are not of the commonest value: the least share of equal ones, and of those
that differ the largest share that do so by one, in a volume of labels. Labels have 0.8 and more,
0.2 and less; densities in whole numbers with 0.6 or more equal ones have 0.53 and more of those."""

FAR_FROM_ZERO = 0.05
"""Lowest over highest value that makes a volume of local values; densities start at 0."""

RIM_RANK = 0.2
"""Rank, among the values further in, of the median of those beside the constant surroundings. A
density that was cut off at a level is lowest there (0.1 and less), local values are not (0.31)."""

QUIET = 1e-3
"""99th percentile of what surrounds the molecule, over the maximum, below which there is no noise:
calculated maps have 3e-4 and less, real and simulated ones with noise 6e-3 and more."""

FADING = 2e-4
"""Median over the maximum, beside constant surroundings, of what fades to nothing: densities
calculated from a model have 5e-5 and less, masked maps 1e-2 and more, or negative values."""

UNRELATED = 0.25
"""Excess resemblance of neighbouring sections over that of neighbouring rows and columns, below
which the sections are images of their own: volumes have 0.65 and more, stacks 0.16 and less."""

_TOP = 0.02
_UNITY = (0.9, 1.0001)
_FEWEST_TOPS = 27
_MOSTLY, _SOME = 0.3, 0.05
_FINEST_LOCAL, _COARSEST_LOCAL = 0.9, 200.0
_SAMPLE = 1 << 22
_COUNTED = 4 * HANDFUL


class Trait(str, Enum):
    """What a check relies on, in words."""

    SHAPE = "a molecule at its contour level"
    DENSITY = "a density"
    ALONE = "a molecule that stands alone in its box"
    NOISE = "the noise of a measured density"


class VolumeKind(str, Enum):
    """What a volume is."""

    DENSITY = "density"
    CALCULATED = "calculated"
    CRYSTAL = "crystal"
    MASK = "mask"
    FEW_VALUES = "few_values"
    LABELS = "labels"
    LOCAL_RESOLUTION = "local_resolution"

    @property
    def noun(self) -> str:
        """For the middle of a sentence, e.g. 'a mask'."""
        return _KINDS[self].noun

    @property
    def consequence(self) -> str:
        """What follows for the checks, in a sentence; '' for a density."""
        needed = [trait.value for trait in Trait if trait in self.lacks]
        return f"Checks that need {_or(needed)} do not apply." if needed else ""

    @property
    def lacks(self) -> frozenset[Trait]:
        """What checks may not rely on in such a volume: the one place that says so."""
        return _KINDS[self].lacks


@dataclass(frozen=True)
class _Kind:
    noun: str
    lacks: frozenset[Trait]


_KINDS = {
    VolumeKind.DENSITY: _Kind("a density", frozenset()),
    VolumeKind.CALCULATED: _Kind(
        "a density without noise, as one calculated from a model", frozenset({Trait.NOISE})
    ),
    VolumeKind.CRYSTAL: _Kind("the map of a crystal", frozenset({Trait.ALONE, Trait.NOISE})),
    VolumeKind.MASK: _Kind("a mask", frozenset({Trait.DENSITY, Trait.NOISE})),
    VolumeKind.FEW_VALUES: _Kind(
        "a volume of but a few values", frozenset({Trait.DENSITY, Trait.NOISE})
    ),
    VolumeKind.LABELS: _Kind("a volume of labels", frozenset(Trait)),
    VolumeKind.LOCAL_RESOLUTION: _Kind(
        "a volume of local values, such as resolutions", frozenset(Trait)
    ),
}


@dataclass(frozen=True)
class Recognised:
    """What a volume is, and by what that was seen, e.g. 'it holds only the values 0 and 1'."""

    kind: VolumeKind
    evidence: str = ""

    @property
    def sentence(self) -> str:
        """For the head of a report; '' for a density."""
        if self.kind is VolumeKind.DENSITY:
            return ""
        return f"This is {self.kind.noun}: {self.evidence}."

    def unfit(self, traits: Collection[Trait]) -> str:
        """Why a check that relies on these traits does not apply; '' where it does."""
        missing = [trait.value for trait in Trait if trait in traits and trait in self.kind.lacks]
        return f"{self.sentence} This check needs {_or(missing)}." if missing else ""


def _or(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def recognised(density: Density) -> Recognised:
    """Tell what kind of volume a map is.

    Takes about three volumes of memory beside the map.
    """
    values = density.values
    distinct = _distinct(values)
    common, share = _commonest(values)
    for kind, evidence in (
        (VolumeKind.LABELS, _are_labels(values, distinct, common)),
        (VolumeKind.MASK, _is_mask(values, distinct)),
        (VolumeKind.LOCAL_RESOLUTION, _are_resolutions(values, common, share)),
        (VolumeKind.FEW_VALUES, _are_few(distinct)),
        (VolumeKind.CRYSTAL, density.crystal),
        (VolumeKind.CALCULATED, _is_quiet(values, common, share)),
    ):
        if evidence:
            return Recognised(kind, evidence)
    return Recognised(VolumeKind.DENSITY)


def resemblance(values: Volume) -> tuple[float, float]:
    """By how much neighbouring planes resemble each other more than distant ones do.

    Along z, and the lesser of those along y and x; see `sections_are_unrelated`. Of each axis some
    planes are compared, by Pearson's correlation; of the distances the one that resembles least
    counts, for crystals repeat themselves.
    """
    along = [_excess(np.moveaxis(values, axis, 0)) for axis in range(3)]
    return along[0], min(along[1:])


def sections_are_unrelated(values: Volume) -> bool:
    """Whether the sections are images of their own: within them neighbours resemble each other,
    across them they do not. Too small or too noisy a volume is given the benefit of the doubt; so
    is one whose neighbouring sections are nearly the same, as those of a filament are.
    """
    if values.size < _SMALLEST_STACK or min(values.shape) < _FEWEST_PLANES:
        return False
    if _mean_correlation(values, _spread(len(values)), 1) > _NEARLY_THE_SAME:
        return False
    across, within = resemblance(values)
    return within > _PLAIN_EXCESS and across < UNRELATED * within


_SMALLEST_STACK = 8000
_PLAIN_EXCESS = 0.05
_PLANES = 40
_NEARLY_THE_SAME = 0.9
_DISTANCES = (2, 3, 4, 5)
_FEWEST_PLANES = 2 * max(_DISTANCES)


def _excess(planes: Volume) -> float:
    count, chosen = len(planes), _spread(len(planes))
    near = _mean_correlation(planes, chosen, 1)
    return near - min(_mean_correlation(planes, chosen, count // part) for part in _DISTANCES)


def _spread(count: int) -> NDArray[np.intp]:
    """Some planes of so many, each with one behind it."""
    return np.unique(np.linspace(0, count - 2, min(_PLANES, count - 1)).astype(np.intp))


def _mean_correlation(planes: Volume, chosen: NDArray[np.intp], step: int) -> float:
    """Of planes with those ``step`` further on; the last are followed by the first."""
    found = []
    for place in chosen:
        a, b = (planes[i % len(planes)].astype(np.float64).ravel() for i in (place, place + step))
        a, b = a - a.mean(), b - b.mean()
        norm = float(np.sqrt((a @ a) * (b @ b)))
        if norm > 0:
            found.append(float(a @ b) / norm)
    return float(np.mean(found)) if found else 0.0


def _distinct(values: Volume) -> NDArray[np.float32]:
    """The distinct values, or as many as are enough to tell that they are more than a handful."""
    flat = values.reshape(-1)
    first = np.unique(flat[:: max(1, flat.size // _SAMPLE) | 1])
    distinct: NDArray[np.float32] = np.unique(flat) if first.size <= _COUNTED else first
    return distinct


def _commonest(values: Volume) -> tuple[float, float]:
    """The commonest value of a sample, and its share of all voxels."""
    flat = values.reshape(-1)
    found, counts = np.unique(flat[:: max(1, flat.size // 100_003) | 1], return_counts=True)
    common = found[int(np.argmax(counts))]
    return float(common), float(np.count_nonzero(values == common)) / values.size


def _is_mask(values: Volume, distinct: NDArray[np.float32]) -> str:
    lowest, highest = float(values.min()), float(values.max())
    if distinct.size == 2:
        return f"it holds only the values {number(lowest)} and {number(highest)}"
    reach = highest - lowest
    tops = int(np.count_nonzero(values >= highest - _TOP * reach))
    upper = int(np.count_nonzero(values > lowest + reach / 2))
    at_one = lowest == 0 and _UNITY[0] <= highest <= _UNITY[1]
    least = FLAT_TOPS if at_one else FLAT_TOPS_OF_ANY_HEIGHT
    if tops < max(_FEWEST_TOPS, least * upper):
        return ""
    if float(np.mean(values <= lowest + _TOP * reach)) < _MOSTLY:
        return ""
    return (
        f"its values rise from {number(lowest)} around to a flat top of {number(highest)} in "
        f"{tops:,} voxels"
    )


def _are_labels(values: Volume, distinct: NDArray[np.float32], common: float) -> str:
    if distinct.size < 3 or distinct[0] < 0 or not np.array_equal(distinct, np.rint(distinct)):
        return ""
    equal, steps = _pairs(values, values != np.float32(common))
    if equal < EQUAL_PAIRS or steps > STEPS_OF_ONE:
        return ""
    least = "" if distinct.size <= _COUNTED else "at least "
    return f"it holds {least}{distinct.size} whole numbers, each over whole regions"


def _pairs(values: Volume, other: Mask) -> tuple[float, float]:
    """Of neighbours that both are ``other``: the share of equal ones, and of steps of one."""
    both = equal = steps = 0
    for axis in range(3):
        a, b = np.moveaxis(values, axis, 0), np.moveaxis(other, axis, 0)
        for first, second, here, there in zip(a[:-1], a[1:], b[:-1], b[1:], strict=True):
            counts = here & there
            both += int(np.count_nonzero(counts))
            equal += int(np.count_nonzero(counts & (first == second)))
            steps += int(np.count_nonzero(counts & (np.abs(first - second) == 1)))
    return (equal / both if both else 0.0), (steps / (both - equal) if both > equal else 0.0)


def _are_few(distinct: NDArray[np.float32]) -> str:
    if distinct.size > HANDFUL:
        return ""
    return f"it holds only {distinct.size} distinct values"


def _are_resolutions(values: Volume, common: float, share: float) -> str:
    """One value around the molecule, and in it values in Å, none near 0, not lowest at the rim."""
    if share < _MOSTLY:
        return ""
    other = values != np.float32(common)
    inside = values[other]
    lowest, highest = float(inside.min()), float(inside.max())
    if not (
        lowest >= _FINEST_LOCAL and highest <= _COARSEST_LOCAL and lowest > FAR_FROM_ZERO * highest
    ):
        return ""
    rim, further_in = _rim(values, other)
    if not rim.size or not further_in.size or np.mean(further_in < np.median(rim)) < RIM_RANK:
        return ""
    return (
        f"all of its values but the one around, {number(common)}, lie between {number(lowest)} and "
        f"{number(highest)}, as local resolutions do"
    )


def _rim(values: Volume, other: Mask) -> tuple[Volume, Volume]:
    """The values, of those ``other`` than the commonest, beside it and further in."""
    from scipy import ndimage  # slow to load

    further_in: Mask = ndimage.binary_erosion(other, border_value=1)
    return values[other & ~further_in], values[further_in]


def _is_quiet(values: Volume, common: float, share: float) -> str:
    """Whether nothing surrounds the molecule but what fades away."""
    highest = float(values.max())
    if share >= _SOME and common == float(values.min()):
        rim, _ = _rim(values, values != np.float32(common))
        if rim.size and float(np.median(rim)) - common < FADING * (highest - common):
            return (
                "it fades to exactly one value around the molecule, without any noise, nor "
                "negative values"
            )
        return ""
    z, y, x = (np.linspace(-1, 1, n) ** 2 for n in values.shape)
    around = values[(z[:, None, None] + y[:, None] + x) > 1]
    middle = np.median(around)
    if float(np.mean(around == middle)) > _MOSTLY:
        return ""
    loudest = float(np.percentile(np.abs(around - middle), 99))
    if loudest < QUIET * (highest - float(middle)):
        return (
            f"99 % of what lies outside of the box's inscribed ellipsoid is below "
            f"{number(100 * loudest / (highest - float(middle)))} % of its maximum"
        )
    return ""
