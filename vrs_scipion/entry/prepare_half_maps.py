"""From two half-map files to half maps that can be compared: one grid, one soft mask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.input import Field, Input, Kind
from vrs_scipion.entry.prepare_map import refuse_images
from vrs_scipion.entry.record_half_maps import HalfMap, HalfMapsRecord
from vrs_scipion.entry.records import Lengths, MaskFile, SourceFile, triple, voxel_words
from vrs_scipion.entry.request import BY_THE_HEADER, Request
from vrs_scipion.files import InputError, save_model
from vrs_scipion.folders import RECORD_FILE
from vrs_scipion.maps.density import Density, Mask, Triple
from vrs_scipion.maps.header import Header
from vrs_scipion.maps.kind import Trait, recognised
from vrs_scipion.maps.masks import cosine_mask, touches_a_face
from vrs_scipion.maps.placement import brought, centre_offset, correlation
from vrs_scipion.maps.reading import read_density, read_header
from vrs_scipion.maps.statistics import constant_fraction, moments
from vrs_scipion.maps.writing import write_on_grid

DILATION = 4.0
"""Å by which the mask of the half maps is wider than the hard mask, or one resolution."""
EDGE, EDGE_VOXELS = 6.0, 5.0
"""Å, and voxels, over which it falls to 0: the larger of both."""

_SAME_VOXEL = 1e-3
_SAME_PLACE = 1e-2
"""Voxels."""
_THE_SAME = 1 - 1e-6
"""Correlation beyond which two volumes hold the same values."""
_FROM_THE_MAP = "that of the map"
_BY_HEADER = "by their headers' origins"
_BY_CENTRE = "by the centres of their boxes"


@dataclass(frozen=True)
class InspectedHalfMaps:
    """Two half maps that can be compared, and what is odd about them."""

    request: Request
    paths: tuple[Path, Path]
    first: Density
    second: Density
    voxel_size_from: str
    warnings: tuple[str, ...]


def inspect_half_maps(request: Request, before: Mapping[str, Any]) -> InspectedHalfMaps:
    """Read both half maps and refuse what cannot be compared. Writes nothing.

    ``before`` has the map that they belong to, of which box, voxel size and its origin are needed.

    Raises
    ------
    InputError
        one sentence that names the file, what is wrong and what to do.
    """
    paths = _both(request)
    whole = before["map"]
    (first, first_taken), (second, second_taken) = (_read(path, whole) for path in paths)
    if first.box != second.box:
        raise InputError(
            paths[1],
            f"the half map's box {triple(second.box)} differs from that of the other one, "
            f"{triple(first.box)} (voxels along x, y, z); give the two halves of one refinement",
        )
    if not _same(first.voxel_size, second.voxel_size):
        raise InputError(
            paths[1],
            f"the half map's voxels of {voxel_words(second.voxel_size)} differ from those of the "
            f"other one, {voxel_words(first.voxel_size)}; give the two halves of one refinement",
        )
    _refuse_what_is_no_half(paths, first, second, whole)
    return InspectedHalfMaps(
        request,
        paths,
        first,
        second,
        _FROM_THE_MAP if first_taken or second_taken else BY_THE_HEADER,
        tuple(_oddities(first, second, whole)),
    )


def prepare_half_maps(inspected: InspectedHalfMaps, entry: Entry, folder: Path) -> HalfMapsRecord:
    """Write both half maps, their masks and, last, their record into ``folder``."""
    first, second = inspected.first, inspected.second
    hard, placed = _mask_on(entry, first, second)
    if not hard.any():
        raise InputError(
            inspected.paths[0], "the map's mask lies outside of the half maps; give those of it"
        )
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, values: Any) -> str:
        write_on_grid(folder / name, values, first)
        return name

    dilation = max(DILATION, entry.resolution or 0.0)
    edge = max(EDGE, EDGE_VOXELS * max(first.voxel_size))
    soft = cosine_mask(hard, first.voxel_size, dilation, edge)
    touching = touches_a_face(soft)
    request = inspected.request
    record = HalfMapsRecord(
        given=request.as_given(one.key for one in HALF_MAPS.fields if one.offered),
        warnings=(*inspected.warnings, *((_TOUCHES,) if touching else ())),
        halves=(
            _half(inspected.paths[0], first, write("half1.mrc", first.values)),
            _half(inspected.paths[1], second, write("half2.mrc", second.values)),
        ),
        box=first.box,
        voxel_size=first.voxel_size,
        voxel_size_from=inspected.voxel_size_from,
        nstart=first.nstart,
        origin=first.origin,
        map_placed=placed,
        hard_mask=MaskFile(
            file=write("mask_hard.mrc", hard),
            voxels=int(np.count_nonzero(hard)),
            description=f"the map's hard mask{', brought to their grid' if placed else ''}",
        ),
        soft_mask=MaskFile(
            file=write("mask_soft.mrc", soft),
            voxels=float(soft.sum(dtype=np.float64)),
            description=f"the map's hard mask, dilated by {dilation:.4g} Å and let down to 0 over "
            f"{edge:.4g} Å by a raised cosine",
        ),
        soft_mask_dilation=dilation,
        soft_mask_edge=edge,
        soft_mask_touches_faces=touching,
    )
    save_model(record, folder / RECORD_FILE)
    return record


_TOUCHES = (
    "The soft mask of the half maps reaches the faces of their box: what is compared is cut off "
    "there, and the correlation of the masked half maps is too high."
)


def _both(request: Request) -> tuple[Path, Path]:
    first, second = request.path("half1"), request.path("half2")
    if first is None or second is None:
        raise InputError(
            first or second or "half map",
            f"one half map was given; give both ({HALF_MAPS.options})",
        )
    if first.resolve() == second.resolve():
        raise InputError(second, "the same file was given for both half maps; give the two halves")
    whole = request.path("map")
    for path in (first, second):
        if whole is not None and path.resolve() == whole.resolve():
            raise InputError(path, "the map itself was given as a half map; give its two halves")
    return first, second


def _refuse_what_is_no_half(
    paths: tuple[Path, Path], first: Density, second: Density, whole: Any
) -> None:
    """Refuse, by their values, what are not two independent halves of one reconstruction."""
    for path, half in zip(paths, (first, second), strict=True):
        refuse_images(half, path)
        kind = recognised(half)
        if Trait.DENSITY in kind.kind.lacks:
            raise InputError(
                path, f"it is {kind.kind.noun}, no half map: {kind.evidence}; give the half map"
            )
    if np.array_equal(first.values, second.values):
        raise InputError(
            paths[1],
            "the two half maps hold the same values; give the two independent halves of one "
            "refinement",
        )
    density = getattr(whole, "density", None)
    if density is None:
        return
    for path, half in zip(paths, (first, second), strict=True):
        if half.box == density.box and correlation(half.values, density.values) > _THE_SAME:
            raise InputError(
                path,
                "the half map holds the values of the map itself, but for a factor at most; give "
                "its two halves",
            )


def _read(path: Path, whole: Any) -> tuple[Density, bool]:
    """A half map, and whether its voxel size was taken from the map."""
    header = read_header(path)
    size = _voxel_of(header, whole)
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


def _voxel_of(header: Header, whole: Any) -> Lengths | None:
    """The map's voxel size, where the half map's own header says nothing that can be believed.

    Refinements leave 0 or 1 Å there; and where the map's own header was put right, theirs is wrong
    in the same way.
    """
    box = tuple(header.shape[header.axes.index(axis)] for axis in range(3))
    if box != whole.box or _same(header.voxel_size, whole.voxel_size):
        return None
    says_nothing = min(header.voxel_size) <= 0 or _same(header.voxel_size, (1.0, 1.0, 1.0))
    corrected = whole.voxel_size_from != BY_THE_HEADER
    return whole.voxel_size if says_nothing or corrected else None


def _same(a: Triple, b: Triple) -> bool:
    return all(abs(s - t) <= _SAME_VOXEL * max(abs(s), abs(t)) for s, t in zip(a, b, strict=True))


def _oddities(first: Density, second: Density, whole: Any) -> Iterator[str]:
    if first.box == whole.box and not _same(first.voxel_size, whole.voxel_size):
        yield (
            f"The half maps have the map's box, {triple(first.box)}, but voxels of "
            f"{voxel_words(first.voxel_size)} where the map has {voxel_words(whole.voxel_size)}: "
            "is one of the two wrong?"
        )
    density = getattr(whole, "density", None)
    if (
        density is not None
        and first.box == whole.box
        and not np.allclose(
            _start(first), _start(density), atol=_SAME_PLACE * max(first.voxel_size)
        )
    ):
        yield (
            "The headers of the half maps and of the map place them differently in space: they "
            "are compared voxel by voxel all the same."
        )
    if not np.allclose(_start(first), _start(second), atol=_SAME_PLACE * max(first.voxel_size)):
        yield (
            "The headers of the half maps place them differently in space: they are compared voxel "
            "by voxel all the same."
        )


def _mask_on(entry: Entry, first: Density, second: Density) -> tuple[Mask, str]:
    """The map's hard mask on the grid of the half maps, and how it was brought there.

    Where the grids differ they are placed by their headers or by their centres, whichever makes
    the map look more like the mean of its halves.
    """
    hard = entry.hard_mask()
    if first.box == entry.box and _same(first.voxel_size, entry.voxel_size):
        return hard, ""
    whole, mean = entry.density(), (first.values + second.values) / 2

    def onto(values: Any, offset: Triple) -> Any:
        return brought(values, whole.voxel_size, first.box, first.voxel_size, offset)

    found = [
        (correlation(onto(whole.values, offset), mean), words, offset)
        for words, offset in _placements(whole, first)
    ]
    likeness, words, offset = max(found, key=lambda one: one[0])
    placed = (
        f"brought from the map's grid ({triple(whole.box)} voxels of "
        f"{voxel_words(whole.voxel_size)}), placed {words}; there the map correlates with the mean "
        f"of its halves by {likeness:.3f}"
    )
    return onto(hard, offset) >= np.float32(0.5), placed


def _placements(whole: Density, half: Density) -> list[tuple[str, Triple]]:
    """Å from voxel 0 of the map to voxel 0 of a half map, as their centres and headers have it."""
    centred = centre_offset(whole.box, whole.voxel_size, half.box, half.voxel_size)
    z, y, x = (b - a for a, b in zip(_start(whole), _start(half), strict=True))
    return [(_BY_CENTRE, centred), (_BY_HEADER, (z, y, x))]


def _start(density: Density) -> Triple:
    """Where voxel 0 lies, in Å along z, y, x: by ORIGIN, else by the index of the first voxel."""
    if any(density.origin):
        return density.origin
    z, y, x = (n * s for n, s in zip(density.nstart, density.voxel_size, strict=True))
    return z, y, x


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
    ),
    inspect=inspect_half_maps,
    prepare=prepare_half_maps,
    after=("map",),
)
