"""Low-pass filters, all stated by the resolution at which their amplitude is one half."""

from __future__ import annotations

from enum import Enum

import numpy as np

from vrs_scipion.maps.density import Triple
from vrs_scipion.simulation.filters import EDGE, Spectrum, low_pass

BUTTERWORTH_ORDER = 8
"""Sets how steeply a Butterworth filter falls."""


class FilterShape(str, Enum):
    """How the amplitude of a low-pass filter falls; it is one half at 1/resolution in all."""

    RAISED_COSINE = "raised-cosine"
    """Half a period of a cosine, 1 before and 0 behind (see ``low_pass``)."""
    GAUSSIAN = "gaussian"
    """exp(−ln 2·(s·d)²): what a B-factor of 4·ln 2·d² does, d the resolution."""
    HARD = "hard"
    """1 below 1/d, 0 above and one half at it: rings in real space."""
    BUTTERWORTH = "butterworth"
    """(1 + 3·(s·d)^16)^(−1/2): flat, then falling as s⁻⁸."""


def low_pass_of_shape(
    frequency: Spectrum, resolution: float, shape: FilterShape, edge: float = EDGE
) -> Spectrum:
    """Low-pass filter of a given shape.

    Parameters
    ----------
    frequency : float32 array of any shape, in 1/Å
    resolution : Å, where the amplitude is one half
    shape : how the amplitude falls
    edge : width of the raised cosine's edge as a fraction of 1/resolution; others have none

    Returns
    -------
    float32 array, shape of ``frequency``

    Raises
    ------
    ValueError
        If the resolution is not positive, or the edge is out of its range.
    """
    if shape is FilterShape.RAISED_COSINE:
        return low_pass(frequency, resolution, edge)
    if not resolution > 0:
        raise ValueError(f"the resolution must be positive, not {resolution:g} Å")
    relative = frequency * np.float32(resolution)
    if shape is FilterShape.GAUSSIAN:
        return np.asarray(np.exp2(-(relative**2)), dtype=np.float32)
    if shape is FilterShape.HARD:
        return np.heaviside(1 - relative, np.float32(0.5))
    power = np.minimum(relative, 100.0) ** (2 * BUTTERWORTH_ORDER)
    return np.asarray(1 / np.sqrt(1 + 3 * power), dtype=np.float32)


def last_frequency(resolution: float, shape: FilterShape, spacing: Triple) -> float:
    """Frequency in 1/Å behind which a map filtered with this shape holds nothing.

    Gaussian and Butterworth filters never reach 0; they are cut at the Nyquist frequency of the
    coarsest axis, so that the map is band-limited alike in all directions.

    Parameters
    ----------
    resolution : Å
    shape : of the filter
    spacing : voxel size in Å along z, y, x
    """
    ends = shape in (FilterShape.RAISED_COSINE, FilterShape.HARD)
    return 2 / resolution if ends else 0.5 / max(spacing)
