"""MonoRes: local resolution from where a map's monogenic amplitude rises above its noise's.

Vilas et al. 2018, doi:10.1016/j.str.2017.12.018.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
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
_FINE = 2.0
"""Times the frequency of a step: waves beyond are not changed by it, nor by some more to come."""
_MOST = 0.7
"""Of the Nyquist frequency: with a split beyond that nothing is gained."""


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


class _Waves:
    """Waves of a box up to a frequency, and their Riesz transforms.

    Parameters
    ----------
    box, voxel_size : along z, y, x; voxels and Å
    highest : 1/Å
    threads : for the Fourier transforms
    """

    def __init__(
        self, box: tuple[int, ...], voxel_size: Triple, highest: float, threads: int
    ) -> None:
        from scipy import fft  # slow to load

        (nz, ny, nx), (z, y, x) = box, voxel_size
        self.z, self.y, self.x = (
            Kept.up_to(n, math.ceil(min(n, highest * n * size)))
            for n, size in zip(box, voxel_size, strict=True)
        )
        self.columns, self._box, self._threads = min(self.x.head, nx // 2 + 1), box, threads
        axes = (
            self.z.select(fft.fftfreq(nz, z))[:, None, None],
            self.y.select(fft.fftfreq(ny, y))[:, None],
            fft.rfftfreq(nx, x)[: self.columns],
        )
        self.length: Values = np.sqrt(sum(axis**2 for axis in axes)).astype(np.float32)
        # at the Nyquist frequency a Riesz transform along that axis is not real
        self._odd = [
            np.where(np.abs(axis) * 2 * size < 1 - _SAME, axis, 0).astype(np.float32)
            for axis, size in zip(axes, voxel_size, strict=True)
        ]

    def of(self, spectrum: Spectrum) -> Spectrum:
        """These waves of a half spectrum."""
        return self.z.select(self.y.select(spectrum[..., : self.columns], 1))

    def fields(self, spectrum: Spectrum) -> Callable[[slice], Iterator[Values]]:
        """Four fields of a spectrum of these waves, a few z planes at a time, each of them once.

        They are what it is the transform of, and the Riesz transforms of that along z, y and x. The
        last two have their transform along z in common.
        """
        from scipy import fft  # slow to load

        (nz, _, nx), (odd_z, odd_y, odd_x) = self._box, self._odd
        stages = np.empty((3, nz, *spectrum.shape[1:]), np.complex64)

        def along_z(rows: slice) -> None:
            waves = spectrum[:, rows]
            inverse, over_length = (
                1 / np.maximum(self.length[:, rows], np.float32(_SAME)),
                np.empty_like(waves),
            )
            np.multiply(waves.imag, inverse, out=over_length.real)
            np.multiply(waves.real, -inverse, out=over_length.imag)
            parts = (waves, over_length * odd_z, over_length)
            for stage, part in zip(stages, parts, strict=True):
                stage[:, rows] = fft.ifft(self.z.spread(part, 0), axis=0)

        at_once = planes_at_once(nz * self.columns)
        each(along_z, slices(0, self.y.count, at_once), self._threads)

        def planes(slab: slice) -> Iterator[Values]:
            waves, along_z, over_length = stages[:, slab]
            for part in (waves, along_z, over_length * odd_y, over_length * odd_x):
                lines = fft.ifft(self.y.spread(part, 1), axis=1, overwrite_x=True)
                yield fft.irfft(lines, nx, axis=2)

        return planes


class _Amplitudes:
    """Monogenic amplitudes in a mask, of the mean of two half maps and of its noise.

    While steps are coarse, waves that are much finer than all of them are taken to real space once
    and added to what the others make at each step.
    """

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
        self._mask, self._size, self._threads = mask[part], voxel_size, threads
        self._box = self._mask.shape
        self._spectra = [
            fft.rfftn((values - values.mean()) * taper, workers=threads).astype(np.complex64)
            for values in ((one + other) / 2, (one - other) / 2)
        ]
        self._rows = self._mask.any(axis=2)
        self._split = 0.0
        self._fine: list[list[Volume]] = []

    def at(self, frequency: float, before: float) -> Iterator[Values]:
        """The amplitudes of what is finer, of the mean and of its noise, in the mask.

        Parameters
        ----------
        frequency : 1/Å, where the high pass is 1 and the low pass of the amplitudes begins to fall;
            never coarser than in the call before
        before : 1/Å, where the high pass begins to rise; the low pass falls over as much
        """
        if frequency > self._split:
            self._split_beyond(frequency)
        width = frequency - before
        high = _raised((self._waves.length - np.float32(before)) / np.float32(width))
        left = _Waves(self._box, self._size, frequency + width, self._threads)
        low = 1 - _raised((left.length - np.float32(frequency)) / np.float32(width))
        for waves, fine in zip(self._low, self._fine, strict=True):
            yield self._low_passed(self._amplitude(waves * high, fine, left), low, left)

    def _split_beyond(self, frequency: float) -> None:
        """Take waves of more than twice a frequency (1/Å) to real space, if they are most."""
        whole = _Waves(self._box, self._size, math.inf, self._threads)
        self._split = _FINE * frequency
        if self._split * 2 * max(self._size) > _MOST:
            self._split, self._waves = math.inf, whole
            self._low, self._fine = self._spectra, [[], []]
            return
        self._fine = [self._finer(whole, spectrum) for spectrum in self._spectra]
        self._waves = _Waves(self._box, self._size, self._split, self._threads)
        self._low = [
            self._waves.of(spectrum) * (self._waves.length <= self._split)
            for spectrum in self._spectra
        ]

    def _finer(self, whole: _Waves, spectrum: Spectrum) -> list[Volume]:
        """The four fields of what lies beyond the split."""
        planes = whole.fields(spectrum * (whole.length > self._split))
        found = [np.empty(self._box, np.float32) for _ in range(4)]

        def keep(slab: slice) -> None:
            for volume, field in zip(found, planes(slab), strict=True):
                volume[slab] = field

        each(keep, self._slabs(), self._threads)
        return found

    def _slabs(self) -> Iterator[slice]:
        nz, ny, nx = self._box
        return slices(0, nz, planes_at_once(ny * nx // 2))

    def _amplitude(self, waves: Spectrum, fine: Sequence[Volume], left: _Waves) -> Spectrum:
        """The transform along x and y of the amplitude of waves and finer fields, what is left."""
        from scipy import fft  # slow to load

        planes = self._waves.fields(waves)
        kept = np.empty((self._box[0], left.y.count, left.columns), np.complex64)

        def along_y_and_x(slab: slice) -> None:
            squares = np.zeros((slab.stop - slab.start, *self._box[1:]), np.float32)
            for place, field in enumerate(planes(slab)):
                if fine:
                    field += fine[place][slab]
                squares += np.square(field, out=field)
            lines = fft.rfft(np.sqrt(squares), axis=2)[..., : left.columns]
            kept[slab] = left.y.select(fft.fft(lines, axis=1), 1)

        each(along_y_and_x, self._slabs(), self._threads)
        return kept

    def _low_passed(self, rows: Spectrum, low: Values, left: _Waves) -> Values:
        """Values in the mask, filtered, from their transform along x and y."""
        from scipy import fft  # slow to load

        spectrum = left.z.select(fft.fft(rows, axis=0, workers=self._threads))
        spectrum *= low
        planes = fft.ifft(left.z.spread(spectrum, 0), axis=0, workers=self._threads)
        inside = np.empty(np.count_nonzero(self._mask), np.float32)
        ends = np.append(0, np.cumsum(np.count_nonzero(self._mask, axis=(1, 2))))

        def along_y_and_x(plane: int) -> None:
            used = self._rows[plane]
            lines = fft.ifft(left.y.spread(planes[plane], 0), axis=0)[used]
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
