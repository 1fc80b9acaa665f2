"""The engine: two half spectra to correlations by band and place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.local_bands.bands import FEWEST, Band, bands_of
from vrs_scipion.methods.local_bands.coarse_grid import CoarseGrid, coarse_grid
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, power

SPACING = 2.0
"""Of the points, in voxels of the coarsest axis: 0.8 standard deviations of the finest window."""

_QUIET = 0.1
"""Where the correlation has fallen below that at every point, finer bands are left out."""
_WINDOW_REACH = 4.0
_ALIASING = 0.25
"""How far beyond a band, as a share of its centre, its grid reaches: products of fields alias."""
_BAND_REACH = 3.0
_FINE = 8
"""Steps of the table of amplitudes in a shell."""
_ROWS = 16
_LEAST = 1e-3
_ROUNDED = 5e-7
"""Amplitude of what is lost by rounding, in the root mean square of all amplitudes."""
_TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class LocalCorrelations:
    """The correlation of two half maps in bands of spatial frequency, around points in a mask.

    Attributes
    ----------
    frequency : of each band, 1/Å, coarse to fine, shape (bands,); those beyond the last in which
        the halves correlate anywhere are left out
    samples : independent ones in the window of a point, float32 (bands, points)
    values : the correlations, float32 (bands, points); ``grid.inside`` tells where the points are
    grid : the points
    reaches_nyquist : whether the last band is the last that the voxels hold
    """

    frequency: Reals
    samples: NDArray[np.float32]
    values: NDArray[np.float32]
    grid: CoarseGrid
    reaches_nyquist: bool


def local_correlations(
    first: HalfSpectrum,
    second: HalfSpectrum,
    mask: Mask,
    voxel_size: Triple,
    *,
    resolution: float | None = None,
    fold: int = 1,
    threads: int = 1,
) -> LocalCorrelations:
    """Correlate two half maps band by band, under Gaussian windows of 1.25 waves.

    Both spectra are divided by the root of their mean power, shell by shell, by one curve for both
    in which either counts the same: else the strong side
    of a band would count for all of it. Products of the bands' fields are averaged under the window
    on points of a coarse grid.

    Parameters
    ----------
    first, second : half spectra, as ``scipy.fft.rfftn`` gives them
    mask : the molecule, bool (z, y, x) on the maps' grid
    voxel_size : Å along z, y, x
    resolution : reported, in Å; the bands begin at four times that, and at 20 Å at the latest
    fold : of the rotation about z through voxel N/2 that was imposed on both: near that axis a
        window holds the same several times
    threads : for the Fourier transforms

    Raises
    ------
    NotMeasurableError
        if the mask is empty, or the box holds fewer than four bands.
    """
    if not mask.any():
        raise NotMeasurableError("the mask is empty: there is nothing to measure in it")
    shells = Shells(mask.shape, voxel_size)
    sums, samples = shells.sums(lambda z: (power(first[z]), power(second[z])))
    bands = bands_of(shells, samples, resolution)
    grid = grid_of_points(mask, voxel_size)
    common = _common_amplitude(shells, sums, samples, (first[0, 0, 0], second[0, 0, 0]))
    pair = _Pair(first, second, shells, common, _places(shells), threads)
    values: list[NDArray[np.float32]] = []
    independent: list[NDArray[np.float32]] = []
    quiet = np.zeros(np.count_nonzero(grid.inside), np.bool_)
    for band in bands:
        empty = np.zeros(quiet.size, np.float32)
        values.append(_correlation(pair, band, grid) if pair.holds(band) else empty)
        independent.append(_samples(shells, band, grid) / _repeats(shells, band, grid, fold))
        done = bool(quiet.all())
        quiet |= values[-1] < _QUIET
        if done and len(values) >= FEWEST:
            break
    used = bands[: len(values)]
    return LocalCorrelations(
        frequency=np.array([band.frequency for band in used]),
        samples=np.array(independent),
        values=np.array(values),
        grid=grid,
        reaches_nyquist=len(used) == len(bands),
    )


def _common_amplitude(
    shells: Shells, sums: Reals, samples: Reals, means: Sequence[np.complexfloating[Any, Any]]
) -> Reals:
    """Root mean square of both halves by shell, either brought to the same power.

    It is 0 where a half holds nothing but what numbers of 32 bits are rounded by: that is much the
    same in both.
    """
    amplitude, rounded = np.zeros(samples.shape), np.zeros(samples.shape, np.bool_)
    for sum_of_shell, mean in zip(sums, means, strict=True):
        power_of_shell, whole = sum_of_shell / samples, max(float(sum_of_shell.sum()), _TINY)
        amplitude += power_of_shell / whole
        everywhere = (whole + float(np.abs(mean)) ** 2) / math.prod(shells.shape)
        rounded |= power_of_shell < _ROUNDED**2 * everywhere
    return np.where(rounded, 0, np.sqrt(amplitude))


def grid_of_points(mask: Mask, voxel_size: Triple) -> CoarseGrid:
    """The points around which the halves are correlated.

    Raises
    ------
    ValueError
        if the mask is empty.
    """
    return coarse_grid(mask, voxel_size, SPACING * max(voxel_size))


@dataclass(frozen=True)
class _Pair:
    """Both half spectra, and what is needed to take a band of them to real space.

    Attributes
    ----------
    amplitude : root mean square of both, shape (shells,)
    places : uint16, |f| of every coefficient in eighths of a shell
    """

    first: HalfSpectrum
    second: HalfSpectrum
    shells: Shells
    amplitude: Reals
    places: NDArray[np.uint16]
    threads: int

    def grid_of(self, band: Band) -> tuple[int, ...]:
        """Voxels along z, y, x that hold a band and the slow part of its products."""
        from scipy import fft  # slow to load

        reach = band.centre * (1 + _ALIASING) + _BAND_REACH * band.width
        wanted = (fft.next_fast_len(2 * math.ceil(reach * edge)) for edge in self.shells.extents)
        return tuple(min(n, m) for n, m in zip(self.shells.shape, wanted, strict=True))

    def holds(self, band: Band) -> bool:
        """Whether there is anything in most of a band."""
        share = band.amplitude(self.shells.frequency) ** 2
        return bool(share[self.amplitude > 0].sum() > share.sum() / 2)

    def factors(self, band: Band) -> NDArray[np.float32]:
        """What to multiply coefficients with, by their place."""
        shells = self.shells
        frequency = np.arange(_last_place(shells) + 1) / (_FINE * max(shells.extents))
        there = np.interp(frequency, shells.frequency, self.amplitude)
        held = np.interp(frequency, shells.frequency, self.amplitude > 0) == 1
        factors = np.zeros(frequency.size)
        np.divide(band.amplitude(frequency), there, out=factors, where=held)
        factors[: _FINE // 2] = 0  # the mean
        factors[-1] = 0  # all that lies beyond the Nyquist frequency
        return np.asarray(factors / max(factors.max(), _TINY), np.float32)

    def field(
        self,
        spectrum: HalfSpectrum,
        factors: NDArray[np.float32],
        grid: tuple[int, ...],
        rows: Sequence[NDArray[np.intp]],
    ) -> Volume:
        """A band of a map in real space: the rows wanted along z, y, x of a smaller grid."""
        from scipy import fft  # slow to load

        *_, last = grid
        width = last // 2 + 1
        part = np.zeros((*grid[:2], width), np.complex64)
        for into_z, from_z in _kept(self.shells.shape[0], grid[0]):
            for into_y, from_y in _kept(self.shells.shape[1], grid[1]):
                held = from_z, from_y, slice(width)
                np.multiply(spectrum[held], factors[self.places[held]], out=part[into_z, into_y])
        for axis in (0, 1):
            part = fft.ifft(part, axis=axis, overwrite_x=True, workers=self.threads)
            part = part.take(rows[axis], axis=axis)
        field: Volume = fft.irfft(part, last, axis=2, workers=self.threads)
        return field.take(rows[2], axis=2)


def _correlation(pair: _Pair, band: Band, grid: CoarseGrid) -> NDArray[np.float32]:
    """Of the two maps in a band, at the points of a grid."""
    box, shells = pair.grid_of(band), pair.shells
    axes = zip(box, shells.shape, shells.extents, grid.voxels, strict=True)
    rows, windows, nearest = [], [], []
    for m, n, edge, voxels in axes:
        points = voxels * (edge / n)
        rows.append(_rows(m, edge, points, band.window))
        windows.append(_gaussian(points, rows[-1] * (edge / m), edge, band.window))
        nearest.append(np.rint(rows[-1] * (n / m)).astype(np.intp) % n)
    molecule = grid.mask[np.ix_(*nearest)]
    factors = pair.factors(band)
    one, other = (pair.field(s, factors, box, rows) for s in (pair.first, pair.second))
    one *= molecule
    other *= molecule

    def averaged(product: Volume) -> NDArray[np.float32]:
        return _separably(windows, product)[grid.inside]

    norm = np.sqrt(averaged(one * one) * averaged(other * other))
    correlation = averaged(np.multiply(one, other, out=one))
    correlation[norm > 0] /= norm[norm > 0]
    return correlation


def _samples(shells: Shells, band: Band, grid: CoarseGrid) -> NDArray[np.float32]:
    """Independent samples of a band in the part of each point's window that the mask leaves.

    That part counts as the whole of a smaller window.
    """
    places = zip(grid.voxels, grid.mask.shape, strict=True)
    molecule = grid.mask[np.ix_(*(voxels % n for voxels, n in places))].astype(np.float32)
    axes = list(zip(grid.voxels, shells.voxel_size, shells.extents, grid.step, strict=True))

    def share(width: float) -> NDArray[np.float32]:
        """Of a Gaussian window that lies in the mask."""
        weights = [
            _gaussian(voxels * size, voxels * size, edge, width)
            * np.float32(step * size / (math.sqrt(2 * math.pi) * width))
            for voxels, size, edge, step in axes
        ]
        return _separably(weights, molecule)[grid.inside]

    part = share(band.window) ** 2 / np.maximum(share(band.window / math.sqrt(2)), _TINY)
    as_wide = band.window * np.cbrt(np.clip(part, _LEAST, 1))
    return band.samples(as_wide).astype(np.float32)


def _repeats(shells: Shells, band: Band, grid: CoarseGrid, fold: int) -> NDArray[np.float32]:
    """How many times each point's window holds the same, by a rotation about z.

    Copies of a window a distance a apart have exp(−a²/(4w²)) of it in common.
    """
    y, x = (
        (grid.voxels[axis] - shells.shape[axis] // 2) * (shells.voxel_size[axis] / band.window)
        for axis in (1, 2)
    )
    squares = y[:, None] ** 2 + x**2
    turns = np.sin(np.pi * np.arange(fold) / fold) ** 2
    common = np.exp(-squares[..., None] * turns).sum(axis=-1)
    return np.asarray(np.broadcast_to(common, grid.inside.shape)[grid.inside], np.float32)


def _separably(weights: Sequence[NDArray[np.float32]], values: Volume) -> NDArray[np.float32]:
    """Values (z, y, x) weighted along each axis, with one row of weights for each new place."""
    z, y, x = weights

    def along_x(rows: NDArray[np.float32], held: slice) -> Volume:
        return np.asarray(np.matmul(values[:, :, held], rows.T))

    def along_y(rows: NDArray[np.float32], held: slice) -> Volume:
        return np.asarray(np.matmul(rows, values[:, held]))

    def along_z(rows: NDArray[np.float32], held: slice) -> Volume:
        return np.asarray(np.tensordot(rows, values[held], 1))

    for axis, rows, product in ((2, x, along_x), (1, y, along_y), (0, z, along_z)):
        values = np.concatenate([product(*part) for part in _parts(rows)], axis=axis)
    return values


def _parts(weights: NDArray[np.float32]) -> Iterator[tuple[NDArray[np.float32], slice]]:
    """Some rows of weights at a time, where they are not 0, and the slice of those columns."""
    for first in range(0, len(weights), _ROWS):
        rows = weights[first : first + _ROWS]
        used = np.flatnonzero(rows.any(axis=0))
        held = slice(used[0], used[-1] + 1)
        yield rows[:, held], held


def _rows(count: int, edge: float, points: Reals, width: float) -> NDArray[np.intp]:
    """The samples of a periodic axis that the Gaussian windows of points need.

    Parameters
    ----------
    count, edge : samples along the axis, and its length in Å
    points : Å
    width : standard deviation of the windows, Å
    """
    step, reach = edge / count, _WINDOW_REACH * width
    low, high = math.floor((points[0] - reach) / step), math.ceil((points[-1] + reach) / step)
    if high - low >= count:
        return np.arange(count)
    return np.arange(low, high + 1) % count


def _gaussian(points: Reals, places: Reals, edge: float, width: float) -> NDArray[np.float32]:
    """Gaussian weights of places around points on a periodic axis, in Å; (points, places)."""
    distance = points[:, None] - places
    distance -= np.rint(distance / edge) * edge
    weights = np.exp(-0.5 * (distance / width) ** 2)
    return np.where(np.abs(distance) <= _WINDOW_REACH * width, weights, 0).astype(np.float32)


def _kept(n: int, m: int) -> tuple[tuple[slice, slice], ...]:
    """Where the m lowest of n frequencies go, and where they come from: not, then negative."""
    upper = (m + 1) // 2
    if m == n:
        return ((slice(n), slice(n)),)
    return (slice(upper), slice(upper)), (slice(upper, m), slice(n - m + upper, n))


def _last_place(shells: Shells) -> int:
    return _FINE * shells.count + 1


def _places(shells: Shells) -> NDArray[np.uint16]:
    """|f| of every coefficient of a half spectrum, in eighths of a shell; the last lies beyond."""
    from scipy import fft  # slow to load

    scale = _FINE * max(shells.extents)
    kinds = (fft.fftfreq, fft.fftfreq, fft.rfftfreq)
    z, y, x = (
        (scale * frequencies(n, size)) ** 2
        for frequencies, n, size in zip(kinds, shells.shape, shells.voxel_size, strict=True)
    )
    places = np.empty((z.size, y.size, x.size), np.uint16)
    plane = y[:, None] + x
    for place, square in zip(places, z, strict=True):
        place[:] = np.minimum(np.rint(np.sqrt(plane + square)), _last_place(shells))
    return places
