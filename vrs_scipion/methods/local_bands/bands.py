"""Gaussian bands of spatial frequency, and how many independent samples a window of one holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.methods.shells import Reals, Shells

WINDOW = 1.25
"""Standard deviation of a band's window in real space, in waves of the band."""
COARSEST = 20.0
"""Å: where the bands begin at the latest."""
FEWEST = 4
"""Bands without which no slope can be measured."""

_WIDTH = 0.08
"""Standard deviation of a band as a share of its frequency."""
BAND_SPACING = 1.2
"""Of the bands' centres, in standard deviations."""
_FINEST = 0.97
"""The last band's centre as a share of the Nyquist frequency."""
_COARSER, _VOXELS = 4.0, 12.0
"""The bands begin at so many times the reported resolution, and so many voxels, at the latest."""
_WAVES = 2.0
"""Fewest waves of a band in the longest edge of the box."""


@dataclass(frozen=True)
class Band:
    """A Gaussian band, cut at the Nyquist frequency.

    Attributes
    ----------
    centre, width : where its amplitude is largest, and its standard deviation, in 1/Å
    frequency, spread : mean of its power, and √2 of its standard deviation, in 1/Å
    """

    centre: float
    width: float
    frequency: float
    spread: float

    @property
    def window(self) -> float:
        """Standard deviation of its Gaussian window, in Å."""
        return WINDOW / self.centre

    def amplitude(self, frequency: Reals) -> Reals:
        """At frequencies in 1/Å: 1 at its centre."""
        return _gaussian(frequency, self.centre, self.width)

    def samples(self, window: NDArray[np.floating[Any]]) -> Reals:
        """Independent samples of a field of this band under Gaussian windows.

        The mean of the product of two independent fields under a window has the variance of one
        over so many samples. A field of a shell of radius f and Gaussian amplitude of standard
        deviation σ, and the same displaced by what the transform of a window of standard deviation
        w lets through, have in common what a shell √(σ² + 1/(8π²w²)) thick has with itself:
        (4π)^{3/2} w³ · 4πf² · √(2π) · that thickness.

        Parameters
        ----------
        window : standard deviations, Å
        """
        thickness = np.hypot(self.spread, 1 / (math.sqrt(8) * math.pi * window))
        area = 4 * math.pi * self.frequency**2 * math.sqrt(2 * math.pi)
        samples: Reals = (math.sqrt(4 * math.pi) * window) ** 3 * area * thickness
        return samples


def bands_of(
    shells: Shells, samples: Reals, resolution: float | None = None, spacing: float = BAND_SPACING
) -> list[Band]:
    """The bands of a box, coarse to fine.

    Parameters
    ----------
    shells : of the box
    samples : coefficients of the whole sphere in each shell
    resolution : reported, in Å; the bands begin at four times that, and at 20 Å at the latest
    spacing : of their centres, in standard deviations

    Raises
    ------
    NotMeasurableError
        if there are not four of them.
    """
    centres = _centres(shells, resolution, spacing)
    if len(centres) < FEWEST:
        raise NotMeasurableError(
            f"a box of {max(shells.extents):.3g} Å on voxels of {max(shells.voxel_size):.3g} Å is "
            "too small: it holds fewer than four bands of spatial frequency"
        )
    return [_band(shells, samples, *band) for band in centres]


def _centres(shells: Shells, resolution: float | None, spacing: float) -> list[tuple[float, float]]:
    """Centre and width of each band, from the finest on; coarse to fine."""
    coarse, edge = max(shells.voxel_size), max(shells.extents)
    begin = max(COARSEST, _COARSER * (resolution or 0.0), _VOXELS * coarse)
    lowest = max(1 / begin, _WAVES / edge)
    found, centre = [], _FINEST / (2 * coarse)
    while centre >= lowest:
        width = max(_WIDTH * centre, 1 / edge)
        found.append((centre, width))
        next_one = centre / (1 + spacing * _WIDTH)
        centre = min(next_one, centre - spacing / edge)
    return found[::-1]


def _band(shells: Shells, samples: Reals, centre: float, width: float) -> Band:
    power = samples * _gaussian(shells.frequency, centre, width) ** 2
    mean = float(np.average(shells.frequency, weights=power))
    variance = np.average((shells.frequency - mean) ** 2, weights=power)
    return Band(centre, width, mean, math.sqrt(2 * variance))


def _gaussian(at: Reals, centre: float, width: float) -> Reals:
    height: Reals = np.exp(-0.5 * ((at - centre) / width) ** 2)
    return height


def windows_in(volume: float, resolution: float) -> float:
    """How many windows of waves of a length lie side by side in a volume; 1 at least.

    Parameters
    ----------
    volume : Å³
    resolution : Å
    """
    return max(1.0, volume / (math.sqrt(4 * math.pi) * WINDOW * resolution) ** 3)
