"""The map around a model, low-passed, and the model drawn on the same voxels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.placement import correlation
from vrs_scipion.methods.model_map import Grid, inside, matching, model_map, soft_around
from vrs_scipion.methods.shells import HalfSpectrum, Shells, half_spectrum, on_grid
from vrs_scipion.models.atomic_model import AtomicModel

MARGIN = 6.0
"""Å that the surroundings of a model reach beyond its atoms and the cut."""
_PER_CUT = 3.0
"""Voxels to a cut's length, where those of the map are finer."""


@dataclass(frozen=True)
class Whole:
    """A whole map as its transform, from which low-passed parts are cut.

    Attributes
    ----------
    spectrum : complex64, as ``scipy.fft.rfftn`` gives it
    box : voxels along z, y, x
    voxel_size, start : Å along z, y, x; ``start`` is where voxel 0 lies
    """

    spectrum: HalfSpectrum
    box: tuple[int, int, int]
    voxel_size: Triple
    start: Triple
    threads: int = 1

    def low_passed(self, cut: float) -> tuple[Volume, Triple]:
        """The map without what is finer than ``cut`` Å, on voxels coarse enough for that.

        Voxel 0 stays where it is.

        Returns
        -------
        float32 array (z, y, x), and its voxels' size in Å
        """
        from scipy import fft  # slow to load

        extent = [n * size for n, size in zip(self.box, self.voxel_size, strict=True)]
        z, y, x = (
            min(n, fft.next_fast_len(math.ceil(_PER_CUT * length / cut), real=True))
            for n, length in zip(self.box, extent, strict=True)
        )
        grid = (z, y, x)
        kept = on_grid(self.spectrum, grid) if grid != self.box else self.spectrum.copy()
        size = tuple(length / n for n, length in zip(grid, extent, strict=True))
        voxel_size = (size[0], size[1], size[2])
        kept[frequencies(grid, voxel_size) > 1 / cut] = 0
        values: Volume = fft.irfftn(kept, s=grid, overwrite_x=True, workers=self.threads)
        values *= np.float32(math.prod(grid) / math.prod(self.box))
        return values, voxel_size


def whole(values: Volume, voxel_size: Triple, start: Triple, threads: int = 1) -> Whole:
    """A map (z, y, x) with Å along z, y, x of a voxel and of where voxel 0 lies."""
    from scipy import fft  # slow to load

    spectrum = fft.rfftn(values, workers=threads)
    nz, ny, nx = values.shape
    return Whole(spectrum, (nz, ny, nx), voxel_size, start, threads)


def frequencies(box: tuple[int, ...], voxel_size: Triple) -> NDArray[np.float32]:
    """1/Å at each coefficient of a half spectrum."""
    from scipy import fft  # slow to load

    z, y, x = (
        f(n, s).astype(np.float32)
        for f, n, s in zip((fft.fftfreq, fft.fftfreq, fft.rfftfreq), box, voxel_size, strict=True)
    )
    found: NDArray[np.float32] = np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2)
    return found


@dataclass(frozen=True)
class Surroundings:
    """The map around a model, low-passed.

    Attributes
    ----------
    values : float32 array (z, y, x); 0 beyond the map
    known : bool array, where the map reaches
    grid : of both
    cut : Å, what is finer was left out
    threads : for transforms
    """

    values: Volume
    known: Mask
    grid: Grid
    cut: float
    threads: int = 1

    @cached_property
    def shells(self) -> Shells:
        """The Fourier shells of the box."""
        return Shells(self.grid.box, self.grid.voxel_size)

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """The shell of each coefficient of a half spectrum."""
        return np.stack([self.shells.places(z) for z in range(self.grid.box[0])])

    def drawn(self, model: AtomicModel) -> Volume:
        """The model's map, cut alike."""
        return model_map(model, self.grid, self.cut, self.threads)

    def inside(self, model: AtomicModel) -> Mask:
        """The voxels that the model fills, as far as the map reaches."""
        mask: Mask = inside(model, self.grid) & self.known
        return mask

    def correlation(self, model: AtomicModel) -> float:
        """CC(mask): Pearson's of the map and the model's map inside the model; NaN without any."""
        mask = self.inside(model)
        if not mask.any():
            return math.nan
        return correlation(self.values[mask], self.drawn(model)[mask])

    def gain(self, model: AtomicModel) -> NDArray[np.float32]:
        """What gives the model's map the amplitudes that the map has around the model, by shell."""
        soft = soft_around(self.inside(model), self.grid.voxel_size)
        density = half_spectrum(self.values * soft, self.threads)
        spectrum = half_spectrum(self.drawn(model), self.threads)
        return matching(spectrum, density, self.shells).astype(np.float32)

    def matched(self, model: AtomicModel, gain: NDArray[np.float32]) -> HalfSpectrum:
        """The transform of the model's map with the amplitudes of the map."""
        spectrum = half_spectrum(self.drawn(model), self.threads)
        spectrum *= gain[self.places]
        return spectrum


def surroundings(of: Whole, model: AtomicModel, cut: float, spare: float = 0.0) -> Surroundings:
    """The part of a map that a model can be compared with while it moves by ``spare`` Å."""
    values, size = of.low_passed(cut)
    grid, first = grid_around(model, of.start, size, max(MARGIN, cut) + spare)
    part = np.zeros(grid.box, np.float32)
    known = np.zeros(grid.box, bool)
    ends = [
        (max(low, 0), max(low, 0, min(low + n, there)))
        for low, n, there in zip(first, grid.box, values.shape, strict=True)
    ]
    into = tuple(slice(a - low, b - low) for (a, b), low in zip(ends, first, strict=True))
    part[into] = values[tuple(slice(a, b) for a, b in ends)]
    known[into] = True
    return Surroundings(part, known, grid, cut, of.threads)


def grid_around(
    model: AtomicModel, start: Triple, size: Triple, margin: float
) -> tuple[Grid, tuple[int, int, int]]:
    """The voxels of a grid, also of those beyond its box, that hold a model and a margin (Å).

    Returns
    -------
    The smaller grid, and the index of its voxel 0 on the other one
    """
    from scipy import fft  # slow to load

    places = model.indices(start, size)[model.scored]
    reach = np.array([math.ceil(margin / s) for s in size])
    first = np.floor(places.min(axis=0)).astype(np.intp) - reach
    counts = np.ceil(places.max(axis=0)).astype(np.intp) + reach - first + 1
    nz, ny, nx = (fft.next_fast_len(int(n), real=True) for n in counts)
    fz, fy, fx = first.tolist()
    z, y, x = (o + f * s for o, f, s in zip(start, (fz, fy, fx), size, strict=True))
    return Grid((nz, ny, nx), size, (z, y, x)), (fz, fy, fx)
