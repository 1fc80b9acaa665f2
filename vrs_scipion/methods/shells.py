"""Fourier shells on any box and voxel: physical frequencies, sums in double precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Triple, Volume

Reals = NDArray[np.float64]
HalfSpectrum = NDArray[np.complexfloating[Any, Any]]
"""The Fourier transform of a real volume, its half along x: shape (nz, ny, nx // 2 + 1)."""

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

    @cached_property
    def samples(self) -> Reals:
        """Coefficients of the whole sphere in each, without shell 0; shape (count,)."""
        return self.sums(lambda z: ())[1]

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
        ny, last = self.shape[1], self.count + 1
        rows = ny // 2 + 1
        y, x = self._squares(1)[:rows], self._squares(2)
        weights = self.weights
        alone = (np.arange(rows) == 0) | (2 * np.arange(rows) == ny)
        counted = weights * np.where(alone, 1.0, 2.0)[:, None]
        samples, sums = np.zeros(last + 1), np.zeros(0)
        for planes, square in self._mirrored():
            place = self._placed(square + y[:, None] + x).ravel()
            parts = [
                np.bincount(place, (_folded(term, rows) * weights).ravel(), last + 1)
                for term in map(_total, zip(*map(terms, planes), strict=True))
            ]
            sums = sums + parts if sums.size else np.array(parts)
            samples += len(planes) * np.bincount(place, counted.ravel(), last + 1)
        return sums.reshape(-1, last + 1)[:, 1:last], samples[1:last]

    def places(self, z: int) -> NDArray[np.intp]:
        """The shell of every coefficient of a z plane of a half spectrum; shape (ny, nx // 2 + 1).

        All that lie beyond the last shell have ``count`` + 1.
        """
        return self._placed(self._plane(z))

    def radii(self, z: int) -> Reals:
        """The frequency of every coefficient of a z plane of a half spectrum, in shells."""
        return np.sqrt(self._plane(z))

    @property
    def weights(self) -> Reals:
        """How many coefficients of the whole transform each x of a half spectrum stands for."""
        return np.where((self._waves > 0) & (2 * self._waves != self.shape[2]), 2.0, 1.0)

    def _plane(self, z: int) -> Reals:
        plane: Reals = self._squares(0)[z] + self._squares(1)[:, None] + self._squares(2)
        return plane

    def _mirrored(self) -> Iterator[tuple[tuple[int, ...], float]]:
        """The z planes of each frequency, one or two, and its square in shells."""
        squares, n = self._squares(0), self.shape[0]
        for z in range(n // 2 + 1):
            yield (z,) if 2 * z in (0, n) else (z, n - z), float(squares[z])

    def _placed(self, squares: Reals) -> NDArray[np.intp]:
        place = np.minimum(np.sqrt(squares) + (0.5 + _TIE), self.count + 1)
        return np.asarray(place, np.intp)

    def _squares(self, axis: int) -> Reals:
        """Squares of an axis' frequencies, in shells; those of a half spectrum along x."""
        from scipy import fft  # slow to load

        n, extent = self.shape[axis], self.extents[axis]
        waves = self._waves if axis == 2 else fft.fftfreq(n, 1 / n)
        squares: Reals = np.square(waves * max(self.extents) / extent)
        return squares

    @property
    def _waves(self) -> NDArray[np.intp]:
        return np.arange(self.shape[2] // 2 + 1)


def _total(parts: Sequence[NDArray[np.floating[Any]]]) -> NDArray[np.floating[Any]]:
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def _folded(plane: NDArray[np.floating[Any]], rows: int) -> NDArray[np.floating[Any]]:
    """A plane whose rows of negative frequency are added to those of positive one."""
    folded = plane[:rows].astype(np.float64)
    folded[1 : len(plane) - rows + 1] += plane[: rows - 1 : -1]
    return folded


def half_spectrum(volume: Volume, threads: int = 1) -> HalfSpectrum:
    """The Fourier transform of a real volume (z, y, x), its half along x."""
    from scipy import fft  # slow to load

    transform: HalfSpectrum = fft.rfftn(volume, workers=threads)
    return transform


def on_grid(spectrum: HalfSpectrum, grid: Sequence[int]) -> HalfSpectrum:
    """A half spectrum on other points of its box: high frequencies are left out, or are 0 there.

    Parameters
    ----------
    spectrum : as ``scipy.fft.rfftn`` gives it
    grid : how many points along z, y, x; what lies at their Nyquist frequency is left out
    """
    highest = (spectrum.shape[0] // 2, spectrum.shape[1] // 2, spectrum.shape[2] - 1)
    kept = [min(last, (n - 1) // 2) for last, n in zip(highest, grid, strict=True)]
    waves = np.ix_(*(np.arange(-k, k + 1) for k in kept[:2]), np.arange(kept[2] + 1))
    found = np.zeros((*grid[:2], grid[2] // 2 + 1), spectrum.dtype)
    found[waves] = spectrum[waves]
    return found


def power(plane: HalfSpectrum) -> NDArray[np.floating[Any]]:
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
