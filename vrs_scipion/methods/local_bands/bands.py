"""Gaussian bands of spatial frequency, and how many independent samples a window of one holds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

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
_SPACING = 1.2
"""Of the bands' centres, in standard deviations."""
_FINEST = 0.97
"""The last band's centre as a share of the Nyquist frequency."""
_COARSER, _VOXELS = 4.0, 12.0
"""The bands begin at so many times the reported resolution, and so many voxels, at the latest."""
_WAVES = 2.0
"""Fewest waves of a band in the longest edge of the box."""
_REACH = 4.0


@dataclass(frozen=True)
class Band:
    """A Gaussian band, cut at the Nyquist frequency.

    Attributes
    ----------
    centre, width : where its amplitude is largest, and its standard deviation, in 1/Å
    frequency : mean frequency of its power, in 1/Å
    samples : independent samples of a field of this band under its window
    """

    centre: float
    width: float
    frequency: float
    samples: float

    @property
    def window(self) -> float:
        """Standard deviation of its Gaussian window, in Å."""
        return WINDOW / self.centre

    @property
    def end(self) -> float:
        """Frequency in 1/Å beyond which it has no amplitude to speak of."""
        return self.centre + _REACH * self.width

    def amplitude(self, frequency: Reals) -> Reals:
        """At frequencies in 1/Å: 1 at its centre."""
        amplitude: Reals = np.exp(-0.5 * ((frequency - self.centre) / self.width) ** 2)
        return amplitude


def bands_of(shells: Shells, samples: Reals, resolution: float | None = None) -> list[Band]:
    """The bands of a box, coarse to fine.

    Parameters
    ----------
    shells : of the box
    samples : coefficients of the whole sphere in each shell
    resolution : reported, in Å; the bands begin at four times that, and at 20 Å at the latest

    Raises
    ------
    NotMeasurableError
        if there are not four of them.
    """
    centres = _centres(shells, resolution)
    if len(centres) < FEWEST:
        raise NotMeasurableError(
            f"a box of {max(shells.extents):.3g} Å on voxels of {max(shells.voxel_size):.3g} Å is "
            "too small: it holds fewer than four bands of spatial frequency"
        )
    return [_band(shells, samples, *band) for band in centres]


def _centres(shells: Shells, resolution: float | None) -> list[tuple[float, float]]:
    """Centre and width of each band, from the finest on; coarse to fine."""
    coarse, edge = max(shells.voxel_size), max(shells.extents)
    begin = max(COARSEST, _COARSER * (resolution or 0.0), _VOXELS * coarse)
    lowest = max(1 / begin, _WAVES / edge)
    found, centre = [], _FINEST / (2 * coarse)
    while centre >= lowest:
        width = max(_WIDTH * centre, 1 / edge)
        found.append((centre, width))
        next_one = centre / (1 + _SPACING * _WIDTH)
        centre = min(next_one, centre - _SPACING / edge)
    return found[::-1]


def _band(shells: Shells, samples: Reals, centre: float, width: float) -> Band:
    empty = Band(centre, width, centre, 0.0)
    power = samples * empty.amplitude(shells.frequency) ** 2
    mean = float(np.average(shells.frequency, weights=power))
    spread = math.sqrt(np.average((shells.frequency - mean) ** 2, weights=power))
    return Band(centre, width, mean, independent_samples(mean, math.sqrt(2) * spread, empty.window))


def independent_samples(frequency: float, width: float, window: float) -> float:
    """Independent samples of a band-limited field under a Gaussian window.

    The mean of the product of two independent fields under the window has the variance of one over
    so many samples. Fields of a shell of radius f and Gaussian amplitude of standard deviation σ
    meet themselves, displaced by what the window of standard deviation w lets through, as if the
    shell were √(σ² + 1/(8π²w²)) thick: (4π)^{3/2} w³ · 4πf² · √(2π) · that thickness.

    Parameters
    ----------
    frequency, width : of the shell, in 1/Å
    window : Å
    """
    thickness = math.hypot(width, 1 / (math.sqrt(8) * math.pi * window))
    volume = math.sqrt(4 * math.pi) ** 3 * window**3
    return volume * 4 * math.pi * frequency**2 * math.sqrt(2 * math.pi) * thickness


def windows_in(volume: float, resolution: float) -> float:
    """How many windows of waves of a length lie side by side in a volume; 1 at least.

    Parameters
    ----------
    volume : Å³
    resolution : Å
    """
    return max(1.0, volume / (math.sqrt(4 * math.pi) * WINDOW * resolution) ** 3)
