"""The handedness network: its weights, verified, and its dense evaluation tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.methods.hand_input import HALO, normalise
from vrs_scipion.methods.network_file import open_network

WEIGHTS = Path(__file__).with_name("weights") / "hand.onnx"
WEIGHTS_SHA256 = "18a09907c2d81d721c7f83ca0f9a3d6625290ca52b8efa9cef8e08e5ad409e40"
"""SHA-256 of the weights that the package ships: no others are run."""

STRIDE = 2
"""Input voxels from one answer to the next, along each axis."""

REACH = 8
"""Input voxels that the network sees on either side of one: a receptive field of 17."""

TILE = 40
"""Answers along the edge of a tile."""

Corner = tuple[slice, ...]


@dataclass(frozen=True)
class Calibration:
    """How votes become a score; written into the weights' file by the training.

    Attributes
    ----------
    slope : of the logistic function
    prior : weight of the doubt: points that vote for neither hand
    doubt : the same, per point of the mask
    threshold : helix probability from which a point votes
    least : voters without which there is no score
    share : of the points of the mask that must vote for there to be a score
    """

    slope: float
    prior: float
    doubt: float
    threshold: float
    least: int
    share: float


@dataclass(frozen=True)
class Network:
    """A network ready to run."""

    session: Any
    calibration: Calibration
    sha256: str


def load_network(threads: int = 1, path: Path = WEIGHTS, sha256: str = WEIGHTS_SHA256) -> Network:
    """The network of the package.

    Parameters
    ----------
    threads : that onnxruntime may use
    path, sha256 : of the weights

    Raises
    ------
    EngineUnavailableError
        if onnxruntime is not installed.
    WeightsError
        if the weights are missing or others than expected.
    """
    session = open_network(path, sha256, threads, "handedness")
    told = session.get_modelmeta().custom_metadata_map
    calibration = Calibration(
        slope=float(told["slope"]),
        prior=float(told["prior"]),
        doubt=float(told["doubt"]),
        threshold=float(told["threshold"]),
        least=int(told["least"]),
        share=float(told["share"]),
    )
    return Network(session, calibration, sha256)


def evaluate(
    network: Network, values: Volume, level: tuple[float, float], wanted: Mask, tile: int = TILE
) -> tuple[Volume, Volume]:
    """Hand and helix at every second voxel along each axis.

    Parameters
    ----------
    network : see ``load_network``
    values : float32 array, odd shape (nz, ny, nx), voxels of 1 Å
    level : mean and standard deviation of the molecule
    wanted : bool array, shape ((nz + 1) / 2, …): tiles without a voxel of it are left out
    tile : answers along a tile's edge; the answer does not depend on it

    Returns
    -------
    hand : float32 array, shape of ``wanted``
        Logit of the mirrored hand; a map and its mirror have opposite ones.
    helix : float32 array, the same shape
        Probability of an α-helix, 0 where not wanted.

    Raises
    ------
    ValueError
        if an edge is even, or the shapes do not fit.
    """
    if any(n % 2 == 0 for n in values.shape):
        raise ValueError(f"the network takes odd shapes only, not {values.shape}")
    if wanted.shape != tuple((n + 1) // STRIDE for n in values.shape):
        raise ValueError(f"a map of {values.shape} voxels has no answers of shape {wanted.shape}")
    hand, helix = np.zeros(wanted.shape, np.float32), np.zeros(wanted.shape, np.float32)
    for corner in _tiles(wanted, tile):
        seen = normalise(_surroundings(values, corner), *level)
        inner = seen[(slice(HALO, -HALO),) * 3]
        votes, logit = network.session.run(None, {"map": inner[None, None]})
        hand[corner] = votes[0, 0]
        helix[corner] = 1 / (1 + np.exp(-logit[0, 0]))
    helix[~wanted] = 0
    return hand, helix


def _tiles(wanted: Mask, tile: int) -> Iterator[Corner]:
    """Blocks of at most ``tile``³ that cover the mask, each cut down to what it holds of it."""
    for start in product(*(range(0, n, tile) for n in wanted.shape)):
        block = tuple(slice(s, s + tile) for s in start)
        inside = np.argwhere(wanted[block])
        if len(inside):
            low, high = inside.min(axis=0) + start, inside.max(axis=0) + start + 1
            yield tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _surroundings(values: Volume, corner: Corner) -> Volume:
    """All that the answers of a tile depend on; beyond the box its border goes on."""
    margin = REACH + HALO
    indices = [
        np.clip(np.arange(STRIDE * c.start - margin, STRIDE * (c.stop - 1) + margin + 1), 0, n - 1)
        for c, n in zip(corner, values.shape, strict=True)
    ]
    surroundings: Volume = values[np.ix_(*indices)]
    return surroundings
