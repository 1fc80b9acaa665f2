"""Projections of a map at given orientations, as central slices of its Fourier transform.

Transforms of images are counted from their centre, pixel N//2 along x and y, and laid out as
`scipy.fft.rfft2` does: shape (n, N, N//2 + 1). Orientations are the matrices A of
`vrs_scipion.particles.geometry`: a slice at (kx, ky) is the map's transform at Aᵀ(kx, ky, 0).

References
----------
De Rosier & Klug (1968), doi:10.1038/217130a0
Jackson et al. (1991), doi:10.1109/42.97598 (interpolation on a padded grid)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from vrs_scipion.maps.density import Volume

Reals = NDArray[np.float64]
Complexes = NDArray[np.complex64]

_PADDING = 2
_AT_ONCE = 1 << 16
"""Samples interpolated in one call."""


@dataclass(frozen=True)
class MapSpectrum:
    """The Fourier transform of a map, ready to be cut.

    Attributes
    ----------
    box : voxels along the map's side
    reach : the highest frequency that can be asked for, in cycles per box
    samples : complex64 array over z, y, x, ``padding`` a cycle per box, from −``reach`` on along z
        and y and from a little below 0 along x
    padding : how many samples a cycle per box has
    order : of the B-splines between samples: 1 (trilinear) or 3
    """

    box: int
    reach: float
    samples: Complexes
    padding: int
    order: int

    @classmethod
    def of(
        cls, volume: Volume, reach: float | None = None, order: int = 1, threads: int = 1
    ) -> MapSpectrum:
        """Transform a map.

        The map is padded, and divided beforehand by what the interpolation will multiply it with.
        Of what lies within a fifth of the box from its centre, trilinear slices differ by 1.6 %
        from exact ones, as those of RELION do; cubic ones by 0.02 %, at five times the cost.

        Parameters
        ----------
        volume : float32 array, shape (N, N, N), its centre at voxel N//2
        reach : highest frequency wanted, cycles per box; None for Nyquist's
        order : 1 or 3

        Raises
        ------
        ValueError
            If the map is no cube, or the order another.
        """
        box = volume.shape[0]
        if volume.shape != (box, box, box):
            raise ValueError(f"a map of {volume.shape} voxels is no cube")
        if order not in (1, 3):
            raise ValueError(f"splines of order {order} are not used here")
        highest = box / 2 if reach is None else min(reach, box / 2)
        padded = _PADDING * box
        spread = np.fft.ifftshift(np.arange(box) - box // 2)
        gain = np.sinc(spread / padded) ** (order + 1)
        values = np.zeros((padded,) * 3, np.float32)
        where = spread % padded
        centred = fft.ifftshift(volume)
        centred = centred / (gain[:, None, None] * gain[None, :, None] * gain[None, None, :])
        values[np.ix_(where, where, where)] = centred
        transform = fft.rfftn(values, workers=threads)
        below = order + 1
        last = math.ceil(_PADDING * highest) + below
        around = np.arange(-last, last + 1)
        along = (np.arange(-below, last + 1) + box) % padded - box
        samples = transform[np.ix_(around % padded, around % padded, np.abs(along))]
        samples[:, :, along < 0] = np.conj(samples[::-1, ::-1, along < 0])
        return cls(box, highest, samples, _PADDING, order)

    def at(self, rotations: Reals, frequencies: Reals) -> Complexes:
        """Samples of slices.

        Parameters
        ----------
        rotations : A, shape (n, 3, 3)
        frequencies : shape (s, 2), cycles per box along x and y; 0 is given beyond ``reach``

        Returns
        -------
        complex64 array, shape (n, s)
        """
        found = np.zeros((len(rotations), len(frequencies)), np.complex64)
        within = np.flatnonzero(np.hypot(*frequencies.T) <= self.reach)
        if not within.size:
            return found
        step = max(1, _AT_ONCE // within.size)
        for start in range(0, len(rotations), step):
            some = slice(start, start + step)
            axes = np.swapaxes(rotations[some, :2, :], 1, 2)
            found[some, within] = self._interpolated(axes @ frequencies[within].T)
        return found

    def slices(self, rotations: Reals, box: int | None = None) -> Complexes:
        """Whole slices, as transforms of projections.

        Parameters
        ----------
        rotations : A, shape (n, 3, 3)
        box : pixels of the projections, which have the same extent as the map; None for the map's

        Returns
        -------
        complex64 array, shape (n, box, box//2 + 1)
        """
        box = self.box if box is None else box
        scale = (box / self.box) ** 2
        flat = self.at(rotations, frequency_grid(box).reshape(-1, 2))
        return flat.reshape(len(rotations), box, box // 2 + 1) * np.float32(scale)

    def _interpolated(self, places: Reals) -> Complexes:
        """The transform at places x, y, z, shape (n, 3, s), in cycles per box."""
        mirrored = places[:, 0, :] < 0
        places = places * np.where(mirrored, -self.padding, self.padding)[:, None, :]
        middle = self.samples.shape[0] // 2
        x, y, z = np.moveaxis(places, 1, 0)
        indices = (z + middle, y + middle, x + self.order + 1)
        if self.order == 1:
            value = _trilinear(self.samples, *indices)
        else:
            value = ndimage.map_coordinates(
                self.samples, indices, np.complex64, order=self.order, prefilter=False
            )
        return np.conjugate(value, out=value, where=mirrored)


def _trilinear(samples: Complexes, z: Reals, y: Reals, x: Reals) -> Complexes:
    """Between the eight samples around each index; all of them have to be there."""
    _, rows, columns = samples.shape
    section, row, column = (index.astype(np.intp) for index in (z, y, x))
    first = (section * rows + row) * columns + column
    steps = ((1, x - column), (columns, y - row), (rows * columns, z - section))
    flat = samples.reshape(-1)

    def between(place: NDArray[np.intp], axis: int) -> Complexes:
        if axis < 0:
            return flat.take(place)
        step, fraction = steps[axis]
        lower, upper = between(place, axis - 1), between(place + step, axis - 1)
        upper -= lower
        upper *= fraction.astype(np.float32)
        lower += upper
        return lower

    return between(first, len(steps) - 1)


def frequency_grid(box: int) -> Reals:
    """The frequencies of `scipy.fft.rfft2`: cycles per box along x and y.

    Returns
    -------
    float64 array, shape (box, box//2 + 1, 2)
    """
    y, x = np.meshgrid(fft.fftfreq(box, 1 / box), np.arange(box // 2 + 1.0), indexing="ij")
    return np.stack([x, y], axis=-1)


def shift_phases(shifts: Reals, frequencies: Reals) -> Complexes:
    """What the transform of a centred projection is multiplied with to be an image's.

    Parameters
    ----------
    shifts : shape (n, 2), the shift along x and y that centres the image
    frequencies : shape (s, 2), along x and y, cycles per unit of the shifts

    Returns
    -------
    complex64 array, shape (n, s): exp(+2πi k·shift)
    """
    turned: Complexes = np.exp(2j * np.pi * (shifts @ frequencies.T)).astype(np.complex64)
    return turned


def transforms_of(images: NDArray[np.float32], centre: int | None = None) -> Complexes:
    """Transforms of images, shape (n, N, N), counted from their centre.

    Parameters
    ----------
    centre : pixel along x and y; None for N//2. See `projector_centre`
    """
    middle = images.shape[-1] // 2 if centre is None else centre
    turned: Complexes = fft.rfft2(np.roll(images, (-middle, -middle), axis=(-2, -1)))
    return turned


def images_of(transforms: Complexes, box: int, centre: int | None = None) -> NDArray[np.float32]:
    """Images, shape (n, N, N), of transforms that are counted from their centre.

    Parameters
    ----------
    box : N
    centre : pixel along x and y; None for N//2. See `projector_centre`
    """
    middle = box // 2 if centre is None else centre
    images: NDArray[np.float32] = fft.irfft2(transforms, s=(box, box))
    return np.roll(images, (middle, middle), axis=(-2, -1))


def projector_centre(box: int) -> int:
    """Where relion_project puts the map's centre: one pixel further than N//2 in odd boxes."""
    return (box + 1) // 2
