"""What was done to the mean of two half maps to make a map of it, frequency by frequency.

A filter that is the same everywhere multiplies each Fourier shell by a gain and leaves the phases
alone: the map correlates with the mean by 1, noise and all. What correlates less was changed from
place to place, or made of other data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.maps.masks import bounding_box
from vrs_scipion.maps.statistics import most_common_value
from vrs_scipion.methods.fsc import FscCurve, crossings
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, half_spectrum, power

COARSEST = 10.0
"""Å where the fit of the sharpening starts, or twice its end where that is coarser."""
PASSED = 0.1
"""Of the largest gain, below which a frequency was filtered away."""
_CUT = 0.01
"""Share of equal values under the mask that says that the map was cut out."""
_EDGE = 7
"""Voxels over which the mask is let down where the map was cut out."""
_LEAST = 0.02
"""Correlation of half maps below which their weight is not known."""
_FEWEST_SHELLS = 5
_CLEAR = 1.15
"""Of the resolution: what is coarser is clear of a low-pass filter at it."""
_CHANCE = 2.0
"""Standard errors of no correlation that the half maps are granted beyond the data."""


@dataclass(frozen=True)
class Sharpening:
    """The slope of ln gain against f², as a B-factor.

    Attributes
    ----------
    b_factor : Å², 4 · slope: positive where fine detail was made stronger
    error : standard error, as the shells scatter around the line
    coarsest, finest : ends of the fit, Å
    """

    b_factor: float
    error: float
    coarsest: float
    finest: float


@dataclass(frozen=True)
class Transfer:
    """A map against the mean of its half maps, by shell; all arrays of shape (shells,).

    Attributes
    ----------
    frequency : 1/Å
    correlation : of the map with the mean, NaN in shells without power
    phases : mean cosine of the angle between the phases of both, weighted by both amplitudes; NaN
        likewise. A filter leaves it at 1, also one that is not the same in all directions, as the
        weights of a reconstruction are
    gain : square root of the map's power over the mean's, NaN where that has none
    map_power, mean_power : |F|², means over each shell of the box
    samples : coefficients of the whole sphere
    """

    frequency: Reals
    correlation: Reals
    phases: Reals
    gain: Reals
    map_power: Reals
    mean_power: Reals
    samples: Reals

    @cached_property
    def cutoff(self) -> float | None:
        """Å where the gain falls to a tenth of its most, None where it does not."""
        gain = np.nan_to_num(self.gain)
        rest = slice(int(gain.argmax()), None)
        found = crossings(
            self.frequency[rest].tolist(), gain[rest].tolist(), PASSED * float(gain.max())
        )
        return 1 / found[0] if found else None

    def agreement(self, resolution: float) -> tuple[float, float]:
        """Medians of the correlation and of the phases from twice to once a resolution in Å.

        Where the map was filtered away before that, from twice to once where that begins.
        """
        end = self._end(resolution)
        inside = (self.frequency > 0.5 / end) & (self.frequency <= 1 / end)
        if not inside.any():
            inside[0] = True
        correlation, phases = (
            float(np.median(np.nan_to_num(values[inside])))
            for values in (self.correlation, self.phases)
        )
        return correlation, phases

    def beyond(self, resolution: float, share: float, halves: FscCurve) -> float | None:
        """Power of the map beyond a resolution over what the usual weights leave there.

        The weights are √(2F/(1 + F)), F the half maps' correlation, and the map's power just short
        of the resolution sets the scale.

        Parameters
        ----------
        resolution : Å to which the half maps agree
        share : of the resolution: what is finer lies beyond
        halves : correlation of the half maps in each shell

        Returns
        -------
        float, or None where there are no shells to compare
        """
        edge = 1 / resolution
        inside = (self.frequency > edge / _CLEAR) & (self.frequency <= edge)
        outside = self.frequency > edge / share
        if not inside.any() or not outside.any():
            return None
        correlation, samples = np.nan_to_num(halves.correlation), halves.samples
        mean = float(correlation[outside] @ samples[outside] / samples[outside].sum())
        chance = _CHANCE / math.sqrt(float(samples[outside].sum()))
        weight = _figure_of_merit(np.where(outside, max(mean, chance), correlation)) ** 2
        expected = self.mean_power * weight
        if not expected[inside].any():
            return None
        scale = self.map_power[inside].sum() / expected[inside].sum()
        return float(
            (self.map_power * self.samples)[outside].sum()
            / (scale * (expected * self.samples)[outside].sum())
        )

    def sharpening(self, resolution: float, halves: Reals) -> Sharpening | None:
        """How the gain rises or falls down to a resolution in Å; None for too few shells.

        Maps are often weighted by √(2F/(1 + F)), too, which is fitted beside, and low-passed: the
        fit ends before that begins.

        Parameters
        ----------
        resolution : Å
        halves : F, the half maps' correlation in each shell
        """
        finest = _CLEAR * self._end(resolution)
        coarsest = max(COARSEST, 2 * finest)
        inside = (self.frequency >= 1 / coarsest) & (self.frequency <= 1 / finest)
        inside &= np.nan_to_num(self.gain) > 0
        if np.count_nonzero(inside) < _FEWEST_SHELLS:
            return None
        squares, gain = self.frequency[inside] ** 2, np.log(self.gain[inside])
        columns = np.stack([np.ones_like(squares), squares, _weight(halves[inside])], axis=1)
        fit, *_ = np.linalg.lstsq(columns, gain, rcond=None)
        scatter = np.sum((gain - columns @ fit) ** 2) / (len(gain) - columns.shape[1])
        variance = scatter * np.linalg.pinv(columns.T @ columns)[1, 1]
        return Sharpening(4 * float(fit[1]), 4 * math.sqrt(variance), coarsest, finest)

    def _end(self, resolution: float) -> float:
        return max(resolution, self.cutoff or 0.0)


def measure_transfer(
    whole: Volume,
    halves: tuple[HalfSpectrum, HalfSpectrum],
    mask: Volume,
    voxel_size: Triple,
    *,
    shift: Triple = (0.0, 0.0, 0.0),
    threads: int = 1,
) -> Transfer:
    """Compare a map with the mean of its half maps under a mask.

    Both are made to have flat spectra before they are masked, so that a mask does not carry what is
    strong into shells where the map was made weak. Where the map was cut out, the mask ends: what
    was left out is not compared.

    Parameters
    ----------
    whole : the map, float32 (z, y, x)
    halves : half spectra of the half maps, as ``scipy.fft.rfftn`` gives them
    mask : float32 from 0 to 1 on the same grid, not all 0
    voxel_size : Å along z, y, x
    shift : of the map from the half maps, Å along z, y, x; they are brought to it
    threads : for the Fourier transforms
    """
    shells = Shells(mask.shape, voxel_size)
    own, mean = half_spectrum(whole, threads), _mean(halves, shells, shift)
    powers, samples = shells.sums(lambda z: [power(own[z]), power(mean(z))])
    powers /= samples
    own, others = _flattened(own, mean, powers, shells)
    where = uncut(mask, whole)
    own, others = (_masked(spectrum, where, threads) for spectrum in (own, others))

    def terms(z: int) -> tuple[NDArray[np.floating[Any]], ...]:
        a, b = power(own[z]), power(others[z])
        return _product(own[z], others[z]), np.sqrt(a * b), a, b

    (cross, sizes, *inside), _ = shells.sums(terms)
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = np.sqrt(powers[0] / powers[1] * inside[0] / inside[1])
    gain[~np.isfinite(gain)] = np.nan
    return Transfer(
        shells.frequency,
        _share(cross, np.sqrt(inside[0] * inside[1])),
        _share(cross, sizes),
        gain,
        powers[0],
        powers[1],
        samples,
    )


def _mean(
    halves: tuple[HalfSpectrum, HalfSpectrum], shells: Shells, shift: Triple
) -> Callable[[int], HalfSpectrum]:
    """The z planes of the spectrum of the mean of two half maps, shifted by Å along z, y, x."""
    from scipy import fft  # slow to load

    first, second = halves
    nz, ny, nx = shells.shape
    waves = fft.fftfreq(nz), fft.fftfreq(ny), fft.rfftfreq(nx)
    z, y, x = (
        np.exp(-2j * np.pi * step * n / extent * axis).astype(np.complex64)
        for step, n, extent, axis in zip(shift, shells.shape, shells.extents, waves, strict=True)
    )
    turn = y[:, None] * x / np.complex64(2)
    return lambda plane: (first[plane] + second[plane]) * (z[plane] * turn)


def _flattened(
    own: HalfSpectrum, mean: Callable[[int], HalfSpectrum], powers: Reals, shells: Shells
) -> tuple[HalfSpectrum, HalfSpectrum]:
    """Both with a mean of |F|² of 1 in every shell; what lies in none becomes 0."""
    factors = np.zeros((2, shells.count + 2), np.float32)
    np.divide(1, np.sqrt(powers), out=factors[:, 1:-1], where=powers > 0, casting="same_kind")
    others = np.empty_like(own)
    for z in range(len(own)):
        places = shells.places(z)
        others[z] = mean(z) * factors[1][places]
        own[z] *= factors[0][places]
    return own, others


def uncut(mask: Volume, whole: Volume) -> Volume:
    """The mask, let down to 0 where the map was cut out: where it has one value all over.

    Parameters
    ----------
    mask : float32 (z, y, x) from 0 to 1
    whole : of the same shape
    """
    from scipy import ndimage  # slow to load

    value, share = most_common_value(whole, mask > 0)
    if share < _CUT:
        return mask
    held = ndimage.uniform_filter((whole != np.float32(value)).astype(np.float32), _EDGE)
    limited: Volume = mask * np.clip(2 * held - 1, 0, 1)
    return limited


def _masked(spectrum: HalfSpectrum, mask: Volume, threads: int) -> HalfSpectrum:
    """The half spectrum of a map under a mask, from that of the map.

    It is that of the part of the box that the mask has, moved to the first voxel. Lines on which
    the mask is 0 are not transformed.
    """
    from scipy import fft  # slow to load

    nz, ny, nx = mask.shape
    z, y, x = (slice(first, last + 1) for first, last in bounding_box(mask > 0))
    planes = fft.ifft(spectrum, axis=0, workers=threads)[z]
    rows = fft.ifft(planes, axis=1, workers=threads)[:, y]
    values = fft.irfft(rows, nx, axis=2, workers=threads)[..., x] * mask[z, y, x]
    rows = fft.rfft(values, nx, axis=2, workers=threads)
    planes = fft.fft(rows, ny, axis=1, workers=threads)
    masked: HalfSpectrum = fft.fft(planes, nz, axis=0, overwrite_x=True, workers=threads)
    return masked


def _product(one: HalfSpectrum, other: HalfSpectrum) -> NDArray[np.floating[Any]]:
    product: NDArray[np.floating[Any]] = one.real * other.real + one.imag * other.imag
    return product


def _share(part: Reals, whole: Reals) -> Reals:
    """Of each; NaN where there is nothing."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _weight(halves: Reals) -> Reals:
    """Logarithm of the weight by the half maps' correlation."""
    return np.log(_figure_of_merit(np.clip(np.nan_to_num(halves), _LEAST, 1)))


def _figure_of_merit(halves: Reals) -> Reals:
    """√(2F/(1 + F)): Rosenthal & Henderson 2003, doi:10.1016/j.jmb.2003.07.013."""
    correlation = np.clip(halves, 0, 1)
    return np.asarray(np.sqrt(2 * correlation / (1 + correlation)))
