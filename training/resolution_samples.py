"""Samples for the resolution networks: pieces of simulated maps whose filters are known.

Drawn by the fast simulator of ``atom_grid``; the evaluation draws its maps with
``vrs_scipion.simulation``. The label of a voxel is the resolution at which the amplitude of the
filter on its nearest atom is one half. B-factors, the atoms' own and the map's, change how a map
looks and not its label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from atom_grid import carbon, frequencies, spline_transform, spread
from numpy.typing import NDArray
from resolution_network import REACH, STRIDE
from scipy import fft
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from structures import Structure

from vrs_scipion.methods.local_resolution_input import normalise

BOX = 48
CROP = 41
FIRST = (BOX - CROP) // 2
OUTPUTS = (CROP - 2 * REACH - 1) // STRIDE + 1

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Grid:
    """The grid that a network works on.

    Attributes
    ----------
    name : 'coarse' or 'fine'
    voxel : Å
    finest, coarsest : resolutions drawn, Å; they go beyond what the network is used for
    """

    name: str
    voxel: float
    finest: float
    coarsest: float


COARSE = Grid("coarse", 1.0, 1.85, 16.5)
FINE = Grid("fine", 0.5, 1.15, 7.5)


@dataclass(frozen=True)
class Sample:
    """A piece of a map.

    Attributes
    ----------
    values : float32 (CROP,)·3, normalised
    labels : float32 (OUTPUTS,)·3, ln of the resolution in Å; NaN off the molecule
    """

    values: Array
    labels: Array


@dataclass(frozen=True)
class _Placed:
    """Atoms placed in a box, cut in two by a plane.

    Attributes
    ----------
    spectra : one or two half transforms, of the atoms on each side
    side : (BOX,)·3, which side of the plane a voxel is on, from 0 to 1
    of_output : (OUTPUTS,)·3, 0 or 1, the side of the nearest atom
    distance : (OUTPUTS,)·3, from the nearest atom, Å
    mask : (BOX,)·3, the molecule
    """

    spectra: tuple[NDArray[np.complex64], ...]
    side: Array
    of_output: NDArray[np.intp]
    distance: Array
    mask: NDArray[np.bool_]


def draw_samples(
    structures: Sequence[Structure], generator: np.random.Generator, grid: Grid, count: int
) -> list[Sample]:
    """Samples of one random piece of a random structure, each degraded in another way."""
    placed = None
    while placed is None:
        placed = _place(structures[int(generator.integers(len(structures)))], generator, grid)
    return [_degraded(placed, generator, grid) for _ in range(count)]


def turned(sample: Sample, generator: np.random.Generator) -> Sample:
    """The sample under one of the 48 symmetries of the cube."""
    axes = tuple(int(a) for a in generator.permutation(3))
    flips = tuple(slice(None, None, -1 if generator.random() < 0.5 else 1) for _ in range(3))
    return Sample(sample.values.transpose(axes)[flips], sample.labels.transpose(axes)[flips])


def _place(structure: Structure, generator: np.random.Generator, grid: Grid) -> _Placed | None:
    centre = structure.positions[int(generator.integers(len(structure.positions)))]
    edge = BOX * grid.voxel
    rotation = Rotation.random(random_state=int(generator.integers(2**31))).as_matrix()
    near = np.linalg.norm(structure.positions - centre, axis=1) < edge
    shift = generator.uniform(-0.15, 0.15, 3) * edge
    positions = (structure.positions[near] - centre) @ rotation.T + shift
    inside = np.all(np.abs(positions) < edge / 2 - 3 * grid.voxel, axis=1)
    if np.count_nonzero(inside) < 30:
        return None
    positions, weights = positions[inside], structure.weights[near][inside]
    b = structure.b_factors[near][inside]
    normal = generator.standard_normal(3)
    normal /= np.linalg.norm(normal)
    offset = generator.uniform(-0.15, 0.15) * edge
    sides = [np.ones(len(b), bool)]
    if generator.random() < 0.4:
        beyond = positions @ normal > offset
        sides = [~beyond, beyond]
    s = frequencies(BOX, grid.voxel)
    scale = generator.uniform(0, 1.1)
    spectra = tuple(_spectrum(positions[a], weights[a], b[a], s, scale, grid) for a in sides)
    axis = (np.arange(BOX) - BOX // 2) * grid.voxel
    z, y, x = axis[:, None, None], axis[:, None], axis
    along = x * normal[0] + y * normal[1] + z * normal[2] - offset
    index = (FIRST + REACH + STRIDE * np.arange(OUTPUTS) - BOX // 2) * grid.voxel
    points = np.stack(np.meshgrid(index, index, index, indexing="ij")[::-1], axis=-1)
    distance, nearest = cKDTree(positions).query(points.reshape(-1, 3))
    beyond = sides[-1][nearest] if len(sides) == 2 else np.zeros(len(nearest), bool)
    counts = spread(positions / grid.voxel, np.ones(len(b), np.float32), BOX)
    blurred = fft.irfftn(fft.rfftn(counts) * np.exp(-2 * (2 * np.pi * s) ** 2), s=counts.shape)
    return _Placed(
        spectra=spectra,
        side=(1 / (1 + np.exp(-np.clip(along / 1.5, -30, 30)))).astype(np.float32),
        of_output=beyond.reshape((OUTPUTS,) * 3).astype(np.intp),
        distance=distance.reshape((OUTPUTS,) * 3).astype(np.float32),
        mask=blurred > min(0.012 * grid.voxel**3, float(blurred.max()) / 2),
    )


def _spectrum(
    positions: NDArray[np.float64], weights: Array, b: Array, s: Array, scale: float, grid: Grid
) -> NDArray[np.complex64]:
    """Atoms with their own B-factors above the lowest, in two groups."""
    extra = np.clip(b - np.percentile(b, 5), 0, 120) * scale if len(b) else b
    total = np.zeros(s.shape, np.complex64)
    split = np.median(extra) if len(b) else 0
    for group in (extra <= split, extra > split):
        if group.any():
            fall = np.exp(-float(extra[group].mean()) / 4 * s**2)
            total += fft.rfftn(spread(positions[group] / grid.voxel, weights[group], BOX)) * fall
    return total * carbon(s) / spline_transform(BOX)


def _degraded(placed: _Placed, generator: np.random.Generator, grid: Grid) -> Sample:
    s = frequencies(BOX, grid.voxel)
    resolutions = [_resolution(generator, grid) for _ in placed.spectra]
    if len(resolutions) == 2 and generator.random() < 0.25:
        resolutions[1] = resolutions[0]
    shape = _Shape.draw(generator)
    filters = [shape(s * d) for d in resolutions]
    finest = min(resolutions)
    common = _common(s, finest, generator, grid)
    parts = zip(placed.spectra, filters, strict=True)
    values = _real(sum(p * f for p, f in parts) * common)
    if generator.random() < 0.65:
        noise = _noise(s, placed, resolutions, filters, common, generator)
        relative = np.exp(generator.uniform(np.log(0.03), np.log(0.7)))
        values += noise * np.float32(relative * values[placed.mask].std() / noise.std())
    if generator.random() < 0.3:
        values *= _soft(placed.mask, generator.uniform(1, 4), s)
    molecule = values[placed.mask]
    inner = (slice(FIRST, FIRST + CROP),) * 3
    of_voxel = np.log(np.array([*resolutions, resolutions[-1]], np.float32))[placed.of_output]
    far = placed.distance > np.maximum(3.5, 0.4 * np.exp(of_voxel))
    labels = np.where(far, np.float32(np.nan), of_voxel)
    normalised = normalise(values, float(molecule.mean()), float(molecule.std()), "wrap")
    return Sample(normalised[inner], labels)


def _resolution(generator: np.random.Generator, grid: Grid) -> float:
    """Half of them even in Å, half of them in its logarithm."""
    if generator.random() < 0.5:
        return float(generator.uniform(grid.finest, grid.coarsest))
    return float(np.exp(generator.uniform(np.log(grid.finest), np.log(grid.coarsest))))


@dataclass(frozen=True)
class _Shape:
    """A low-pass filter, one half at x = s·d = 1."""

    kind: str
    width: float

    @classmethod
    def draw(cls, generator: np.random.Generator) -> _Shape:
        kinds = ("cosine", "hard", "butterworth", "fsc", "gaussian")
        kind = str(generator.choice(kinds, p=(0.38, 0.12, 0.17, 0.18, 0.15)))
        width = {
            "cosine": np.exp(generator.uniform(np.log(0.03), np.log(1.0))),
            "butterworth": generator.uniform(4, 12),
            "fsc": generator.uniform(0.02, 0.15),
        }
        return cls(kind, float(width.get(kind, 0)))

    def __call__(self, x: Array) -> Array:
        """Amplitude; 'fsc' is that of a map weighted by its Fourier shell correlation.

        With FSC = 1/(1 + 6·exp((x − 1)/w)), 1/7 at x = 1, the weight √(2·FSC/(1 + FSC)) is
        1/√(1 + 3·exp((x − 1)/w)): one half where the correlation is 0.143.
        """
        if self.kind == "cosine":
            return 0.5 + 0.5 * np.cos(np.pi * np.clip((x - 1) / self.width + 0.5, 0, 1))
        if self.kind == "hard":
            return np.heaviside(1 - x, np.float32(0.5))
        if self.kind == "butterworth":
            return 1 / np.sqrt(1 + 3 * np.minimum(x, 30) ** (2 * self.width))
        if self.kind == "fsc":
            return 1 / np.sqrt(1 + 3 * np.exp(np.minimum((x - 1) / self.width, 60)))
        return np.exp2(-(x**2))


def _common(s: Array, d: float, generator: np.random.Generator, grid: Grid) -> Array:
    """What the whole map goes through: a B-factor, a high-pass filter, coarse voxels."""
    b = 0.0
    if generator.random() < 0.6:
        b = (
            generator.uniform(-12, 0)
            if generator.random() < 0.25
            else 6 * d**2 * generator.random() ** 2
        )
    amplitude = np.exp(-b / 4 * s**2) * (1 - generator.uniform(0, 0.9) * np.exp(-((s * 40) ** 2)))
    if generator.random() < 0.2:
        nyquist = generator.uniform(1.0, 1.7) / d
        k, kx = fft.fftfreq(BOX, grid.voxel), fft.rfftfreq(BOX, grid.voxel)
        inside = np.abs(k) <= nyquist
        amplitude = amplitude * (inside[:, None, None] & inside[:, None] & (kx <= nyquist))
    return amplitude.astype(np.float32)


def _noise(
    s: Array,
    placed: _Placed,
    resolutions: Sequence[float],
    filters: Sequence[Array],
    common: Array,
    generator: np.random.Generator,
) -> Array:
    """Coloured noise that ends where the signal does, or beyond; everywhere, or as the map does."""
    colour = (1 + (s * 10) ** 2) ** (-generator.uniform(-0.5, 1.0) / 2)
    if generator.random() < 0.5:
        colour = colour * common
    white = fft.rfftn(generator.standard_normal((BOX,) * 3, dtype=np.float32)) * colour
    kind = generator.random()
    if kind < 0.15:
        beyond = min(resolutions) * generator.uniform(0.5, 1.0)
        return _real(white * _Shape("cosine", 0.2)(s * np.float32(beyond)))
    if kind < 0.6 or len(filters) == 1:
        return _real(white * filters[int(np.argmin(resolutions))])
    here, there = (_real(white * f) for f in filters)
    return here * (1 - placed.side) + there * placed.side


def _soft(mask: NDArray[np.bool_], sigma: float, s: Array) -> Array:
    edge = fft.rfftn(mask.astype(np.float32)) * np.exp(-2 * (np.pi * sigma * s) ** 2)
    return np.clip(2 * _real(edge), 0, 1)


def _real(spectrum: NDArray[np.complex64]) -> Array:
    return fft.irfftn(spectrum, s=(BOX,) * 3).astype(np.float32)
