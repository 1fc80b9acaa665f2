"""The rotationally averaged power spectrum of a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.results.plots import Axis, Mark, OppositeAxis, Plot, Series

RESOLUTION = OppositeAxis(label="Resolution d", unit="Å", power=-1.0)

_TIE = 1e-9


def power_spectrum(
    volume: Volume, voxel_size: Triple, threads: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean power of a map in Fourier shells up to the Nyquist frequency.

    Shells are one wave over the longest edge of the box thick; the mean of the map is left out.

    Parameters
    ----------
    volume : float32 array, shape (nz, ny, nx)
    voxel_size : Å along z, y, x
    threads : for the Fourier transform

    Returns
    -------
    frequencies, power : float64 arrays, shape (shells,); 1/Å, and the mean of |F|² over the square
        of the number of voxels. Shells without a coefficient are NaN.
    """
    extents = [n * size for n, size in zip(volume.shape, voxel_size, strict=True)]
    longest = max(extents)
    shells = int(longest / (2 * max(voxel_size)) + _TIE)
    transform = fft.rfftn(volume, workers=threads)
    z, y = (
        (fft.fftfreq(n, 1 / n) * longest / extent) ** 2
        for n, extent in zip(volume.shape[:2], extents[:2], strict=True)
    )
    waves = np.arange(transform.shape[2])
    plane = y[:, None] + (waves * longest / extents[2]) ** 2
    weights = np.where((waves > 0) & (2 * waves != volume.shape[2]), 2.0, 1.0)
    weights = np.broadcast_to(weights, plane.shape)
    sums, counts = np.zeros(shells + 2), np.zeros(shells + 2)
    for square, section in zip(z, transform, strict=True):
        shell = np.minimum(np.sqrt(plane + square) + 0.5 + _TIE, shells + 1).astype(np.intp).ravel()
        power = (np.square(section.real) + np.square(section.imag)) * weights
        sums += np.bincount(shell, power.ravel(), shells + 2)
        counts += np.bincount(shell, weights.ravel(), shells + 2)
    kept = slice(1, shells + 1)
    with np.errstate(invalid="ignore"):
        mean = sums[kept] / counts[kept] / float(volume.size) ** 2
    return np.arange(1, shells + 1) / longest, mean


def spectrum_plot(
    volume: Volume, voxel_size: Triple, resolution: float | None, threads: int = 1
) -> Plot:
    """Return the plot of `power_spectrum`, the reported resolution (Å) marked if there is one."""
    frequencies, power = power_spectrum(volume, voxel_size, threads)
    marks = () if resolution is None else (_reported(resolution),)
    return Plot(
        x=Axis(
            label="Spatial frequency",
            unit="1/Å",
            range=(0.0, float(frequencies[-1])),
            opposite=RESOLUTION,
        ),
        y=Axis(label="Mean power", scale="log"),
        series=(
            Series(
                name="mean power",
                x=tuple(frequencies.tolist()),
                y=tuple(float(p) if p > 0 else None for p in power),
            ),
        ),
        marks=marks,
    )


def _reported(resolution: float) -> Mark:
    return Mark(value=1 / resolution, label=f"reported resolution {resolution:g} Å")
