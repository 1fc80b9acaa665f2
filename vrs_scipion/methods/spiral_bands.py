"""The local amplitude of a map in one band of spatial frequency, by the spiral (Riesz) transform.

A band is the map filtered by a Gaussian shell. With it go its three Riesz transforms, each
coefficient of which is multiplied by −i times a direction cosine of its frequency. The root of the
sum of the four squares is the amplitude: of a plane wave it is the wave's own, everywhere.

Kaur et al. 2021, doi 10.1038/s41467-021-21509-5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.methods.part_by_part import Kept, Spectrum, each, planes_at_once, slices

Values = NDArray[np.float32]
Lengths = NDArray[np.float64]

_CUT = 7.0
"""Where a shell ends, in standard deviations."""


@dataclass(frozen=True)
class Band:
    """Squared amplitudes in one band.

    Attributes
    ----------
    squares : for each mask that was asked for, float32, in the order of ``values[mask]``; in units
        of the map's mean square
    shell_sum : sum of the shell's Gaussian, 1 at its peak, over all coefficients of the box
    """

    squares: tuple[Values, ...]
    shell_sum: float


class SpiralBands:
    """Amplitudes of a map in any band, in chosen voxels.

    The map is transformed once, in double precision, so that weak high frequencies survive beside
    strong low ones; bands are single precision, right to a few 10⁻⁷ of the amplitude. Each axis is
    transformed back by itself: coefficients beyond the shell are left out on the way, and only rows
    of the box with a chosen voxel are taken to real space. Two of the four fields share their first
    transform. Memory: three volumes beside the map while it is transformed, then at most four and
    the chosen voxels.

    On the plane of the Nyquist frequency of an even axis, −i times the direction cosine is not
    antisymmetric and makes that Riesz transform complex. The plane's share is a two-dimensional
    image that alternates in sign along the axis: its square is added.

    Parameters
    ----------
    values : map, float32, shape (z, y, x)
    voxel_size : Å along z, y, x
    width : standard deviation of the Gaussian shells in 1/Å
    masks : the voxels whose amplitudes are wanted, one or several sets, shape (z, y, x)
    threads : of them at most work at a time

    Raises
    ------
    NotMeasurableError
        if the map is zero everywhere or not finite.
    """

    def __init__(
        self,
        values: Volume,
        voxel_size: Triple,
        width: float,
        masks: Sequence[Mask],
        threads: int = 1,
    ) -> None:
        from scipy import fft  # slow to load

        self.unit = _root_mean_square(values)
        if not self.unit:
            raise NotMeasurableError("the map is zero everywhere: it has no amplitudes")
        if not math.isfinite(self.unit):
            raise NotMeasurableError("the map holds values that are not finite")
        self._width = width
        self._threads = max(1, threads)
        self._masks = masks
        self._box = values.shape
        self._extent = tuple(n * s for n, s in zip(self._box, voxel_size, strict=True))
        (nz, ny, nx), (z, y, x) = self._box, voxel_size
        self._frequencies = (
            fft.fftfreq(nz, z)[:, None, None],
            fft.fftfreq(ny, y)[:, None],
            fft.rfftfreq(nx, x),
        )
        self._odd = tuple(
            _without_nyquist(f, n) for f, n in zip(self._frequencies, self._box, strict=True)
        )
        self._rows = np.logical_or.reduce([mask.any(axis=2) for mask in masks])
        self._counts = [np.count_nonzero(mask, axis=(1, 2)) for mask in masks]
        self._spectrum = self._transform(values)

    def band(self, frequency: float) -> Band:
        """The band centred on ``frequency``, in 1/Å."""
        from scipy import fft  # slow to load

        z, y, columns = self._kept(frequency)
        planes = np.flatnonzero(self._rows.any(axis=1))
        first, last = (int(planes[0]), int(planes[-1]) + 1) if planes.size else (0, 0)
        stages = np.empty((3, last - first, y.count, columns), np.complex64)

        def along_z(rows: tuple[slice, slice]) -> float:
            kept, whole = rows
            parts, total = self._shell(frequency, z, whole, columns)
            for stage, part in zip(stages, parts, strict=True):
                used = part.shape[2]
                spread = fft.ifft(z.spread(part, 0), axis=0, norm="forward", overwrite_x=True)
                stage[:, kept, :used] = spread[first:last]
                stage[:, kept, used:] = 0
            return total

        shell_sum = math.fsum(each(along_z, y.blocks(planes_at_once(z.n * columns)), self._threads))
        nyquist = self._nyquist_squares(frequency)
        squares = tuple(np.empty(int(count.sum()), np.float32) for count in self._counts)

        def along_y_and_x(slab: slice) -> None:
            used = np.flatnonzero(self._rows[slab].any(axis=0))
            if not used.size:
                return
            window = (slab, slice(int(used[0]), int(used[-1]) + 1))
            stage = stages[:, slab.start - first : slab.stop - first]
            found = self._amplitudes(stage, y, window[1])
            for image in nyquist:
                found += _window(image, window)
            for mask, count, target in zip(self._masks, self._counts, squares, strict=True):
                start = int(count[: slab.start].sum())
                target[start : start + int(count[slab].sum())] = found[mask[window]]

        each(along_y_and_x, slices(first, last, planes_at_once(y.n * columns)), self._threads)
        return Band(squares, shell_sum)

    def _kept(self, frequency: float) -> tuple[Kept, Kept, int]:
        """Coefficients along z and y, and number of columns along x, that the shell reaches."""
        reach = frequency + _CUT * self._width
        z, y, x = (
            min(n // 2, max(1, int(reach * length)))
            for n, length in zip(self._box, self._extent, strict=True)
        )
        return Kept.up_to(self._box[0], z), Kept.up_to(self._box[1], y), x + 1

    def _transform(self, values: Volume) -> Spectrum:
        """Fourier coefficients of the map in its units, complex64, shape (z, y, x // 2 + 1)."""
        from scipy import fft  # slow to load

        nz, ny, nx = self._box
        columns = nx // 2 + 1
        half = np.empty((nz, ny, columns), np.complex128)
        whole = np.empty((nz, ny, columns), np.complex64)

        def along_y_and_x(slab: slice) -> None:
            plane = values[slab] / np.float64(self.unit)
            half[slab] = fft.rfft2(plane, norm="forward", overwrite_x=True)

        def along_z(rows: slice) -> None:
            whole[:, rows] = fft.fft(half[:, rows], axis=0, norm="forward")

        each(along_y_and_x, slices(0, nz, planes_at_once(2 * ny * columns)), self._threads)
        each(along_z, slices(0, ny, planes_at_once(2 * nz * columns)), self._threads)
        return whole

    def _shell(
        self, frequency: float, z: Kept, rows: slice, columns: int
    ) -> tuple[tuple[Spectrum, Spectrum, Spectrum], float]:
        """Some rows of the band, of its Riesz transform along z, and of i times the band over |s|.

        The last, times the frequency along y or x, makes the Riesz transforms along those. With
        them comes the sum of the shell's Gaussian over the whole box's coefficients in these rows.
        """
        sz, sy, sx = self._frequencies
        sz, odd_z, sy = z.select(sz), z.select(self._odd[0]), sy[rows]
        reach = frequency + _CUT * self._width
        nearest = float(np.abs(sy).min())
        across = math.sqrt(max(0.0, reach * reach - nearest * nearest))
        used = min(columns, int(across * self._extent[2]) + 1)
        length = np.sqrt(sz * sz + sy * sy + sx[:used] ** 2)
        gaussian = self._gaussian(length, frequency)
        total = 2 * float(gaussian.sum(dtype=np.float64))
        for column in _unpaired(self._box[2], used):
            total -= float(gaussian[..., column].sum(dtype=np.float64))
        band: Spectrum = z.select(self._spectrum[:, rows, :used]) * gaussian
        length[length == 0] = np.inf
        inverse = (1 / length).astype(np.float32)
        over_length: Spectrum = np.empty_like(band)
        np.multiply(band.real, inverse, out=over_length.imag)
        np.multiply(band.imag, -inverse, out=over_length.real)
        along_z: Spectrum = over_length * odd_z
        return (band, along_z, over_length), total

    def _gaussian(self, length: Lengths, frequency: float) -> Values:
        """The shell at frequencies of that ``length``: 1 at its peak, 0 beyond its end."""
        exponent = length - frequency
        exponent *= exponent
        exponent *= -0.5 / self._width**2
        gaussian: Values = np.exp(exponent).astype(np.float32)
        gaussian[exponent < -0.5 * _CUT**2] = 0
        return gaussian

    def _amplitudes(self, stage: Spectrum, y: Kept, rows: slice) -> Values:
        """Sum of the four squares in some rows of a slab whose fields are transformed along z."""
        from scipy import fft  # slow to load

        nx = self._box[2]
        band, along_z, over_length = stage
        odd_y, odd_x = y.select(self._odd[1]), self._odd[2][: stage.shape[-1]]
        squares: Values | None = None
        for field in (band, along_z, over_length * odd_y, over_length * odd_x):
            spread = fft.ifft(y.spread(field, 1), axis=1, norm="forward", overwrite_x=True)
            real = fft.irfft(spread[:, rows], n=nx, axis=2, norm="forward")
            real *= real
            squares = real if squares is None else np.add(squares, real, out=squares)
        assert squares is not None
        return squares

    def _nyquist_squares(self, frequency: float) -> list[Values]:
        """Squares of what the even axes' Nyquist planes add, shaped to broadcast over the box."""
        from scipy import fft  # slow to load

        found = []
        for axis, n in enumerate(self._box):
            at_nyquist = (slice(None),) * axis + (slice(n // 2, n // 2 + 1),)
            directions = list(self._frequencies)
            directions[axis] = np.abs(np.take(directions[axis].ravel(), [n // 2]))
            if n % 2 or directions[axis] > frequency + _CUT * self._width:
                continue
            sz, sy, sx = directions
            length = np.sqrt(sz * sz + sy * sy + sx * sx)
            plane = self._spectrum[at_nyquist] * (
                self._gaussian(length, frequency) * (directions[axis] / length).astype(np.float32)
            )
            others = tuple(a for a in range(3) if a != axis)
            if axis == 2:
                image = fft.ifftn(plane, axes=others, norm="forward").real
            else:
                shape = [self._box[a] for a in others]
                image = fft.irfftn(plane, s=shape, axes=others, norm="forward")
            found.append(np.square(image))
        return found


def _window(image: Values, window: tuple[slice, slice]) -> Values:
    """The planes and rows ``window`` of an image of which one axis has length 1."""
    z, y = (s if n > 1 else slice(None) for s, n in zip(window, image.shape[:2], strict=True))
    return image[z, y]


def _without_nyquist(frequencies: Lengths, n: int) -> Values:
    """``frequencies`` with 0 in place of the Nyquist frequency of an even axis."""
    odd = frequencies.astype(np.float32)
    if n % 2 == 0:
        odd.reshape(-1)[n // 2] = 0
    return odd


def _unpaired(n: int, used: int) -> list[int]:
    """Which of the first ``used`` columns of a half spectrum of ``n`` stand for themselves only."""
    return [column for column in ((0, n // 2) if n % 2 == 0 else (0,)) if column < used]


def _root_mean_square(values: Volume) -> float:
    total = math.fsum(float(np.vdot(p, p)) for p in (plane.astype(np.float64) for plane in values))
    return math.sqrt(total / values.size)
