"""From a map file to the prepared map: its axes in order, its masks, what is known of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vrs_scipion.entry.contour import (
    in_map_units,
    inversion,
    is_inverted,
    missing,
    senseless,
    unbounded,
    unreached,
)
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.input import Field, Input, Kind
from vrs_scipion.entry.molecule import Threshold, coarse_threshold
from vrs_scipion.entry.read_half_maps import (
    HALF_KEYS,
    ReadHalfMaps,
    mean_map,
    read_half_maps,
    refuse_images,
)
from vrs_scipion.entry.record_map import Deposition, MapRecord, ResizedMap
from vrs_scipion.entry.records import Box, Lengths, MaskFile, SourceFile
from vrs_scipion.entry.request import BY_THE_HEADER, Request
from vrs_scipion.entry.symmetry import UNDERSTOOD, point_group
from vrs_scipion.entry.words import level_words
from vrs_scipion.files import InputError, load_model, printable, save_model
from vrs_scipion.folders import RECORD_FILE
from vrs_scipion.maps.density import Density, Mask
from vrs_scipion.maps.fourier import resample
from vrs_scipion.maps.kind import Recognised, recognised
from vrs_scipion.maps.masks import (
    Components,
    connected_components,
    dilate,
    dilation_iterations,
    soft_edge_sigma,
    soft_mask,
    touches_every_face,
)
from vrs_scipion.maps.reading import read_density, read_header
from vrs_scipion.maps.statistics import moments
from vrs_scipion.maps.writing import write_on_grid

_SMALLEST_RESIZED_SIDE = 8
_NYQUIST_TOLERANCE = 1e-3
_CROWDED = 0.5
_FAR = 2.0


@dataclass(frozen=True)
class InspectedMap:
    """A map that can be validated: what it is, its hard mask, what is odd about it.

    ``pieces`` are the voxels of each piece of the molecule at the contour, the largest first;
    ``threshold`` is what bounds it; ``halves`` are the two files of which it is the mean, where no
    map was given.
    """

    request: Request
    density: Density
    halves: ReadHalfMaps | None
    kind: Recognised
    threshold: Threshold
    deposition: Deposition | None
    raw_voxels: int
    pieces: tuple[int, ...]
    hard: Mask
    warnings: tuple[str, ...]

    @property
    def contour(self) -> float:
        """In the map's units."""
        return self.request.number("contour") or 0.0

    @property
    def symmetry(self) -> str:
        """The point group; '' where none was given."""
        said = self.request.text("symmetry")
        return point_group(said) if said else ""

    @property
    def box(self) -> Box:
        return self.density.box

    @property
    def voxel_size(self) -> Lengths:
        return self.density.voxel_size

    @property
    def voxel_size_from(self) -> str:
        """Who says how large the voxels are."""
        if self.halves is not None:
            return self.halves.voxel_size_from
        size = self.request.number("voxel")
        if size is None:
            return BY_THE_HEADER
        deposited = self.deposition.voxel_size if self.deposition else None
        if self.deposition and deposited and math.dist(deposited, (size,) * 3) == 0:
            return self.deposition.source
        return self.request.origin("voxel")

    def given_by(self, name: str) -> str:
        """Who gave a number: the archive, where its own was left as it is."""
        deposition = self.deposition
        if deposition and getattr(deposition, name) == self.request.number(name):
            return deposition.source
        return self.request.origin(name)


def inspect_map(request: Request, before: Mapping[str, object]) -> InspectedMap:
    """Read the map that was asked for and refuse it if it cannot be validated. Writes nothing.

    Without one, the mean of the two half maps stands for it.

    Raises
    ------
    InputError
        one sentence that names the file, what is wrong and what to do.
    """
    request = in_map_units(request)
    path, density, halves = _read(request)
    if halves is None:
        refuse_images(density, path)
    contour = _level(request, density, path)
    _require_resolution(request, density, path)
    _require_mass(request, path)
    _require_symmetry(request)
    kind = recognised(density)
    threshold, components = Threshold(contour), _components(contour, density, kind, path)
    coarse = coarse_threshold(density) if halves else None
    if coarse is not None:
        threshold, components = coarse, connected_components(coarse.reached(density))
    hard = dilate(components.molecule, dilation_iterations(density.voxel_size))
    deposition = request.path("deposition")
    return InspectedMap(
        request,
        density,
        halves,
        kind,
        threshold,
        load_model(Deposition, deposition) if deposition else None,
        int(components.sizes.sum()),
        tuple(int(size) for size in components.pieces),
        hard,
        tuple(_oddities(request, density, kind, hard)),
    )


def _components(contour: float, density: Density, kind: Recognised, path: Path) -> Components:
    """What is connected at the contour level, where that is reached and bounds it."""
    raw = density.values >= contour
    if not raw.any():
        raise InputError(path, unreached(contour, density, kind))
    components = connected_components(raw)
    largest = components.largest
    if touches_every_face(largest):
        raise InputError(path, unbounded(contour, float(largest.mean()), density, kind))
    return components


def _read(request: Request) -> tuple[Path, Density, ReadHalfMaps | None]:
    """The map and what to call it; and the half maps where it is their mean."""
    path, voxel = request.path("map"), request.number("voxel")
    if path is not None:
        return path, read_density(path, voxel), None
    if not any(key in request.values for key in HALF_KEYS):
        raise InputError("map", "give the map's file, or its two half maps")
    halves = read_half_maps(request, voxel=voxel)
    return Path(halves.mean_name), mean_map(halves), halves


def prepare_map(inspected: InspectedMap, entry: Entry, folder: Path) -> MapRecord:
    """Write the map as z, y, x, its masks and, last, its record into ``folder``."""
    request, density, hard = inspected.request, inspected.density, inspected.hard
    contour = inspected.contour
    resolution = request.number("resolution")
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | Mask) -> str:
        write_on_grid(folder / name, values, density)
        return name

    soft = soft_mask(hard, density.voxel_size)
    sigma = soft_edge_sigma(density.voxel_size)
    iterations = dilation_iterations(density.voxel_size)
    whole = moments(density.values)
    resized, resized_warnings = _write_resized(inspected.threshold, resolution, density, folder)
    deposition = inspected.deposition
    record = MapRecord(
        given=request.as_given(one.key for one in MAP.fields if one.offered),
        title=_title(inspected),
        origin_of_data=deposition.source if deposition else "user data",
        deposition=deposition,
        source=_source(inspected, folder / write("map.mrc", density.values)),
        halves=_half_files(inspected.halves),
        kind=inspected.kind.kind,
        kind_evidence=inspected.kind.evidence,
        map_file="map.mrc",
        box=density.box,
        voxel_size=density.voxel_size,
        voxel_size_from=inspected.voxel_size_from,
        nstart=density.nstart,
        origin=density.origin,
        contour=contour,
        contour_from=request.text("contour_from") or inspected.given_by("contour"),
        resolution=resolution,
        resolution_from=inspected.given_by("resolution"),
        mass=request.number("mass"),
        mass_from=inspected.given_by("mass"),
        symmetry=inspected.symmetry,
        minimum=float(density.values.min()),
        maximum=float(density.values.max()),
        mean=whole.mean,
        standard_deviation=whole.std,
        raw_mask_voxels=inspected.raw_voxels,
        mask_pieces=inspected.pieces,
        hard_mask=MaskFile(
            file=write("mask_hard.mrc", hard),
            voxels=int(np.count_nonzero(hard)),
            description=inspected.threshold.mask_words(len(inspected.pieces), iterations),
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
    save_model(record, folder / RECORD_FILE)
    return record


def _source(inspected: InspectedMap, prepared: Path) -> SourceFile:
    """The map's file; where it is the mean of two half maps, as it was prepared."""
    path, halves = inspected.request.path("map"), inspected.halves
    notes = (*inspected.density.notes, *_placeholder(inspected))
    if path is not None:
        return SourceFile.of(path, notes)
    assert halves is not None
    return SourceFile.of(prepared, (_IS_THE_MEAN, *notes)).model_copy(
        update={"name": halves.mean_name}
    )


_IS_THE_MEAN = (
    "No map was given: the mean of the two half maps, as they are, stands for it. The contour "
    "level is one of that mean, and what is said of the map is said of it. It is neither sharpened "
    "nor freed from noise: where there is a map that is, give that one, too."
)


def _half_files(halves: ReadHalfMaps | None) -> tuple[SourceFile, ...]:
    if halves is None:
        return ()
    read = zip(halves.paths, (halves.first, halves.second), strict=True)
    return tuple(SourceFile.of(path, half.notes) for path, half in read)


def _title(inspected: InspectedMap) -> str:
    deposited = inspected.deposition.title if inspected.deposition else ""
    path, halves = inspected.request.path("map"), inspected.halves
    name = printable(path.name) if path else ""
    if halves is not None:
        name = f"M{halves.mean_name[1:]}"
    return inspected.request.text("title") or deposited or name


def _level(request: Request, density: Density, path: Path) -> float:
    """The contour level, a number."""
    contour = request.number("contour")
    if contour is None:
        raise InputError(path, missing(density))
    if not math.isfinite(contour):
        raise InputError(path, senseless(contour, density))
    return contour


def _require_resolution(request: Request, density: Density, path: Path) -> None:
    """Refuse a resolution that is none, or coarser than the box."""
    d = request.number("resolution")
    if d is None:
        return
    if not (math.isfinite(d) and d > 0):
        raise InputError(path, f"a resolution of {d:g} Å makes no sense; give one above 0, or none")
    if d >= min(density.extent):
        raise InputError(
            path,
            f"a resolution of {d:g} Å is coarser than the box ({min(density.extent):.4g} Å); give "
            "it in Å, and look whether the voxel size is right",
        )


def _require_mass(request: Request, path: Path) -> None:
    mass = request.number("mass")
    if mass is not None and not (math.isfinite(mass) and mass > 0):
        raise InputError(path, f"a mass of {mass:g} kDa makes no sense; give one above 0, or none")


def _require_symmetry(request: Request) -> None:
    said = request.text("symmetry")
    try:
        point_group(said or "C1")
    except ValueError as error:
        raise InputError("--symmetry", str(error)) from error


def _oddities(request: Request, density: Density, kind: Recognised, hard: Mask) -> list[str]:
    resolution = request.number("resolution")
    found = [f"{kind.sentence} {kind.kind.consequence}"] if kind.sentence else []
    if is_inverted(density, kind):
        said = inversion(density)
        found.append(f"{said[:1].upper()}{said[1:]}.")
    filled = float(hard.mean())
    if filled > _CROWDED:
        found.append(
            f"The mask fills {filled:.0%} of the box: the contour level may be too low, or the "
            "box too small."
        )
    nyquist = 2 * max(density.voxel_size)
    if resolution is not None and resolution < nyquist * (1 - _NYQUIST_TOLERANCE):
        found.append(
            f"The reported resolution, {resolution:g} Å, lies beyond the map's Nyquist "
            f"limit of {nyquist:.4g} Å: the map cannot hold such detail. Are both in Å?"
        )
    found += _far_from_the_header(request, density)
    if request.number("contour") == 0:
        found.append("The contour level is 0: is that the recommended one, or was none known?")
    return found


def _far_from_the_header(request: Request, density: Density) -> Iterator[str]:
    """A warning where the voxel size that was given is another than the header's by far."""
    path, given = request.path("map") or request.path(HALF_KEYS[0]), request.number("voxel")
    if path is None or given is None:
        return
    header = max(read_header(path).voxel_size)
    if header > 0 and header != 1 and not 1 / _FAR < given / header < _FAR:
        yield (
            f"The voxel size given, {given:g} Å, is {given / header:.3g} times the header's, "
            f"{header:.4g} Å: is it in Å, and of this map?"
        )


def _placeholder(inspected: InspectedMap) -> Iterator[str]:
    if inspected.voxel_size_from == BY_THE_HEADER and inspected.voxel_size == (1.0, 1.0, 1.0):
        yield (
            "Voxels of exactly 1 Å are also what programs write that do not know the size; if it "
            "is another, give it (--voxel)."
        )


def _write_resized(
    threshold: Threshold, d: float | None, density: Density, folder: Path
) -> tuple[ResizedMap | None, tuple[str, ...]]:
    """The map on voxels of d/2, or none where the map itself is that coarse already."""
    if d is None or d / 2 <= max(density.voxel_size) * (1 + _NYQUIST_TOLERANCE):
        return None, ()
    if min(density.extent) / (d / 2) < _SMALLEST_RESIZED_SIDE:
        return None, (
            f"At voxels of half the reported resolution ({d / 2:g} Å) the box would have under "
            f"{_SMALLEST_RESIZED_SIDE} voxels a side: is the resolution right?",
        )
    small = resample(density, d / 2)
    write_on_grid(folder / "map_resized.mrc", small.values, small)
    resized = ResizedMap(file="map_resized.mrc", box=small.box, voxel_size=small.voxel_size)
    raw = threshold.reached(small)
    if not raw.any():
        return resized, (
            f"Resampled to voxels of {d / 2:g} Å, the map does not reach the contour level any "
            "more: checks on the resampled map have no mask.",
        )
    components = connected_components(raw)
    iterations = dilation_iterations(small.voxel_size)
    mask = dilate(components.molecule, iterations)
    write_on_grid(folder / "mask_resized.mrc", mask, small)
    described = threshold.mask_words(components.pieces.size, iterations)
    return resized.model_copy(
        update={
            "hard_mask": MaskFile(
                file="mask_resized.mrc",
                voxels=int(np.count_nonzero(mask)),
                description=f"of the resampled map: {described}",
            )
        }
    ), ()


MAP = Input(
    key="map",
    title="Map",
    noun="the map",
    fields=(
        Field(
            "map",
            Kind.PATH,
            "Map file",
            "MRC/CCP4 (.mrc, .map, .ccp4), plain or gzipped. Of a stack of volumes the first is "
            "taken. Without one the mean of the two half maps is validated.",
            besides="Or an entry such as EMD-3488: its half maps, FSC curve and model are fetched "
            "with its map where it has them, and its numbers are the defaults.",
            metavar="MAP",
            required=True,
        ),
        Field(
            "contour",
            Kind.NUMBER,
            "Recommended contour level",
            "The density at which the map should be looked at, in the map's own units. At this "
            "level the molecule should be one connected piece. On the command line also in "
            "standard deviations, 3sigma, or auto for the one that the program suggests.",
            metavar="T",
            required=True,
            in_words=level_words,
        ),
        Field(
            "contour_from",
            Kind.TEXT,
            "Where the level comes from",
            "In words, for the report; empty where it was given by the user.",
            offered=False,
            identifies=False,
        ),
        Field(
            "resolution",
            Kind.NUMBER,
            "Reported resolution",
            "As published or deposited; none or 0 when none was reported: the checks that need it "
            "then do not apply.",
            unit="Å",
            metavar="D",
        ),
        Field(
            "voxel",
            Kind.NUMBER,
            "Voxel size",
            "Instead of the one in the file's header.",
            unit="Å",
            metavar="S",
        ),
        Field(
            "mass",
            Kind.NUMBER,
            "Mass of the molecule",
            "Of all that the map should show, all copies together; 0.b holds the mass at the "
            "contour level against it. None or 0 when it is not known.",
            unit="kDa",
            metavar="KDA",
        ),
        Field(
            "symmetry",
            Kind.TEXT,
            "Point group",
            f"That the reconstruction was given: {UNDERSTOOD}. It repeats the noise of the half "
            "maps, so that they hold fewer independent values. Empty when it is not known.",
            metavar="GROUP",
        ),
        Field(
            "title",
            Kind.TEXT,
            "Title",
            "Title of the report; the archive's, or the file's name, when empty.",
            metavar="TEXT",
        ),
        Field(
            "deposition",
            Kind.PATH,
            "Deposition",
            "What an archive says of the map (JSON, which vrs validate writes for an entry of "
            "EMDB); none for a map of your own.",
            offered=False,
            identifies=False,
            copied=True,
        ),
    ),
    inspect=inspect_map,
    prepare=prepare_map,
    instead=HALF_KEYS,
)
