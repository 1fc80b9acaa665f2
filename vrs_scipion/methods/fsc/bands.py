"""Bands of the Fourier transforms of two maps, and their values at few points of space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, power

Coefficients = NDArray[np.complex64]
Indices = NDArray[np.int32]
Waves = tuple[Indices, Indices, Indices]
"""Along z, y, x; x is never negative."""


def profile(distance: Reals, width: float) -> Reals:
    """Of a band: a raised cosine that is 1 in its middle and a half at half its width off it."""
    height: Reals = np.cos(np.pi / 2 * np.clip(distance / width, -1, 1)) ** 2
    return height


@dataclass(frozen=True)
class Band:
    """The coefficients of two maps in a band, multiplied by its profile.

    Attributes
    ----------
    frequency : mean of the band, 1/Å
    samples : how many coefficients of the whole sphere, all of one height, would count as much
    values : shape (2, n)
    waves : of each
    """

    frequency: float
    samples: float
    values: Coefficients
    waves: Waves

    def on(self, grid: tuple[int, ...]) -> tuple[HalfSpectrum, HalfSpectrum]:
        """Half spectra whose inverse transforms are both maps' band at the points of a grid.

        The grid may be any regular one on the box. What it is too coarse for is folded back into
        it, which leaves the values at its points as they are.
        """
        places, turned, twice = self._places(grid)
        size = grid[0] * grid[1] * (grid[2] // 2 + 1)
        sign = np.where(turned, -1, 1)

        def folded(values: Coefficients) -> HalfSpectrum:
            real = np.append(values.real, values.real[twice])
            imaginary = np.append(sign * values.imag, -values.imag[twice])
            spectrum = np.empty(size, np.complex64)
            spectrum.real = np.bincount(places, real, size)
            spectrum.imag = np.bincount(places, imaginary, size)
            return spectrum.reshape(*grid[:2], -1)

        return folded(self.values[0]), folded(self.values[1])

    def _places(
        self, grid: tuple[int, ...]
    ) -> tuple[Indices, NDArray[np.bool_], NDArray[np.bool_]]:
        """Where each goes, which are conjugated there, and which are there a second time.

        The second times come last; they are the conjugates on the planes that hold both of a pair.
        """
        nz, ny, nx = grid
        z, y, x = self.waves
        column = x % nx
        turned = 2 * column > nx
        twice = (x > 0) & ((column == 0) | (2 * column == nx))

        def place(z: Indices, y: Indices, x: Indices) -> Indices:
            return ((z % nz) * np.int32(ny) + y % ny) * np.int32(nx // 2 + 1) + x

        here = np.where(turned, place(-z, -y, nx - column), place(z, y, column))
        return np.append(here, place(-z[twice], -y[twice], column[twice])), turned, twice


@dataclass(frozen=True)
class Bands:
    """The coefficients of two maps within the last shell, in the order of their shells.

    Both are divided by one curve, the geometric mean of their amplitudes, so that no side of a band
    outweighs the other.

    Attributes
    ----------
    shells : of the maps
    starts : where each shell starts, from 0 to ``count`` + 1
    values : shape (2, n)
    radius : of each, in shells
    waves : of each
    """

    shells: Shells
    starts: NDArray[np.intp]
    values: Coefficients
    radius: NDArray[np.float32]
    waves: Waves

    @classmethod
    def of(cls, first: HalfSpectrum, second: HalfSpectrum, shells: Shells) -> Bands:
        """Sort two half spectra."""
        places, flat = _inside(shells)
        order = np.argsort(places, kind="stable")
        starts = np.searchsorted(places[order], np.arange(shells.count + 2))
        flat = flat[order]
        waves = _waves(flat, shells.shape)
        radius = _radius(waves, shells)
        values = np.stack([spectrum.ravel()[flat] for spectrum in (first, second)])
        values *= _whitening(first, second, shells, radius)
        return cls(shells, starts, values, radius, waves)

    def band(self, centre: float, width: float) -> Band:
        """The band around a centre; that and the width at half the height are in shells."""
        ends = np.rint((centre - width, centre + width)).astype(np.intp)
        first, last = np.clip(ends, 0, self.shells.count)
        part = slice(self.starts[first], self.starts[last + 1])
        z, y, x = (axis[part] for axis in self.waves)
        radius = self.radius[part].astype(np.float64)
        height = profile(radius - centre, width)
        counted = np.where(x > 0, 2, 1) * height**2
        total = counted.sum()
        return Band(
            float(counted @ radius / total) / max(self.shells.extents),
            float(total**2 / (counted @ height**2)),
            self.values[:, part] * height.astype(np.float32),
            (z, y, x),
        )


def _inside(shells: Shells) -> tuple[NDArray[np.uint16], Indices]:
    """The shell and the flat index of every coefficient of a half spectrum up to the last shell."""
    size = shells.shape[1] * (shells.shape[2] // 2 + 1)
    places, flat = [], []
    for z in range(shells.shape[0]):
        plane = shells.places(z).ravel()
        inside = np.flatnonzero(plane <= shells.count)
        places.append(plane[inside].astype(np.uint16))
        flat.append((inside + z * size).astype(np.int32))
    return np.concatenate(places), np.concatenate(flat)


def _waves(flat: Indices, shape: tuple[int, ...]) -> Waves:
    nz, ny, nx = shape
    rows, x = np.divmod(flat, np.int32(nx // 2 + 1))
    z, y = np.divmod(rows, np.int32(ny))
    z[2 * z > nz] -= nz
    y[2 * y > ny] -= ny
    return z, y, x


def _radius(waves: Waves, shells: Shells) -> NDArray[np.float32]:
    longest = max(shells.extents)
    squares = sum(
        np.square(axis.astype(np.float32) * np.float32(longest / extent))
        for axis, extent in zip(waves, shells.extents, strict=True)
    )
    radius: NDArray[np.float32] = np.sqrt(squares)
    return radius


def _whitening(
    first: HalfSpectrum, second: HalfSpectrum, shells: Shells, radius: NDArray[np.float32]
) -> NDArray[np.float32]:
    """One over the amplitude at a radius; 0 where a map has none."""
    (one, other), samples = shells.sums(lambda z: (power(first[z]), power(second[z])))
    amplitude = np.sqrt(np.sqrt(one * other) / samples)
    at = np.interp(radius, np.arange(1, shells.count + 1), amplitude)
    return np.divide(1, at, out=np.zeros_like(at), where=at > 0).astype(np.float32)
