"""A contour level for a map that comes without one, and what each level would enclose.

Three things bound it. Below the noise nothing is seen: the floor is the level above which a share
of one per cent of the voxels is false, after Beckers and Sachse (2019), doi
10.1107/S2052252518014434, by the procedure of Benjamini and Yekutieli (2001), doi
10.1214/aos/1013699998, that allows for correlated voxels. The ceiling is the threshold of Otsu
(1979), doi 10.1109/TSMC.1979.4310076, that parts what is above the floor into faint and bright.
Between the two the highest level is taken at which the molecule is one piece.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.maps.masks import Components, connected_components, touches_every_face
from vrs_scipion.maps.statistics import robust_moments
from vrs_scipion.methods.mass import mass_of
from vrs_scipion.results.numbers import number

LARGEST = 256
"""A map of more voxels along an axis is averaged over cubes before its pieces are counted."""

ONE_PIECE = 0.95
"""The molecule is one piece when the largest component holds this share of the voxels."""

FALSE_DISCOVERIES = 0.01

_MASKED = 0.5
_STEP = 0.9
_AROUND = tuple(2 ** (step / 3) for step in range(-6, 7))
"""Volumes, in that at a level, at which the pieces are counted around it."""
_EULER = 0.5772156649015329

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """Mean and standard deviation of what surrounds the molecule, in the map's unit."""

    mean: float
    sigma: float


@dataclass(frozen=True)
class Pieces:
    """Connected components (26-neighbourhood) at a level.

    ``count`` of them, of which ``alike`` are pieces of the molecule, of a size like the largest's,
    which holds the share ``largest`` of the voxels.
    """

    level: float
    count: int
    largest: float
    alike: int = 0

    @classmethod
    def of(cls, level: float, components: Components) -> Pieces:
        """The components found at a level."""
        sizes = components.sizes
        share = float(sizes.max() / sizes.sum())
        return cls(level, int(sizes.size), share, int(components.pieces.size))


@dataclass(frozen=True)
class Suggestion:
    """A level and how it was chosen, in sentences; ``whole`` where the molecule is one piece."""

    level: float
    reason: str
    whole: bool = True


@dataclass(frozen=True)
class Enclosed:
    """What a level encloses: voxels, Å³ and, were it all protein, kDa."""

    voxels: int
    volume: float
    kda: float


class LevelStudy:
    """What can be said of the levels of a map.

    A map of more than 256 voxels along an axis is averaged over cubes to count its pieces, and
    every so many-th voxel stands for the rest where voxels are counted.

    Parameters
    ----------
    density : the map
    """

    def __init__(self, density: Density) -> None:
        self.binning = max(1, math.ceil(max(density.box) / LARGEST))
        self.values = _averaged(density.values, self.binning)
        sample = density.values[(slice(None, None, self.binning),) * 3]
        self.noise = surrounding_noise(sample)
        self._sorted = np.sort(sample, axis=None)
        self._each = density.values.size / sample.size
        self._voxel_volume = density.voxel_volume

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value of the map."""
        return float(self._sorted[0]), float(self._sorted[-1])

    def voxels_above(self, levels: Values) -> NDArray[np.int64]:
        """Number of voxels of the map at or above each level."""
        below = np.searchsorted(self._sorted, levels.astype(np.float32), side="left")
        counted: NDArray[np.int64] = np.rint((self._sorted.size - below) * self._each).astype(
            np.int64
        )
        return counted

    def volume_above(self, levels: Values) -> Values:
        """Volume at or above each level, in Å³."""
        volume: Values = self.voxels_above(levels) * self._voxel_volume
        return volume

    def pieces(self, level: float) -> Pieces:
        """The connected components at a level; none at one that no voxel reaches."""
        inside = self.values >= level
        if not inside.any():
            return Pieces(level, 0, 0.0)
        return Pieces.of(level, connected_components(inside))

    def around(self, level: float) -> list[Pieces]:
        """The components at levels that enclose from a quarter to four times as much, ascending.

        At most half of the box.
        """
        inside = max(1, int(self._sorted.size - np.searchsorted(self._sorted, np.float32(level))))
        counts = (min(self._sorted.size // 2, round(inside * factor)) for factor in _AROUND)
        levels = sorted({float(self._sorted[-max(1, count)]) for count in counts} | {level})
        return [self.pieces(one) for one in levels]

    def floor(self) -> float:
        """The lowest level worth looking at: where the noise ends, and above 0."""
        if self.noise is None:
            return 0.0
        return max(0.0, false_discovery_level(self._sorted, self.noise))

    def ceiling(self) -> float:
        """The level that parts the density above the floor into faint and bright."""
        from skimage.filters import threshold_otsu  # slow to load

        inside = self.values[self.values > self.floor()]
        if not inside.size or float(inside.min()) == float(inside.max()):
            return self.range[1]
        return float(threshold_otsu(inside))

    def suggest(self, stopped: Callable[[], bool] = lambda: False) -> Suggestion:
        """Choose the highest level, at most the ceiling, at which the molecule is one piece.

        Parameters
        ----------
        stopped : asked between two levels; True ends the search with the best one so far
        """
        ceiling = self.ceiling()
        best = Pieces(ceiling, 0, 0.0)
        for level in _candidates(self.values, self.floor(), ceiling):
            found = self._usable(level)
            if found.largest > best.largest:
                best = found
            if best.largest >= ONE_PIECE or stopped():
                break
        return Suggestion(
            self._reached(best.level), self._said(best, ceiling), best.largest >= ONE_PIECE
        )

    def _reached(self, level: float) -> float:
        """A level rounded, but not beyond the map's maximum."""
        return _rounded(level) if _rounded(level) <= self.range[1] else level

    def _usable(self, level: float) -> Pieces:
        """The pieces at a level; without a share where they reach all six faces of the box."""
        inside = self.values >= level
        if not inside.any():
            return Pieces(level, 0, 0.0)
        components = connected_components(inside)
        if touches_every_face(components.largest):
            return Pieces(level, int(components.sizes.size), 0.0)
        return Pieces.of(level, components)

    def _said(self, best: Pieces, ceiling: float) -> str:
        share = _percent(best.largest)
        if self.noise is None:
            said = ["The surroundings were masked away and tell nothing of the noise."]
        else:
            said = [
                f"The noise ends at {_short(self.floor())} ({_percent(FALSE_DISCOVERIES)} false "
                f"discoveries, σ = {_short(self.noise.sigma)})."
            ]
        said.append(f"Otsu's threshold of the density above is {_short(ceiling)};")
        if best.largest < ONE_PIECE:
            said.append(
                "at no level below it is the molecule one piece, and at "
                f"{_short(best.level)} the largest piece holds most, {share} of the voxels."
            )
        elif best.level == ceiling:
            said.append(f"there the largest piece holds {share} of the voxels.")
        else:
            said.append(
                f"below it {_short(best.level)} is the highest level at which the largest piece "
                f"holds {_percent(ONE_PIECE)} of the voxels."
            )
        if self.binning > 1:
            cube = " × ".join([str(self.binning)] * 3)
            said.append(f"Pieces were counted on averages over {cube} voxels.")
        return " ".join(said)


def enclosed(study: LevelStudy, level: float) -> Enclosed:
    """What ``level`` encloses of the map."""
    levels = np.array([level])
    volume = float(study.volume_above(levels)[0])
    return Enclosed(int(study.voxels_above(levels)[0]), volume, mass_of(volume))


def surrounding_noise(values: Volume) -> Noise | None:
    """Noise outside of the sphere that fits into the box.

    Parameters
    ----------
    values : map, shape (z, y, x)

    Returns
    -------
    Noise or None
        Median and standard deviation (from the median of the absolute deviations); None where
        most of the voxels are the same, as they are around a mask.
    """
    z, y, x = (np.linspace(-1, 1, n) ** 2 for n in values.shape)
    outside = values[(z[:, None, None] + y[:, None] + x) > 1]
    middle, sigma = robust_moments(outside)
    if float(np.mean(outside == np.float32(middle))) > _MASKED:
        return None
    return Noise(middle, sigma) if sigma > 0 else None


def false_discovery_level(ordered: Volume, noise: Noise, rate: float = FALSE_DISCOVERIES) -> float:
    """The lowest value at which so few voxels are to be noise, if that is Gaussian.

    Parameters
    ----------
    ordered : all values of the map, ascending
    noise : what surrounds the molecule
    rate : accepted share of false discoveries

    Returns
    -------
    float
        The map's maximum where no voxel stands out.
    """
    from scipy.stats import norm  # slow to load

    total = ordered.size
    first = int(np.searchsorted(ordered, np.float32(noise.mean + 2 * noise.sigma)))
    candidates = ordered[first:][::-1].astype(np.float64)
    p_values = norm.sf(candidates, noise.mean, noise.sigma)
    harmonic = math.log(total) + _EULER
    accepted = np.flatnonzero(
        p_values <= rate * np.arange(1, candidates.size + 1) / (total * harmonic)
    )
    return float(candidates[accepted[-1]]) if accepted.size else float(ordered[-1])


def _candidates(values: Volume, floor: float, ceiling: float) -> list[float]:
    """Levels from the ceiling down to the floor, each enclosing a tenth more than the last."""
    inside = np.sort(values[values > floor], axis=None)
    above = int(np.count_nonzero(inside >= ceiling))
    levels = [ceiling]
    count = float(max(above, 1))
    while (count := count / _STEP) < inside.size:
        levels.append(float(inside[inside.size - int(count)]))
    return [*levels, *([float(inside[0])] if inside.size else [])]


def _averaged(values: Volume, binning: int) -> Volume:
    if binning == 1:
        return values
    nz, ny, nx = (n // binning for n in values.shape)
    cut = values[: nz * binning, : ny * binning, : nx * binning]
    averaged: Volume = cut.reshape(nz, binning, ny, binning, nx, binning).mean(
        axis=(1, 3, 5), dtype=np.float32
    )
    return averaged


def _rounded(level: float) -> float:
    """Three significant digits."""
    return float(f"{level:.3g}")


def _short(value: float) -> str:
    return number(_rounded(value))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
