"""LocBfactor: the local B-factor of a map, from how its local amplitude falls with frequency.

Kaur et al. 2021, doi 10.1038/s41467-021-21509-5.
"""

from __future__ import annotations

import math

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

Line = NDArray[np.float64]

_FEWEST_POINTS = 3


def local_bfactor(
    values: Volume,
    voxel_size: Triple,
    mask: Mask,
    *,
    min_res: float = MIN_RES,
    max_res: float,
    num_points: int = 10,
    noise_threshold: float = 0.9,
    f_voxel_width: float = WIDTH,
    only_above_noise: bool = False,
    threads: int = 1,
) -> Volume:
    """B-factor of every voxel of the mask: four times the slope of ln amplitude over s².

    Amplitudes are taken in bands spaced evenly from 1/min_res to 1/max_res, both included, and
    divided by their shell's sum. With m the amplitude and q the noise, y = ln(m²/(m + q)) is
    fitted by a line over s². The sign is that of the logarithm's slope, opposite to the B of an
    atom: the more negative, the more blurred. Scale and sign of the map have no effect.

    Parameters
    ----------
    values : map, shape (z, y, x); masked, sharpened or offset maps give the B of what they are
    voxel_size : Å along z, y, x
    mask : the molecule, shape (z, y, x)
    min_res, max_res : coarse and fine end of the sweep in Å
    num_points : number of bands
    noise_threshold : quantile of the background's amplitude that is taken for the noise, 0 to 1
    f_voxel_width : standard deviation of the shells in Fourier bins (see ``shell_width``)
    only_above_noise : fit only bands with y > ln q, three of them at least
    threads : to use

    Returns
    -------
    float32 array, shape (z, y, x)
        Å² inside the mask; NaN outside, and where there was nothing to fit.

    Raises
    ------
    NotMeasurableError
        if the map, the mask or the sweep leave nothing to measure (see ``require_sweep``), or
        there is no background; a ValueError, as the following.
    ValueError
        if there are too few bands to fit, or the quantile is none.
    """
    require_sweep(values, voxel_size, mask, min_res, max_res)
    fewest = _FEWEST_POINTS if only_above_noise else 2
    if num_points < fewest:
        raise ValueError(f"a fit needs at least {fewest} bands, not {num_points}")
    width = shell_width(f_voxel_width, values.shape, voxel_size)
    bands = SpiralBands(values, voxel_size, width, (mask, background(mask)), threads)
    frequencies = np.linspace(1 / min_res, 1 / max_res, num_points)
    x = frequencies**2 - np.mean(frequencies**2)
    fits = _LineFits()
    for x_i, frequency in zip(x, frequencies, strict=True):
        band = bands.band(float(frequency))
        inside, outside = band.squares
        noise = _quantile(outside, noise_threshold)
        y = _weighted_logarithm(inside, noise)
        above = y > math.log(noise) if only_above_noise and noise > 0 else None
        fits.add(float(x_i), y - math.log(band.shell_sum), above)
    return everywhere_else_nan(4 * fits.slopes(fewest), mask)


def _quantile(squares: Values, probability: float) -> float:
    """Quantile of the amplitudes, interpolated linearly, from their squares."""
    lower, upper, fraction = order_statistics(squares, probability)
    low, high = np.sqrt(np.float64(lower)), np.sqrt(np.float64(upper))
    return float(low + fraction * (high - low))


def _weighted_logarithm(squares: Values, noise: float) -> Line:
    """ln(m²/(m + q)) of amplitudes m given by their squares."""
    exact = squares.astype(np.float64)
    weighted = np.sqrt(exact)
    weighted += noise
    with np.errstate(divide="ignore", invalid="ignore"):
        np.divide(exact, weighted, out=weighted)
        np.log(weighted, out=weighted)
    return weighted


class _LineFits:
    """Least-squares lines through the points of every voxel, one point of each at a time.

    ``x`` should be centred; only points that are ``chosen`` count.
    """

    def __init__(self) -> None:
        self._n: Line | float = 0.0
        self._x: Line | float = 0.0
        self._y: Line | float = 0.0
        self._xx: Line | float = 0.0
        self._xy: Line | float = 0.0

    def add(self, x: float, y: Line, chosen: Mask | None = None) -> None:
        weight: Line | float = 1.0
        if chosen is not None:
            weight, y = chosen.astype(np.float64), np.where(chosen, y, 0.0)
        self._n = self._n + weight
        self._x = self._x + weight * x
        self._y = self._y + y
        self._xx = self._xx + weight * (x * x)
        self._xy = self._xy + x * y

    def slopes(self, fewest: int) -> Line:
        """Slope of every voxel's line; NaN with under ``fewest`` points."""
        n, x, y, xx, xy = (np.asarray(s) for s in (self._n, self._x, self._y, self._xx, self._xy))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(n >= fewest, (n * xy - x * y) / (n * xx - x * x), np.nan)
