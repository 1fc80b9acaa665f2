"""Maps under a mask: their correlation, and how much of it the mask alone would make.

Chen et al. 2013, doi:10.1016/j.ultramic.2013.06.004. A mask carries strong low frequencies into all
shells, of both halves alike. Halves with random phases from some shell on have nothing else in
common there. Such phases are not drawn here: what the correlation is on average follows from the
low frequencies under the mask, which stay, and the power that the mask spreads over the shells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.maps.masks import bounding_box
from vrs_scipion.methods.fsc.correlation import ShellProducts
from vrs_scipion.methods.fsc.curve import FscCurve
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, power

Part = tuple[slice, slice, slice]

KEPT = 0.8
"""Phases are random from the first shell on in which the correlation without a mask is below."""
_AFTER = 2
"""Shells beyond that one, from which on the correlation is corrected."""
_ALL = 1 - 1e-3
"""Correlation by the mask alone beyond which nothing is known of the maps."""


@dataclass(frozen=True)
class UnderMask:
    """Where a mask lies in its box, to transform what is under it.

    Attributes
    ----------
    shells : of the box
    mask : float32 from 0 to 1, what of it is not 0
    part : where that lies
    threads : for the Fourier transforms
    """

    shells: Shells
    mask: Volume
    part: Part
    threads: int = 1

    @classmethod
    def of(cls, mask: Volume, voxel_size: Triple, threads: int = 1) -> UnderMask:
        """A mask (z, y, x) that is not 0 everywhere, on voxels of so many Å."""
        z, y, x = (slice(first, last + 1) for first, last in bounding_box(mask > 0))
        shells = Shells(mask.shape, voxel_size)
        return cls(shells, mask[z, y, x], (z, y, x), threads)

    def correlation(self, first: Volume, second: Volume, shared: float) -> FscCurve:
        """Correlate two maps, of which so many coefficients share one independent value.

        Values count against their mean outside of the mask: an offset would put the mask's own
        shape into both.
        """
        one, other = (
            self._masked(values[self.part], values.sum(dtype=np.float64))
            for values in (first, second)
        )
        return ShellProducts.of(one, other, self.shells).curve(self.shells, shared)

    def randomised(
        self, first: HalfSpectrum, second: HalfSpectrum, from_shell: int, shared: float
    ) -> FscCurve:
        """What the correlation is on average if the phases are random from a shell on.

        Parameters
        ----------
        first, second : half spectra of the maps, as ``scipy.fft.rfftn`` gives them
        from_shell : the first one with random phases
        shared : coefficients that share one independent value
        """
        one, other = (
            self._masked(self._low_pass(spectrum, from_shell), spectrum[0, 0, 0].real)
            for spectrum in (first, second)
        )
        low = ShellProducts.of(one, other, self.shells)
        del one, other
        spread = self.spread_powers(
            *(_beyond(spectrum, self.shells, from_shell) for spectrum in (first, second))
        )
        products = replace(
            low,
            first=low.first + low.samples * spread[0],
            second=low.second + low.samples * spread[1],
        )
        return products.curve(self.shells, shared)

    def spread_powers(self, *powers: Reals) -> list[Reals]:
        """Mean power in each shell of noise under the mask, from that without it.

        The mask's transform M spreads it: a shell of radius k gets |M(Δ)|² of what lies on a sphere
        of radius Δ around its points, which meets frequencies q with a density of q / (2kΔ).
        """
        size = float(np.prod(self.shells.shape))
        spectrum = self.transform(self.mask)
        (weights,), samples = self.shells.sums(lambda z: (power(spectrum[z]),))
        own = float(power(spectrum[0])[0, 0])
        everything = size * float(np.square(self.mask).sum(dtype=np.float64))
        rest = everything - own - float(weights.sum())
        radius = np.arange(1, self.shells.count + 1)
        found = []
        for values in powers:
            met = _met(values, radius) @ weights
            whole = float(samples @ values / samples.sum())
            found.append((own * values + met + rest * whole) / size**2)
        return found

    def transform(self, values: Volume) -> HalfSpectrum:
        """The half spectrum of values in the part of the box that the mask has.

        It is that of the part moved to the box's first voxel, which turns the phases of all maps
        alike. Lines of zeros are not transformed.
        """
        from scipy import fft  # slow to load

        nz, ny, nx = self.shells.shape
        lines = fft.rfft(values, nx, axis=2, workers=self.threads)
        planes = fft.fft(lines, ny, axis=1, workers=self.threads)
        spectrum: HalfSpectrum = fft.fft(planes, nz, axis=0, workers=self.threads)
        return spectrum

    def _masked(self, values: Volume, total: float) -> HalfSpectrum:
        """Of values in the mask's part, less their mean outside, from the sum of all values."""
        inside = self.mask > 0
        outside = np.prod(self.shells.shape) - np.count_nonzero(inside)
        within = values.sum(dtype=np.float64, where=inside)
        solvent = (total - within) / outside if outside else 0.0
        return self.transform((values - np.float32(solvent)) * self.mask)

    def _low_pass(self, spectrum: HalfSpectrum, from_shell: int) -> Volume:
        """The map without its shells from one on, where the mask is."""
        from scipy import fft  # slow to load

        nz, ny, nx = self.shells.shape
        z, y, x = (
            np.arange(min(int(from_shell * extent / max(self.shells.extents)), (n - 1) // 2) + 1)
            for n, extent in zip(self.shells.shape, self.shells.extents, strict=True)
        )
        z, y = np.append(z, -z[:0:-1]), np.append(y, -y[:0:-1])
        lines = np.zeros((nz, y.size, x.size), spectrum.dtype)
        for plane in z:
            kept = self.shells.places(plane)[y][:, x] < from_shell
            lines[plane] = spectrum[plane][y][:, x] * kept
        planes = np.zeros((self.mask.shape[0], ny, x.size), spectrum.dtype)
        planes[:, y] = fft.ifft(lines, axis=0, workers=self.threads)[self.part[0]]
        rows = fft.ifft(planes, axis=1, workers=self.threads)[:, self.part[1]]
        values: Volume = fft.irfft(rows, nx, axis=2, workers=self.threads)[..., self.part[2]]
        return values


def _beyond(spectrum: HalfSpectrum, shells: Shells, from_shell: int) -> Reals:
    """Mean power in each shell, without those before one."""
    (strength,), samples = shells.sums(lambda z: (power(spectrum[z]),))
    strength[: from_shell - 1] = 0
    return np.divide(strength, samples, out=strength, where=samples > 0)


def _met(values: Reals, radius: NDArray[np.intp]) -> Reals:
    """Mean over spheres around points of each shell, a row each, of what lies there by shell.

    Beyond the last shell it is taken for what it is there.
    """
    edges = np.append(0, np.arange(2 * radius.size) + 0.5)
    beyond = np.full(edges.size - 1 - values.size - 1, values[-1])
    held = np.concatenate(([0.0], values, beyond)) * np.diff(edges**2) / 2
    sums = np.append(0, np.cumsum(held))
    near, far = (
        np.interp((radius[:, None] + sign * radius) ** 2, edges**2, sums) for sign in (-1, 1)
    )
    met: Reals = (far - near) / (2 * radius[:, None] * radius)
    return met


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
