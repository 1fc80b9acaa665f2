"""How two half maps are made of a signal."""

from __future__ import annotations

from enum import Enum

from pydantic import Field, NonNegativeInt, PositiveFloat, field_validator, model_validator

from vrs_scipion.simulation.anisotropy import Anisotropy
from vrs_scipion.simulation.half_faults import Fault
from vrs_scipion.simulation.noise import NoiseSpectrum
from vrs_scipion.simulation.record import Parameters
from vrs_scipion.simulation.symmetry import rotations


class Within(str, Enum):
    """Where the half maps correlate as was asked."""

    BOX = "box"
    """Over the whole box, as an unmasked curve has it."""
    MASK = "mask"
    """Under the signal's wide, soft mask; over the whole box the curve is lower."""


class HalvesSettings(Parameters):
    """Two half maps, S + n₁ and S + n₂, and the map that is made of them.

    Without a spectrum the half maps' correlation F is chosen, a logistic function of frequency
    (see ``logistic_fall``), and the noise follows: its power in every shell is P_S(1 − F)/F. With
    one the noise has that spectrum, and F follows from the signal's: it is 0.143 in the shell of
    the resolution, and may have been so before. The map is the mean of the halves, weighted by the
    figure of merit √(2F/(1 + F)) under the wide, soft mask, and sharpened.

    Attributes
    ----------
    resolution : Å, where F is 0.143
    fall : width of F's fall as a share of 1/resolution
    within : where the half maps correlate by F
    spectrum : of the noise; None for one that follows from F
    anisotropy : how signal and noise depend on direction; F is that across the axis where signal
        was lost along it and views are as many as on average
    symmetry : point group that is imposed on signal and noise, its axis along z
    sharpening : Å², negative sharpens: amplitudes times exp(−sharpening · s²/4)
    faults : what is wrong, in the order in which it happens
    seed : of everything random
    """

    resolution: PositiveFloat
    fall: float = Field(default=0.1, gt=0, le=0.5)
    within: Within = Within.BOX
    spectrum: NoiseSpectrum | None = None
    anisotropy: Anisotropy | None = None
    symmetry: str = "C1"
    sharpening: float = Field(default=0.0, ge=-2000, le=2000)
    faults: tuple[Fault, ...] = ()
    seed: NonNegativeInt = 0

    @field_validator("symmetry")
    @classmethod
    def _known(cls, value: str) -> str:
        rotations(value)
        return value

    @model_validator(mode="after")
    def _one_way_of_all_directions(self) -> HalvesSettings:
        if self.anisotropy is None:
            return self
        if len(rotations(self.symmetry)) > 1:
            raise ValueError(
                "a point group makes directions alike that are to differ: leave out the symmetry, "
                "or what depends on direction"
            )
        if self.anisotropy.loss and self.spectrum is not None:
            raise ValueError(
                "a loss along an axis shifts the fall of the correlation, which the noise's "
                "spectrum leaves open: leave out the loss, or the spectrum"
            )
        return self
