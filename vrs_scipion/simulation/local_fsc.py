"""Where two half maps are expected to correlate how well: the truth of their local resolution."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.methods.fsc import GOLD_STANDARD, HALF
from vrs_scipion.methods.local_bands import (
    LocalCorrelations,
    bands_of,
    grid_of_points,
    local_resolution,
)
from vrs_scipion.methods.shells import Shells as CountedShells
from vrs_scipion.simulation.filters import Spectrum, frequency_grid
from vrs_scipion.simulation.shells import Shells

LEVELS = {"05": HALF, "0143": GOLD_STANDARD}
"""Of the local correlation, by what the names of their files end with."""

_WORKERS = os.cpu_count()
_TINY = 1e-12
"""Power, relative to the strongest shell, below which there is nothing to be divided by."""


def local_resolutions(clean: Density, noise: Spectrum, molecule: Mask) -> dict[float, Volume]:
    """Local resolution of a known signal in stationary noise of known power.

    In a Gaussian band of frequencies, around a place, the halves are expected to correlate by
    ⟨s²⟩/(⟨s²⟩ + σ²): s is the signal in that band, averaged over a Gaussian window inside of the
    molecule, and σ² the noise's variance in the band. It is what a mean over very many pairs comes
    to. Bands, windows and the flat spectrum that the bands are cut from are those of
    ``methods.local_bands``.

    Parameters
    ----------
    clean : the signal
    noise : expected |F|² of one half's noise, float32 (nz, ny, nx // 2 + 1)
    molecule : where it is wanted

    Returns
    -------
    dict
        By the level (0.5 and 0.143), float32 volumes in Å, 0 outside of the molecule. Where a level
        is not crossed within the bands, they have the first or the last band's.
    """
    box, size = clean.box, clean.voxel_size
    grid = grid_of_points(molecule, size)
    at = np.ix_(*(voxels % n for voxels, n in zip(grid.voxels, box, strict=True)))
    shells, frequency = Shells(box, size), frequency_grid(box, size)
    spectrum = fft.rfftn(clean.values, workers=_WORKERS)
    total = shells.mean(np.square(np.abs(spectrum)) + noise)
    flat = shells.spread(1 / np.sqrt(np.maximum(total, _TINY * total.max())))
    flat[0, 0, 0] = 0
    flat[shells.index >= shells.count] = 0
    counted = CountedShells(box, size)
    bands = bands_of(counted, counted.samples)
    inside = fft.rfftn(molecule.astype(np.float32), workers=_WORKERS)

    def averaged(transform: NDArray[np.complex64], window: float) -> NDArray[np.float32]:
        passed = np.exp(-2 * np.square(np.float32(np.pi * window) * frequency))
        values = fft.irfftn(transform * passed, s=box, workers=_WORKERS)
        return np.asarray(np.maximum(values[at][grid.inside], 0), np.float32)

    curves = []
    for band in bands:
        amplitude = np.asarray(flat * band.amplitude(frequency.astype(np.float64)), np.float32)
        field = fft.irfftn(spectrum * amplitude, s=box, workers=_WORKERS)
        variance = shells.total(np.square(amplitude) * noise) / clean.values.size**2
        squares = fft.rfftn(np.square(field) * molecule, workers=_WORKERS)
        signal = averaged(squares, band.window)
        both = signal + np.float32(variance) * averaged(inside, band.window)
        curves.append(np.divide(signal, both, out=np.zeros_like(both), where=both > 0))
    values = np.array(curves, np.float32)
    centres = np.array([band.frequency for band in bands])
    local = LocalCorrelations(centres, np.ones_like(values), values, grid, reaches_nyquist=True)
    return {
        level: np.nan_to_num(local_resolution(local, level).resolution, copy=False, nan=0.0)
        for level in LEVELS.values()
    }
