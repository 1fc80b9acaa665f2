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

BOX = 64
CROP = 61
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


COARSE = Grid("coarse", 1.0, 1.85, 19.0)
FINE = Grid("fine", 0.5, 1.15, 7.5)

ORDINARY = 0.7
"""Share of the pieces that are filtered and noisy, and nothing else. What one map cannot tell
apart is decided by what is common: a B-factor, say, looks like a coarser resolution."""

TWO_SIDED = 0.3
"""Share of the pieces that have two resolutions side by side."""

CUT = 0.6
"""Share of the pieces that are cut smaller than their box, so that there is solvent beside them."""

FEWEST = 30
"""Atoms in a piece."""

LEAST_B, LARGEST_B, B_GROUPS = 5.0, 200.0, 3
"""The atoms' own B-factors, Å²: of the sharpest atom, at most, and how many are told apart."""


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
    faces = np.full((2, 3), edge / 2 - 3 * grid.voxel)
    if generator.random() < CUT:
        faces *= generator.uniform(0.3, 1.0, faces.shape)
    inside = np.all((positions > -faces[0]) & (positions < faces[1]), axis=1)
    weights = structure.weights[near][inside]
    if len(weights) < FEWEST or not weights.any():
        return None
    positions = positions[inside]
    b = structure.b_factors[near][inside]
    normal = generator.standard_normal(3)
    normal /= np.linalg.norm(normal)
    offset = generator.uniform(-0.15, 0.15) * edge
    sides = [np.ones(len(b), bool)]
    if generator.random() < TWO_SIDED:
        beyond = positions @ normal > offset
        sides = [~beyond, beyond]
    s = frequencies(BOX, grid.voxel)
    scale = 1.0 if generator.random() < 0.5 else generator.uniform(0, 1.1)
    extra = scale * np.clip(b - b.min() + LEAST_B, 0, LARGEST_B)
    spectra = tuple(_spectrum(positions[a], weights[a], extra[a], s, grid) for a in sides)
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
    positions: NDArray[np.float64], weights: Array, b: Array, s: Array, grid: Grid
) -> NDArray[np.complex64]:
    """Atoms with their own B-factors, in groups of similar ones."""
    total = np.zeros(s.shape, np.complex64)
    for group in np.array_split(np.argsort(b), B_GROUPS):
        if len(group):
            fall = np.exp(-float(b[group].mean()) / 4 * s**2)
            total += fft.rfftn(spread(positions[group] / grid.voxel, weights[group], BOX)) * fall
    return total * carbon(s) / spline_transform(BOX)


def _degraded(placed: _Placed, generator: np.random.Generator, grid: Grid) -> Sample:
    s = frequencies(BOX, grid.voxel)
    resolutions = [_resolution(generator, grid) for _ in placed.spectra]
    if len(resolutions) == 2 and generator.random() < 0.25:
        resolutions[1] = resolutions[0]
    finest = min(resolutions)
    fate = _Degradation.draw(generator, finest)
    filters = [fate.shape(s * d) for d in resolutions]
    common = fate.common(s, grid)
    parts = zip(placed.spectra, filters, strict=True)
    values = _real(sum(p * f for p, f in parts) * common)
    if fate.noise is not None:
        ends = filters if fate.noise.end is None else [_Shape("cosine", 0.25)(s * fate.noise.end)]
        drawn = _noise(s, placed, ends, fate.noise, common, generator)
        values += drawn * np.float32(fate.noise.relative * values[placed.mask].std() / drawn.std())
    if fate.mask_edge is not None:
        values *= _soft(placed.mask, fate.mask_edge, s)
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
    def ordinary(cls, generator: np.random.Generator) -> _Shape:
        """As programs write maps: a step, or a cosine about a quarter of the resolution wide."""
        if generator.random() < 0.25:
            return cls("hard", 0.0)
        return cls("cosine", float(0.25 * np.exp(0.3 * generator.standard_normal())))

    @classmethod
    def any(cls, generator: np.random.Generator) -> _Shape:
        kinds = ("cosine", "hard", "butterworth", "fsc", "gaussian")
        kind = str(generator.choice(kinds, p=(0.35, 0.15, 0.2, 0.15, 0.15)))
        width = {
            "cosine": np.exp(generator.uniform(np.log(0.03), np.log(0.7))),
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


@dataclass(frozen=True)
class _Noise:
    """Noise of a piece.

    Attributes
    ----------
    relative : its standard deviation over that of the molecule
    colour : exponent of its power, 0 for white
    decays : whether it goes through what the map goes through besides its filter
    everywhere : whether it is that of the finer side on both sides
    end : Å, where a filter of its own ends it; None where the map's does
    """

    relative: float
    colour: float
    decays: bool
    everywhere: bool
    end: float | None


@dataclass(frozen=True)
class _Degradation:
    """What happens to a piece besides being given a resolution.

    Attributes
    ----------
    shape : of its low-pass filter
    b_factor : of the whole map, Å²
    high_pass : share of the amplitude at s = 0 that is taken away
    nyquist : 1/Å, of coarse voxels
    noise : None for none
    mask_edge : Å, width of the edge of a mask put on it, None for none
    """

    shape: _Shape
    b_factor: float = 0.0
    high_pass: float = 0.0
    nyquist: float = np.inf
    noise: _Noise | None = None
    mask_edge: float | None = None

    @classmethod
    def draw(cls, generator: np.random.Generator, d: float) -> _Degradation:
        """An ordinary one or any, for a piece whose finest resolution is d Å."""
        relative = float(np.exp(generator.uniform(np.log(0.03), np.log(0.7))))
        if generator.random() < ORDINARY:
            noise = _Noise(relative, 0.0, decays=False, everywhere=True, end=None)
            return cls(
                _Shape.ordinary(generator), noise=noise if generator.random() < 0.5 else None
            )
        kind, end = generator.random(), None
        if kind < 0.45:
            end = d / (1.0 if kind < 0.3 else generator.uniform(1.0, 2.0))
        noise = _Noise(
            relative,
            float(generator.uniform(-0.5, 1.0)),
            decays=generator.random() < 0.3,
            everywhere=generator.random() < 0.5,
            end=end,
        )
        return cls(
            _Shape.any(generator),
            b_factor=_b_factor(generator, d),
            high_pass=generator.uniform(0, 0.9) if generator.random() < 0.5 else 0.0,
            nyquist=generator.uniform(1.0, 1.7) / d if generator.random() < 0.2 else np.inf,
            noise=noise if generator.random() < 0.65 else None,
            mask_edge=generator.uniform(1, 4) if generator.random() < 0.3 else None,
        )

    def common(self, s: Array, grid: Grid) -> Array:
        """Amplitude of what the whole map goes through besides its filter, at frequencies s."""
        fall = np.exp(-self.b_factor / 4 * s**2)
        amplitude = fall * (1 - self.high_pass * np.exp(-((s * 40) ** 2)))
        k, kx = fft.fftfreq(BOX, grid.voxel), fft.rfftfreq(BOX, grid.voxel)
        kept = np.abs(k) <= self.nyquist
        kept = kept[:, None, None] & kept[:, None] & (kx <= self.nyquist)
        return (amplitude * kept).astype(np.float32)


def _b_factor(generator: np.random.Generator, d: float) -> float:
    """None for half of them, for the others mostly 0 to 3 d²; some are sharpened."""
    kind = generator.random()
    if kind < 0.5:
        return 0.0
    if kind < 0.91:
        return float(generator.uniform(0, 3) * d**2)
    if kind < 0.94:
        return float(generator.uniform(3, 6) * d**2)
    return float(generator.uniform(-12, 0))


def _noise(
    s: Array,
    placed: _Placed,
    ends: Sequence[Array],
    noise: _Noise,
    common: Array,
    generator: np.random.Generator,
) -> Array:
    """Coloured noise that ends where the signal does, or beyond; everywhere, or as the map does."""
    colour = (1 + (s * 10) ** 2) ** (-noise.colour / 2)
    if noise.decays:
        colour = colour * common
    white = fft.rfftn(generator.standard_normal((BOX,) * 3, dtype=np.float32)) * colour
    if noise.everywhere or len(ends) == 1:
        return _real(white * max(ends, key=np.sum))
    here, there = (_real(white * f) for f in ends)
    return here * (1 - placed.side) + there * placed.side


def _soft(mask: NDArray[np.bool_], sigma: float, s: Array) -> Array:
    edge = fft.rfftn(mask.astype(np.float32)) * np.exp(-2 * (np.pi * sigma * s) ** 2)
    return np.clip(2 * _real(edge), 0, 1)


def _real(spectrum: NDArray[np.complex64]) -> Array:
    return fft.irfftn(spectrum, s=(BOX,) * 3).astype(np.float32)
