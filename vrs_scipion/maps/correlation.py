"""Correlated fields: how many independent samples one holds, and whether a wave runs through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume

_FEWEST_CYCLES = 3.0
"""Of a wave across the box; what is longer is a gradient."""


@dataclass(frozen=True)
class Wave:
    """A plane wave: its share of a field's variance, from 0 to 1, and its period in Å."""

    share: float
    period: float


def strongest_wave(
    values: Volume, where: Mask, mean: float, voxel_size: Triple, threads: int = 1
) -> Wave:
    """The plane wave that explains most of the variance of the voxels ``where``.

    Of white noise in n voxels it explains about 2 ln(n)/n. Waves that go through the box fewer
    than three times are left out. Takes two volumes of memory.

    Parameters
    ----------
    values : map, shape (z, y, x)
    where : the voxels that count
    mean : their mean
    voxel_size : Å along z, y, x

    Raises
    ------
    ValueError
        if the voxels do not vary.
    """
    from scipy import fft  # slow to load

    field = _field(values, where, mean)
    energy = float(np.einsum("zyx,zyx->", field, field, dtype=np.float64))
    if not energy > 0:
        raise ValueError("the values do not vary: there is no wave in them")
    amplitude = np.abs(fft.rfftn(field, overwrite_x=True, workers=threads))
    cycles = [
        np.rint(f(n, 1 / n)).astype(np.float32)
        for f, n in zip((fft.fftfreq, fft.fftfreq, fft.rfftfreq), values.shape, strict=True)
    ]
    z, y, x = cycles[0][:, None, None], cycles[1][:, None], cycles[2]
    amplitude[z**2 + y**2 + x**2 < _FEWEST_CYCLES**2] = 0
    strongest = np.unravel_index(int(amplitude.argmax()), amplitude.shape)
    alone = all(2 * c[i] % n == 0 for c, i, n in zip(cycles, strongest, values.shape, strict=True))
    power = (1 if alone else 2) * float(amplitude[strongest]) ** 2
    frequency = np.sqrt(
        sum(
            (float(c[i]) / (n * s)) ** 2
            for c, i, n, s in zip(cycles, strongest, values.shape, voxel_size, strict=True)
        )
    )
    covered = np.count_nonzero(where) / where.size
    share = min(1.0, power / (values.size * energy * covered))
    return Wave(share, 1 / float(frequency) if frequency else float("inf"))


def effective_samples(
    values: Volume, where: Mask, mean: float, voxel_size: Triple, threads: int = 1
) -> float:
    """Number of independent samples with the same variance of the mean as the voxels ``where``.

    The variance of the mean of n correlated voxels is σ²τ/n with τ the sum over all lags of
    their autocorrelation ρ, each lag weighted by the fraction of voxels that have a partner
    there. The sum over the measured ρ of *all* lags vanishes identically, so it is cut at the
    first distance at which ρ, averaged over its sphere, is no longer positive (the initial
    positive sequence of Geyer 1992, doi 10.1214/ss/1177011137, in three dimensions), and at a
    quarter of the box at most. The box is taken as periodic. Takes three volumes of memory.

    Parameters
    ----------
    values : map, shape (z, y, x)
    where : the voxels that count
    mean : their mean
    voxel_size : Å along z, y, x

    Returns
    -------
    float
        n / τ, between 1 and n.

    Raises
    ------
    ValueError
        if the voxels do not vary.
    """
    covariance = _autocovariance(values, where, mean, threads)
    if not covariance[0, 0, 0] > 0:
        raise ValueError("the values do not vary: they have no autocorrelation")
    tau = _initial_positive_sum(covariance / covariance[0, 0, 0], voxel_size)
    count = float(np.count_nonzero(where))
    return min(count, max(1.0, count / tau))


def _autocovariance(values: Volume, where: Mask, mean: float, threads: int) -> NDArray[np.float32]:
    """Sum over x of f(x) f(x + h) for every lag h of the box, f the field minus its mean."""
    from scipy import fft  # slow to load

    field = _field(values, where, mean)
    transform = fft.rfftn(field, overwrite_x=True, workers=threads)
    del field
    power = np.square(transform.real)
    power += np.square(transform.imag)
    transform.real = power
    transform.imag = 0
    covariance: NDArray[np.float32] = fft.irfftn(
        transform, s=values.shape, overwrite_x=True, workers=threads
    )
    return covariance


def _field(values: Volume, where: Mask, mean: float) -> NDArray[np.float32]:
    """The values less their mean, 0 where they do not count."""
    field: NDArray[np.float32] = np.subtract(values, np.float32(mean), dtype=np.float32)
    field *= where
    return field


def _initial_positive_sum(correlation: NDArray[np.float32], voxel_size: Triple) -> float:
    """Sum over the lags nearer than the first shell whose mean is not positive."""
    shell = min(voxel_size)
    reach = min(n * s for n, s in zip(correlation.shape, voxel_size, strict=True)) / 4
    lags = [np.arange(-int(reach / s), int(reach / s) + 1) for s in voxel_size]
    near = correlation[np.ix_(*lags)].astype(np.float64)
    z, y, x = (lag * s for lag, s in zip(lags, voxel_size, strict=True))
    distance = np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2)
    shells = np.rint(distance / shell).astype(np.intp).ravel()
    inside = shells <= int(reach / shell)
    shells, near = shells[inside], near.ravel()[inside]
    counts = np.bincount(shells)
    sums = np.bincount(shells, weights=near)
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    ended = np.flatnonzero(means <= 0)
    last = int(ended[0]) if ended.size else means.size
    return float(sums[:last].sum())
