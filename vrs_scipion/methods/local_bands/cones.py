"""The engine along directions: bands of half maps in cones, correlated by place.

What is asked of one direction is what Vilas et al. 2020 (doi:10.1038/s41467-019-13742-w) ask of the
amplitudes of one map, asked here of the correlation of two.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.local_bands.bands import FEWEST, Band, bands_of
from vrs_scipion.methods.local_bands.coarse_grid import CoarseGrid
from vrs_scipion.methods.local_bands.correlations import (
    ALIASING,
    BAND_REACH,
    LocalCorrelations,
    Pair,
    grid_of_points,
)
from vrs_scipion.methods.local_bands.windows import (
    gaussian_weights,
    rows_of,
    samples_of,
    separably,
)
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells

_Kind = TypeVar("_Kind", bound=np.generic)

HALF_ANGLE = 30.0
"""Of a cone, degrees: where its amplitude is a half."""
_EDGE = 10.0
"""Degrees on either side of the half-angle over which a cone is let down."""
CONE_SPACING = 1.8
"""Of the bands' centres, in standard deviations: half as wide again as in other checks, for 15 axes
are many; the answers stay (benchmarks/local_directions.md)."""
CONE_SLOPE_BANDS = 3
"""Around a crossing: over so many of them its slope is measured, over as wide a range as there."""
_AFTER = 1
"""Bands that are looked at after every point has fallen below the level."""


def twofold_axes() -> Reals:
    """The 15 twofold axes of an icosahedron: unit vectors along z, y, x, shape (15, 3).

    Three of them are the axes of the box. All are alike to each other, so that whatever is even in
    all directions is even among them.
    """
    golden = (1 + math.sqrt(5)) / 2
    found = [np.roll((1.0, 0.0, 0.0), turn) for turn in range(3)]
    for turn in range(3):
        for signs in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            corner = (golden / 2, signs[0] / 2, signs[1] / (2 * golden))
            found.append(np.roll(corner, turn))
    return np.array(found)


def directional_correlations(
    first: HalfSpectrum,
    second: HalfSpectrum,
    mask: Mask,
    voxel_size: Triple,
    axes: Reals,
    level: float,
    *,
    resolution: float | None = None,
    threads: int = 1,
) -> Iterator[LocalCorrelations]:
    """Correlate two half maps by place, band by band, in cones about axes.

    A cone and its opposite hold the same of a real map, so that one of them is looked at: what it
    holds is a complex field, and only its envelope matters, which far fewer points tell.

    Parameters
    ----------
    first, second : half spectra, as ``scipy.fft.rfftn`` gives them
    mask : the molecule, bool (z, y, x) on the maps' grid
    voxel_size : Å along z, y, x
    axes : unit vectors along z, y, x, shape (axes, 3)
    level : finer bands are left out where the correlation has fallen below that at every point
    resolution : reported, in Å; the bands begin at four times that, and at 20 Å at the latest
    threads : for the Fourier transforms

    Yields
    ------
    The correlations along each axis, all on one grid.

    Raises
    ------
    NotMeasurableError
        if the mask is empty, or the box holds fewer than four bands.
    """
    pair = Pair.of(first, second, mask, voxel_size, threads)
    bands = bands_of(pair.shells, pair.samples, resolution, CONE_SPACING)
    grid = grid_of_points(mask, voxel_size)
    share = _share_of_sphere()
    samples = [share * samples_of(pair.shells, band, grid) for band in bands]
    for axis in axes:
        yield _along(pair, bands, samples, grid, axis, level)


def _along(
    pair: Pair,
    bands: Sequence[Band],
    samples: Sequence[NDArray[np.float32]],
    grid: CoarseGrid,
    axis: Reals,
    level: float,
) -> LocalCorrelations:
    side = _Side.of(pair, axis, bands[-1])
    values: list[NDArray[np.float32]] = []
    fallen = np.zeros(np.count_nonzero(grid.inside), np.bool_)
    after = 0
    for band in bands:
        empty = np.zeros(fallen.size, np.float32)
        values.append(_correlation(side, band, grid) if pair.holds(band) else empty)
        after += bool(fallen.all())
        fallen |= values[-1] < level
        if after > _AFTER and len(values) >= FEWEST:
            break
    return LocalCorrelations(
        frequency=np.array([band.frequency for band in bands[: len(values)]]),
        samples=np.array(samples[: len(values)]),
        values=np.array(values),
        grid=grid,
        reaches_nyquist=len(values) == len(bands),
    )


def cone_amplitude(cosine: NDArray[np.floating[Any]]) -> Volume:
    """Of a cone, by the cosine to its axis: 1 there, a half at 30°, 0 from 40° on."""
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    share = np.clip((angle - (HALF_ANGLE - _EDGE)) / (2 * _EDGE), 0, 1)
    return np.asarray((1 + np.cos(np.pi * share)) / 2, np.float32)


def _share_of_sphere(steps: int = 2000) -> float:
    """Independent samples in a cone and its opposite, of those of the whole sphere."""
    power = np.square(cone_amplitude((np.arange(steps) + 0.5) / steps), dtype=np.float64)
    return float(power.mean() ** 2 / np.square(power).mean())


@dataclass(frozen=True)
class _Side:
    """The part of two transforms in which the cone about an axis lies, on one side of the origin.

    Attributes
    ----------
    pair : the maps
    axis : unit vector along z, y, x
    corner : waves along z, y, x of its first coefficient
    first, second : coefficients times the amplitude of the cone
    places : uint16, |f| of each in eighths of a shell
    """

    pair: Pair
    axis: Reals
    corner: tuple[int, ...]
    first: HalfSpectrum
    second: HalfSpectrum
    places: NDArray[np.uint16]

    @classmethod
    def of(cls, pair: Pair, axis: Reals, finest: Band) -> _Side:
        """All of it, from the origin to the finest band."""
        shells = pair.shells
        ranges = _ranges(shells, axis, 0.0, finest.centre + BAND_REACH * finest.width)
        waves = [np.arange(low, high + 1) for low, high in ranges]
        z, y, x = (
            (k / edge).astype(np.float32) for k, edge in zip(waves, shells.extents, strict=True)
        )
        length = np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2)
        along = (z * axis[0])[:, None, None] + (y * axis[1])[:, None] + x * axis[2]
        cone = cone_amplitude(along / np.maximum(length, np.finfo(np.float32).tiny))
        first, second = (_taken(s, waves, shells.shape) * cone for s in (pair.first, pair.second))
        places = _taken(pair.places, waves, shells.shape)
        return cls(pair, axis, tuple(low for low, _ in ranges), first, second, places)

    def held(self, band: Band) -> tuple[slice, ...]:
        """Where a band lies in it."""
        reach = BAND_REACH * band.width
        ranges = _ranges(
            self.pair.shells, self.axis, max(0.0, band.centre - reach), band.centre + reach
        )
        return tuple(
            slice(max(0, low - start), high + 1 - start)
            for (low, high), start in zip(ranges, self.corner, strict=True)
        )


def _ranges(shells: Shells, axis: Reals, low: float, high: float) -> list[tuple[int, int]]:
    """First and last wave along z, y, x of a cone between two frequencies, 1/Å."""
    reach = math.radians(HALF_ANGLE + _EDGE)
    found = []
    for n, edge, cosine in zip(shells.shape, shells.extents, axis, strict=True):
        angle = math.acos(min(1.0, max(-1.0, cosine)))
        ends = [
            radius * math.cos(min(math.pi, max(0.0, angle + turn)))
            for radius in (low, high)
            for turn in (-reach, reach)
        ]
        last = (n - 1) // 2
        found.append(
            (
                max(-last, math.floor(min(ends) * edge)),
                min(last, math.ceil(max(ends) * edge)),
            )
        )
    return found


def _taken(
    half: NDArray[_Kind], waves: Sequence[NDArray[np.intp]], shape: tuple[int, ...]
) -> NDArray[_Kind]:
    """Coefficients of the whole transform, from its half along x."""
    z, y, x = waves
    negative, positive = x[x < 0], x[x >= 0]
    parts = (
        [np.conj(half[np.ix_(-z % shape[0], -y % shape[1], -negative)])] if negative.size else []
    )
    if positive.size:
        parts.append(half[np.ix_(z % shape[0], y % shape[1], positive)])
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)


def _correlation(side: _Side, band: Band, grid: CoarseGrid) -> NDArray[np.float32]:
    """Of the two maps in a band, at the points of a grid."""
    from scipy import fft  # slow to load

    shells, held = side.pair.shells, side.held(band)
    spans = [part.stop - part.start for part in held]
    box = tuple(
        fft.next_fast_len(span + math.ceil(ALIASING * band.centre * edge))
        for span, edge in zip(spans, shells.extents, strict=True)
    )
    rows, windows, nearest = [], [], []
    for m, n, edge, voxels in zip(box, shells.shape, shells.extents, grid.voxels, strict=True):
        points = voxels * (edge / n)
        rows.append(rows_of(m, edge, points, band.window))
        windows.append(gaussian_weights(points, rows[-1] * (edge / m), edge, band.window))
        nearest.append(np.rint(rows[-1] * (n / m)).astype(np.intp) % n)
    molecule = grid.mask[np.ix_(*nearest)]
    factors = side.pair.factors(band)[side.places[held]]

    def field(coefficients: HalfSpectrum) -> HalfSpectrum:
        part = coefficients[held] * factors
        for axis, m in enumerate(box):
            part = fft.ifft(part, m, axis=axis, overwrite_x=True, workers=side.pair.threads)
            part = part.take(rows[axis], axis=axis)
        return np.asarray(part * molecule)

    def averaged(product: Volume) -> NDArray[np.float32]:
        return separably(windows, product)[grid.inside]

    one, other = field(side.first), field(side.second)
    power = [averaged(np.square(f.real) + np.square(f.imag)) for f in (one, other)]
    norm = np.sqrt(power[0] * power[1])
    correlation = averaged(one.real * other.real + one.imag * other.imag)
    correlation[norm > 0] /= norm[norm > 0]
    return correlation
