"""From a map file to the entry folder that every check starts from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vrs_scipion.entry.files import save_entry
from vrs_scipion.entry.model import Deposition, Entry, MaskFile, ResizedMap, SourceFile
from vrs_scipion.files import InputError, printable, sha256
from vrs_scipion.maps.density import Density, Mask
from vrs_scipion.maps.fourier import resample
from vrs_scipion.maps.masks import (
    DILATION,
    connected_components,
    dilate,
    dilation_iterations,
    hard_mask,
    soft_edge_sigma,
    soft_mask,
    touches_every_face,
)
from vrs_scipion.maps.reading import read_density
from vrs_scipion.maps.statistics import moments
from vrs_scipion.maps.writing import write_volume

_SMALLEST_RESIZED_SIDE = 8
_NYQUIST_TOLERANCE = 1e-3
_INVERTED = 1.5
_CROWDED = 0.5


@dataclass(frozen=True)
class Request:
    """What is to be validated, as it was asked for.

    Attributes
    ----------
    map_path : the map's file
    contour : recommended contour level, in the map's units
    resolution : reported resolution in Å, if any
    voxel_size : Å, instead of the header's
    voxel_size_from : who gave ``voxel_size``
    title : of the report; the file's name when empty
    half_maps : files of the two half maps, or none
    deposition : what an archive says of the map, if it comes from there
    """

    map_path: Path
    contour: float
    resolution: float | None = None
    voxel_size: float | None = None
    voxel_size_from: str = "given by the user"
    title: str = ""
    half_maps: tuple[Path, ...] = ()
    deposition: Deposition | None = None


@dataclass(frozen=True)
class Inspected:
    """A map that can be validated, with its raw and hard mask and what is odd about it."""

    density: Density
    raw_voxels: int
    hard: Mask
    half_maps: tuple[Density, ...]
    warnings: tuple[str, ...]


def inspect(request: Request) -> Inspected:
    """Read what was asked for and refuse it if it cannot be validated. Writes nothing.

    Raises
    ------
    InputError
        one sentence that names the file, what is wrong and what to do.
    """
    path = request.map_path
    _require_sensible_numbers(request)
    density = read_density(path, request.voxel_size)
    raw = density.values >= request.contour
    if not raw.any():
        raise InputError(
            path,
            f"no voxel reaches the contour level {request.contour:g}; the map's maximum is "
            f"{float(density.values.max()):.6g}: give a lower level",
        )
    largest = connected_components(raw).largest
    if touches_every_face(largest):
        raise InputError(
            path,
            f"at the contour level {request.contour:g} the density reaches all six faces of the "
            f"box and fills {largest.mean():.0%} of it, so nothing is outside the molecule; give a "
            f"higher level (the map's maximum is {float(density.values.max()):.6g})",
        )
    hard = dilate(largest, dilation_iterations(density.voxel_size))
    halves = tuple(_read_half(half, density, request) for half in request.half_maps)
    return Inspected(
        density, int(np.count_nonzero(raw)), hard, halves, tuple(_oddities(request, density, hard))
    )


def prepare(request: Request, folder: Path, inspected: Inspected | None = None) -> Entry:
    """Write the entry folder of ``request``: the map as z, y, x, its masks, ``entry.json``.

    The folder is complete when ``entry.json`` is there: it is written last. ``inspected`` spares
    reading the map again where that was just done.

    Raises
    ------
    InputError
        if the map cannot be validated; nothing is written then.
    """
    inspected = inspected or inspect(request)
    density, hard = inspected.density, inspected.hard
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | Mask) -> str:
        write_volume(
            folder / name,
            values,
            density.voxel_size,
            nstart=density.nstart,
            origin=density.origin,
        )
        return name

    soft = soft_mask(hard, density.voxel_size)
    sigma = soft_edge_sigma(density.voxel_size)
    iterations = dilation_iterations(density.voxel_size)
    whole = moments(density.values)
    resized, resized_warnings = _write_resized(request, density, folder)
    entry = Entry(
        title=_title(request),
        origin_of_data=request.deposition.source if request.deposition else "user data",
        deposition=request.deposition,
        source=_source(request.map_path, density),
        half_maps=tuple(
            _source(path, half)
            for path, half in zip(request.half_maps, inspected.half_maps, strict=True)
        ),
        map_file=write("map.mrc", density.values),
        half_map_files=tuple(
            write(f"half{i}.mrc", half.values) for i, half in enumerate(inspected.half_maps, 1)
        ),
        box=density.box,
        voxel_size=density.voxel_size,
        voxel_size_from=_voxel_size_from(request),
        nstart=density.nstart,
        origin=density.origin,
        contour=request.contour,
        contour_from=_given_by(request, "contour"),
        resolution=request.resolution,
        resolution_from=_given_by(request, "resolution"),
        minimum=float(density.values.min()),
        maximum=float(density.values.max()),
        mean=whole.mean,
        standard_deviation=whole.std,
        raw_mask_voxels=inspected.raw_voxels,
        hard_mask=MaskFile(
            file=write("mask_hard.mrc", hard),
            voxels=int(np.count_nonzero(hard)),
            description=_HARD_MASK.format(
                contour=request.contour, distance=DILATION, iterations=iterations
            ),
        ),
        dilation_iterations=iterations,
        soft_mask=MaskFile(
            file=write("mask_soft.mrc", soft),
            voxels=float(soft.sum(dtype=np.float64)),
            description=f"the hard mask, its border smoothed by a Gaussian of σ = {sigma:.4g} Å",
        ),
        soft_mask_sigma=sigma,
        resized=resized,
        warnings=inspected.warnings + resized_warnings,
    )
    save_entry(entry, folder)
    return entry


_HARD_MASK = (
    "voxels at or above {contour:g}, largest connected component (26-neighbourhood), dilated by "
    "{distance:g} Å ({iterations} × the 18-neighbourhood)"
)


def _title(request: Request) -> str:
    deposited = request.deposition.title if request.deposition else ""
    return request.title or deposited or printable(request.map_path.name)


def _voxel_size_from(request: Request) -> str:
    size = request.voxel_size
    if size is None:
        return "file header"
    deposition = request.deposition
    if deposition and deposition.voxel_size and math.dist(deposition.voxel_size, (size,) * 3) == 0:
        return deposition.source
    return request.voxel_size_from


def _given_by(request: Request, name: str) -> str:
    """Who gave the contour or the resolution: the archive, where its number was left as it is."""
    deposition = request.deposition
    if deposition and getattr(deposition, name) == getattr(request, name):
        return deposition.source
    return "given by the user"


def _require_sensible_numbers(request: Request) -> None:
    path = request.map_path
    if not math.isfinite(request.contour):
        raise InputError(
            path, f"a contour level of {request.contour} makes no sense; give a number"
        )
    d = request.resolution
    if d is not None and not (math.isfinite(d) and d > 0):
        raise InputError(path, f"a resolution of {d:g} Å makes no sense; give one above 0, or none")
    if len(request.half_maps) not in (0, 2):
        raise InputError(path, f"{len(request.half_maps)} half map was given; give both or none")


def _read_half(path: Path, density: Density, request: Request) -> Density:
    half = read_density(path, request.voxel_size)
    if half.box != density.box:
        raise InputError(
            path,
            f"the half map's box {half.box[::-1]} differs from the map's {density.box[::-1]} "
            "(voxels along x, y, z); give the half maps of this map",
        )
    return half


def _oddities(request: Request, density: Density, hard: Mask) -> list[str]:
    found = []
    lowest, highest = float(density.values.min()), float(density.values.max())
    if -lowest > _INVERTED * highest:
        found.append(
            f"The map's strongest density is negative (from {lowest:.4g} to {highest:.4g}): it may "
            "be inverted."
        )
    filled = float(hard.mean())
    if filled > _CROWDED:
        found.append(
            f"The mask fills {filled:.0%} of the box: the contour level may be too low, or the "
            "box too small."
        )
    nyquist = 2 * max(density.voxel_size)
    if request.resolution is not None and request.resolution < nyquist * (1 - _NYQUIST_TOLERANCE):
        found.append(
            f"The reported resolution, {request.resolution:g} Å, lies beyond the map's Nyquist "
            f"limit of {nyquist:.4g} Å: the map cannot hold such detail."
        )
    return found


def _write_resized(
    request: Request, density: Density, folder: Path
) -> tuple[ResizedMap | None, tuple[str, ...]]:
    """The map on voxels of d/2, or none where the map itself is that coarse already."""
    d = request.resolution
    if d is None or d / 2 <= max(density.voxel_size) * (1 + _NYQUIST_TOLERANCE):
        return None, ()
    if min(density.extent) / (d / 2) < _SMALLEST_RESIZED_SIDE:
        return None, (
            f"At voxels of half the reported resolution ({d / 2:g} Å) the box would have under "
            f"{_SMALLEST_RESIZED_SIDE} voxels a side: is the resolution right?",
        )
    small = resample(density, d / 2)
    write_volume(folder / "map_resized.mrc", small.values, small.voxel_size, origin=small.origin)
    resized = ResizedMap(file="map_resized.mrc", box=small.box, voxel_size=small.voxel_size)
    if float(small.values.max()) < request.contour:
        return resized, (
            f"Resampled to voxels of {d / 2:g} Å, the map does not reach the contour level any "
            "more: checks on the resampled map have no mask.",
        )
    mask = hard_mask(small.values, request.contour, small.voxel_size)
    write_volume(folder / "mask_resized.mrc", mask, small.voxel_size, origin=small.origin)
    described = _HARD_MASK.format(
        contour=request.contour,
        distance=DILATION,
        iterations=dilation_iterations(small.voxel_size),
    )
    return resized.model_copy(
        update={
            "hard_mask": MaskFile(
                file="mask_resized.mrc",
                voxels=int(np.count_nonzero(mask)),
                description=f"of the resampled map: {described}",
            )
        }
    ), ()


def _source(path: Path, density: Density) -> SourceFile:
    return SourceFile(
        name=printable(path.name),
        sha256=sha256(path),
        bytes=path.stat().st_size,
        notes=density.notes,
    )
