"""What is done to a good map to make it a bad one: each by a dial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from recipe import Deposit, Edit, Recipe
from scipy import fft, ndimage

from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.fourier import resample
from vrs_scipion.simulation import low_pass

_SOFTNESS = 4.0
_COARSEST_NOISE = 30.0
"""Å."""


def decentred(recipe: Recipe, percent: float) -> Recipe:
    return replace(recipe, decentring=percent, roominess=max(recipe.roominess, 2.2))


def tight(recipe: Recipe, percent: float) -> Recipe:
    return replace(recipe, roominess=1 / (1 - 2 * percent / 100), decentring=0.0)


def contour_times(factor: float) -> Edit:
    return lambda deposit, _: replace(deposit, contour=deposit.contour * factor)


def contour_enclosing(share: float) -> Edit:
    """The contour that encloses a share of what the right one does."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        values = deposit.density.values.ravel()
        voxels = max(1, round(share * np.count_nonzero(deposit.signal >= deposit.contour)))
        return replace(deposit, contour=float(np.partition(values, -voxels)[-voxels]))

    return edit


def contour_in_noise(deviations: float) -> Edit:
    """A contour of so many standard deviations of the noise, where that is lower than the right."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        return replace(deposit, contour=min(deposit.contour, deviations * deposit.noise_sigma))

    return edit


def dust(percent: float) -> Edit:
    """Specks of 2 to 40 voxels, of the molecule's strength, as far from it as the box allows."""

    def edit(deposit: Deposit, generator: np.random.Generator) -> Deposit:
        wanted = percent / 100 * np.count_nonzero(deposit.density.values >= deposit.contour)
        specks = np.zeros(deposit.density.box, np.float32)
        free = np.flatnonzero(ndimage.distance_transform_edt(~deposit.molecule).ravel() > 4)
        while np.count_nonzero(specks > deposit.contour) < wanted:
            seeds = np.zeros(specks.size, np.float32)
            seeds[generator.choice(free, max(1, round(wanted / 15)))] = 1
            width = float(generator.uniform(0.8, 1.6))
            grown = ndimage.gaussian_filter(seeds.reshape(specks.shape), width)
            np.maximum(specks, 2 * deposit.contour * grown / grown.max(), out=specks)
        return deposit.with_values(deposit.density.values + specks)

    return edit


def fragment(percent: float) -> Edit:
    """One lump, as strong as the molecule, where the box has most room beside it."""

    def edit(deposit: Deposit, generator: np.random.Generator) -> Deposit:
        wanted = percent / 100 * np.count_nonzero(deposit.density.values >= deposit.contour)
        from_molecule = ndimage.distance_transform_edt(~deposit.molecule)
        grid = np.ogrid[tuple(slice(n) for n in from_molecule.shape)]
        inside = [np.minimum(g, n - g) for g, n in zip(grid, from_molecule.shape, strict=True)]
        from_faces = np.minimum(np.minimum(*inside[:2]), inside[2])
        free = np.minimum(from_molecule, from_faces)
        middle = np.unravel_index(int(free.argmax()), free.shape)
        away = np.sqrt(sum((g - m) ** 2 for g, m in zip(grid, middle, strict=True)))
        radius = (wanted / (4 / 3 * np.pi)) ** (1 / 3)
        lump = 2 * deposit.contour / (1 + np.exp((away - radius) / 0.5))
        return deposit.with_values(deposit.density.values + lump)

    return edit


def louder(recipe: Recipe, factor: float) -> Recipe:
    return replace(recipe, loudness=factor)


def coloured(strength: float) -> Edit:
    """Noise of a correlation length of 25 Å; its deviation in units of the contour."""

    def edit(deposit: Deposit, generator: np.random.Generator) -> Deposit:
        spectrum = fft.rfftn(generator.standard_normal(deposit.density.box, dtype=np.float32))
        spectrum *= np.exp(-((deposit.frequency * 25.0) ** 2) / 2)
        noise = fft.irfftn(spectrum, s=deposit.density.box)
        noise *= strength * deposit.contour / noise.std()
        return deposit.with_values(deposit.density.values + noise)

    return edit


def offset(sigmas: float) -> Edit:
    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        step = sigmas * deposit.noise_sigma
        lifted = deposit.with_values(deposit.density.values + np.float32(step))
        return replace(lifted, contour=deposit.contour + step)

    return edit


def masked(angstroms: float) -> Edit:
    """Everything farther than this from the molecule set to zero, without an edge."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        size = deposit.density.voxel_size
        near = ndimage.distance_transform_edt(~deposit.molecule, sampling=size) <= angstroms
        return deposit.with_values(np.where(near, deposit.density.values, 0))

    return edit


def sharpened(squares: float) -> Edit:
    """Amplitudes times exp(+ΔB·s²/4), ΔB in squares of the resolution; blurred if negative."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        b = squares * deposit.resolution**2
        amplitude = np.exp(b / 4 * deposit.frequency**2)
        band = amplitude * low_pass(deposit.frequency, deposit.resolution * 0.95)
        return deposit.filtered(np.asarray(band, np.float32)).contoured_again()

    return edit


def low_passed(factor: float) -> Edit:
    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        coarser = deposit.resolution * factor
        return deposit.filtered(low_pass(deposit.frequency, coarser)).contoured_again()

    return edit


def claimed(factor: float) -> Edit:
    """On finer voxels, so that the claim is within the Nyquist limit."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        claim = deposit.resolution / factor
        finer = min(claim / 2.2, deposit.density.voxel_size[0])
        return replace(deposit, density=resample(deposit.density, finer), resolution=claim)

    return edit


def blurred_domain(recipe: Recipe, factor: float) -> Recipe:
    return replace(recipe, domain=(1.0, factor))


def partial_domain(recipe: Recipe, missing: float) -> Recipe:
    return replace(recipe, domain=(1 - missing, 1.0))


def _cosine_to_z(deposit: Deposit) -> NDArray[np.float64]:
    """|cos| of the angle between each coefficient's frequency and the z axis."""
    nz = deposit.density.box[0]
    z = np.abs(fft.fftfreq(nz, deposit.density.voxel_size[0]))[:, None, None]
    return np.asarray(z / np.maximum(deposit.frequency, 1e-9))


def missing_cone(degrees: float) -> Edit:
    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        keep = _cosine_to_z(deposit) <= np.cos(np.radians(degrees))
        keep[0, 0, 0] = True
        return deposit.filtered(keep.astype(np.float32)).contoured_again()

    return edit


def preferred(factor: float) -> Edit:
    """Along z the resolution is coarser by this factor, in between by the cosine squared."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        coarser = 1 + (factor - 1) * _cosine_to_z(deposit) ** 2
        scaled = np.asarray(deposit.frequency * coarser, np.float32)
        return deposit.filtered(low_pass(scaled, deposit.resolution)).contoured_again()

    return edit


def stripes(strength: float) -> Edit:
    """A plane wave of six resolutions through the whole box, in units of the contour."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        n, size = deposit.density.box[2], deposit.density.voxel_size[2]
        wave = np.sin(2 * np.pi * np.arange(n) * size / (6 * deposit.resolution))
        return deposit.with_values(deposit.density.values + strength * deposit.contour * wave)

    return edit


def halo(strength: float) -> Edit:
    """Too little at low frequencies: a dark rim around the molecule."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        missing = strength * np.exp(-((deposit.frequency * 40.0) ** 2) / 2)
        return deposit.filtered(np.asarray(1 - missing, np.float32)).contoured_again()

    return edit


def mirrored(recipe: Recipe, _: float) -> Recipe:
    return replace(recipe, mirror=True)


def wrong_voxels(percent: float) -> Edit:
    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        size = deposit.density.voxel_size[0] * (1 + percent / 100)
        wrong = replace(deposit.density, voxel_size=(size,) * 3)
        return replace(deposit, density=wrong)

    return edit


def swapped_axes(_: float) -> Edit:
    return lambda deposit, _generator: deposit.with_values(
        np.ascontiguousarray(deposit.density.values.transpose(2, 1, 0))
    )


def biased(share: float) -> Edit:
    """A share of a noise-free reference, sharper than the data, averaged in."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        reference = _sharp(deposit)
        values = (1 - share) * deposit.density.values + share * reference
        return deposit.with_values(values)

    return edit


def _sharp(deposit: Deposit) -> Volume:
    amplitude = np.exp(2 * deposit.resolution**2 * deposit.frequency**2 / 4)
    return np.asarray(
        fft.irfftn(fft.rfftn(deposit.signal) * amplitude, s=deposit.signal.shape), np.float32
    )


def noise_in_envelope(softness: float) -> Edit:
    """Noise of the map's spectrum in the molecule's envelope, which is this many resolutions soft.

    What is longer than 30 Å is left to the envelope; the product is low-passed at the resolution.
    """
    return lambda deposit, generator: deposit.with_values(
        _enveloped_noise(deposit, generator, softness)
    ).contoured_again()


def noise_with_offset(sigmas: float) -> Edit:
    """The same on the envelope itself, as high as this many standard deviations of the noise."""

    def edit(deposit: Deposit, generator: np.random.Generator) -> Deposit:
        noise = _enveloped_noise(deposit, generator)
        step = sigmas * noise[deposit.molecule].std()
        return deposit.with_values(noise + step * _envelope(deposit)).contoured_again()

    return edit


def blob(noise: float) -> Edit:
    """A shape without any detail, and in it this share of its height of noise."""

    def edit(deposit: Deposit, generator: np.random.Generator) -> Deposit:
        inside = _enveloped_noise(deposit, generator)
        scale = noise / inside[deposit.molecule].std()
        return deposit.with_values(_envelope(deposit) + scale * inside).contoured_again()

    return edit


def random_phases(resolutions: float) -> Edit:
    """No phase is right beyond so many resolutions."""
    return lambda deposit, generator: deposit.with_values(
        _randomised(deposit, generator, resolutions * deposit.resolution)
    ).contoured_again()


def _enveloped_noise(
    deposit: Deposit, generator: np.random.Generator, softness: float = _SOFTNESS
) -> Volume:
    noise = fft.rfftn(_randomised(deposit, generator, np.inf))
    noise[deposit.frequency < 1 / _COARSEST_NOISE] = 0
    placed = fft.irfftn(noise, s=deposit.density.box) * _envelope(deposit, softness)
    limited = fft.rfftn(placed) * low_pass(deposit.frequency, deposit.resolution)
    return np.asarray(fft.irfftn(limited, s=placed.shape), np.float32)


def _randomised(deposit: Deposit, generator: np.random.Generator, coarsest: float) -> Volume:
    """The map with its own amplitudes and the phases of noise beyond a resolution in Å."""
    own = fft.rfftn(deposit.density.values)
    noise = fft.rfftn(generator.standard_normal(deposit.density.box, dtype=np.float32))
    mixed = np.where(deposit.frequency > 1 / coarsest, np.abs(own) * noise / np.abs(noise), own)
    return np.asarray(fft.irfftn(mixed, s=deposit.density.box), np.float32)


def _envelope(deposit: Deposit, softness: float = _SOFTNESS) -> Volume:
    """1 inside the molecule, let down by a Gaussian of this full width in resolutions."""
    width = softness * deposit.resolution / deposit.density.voxel_size[0]
    soft = ndimage.gaussian_filter(deposit.molecule.astype(np.float32), width / 2.355)
    return np.asarray(soft / soft.max(), np.float32)


def clipped(percent: float) -> Edit:
    """The lowest values set to the highest of them; the highest to the lowest if negative."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        values = deposit.density.values
        if percent > 0:
            return deposit.with_values(np.maximum(values, np.percentile(values, percent)))
        return deposit.with_values(np.minimum(values, np.percentile(values, 100 + percent)))

    return edit


def quantised(levels: float) -> Edit:
    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        values = deposit.density.values
        low, step = values.min(), (values.max() - values.min()) / (levels - 1)
        return deposit.with_values(low + step * np.rint((values - low) / step))

    return edit


def resampled(order: int) -> Callable[[float], Edit]:
    """On voxels that are finer by a factor, each the nearest one's value (0) or linear (1)."""

    def make_edit(factor: float) -> Edit:
        def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
            size = deposit.density.voxel_size[0] / factor

            def finer(values: Volume | Mask) -> Volume:
                axes = [np.arange(int(n * factor)) / factor for n in values.shape]
                grid = np.meshgrid(*axes, indexing="ij")
                return ndimage.map_coordinates(
                    values.astype(np.float32), grid, order=order, mode="nearest"
                )

            grid = replace(deposit.density, voxel_size=(size,) * 3)
            return replace(
                replace(deposit, density=grid).with_values(finer(deposit.density.values)),
                molecule=finer(deposit.molecule) > 0.5,
                signal=finer(deposit.signal),
            )

        return edit

    return make_edit


def hot_voxels(count: float) -> Edit:
    """So many single voxels, anywhere, as bright as the brightest."""

    def edit(deposit: Deposit, generator: np.random.Generator) -> Deposit:
        values = deposit.density.values.copy()
        values.flat[generator.choice(values.size, int(count), replace=False)] = values.max()
        return deposit.with_values(values)

    return edit


def _through_molecule(deposit: Deposit, generator: np.random.Generator) -> int:
    """A Z plane of the middle half of the molecule."""
    occupied = np.flatnonzero(deposit.molecule.any(axis=(1, 2)))
    low, high = np.percentile(occupied, (25, 75)).astype(int)
    return int(generator.integers(low, high + 1))


def missing_planes(count: float) -> Edit:
    def edit(deposit: Deposit, generator: np.random.Generator) -> Deposit:
        first, values = _through_molecule(deposit, generator), deposit.density.values.copy()
        values[first : first + int(count)] = 0
        return deposit.with_values(values)

    return edit


def shifted_plane(voxels: float) -> Edit:
    def edit(deposit: Deposit, generator: np.random.Generator) -> Deposit:
        plane, values = _through_molecule(deposit, generator), deposit.density.values.copy()
        values[plane] = np.roll(values[plane], int(voxels), axis=1)
        return deposit.with_values(values)

    return edit


def torn(voxels: float) -> Edit:
    """All planes from one on shifted along x."""

    def edit(deposit: Deposit, generator: np.random.Generator) -> Deposit:
        plane, values = _through_molecule(deposit, generator), deposit.density.values.copy()
        values[plane:] = np.roll(values[plane:], int(voxels), axis=2)
        return deposit.with_values(values)

    return edit


def ringed(sigmas: float) -> Edit:
    """Cylinders about the z axis, a ring every three resolutions; in deviations of the noise."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        _, y, x = deposit.density.box
        away = np.hypot(*np.ogrid[-(y // 2) : y - y // 2, -(x // 2) : x - x // 2])
        period = 3 * deposit.resolution / deposit.density.voxel_size[0]
        rings = sigmas * deposit.noise_sigma * np.cos(2 * np.pi * away / period)
        return deposit.with_values(deposit.density.values + rings.astype(np.float32))

    return edit


def ramped(sigmas: float) -> Edit:
    """A slope along x, from face to face so many deviations of the noise."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        slope = np.linspace(-0.5, 0.5, deposit.density.box[2], dtype=np.float32)
        values = deposit.density.values + np.float32(sigmas * deposit.noise_sigma) * slope
        return deposit.with_values(values)

    return edit


def ghosted(share: float) -> Edit:
    """A weaker copy of the molecule, shifted by a third of the box along x, a quarter along z."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        nz, _ny, nx = deposit.density.box
        copy = np.roll(deposit.signal, (nz // 4, nx // 3), axis=(0, 2))
        return deposit.with_values(deposit.density.values + np.float32(share) * copy)

    return edit


def compressed(factor: float) -> Edit:
    """Planes along z left out evenly, by interpolation; their distance called the same."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        def shorter(values: Volume | Mask) -> Volume:
            return ndimage.zoom(values.astype(np.float32), (1 / factor, 1, 1), order=3)

        return replace(
            deposit.with_values(shorter(deposit.density.values)),
            molecule=shorter(deposit.molecule) > 0.5,
            signal=shorter(deposit.signal),
        )

    return edit


def inverted(_: float) -> Edit:
    """Looked at where something is seen: at half of the maximum, if that is lower."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        dark = deposit.with_values(-deposit.density.values)
        return replace(dark, contour=min(deposit.contour, float(dark.density.values.max()) / 2))

    return edit
