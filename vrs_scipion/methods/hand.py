"""The hand of a map, by votes of a network at its α-helices.

The idea, to let a network judge the hand at helices that another one has found, is that of
García Condado et al. (2022), doi 10.1016/j.jsb.2022.107915 (DeepHand). Network, training and
weights are this project's own; its scores are not DeepHand's. ``weights/hand.md`` describes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.trilinear import interpolate
from vrs_scipion.methods.hand_input import VOXEL, on_symmetric_grid
from vrs_scipion.methods.hand_network import (
    STRIDE,
    TILE,
    Calibration,
    Network,
    evaluate,
    load_network,
)
from vrs_scipion.methods.network_input import mean_and_spread

HALF_TURNS: tuple[tuple[int, ...], ...] = ((), (1, 2), (0, 2), (0, 1))
"""Axes that are reversed to turn a map by 180°; the first leaves it as it is."""

TURNED_ANSWERS = 100_000
"""Points of the mask, 2 Å apart, up to which a map is judged in all four orientations."""

_HALF = 0.5


@dataclass(frozen=True)
class HandResult:
    """The hand of a map and where it was seen.

    Attributes
    ----------
    score : probability that the map is mirrored: 0 right hand, 1 mirrored; None without a helix
    helix_voxels : how many points, 2 Å apart, vote: those that may be on an α-helix
    helix : float32 array on the map's grid, probability of an α-helix; 0 outside the mask
    weights_sha256 : of the network
    """

    score: float | None
    helix_voxels: int
    helix: Volume
    weights_sha256: str


def hand_score(density: Density, mask: Mask, *, threads: int = 1, tile: int = TILE) -> HandResult:
    """Judge the hand of a map.

    A map and its mirror image get scores that add up to 1.

    Parameters
    ----------
    density : map of any box and voxel size, its axes z, y, x honoured
    mask : bool array of the map's shape, the molecule
    threads : that the network may use
    tile : edge of the tiles, in answers 2 Å apart; bounds the memory, not the result

    Returns
    -------
    HandResult
        Memory: three volumes of 1 Å voxels, and one tile.

    Raises
    ------
    EngineUnavailableError
        if onnxruntime is not installed.
    WeightsError
        if the weights are missing or others than expected.
    ValueError
        if the mask has another shape or is empty, or the map is constant inside it.
    """
    if mask.shape != density.box:
        raise ValueError(f"the mask has {mask.shape} voxels, the map {density.box}")
    network = load_network(threads)
    hand, helix = votes(network, density, mask, tile)
    return HandResult(
        score=score_of(hand, helix, network.calibration),
        helix_voxels=int(np.count_nonzero(helix >= network.calibration.threshold)),
        helix=_on_the_maps_grid(helix, density),
        weights_sha256=network.sha256,
    )


def votes(
    network: Network, density: Density, mask: Mask, tile: int = TILE
) -> tuple[Volume, Volume]:
    """Hand logits and helix probabilities at points 2 Å apart, symmetric about the box's middle.

    The means over the map and its three half turns: with the mirror along x, of which the network
    is independent, they make all of a box's symmetries, and mirrors along any axis have exactly
    opposite hands. A mask of more than ``TURNED_ANSWERS`` points is judged as it is, to be done
    within seconds.
    """
    values = on_symmetric_grid(density)
    coarse = values[::STRIDE, ::STRIDE, ::STRIDE]
    wanted = _at_the_answers(mask, density, coarse.shape)
    if not wanted.any():
        wanted = (
            interpolate(mask.astype(np.float32), _answers_in_the_map(density, coarse.shape)) > 0
        )
    level = mean_and_spread(coarse, wanted)
    turns = HALF_TURNS if np.count_nonzero(wanted) <= TURNED_ANSWERS else HALF_TURNS[:1]
    hand, helix = np.zeros_like(coarse), np.zeros_like(coarse)
    for axes in turns:
        found = evaluate(network, np.flip(values, axes), level, np.flip(wanted, axes), tile)
        hand += np.flip(found[0], axes)
        helix += np.flip(found[1], axes)
    return hand / np.float32(len(turns)), helix / np.float32(len(turns))


def score_of(hand: Volume, helix: Volume, calibration: Calibration) -> float | None:
    """The score that votes add up to, None if there are too few of them.

    Points on helices vote with their logit, weighted by the probability of the helix. Points that
    vote for neither hand are added, a fixed number and a share of the mask, so that neither a few
    voters nor the false ones of a large molecule can be certain; a logistic function with a fitted
    slope makes a probability of the mean.
    """
    chosen = helix >= calibration.threshold
    voters, points = np.count_nonzero(chosen), np.count_nonzero(helix)
    if voters < max(calibration.least, calibration.share * points):
        return None
    weight = helix[chosen].astype(np.float64)
    doubt = calibration.prior + calibration.doubt * points
    mean = float(weight @ hand[chosen]) / (float(weight.sum()) + doubt)
    return float(1 / (1 + np.exp(-calibration.slope * mean)))


def _at_the_answers(mask: Mask, density: Density, shape: tuple[int, ...]) -> Mask:
    inside = interpolate(mask.astype(np.float32), _answers_in_the_map(density, shape))
    wanted: Mask = inside >= _HALF
    return wanted


def _answers_in_the_map(
    density: Density, shape: tuple[int, ...]
) -> tuple[NDArray[np.float64], ...]:
    """Indices in the map of the points that the network answers for, along z, y, x."""
    return tuple(
        (n - 1) / 2 + (np.arange(m) - (m - 1) / 2) * STRIDE * VOXEL / s
        for n, m, s in zip(density.box, shape, density.voxel_size, strict=True)
    )


def _on_the_maps_grid(answers: Volume, density: Density) -> Volume:
    positions = tuple(
        (m - 1) / 2 + (np.arange(n) - (n - 1) / 2) * s / (STRIDE * VOXEL)
        for n, m, s in zip(density.box, answers.shape, density.voxel_size, strict=True)
    )
    return interpolate(answers, positions)
