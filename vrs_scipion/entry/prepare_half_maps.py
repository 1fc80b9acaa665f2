"""From two half-map files to half maps that can be compared: one grid, and the masks on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.fsc_file import FrequencyAndCorrelation, read_fsc
from vrs_scipion.entry.given_mask import GivenOnTheirGrid, on_their_grid, read_mask
from vrs_scipion.entry.input import Field, Input, Kind
from vrs_scipion.entry.read_half_maps import (
    ReadHalfMaps,
    half_map_paths,
    read_half_maps,
    same_place,
    same_voxel,
)
from vrs_scipion.entry.record_half_maps import DepositedFsc, GivenMask, HalfMap, HalfMapsRecord
from vrs_scipion.entry.records import MaskFile, SourceFile, triple, voxel_words
from vrs_scipion.entry.request import Request
from vrs_scipion.files import InputError, save_model
from vrs_scipion.folders import RECORD_FILE
from vrs_scipion.maps.density import Density, Mask, Triple, Volume
from vrs_scipion.maps.masks import (
    background,
    cosine_edge,
    distance_from,
    touches_a_face,
)
from vrs_scipion.maps.placement import brought, correlation, place
from vrs_scipion.maps.statistics import constant_fraction, moments
from vrs_scipion.maps.writing import write_on_grid
from vrs_scipion.results.numbers import quantity

DILATION = 4.0
"""Å by which the mask of the half maps is wider than the hard mask, or one resolution."""
EDGE, EDGE_VOXELS = 6.0, 5.0
"""Å, and voxels, over which it falls to 0: the larger of both."""
AWAY, AWAY_RESOLUTIONS = 10.0, 3.0
"""Å, and resolutions, that the background keeps from the hard mask: the larger of both."""

_FAR_BEYOND = 2.0
"""Nyquist frequencies; corners of the transform reach up to the square root of 3."""
_THE_SAME = 1 - 1e-6
"""Correlation beyond which two volumes hold the same values."""


@dataclass(frozen=True)
class InspectedHalfMaps:
    """Two half maps that can be compared, what came with them, and what is odd."""

    request: Request
    halves: ReadHalfMaps
    mask: Density | None
    curve: FrequencyAndCorrelation | None
    warnings: tuple[str, ...]


def inspect_half_maps(request: Request, before: Mapping[str, Any]) -> InspectedHalfMaps:
    """Read both half maps and refuse what cannot be compared. Writes nothing.

    ``before`` has the map that they belong to, of which box, voxel size and its origin are needed.

    Raises
    ------
    InputError
        one sentence that names the file, what is wrong and what to do.
    """
    whole, path = before["map"], request.path("map")
    for half in half_map_paths(request):
        if path is not None and half.resolve() == path.resolve():
            raise InputError(half, "the map itself was given as a half map; give its two halves")
    halves = read_half_maps(request, whole=whole)
    mask, fsc = request.path("mask"), request.path("fsc")
    curve = None if fsc is None else read_fsc(fsc)
    return InspectedHalfMaps(
        request,
        halves,
        None if mask is None else read_mask(mask, halves.first, whole),
        curve,
        (*_oddities(halves, whole), *_about_curve(curve, halves)),
    )


def prepare_half_maps(inspected: InspectedHalfMaps, entry: Entry, folder: Path) -> HalfMapsRecord:
    """Write both half maps, their masks and, last, their record into ``folder``."""
    halves, request = inspected.halves, inspected.request
    first, second = halves.first, halves.second
    masks = _masks(entry, halves)
    given = _given(inspected, masks.hard.values)
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, values: Volume | Mask) -> str:
        write_on_grid(folder / name, values, first)
        return name

    record = HalfMapsRecord(
        given=request.as_given(one.key for one in HALF_MAPS.fields if one.offered),
        warnings=(*inspected.warnings, *_about_masks(masks, given)),
        halves=(
            _half(halves.paths[0], first, write("half1.mrc", first.values)),
            _half(halves.paths[1], second, write("half2.mrc", second.values)),
        ),
        box=first.box,
        voxel_size=first.voxel_size,
        voxel_size_from=halves.voxel_size_from,
        nstart=first.nstart,
        origin=first.origin,
        map_placed=masks.hard.placed,
        map_offset=masks.hard.offset,
        hard_mask=MaskFile(
            file=write("mask_hard.mrc", masks.hard.values),
            voxels=int(np.count_nonzero(masks.hard.values)),
            description=masks.hard.made,
        ),
        soft_mask=MaskFile(
            file=write("mask_soft.mrc", masks.soft),
            voxels=float(masks.soft.sum(dtype=np.float64)),
            description=f"their hard mask, dilated by {masks.dilation:.4g} Å and let down to 0 "
            f"over {masks.edge:.4g} Å by a raised cosine",
        ),
        soft_mask_dilation=masks.dilation,
        soft_mask_edge=masks.edge,
        soft_mask_touches_faces=touches_a_face(masks.soft),
        background=MaskFile(
            file=write("mask_background.mrc", masks.background),
            voxels=int(np.count_nonzero(masks.background)),
            description=f"what lies farther than {masks.away:.4g} Å from the hard mask, inside the "
            "sphere inscribed in the box, where neither half map is constant",
        ),
        background_distance=masks.away,
        given_mask=None if given is None else _given_record(given, write),
        deposited_fsc=_curve_record(inspected, folder),
    )
    save_model(record, folder / RECORD_FILE)
    return record


@dataclass(frozen=True)
class _Masks:
    """The masks on the grid of the half maps; lengths in Å."""

    hard: _HardMask
    soft: Volume
    dilation: float
    edge: float
    background: Mask
    away: float


def _masks(entry: Entry, halves: ReadHalfMaps) -> _Masks:
    first, second = halves.first, halves.second
    size, resolution = first.voxel_size, entry.resolution or 0.0
    hard = _mask_on(entry, halves)
    if not hard.values.any():
        raise InputError(
            halves.paths[0], "the map's mask lies outside of the half maps; give those of it"
        )
    dilation = max(DILATION, resolution)
    edge = max(EDGE, EDGE_VOXELS * max(size))
    away = max(AWAY, AWAY_RESOLUTIONS * resolution)
    distance = distance_from(hard.values, size, max(dilation + edge, away))
    return _Masks(
        hard,
        cosine_edge(distance, dilation, edge),
        dilation,
        edge,
        background(distance, away, (first.values, second.values), size),
        away,
    )


@dataclass(frozen=True)
class _HardMask:
    """The hard mask on the grid of the half maps, and how it was made.

    ``placed`` says how the map's was brought there, '' where that is the map's own grid; ``offset``
    is then from voxel 0 of the map's to voxel 0 of theirs, in Å.
    """

    values: Mask
    made: str
    placed: str = ""
    offset: Triple = (0.0, 0.0, 0.0)


def _mask_on(entry: Entry, halves: ReadHalfMaps) -> _HardMask:
    """The map's hard mask on the grid of the half maps.

    Where the grids differ they are placed by their headers or by their centres, whichever makes
    the map look more like the mean of its halves.
    """
    hard, first = entry.hard_mask(), halves.first
    if first.box == entry.box and same_voxel(first.voxel_size, entry.voxel_size):
        return _HardMask(hard, entry.map.hard_mask.description if entry.map.halves else "the map's")
    whole, mean = entry.density(), halves.mean.values

    def onto(values: Volume | Mask, offset: Triple) -> Volume:
        return brought(values, whole.voxel_size, first.box, first.voxel_size, offset)

    found = place(whole, first, lambda offset: correlation(onto(whole.values, offset), mean))
    placed = (
        f"brought from the map's grid ({triple(whole.box)} voxels of "
        f"{voxel_words(whole.voxel_size)}), placed {found.words}; there the map correlates with "
        f"the mean of its halves by {found.likeness:.3f}"
    )
    return _HardMask(
        onto(hard, found.offset) >= np.float32(0.5),
        "the map's, brought to their grid",
        placed,
        found.offset,
    )


def _about_masks(masks: _Masks, given: GivenOnTheirGrid | None) -> Iterator[str]:
    if touches_a_face(masks.soft):
        yield (
            "The soft mask of the half maps reaches the faces of their box: what is compared is "
            "cut off there, and the correlation of the masked half maps is too high."
        )
    if given is not None and touches_a_face(given.values):
        yield (
            "The mask that was given reaches the faces of the box: what lies under it is cut off "
            "there."
        )


def _oddities(halves: ReadHalfMaps, whole: Any) -> Iterator[str]:
    first = halves.first
    same_box = first.box == whole.box
    if same_box and not same_voxel(first.voxel_size, whole.voxel_size):
        yield (
            f"The half maps have the map's box, {triple(first.box)}, but voxels of "
            f"{voxel_words(first.voxel_size)} where the map has {voxel_words(whole.voxel_size)}: "
            "is one of the two wrong?"
        )
    density: Density | None = getattr(whole, "density", None)
    if density is not None and same_box and not same_place(first, density):
        yield (
            "The headers of the half maps and of the map place them differently in space: they "
            "are compared voxel by voxel all the same."
        )
    if not same_place(first, halves.second):
        yield (
            "The headers of the half maps place them differently in space: they are compared voxel "
            "by voxel all the same."
        )
    yield from _copies(halves, density)


def _copies(halves: ReadHalfMaps, whole: Density | None) -> Iterator[str]:
    """That something is no independent half, as its values say."""
    first, second = halves.first.values, halves.second.values
    if np.array_equal(first, second):
        yield (
            "The two half maps hold the same values: every correlation between them is 1 and says "
            "nothing. Give the two independent halves of one refinement."
        )
        return
    if whole is None or whole.box != halves.first.box:
        return
    for which, values in enumerate((first, second), 1):
        if correlation(values, whole.values) > _THE_SAME:
            yield (
                f"Half map {which} holds the values of the map itself, but for a factor at most: "
                "it is no half of it. Give the two independent halves."
            )


def _given(inspected: InspectedHalfMaps, hard: Mask) -> GivenOnTheirGrid | None:
    path = inspected.request.path("mask")
    if path is None or inspected.mask is None:
        return None
    return on_their_grid(path, inspected.mask, inspected.halves.first, hard)


def _given_record(given: GivenOnTheirGrid, write: Callable[[str, Volume], str]) -> GivenMask:
    return GivenMask(
        source=SourceFile.of(given.path, given.notes),
        file=write("mask_given.mrc", given.values),
        voxels=float(given.values.sum(dtype=np.float64)),
        volume_fraction=float(given.values.mean(dtype=np.float64)),
        placed=given.words,
    )


def _about_curve(curve: FrequencyAndCorrelation | None, halves: ReadHalfMaps) -> Iterator[str]:
    nyquist = 1 / (2 * max(halves.first.voxel_size))
    if curve is not None and curve[0][-1] > _FAR_BEYOND * nyquist:
        yield (
            f"The deposited FSC curve goes up to {quantity(float(curve[0][-1]), '1/Å')}, far "
            f"beyond what the voxels of the half maps can hold, {quantity(nyquist, '1/Å')}: are "
            "its frequencies in another unit, or is it of other half maps?"
        )


def _curve_record(inspected: InspectedHalfMaps, folder: Path) -> DepositedFsc | None:
    """Keep the file of the deposited curve beside the half maps."""
    path = inspected.request.path("fsc")
    if path is None or inspected.curve is None:
        return None
    file, frequency = "fsc.xml", inspected.curve[0]
    shutil.copyfile(path, folder / file)
    return DepositedFsc(
        source=SourceFile.of(path),
        file=file,
        points=frequency.size,
        finest=1 / float(frequency[-1]),
    )


def _half(path: Path, half: Density, file: str) -> HalfMap:
    whole = moments(half.values)
    return HalfMap(
        source=SourceFile.of(path, half.notes),
        file=file,
        minimum=float(half.values.min()),
        maximum=float(half.values.max()),
        mean=whole.mean,
        standard_deviation=whole.std,
        constant_fraction=constant_fraction(half.values),
    )


HALF_MAPS = Input(
    key="half_maps",
    title="Half maps",
    noun="the two half maps",
    fields=(
        Field(
            "half1",
            Kind.PATH,
            "First half map",
            "As the refinement left it: not filtered, not sharpened, not masked.",
            metavar="H1",
            required=True,
        ),
        Field(
            "half2",
            Kind.PATH,
            "Second half map",
            "The other one of the two.",
            metavar="H2",
            required=True,
        ),
        Field(
            "mask",
            Kind.PATH,
            "Mask",
            "That of the refinement, or the deposited one: 0 outside of the molecule, 1 inside. It "
            "is compared with the one made here; the checks do not depend on it.",
            metavar="MASK",
        ),
        Field(
            "fsc",
            Kind.PATH,
            "Deposited FSC curve",
            "Their Fourier shell correlation as it was deposited, in the archive's XML. It is "
            "shown beside the one measured here.",
            metavar="XML",
        ),
    ),
    inspect=inspect_half_maps,
    prepare=prepare_half_maps,
    after=("map",),
)
