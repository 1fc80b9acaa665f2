"""How many independent samples a correlated field holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from vrs_scipion.maps.density import Mask, Triple, Volume


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
    field = np.subtract(values, np.float32(mean), dtype=np.float32)
    field *= where
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
