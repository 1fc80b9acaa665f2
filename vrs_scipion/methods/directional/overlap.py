"""How strongly coefficients of the same and of neighbouring Fourier shells hang together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.methods.fsc import UnderMask
from vrs_scipion.methods.shells import Reals, power


@dataclass(frozen=True)
class Overlap:
    """What a mask makes of independent coefficients.

    Attributes
    ----------
    redundancy : how many coefficients of a shell share one independent value
    next : correlation of the mean of a shell with that of the next one
    second : the same of a shell with the next but one
    """

    redundancy: float
    next: float = 0.0
    second: float = 0.0


def mask_overlap(under: UnderMask) -> Overlap:
    """What a mask that two maps are under makes of independent coefficients.

    A mask mixes each coefficient with its neighbours (see `UnderMask.redundancy`). A shell of one
    wave, displaced by Δ in every direction, meets one that is n shells off by the mean of
    max(0, 1 − |d − n|) over d = −|Δ| … |Δ|.
    """
    spectrum, shells = under.square
    shared = np.zeros(3)
    for z, plane in enumerate(spectrum):
        weight, distance = power(plane) * shells.weights, shells.radii(z)
        shared += [float((weight * _meeting(distance, apart)).sum()) for apart in range(3)]
    own = under.redundancy * float(power(spectrum[0])[0, 0])
    shared += max(0.0, own - shared[0])  # what reaches far beyond meets all of them alike
    following, second = shared[1:] / shared[0]
    return Overlap(under.redundancy, following, second)


def _meeting(distance: Reals, apart: int) -> Reals:
    """How much of a shell meets another, so many shells off, when it is displaced everywhere."""
    low, high = (_met(sign * distance - apart) for sign in (-1, 1))
    at_rest = 1.0 if apart == 0 else 0.0
    return np.divide(
        high - low, 2 * distance, out=np.full_like(distance, at_rest), where=distance > 0
    )


def _met(displaced: Reals) -> Reals:
    """Integral of max(0, 1 − |d|) from far below to ``displaced``."""
    d = np.clip(displaced, -1, 1)
    return np.asarray(0.5 + d - np.sign(d) * d**2 / 2)
