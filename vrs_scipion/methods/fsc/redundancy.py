"""How many independent samples a mask leaves in a Fourier shell."""

from __future__ import annotations

import numpy as np

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods.shells import Shells, half_spectrum, power


def mask_redundancy(mask: Volume, voxel_size: Triple, threads: int = 1) -> float:
    """How many coefficients of a shell share one independent value under a mask.

    A mask mixes each coefficient with its neighbours. With M the transform of the squared mask,
    coefficients an offset Δ apart share |M(Δ)|²/|M(0)|² of their variance; of a shell of one wave,
    1 − |Δ|/2 meets itself an offset of up to one wave away, 1/(2|Δ|) farther.

    Parameters
    ----------
    mask : float32 (z, y, x) from 0 to 1, not all 0
    voxel_size : Å along z, y, x
    """
    shells = Shells(mask.shape, voxel_size)
    transform = half_spectrum(np.square(mask), threads)
    total = 0.0
    for z, plane in enumerate(transform):
        distance = shells.radii(z)
        meeting = np.where(distance <= 1, 1 - distance / 2, 0.5 / np.maximum(distance, 1))
        total += float((power(plane) * meeting * shells.weights).sum())
    return max(1.0, total / float(power(transform[0])[0, 0]))
