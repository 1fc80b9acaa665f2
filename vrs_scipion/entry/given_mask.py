"""A mask that was given beside the half maps: read as a map is, refused where it is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vrs_scipion.entry.read_half_maps import Whole, same_voxel, with_voxel_of
from vrs_scipion.entry.records import triple, voxel_words
from vrs_scipion.files import InputError
from vrs_scipion.maps.density import Density, Mask, Triple, Volume
from vrs_scipion.maps.placement import brought, place
from vrs_scipion.maps.reading import read_density, read_header
from vrs_scipion.results.numbers import number

_BEYOND = 0.02
"""What a mask that was resampled or filtered may hold beyond 0 and 1."""
_INSIDE = 0.9
_FLAT = 0.5
"""Share of a mask's voxels that are 0 or 1: the rest is its edge."""


@dataclass(frozen=True)
class GivenOnTheirGrid:
    """A mask on the grid of the half maps.

    Attributes
    ----------
    path, notes : its file, and what was odd about it
    values : float32 from 0 to 1
    words : how it was brought there; '' where that is its own grid
    """

    path: Path
    notes: tuple[str, ...]
    values: Volume
    words: str


def read_mask(path: Path, halves: Density, whole: Whole) -> Density:
    """A mask, its values from 0 outside to 1 inside.

    Where its header gives no voxel size, or 1 Å, that of the half maps or of the map counts, if the
    mask has the box of one of them.

    Raises
    ------
    InputError
        if it cannot be read, or is no mask; one sentence with the file, what is wrong, what to do.
    """
    header = read_header(path)
    size = with_voxel_of(_Grid(halves), header) or with_voxel_of(whole, header)
    density = read_density(path, max(size) if size and min(header.voxel_size) <= 0 else None)
    if size is not None:
        note = f"The voxel size was taken from the half maps: {voxel_words(size)}."
        density = replace(density, voxel_size=size, notes=(*density.notes, note))
    lowest, highest = float(density.values.min()), float(density.values.max())
    if lowest < -_BEYOND or not _INSIDE <= highest <= 1 + _BEYOND:
        raise InputError(
            path,
            f"it is no mask: its values run from {number(lowest)} to {number(highest)}; give one "
            "that is 0 outside of the molecule and 1 inside",
        )
    values = np.clip(density.values, 0, 1)
    flat = float(np.mean((values <= _BEYOND) | (values >= 1 - _BEYOND)))
    if flat < _FLAT:
        raise InputError(
            path,
            f"it is no mask: only {flat:.0%} of its voxels are 0 or 1; give one that is 0 outside "
            "of the molecule and 1 inside",
        )
    return replace(density, values=values)


def on_their_grid(path: Path, mask: Density, halves: Density, hard: Mask) -> GivenOnTheirGrid:
    """The mask on the grid of the half maps.

    Where the grids differ it is placed by its header or by the centre of its box, whichever makes
    it cover more of the molecule.

    Parameters
    ----------
    path : the mask's file, for what is refused
    mask, halves : on their own grids
    hard : the molecule, on the grid of the half maps

    Raises
    ------
    InputError
        if it covers nothing of the molecule, wherever it is placed.
    """

    def onto(offset: Triple) -> Volume:
        return brought(mask.values, mask.voxel_size, halves.box, halves.voxel_size, offset)

    values, words = mask.values, ""
    if mask.box != halves.box or not same_voxel(mask.voxel_size, halves.voxel_size):
        found = place(mask, halves, lambda offset: _covered(onto(offset), hard))
        values = onto(found.offset)
        words = (
            f"brought from its grid ({triple(mask.box)} voxels of {voxel_words(mask.voxel_size)}), "
            f"placed {found.words}"
        )
    if not _covered(values, hard) > 0:
        raise InputError(
            path,
            "nothing of the molecule lies inside of the mask; give the mask of this map, on its "
            "grid or on that of its half maps",
        )
    return GivenOnTheirGrid(path, mask.notes, values, words)


def _covered(mask: Volume, hard: Mask) -> float:
    """Share of the molecule under the mask."""
    return float(mask[hard].mean(dtype=np.float64))


@dataclass(frozen=True)
class _Grid:
    """The grid of half maps, whose voxel size is settled."""

    density: Density
    voxel_size_from: str = "the half maps"

    @property
    def box(self) -> tuple[int, int, int]:
        return self.density.box

    @property
    def voxel_size(self) -> Triple:
        return self.density.voxel_size
