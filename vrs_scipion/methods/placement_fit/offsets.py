"""Where else in a map a model would lie without being turned, and what such a shift is called."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.model_map import inside, model_map
from vrs_scipion.methods.placement_fit.surroundings import MARGIN, Whole, grid_around
from vrs_scipion.methods.shells import HalfSpectrum
from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.atoms import Coordinates

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_OF_HALF_A_VOXEL = 0.15
"""Voxels by which a shift may miss half a voxel and still be called that."""
_LEAST_VARIANCE = 0.02
"""Of the largest local variance, below which a place is empty."""


@dataclass(frozen=True)
class Peak:
    """A place of a model.

    Attributes
    ----------
    shift : float64 array, shape (3,), Å along x, y, z from where the model lies
    correlation : inside the model, of the low-passed map and the model's map there
    """

    shift: Coordinates
    correlation: float


@dataclass(frozen=True)
class Peaks:
    """Places of a model.

    Attributes
    ----------
    here : the correlation where it lies; NaN outside of the box
    near : the best place within reach of a fit from there; None outside of the box
    best : the best one of all
    """

    here: float
    near: Peak | None
    best: Peak


def peaks(of: Whole, model: AtomicModel, cut: float) -> Peaks:
    """The model shifted to every voxel of the low-passed map, and where it agrees best.

    Its centroid stays in the box. Correlations are Pearson's over the voxels that the model fills
    (Roseman 2003).

    Parameters
    ----------
    of : the whole map
    model : atoms x, y, z in Å
    cut : Å, what is finer is left out

    References
    ----------
    Roseman (2003), doi:10.1016/S0304-3991(02)00333-9
    """
    values, size = of.low_passed(cut)
    grid, first = grid_around(model, of.start, size, max(MARGIN, cut))
    mask, drawn = inside(model, grid), model_map(model, grid, cut, of.threads)
    centroid = model.indices(of.start, size)[model.scored].mean(axis=0)
    lowest = np.ceil(-centroid).astype(np.intp)
    counts = np.floor(np.subtract(values.shape, 1) - centroid).astype(np.intp) - lowest + 1
    correlation = _local_correlation(values, drawn, mask, first + lowest, counts, of.threads)
    shifts = [(low + np.arange(n)) * s for low, n, s in zip(lowest, counts, size, strict=True)]
    z, y, x = np.meshgrid(*shifts, indexing="ij", sparse=True)
    reach = np.sqrt(z**2 + y**2 + x**2) <= cut
    best = _highest(correlation, shifts)
    near = _highest(np.where(reach, correlation, -1), shifts) if reach.any() else None
    lies_in_it = bool(((lowest <= 0) & (lowest + counts > 0)).all())
    here = float(correlation[tuple(-lowest)]) if lies_in_it else math.nan
    return Peaks(here, near, best)


def _local_correlation(
    values: Volume, drawn: Volume, mask: Mask, first: Indices, counts: Indices, threads: int
) -> Volume:
    """Pearson's correlation inside the mask, whose voxel 0 lies on ``first`` and those after it."""
    from scipy import fft  # slow to load

    box = [
        fft.next_fast_len(n + m, real=True) for n, m in zip(values.shape, mask.shape, strict=True)
    ]
    wanted = np.ix_(
        *((f + np.arange(n)) % size for f, n, size in zip(first, counts, box, strict=True))
    )

    def transform(volume: Volume) -> HalfSpectrum:
        found: HalfSpectrum = fft.rfftn(volume, s=box, workers=threads)
        return found

    def correlated(template: HalfSpectrum, spectrum: HalfSpectrum) -> Volume:
        product = np.conj(template)
        product *= spectrum
        whole: Volume = fft.irfftn(product, s=box, overwrite_x=True, workers=threads)
        return whole[wanted]

    template = np.where(mask, drawn - drawn[mask].mean(dtype=np.float64), 0).astype(np.float32)
    weights = transform(mask.astype(np.float32))
    density = transform(values)
    products = correlated(transform(template), density)
    sums = correlated(weights, density)
    squares = correlated(weights, transform(np.square(values)))
    variance = squares - np.square(sums) / np.float32(np.count_nonzero(mask))
    variance = np.maximum(variance, _LEAST_VARIANCE * float(variance.max()))
    energy = float(np.einsum("zyx,zyx->", template, template, dtype=np.float64))
    norm = np.sqrt(variance * np.float32(energy))
    return np.divide(products, norm, out=np.zeros_like(products), where=norm > 0)


def _highest(correlation: Volume, shifts: Sequence[Floats]) -> Peak:
    """The highest value, and where it is, by a parabola along each axis."""
    place = np.unravel_index(int(np.argmax(correlation)), correlation.shape)
    zyx = []
    for axis, (at, steps) in enumerate(zip(place, shifts, strict=True)):
        index: list[Any] = list(place)
        index[axis] = slice(None)
        along = correlation[tuple(index)]
        fraction = 0.0
        if 0 < at < len(along) - 1:
            before, there, after = (float(v) for v in along[at - 1 : at + 2])
            bend = before - 2 * there + after
            fraction = 0.5 * (before - after) / bend if bend < 0 else 0.0
        size = steps[1] - steps[0] if len(steps) > 1 else 0.0
        zyx.append(float(steps[at] + np.clip(fraction, -0.5, 0.5) * size))
    return Peak(np.array(zyx[::-1]), float(correlation[place]))


class Header(Protocol):
    """What a header says of where a map lies, z, y, x: see `maps.density.Density`."""

    @property
    def box(self) -> tuple[int, int, int]: ...

    @property
    def voxel_size(self) -> Triple: ...

    @property
    def nstart(self) -> tuple[int, int, int]: ...

    @property
    def origin(self) -> Triple: ...


def name_of(shift: Coordinates, frame: Header) -> str:
    """What a shift (x, y, z in Å) is by the map's header, within a voxel; '' where it is nothing.

    For the middle of a sentence: 'half the box', 'the header's ORIGIN'.
    """
    size = np.array(frame.voxel_size[::-1])
    if float(np.abs(np.abs(shift) - size / 2).max()) <= _OF_HALF_A_VOXEL * float(size.min()):
        return "half a voxel along each axis"
    for words, vector in _named(frame):
        known = float(np.linalg.norm(vector)) > float(size.max())
        if known and bool((np.abs(shift - vector) <= size).all()):
            return words
    return ""


def _named(frame: Header) -> Iterator[tuple[str, Coordinates]]:
    """Shifts x, y, z in Å that have a name."""
    size = np.array(frame.voxel_size[::-1])
    origin, nstart = np.array(frame.origin[::-1]), np.array(frame.nstart[::-1]) * size
    half = np.array(frame.box[::-1]) * size / 2
    yield "the header's ORIGIN", origin
    yield "the header's ORIGIN, taken the other way", -origin
    yield "the place of the header's first voxel", nstart
    yield "the place of the header's first voxel, taken the other way", -nstart
    yield "half the box", half
    yield "half the box, taken the other way", -half
    yield "the difference of the header's ORIGIN and its first voxel", origin - nstart
