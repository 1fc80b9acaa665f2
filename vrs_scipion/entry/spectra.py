"""The transforms of the half maps, computed once and kept for every check that asks for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.entry.kept import kept
from vrs_scipion.entry.records import Box
from vrs_scipion.folders import SPECTRA
from vrs_scipion.maps.density import Volume

Spectrum = NDArray[np.complex64]


def kept_spectrum(half: Path, box: Box, read: Callable[[], Volume], threads: int = 1) -> Spectrum:
    """The half spectrum of a volume, kept in a folder beside its file and read by memory map.

    Parameters
    ----------
    half : the file of the volume
    box : its voxels along z, y, x
    read : reads it
    threads : for the Fourier transform
    """
    nz, ny, nx = box

    def load(path: Path) -> Spectrum | None:
        found: Spectrum = np.load(path, mmap_mode="r")
        right = found.shape == (nz, ny, nx // 2 + 1) and found.dtype == np.complex64
        return found if right else None

    path = half.parent / SPECTRA / f"{half.stem}.npy"
    return kept(path, half, lambda: _transformed(read(), threads), _save, load)


def _save(path: Path, spectrum: Spectrum) -> None:
    with path.open("wb") as file:
        np.save(file, spectrum)


def _transformed(volume: Volume, threads: int) -> Spectrum:
    from scipy import fft  # slow to load

    spectrum: Spectrum = fft.rfftn(volume, workers=threads)
    return spectrum
