"""Are two half maps independent? What they share where there is no molecule, and beyond it.

Noise of independent halves does not correlate: around the molecule, and in it beyond the
resolution, the Fourier shell correlation of the two is 0 in every shell, within an error that
follows from the number of coefficients and from the mask (Harauz & van Heel 1986, Optik 73,
146–156). A share of the noise that both have is read off that correlation as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.statistics import locally_constant, moments
from vrs_scipion.methods.fsc import GOLD_STANDARD, FscCurve, mask_redundancy
from vrs_scipion.methods.independence.bands import Mean, Region, shared_by_mask
from vrs_scipion.methods.independence.powers import LOWEST, ShellPowers, whitened
from vrs_scipion.methods.shells import HalfSpectrum, half_spectrum

Pair = tuple[Volume, Volume]

LEAST_BACKGROUND = 0.05
"""Share of the box without which there is no background to measure."""
BEYOND = 1.2
"""Of the frequency of the resolution: where its tail begins."""
TOP = 0.95
"""Of the Nyquist frequency: where bands of noise end."""
LATEST = 0.8
"""Of the Nyquist frequency: where the band of the shared noise begins at the latest."""
_LEAST_OUTSIDE = 0.01
_FADING = 6
"""Voxels that a refinement's sphere takes to fade."""
_NEARLY_ALL = 0.999


@dataclass(frozen=True)
class Constant:
    """Where a half map was overwritten: shares of its voxels that equal all of their neighbours.

    Attributes
    ----------
    in_sphere : of the sphere inscribed in the box
    in_ball : of the ball, not larger than that, that holds all other voxels: a refinement's own
        sphere leaves none of them there, a mask in the shape of the molecule many
    """

    in_sphere: float
    in_ball: float


@dataclass(frozen=True)
class Background:
    """What two half maps have around the molecule.

    Attributes
    ----------
    curve : their correlation by shell
    shared : its mean where there is nothing but noise; None where no shell holds any
    shared_low : its mean from 1/20 Å to there: ice and membranes are in both halves, too
    noise_ratio : noise power of one half in that of the other, above 1, their signals on one
        scale; None as ``shared``
    """

    curve: FscCurve
    shared: Mean | None
    shared_low: Mean | None
    noise_ratio: float | None


@dataclass(frozen=True)
class Independence:
    """What speaks for and against the independence of two half maps.

    Attributes
    ----------
    resolution : Å where they correlate by 0.143 inside the mask; None where they never fall below
    signal : mean correlation inside the mask up to there, or to the finest frequency they hold
    copy_correlation : over the whole box, without their means
    least_correlation : the lowest |correlation| of a shell inside the mask, from 1/20 Å on
    held : 1/Å to which they hold power at all
    nyquist : 1/Å
    constant : of both halves
    background_fraction : of the box
    background : None where it is below 5 % of the box
    noise_from : 1/Å where the band of nothing but noise begins
    within_noise : mean correlation inside the mask in that band; None where no shell is in it
    tail : mean correlation inside the mask beyond 1.2 times the frequency of the resolution
    rise : of the correlation inside the mask towards the Nyquist frequency
    outside_inside : strength of the difference of the halves around the molecule in that inside;
        None where there is no place to measure it
    """

    resolution: float | None
    signal: Mean | None
    copy_correlation: float
    least_correlation: float
    held: float
    nyquist: float
    constant: tuple[Constant, Constant]
    background_fraction: float
    background: Background | None
    noise_from: float
    within_noise: Mean | None
    tail: Mean | None
    rise: Mean | None
    outside_inside: float | None


@dataclass(frozen=True)
class Halves:
    """Two half maps on one grid.

    Attributes
    ----------
    first, second : float32 (z, y, x)
    spectra : their half spectra
    mask : of the molecule, float32 from 0 to 1
    hard : of the molecule
    background : where there is nothing but noise
    voxel_size : Å along z, y, x
    order : of the point group imposed on both
    """

    first: Volume
    second: Volume
    spectra: tuple[HalfSpectrum, HalfSpectrum]
    mask: Volume
    hard: Mask
    background: Mask
    voxel_size: Triple
    order: int = 1


def measure_independence(
    halves: Halves, molecule: FscCurve, reported: float | None = None, threads: int = 1
) -> Independence:
    """Measure what tells independent halves from others.

    The halves are whitened, each by its own spectrum, before a mask is put on them: a correlation
    by shell does not feel that, and nothing is strong any more that the mask could spread over all
    shells. Four Fourier transforms.

    Parameters
    ----------
    halves : as they came
    molecule : their correlation inside the mask (see `modified_correlation`)
    reported : resolution, Å, if there is one
    threads : for the Fourier transforms
    """
    whole = ShellPowers.of(*halves.spectra, halves.first.shape, halves.voxel_size)
    nyquist = float(whole.frequency[-1])
    top = min(TOP * nyquist, whole.held)
    resolution = molecule.resolution(GOLD_STANDARD)
    known = [1 / found for found in (resolution, reported) if found]
    noise_from = min(LATEST * nyquist, max(known, default=nyquist))
    inside = Region(
        molecule, whole.samples, whole.frequency, halves.order * shared_by_mask(halves.mask)
    )
    seen = (molecule.frequency >= LOWEST) & (molecule.frequency <= top)
    alike = np.abs(molecule.correlation[seen & np.isfinite(molecule.correlation)])
    constant = [locally_constant(half) for half in (halves.first, halves.second)]
    white = whitened(*halves.spectra, whole, threads)
    fraction = float(halves.background.mean())
    return Independence(
        resolution=resolution,
        signal=inside.mean(0.0, 1 / resolution if resolution else top),
        copy_correlation=whole.total_correlation,
        least_correlation=float(alike.min()) if alike.size else 0.0,
        held=whole.held,
        nyquist=nyquist,
        constant=_constant_shares(constant, halves.voxel_size),
        background_fraction=fraction,
        background=_background(halves, white, whole, (noise_from, top), threads)
        if fraction >= LEAST_BACKGROUND
        else None,
        noise_from=noise_from,
        within_noise=inside.mean(noise_from, top),
        tail=None if resolution is None else inside.mean(BEYOND / resolution, top),
        rise=inside.rise(min(nyquist, whole.held)),
        outside_inside=_outside_inside(halves, white, constant),
    )


def _background(
    halves: Halves, white: Pair, whole: ShellPowers, noise: tuple[float, float], threads: int
) -> Background:
    """The correlation in the background, and its means up to and in the band of noise (1/Å)."""
    where, size = halves.background, halves.voxel_size
    one, other = (half_spectrum(_inside(values, where), threads) for values in white)
    found = ShellPowers.of(one, other, where.shape, size)
    redundancy = halves.order * _redundancy(where, size, threads)
    curve = found.products.curve(found.shells, redundancy)
    region = Region(curve, whole.samples, whole.frequency, halves.order * shared_by_mask(where))
    low, high = noise
    band = (found.frequency > low) & (found.frequency <= high)
    ratio = found.ratio[band] * whole.ratio[band] / whole.scale
    median = float(np.median(ratio)) if ratio.size else None
    return Background(
        curve,
        region.mean(low, high),
        region.mean(LOWEST, low),
        max(median, 1 / median) if median else None,
    )


def _redundancy(where: Mask, voxel_size: Triple, threads: int) -> float:
    """That of a mask, by every other voxel of it: what counts of its transform is coarse."""
    z, y, x = (2 * size for size in voxel_size)
    return mask_redundancy(where[::2, ::2, ::2].astype(np.float32), (z, y, x), threads)


def _inside(values: Volume, where: Mask) -> Volume:
    """Values less their mean in a mask, 0 outside of it."""
    inside: Volume = values * where
    inside -= np.float32(inside.sum(dtype=np.float64) / np.count_nonzero(where)) * where
    return inside


def _outside_inside(halves: Halves, white: Pair, constant: Sequence[Mask]) -> float | None:
    """Strength of the difference of the whitened halves around the molecule in that inside it.

    Not near constant voxels: towards a refinement's sphere its noise fades.
    """
    outside = halves.background & ~_near(constant[0] | constant[1])
    if outside.mean() < _LEAST_OUTSIDE:
        return None
    difference = white[0] - white[1]
    around, within = (moments(difference, where).std for where in (outside, halves.hard))
    return around / within if within else None


def _near(faded: Mask) -> Mask:
    """Voxels to which something of a mask is near; of every other voxel of it, for speed."""
    from scipy import ndimage  # slow to load

    if not faded.any():
        return faded
    coarse = ndimage.maximum_filter(faded[::2, ::2, ::2], _FADING + 1)
    for axis, n in enumerate(faded.shape):
        coarse = np.repeat(coarse, 2, axis=axis).take(range(n), axis=axis)
    near: Mask = coarse
    return near


def _constant_shares(constant: Sequence[Mask], voxel_size: Triple) -> tuple[Constant, Constant]:
    """Of both halves, by the radii of every other voxel."""
    if not any(mask.any() for mask in constant):
        return Constant(0.0, 0.0), Constant(0.0, 0.0)
    masks = [mask[::2, ::2, ::2] for mask in constant]
    extents = [n * size for n, size in zip(constant[0].shape, voxel_size, strict=True)]
    step = min(voxel_size) / 2
    z, y, x = (
        ((np.arange(n, dtype=np.float32) * 2 * size - extent / 2) / step) ** 2
        for n, size, extent in zip(masks[0].shape, voxel_size, extents, strict=True)
    )
    place = np.sqrt(z[:, None, None] + y[:, None] + x).astype(np.intp)
    last = max(1, int(min(extents) / 2 / step))
    voxels = np.cumsum(np.bincount(place.ravel()))[:last]
    found = []
    for mask in masks:
        overwritten = np.cumsum(np.bincount(place[mask], minlength=last))[:last]
        kept = voxels - overwritten
        ball = int(np.searchsorted(kept, _NEARLY_ALL * kept[-1]))
        share = overwritten / np.maximum(voxels, 1)
        found.append(Constant(float(share[-1]), float(share[ball])))
    first, second = found
    return first, second
