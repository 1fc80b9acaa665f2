"""Maps under a mask: what coefficients share by it, their correlation, and what it alone makes.

Chen et al. 2013, doi:10.1016/j.ultramic.2013.06.004. A mask carries strong low frequencies into all
shells, of both halves alike. Halves with random phases from some shell on have nothing else in
common there. Such phases are not drawn here: what the correlation is on average follows from the
low frequencies under the mask, which stay, and the power that the mask spreads over the shells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import bounding_box
from vrs_scipion.methods.fsc.correlation import Planes, ShellProducts
from vrs_scipion.methods.fsc.curve import FscCurve
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, power

KEPT = 0.8
"""Phases are random from the first shell on in which the correlation without a mask is below."""
_AFTER = 2
"""Shells beyond that one, from which on the correlation is corrected."""
_ALL = 1 - 1e-3
"""Correlation by the mask alone beyond which nothing is known of the maps."""
_BLUR, _BLUR_VOXELS = 3.0, 2.0
_REACH = 0.78
"""Waves in one blur, of which it leaves less than one in 100,000."""


@dataclass(frozen=True)
class UnderMask:
    """A mask and its box, to look at what is under it.

    Attributes
    ----------
    shells : of the box
    mask : float32 from 0 to 1, without the planes of zeros around it
    part : where that lies in the box
    threads : for the Fourier transforms
    """

    shells: Shells
    mask: Volume
    part: tuple[slice, slice, slice]
    threads: int = 1

    @classmethod
    def of(cls, mask: Volume | Mask, voxel_size: Triple, threads: int = 1) -> UnderMask:
        """A mask (z, y, x) that is not 0 everywhere, on voxels of so many Å."""
        z, y, x = (slice(first, last + 1) for first, last in bounding_box(mask > 0))
        part = mask[z, y, x].astype(np.float32, copy=False)
        return cls(Shells(mask.shape, voxel_size), part, (z, y, x), threads)

    @property
    def blur(self) -> float:
        """Å, below which no detail of the mask counts."""
        return max(_BLUR, _BLUR_VOXELS * max(self.shells.voxel_size))

    @cached_property
    def diameter(self) -> float:
        """Of a ball as large as the mask's square, Å."""
        volume = self._squares * math.prod(self.shells.voxel_size)
        return float((6 / math.pi * volume) ** (1 / 3))

    @cached_property
    def square(self) -> tuple[HalfSpectrum, Shells]:
        """The transform of the mask's square, as far as its blur lets it reach, and its shells."""
        return self._low_spectrum(np.square(self.mask))

    @cached_property
    def redundancy(self) -> float:
        """How many coefficients of a shell share one independent value under the mask.

        A mask mixes each coefficient with its neighbours. With M the transform of the squared mask,
        coefficients an offset Δ apart share |M(Δ)|²/|M(0)|² of their variance; of a shell of one
        wave, 1 − |Δ|/2 meets itself an offset of up to one wave away, 1/(2|Δ|) farther.
        """
        spectrum, shells = self.square
        meeting, found = 0.0, 0.0
        for z, plane in enumerate(spectrum):
            distance, weight = shells.radii(z), power(plane) * shells.weights
            met = np.where(distance <= 1, 1 - distance / 2, 0.5 / np.maximum(distance, 1))
            meeting += float((weight * met).sum())
            found += float(weight.sum())
        fourth = float(np.square(np.square(self.mask)).sum(dtype=np.float64))
        beyond = max(0.0, self._size * fourth - found)
        meeting += beyond * 0.5 / self.shells.count
        return max(1.0, meeting / float(power(spectrum[0])[0, 0]))

    def masked(self, values: Volume) -> Volume:
        """A map (z, y, x) under the mask, its values less their mean outside of the mask.

        An offset would put the mask's own shape into it.
        """
        masked = np.zeros_like(values)
        masked[self.part] = self._inside(values)
        return masked

    def spectra(self, first: Volume, second: Volume) -> tuple[HalfSpectrum, HalfSpectrum]:
        """Half spectra of two maps (z, y, x) under the mask, see `masked`.

        The phases of both are turned alike, as if the mask began at voxel 0.
        """
        one, other = (self._spectrum(self._inside(values)) for values in (first, second))
        return one, other

    def correlation(self, first: Volume, second: Volume, order: int = 1) -> FscCurve:
        """Correlate two maps (z, y, x) under the mask, shell by shell.

        ``order`` is that of the point group that was imposed on both.
        """
        products = self._products(*(self._inside(half) for half in (first, second)))
        return products.curve(self.shells, self.redundancy * order)

    def curve(self, first: HalfSpectrum, second: HalfSpectrum, order: int = 1) -> FscCurve:
        """The correlation of two half spectra of maps under the mask."""
        products = ShellProducts.of(first, second, self.shells)
        return products.curve(self.shells, self.redundancy * order)

    def randomised(
        self,
        first: HalfSpectrum,
        second: HalfSpectrum,
        from_shell: int,
        order: int = 1,
        products: ShellProducts | None = None,
    ) -> FscCurve:
        """What the correlation is on average if the phases are random from a shell on.

        Parameters
        ----------
        first, second : half spectra of the maps, as ``scipy.fft.rfftn`` gives them
        from_shell : the first one with random phases
        order : of the point group that was imposed on both
        products : of the half spectra, where they are known
        """
        whole = products or ShellProducts.of(first, second, self.shells)
        random = np.array([whole.first, whole.second])
        random = np.divide(random, whole.samples, out=random, where=whole.samples > 0)
        random[:, : from_shell - 1] = 0
        one, other = (
            self._masked(self._low_pass(spectrum, from_shell), float(spectrum[0, 0, 0].real))
            for spectrum in (first, second)
        )
        low = self._products(one, other)
        spread = self._spread(random, low.samples) * low.samples
        products = replace(low, first=low.first + spread[0], second=low.second + spread[1])
        return products.curve(self.shells, self.redundancy * order)

    def _spread(self, powers: Reals, samples: Reals) -> Reals:
        """Mean power in each shell of noise under the mask, from that without it.

        The mask's transform M spreads it: a shell of radius k gets |M(Δ)|² of what lies on spheres
        of radius Δ around its points.

        Parameters
        ----------
        powers : of several noises, shape (noises, shells); what is returned has it, too
        samples : coefficients of the whole sphere in each shell
        """
        spectrum, shells = self._low_spectrum(self.mask)
        (weights,), _ = shells.sums(lambda z: (power(spectrum[z]),))
        own = float(power(spectrum[0])[0, 0])
        beyond = max(0.0, self._size * self._squares - own - float(weights.sum()))
        everywhere = powers @ samples / samples.sum()
        met = np.array([_around(values, weights.size) @ weights for values in powers])
        spread: Reals = (own * powers + met + beyond * everywhere[:, None]) / self._size**2
        return spread

    def _masked(self, values: Volume, total: float) -> Volume:
        """Values where the mask is, less their mean outside of it, from the sum of all."""
        inside = self.mask > 0
        outside = self._size - np.count_nonzero(inside)
        within = float(values.sum(dtype=np.float64, where=inside))
        solvent = (total - within) / outside if outside else 0.0
        masked: Volume = (values - np.float32(solvent)) * self.mask
        return masked

    def _inside(self, values: Volume) -> Volume:
        """The mask's part of a map under the mask, see `masked`."""
        return self._masked(values[self.part], float(values.sum(dtype=np.float64)))

    def _products(self, first: Volume, second: Volume) -> ShellProducts:
        """Of the spectra of values in the mask's part of the box, of which no more is kept."""
        from scipy import fft  # slow to load

        (nz, ny, nx), (size_z, size_y, size_x) = self.shells.shape, self.shells.voxel_size
        turned = Shells((ny, nz, nx), (size_y, size_z, size_x))

        def planes(values: Volume) -> Planes:
            spectra = self._plane_spectra(values)
            return lambda y: fft.fft(spectra[:, y], nz, axis=0)

        return ShellProducts.by_planes(planes(first), planes(second), turned)

    def _spectrum(self, values: Volume) -> HalfSpectrum:
        """The half spectrum of values in the mask's part of the box, as if it began at voxel 0."""
        from scipy import fft  # slow to load

        planes = self._plane_spectra(values)
        spectrum: HalfSpectrum = fft.fft(planes, self.shells.shape[0], axis=0, workers=self.threads)
        return spectrum

    def _plane_spectra(self, values: Volume) -> HalfSpectrum:
        """The same along x and y alone."""
        from scipy import fft  # slow to load

        _, ny, nx = self.shells.shape
        lines = fft.rfft(values, nx, axis=2, workers=self.threads)
        planes: HalfSpectrum = fft.fft(lines, ny, axis=1, workers=self.threads)
        return planes

    def _low_spectrum(self, values: Volume) -> tuple[HalfSpectrum, Shells]:
        """The same where the blur leaves something, with the phases that belong to the box."""
        from scipy import fft  # slow to load

        waves = self._waves(_REACH * max(self.shells.extents) / self.blur)
        spectrum: NDArray[Any] = values
        transforms = (fft.rfft, fft.fft, fft.fft)
        for axis, transform in zip((2, 1, 0), transforms, strict=True):
            n, kept = self.shells.shape[axis], waves[axis]
            lines = transform(spectrum, n, axis=axis, workers=self.threads)
            turn = np.exp(-2j * np.pi / n * self.part[axis].start * kept).astype(np.complex64)
            spectrum = np.take(lines, kept, axis) * np.expand_dims(turn, _others(axis))
        return spectrum, self._small(*waves)

    def _low_pass(self, spectrum: HalfSpectrum, from_shell: int) -> Volume:
        """The map without its shells from one on, where the mask is."""
        from scipy import fft  # slow to load

        nz, ny, nx = self.shells.shape
        z, y, x = self._waves(from_shell)
        lines = np.zeros((nz, y.size, x.size), spectrum.dtype)
        small = self._small(z, y, x)
        for row, plane in enumerate(z):
            lines[plane] = spectrum[plane][np.ix_(y, x)] * (small.places(row) < from_shell)
        planes = np.zeros((self.mask.shape[0], ny, x.size), spectrum.dtype)
        planes[:, y] = fft.ifft(lines, axis=0, workers=self.threads)[self.part[0]]
        rows = fft.ifft(planes, axis=1, workers=self.threads)[:, self.part[1]]
        values: Volume = fft.irfft(rows, nx, axis=2, workers=self.threads)[..., self.part[2]]
        return values

    def _waves(self, reach: float) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Along z, y, x, up to so many shells; those along x are not negative."""
        longest = max(self.shells.extents)
        z, y, x = (
            np.arange(min(math.ceil(reach * extent / longest), (n - 1) // 2) + 1)
            for n, extent in zip(self.shells.shape, self.shells.extents, strict=True)
        )
        return np.append(z, -z[:0:-1]), np.append(y, -y[:0:-1]), x

    def _small(self, z: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp]) -> Shells:
        """The shells of the box on a grid that holds no more than these waves."""
        edges = (z.size, y.size, 2 * x.size - 1)
        voxels = [extent / n for extent, n in zip(self.shells.extents, edges, strict=True)]
        return Shells(edges, (voxels[0], voxels[1], voxels[2]))

    @property
    def _size(self) -> int:
        return math.prod(self.shells.shape)

    @cached_property
    def _squares(self) -> float:
        """The sum of the mask's square."""
        return float(np.einsum("zyx,zyx->z", self.mask, self.mask).sum(dtype=np.float64))


def mask_redundancy(mask: Volume, voxel_size: Triple, threads: int = 1) -> float:
    """How many coefficients of a shell share one independent value under a mask.

    Parameters
    ----------
    mask : float32 (z, y, x) from 0 to 1, not all 0
    voxel_size : Å along z, y, x
    threads : for the Fourier transform
    """
    return UnderMask.of(mask, voxel_size, threads).redundancy


def first_random_shell(unmasked: FscCurve) -> int | None:
    """From which shell on phases are random, by the curve without a mask; None for none."""
    low = np.flatnonzero(unmasked.correlation < KEPT)
    return int(low[0]) + 1 if low.size else None


def corrected(masked: FscCurve, randomised: FscCurve, from_shell: int) -> FscCurve:
    """The correlation under a mask less what the mask alone makes of it.

    As it is up to two shells beyond the first with random phases; NaN where the mask alone makes
    all of it.
    """
    correlation = masked.correlation.copy()
    beyond = slice(from_shell + _AFTER, None)
    by_mask = randomised.correlation[beyond]
    by_mask = np.where(by_mask < _ALL, by_mask, np.nan)
    correlation[beyond] = np.clip((correlation[beyond] - by_mask) / (1 - by_mask), -1, 1)
    return replace(masked, correlation=correlation)


def _around(values: Reals, reach: int) -> Reals:
    """Mean over spheres around points of each shell of what lies there by shell.

    A sphere of radius Δ around a point of radius k meets frequencies q with a density of q / (2kΔ).
    Beyond the last shell it is taken for what it is there.

    Returns
    -------
    float64 of shape (shells, reach) for spheres of radius 1 to ``reach``
    """
    shell, radius = np.arange(1, values.size + 1)[:, None], np.arange(1, reach + 1)
    edges = np.append(0, np.arange(values.size + reach + 1) + 0.5)
    held = np.concatenate(([0.0], values, np.full(reach, values[-1])))
    sums = np.append(0, np.cumsum(held * np.diff(edges**2) / 2))
    near, far = (np.interp((shell + sign * radius) ** 2, edges**2, sums) for sign in (-1, 1))
    around: Reals = (far - near) / (2 * shell * radius)
    return around


def _others(axis: int) -> tuple[int, ...]:
    return tuple(other for other in range(3) if other != axis)
