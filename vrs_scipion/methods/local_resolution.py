"""Local resolution of a map by how its density looks, with an error bar for every voxel.

The idea, that a network can learn how density looks at each resolution, is that of
Ramírez-Aportela et al. (2019), doi 10.1107/S2052252519011692 (DeepRes). Networks, training and
weights are this project's own; their answers are not DeepRes'. ``weights/resolution.md`` describes
them. Two resolutions of a low-pass filter are told apart here: that at which its amplitude is one
half, which the networks answer, and DeepRes' nominal one, 0.01/Å before that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.masks import bounding_box
from vrs_scipion.maps.trilinear import interpolate, neighbours
from vrs_scipion.methods.guinier import nyquist
from vrs_scipion.methods.local_resolution_network import (
    COARSE,
    FINE,
    TILE,
    Network,
    Weights,
    answers_at,
    answers_shape,
    evaluate,
    load_network,
)
from vrs_scipion.methods.network_input import mean_and_spread

FINEST, COARSEST = 1.5, 13.0
"""Local resolutions in Å that can be answered, in DeepRes' convention."""

SWITCH = 3.0
"""Half-amplitude resolution in Å below which the fine network answers."""

FEWEST_FINE = 0.1
"""Share of the mask that has to look that fine."""

SHIFT = 0.01
"""1/Å from DeepRes' nominal resolution of a filter to where its amplitude is one half.

DeepRes' filters are raised cosines of width 0.02 per voxel of 1 Å that begin at 1/d.
"""


_Value = TypeVar("_Value", bound=np.generic)


@dataclass(frozen=True)
class LocalResolution:
    """Local resolution in the mask of a map; volumes are float32 on the map's grid.

    Attributes
    ----------
    resolution : Å, DeepRes' convention, from 1.5 to 13 and no finer than two voxels; NaN outside
    half_amplitude : Å, where the amplitude of the equivalent filter is one half; NaN outside
    uncertainty : Å, half the width of the interval that holds the truth of 68 % of the voxels of
        held-out simulated maps, in DeepRes' convention; NaN outside
    fine_fraction : fraction of the mask that the fine network answered for
    networks : those that answered
    """

    resolution: Volume
    half_amplitude: Volume
    uncertainty: Volume
    fine_fraction: float
    networks: tuple[Weights, ...]


def local_resolution(
    density: Density, mask: Mask, *, threads: int = 1, tile: int = TILE
) -> LocalResolution:
    """Local resolution by the built-in networks.

    The coarse one sees voxels of 1 Å, and answers everywhere first. Where it finds less than 3 Å,
    in a tenth of the mask or more, and the map's voxels are small enough, the fine one answers
    instead, on voxels of 0.5 Å: for a few scattered voxels it would have to see nearly all of them.
    A constant factor on the map, or a constant added to it, changes nothing.

    Parameters
    ----------
    density : map of any box and voxel size
    mask : bool array of the map's shape, the molecule
    threads : that the networks may use
    tile : edge of the tiles, in answers four input voxels apart; bounds the memory, not the result

    Returns
    -------
    LocalResolution
        Memory: some ten volumes of the map, and a slab of a tile's thickness resampled.

    Raises
    ------
    EngineUnavailableError
        if onnxruntime is not installed.
    WeightsError
        if weights are missing or others than expected.
    ValueError
        if the mask has another shape or is empty, or the map is constant inside it.
    """
    if mask.shape != density.box:
        raise ValueError(f"the mask has {mask.shape} voxels, the map {density.box}")
    level = mean_and_spread(density.values, mask)
    networks = [COARSE]
    answers = quantiles(load_network(COARSE, threads), density, level, mask, tile)
    finest = nyquist(density.voxel_size)
    fine = (answers[1] < np.log(SWITCH)) & (finest < SWITCH)
    if fine.mean() < FEWEST_FINE:
        fine[:] = False
    else:
        networks.append(FINE)
        finer = filled(fine, mask, False)
        answers[:, fine] = quantiles(load_network(FINE, threads), density, level, finer, tile)
    low, median, high = deepres_convention(np.exp(answers))
    return LocalResolution(
        resolution=filled(np.clip(median, max(finest, FINEST), COARSEST), mask, np.nan),
        half_amplitude=filled(np.exp(answers[1]), mask, np.nan),
        uncertainty=filled((high - low) / 2, mask, np.nan),
        fine_fraction=float(fine.mean()),
        networks=tuple(networks),
    )


def quantiles(
    network: Network, density: Density, level: tuple[float, float], mask: Mask, tile: int = TILE
) -> NDArray[np.float32]:
    """16 %, 50 % and 84 % quantiles of ln(resolution at half amplitude / Å) of one network.

    Parameters
    ----------
    network : see ``load_network``
    density : the map
    level : mean and standard deviation of the molecule
    mask : bool array of the map's shape, where they are wanted
    tile : see ``local_resolution``

    Returns
    -------
    float32 array, shape (3, n), of the mask's voxels
    """
    held = tuple(slice(low, high + 1) for low, high in bounding_box(mask))
    inside = mask[held]
    voxel = network.weights.voxel
    positions = tuple(p[h] for p, h in zip(answers_at(density, voxel), held, strict=True))
    wanted = neighbours(inside, positions, answers_shape(density, voxel))
    answers = evaluate(network, density, level, wanted, tile)
    return np.stack([interpolate(a, positions)[inside] for a in answers])


def deepres_convention(half_amplitude: NDArray[np.float32]) -> NDArray[np.float32]:
    """DeepRes' nominal resolution of a filter of given half-amplitude resolution: 1/d½ − 0.01."""
    nominal: NDArray[np.float32] = half_amplitude / np.maximum(1 - SHIFT * half_amplitude, 1e-3)
    return nominal


def at_half_amplitude(nominal: NDArray[np.float32]) -> NDArray[np.float32]:
    """The half-amplitude resolution of a filter of given nominal resolution in DeepRes' terms."""
    there: NDArray[np.float32] = nominal / (1 + np.float32(SHIFT) * nominal)
    return there


def flattened(density: Density, b_factor: float, resolution: float) -> Density:
    """The map with the decay of its spectrum undone down to a resolution.

    Amplitudes are multiplied by exp(−B s²/4) up to s = 1/resolution, and by what that is there
    beyond, so that no edge is made at the reported resolution.

    Parameters
    ----------
    density : the map
    b_factor : of its Guinier plot, Å², negative for a map that decays
    resolution : Å
    """
    from scipy import fft  # slow to load

    spectrum = fft.rfftn(density.values)
    squares = [
        (f(n, size) ** 2).astype(np.float32)
        for f, n, size in zip(
            (fft.fftfreq, fft.fftfreq, fft.rfftfreq), density.box, density.voxel_size, strict=True
        )
    ]
    s2 = squares[0][:, None, None] + squares[1][:, None] + squares[2]
    spectrum *= np.exp(-b_factor / 4 * np.minimum(s2, np.float32(resolution**-2)))
    values = fft.irfftn(spectrum, s=density.box, overwrite_x=True).astype(np.float32)
    return replace(density, values=values)


def filled(values: NDArray[_Value], mask: Mask, outside: float) -> NDArray[_Value]:
    """A volume with the values of a mask's voxels, and another beside it."""
    volume = np.full(mask.shape, outside, values.dtype)
    volume[mask] = values
    return volume
