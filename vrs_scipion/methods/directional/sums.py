"""What directional correlations are made of: sums by shell and direction, taken once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vrs_scipion.maps.density import Triple
from vrs_scipion.methods.directional.sphere import OCTANTS, HalfSphere, Pixels
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, power


@dataclass(frozen=True)
class DirectionalSums:
    """Sums over the coefficients of two maps, by shell and pixel of the half sphere.

    Attributes
    ----------
    shells, sphere : where they were sorted to
    all : of Re F₁F₂*, |F₁|², |F₂|² and the coefficients of the whole transform; float64, shape
        (4, shells, pixels)
    """

    shells: Shells
    sphere: HalfSphere
    all: Reals

    @property
    def samples(self) -> Reals:
        """Coefficients of the whole transform, shape (shells, pixels)."""
        samples: Reals = self.all[3]
        return samples


def directional_sums(
    first: HalfSpectrum,
    second: HalfSpectrum,
    shape: tuple[int, ...],
    voxel_size: Triple,
    sphere: HalfSphere | None = None,
) -> DirectionalSums:
    """Sort the coefficients of two maps by frequency and direction, and sum them there.

    Shells and directions are physical ones, on boxes and voxels of any shape.

    Parameters
    ----------
    first, second : half spectra, as ``scipy.fft.rfftn`` gives them
    shape, voxel_size : of the maps: voxels and Å along z, y, x
    sphere : of directions; by default one of about a thousand pixels
    """
    shells, sphere = Shells(tuple(shape), voxel_size), sphere or HalfSphere()
    sums = np.zeros((4, len(OCTANTS), shells.count * sphere.octant))
    for z, octant, place, flat, weight in quarters(shells, sphere):
        one, other = first[z].ravel()[flat], second[z].ravel()[flat]
        terms = one.real * other.real + one.imag * other.imag, power(one), power(other), 1.0
        for total, term in zip(sums[:, octant], terms, strict=True):
            total += np.bincount(place, term * weight, total.size)
    by_pixel = sums.reshape(4, len(OCTANTS), shells.count, sphere.octant).transpose(0, 2, 1, 3)
    return DirectionalSums(shells, sphere, by_pixel.reshape(4, shells.count, sphere.count))


def quarters(
    shells: Shells, sphere: HalfSphere
) -> Iterator[tuple[int, int, Pixels, Pixels, Reals]]:
    """The quarters of every z plane that lie in one octant each.

    Yields
    ------
    The plane, the octant, and of every coefficient within the last shell: its place by shell and
    pixel, its index in the plane, and how many of the whole transform it stands for.
    """
    nz, ny, nx = shells.shape
    rows, columns = ny // 2 + 1, nx // 2 + 1
    length, height, width = (max(shells.extents) / extent for extent in shells.extents)
    y, x = np.arange(rows)[:, None] * height, np.arange(columns) * width
    turn = np.arctan2(y, x) / (np.pi / 2)
    weights = np.broadcast_to(shells.weights, (rows, columns))
    for z in range(nz // 2 + 1):
        shell, radius = shells.places(z)[:rows], shells.radii(z)[:rows]
        row, column = np.nonzero((shell > 0) & (shell <= shells.count))
        pixel = sphere.pixels(z * length / radius[row, column], turn[row, column])
        place = (shell[row, column] - 1) * sphere.octant + pixel
        weight = weights[row, column]
        mirrored = np.flatnonzero((row > 0) & (2 * row != ny))
        below = (ny - row[mirrored]) * columns + column[mirrored]
        for side, plane in enumerate((z,) if 2 * z in (0, nz) else (z, nz - z)):
            yield plane, 2 * side, place, row * columns + column, weight
            yield plane, 2 * side + 1, place[mirrored], below, weight[mirrored]
