"""Fourier shells on any box and voxel: physical frequencies, sums in double precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple, Volume

Reals = NDArray[np.float64]
Plane = NDArray[np.complexfloating[Any, Any]]

_TIE = 1e-9


@dataclass(frozen=True)
class Shells:
    """The shells of a box: shell k lies at k over its longest edge and is one wave thick.

    Attributes
    ----------
    shape : voxels along z, y, x
    voxel_size : Å along z, y, x
    """

    shape: tuple[int, ...]
    voxel_size: Triple

    @property
    def extents(self) -> list[float]:
        """Edges of the box along z, y, x, in Å."""
        return [n * size for n, size in zip(self.shape, self.voxel_size, strict=True)]

    @property
    def count(self) -> int:
        """How many there are up to the Nyquist frequency of the coarsest axis."""
        return int(max(self.extents) / (2 * max(self.voxel_size)) + _TIE)

    @property
    def frequency(self) -> Reals:
        """Of each, without shell 0, in 1/Å; shape (count,)."""
        return np.arange(1, self.count + 1) / max(self.extents)

    def sums(
        self, terms: Callable[[int], Sequence[NDArray[np.floating[Any]]]]
    ) -> tuple[Reals, Reals]:
        """Sums over each shell of the whole sphere, without shell 0.

        Parameters
        ----------
        terms : from the index of a z plane of a half spectrum (``scipy.fft.rfftn``) to the
            quantities to be summed there, each of the plane's shape

        Returns
        -------
        sums, samples : shapes (terms, count) and (count,)
        """
        from scipy import fft  # slow to load

        extents = self.extents
        longest, last = max(extents), self.count + 1
        z, y = (
            (fft.fftfreq(n, 1 / n) * longest / extent) ** 2
            for n, extent in zip(self.shape[:2], extents[:2], strict=True)
        )
        waves = np.arange(self.shape[2] // 2 + 1)
        plane = y[:, None] + (waves * longest / extents[2]) ** 2
        doubled = (waves > 0) & (2 * waves != self.shape[2])
        weights = np.broadcast_to(np.where(doubled, 2.0, 1.0), plane.shape)
        samples, sums = np.zeros(last + 1), np.zeros(0)
        for index, square in enumerate(z):
            place = np.minimum(np.sqrt(plane + square) + 0.5 + _TIE, last).astype(np.intp).ravel()
            parts = [
                np.bincount(place, (term * weights).ravel(), last + 1) for term in terms(index)
            ]
            sums = np.array(parts) if index == 0 else sums + parts
            samples += np.bincount(place, weights.ravel(), last + 1)
        return sums[:, 1:last], samples[1:last]


def half_spectrum(volume: Volume, threads: int = 1) -> NDArray[np.complexfloating[Any, Any]]:
    """The Fourier transform of a real volume (z, y, x), its half along x."""
    from scipy import fft  # slow to load

    transform: NDArray[np.complexfloating[Any, Any]] = fft.rfftn(volume, workers=threads)
    return transform


def power(plane: Plane) -> NDArray[np.floating[Any]]:
    """|F|² of coefficients."""
    squares: NDArray[np.floating[Any]] = np.square(plane.real) + np.square(plane.imag)
    return squares


def power_spectrum(volume: Volume, voxel_size: Triple, threads: int = 1) -> tuple[Reals, Reals]:
    """Return the mean power of a map in Fourier shells up to the Nyquist frequency.

    Parameters
    ----------
    volume : float32 array, shape (nz, ny, nx)
    voxel_size : Å along z, y, x
    threads : for the Fourier transform

    Returns
    -------
    frequencies, power : float64 arrays, shape (shells,); 1/Å, and the mean of |F|² over the square
        of the number of voxels. Shells without a coefficient are NaN.
    """
    shells = Shells(volume.shape, voxel_size)
    transform = half_spectrum(volume, threads)
    (sums,), samples = shells.sums(lambda z: (power(transform[z]),))
    with np.errstate(invalid="ignore"):
        mean = sums / samples / float(volume.size) ** 2
    return shells.frequency, mean
