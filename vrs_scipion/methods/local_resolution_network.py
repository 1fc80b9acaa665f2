"""The resolution networks: their weights, verified, and their dense evaluation in tiles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.fourier import resample_at, resampled_box
from vrs_scipion.methods.local_resolution_input import HALO, normalise
from vrs_scipion.methods.network_file import open_network

STRIDE = 4
"""Input voxels from one answer to the next, along each axis."""

REACH = 22
"""Input voxels that a network sees on either side of one: a receptive field of 45."""

TILE = 32
"""Answers along the edge of a tile."""

LOW, MEDIAN, HIGH = 1, 2, 3
"""Which quantiles are kept: 16 %, 50 %, 84 %."""

_Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Weights:
    """A network of the package.

    Attributes
    ----------
    name : 'coarse' or 'fine'
    voxel : voxel size of its input, Å
    path, sha256 : its file
    """

    name: str
    voxel: float
    path: Path
    sha256: str


_FOLDER = Path(__file__).with_name("weights")
COARSE = Weights(
    "coarse",
    1.0,
    _FOLDER / "resolution_coarse.onnx",
    "cffd874b73142db827ec8ae804315055583d55a0d83cf2ca7ff9965827d80b50",
)
FINE = Weights(
    "fine",
    0.5,
    _FOLDER / "resolution_fine.onnx",
    "76b97a5f1cc3a44f0271f2be0f7d9ecc0216531b4431c64573fc04613f933742",
)


@dataclass(frozen=True)
class Calibration:
    """What makes honest error bars of a network's quantiles; written by the training.

    Each is a value for every node of ln(median), linear between them and constant beyond.

    Attributes
    ----------
    nodes : ln(resolution / Å), rising
    shift : added to all quantiles
    below, above : factors on the distance of the lower and upper quantiles from the median
    """

    nodes: tuple[float, ...] = (0.0,)
    shift: tuple[float, ...] = (0.0,)
    below: tuple[float, ...] = (1.0,)
    above: tuple[float, ...] = (1.0,)

    def __call__(self, low: Volume, median: Volume, high: Volume) -> NDArray[np.float32]:
        """Calibrated low, median and high, stacked."""
        shift, below, above = (
            np.interp(median, self.nodes, v).astype(np.float32)
            for v in (self.shift, self.below, self.above)
        )
        middle = median + shift
        return np.stack((middle - below * (median - low), middle, middle + above * (high - median)))


@dataclass(frozen=True)
class Network:
    """A network ready to run."""

    weights: Weights
    session: Any
    calibration: Calibration


def load_network(weights: Weights, threads: int = 1) -> Network:
    """A network of the package.

    Raises
    ------
    EngineUnavailableError
        if onnxruntime is not installed.
    WeightsError
        if the weights are missing or others than expected.
    """
    session = open_network(weights.path, weights.sha256, threads, "resolution")
    told = json.loads(session.get_modelmeta().custom_metadata_map["calibration"])
    return Network(weights, session, Calibration(**{k: tuple(v) for k, v in told.items()}))


def answers_shape(density: Density, voxel: float) -> tuple[int, int, int]:
    """How many answers there are along z, y, x: every fourth voxel of the resampled map."""
    z, y, x = (-(-n // STRIDE) for n in resampled_box(density, voxel))
    return z, y, x


def answers_at(density: Density, voxel: float) -> tuple[NDArray[np.float64], ...]:
    """Where the map's voxels are among the answers, along z, y, x."""
    return tuple(
        np.clip(((np.arange(n) - n // 2) * size / voxel + m // 2) / STRIDE, 0, count - 1)
        for n, size, m, count in zip(
            density.box,
            density.voxel_size,
            resampled_box(density, voxel),
            answers_shape(density, voxel),
            strict=True,
        )
    )


def evaluate(
    network: Network,
    density: Density,
    level: tuple[float, float],
    wanted: Mask,
    tile: int = TILE,
) -> NDArray[np.float32]:
    """Quantiles of ln(resolution / Å), calibrated, at every fourth voxel of the resampled map.

    The map is resampled and normalised slab by slab.

    Parameters
    ----------
    network : see ``load_network``
    density : the map, on any grid
    level : mean and standard deviation of the molecule
    wanted : bool array, shape ``answers_shape``: tiles without a voxel of it are left out
    tile : answers along a tile's edge; the answer does not depend on it

    Returns
    -------
    float32 array, shape (3, *wanted.shape)
        16 %, 50 % and 84 % quantiles; 0 in tiles that were left out.
    """
    answers = np.zeros((3, *wanted.shape), np.float32)
    box = resampled_box(density, network.weights.voxel)
    for start in range(0, wanted.shape[0], tile):
        here = wanted[start : start + tile]
        if not here.any():
            continue
        low, high = (corner + np.array([start, 0, 0]) for corner in _extent(here))
        seen = _seen(low, high, REACH + HALO, box)
        slab = normalise(resample_at(density, network.weights.voxel, seen), *level)
        slab = slab[(slice(HALO, -HALO),) * 3]
        part = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        for tile_low, tile_high in _tiles(wanted[part], tile):
            sees = tuple(
                slice(STRIDE * a, STRIDE * (b - 1) + 2 * REACH + 1)
                for a, b in zip(tile_low, tile_high, strict=True)
            )
            (found,) = network.session.run(None, {"map": slab[sees][None, None]})
            z, y, x = (slice(a, b) for a, b in zip(low + tile_low, low + tile_high, strict=True))
            answers[:, z, y, x] = network.calibration(*found[0, [LOW, MEDIAN, HIGH]])
    return answers


def _seen(low: _Indices, high: _Indices, margin: int, box: tuple[int, ...]) -> tuple[_Indices, ...]:
    """Voxels that the answers from ``low`` to ``high`` depend on; beyond the box its border."""
    return tuple(
        np.clip(np.arange(STRIDE * a - margin, STRIDE * (b - 1) + margin + 1), 0, m - 1)
        for a, b, m in zip(low, high, box, strict=True)
    )


def _extent(mask: Mask) -> tuple[_Indices, _Indices]:
    inside = np.argwhere(mask)
    return inside.min(axis=0), inside.max(axis=0) + 1


def _tiles(wanted: Mask, tile: int) -> Iterator[tuple[_Indices, _Indices]]:
    """Ends of blocks of at most ``tile``³ that cover the mask, each cut down to what it holds."""
    for start in product(*(range(0, n, tile) for n in wanted.shape)):
        block = wanted[tuple(slice(s, s + tile) for s in start)]
        if block.any():
            low, high = _extent(block)
            yield low + start, high + start
