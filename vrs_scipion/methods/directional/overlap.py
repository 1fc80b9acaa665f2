"""How strongly coefficients of the same and of neighbouring Fourier shells hang together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods.shells import Reals, Shells, half_spectrum, power


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


def mask_overlap(mask: Volume, voxel_size: Triple, threads: int = 1) -> Overlap:
    """What a mask that two maps were put under makes of independent coefficients.

    A mask mixes each coefficient with its neighbours. With M the transform of the squared mask,
    coefficients an offset Δ apart share |M(Δ)|²/|M(0)|² of their variance. A shell of one wave,
    displaced by Δ in every direction, meets itself by the mean of max(0, 1 − |d|) over
    d = −|Δ| … |Δ|, and one n shells off by that of max(0, 1 − |d − n|).

    Parameters
    ----------
    mask : float32 (z, y, x) from 0 to 1, not all 0
    voxel_size : Å along z, y, x
    """
    shells = Shells(mask.shape, voxel_size)
    transform = half_spectrum(np.square(mask), threads)
    shared = np.zeros(3)
    for z, plane in enumerate(transform):
        weight, distance = power(plane) * shells.weights, shells.radii(z)
        shared += [float((weight * _meeting(distance, apart)).sum()) for apart in range(3)]
    own = float(power(transform[0])[0, 0])
    redundancy, following, second = shared / own
    return Overlap(max(1.0, redundancy), following / redundancy, second / redundancy)


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
