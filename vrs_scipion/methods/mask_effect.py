"""What a mask does to the comparison of two half maps: its border, what it leaves out, its curves.

A mask takes away noise from outside of the molecule. It also mixes neighbouring coefficients of the
transforms: the sharper and the more ragged its border, the farther strong low frequencies, which
agree, reach into weak high ones, which then seem to agree. How much of a masked curve is of that
kind is seen where the phases of both halves are random (Chen et al. 2013,
doi:10.1016/j.ultramic.2013.06.004).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Mask, Triple, Volume
from vrs_scipion.maps.fourier import resample
from vrs_scipion.maps.masks import bounding_box, cosine_edge, distance_from, low_passed
from vrs_scipion.maps.placement import Box, brought, centre_offset
from vrs_scipion.methods.fsc import (
    GOLD_STANDARD,
    FscCurve,
    UnderMask,
    corrected,
    first_random_shell,
    modified_correlations,
)
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, on_grid

UPPER, LOWER = 0.9, 0.1
"""Between these values of a mask lies its border."""
COARSE = 15.0
"""Å to which density is low-passed before one asks how much of it a mask leaves out."""

_CENTRES = 0.75
"""Voxels that the centres of two voxels next to a border lie off it, on average, together."""
_VOXELS = 4
"""Of the coarse grid, in that length."""
_BEYOND, _SPARE = 1.2, 8
"""Times a frequency, and Fourier shells, to which half maps are taken to see where they fall."""
_DENSE = 0.5
"""Share of the molecule's median density above which density may be of a molecule."""


@dataclass(frozen=True)
class MaskShape:
    """How large a mask is, and how it ends.

    Attributes
    ----------
    fraction : sum of its values, as a share of the box
    volume : the same in Å³
    edge : mean distance over which it falls from 0.9 to 0.1, in Å; None where it does not fall
    edge_voxels : the same in voxels
    faces : the faces of the box that it reaches, in words
    """

    fraction: float
    volume: float
    edge: float | None
    edge_voxels: float | None
    faces: tuple[str, ...]


def mask_shape(mask: Volume, voxel_size: Triple, through: Sequence[bool] = ()) -> MaskShape:
    """Measure a mask.

    Parameters
    ----------
    mask : float32 (z, y, x) from 0 to 1, not all 0
    voxel_size : Å along z, y, x
    through : along z, y, x, whether the molecule itself runs through the box, as a filament does:
        the mask has to reach the faces there
    """
    total = float(mask.sum(dtype=np.float64))
    edge = edge_width(mask, voxel_size)
    return MaskShape(
        fraction=total / mask.size,
        volume=total * math.prod(voxel_size),
        edge=edge,
        edge_voxels=None if edge is None else edge / _mean(voxel_size),
        faces=_faces(mask, through or (False,) * 3),
    )


@dataclass(frozen=True)
class MaskEffect:
    """What the correlation of two half maps under a mask says, and how much of it is the mask's.

    Attributes
    ----------
    masked : resolution by the curve under the mask, in Å; None where it never falls, as below
    corrected : by that less what random phases leave of it
    modified : by the curve that a mask has no part in
    by_mask : what random phases leave at the corrected resolution, or at the end of the curve; None
        where no phases are random
    """

    masked: float | None
    corrected: float | None
    modified: float | None
    by_mask: float | None

    @property
    def inflation(self) -> float | None:
        """How many times finer the masked curve makes the resolution."""
        return self.modified / self.masked if self.modified and self.masked else None

    def deviation(self, finest: float) -> float | None:
        """Of the corrected resolution from that without a mask's part in it, as a share of that.

        Neither is taken for finer than ``finest``, in Å: the end of the shorter curve. None where
        neither falls before.
        """
        if self.corrected is None and self.modified is None:
            return None
        corrected, modified = (max(r or finest, finest) for r in (self.corrected, self.modified))
        return abs(corrected / modified - 1)


@dataclass(frozen=True)
class MaskCurves:
    """How two half maps correlate under a mask.

    Attributes
    ----------
    masked : under it
    randomised : there, if the phases are random; None where none are
    corrected : under it, less what that leaves
    modified : where it is, by bands, so that it has no part in it
    """

    masked: FscCurve
    randomised: FscCurve | None
    corrected: FscCurve
    modified: FscCurve

    @classmethod
    def of(
        cls,
        under: UnderMask,
        halves: tuple[Volume, Volume],
        spectra: tuple[HalfSpectrum, HalfSpectrum],
        unmasked: FscCurve,
        order: int = 1,
    ) -> MaskCurves:
        """Measure them.

        Parameters
        ----------
        under : the mask
        halves, spectra : the half maps, and their half spectra as ``scipy.fft.rfftn`` gives them
        unmasked : their correlation without a mask, which says where phases are random
        order : of the point group that was imposed on both
        """
        masked = under.correlation(*halves, order)
        (modified,) = modified_correlations(*spectra, [under], order=order)
        shell = first_random_shell(unmasked)
        if shell is None:
            return cls(masked, None, masked, modified)
        randomised = under.randomised(*spectra, shell, order)
        return cls(masked, randomised, corrected(masked, randomised, shell), modified)

    @property
    def effect(self) -> MaskEffect:
        """What they say of resolutions at 0.143."""
        masked, without, modified = (
            curve.resolution(GOLD_STANDARD)
            for curve in (self.masked, self.corrected, self.modified)
        )
        by_mask = None
        if self.randomised is not None:
            by_mask = made_by_mask(self.randomised.frequency, self.randomised.correlation, without)
        return MaskEffect(masked, without, modified, by_mask)

    @property
    def finest(self) -> float:
        """To which all of them reach, in Å."""
        return 1 / float(self.modified.frequency[-1])


def edge_width(mask: Volume, voxel_size: Triple) -> float | None:
    """Mean distance over which a mask falls from 0.9 to 0.1, in Å.

    That is from the voxels where it has just fallen to the nearest one where it has not begun to,
    less what the centres of both lie off the border. Of a hard mask it is a quarter of a voxel.

    Returns
    -------
    None where the mask has no such border: where it nowhere falls, or nowhere reaches 0.9.
    """
    from scipy.spatial import cKDTree  # slow to load

    within, above = mask >= LOWER, mask >= UPPER
    if not above.any() or within.all():
        return None
    near = _around(within, (1, 1, 1))
    fallen = _rim(~within[near]) * voxel_size
    high = _rim(above[near]) * voxel_size
    distance, _ = cKDTree(high).query(fallen)
    return float(distance.mean()) - _CENTRES * _mean(voxel_size)


def _rim(inside: Mask) -> NDArray[np.intp]:
    """Indices of voxels that share a face with one outside; shape (n, 3)."""
    from scipy import ndimage  # slow to load

    return np.argwhere(inside & ndimage.binary_dilation(~inside))


def left_out(mask: Volume, molecule: Mask) -> float:
    """Share of the molecule's voxels that a mask takes away."""
    return 1.0 - float(mask[molecule].mean(dtype=np.float64))


class Surroundings:
    """Density of a map around its molecule, low-passed to 15 Å, on a grid that is fine enough.

    Parameters
    ----------
    values : the map, float32 (z, y, x)
    voxel_size : Å along z, y, x
    molecule : where it is
    """

    def __init__(self, values: Volume, voxel_size: Triple, molecule: Mask) -> None:
        self._box, self._size = molecule.shape, voxel_size
        level = values - np.float32(values.mean(dtype=np.float64))  # an offset costs digits
        self._coarse = resample(Density(level, voxel_size), max(COARSE / _VOXELS, *voxel_size))
        density = low_passed(self._coarse.values, self._coarse.voxel_size, COARSE)
        inside = self._brought(molecule) >= np.float32(0.5)
        if inside.any() and not molecule.all():
            density -= np.median(density[~inside])
            dense = _DENSE * float(np.median(density[inside]))
            self._dense: Volume = np.where(density > dense, density, np.float32(0))
        else:
            self._dense = np.zeros_like(density)

    def cut_by(self, mask: Volume) -> float | None:
        """How much density outside a mask is as strong as that of the molecule.

        Only what exceeds half of the median in the molecule counts: neither noise nor the halo of a
        molecule does.

        Returns
        -------
        its sum over that inside the mask; None where nothing counts there
        """
        weights = self._brought(mask)
        inside = float(np.vdot(self._dense, weights))
        return float(np.vdot(self._dense, 1 - weights)) / inside if inside > 0 else None

    def _brought(self, values: Volume | Mask) -> Volume:
        coarse = self._coarse
        offset = centre_offset(self._box, self._size, coarse.box, coarse.voxel_size)
        return brought(values, self._size, coarse.box, coarse.voxel_size, offset)


@dataclass(frozen=True)
class Widened:
    """A mask whose border was moved, and the resolution of two half maps in it.

    Attributes
    ----------
    fraction : sum of its values, as a share of the box
    resolution : where the correlation that a mask adds nothing to falls, in Å; None where it never
        does
    """

    fraction: float
    resolution: float | None


def widened(
    spectra: tuple[HalfSpectrum, HalfSpectrum],
    hard: Mask,
    voxel_size: Triple,
    dilations: Sequence[float],
    edge: float,
    *,
    expected: float | None = None,
    order: int = 1,
    threads: int = 1,
) -> list[Widened]:
    """How the resolution of two half maps depends on where the border of their mask lies.

    Where a resolution is expected, the half maps are taken on voxels that hold a little more than
    that, and on their own where that turns out to be too little.

    Parameters
    ----------
    spectra : half spectra of the half maps, as ``scipy.fft.rfftn`` gives them
    hard : mask of the molecule, on their grid
    voxel_size : Å along z, y, x
    dilations : Å from it to where the masks begin to fall
    edge : Å over which they fall by a raised cosine
    expected : resolution, in Å
    order : of the point group that was imposed on both half maps
    threads : for the Fourier transforms
    """
    molecule, box = hard, hard.shape
    grid = _coarser(box, voxel_size, expected)
    size = _voxels(box, voxel_size, grid)
    first, second = spectra
    if grid != box:
        first, second = on_grid(first, grid), on_grid(second, grid)
        molecule = brought(molecule, voxel_size, grid, size, (0.0, 0.0, 0.0)) >= np.float32(0.5)
    masks = _grown(molecule, size, dilations, edge, threads)
    curves = modified_correlations(first, second, masks, order=order)
    found = [
        Widened(
            float(mask.mask.sum(dtype=np.float64)) / math.prod(grid),
            curve.resolution(GOLD_STANDARD),
        )
        for mask, curve in zip(masks, curves, strict=True)
    ]
    if grid != box and any(one.resolution is None for one in found):
        return widened(spectra, hard, voxel_size, dilations, edge, order=order, threads=threads)
    return found


def _grown(
    molecule: Mask, voxel_size: Triple, dilations: Sequence[float], edge: float, threads: int
) -> list[UnderMask]:
    """Masks around a molecule that begin to fall so many Å from it, over ``edge`` Å."""
    reach = max(dilations) + edge
    z, y, x = _around(molecule, [math.ceil(reach / step) for step in voxel_size])
    distance = distance_from(molecule[z, y, x], voxel_size, reach)
    shells = Shells(molecule.shape, voxel_size)
    return [
        UnderMask(shells, cosine_edge(distance, d, edge), (z, y, x), threads) for d in dilations
    ]


def _around(mask: Mask, margins: Sequence[int]) -> tuple[slice, ...]:
    """The part of the box that holds a mask, and so many voxels around it along z, y, x."""
    return tuple(
        slice(max(0, first - margin), last + 1 + margin)
        for (first, last), margin in zip(bounding_box(mask), margins, strict=True)
    )


def _coarser(box: tuple[int, ...], voxel_size: Triple, expected: float | None) -> Box:
    """The fewest voxels along z, y, x that hold what is needed to see a resolution."""
    from scipy import fft  # slow to load

    def fewest(n: int, size: float) -> int:
        if expected is None:
            return n
        shells = _BEYOND * n * size / expected + _SPARE
        return min(n, int(fft.next_fast_len(2 * math.ceil(shells), real=True)))

    z, y, x = (fewest(n, size) for n, size in zip(box, voxel_size, strict=True))
    return z, y, x


def _voxels(box: tuple[int, ...], voxel_size: Triple, grid: Box) -> Triple:
    z, y, x = (n * size / m for n, size, m in zip(box, voxel_size, grid, strict=True))
    return z, y, x


def made_by_mask(frequency: Reals, randomised: Reals, resolution: float | None) -> float | None:
    """What random phases leave at a resolution, in Å, or at the end of the curve without one.

    Parameters
    ----------
    frequency, randomised : 1/Å, and the correlation under a mask with random phases, (shells,)

    Returns
    -------
    its mean over the three shells around there; None where no phases are random
    """
    if not np.isfinite(randomised).any():
        return None
    there = frequency[-1] if resolution is None else 1 / resolution
    nearest = int(np.abs(frequency - there).argmin())
    return float(np.nanmean(randomised[max(0, nearest - 1) : nearest + 2]))


def _faces(mask: Volume, through: Sequence[bool]) -> tuple[str, ...]:
    """The faces where the mask is above 0.1."""
    reached = []
    for axis, (name, passing) in enumerate(zip("zyx", through, strict=True)):
        for place, index in (("first", 0), ("last", -1)):
            if not passing and np.take(mask, index, axis=axis).max() > LOWER:
                reached.append(f"{place} {name}")
    return tuple(reached)


def _mean(voxel_size: Triple) -> float:
    return math.fsum(voxel_size) / 3
