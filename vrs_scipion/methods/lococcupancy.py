"""LocOccupancy: in how many bands of frequency a voxel's amplitude keeps up with the others'.

Kaur et al. 2021, doi 10.1038/s41467-021-21509-5; the occupancy against the noise is this
package's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.local_sweep import (
    MIN_RES,
    WIDTH,
    background,
    everywhere_else_nan,
    order_statistics,
    require_sweep,
    shell_width,
)
from vrs_scipion.methods.spiral_bands import SpiralBands, Values

NOISE_QUANTILE = 0.95
"""Default quantile of the background's amplitude that a voxel must exceed."""


@dataclass(frozen=True)
class Occupancies:
    """Occupancies of the voxels of a mask, float32 (z, y, x), 0 to 1; NaN outside it.

    Attributes
    ----------
    relative : fraction of bands with an amplitude at or above the mask's quantile
    against_noise : fraction of bands with an amplitude above the background's quantile
    bands : number of bands
    """

    relative: Volume
    against_noise: Volume
    bands: int


def band_frequencies(min_res: float, max_res: float, width: float) -> NDArray[np.float64]:
    """Centres of the bands in 1/Å: about a standard deviation apart, one at least."""
    low, high = 1 / min_res, 1 / max_res
    return np.linspace(low, high, max(1, int((high - low) / width)))


def local_occupancy(
    values: Volume,
    voxel_size: Triple,
    mask: Mask,
    *,
    min_res: float = MIN_RES,
    max_res: float,
    protein_threshold: float = 0.25,
    f_voxel_width: float = WIDTH,
    threads: int = 1,
) -> Volume:
    """Fraction of bands in which a voxel's amplitude is not below the mask's quantile.

    A relative measure: its mean over the mask is about 1 − ``protein_threshold`` for any map.

    Parameters
    ----------
    values : map, shape (z, y, x)
    voxel_size : Å along z, y, x
    mask : the molecule, shape (z, y, x)
    min_res, max_res : coarse and fine end of the sweep in Å
    protein_threshold : quantile of the amplitudes in the mask, 0 to 1
    f_voxel_width : standard deviation of the shells in Fourier bins (see ``shell_width``)
    threads : to use

    Returns
    -------
    float32 array, shape (z, y, x)
        0 to 1 inside the mask, NaN outside.

    Raises
    ------
    NotMeasurableError
        if the map, the mask or the sweep leave nothing to measure (see ``require_sweep``); a
        ValueError.
    """
    require_sweep(values, voxel_size, mask, min_res, max_res)
    width = shell_width(f_voxel_width, values.shape, voxel_size)
    bands = SpiralBands(values, voxel_size, width, (mask,), threads)
    frequencies = band_frequencies(min_res, max_res, width)
    counts = np.zeros(int(np.count_nonzero(mask)), np.int32)
    for frequency in frequencies:
        (inside,) = bands.band(float(frequency)).squares
        counts += _reaches(inside, inside, protein_threshold)
    return everywhere_else_nan(counts / frequencies.size, mask)


def local_occupancies(
    values: Volume,
    voxel_size: Triple,
    mask: Mask,
    *,
    min_res: float = MIN_RES,
    max_res: float,
    protein_threshold: float = 0.25,
    noise_quantile: float = NOISE_QUANTILE,
    f_voxel_width: float = WIDTH,
    threads: int = 1,
) -> Occupancies:
    """The occupancy of ``local_occupancy`` and, from the same bands, the one against the noise.

    The latter can fail: where there is nothing but noise it is 1 − ``noise_quantile``.

    Parameters
    ----------
    noise_quantile : quantile of the amplitudes in the background (see ``background``), 0 to 1
    values, voxel_size, mask, min_res, max_res, protein_threshold, f_voxel_width, threads :
        as for ``local_occupancy``

    Raises
    ------
    NotMeasurableError
        as ``local_occupancy``, and if there is no background.
    """
    require_sweep(values, voxel_size, mask, min_res, max_res)
    width = shell_width(f_voxel_width, values.shape, voxel_size)
    bands = SpiralBands(values, voxel_size, width, (mask, background(mask)), threads)
    frequencies = band_frequencies(min_res, max_res, width)
    relative = np.zeros(int(np.count_nonzero(mask)), np.int32)
    against_noise = np.zeros_like(relative)
    for frequency in frequencies:
        inside, outside = bands.band(float(frequency)).squares
        relative += _reaches(inside, inside, protein_threshold)
        against_noise += _exceeds(inside, outside, noise_quantile)
    return Occupancies(
        everywhere_else_nan(relative / frequencies.size, mask),
        everywhere_else_nan(against_noise / frequencies.size, mask),
        frequencies.size,
    )


def _reaches(squares: Values, among: Values, probability: float) -> Mask:
    """Which amplitudes are not below the quantile ``among`` others, all given by their squares.

    A quantile between two neighbours is reached by the upper one; only one that falls on a value
    is reached by that value. Comparing with the values themselves spares rounding.
    """
    lower, upper, fraction = order_statistics(among, probability)
    reaches: Mask = squares >= (upper if fraction else lower)
    return reaches


def _exceeds(squares: Values, among: Values, probability: float) -> Mask:
    """Which amplitudes are above the quantile ``among`` others, all given by their squares."""
    lower, _, _ = order_statistics(among, probability)
    exceeds: Mask = squares > lower
    return exceeds
