"""Is there structure in a map? Its topology, held against surrogates with random phases.

Theiler et al. 1992, doi:10.1016/0167-2789(92)90102-S, for tests against surrogates; Schmalzing and
Buchert 1997, doi:10.1086/310680, for the Euler characteristic of level sets as what tells a
structured density from a Gaussian one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Mask, Triple, Volume
from vrs_scipion.maps.masks import bounding_box, cosine_mask
from vrs_scipion.methods.shells import Reals, half_spectrum, power, power_spectrum

Spectrum = NDArray[np.complexfloating[Any, Any]]

BAND = 2.0
"""The coarse end of the band that is looked at, in resolutions; the fine end is the resolution."""
SURROGATES = 20
SEED = 1992

LEVELS = (0.2, 0.3, 0.5, 0.7, 0.8)
"""Shares of the envelope's volume, those from above and from below the same."""

WEIGHTS: Mapping[str, float] = {
    "skewness": 1.465,
    "kurtosis": -0.8626,
    "clumps_3": 10.71,
    "clumps_5": -3.868,
    "pieces_0.2": -0.106,
    "pieces_0.3": -0.9277,
    "pieces_0.5": 1.667,
    "pieces_0.7": 1.256,
    "pieces_0.8": 0.9106,
}
"""Fisher's discriminant of molecules and noise to 5 Å, scaled so that molecules have 1 on average;
of 39 structures in two simulators, by benchmarks/structure.py."""

_CLUMPS = (3, 5)
"""Voxels."""
_CLOSING = 1.5
_BORDER = 0.5
_EDGE = 2.0
_MARGIN = 2.5
_WINDOW = 2.2
"""Resolutions; the window's is the full width at half maximum."""
_TRUNCATED = 3.0
_FAINT = 0.4
"""Of the median strength in the mask."""
_EMPTY = 1e-5
_SMALLEST = 1e-20
_FEWEST = 200
"""Voxels."""


class NoEnvelopeError(ValueError):
    """The molecule is too small for its resolution to be looked into."""


@dataclass(frozen=True)
class Structure:
    """What tells a map from surrogates of the same envelope and spectrum.

    Attributes
    ----------
    finest : the fine end of the band, Å
    cells : volume looked at, in cubes of the fine end
    map, surrogates : each statistic of the map, and of the surrogates, shape (n,)
    """

    finest: float
    cells: float
    map: Mapping[str, float]
    surrogates: Mapping[str, Reals]

    @cached_property
    def effect(self) -> float:
        """How the map differs from its surrogates: 0 as noise, 1 as molecules to 5 Å on average."""
        terms = (w * (self.map[k] - self.surrogates[k].mean()) for k, w in WEIGHTS.items())
        return float(sum(terms))

    @cached_property
    def scores(self) -> Reals:
        """The same of each surrogate, shape (n,)."""
        terms = [w * (self.surrogates[k] - self.surrogates[k].mean()) for k, w in WEIGHTS.items()]
        return np.asarray(np.sum(terms, axis=0))

    @property
    def error(self) -> float:
        """Standard error of the effect: that of one map and of the surrogates' mean."""
        return float(self.scores.std(ddof=1) * math.sqrt(1 + 1 / len(self.scores)))

    @property
    def p(self) -> float:
        """Of noise, the share with an effect as large: Student's t with one map against n."""
        from scipy import special  # slow to load

        return float(special.stdtr(len(self.scores) - 1, -self.effect / self.error))


def measure_structure(
    density: Density,
    molecule: Mask,
    finest: float,
    *,
    seed: int = SEED,
    surrogates: int = SURROGATES,
    threads: int = 1,
) -> Structure:
    """Statistics of a map inside its envelope, and of surrogates of it.

    The envelope is the mask, its holes and bays up to three resolutions closed. The band from
    ``finest`` to twice that is whitened shell by shell, so that nothing strong leaks into what is
    weak when the envelope is cut out with a soft edge; it is whitened again there, and divided by
    its local root mean square. Where that is weak, as in channels or where the map was masked,
    nothing is looked at. A surrogate has the band's amplitudes, random phases and the map's local
    root mean square, and goes through the same. Four Fourier transforms each.

    Parameters
    ----------
    density : map, on voxels of half the resolution where it is not coarser
    molecule : bool array of the map's shape
    finest : detail to look at, Å: the resolution, or what the map holds (``finest_held``)
    seed : of the surrogates
    surrogates : how many
    threads : for the Fourier transforms

    Raises
    ------
    NoEnvelopeError
        if there are too few voxels to look into.
    """
    size = density.voxel_size
    whole = _Band(density.box, size, finest, threads)
    cut = _around(molecule, size, _MARGIN * finest)
    mask = molecule[cut]
    envelope = _closed(mask, size, _CLOSING * finest)
    soft = cosine_mask(envelope, size, _BORDER * finest, _EDGE * finest)
    alone = whole.volume(whole.whitened(density.values))[cut] * soft
    band = _Band(alone.shape, size, finest, threads)
    spectrum = band.whitened(alone)
    window = [_WINDOW * finest / 2.355 / s for s in size]
    field = band.volume(spectrum)
    strength = _local_rms(field, window)
    inside = _deep(envelope, size, _BORDER * finest)
    inside &= strength > _FAINT * np.median(strength[mask])
    if np.count_nonzero(inside) < _FEWEST:
        raise NoEnvelopeError
    cells = np.count_nonzero(inside) * density.voxel_volume / finest**3
    of_map = _statistics(field / strength, inside, cells)
    modulation = strength**2 / _local_rms(strength, window)
    amplitude, generator = np.abs(spectrum), np.random.default_rng(seed)
    of_surrogates = []
    for _ in range(surrogates):
        stationary = band.with_random_phases(amplitude, generator)
        placed = stationary * (modulation / _local_rms(stationary, window))
        surrogate = band.volume(band.whitened(placed))
        of_surrogates.append(_statistics(surrogate / _local_rms(surrogate, window), inside, cells))
    return Structure(
        finest,
        cells,
        of_map,
        {key: np.array([s[key] for s in of_surrogates]) for key in of_map},
    )


class _Band:
    """From a fine end to twice that, on a grid."""

    def __init__(
        self, shape: tuple[int, ...], voxel_size: Triple, finest: float, threads: int
    ) -> None:
        from scipy import fft  # slow to load

        self.shape, self.threads = shape, threads
        z, y, x = (
            f(n, size).astype(np.float32)
            for f, n, size in zip(
                (fft.fftfreq, fft.fftfreq, fft.rfftfreq), shape, voxel_size, strict=True
            )
        )
        frequency = np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2)
        width = 1 / max(n * size for n, size in zip(shape, voxel_size, strict=True))
        self.shell = np.rint(frequency / width).astype(np.int32)
        self.counts = np.maximum(np.bincount(self.shell.ravel()), 1)
        self.kept = (frequency <= 1 / finest) & (frequency > 1 / (BAND * finest))

    def whitened(self, values: Volume) -> Spectrum:
        """The half spectrum of the band, with power 1 in every shell."""
        transform = half_spectrum(values, self.threads)
        mean = np.bincount(self.shell.ravel(), power(transform).ravel()) / self.counts
        amplitude = 1 / np.sqrt(np.maximum(mean, np.finfo(np.float32).tiny))
        spectrum: Spectrum = transform * (amplitude.astype(np.float32)[self.shell] * self.kept)
        return spectrum

    def volume(self, spectrum: Spectrum) -> Volume:
        """The volume of a half spectrum."""
        from scipy import fft

        volume: Volume = fft.irfftn(spectrum, s=self.shape, workers=self.threads)
        return volume

    def with_random_phases(
        self, amplitude: NDArray[np.floating[Any]], generator: np.random.Generator
    ) -> Volume:
        """These amplitudes with the phases of noise."""
        white = generator.standard_normal(self.shape, dtype=np.float32)
        noise = half_spectrum(white, self.threads)
        return self.volume(amplitude * noise / np.maximum(np.abs(noise), _SMALLEST))


def finest_held(density: Density, resolution: float, threads: int = 1) -> float:
    """The finest detail that a map holds at all, in Å, but no finer than ``resolution``.

    At the first frequency beyond it the power is below 1e-5 of that at a half to a third of the
    frequency, as no sharpening leaves it, or the voxels end. Resampling a map fills what was empty:
    it is to be asked of the map as it came.

    Raises
    ------
    NoEnvelopeError
        if the box is but a few resolutions wide, or the map constant.
    """
    frequency, mean = power_spectrum(density.values, density.voxel_size, threads)
    within = np.isfinite(mean) & (frequency <= 1 / resolution + frequency[0] / 2)
    frequency, mean = frequency[within], mean[within]
    asked = np.flatnonzero(frequency * resolution >= 1 / 3)
    coarser = [mean[(frequency >= f / 3) & (frequency <= f / 2)] for f in frequency[asked]]
    if not asked.size or not coarser[0].size or not coarser[0].any():
        raise NoEnvelopeError
    empty = [p <= _EMPTY * part.mean() for p, part in zip(mean[asked], coarser, strict=True)]
    last = asked[int(np.argmax(empty))] - 1 if any(empty) else asked[-1]
    return max(resolution, 1 / float(frequency[last]))


def _around(molecule: Mask, voxel_size: Triple, margin: float) -> tuple[slice, ...]:
    """The part of the box that holds the mask, with a margin (Å) where there is one."""
    from scipy import fft

    slices = []
    for (first, last), n, size in zip(
        bounding_box(molecule), molecule.shape, voxel_size, strict=True
    ):
        spare = math.ceil(margin / size)
        wanted = fft.next_fast_len(last + 1 - first + 2 * spare, real=True)
        start = max(0, first - spare)
        slices.append(slice(start, min(n, start + wanted)))
    return tuple(slices)


def _closed(mask: Mask, voxel_size: Triple, radius: float) -> Mask:
    """Morphological closing by a ball; the box's faces do not hinder it."""
    from scipy import ndimage

    pads = [(math.ceil(radius / s) + 1,) * 2 for s in voxel_size]
    padded = np.pad(mask, pads)
    grown = ndimage.distance_transform_edt(~padded, sampling=voxel_size) <= radius
    closed = _deep(grown, voxel_size, radius)
    return closed[tuple(slice(a, n - b) for (a, b), n in zip(pads, closed.shape, strict=True))]


def _deep(mask: Mask, voxel_size: Triple, depth: float) -> Mask:
    """Voxels farther than ``depth`` from what is outside, beyond the box's faces, too."""
    from scipy import ndimage

    distance = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=voxel_size)
    deep: Mask = distance[1:-1, 1:-1, 1:-1] > depth
    return deep


def _local_rms(values: Volume, window: list[float]) -> Volume:
    from scipy import ndimage

    squares = ndimage.gaussian_filter(np.square(values), window, truncate=_TRUNCATED)
    rms: Volume = np.sqrt(np.maximum(squares, np.finfo(np.float32).tiny))
    return rms


def _statistics(field: Volume, inside: Mask, cells: float) -> dict[str, float]:
    """What tells a field in the envelope from a Gaussian one.

    Skewness and excess kurtosis; how much its square, averaged over cubes of 3 and 5 voxels,
    varies; and per cell the Euler characteristics of so much of the envelope where the field is
    highest and where it is lowest, together.
    """
    from scipy import ndimage

    values = field[inside].astype(np.float64)
    values -= values.mean()
    values /= values.std()
    found = {"skewness": float(np.mean(values**3)), "kurtosis": float(np.mean(values**4)) - 3}
    squares = np.square(field)
    for side in _CLUMPS:
        found[f"clumps_{side}"] = float(ndimage.uniform_filter(squares, side)[inside].std())
    levels = np.quantile(field[inside], LEVELS)
    for share, low, high in zip(LEVELS, levels, levels[::-1], strict=True):
        extremes = ((field >= high) & inside, (field < low) & inside)
        pieces = sum(euler_characteristic(mask) for mask in extremes)
        found[f"pieces_{share:g}"] = pieces / cells
    return found


def euler_characteristic(mask: Mask) -> int:
    """Pieces minus tunnels plus cavities of the voxels of a mask, which touch by their faces.

    By Euler's formula, of the cubical complex whose corners are the voxels' centres: corners minus
    edges plus squares minus cubes.

    Examples
    --------
    >>> import numpy as np
    >>> ring = np.ones((1, 3, 3), bool)
    >>> ring[0, 1, 1] = False
    >>> euler_characteristic(ring)
    0
    """
    return sum(sign * int(np.count_nonzero(cells)) for sign, cells in _cells(mask))


def _cells(mask: Mask) -> Iterator[tuple[int, Mask]]:
    """The corners, edges, squares and cubes of a mask with the signs of Euler's formula."""
    with_sign = [(1, mask)]
    for axis in range(3):
        with_sign += [(-sign, _joined(cells, axis)) for sign, cells in with_sign]
    return iter(with_sign)


def _joined(cells: Mask, axis: int) -> Mask:
    first, second = ([slice(None)] * 3 for _ in range(2))
    first[axis], second[axis] = slice(None, -1), slice(1, None)
    return cells[tuple(first)] & cells[tuple(second)]
