"""Everything that a simulated map depends on besides its model."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import numpy as np
from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    field_validator,
    model_validator,
)

from vrs_scipion.maps.density import Triple
from vrs_scipion.models.drawing import Box
from vrs_scipion.simulation.atom_choice import AtomChoice
from vrs_scipion.simulation.filter_shapes import FilterShape
from vrs_scipion.simulation.filters import EDGE
from vrs_scipion.simulation.model_defects import ModelDefect
from vrs_scipion.simulation.noise import WHITE, NoiseSpectrum
from vrs_scipion.simulation.record import Parameters
from vrs_scipion.simulation.regions import Point, Region

Matrix = tuple[Point, Point, Point]

SMALLEST_SIDE = 8
"""Voxels along an axis; smaller maps are refused when they are read."""

_ORTHONORMAL = 1e-6


class MaskKind(str, Enum):
    """What is multiplied onto the map at the end."""

    NONE = "none"
    SOFT = "soft"
    """The molecule's mask with a Gaussian edge of 2 Å."""
    HARD = "hard"
    """The molecule's mask."""


class Noise(Parameters):
    """Stationary Gaussian noise over the whole box, and how strong it is.

    Attributes
    ----------
    snr : signal-to-noise ratio of the map (not of a half map). Without ``at``: variance of the
        noise-free map within the molecule's mask over the variance of the noise. With ``at``:
        power of the noise-free map over that of the noise in the Fourier shell, one box length
        thick, that holds 1/``at``
    at : Å
    spectrum : how the noise's power is spread over frequencies

    Notes
    -----
    Half maps have half of the map's ratio, so that their Fourier shell correlation is
    snr/(snr + 2): 1/3 where the map's ratio is 1, and 0.143 where it is 1/3.
    """

    snr: PositiveFloat
    at: PositiveFloat | None = None
    spectrum: NoiseSpectrum = WHITE


class SimulationSettings(Parameters):
    """How a model becomes a map.

    In the order in which it happens: atoms are chosen, regions degraded, the model is turned about
    its centroid, which is put on voxel N/2, mirrored (x → −x about that voxel) and shifted; it is
    drawn with its B-factors and low-passed; noise is added, then the background, and the mask is
    multiplied on.

    Attributes
    ----------
    resolution : Å, where the low-pass filter's amplitude is one half; not below two voxels
    voxel_size : Å along z, y, x; one number stands for all three
    box : nz, ny, nx, one number for a cube; None for an even cube in which the model has
        ``margin`` on every side
    margin : Å between the outermost atoms and the faces of a box that is chosen
    filter_shape : of the low-pass filter
    edge : width of a raised cosine's edge as a fraction of 1/resolution
    b_factor : Å² on top of the atoms' own
    domain_b : Å², of the first and the last of four domains, slabs of as many atoms each along the
        model's longest axis, between which it grows in equal steps; in place of the atoms' own
    atoms : which atoms are drawn
    regions : parts that differ; an atom belongs to the first that selects it
    rotation : matrix on x, y, z, ``"random"`` (uniform) or None
    mirror : whether the map is of the opposite hand
    shift : Å along x, y, z
    background : constant added to the map, in its units
    noise : None for a noise-free map
    half_maps : whether two half maps, whose mean is the map, are made; they need noise
    mask : what is multiplied onto map and half maps
    mask_radius : Å around the atoms that the molecule's mask reaches
    defects : what is wrong with the model that comes beside the map; none comes without
    seed : of everything random; rotation, noise, half maps, phantom and defects draw from streams
        of their own, so that a change to one leaves the others as they are
    """

    resolution: PositiveFloat
    voxel_size: Triple = (1.0, 1.0, 1.0)
    box: Box | None = None
    margin: NonNegativeFloat = 20.0
    filter_shape: FilterShape = FilterShape.RAISED_COSINE
    edge: float = Field(default=EDGE, gt=0, le=2)
    b_factor: float = 0.0
    domain_b: tuple[float, float] | None = None
    atoms: AtomChoice = AtomChoice()
    regions: tuple[Region, ...] = ()
    rotation: Matrix | Literal["random"] | None = None
    mirror: bool = False
    shift: Point = (0.0, 0.0, 0.0)
    background: float = 0.0
    noise: Noise | None = None
    half_maps: bool = False
    mask: MaskKind = MaskKind.NONE
    mask_radius: PositiveFloat = 3.0
    defects: tuple[ModelDefect, ...] = ()
    seed: NonNegativeInt = 0

    @field_validator("voxel_size", "box", mode="before")
    @classmethod
    def _along_all_axes(cls, value: Any) -> Any:
        return (value,) * 3 if isinstance(value, int | float) else value

    @field_validator("rotation", mode="before")
    @classmethod
    def _as_tuples(cls, value: Any) -> Any:
        return value.tolist() if isinstance(value, np.ndarray) else value

    @field_validator("voxel_size")
    @classmethod
    def _positive(cls, value: Triple) -> Triple:
        if min(value) <= 0:
            raise ValueError(f"a voxel size of {min(value):g} Å makes no sense; give one above 0")
        return value

    @field_validator("box")
    @classmethod
    def _large_enough(cls, value: Box | None) -> Box | None:
        if value is not None and min(value) < SMALLEST_SIDE:
            raise ValueError(f"a map needs at least {SMALLEST_SIDE} voxels along each axis")
        return value

    @field_validator("rotation")
    @classmethod
    def _proper(cls, value: Matrix | str | None) -> Matrix | str | None:
        if isinstance(value, tuple):
            matrix = np.array(value)
            error = float(np.abs(matrix @ matrix.T - np.eye(3)).max())
            if error > _ORTHONORMAL or np.linalg.det(matrix) < 0:
                raise ValueError("the matrix is no rotation; mirror is a setting of its own")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> SimulationSettings:
        if self.half_maps and self.noise is None:
            raise ValueError("half maps differ by their noise alone: set the noise too")
        return self
