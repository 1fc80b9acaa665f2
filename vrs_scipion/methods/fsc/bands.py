"""Bands of the Fourier transforms of two maps, and their values at few points of space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.methods.fsc.correlation import ShellProducts
from vrs_scipion.methods.shells import HalfSpectrum, Shells

Grid = tuple[int, int, int]
Complex = NDArray[np.complex64]
Indices = NDArray[np.int32]
Real = TypeVar("Real", NDArray[np.float32], NDArray[np.float64])


def profile(distance: Real, width: float) -> Real:
    """Of a band: a raised cosine that is 1 in its middle and a half at half its width off it."""
    quarter = np.pi / (2 * width)
    height: Real = np.square(np.cos(np.clip(distance * quarter, -np.pi / 2, np.pi / 2)))
    return height


@dataclass(frozen=True)
class Band:
    """The coefficients of two maps in a band, multiplied by its profile.

    Attributes
    ----------
    frequency : mean of the band, 1/Å
    samples : how many coefficients of the whole sphere, all of one height, would count as much
    shape : of the maps
    first, second : the coefficients, shape (n,)
    row, column : where each lies in a half spectrum, with z and y as one axis
    """

    frequency: float
    samples: float
    shape: tuple[int, ...]
    first: Complex
    second: Complex
    row: Indices
    column: Indices

    def on(self, grid: Grid, threads: int = 1) -> Complex:
        """The first map's band at the points of a grid, and the second's as the imaginary part.

        The grid may be any regular one on the box: what it is too coarse for is folded back into
        it, which leaves the values at its points as they are.
        """
        from scipy import fft  # slow to load

        spectrum = np.zeros(grid, np.complex64)
        flat, paired = spectrum.reshape(-1), self.column > 0
        np.add.at(flat, self._cells(grid, 1), self.first + 1j * self.second)
        mates = np.conj(self.first - 1j * self.second)
        np.add.at(flat, self._cells(grid, -1)[paired], mates[paired])
        points: Complex = fft.ifftn(spectrum, overwrite_x=True, workers=threads)
        return points

    def _cells(self, grid: Grid, sign: int) -> Indices:
        """Where each, or with the sign −1 its mate, lies in the flat transform on a grid."""
        z, y, x = (
            (sign * wave) % np.int32(points)
            for wave, points in zip(_waves(self.shape), grid, strict=True)
        )
        rows = (z[:, None] * np.int32(grid[1]) + y).reshape(-1) * np.int32(grid[2])
        cells: Indices = rows[self.row] + x[self.column]
        return cells


@dataclass(frozen=True)
class Bands:
    """The coefficients of two maps within the last shell, in the order of their shells.

    Both are divided by one curve, the geometric mean of their amplitudes in a shell, so that no
    side of a band outweighs the other; but for a factor, so that both are equally strong.

    Attributes
    ----------
    shells : of the maps
    starts : where each shell starts, from 0 to ``count`` + 1
    first, second : the coefficients, shape (n,)
    radius : of each, in shells
    row, column : where each lies in a half spectrum, with z and y as one axis
    """

    shells: Shells
    starts: NDArray[np.intp]
    first: Complex
    second: Complex
    radius: NDArray[np.float32]
    row: Indices
    column: Indices

    @classmethod
    def of(
        cls, first: HalfSpectrum, second: HalfSpectrum, products: ShellProducts, shells: Shells
    ) -> Bands:
        """Sort two half spectra, with their products in shells."""
        places, flat = _sphere(shells)
        order = np.argsort(places, kind="stable")
        places, flat = places[order], flat[order]
        heights = _whitening(products)
        row, column = np.divmod(flat, np.int32(first.shape[2]))
        return cls(
            shells,
            np.searchsorted(places, np.arange(shells.count + 2)),
            first.reshape(-1)[flat] * heights[0][places],
            second.reshape(-1)[flat] * heights[1][places],
            _radius(row, column, shells),
            row,
            column,
        )

    def band(self, centre: float, width: float) -> Band:
        """The band around a centre; that and the width at half the height are in shells."""
        ends = np.rint((centre - width, centre + width)).astype(np.intp)
        first, last = np.clip(ends, 0, self.shells.count)
        part = slice(self.starts[first], self.starts[last + 1])
        row, column = self.row[part], self.column[part]
        height = profile(self.radius[part] - np.float32(centre), width)
        counted = np.where(column > 0, np.float32(2), np.float32(1)) * height**2
        total = counted.sum(dtype=np.float64)
        return Band(
            float((counted * self.radius[part]).sum(dtype=np.float64) / total)
            / max(self.shells.extents),
            float(total**2 / (counted * height**2).sum(dtype=np.float64)),
            self.shells.shape,
            self.first[part] * height,
            self.second[part] * height,
            row,
            column,
        )


def _whitening(products: ShellProducts) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the coefficients of either are multiplied by, for each shell from 0 on."""
    one, other, samples = products.first, products.second, products.samples
    amplitude = np.append(0, np.sqrt(np.sqrt(one) * np.sqrt(other) / samples))
    height = np.divide(1, amplitude, out=np.zeros_like(amplitude), where=amplitude > 0)
    balance = (one.sum() / other.sum()) ** 0.25 if one.any() and other.any() else 1.0
    return (height / balance).astype(np.float32), (height * balance).astype(np.float32)


def _sphere(shells: Shells) -> tuple[NDArray[np.uint16], Indices]:
    """The shell and the flat index of every coefficient of a half spectrum up to the last shell.

    Those at the Nyquist frequency of an axis are left out: they stand for two, mixed.
    """
    lone = [
        np.flatnonzero(2 * np.abs(wave) == n)
        for wave, n in zip(_waves(shells.shape), shells.shape, strict=True)
    ]
    places: list[NDArray[np.uint16]] = []
    flat: list[Indices] = []
    for z in range(shells.shape[0]):
        if z in lone[0]:
            continue
        plane = shells.places(z)
        plane[lone[1]] = plane[:, lone[2]] = shells.count + 1
        inside = np.flatnonzero(plane <= shells.count)
        places.append(plane.reshape(-1)[inside].astype(np.uint16))
        flat.append((inside + z * plane.size).astype(np.int32))
    return np.concatenate(places), np.concatenate(flat)


def _waves(shape: tuple[int, ...]) -> tuple[Indices, Indices, Indices]:
    """Along each axis of a half spectrum, as they count from its first element on."""
    z, y = (np.arange(n, dtype=np.int32) for n in shape[:2])
    z[2 * z > shape[0]] -= shape[0]
    y[2 * y > shape[1]] -= shape[1]
    return z, y, np.arange(shape[2] // 2 + 1, dtype=np.int32)


def _radius(row: Indices, column: Indices, shells: Shells) -> NDArray[np.float32]:
    longest = max(shells.extents)
    z, y, x = (
        np.square(wave * longest / extent)
        for wave, extent in zip(_waves(shells.shape), shells.extents, strict=True)
    )
    rows = (z[:, None] + y).reshape(-1).astype(np.float32)
    radius: NDArray[np.float32] = np.sqrt(rows[row] + x.astype(np.float32)[column])
    return radius
