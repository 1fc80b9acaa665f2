"""MonoRes: local resolution from where a map's monogenic amplitude rises above its noise's.

Vilas et al. 2018, doi:10.1016/j.str.2017.12.018.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import bounding_box
from vrs_scipion.methods.local_sweep import NotMeasurableError, order_statistics
from vrs_scipion.methods.part_by_part import Kept, Spectrum, each, planes_at_once, slices

Values = NDArray[np.float32]
Part = tuple[NDArray[np.intp], ...]

SIGNIFICANCE = 0.95
"""Quantile of the noise's amplitude in the mask that a voxel's amplitude has to exceed."""
STEP = 0.5
"""Å between resolutions that are tried, where a Fourier shell is not wider."""

_COARSEST, _TIMES = 10.0, 5.0
_UNTOLD = 2.0
_MISSES = 2
_FEWEST_STEPS = 4
_FEWEST_VOXELS = 200
_SAME = 1e-6


@dataclass(frozen=True)
class MonogenicResolution:
    """Local resolution in a mask.

    Attributes
    ----------
    resolution : Å, float32 (z, y, x); NaN outside the mask, and where no step was resolved
    steps : the resolutions in Å that were tried, coarse to fine
    contrasts : at each, the median amplitude in the mask, in units of what noise has to stay below
    finest_share : share of the mask that is resolved at the last of them
    """

    resolution: Volume
    steps: tuple[float, ...]
    contrasts: tuple[float, ...]
    finest_share: float


def coarsest_of(resolution: float | None, voxel_size: Triple) -> float:
    """Å from which to sweep: 10, or five times what was reported, else twice the Nyquist limit."""
    nyquist = 2 * max(voxel_size)
    expected = _UNTOLD * nyquist if resolution is None else max(resolution, nyquist)
    return max(_COARSEST, _TIMES * expected)


def swept(coarsest: float, box: tuple[int, ...], voxel_size: Triple) -> tuple[float, ...]:
    """The resolutions to try in Å, coarse to fine, up to the Nyquist limit.

    They are 0.5 Å apart, but at least the width of a Fourier shell of the longest side. The first
    is the coarsest of which two waves fit into the shortest side.
    """
    sides = [n * s for n, s in zip(box, voxel_size, strict=True)]
    shell, finest = 1 / max(sides), 2 * max(voxel_size)
    steps = [min(coarsest, min(sides) / 2)]
    while True:
        last = steps[-1]
        following = min(last - STEP, 1 / (1 / last + shell))
        if following < finest * (1 - _SAME):
            return tuple(steps)
        steps.append(following)


def monogenic_resolution(
    first: Volume,
    second: Volume,
    mask: Mask,
    voxel_size: Triple,
    *,
    coarsest: float,
    significance: float = SIGNIFICANCE,
    threads: int = 1,
) -> MonogenicResolution:
    """The resolution of every voxel of the mask.

    From coarse to fine, the mean of the half maps and half their difference, which is the mean's
    noise, are high-passed at each step. Their monogenic amplitudes, low-passed there, are held
    against each other: a voxel is resolved where the mean's exceeds a quantile of the noise's in
    the mask. Two steps in a row that are not resolved end a voxel's sweep. Its resolution lies
    between the last resolved step and the next, where the two amplitudes, by a line, meet. The
    work is done in the part of the box around the mask that the coarsest wave reaches.

    Parameters
    ----------
    first, second : half maps with noise of their own, float32 (z, y, x); swapping them, scaling
        both or adding a constant changes nothing
    mask : the molecule, bool (z, y, x)
    voxel_size : Å along z, y, x
    coarsest : Å, where the sweep starts (see ``coarsest_of``)
    significance : the quantile, 0 to 1
    threads : to use

    Raises
    ------
    NotMeasurableError
        if mask or box are too small, or the halves do not differ in the mask.
    """
    _require(first, second, mask)
    steps = swept(coarsest, mask.shape, voxel_size)
    if len(steps) < _FEWEST_STEPS:
        raise NotMeasurableError(
            f"from {steps[0]:.4g} Å to the Nyquist limit, {2 * max(voxel_size):.4g} Å, there are "
            "too few steps for a sweep"
        )
    amplitudes = _Amplitudes(first, second, mask, voxel_size, steps[0], threads)
    sweep = _Sweep(np.count_nonzero(mask))
    width = 1 / max(n * s for n, s in zip(mask.shape, voxel_size, strict=True))
    contrasts, before = [], 1 / steps[0] - width
    for step in steps:
        of_mean, of_noise = amplitudes.at(1 / step, before)
        of_mean /= _quantile(of_noise, significance)
        contrasts.append(float(np.median(of_mean)))
        sweep.add(step, of_mean - 1)
        before = 1 / step
    resolution = np.full(mask.shape, np.nan, np.float32)
    resolution[mask] = sweep.resolution
    return MonogenicResolution(resolution, steps, tuple(contrasts), sweep.share_at_last)


def _require(first: Volume, second: Volume, mask: Mask) -> None:
    voxels = int(np.count_nonzero(mask))
    if voxels < _FEWEST_VOXELS:
        raise NotMeasurableError(
            f"the mask is too small: a quantile of its noise asks for {_FEWEST_VOXELS} voxels, and "
            f"it has {voxels}"
        )
    if np.mean(first[mask] == second[mask]) > SIGNIFICANCE:
        raise NotMeasurableError(
            "the half maps are equal in the mask: without noise there is nothing to hold the "
            "density against"
        )


def _quantile(values: Values, probability: float) -> np.float32:
    lower, upper, share = order_statistics(values, probability)
    return np.float32(lower + share * (upper - lower))


class _Sweep:
    """Voxels followed from step to step."""

    def __init__(self, voxels: int) -> None:
        self.resolution = np.full(voxels, np.nan, np.float32)
        self._misses = np.zeros(voxels, np.int8)
        self._before: tuple[float, Values] | None = None

    def add(self, step: float, excess: Values) -> None:
        """Note by how much each voxel's amplitude exceeds the noise's at a finer step."""
        followed = self._misses < _MISSES
        above = followed & (excess > 0)
        self.resolution[above] = step
        if self._before is not None:
            last, high = self._before
            ends = followed & ~above & (self._misses == 0) & (high > 0)
            share = high[ends] / (high[ends] - excess[ends])
            self.resolution[ends] = last + (step - last) * share
        self._misses[followed & ~above] += 1
        self._misses[above] = 0
        self._before = step, excess

    @property
    def share_at_last(self) -> float:
        """Share of the voxels that are resolved at the last step."""
        if self._before is None:
            return 0.0
        return float(np.mean((self._misses == 0) & (self._before[1] > 0)))


class _Amplitudes:
    """Monogenic amplitudes in a mask, of the mean of two half maps and of its noise."""

    def __init__(
        self,
        first: Volume,
        second: Volume,
        mask: Mask,
        voxel_size: Triple,
        reach: float,
        threads: int,
    ) -> None:
        from scipy import fft  # slow to load

        part, taper = _around(mask, voxel_size, reach)
        one, other = (half[part].astype(np.float64) for half in (first, second))
        self._mask, self._threads = mask[part], threads
        self._box = self._mask.shape
        self._spectra = [
            fft.rfftn((values - values.mean()) * taper, workers=threads).astype(np.complex64)
            for values in ((one + other) / 2, (one - other) / 2)
        ]
        (nz, ny, nx), (z, y, x) = self._box, voxel_size
        axes = fft.fftfreq(nz, z)[:, None, None], fft.fftfreq(ny, y)[:, None], fft.rfftfreq(nx, x)
        self._length = np.sqrt(sum(axis**2 for axis in axes)).astype(np.float32)
        self._inverse = 1 / np.maximum(self._length, np.float32(_SAME))
        # at the Nyquist frequency a Riesz transform along that axis is not real
        self._odd = [
            np.where(np.abs(axis) * 2 * size < 1 - _SAME, axis, 0).astype(np.float32)
            for axis, size in zip(axes, voxel_size, strict=True)
        ]
        self._extents = [n * size for n, size in zip(self._box, voxel_size, strict=True)]
        self._rows = self._mask.any(axis=2)

    def at(self, frequency: float, before: float) -> Iterator[Values]:
        """The amplitudes of what is finer, of the mean and of its noise, in the mask.

        Parameters
        ----------
        frequency : 1/Å, where the high pass is 1 and the low pass of the amplitudes begins to fall
        before : 1/Å, where the high pass begins to rise; the low pass falls over as much
        """
        width = frequency - before
        high = _raised((self._length - np.float32(before)) / np.float32(width))
        z, y, x = (
            Kept.up_to(n, math.ceil((frequency + width) * extent))
            for n, extent in zip(self._box, self._extents, strict=True)
        )
        columns = min(x.head, self._length.shape[2])
        lengths = z.select(y.select(self._length[..., :columns], 1))
        low = 1 - _raised((lengths - np.float32(frequency)) / np.float32(width))
        for spectrum in self._spectra:
            amplitude = self._amplitude(spectrum, high, y, columns)
            yield self._low_passed(amplitude, low, z, y)

    def _amplitude(self, spectrum: Spectrum, high: Values, y: Kept, columns: int) -> Spectrum:
        """The transform along x and y of the amplitude, as far as it is kept."""
        from scipy import fft  # slow to load

        nz, ny, nx = self._box
        odd_z, odd_y, odd_x = self._odd
        stages = np.empty((3, *spectrum.shape), np.complex64)

        def along_z(rows: slice) -> None:
            band = spectrum[:, rows] * high[:, rows]
            inverse, over_length = self._inverse[:, rows], np.empty_like(band)
            np.multiply(band.imag, inverse, out=over_length.real)
            np.multiply(band.real, -inverse, out=over_length.imag)
            parts = (band, over_length * odd_z, over_length)
            for stage, part in zip(stages, parts, strict=True):
                stage[:, rows] = fft.ifft(part, axis=0, overwrite_x=True)

        kept = np.empty((nz, y.count, columns), np.complex64)

        def along_y_and_x(slab: slice) -> None:
            band, along_z, over_length = stages[:, slab]
            squares = np.zeros((1,), np.float32)
            for part in (band, along_z, over_length * odd_y, over_length * odd_x):
                lines = fft.ifft(part, axis=1, overwrite_x=True)
                squares = squares + np.square(fft.irfft(lines, nx, axis=2))
            lines = fft.rfft(np.sqrt(squares), axis=2)[..., :columns]
            kept[slab] = y.select(fft.fft(lines, axis=1), 1)

        each(along_z, slices(0, ny, planes_at_once(nz * spectrum.shape[2])), self._threads)
        each(along_y_and_x, slices(0, nz, planes_at_once(ny * spectrum.shape[2])), self._threads)
        return kept

    def _low_passed(self, rows: Spectrum, low: Values, z: Kept, y: Kept) -> Values:
        """Values in the mask, filtered, from their transform along x and y."""
        from scipy import fft  # slow to load

        spectrum = z.select(fft.fft(rows, axis=0, workers=self._threads))
        spectrum *= low
        planes = fft.ifft(z.spread(spectrum, 0), axis=0, workers=self._threads)
        inside = np.empty(np.count_nonzero(self._mask), np.float32)
        ends = np.append(0, np.cumsum(np.count_nonzero(self._mask, axis=(1, 2))))

        def along_y_and_x(plane: int) -> None:
            used = self._rows[plane]
            lines = fft.ifft(y.spread(planes[plane], 0), axis=0)[used]
            filtered = fft.irfft(lines, self._box[2], axis=1)
            inside[ends[plane] : ends[plane + 1]] = filtered[self._mask[plane, used]]

        each(along_y_and_x, np.flatnonzero(self._rows.any(axis=1)).tolist(), self._threads)
        return inside


def _raised(position: Values) -> Values:
    """0 up to position 0, from there up to 1 at position 1 by a raised cosine."""
    np.clip(position, 0, 1, out=position)
    position *= np.float32(math.pi)
    np.cos(position, out=position)
    raised: Values = (1 - position) / 2
    return raised


def _around(mask: Mask, voxel_size: Triple, reach: float) -> tuple[Part, Values]:
    """The planes along z, y, x with the mask and ``reach`` Å around it, and what ends them softly.

    Beyond a face of the box comes what lies at the opposite one. Along an axis of which that is all
    the two ends meet, and are left as they are.
    """
    from scipy import fft  # slow to load

    part: list[NDArray[np.intp]] = []
    tapers: list[Values] = []
    for (first, last), n, size in zip(bounding_box(mask), mask.shape, voxel_size, strict=True):
        margin = math.ceil(reach / size)
        count = int(fft.next_fast_len(last + 1 - first + 2 * margin, real=True))
        if count >= n:
            part.append(np.arange(n))
            tapers.append(np.ones(n, np.float32))
            continue
        part.append((np.arange(count) + (first + last + 1 - count) // 2) % n)
        inward = np.minimum(np.arange(count), np.arange(count)[::-1]) + 0.5
        tapers.append(_raised((inward / (margin / 2)).astype(np.float32)))
    z, y, x = tapers
    taper: Values = z[:, None, None] * y[:, None] * x
    return np.ix_(*part), taper
