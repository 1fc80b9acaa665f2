"""Radial filters in Fourier space: fall-off and low-pass."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from vrs_scipion.maps.density import Triple, Volume

Spectrum = NDArray[np.float32]

EDGE = 0.25
"""Default width of a low-pass filter's edge, as a fraction of its cut-off frequency."""


def frequency_grid(box: tuple[int, int, int], voxel_size: Triple) -> Spectrum:
    """Length of the frequency at each coefficient of a real Fourier transform.

    Parameters
    ----------
    box : nz, ny, nx
    voxel_size : Å along z, y, x

    Returns
    -------
    float32 array, shape (nz, ny, nx // 2 + 1)
        Frequencies in 1/Å, laid out as by ``scipy.fft.rfftn``.
    """
    z = fft.fftfreq(box[0], voxel_size[0]).astype(np.float32)[:, None, None]
    y = fft.fftfreq(box[1], voxel_size[1]).astype(np.float32)[:, None]
    x = fft.rfftfreq(box[2], voxel_size[2]).astype(np.float32)
    return np.asarray(np.sqrt(z**2 + y**2 + x**2))


def low_pass(frequency: Spectrum, resolution: float, edge: float = EDGE) -> Spectrum:
    """Raised-cosine low-pass filter.

    The amplitude is 1 up to (1 − edge/2)/resolution, falls as half a period of a cosine and is 0
    from (1 + edge/2)/resolution on. It is one half exactly at 1/resolution.

    Parameters
    ----------
    frequency : float32 array of any shape, in 1/Å
    resolution : Å
    edge : full width of the edge as a fraction of 1/resolution, above 0 and at most 2

    Returns
    -------
    float32 array, shape of ``frequency``

    Raises
    ------
    ValueError
        If the resolution is not positive, or the edge is out of its range.
    """
    if not resolution > 0:
        raise ValueError(f"the resolution must be positive, not {resolution:g} Å")
    if not 0 < edge <= 2:
        raise ValueError(f"the edge must be above 0 and at most 2, not {edge:g}")
    across = np.clip((frequency * resolution - 1) / edge + 0.5, 0, 1)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * across), dtype=np.float32)


def fall_off(frequency: Spectrum, b_factor: float) -> Spectrum:
    """exp(−B·s²/4): the amplitude that a B-factor in Å² leaves at frequency s in 1/Å."""
    return np.asarray(np.exp(-b_factor / 4 * frequency**2), dtype=np.float32)


def apply_filter(values: Volume, amplitude: Spectrum) -> Volume:
    """Multiply a volume's Fourier transform by a real amplitude.

    Parameters
    ----------
    values : float32 array, shape (nz, ny, nx)
    amplitude : float32 array, shape (nz, ny, nx // 2 + 1)

    Returns
    -------
    float32 array, shape (nz, ny, nx)
    """
    workers = os.cpu_count()
    spectrum = fft.rfftn(values, workers=workers)
    spectrum *= amplitude
    return np.asarray(
        fft.irfftn(spectrum, s=values.shape, workers=workers, overwrite_x=True), dtype=np.float32
    )
