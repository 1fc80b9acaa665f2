"""Samples for the handedness network: pieces of simulated maps with their helices labelled.

A simulator of its own, made for speed: atoms are spread on a 1 Å grid with cubic B-splines and
shaped in Fourier space. Only right-handed maps are drawn, since the network is antisymmetric: what
it learns of a map it knows of the mirror. The evaluation draws its maps with
``vrs_scipion.simulation``, a different simulator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from atom_grid import carbon, frequencies, spline_transform, spread
from numpy.typing import NDArray
from scipy import fft
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from structures import Structure

from vrs_scipion.methods.hand_input import normalise
from vrs_scipion.methods.network_input import mean_and_spread

BOX = 60
CROP = 41
FIRST = (BOX - CROP) // 2
MARGIN = 8
STRIDE = 2
OUTPUTS = (CROP - 1) // STRIDE + 1 - MARGIN
"""Output voxels along an edge: stride 2, receptive field 17."""

ON_HELIX, OFF_HELIX = 3.5, 6.0
"""Distances in Å from a helix's axis: nearer is helix, farther is not, between is not judged."""

_B_GROUPS = 3


@dataclass(frozen=True)
class Stage:
    """How hard the samples are.

    Attributes
    ----------
    tilt : largest angle between the helix in the middle and z, degrees; 90 for any orientation
    coarsest : Å
    noisiest : lowest signal-to-noise ratio
    """

    tilt: float
    coarsest: float
    noisiest: float


@dataclass(frozen=True)
class Sample:
    """A piece of a map.

    Attributes
    ----------
    values : float32 (CROP,)·3, normalised
    helix : float32 (OUTPUTS,)·3, 1 on a helix, 0 off, NaN between
    votes : bool (OUTPUTS,)·3, helix voxels whose hand is to be learnt
    """

    values: NDArray[np.float32]
    helix: NDArray[np.float32]
    votes: NDArray[np.bool_]


def stage(progress: float) -> Stage:
    """The curriculum: helices along z first, all orientations from 25 % of the way on."""
    opening = np.clip((progress - 0.04) / 0.21, 0, 1)
    return Stage(
        tilt=float(8 + 82 * opening),
        coarsest=float(4.5 + 3.5 * opening),
        noisiest=float(10 * 0.04**opening),
    )


def draw_sample(
    structures: Sequence[Structure], generator: np.random.Generator, hard: Stage
) -> Sample:
    """One random piece of a random structure's map."""
    structure = structures[int(generator.integers(len(structures)))]
    if generator.random() < 0.04:
        return _pure_noise(generator, hard)
    centre, direction = _centre(structure, generator)
    rotation = _orientation(direction, generator, hard.tilt)
    shift = generator.uniform(-6, 6, 3)
    near = np.linalg.norm(structure.positions - centre, axis=1) < BOX
    placed = (structure.positions[near] - centre) @ rotation.T + shift
    inside = np.all(np.abs(placed) < BOX / 2 - 3, axis=1)
    placed, weights = placed[inside], structure.weights[near][inside]
    values, mask = _simulate(placed, weights, structure.b_factors[near][inside], generator, hard)
    helix, votes = _labels(structure, centre, rotation, shift, hard)
    return Sample(_crop(values, mask), helix, votes)


def turned(sample: Sample, generator: np.random.Generator) -> Sample:
    """The sample turned by one of the eight rotations of a square prism along z."""
    quarters, upside_down = int(generator.integers(4)), bool(generator.integers(2))

    def turn(volume: NDArray[Any]) -> NDArray[Any]:
        volume = np.rot90(volume, quarters, axes=(1, 2))
        return np.rot90(volume, 2, axes=(0, 1)) if upside_down else volume

    return Sample(turn(sample.values), turn(sample.helix), turn(sample.votes))


def _centre(
    structure: Structure, generator: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    if len(structure.axis) and generator.random() < 0.8:
        i = int(generator.integers(len(structure.axis)))
        return structure.axis[i], structure.direction[i]
    i = int(generator.integers(len(structure.positions)))
    return structure.positions[i], None


def _orientation(
    direction: NDArray[np.float32] | None, generator: np.random.Generator, tilt: float
) -> NDArray[np.float64]:
    anyhow = Rotation.random(random_state=int(generator.integers(2**31)))
    if direction is None or tilt >= 90:
        return np.asarray(anyhow.as_matrix())
    sign = 1.0 if generator.random() < 0.5 else -1.0
    upright, _ = Rotation.align_vectors([[0, 0, sign]], [direction])
    spin = Rotation.from_euler("z", generator.uniform(0, 360), degrees=True)
    angle = np.degrees(np.arccos(generator.uniform(np.cos(np.radians(tilt)), 1)))
    lean = Rotation.from_euler("zx", [generator.uniform(0, 360), angle], degrees=True)
    return np.asarray((lean * spin * upright).as_matrix())


def _simulate(
    positions: NDArray[np.float64],
    weights: NDArray[np.float32],
    b_factors: NDArray[np.float32],
    generator: np.random.Generator,
    hard: Stage,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Map and molecule's mask on the box, indices z, y, x."""
    s = frequencies(BOX, 1.0)
    resolution = 2.5 + (hard.coarsest - 2.5) * generator.beta(1.2, 1.5)
    shape = _filter(s, resolution, generator) * carbon(s) / spline_transform(BOX)
    shape *= np.exp(-generator.uniform(-20, 8 * resolution**2) / 4 * s**2)
    spectrum = np.zeros(s.shape, np.complex64)
    scale = generator.uniform(0, 1.2)
    for group, b in _groups(b_factors, scale):
        spectrum += fft.rfftn(spread(positions[group], weights[group], BOX)) * np.exp(-b / 4 * s**2)
    spectrum *= shape * (1 - generator.uniform(0, 0.9) * np.exp(-((s * 40) ** 2)))
    values = fft.irfftn(spectrum, s=(BOX,) * 3).astype(np.float32)
    mask = _molecule(positions, s)
    if generator.random() < 0.75:
        snr = np.exp(generator.uniform(np.log(hard.noisiest), np.log(100)))
        noise = _noise(s, resolution, generator)
        values += noise * np.float32(values[mask].std() / np.sqrt(snr) / noise.std())
    if generator.random() < 0.3:
        values *= _soft(mask, generator.uniform(1, 3))
    return values, mask


def _pure_noise(generator: np.random.Generator, hard: Stage) -> Sample:
    s = frequencies(BOX, 1.0)
    noise = _noise(s, 2.5 + (hard.coarsest - 2.5) * generator.random(), generator)
    nothing = np.zeros((OUTPUTS,) * 3)
    mask = np.ones((BOX,) * 3, dtype=bool)
    return Sample(_crop(noise, mask), nothing.astype(np.float32), nothing.astype(bool))


def _noise(
    s: NDArray[np.float32], resolution: float, generator: np.random.Generator
) -> NDArray[np.float32]:
    white = generator.standard_normal((BOX,) * 3, dtype=np.float32)
    colour = (1 + (s * 10) ** 2) ** (-generator.uniform(-0.5, 1.0) / 2)
    amplitude = colour * _filter(s, resolution * generator.uniform(0.8, 1.1), generator)
    return fft.irfftn(fft.rfftn(white) * amplitude, s=white.shape).astype(np.float32)


def _crop(values: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    inner = (slice(FIRST, FIRST + CROP),) * 3
    return normalise(values, *mean_and_spread(values, mask))[inner]


def _labels(
    structure: Structure,
    centre: NDArray[np.float32],
    rotation: NDArray[np.float64],
    shift: NDArray[np.float64],
    hard: Stage,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    index = FIRST + MARGIN + STRIDE * np.arange(OUTPUTS) - BOX // 2
    z, y, x = np.meshgrid(index, index, index, indexing="ij")
    points = np.stack((x, y, z), axis=-1).reshape(-1, 3)
    shape = (OUTPUTS,) * 3
    if not len(structure.axis):
        return np.zeros(shape, np.float32), np.zeros(shape, bool)
    near = np.linalg.norm(structure.axis - centre, axis=1) < BOX
    if not near.any():
        return np.zeros(shape, np.float32), np.zeros(shape, bool)
    axis = (structure.axis[near] - centre) @ rotation.T + shift
    upright = np.abs((structure.direction[near] @ rotation.T)[:, 2])
    distance, nearest = cKDTree(axis).query(points, distance_upper_bound=OFF_HELIX + 2)
    on = distance <= ON_HELIX
    helix = np.where(on, 1.0, np.where(distance < OFF_HELIX, np.nan, 0.0)).astype(np.float32)
    votes = on.copy()
    votes[on] = upright[nearest[on]] >= np.cos(np.radians(min(hard.tilt + 10, 90))) - 1e-6
    return helix.reshape(shape), votes.reshape(shape)


def _filter(
    s: NDArray[np.float32], resolution: float, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Raised cosine, Gaussian or Butterworth, each about one half at 1/resolution."""
    x = s * resolution
    kind = generator.integers(3)
    if kind == 0:
        edge = generator.uniform(0.05, 1.5)
        return 0.5 + 0.5 * np.cos(np.pi * np.clip((x - 1) / edge + 0.5, 0, 1))
    if kind == 1:
        return np.exp(-np.log(2) * x**2)
    return 1 / np.sqrt(1 + x ** (2 * generator.integers(3, 12)))


def _groups(b_factors: NDArray[np.float32], scale: float) -> list[tuple[NDArray[np.bool_], float]]:
    """Atoms in groups of similar B-factor, relative to the lowest, Å²."""
    b = np.clip(b_factors - np.percentile(b_factors, 5), 0, 120) * scale
    edges = np.quantile(b, np.linspace(0, 1, _B_GROUPS + 1)[1:-1])
    group = np.searchsorted(edges, b)
    chosen = [group == g for g in range(_B_GROUPS)]
    return [(c, float(b[c].mean())) for c in chosen if c.any()]


def _molecule(positions: NDArray[np.float64], s: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where there are atoms, blurred by 2 Å."""
    grid = spread(positions, np.ones(len(positions), np.float32), BOX)
    blurred = fft.irfftn(fft.rfftn(grid) * np.exp(-2 * (np.pi * 2 * s) ** 2), s=grid.shape)
    mask = blurred > 0.012
    if not mask.any():
        mask[:] = True
    return np.asarray(mask)


def _soft(mask: NDArray[np.bool_], sigma: float) -> NDArray[np.float32]:
    s = frequencies(BOX, 1.0)
    edge = fft.rfftn(mask.astype(np.float32)) * np.exp(-2 * (np.pi * sigma * s) ** 2)
    return np.clip(2 * fft.irfftn(edge, s=mask.shape), 0, 1).astype(np.float32)
