"""The engine: two half spectra to correlations by band and place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.local_bands.bands import FEWEST, Band, bands_of
from vrs_scipion.methods.local_bands.coarse_grid import CoarseGrid, coarse_grid
from vrs_scipion.methods.local_bands.windows import (
    gaussian_weights,
    repeats_of,
    rows_of,
    samples_of,
    separably,
)
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, power

SPACING = 2.0
"""Of the points, in voxels of the coarsest axis: 0.8 standard deviations of the finest window."""

_QUIET = 0.1
"""Where the correlation has fallen below that at every point, finer bands are left out."""
ALIASING = 0.25
"""How far beyond a band, as a share of its centre, its grid reaches: products of fields alias."""
BAND_REACH = 3.0
FINE = 8
"""Steps of the table of amplitudes in a shell."""
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
    pair = Pair.of(first, second, mask, voxel_size, threads)
    shells, bands = pair.shells, bands_of(pair.shells, pair.samples, resolution)
    grid = grid_of_points(mask, voxel_size)
    values: list[NDArray[np.float32]] = []
    independent: list[NDArray[np.float32]] = []
    quiet = np.zeros(np.count_nonzero(grid.inside), np.bool_)
    for band in bands:
        empty = np.zeros(quiet.size, np.float32)
        values.append(_correlation(pair, band, grid) if pair.holds(band) else empty)
        independent.append(samples_of(shells, band, grid) / repeats_of(shells, band, grid, fold))
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
class Pair:
    """Both half spectra, and what is needed to take a band of them to real space.

    Attributes
    ----------
    samples : coefficients of the whole sphere in each shell
    amplitude : root mean square of both, shape (shells,)
    places : uint16, |f| of every coefficient in eighths of a shell
    """

    first: HalfSpectrum
    second: HalfSpectrum
    shells: Shells
    samples: Reals
    amplitude: Reals
    places: NDArray[np.uint16]
    threads: int

    @classmethod
    def of(
        cls,
        first: HalfSpectrum,
        second: HalfSpectrum,
        mask: Mask,
        voxel_size: Triple,
        threads: int = 1,
    ) -> Pair:
        """Two maps that are to be correlated in a mask.

        Raises
        ------
        NotMeasurableError
            if the mask is empty.
        """
        if not mask.any():
            raise NotMeasurableError("the mask is empty: there is nothing to measure in it")
        shells = Shells(mask.shape, voxel_size)
        sums, samples = shells.sums(lambda z: (power(first[z]), power(second[z])))
        common = _common_amplitude(shells, sums, samples, (first[0, 0, 0], second[0, 0, 0]))
        return cls(first, second, shells, samples, common, places_of(shells), threads)

    def grid_of(self, band: Band) -> tuple[int, ...]:
        """Voxels along z, y, x that hold a band and the slow part of its products."""
        from scipy import fft  # slow to load

        reach = band.centre * (1 + ALIASING) + BAND_REACH * band.width
        wanted = (fft.next_fast_len(2 * math.ceil(reach * edge)) for edge in self.shells.extents)
        return tuple(min(n, m) for n, m in zip(self.shells.shape, wanted, strict=True))

    def holds(self, band: Band) -> bool:
        """Whether there is anything in most of a band."""
        share = band.amplitude(self.shells.frequency) ** 2
        return bool(share[self.amplitude > 0].sum() > share.sum() / 2)

    def factors(self, band: Band) -> NDArray[np.float32]:
        """What to multiply coefficients with, by their place."""
        shells = self.shells
        frequency = np.arange(last_place(shells) + 1) / (FINE * max(shells.extents))
        there = np.interp(frequency, shells.frequency, self.amplitude)
        held = np.interp(frequency, shells.frequency, self.amplitude > 0) == 1
        factors = np.zeros(frequency.size)
        np.divide(band.amplitude(frequency), there, out=factors, where=held)
        factors[: FINE // 2] = 0  # the mean
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


def _correlation(pair: Pair, band: Band, grid: CoarseGrid) -> NDArray[np.float32]:
    """Of the two maps in a band, at the points of a grid."""
    box, shells = pair.grid_of(band), pair.shells
    axes = zip(box, shells.shape, shells.extents, grid.voxels, strict=True)
    rows, windows, nearest = [], [], []
    for m, n, edge, voxels in axes:
        points = voxels * (edge / n)
        rows.append(rows_of(m, edge, points, band.window))
        windows.append(gaussian_weights(points, rows[-1] * (edge / m), edge, band.window))
        nearest.append(np.rint(rows[-1] * (n / m)).astype(np.intp) % n)
    molecule = grid.mask[np.ix_(*nearest)]
    factors = pair.factors(band)
    one, other = (pair.field(s, factors, box, rows) for s in (pair.first, pair.second))
    one *= molecule
    other *= molecule

    def averaged(product: Volume) -> NDArray[np.float32]:
        return separably(windows, product)[grid.inside]

    norm = np.sqrt(averaged(one * one) * averaged(other * other))
    correlation = averaged(np.multiply(one, other, out=one))
    correlation[norm > 0] /= norm[norm > 0]
    return correlation


def _kept(n: int, m: int) -> tuple[tuple[slice, slice], ...]:
    """Where the m lowest of n frequencies go, and where they come from: not, then negative."""
    upper = (m + 1) // 2
    if m == n:
        return ((slice(n), slice(n)),)
    return (slice(upper), slice(upper)), (slice(upper, m), slice(n - m + upper, n))


def last_place(shells: Shells) -> int:
    return FINE * shells.count + 1


def places_of(shells: Shells) -> NDArray[np.uint16]:
    """|f| of every coefficient of a half spectrum, in eighths of a shell; the last lies beyond."""
    from scipy import fft  # slow to load

    scale = FINE * max(shells.extents)
    kinds = (fft.fftfreq, fft.fftfreq, fft.rfftfreq)
    z, y, x = (
        (scale * frequencies(n, size)) ** 2
        for frequencies, n, size in zip(kinds, shells.shape, shells.voxel_size, strict=True)
    )
    places = np.empty((z.size, y.size, x.size), np.uint16)
    plane = y[:, None] + x
    for place, square in zip(places, z, strict=True):
        place[:] = np.minimum(np.rint(np.sqrt(plane + square)), last_place(shells))
    return places
