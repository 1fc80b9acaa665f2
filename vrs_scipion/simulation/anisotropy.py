"""Half maps that hold more in some directions than in others."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field, field_validator
from scipy import fft

from vrs_scipion.maps.density import Triple
from vrs_scipion.models.drawing import Box
from vrs_scipion.simulation.filters import Spectrum, frequency_grid
from vrs_scipion.simulation.record import Parameters
from vrs_scipion.simulation.regions import Point

_UNSEEN = 1e-2
"""Views that are left in a missing cone, as a share of those of an even distribution."""
_EDGE = math.radians(2.0)
"""Over which they get fewer, on either side of the cone's edge."""


class Anisotropy(Parameters):
    """How signal and noise depend on the direction of a frequency.

    With u the cosine of the angle between a frequency and the axis, the signal falls at
    f₀(u) = f₀(1 − loss · u²), as a smear along the axis makes it. The noise is as strong as the
    views are few: its power is one over their density, of which the mean over the sphere is 1.
    Views from the side, evenly about the axis, are as dense as 1/√(1 − u²); none see a missing
    cone.

    Attributes
    ----------
    axis : along x, y, z, of any length
    loss : 0 for none; 0.3 for a frequency along the axis that is 30 % lower
    missing_cone : half-angle about the axis, degrees
    side_views : share of the particles that are seen from the side; the others from everywhere
    """

    axis: Point = (0.0, 0.0, 1.0)
    loss: float = Field(default=0.0, ge=0, le=0.9)
    missing_cone: float = Field(default=0.0, ge=0, le=80)
    side_views: float = Field(default=0.0, ge=0, le=1)

    @field_validator("axis")
    @classmethod
    def _has_a_direction(cls, value: Point) -> Point:
        if not any(value):
            raise ValueError("an axis of no length has no direction")
        return value

    def signal_amplitude(
        self, box: Box, voxel_size: Triple, resolution: float, fall: float
    ) -> Spectrum:
        """What the signal's amplitudes are to be multiplied by.

        Halves whose correlation is ``logistic_fall(f, resolution, fall)`` before correlate by
        ``logistic_fall(f / (1 − loss · u²), resolution, fall)`` afterwards.

        Parameters
        ----------
        box, voxel_size : of the half maps; voxels, and Å along z, y, x
        resolution : Å, where they correlate by 0.143 across the axis
        fall : width of that fall as a share of 1/resolution

        Returns
        -------
        float32 array, shape (nz, ny, nx // 2 + 1), from 0 to 1
        """
        frequency, square = _frequencies(box, voxel_size, self.axis)
        return self.signal_left(frequency, square, resolution, fall)

    def signal_left(
        self, frequency: Spectrum, square: Spectrum, resolution: float, fall: float
    ) -> Spectrum:
        """The same factor at frequencies in 1/Å, by the squares of their cosines to the axis."""
        lost = self.loss * square
        return np.asarray(
            np.exp(-frequency * resolution / (2 * fall) * lost / (1 - lost)), dtype=np.float32
        )

    def noise_amplitude(self, box: Box, voxel_size: Triple) -> Spectrum:
        """What the amplitudes of even noise are to be multiplied by.

        Parameters
        ----------
        box, voxel_size : of the half maps; voxels, and Å along z, y, x

        Returns
        -------
        float32 array, shape (nz, ny, nx // 2 + 1), above 0
        """
        _, square = _frequencies(box, voxel_size, self.axis)
        return np.asarray(1 / np.sqrt(self.views(square)), dtype=np.float32)

    def views(self, square: Spectrum) -> Spectrum:
        """How densely views cross a frequency, by the square of its cosine to the axis."""
        sine = np.sqrt(np.maximum(1 - square, np.float32(1e-4)))
        views = 1 - self.side_views + self.side_views * 2 / np.pi / sine
        if self.missing_cone:
            beyond = np.arcsin(np.minimum(sine, 1)) - math.radians(self.missing_cone)
            views *= np.clip(0.5 + beyond / (2 * _EDGE), _UNSEEN, 1)
        return np.asarray(views, dtype=np.float32)


def _frequencies(box: Box, voxel_size: Triple, axis: Point) -> tuple[Spectrum, Spectrum]:
    """Lengths in 1/Å, and squares of the cosines to an axis, of a half spectrum's frequencies."""
    z = fft.fftfreq(box[0], voxel_size[0]).astype(np.float32)[:, None, None]
    y = fft.fftfreq(box[1], voxel_size[1]).astype(np.float32)[:, None]
    x = fft.rfftfreq(box[2], voxel_size[2]).astype(np.float32)
    length = frequency_grid(box, voxel_size)
    towards = (axis[0] * x + axis[1] * y + axis[2] * z) / np.float32(math.hypot(*axis))
    square = np.square(towards / np.where(length > 0, length, 1))
    return length, np.minimum(square, 1)
