"""A ball of texture whose local resolution is known, as half maps with their map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveFloat, field_validator, model_validator

from vrs_scipion.maps.density import Density, Mask, Triple, Volume
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.models.drawing import Box
from vrs_scipion.simulation.filters import apply_filter
from vrs_scipion.simulation.half_faults import Fault, Halves, with_faults
from vrs_scipion.simulation.half_masks import MASKS
from vrs_scipion.simulation.halves import SimulatedHalves
from vrs_scipion.simulation.halves_truth import HalvesTruth, correlation_of, power_under
from vrs_scipion.simulation.local_fsc import LEVELS
from vrs_scipion.simulation.record import Parameters
from vrs_scipion.simulation.shells import Curve, Shells, signal_power
from vrs_scipion.simulation.signal import Signal
from vrs_scipion.simulation.texture import Texture, texture

TEXTURE: Literal["texture"] = "texture"
"""Instead of a model's path."""

_RADIUS = 0.3
"""Of the ball, in shortest edges of the box."""
_EDGE = 4.0
"""Voxels over which its height falls to that around it, and from there on its texture."""
_ABOVE = 6.0
"""Standard deviations of the map in the ball, by which it lies above what is around."""
_WAVES = 8.0
"""Fewest waves in the shortest edge of the box."""


class TextureSettings(Parameters):
    """A ball of texture; it lies above the noise around it, so that a contour encloses it.

    Attributes
    ----------
    finest, coarsest : Å between which the local resolution (0.5) goes along z
    voxel_size : Å along z, y, x; one number stands for all three
    box : nz, ny, nx, one number for a cube
    faults : what is wrong, in the order in which it happens
    seed : of everything random
    """

    finest: PositiveFloat
    coarsest: PositiveFloat
    voxel_size: Triple = (1.0, 1.0, 1.0)
    box: Box = (96, 96, 96)
    faults: tuple[Fault, ...] = ()
    seed: NonNegativeInt = Field(default=0)

    @field_validator("voxel_size", "box", mode="before")
    @classmethod
    def _along_all_axes(cls, value: Any) -> Any:
        return (value,) * 3 if isinstance(value, int | float) else value

    @model_validator(mode="after")
    def _possible(self) -> TextureSettings:
        if min(self.voxel_size) <= 0:
            raise ValueError(f"a voxel size of {min(self.voxel_size):g} Å makes no sense")
        edge = min(n * size for n, size in zip(self.box, self.voxel_size, strict=True))
        limits = 2 * max(self.voxel_size), edge / _WAVES
        if not limits[0] < self.finest <= self.coarsest <= limits[1]:
            raise ValueError(
                f"a local resolution from {self.finest:g} to {self.coarsest:g} Å: give the finer "
                f"one first, and both between {limits[0]:g} Å, two voxels, and {limits[1]:g} Å, "
                "an eighth of the box"
            )
        return self


def simulate_texture(settings: TextureSettings) -> SimulatedHalves:
    """Half maps of a ball whose local resolution is known at every voxel and both levels.

    Outside of the ball there is noise alone. The map is the mean of the halves, weighted by the
    figure of merit of their correlation in the ball. The same settings give the same maps, bit for
    bit.
    """
    box, size = settings.box, settings.voxel_size
    made = texture(box, size, settings.finest, settings.coarsest, seed=settings.seed)
    shells, ball = Shells(box, size), _ball(box, size)
    edge = _EDGE * max(size)
    height, soft = cosine_mask(ball, size, 0.0, edge), cosine_mask(ball, size, edge, edge)
    weight = shells.spread(_figure_of_merit(made, shells, ball))
    drawn = soft * made.signal
    mean = drawn + (made.first + made.second) / 2 - made.signal
    above = _ABOVE * float(apply_filter(mean, weight)[ball].std(dtype=np.float64))
    values = np.asarray(drawn + np.float32(above) * height, np.float32)
    molecule = soft == 1
    signal = Signal(Density(values, size), molecule, above / 2, TEXTURE)
    masks = {name: make(signal) for name, make in MASKS.items()}
    truth = _truth(made, signal, masks, shells)
    third = np.random.default_rng([settings.seed, 3])
    halves = Halves(
        first=made.first + (values - made.signal),
        second=made.second + (values - made.signal),
        map=values,
        signal=signal,
        resolution=truth.resolution("tight") or settings.coarsest,
        draw_shared=lambda: made.noise.drawn(third).astype(np.float32),
    )
    halves = with_faults(halves, settings.faults, in_the_data=True)
    whole = apply_filter((halves.first + halves.second) / 2, weight)
    halves = with_faults(replace(halves, map=whole), settings.faults, in_the_data=False)
    measurable = halves.expected and halves.expected(truth.fsc)
    return SimulatedHalves(
        density=Density(halves.map, size),
        half_maps=(Density(halves.first, size), Density(halves.second, size)),
        clean=Density(apply_filter(values, weight), size),
        contour=above / 2,
        signal=signal,
        masks=masks,
        settings=settings,
        truth=replace(truth, measurable=measurable),
        local={level: made.resolution(level) * molecule for level in LEVELS.values()},
    )


def _ball(box: Box, size: Triple) -> Mask:
    """About voxel N/2."""
    radius = _RADIUS * min(n * s for n, s in zip(box, size, strict=True))
    z, y, x = (np.square((np.arange(n) - n // 2) * s) for n, s in zip(box, size, strict=True))
    inside: Mask = z[:, None, None] + y[:, None] + x <= radius**2
    return inside


def _strength(made: Texture, mask: Volume | Mask) -> float:
    """Mean square of what the noise is multiplied by, under the square of a mask."""
    weights = np.square(mask, dtype=np.float64).sum(axis=(1, 2))
    return float(np.average(np.square(made.noise.strength[:, 0, 0]), weights=weights))


def _even(made: Texture, shells: Shells) -> Curve:
    """|F|² of the noise in each shell, where it is multiplied by 1."""
    return shells.mean(np.square(made.noise.amplitude)) * made.signal.size


def _figure_of_merit(made: Texture, shells: Shells, ball: Mask) -> Curve:
    fsc = correlation_of(
        np.full(shells.count, float(made.signal.size)), _even(made, shells) * _strength(made, ball)
    )
    return np.asarray(np.sqrt(2 * fsc / (1 + fsc)))


def _truth(made: Texture, signal: Signal, masks: dict[str, Volume], shells: Shells) -> HalvesTruth:
    own, noise = signal_power(signal.density, shells), shells.mean(made.noise.power)
    under, even = power_under(signal.density.values, masks, shells), _even(made, shells)
    return HalvesTruth(
        frequencies=shells.frequencies,
        signal=own,
        noise=noise,
        fsc=correlation_of(own, noise),
        fsc_under={
            name: correlation_of(under[name], even * _strength(made, mask))
            for name, mask in masks.items()
        },
        measurable=None,
    )
