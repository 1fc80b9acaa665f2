"""Reading two half-map files: both of one box and voxel size, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Protocol

import numpy as np

from vrs_scipion.entry.records import Box, Lengths, triple, voxel_words
from vrs_scipion.entry.request import BY_THE_HEADER, Request
from vrs_scipion.files import InputError, printable
from vrs_scipion.maps.density import Density, Triple
from vrs_scipion.maps.header import Header
from vrs_scipion.maps.kind import Trait, recognised, sections_are_unrelated
from vrs_scipion.maps.placement import correlation, start
from vrs_scipion.maps.reading import read_density, read_header

HALF_KEYS = ("half1", "half2")
"""Of the fields that name the two files."""
FROM_THE_MAP = "that of the map"

_ALIKE = 0.05
"""Correlation of two halves that are not stacks of images."""
_SAME_VOXEL = 1e-3
_SAME_PLACE = 1e-2
"""Voxels."""


class Whole(Protocol):
    """The map that half maps belong to, inspected or prepared."""

    @property
    def box(self) -> Box: ...

    @property
    def voxel_size(self) -> Lengths: ...

    @property
    def voxel_size_from(self) -> str: ...


@dataclass(frozen=True)
class ReadHalfMaps:
    """Two half maps on one grid.

    Attributes
    ----------
    paths : of their files
    first, second : what they hold
    voxel_size_from : who says how large their voxels are
    """

    paths: tuple[Path, Path]
    first: Density
    second: Density
    voxel_size_from: str

    @property
    def mean(self) -> Density:
        """Of the two, where the first lies."""
        mean = (self.first.values + self.second.values) / np.float32(2)
        return Density(mean, self.first.voxel_size, self.first.nstart, self.first.origin)

    @property
    def mean_name(self) -> str:
        """What to call it, e.g. 'mean of half1.mrc and half2.mrc'."""
        return f"mean of {' and '.join(printable(path.name) for path in self.paths)}"


def half_map_paths(request: Request) -> tuple[Path, Path]:
    """The two files.

    Raises
    ------
    InputError
        if only one was given, or one twice.
    """
    first, second = (request.path(key) for key in HALF_KEYS)
    if first is None or second is None:
        options = ", ".join(f"--{key}" for key in HALF_KEYS)
        raise InputError(
            first or second or "half map", f"one half map was given; give both ({options})"
        )
    if first.resolve() == second.resolve():
        raise InputError(second, "the same file was given for both half maps; give the two halves")
    return first, second


def common_name(files: Sequence[str]) -> str:
    """What the names of two half maps have in common, without suffixes.

    Examples
    --------
    >>> common_name(["run_half1_class001.mrc", "run_half2_class001.mrc"])
    'run_half'
    """
    names = [Path(file).name.split(".")[0] for file in files]
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in alike).strip("_- ") or next(iter(names), "")


def read_half_maps(
    request: Request, *, whole: Whole | None = None, voxel: float | None = None
) -> ReadHalfMaps:
    """Read both half maps and refuse what cannot be compared.

    Parameters
    ----------
    request : names the files
    whole : the map that they belong to, whose voxel size counts where theirs says nothing
    voxel : Å, instead of their headers'

    Raises
    ------
    InputError
        one sentence that names the file, what is wrong and what to do.
    """
    paths = half_map_paths(request)
    (first, first_taken), (second, second_taken) = (_read(path, whole, voxel) for path in paths)
    if first.box != second.box:
        raise InputError(
            paths[1],
            f"the half map's box {triple(second.box)} differs from that of the other one, "
            f"{triple(first.box)} (voxels along x, y, z); give the two halves of one refinement",
        )
    if not same_voxel(first.voxel_size, second.voxel_size):
        raise InputError(
            paths[1],
            f"the half map's voxels of {voxel_words(second.voxel_size)} differ from those of the "
            f"other one, {voxel_words(first.voxel_size)}; give the two halves of one refinement",
        )
    _refuse_what_is_no_half(paths, first, second)
    taken = first_taken or second_taken
    told = BY_THE_HEADER if voxel is None else request.origin("voxel")
    return ReadHalfMaps(paths, first, second, FROM_THE_MAP if taken else told)


def mean_map(halves: ReadHalfMaps) -> Density:
    """The mean of two half maps, to stand for a map.

    Raises
    ------
    InputError
        if it is constant: one half map is the inverse of the other.
    """
    mean = halves.mean
    if mean.values.min() == mean.values.max():
        raise InputError(
            halves.paths[1],
            f"the mean of the two half maps is {mean.values.flat[0]:g} everywhere: one is the "
            "inverse of the other; give the two halves of one refinement",
        )
    return mean


def refuse_images(density: Density, path: Path) -> None:
    """Refuse a stack of two-dimensional images whose header calls it a volume.

    Raises
    ------
    InputError
        if neighbouring sections have nothing in common.
    """
    if sections_are_unrelated(density.values):
        raise _images(density, path)


def _images(density: Density, path: Path) -> InputError:
    sections, rows, columns = density.box
    return InputError(
        path,
        f"its {sections} sections of {columns} × {rows} pixels have nothing in common with "
        "their neighbours: it is a stack of two-dimensional images, not a map; give the "
        "reconstruction",
    )


def same_voxel(a: Triple, b: Triple) -> bool:
    """Whether two voxel sizes differ by no more than 0.1 % on any axis."""
    return all(abs(s - t) <= _SAME_VOXEL * max(abs(s), abs(t)) for s, t in zip(a, b, strict=True))


def same_place(a: Density, b: Density) -> bool:
    """Whether the headers of two volumes on one grid place them in one place."""
    return np.allclose(start(a), start(b), rtol=0, atol=_SAME_PLACE * max(a.voxel_size))


def with_voxel_of(grid: Whole, header: Header) -> Lengths | None:
    """The voxel size of a grid, for a file of its box whose header says nothing to be believed.

    Refinements leave 0 or 1 Å there; and where the grid's own header was put right, the file's is
    wrong in the same way.
    """
    box = tuple(header.shape[header.axes.index(axis)] for axis in range(3))
    if box != grid.box or same_voxel(header.voxel_size, grid.voxel_size):
        return None
    says_nothing = min(header.voxel_size) <= 0 or same_voxel(header.voxel_size, (1.0, 1.0, 1.0))
    corrected = grid.voxel_size_from != BY_THE_HEADER
    return grid.voxel_size if says_nothing or corrected else None


def _refuse_what_is_no_half(paths: tuple[Path, Path], first: Density, second: Density) -> None:
    """Refuse masks and the like, and stacks of images.

    A filament along z in noise looks like a stack, its sections being alike: so do both halves, and
    they resemble each other.
    """
    read = tuple(zip(paths, (first, second), strict=True))
    stacks = [_images(half, path) for path, half in read if sections_are_unrelated(half.values)]
    if len(stacks) == 1 or (stacks and correlation(first.values, second.values) < _ALIKE):
        raise stacks[0]
    for path, half in read:
        kind = recognised(half)
        if Trait.DENSITY in kind.kind.lacks:
            raise InputError(
                path, f"it is {kind.kind.noun}, no half map: {kind.evidence}; give the half map"
            )


def _read(path: Path, whole: Whole | None, voxel: float | None) -> tuple[Density, bool]:
    """A half map, and whether its voxel size was taken from the map."""
    if whole is None:
        return read_density(path, voxel), False
    header = read_header(path)
    size = with_voxel_of(whole, header)
    says_nothing = min(header.voxel_size) <= 0
    if size is None and says_nothing:
        raise InputError(
            path,
            f"its header gives no voxel size, and its box is not the map's, {triple(whole.box)} "
            "(voxels along x, y, z); write the voxel size into its header",
        )
    density = read_density(path, max(whole.voxel_size) if says_nothing else None)
    if size is None:
        return density, False
    note = f"The voxel size was taken from the map: {voxel_words(size)}."
    return replace(density, voxel_size=size, notes=(*density.notes, note)), True
