"""The transforms of the half maps, computed once and kept for every check that asks for them."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.entry.records import Box
from vrs_scipion.files import written_whole
from vrs_scipion.folders import SPECTRA
from vrs_scipion.maps.density import Volume

Spectrum = NDArray[np.complex64]


def kept_spectrum(half: Path, box: Box, read: Callable[[], Volume], threads: int = 1) -> Spectrum:
    """The half spectrum of a volume, kept in a folder beside its file and read by memory map.

    Checks that ask for it at the same time wait for the one that computes it. Where it cannot be
    kept it is computed for whoever asks.

    Parameters
    ----------
    half : the file of the volume
    box : its voxels along z, y, x
    read : reads it
    threads : for the Fourier transform
    """
    path = half.parent / SPECTRA / f"{half.stem}.npy"
    with suppress(OSError), _alone(path):
        kept = _kept(path, half, box)
        return _keep(path, _transformed(read(), threads)) if kept is None else kept
    return _transformed(read(), threads)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _kept(path: Path, half: Path, box: Box) -> Spectrum | None:
    """What is kept; None where there is nothing, or something broken or older than the volume."""
    try:
        if path.stat().st_mtime_ns < half.stat().st_mtime_ns:
            return None
        found: Spectrum = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    nz, ny, nx = box
    return found if found.shape == (nz, ny, nx // 2 + 1) and found.dtype == np.complex64 else None


def _keep(path: Path, spectrum: Spectrum) -> Spectrum:
    with suppress(OSError), written_whole(path) as temporary, temporary.open("wb") as file:
        np.save(file, spectrum)
    return spectrum


def _transformed(volume: Volume, threads: int) -> Spectrum:
    from scipy import fft  # slow to load

    spectrum: Spectrum = fft.rfftn(volume, workers=threads)
    return spectrum
