"""How half maps correlate by frequency: as it was chosen, and what follows from it in a mask."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from vrs_scipion.maps.density import Volume
from vrs_scipion.methods.fsc import GOLD_STANDARD, crossings
from vrs_scipion.simulation.shells import Curve, Shells

_STEEPEST = 12.0
"""ln of the odds between signal and noise, beyond which nothing changes any more."""
_NOTHING = 1e-9
"""Power, relative to the strongest shell, below which a shell holds nothing but rounding."""
_SHELLS = 2.0
_WORKERS = os.cpu_count()

ALONG, ACROSS = "along", "across"
"""The axis that is preferred: names of directions."""


def logistic_fall(frequencies: Curve, resolution: float, width: float) -> Curve:
    """A correlation that falls as a logistic function of frequency, through 0.143.

    Parameters
    ----------
    frequencies : 1/Å
    resolution : Å, where it is 0.143
    width : of the fall, as a share of 1/resolution: over it the odds of signal against noise fall
        by a factor of e
    """
    steps = (frequencies * resolution - 1) / width + np.log(1 / GOLD_STANDARD - 1)
    return np.asarray(1 / (1 + np.exp(np.clip(steps, -_STEEPEST, _STEEPEST))))


def power_under(values: Volume, masks: Mapping[str, Volume], shells: Shells) -> dict[str, Curve]:
    """Power in each shell, as if the whole box were like the inside of a mask.

    Each place counts by the square of the mask, as in masked maps. What of a shell's power lies
    under the mask is told from the volume with a flat spectrum: a mask on the volume itself would
    carry its strong low frequencies into all shells.

    Parameters
    ----------
    values : float32 array, shape (nz, ny, nx)
    masks : float32 volumes of the same shape, not all 0
    shells : of the box

    Returns
    -------
    float64 arrays, shape (shells,)
    """
    spectrum = fft.rfftn(values, workers=_WORKERS)
    power = _mean_power(spectrum, shells)
    level = np.exp(_smooth(np.log(np.maximum(power, _NOTHING * power.max()))))
    spectrum /= shells.spread(np.sqrt(level))
    flat = fft.irfftn(spectrum, s=values.shape, workers=_WORKERS)
    whole = _smooth(_mean_power(spectrum, shells))
    found = {}
    for name, mask in masks.items():
        inside = _smooth(_mean_power(fft.rfftn(mask * flat, workers=_WORKERS), shells))
        found[name] = power * inside / whole / float(np.mean(np.square(mask, dtype=np.float64)))
    return found


def _mean_power(spectrum: NDArray[np.complex64], shells: Shells) -> Curve:
    return shells.mean(np.square(spectrum.real) + np.square(spectrum.imag))


def _smooth(curve: Curve) -> Curve:
    """Without what varies from shell to shell."""
    smooth: Curve = ndimage.gaussian_filter1d(curve, _SHELLS, mode="nearest")
    return smooth


def correlation_of(signal: Curve, noise: Curve) -> Curve:
    """Expected correlation of two half maps: signal over signal and noise; 0 where both are 0."""
    total = signal + noise
    return np.divide(signal, total, out=np.zeros_like(total), where=total > 0)


@dataclass(frozen=True)
class HalvesTruth:
    """What no check can see: what of two half maps is signal, and what noise.

    Curves are float64 arrays, shape (shells,).

    Attributes
    ----------
    frequencies : middle of each shell in 1/Å; the first is 0
    signal, noise : mean |F|² of what the halves share by right, and expected of one half's noise
    fsc : correlation by the signal alone, over the whole box
    fsc_under : the same under each mask, by its name
    fsc_towards : correlation by the signal alone in one direction, by its name, if the signal were
        as strong in all directions before it lost anything; empty where none was preferred
    measurable : what is expected to be measured over the whole box, where the halves share more
        than the signal; None where what was done to them leaves no formula
    """

    frequencies: Curve
    signal: Curve
    noise: Curve
    fsc: Curve
    fsc_under: Mapping[str, Curve]
    measurable: Curve | None
    fsc_towards: Mapping[str, Curve] = field(default_factory=dict)

    def curve(self, where: str = "") -> Curve:
        """The correlation over the whole box, or of a mask or a direction by its name."""
        return {"": self.fsc, **self.fsc_under, **self.fsc_towards}[where]

    def resolution(self, where: str = "", level: float = GOLD_STANDARD) -> float | None:
        """Å where the correlation by the signal first falls below a level; None if it never does.

        Parameters
        ----------
        where : the name of a mask or a direction; over the whole box if empty
        level : 0.143 or another
        """
        curve = self.curve(where)
        found = crossings(self.frequencies[1:].tolist(), curve[1:].tolist(), level)
        return 1 / found[0] if found else None
