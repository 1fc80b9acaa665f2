"""The volumes of a validation that can be looked at, and what to call them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.entry.model import Entry
from vrs_scipion.maps.reading import read_header
from vrs_scipion.results import CheckResult
from vrs_scipion.windows.results_folder import Contents

Array = NDArray[np.float32]

_LOW, _HIGH, _MIDDLE = "p2_5", "p97_5", "p50"


@dataclass(frozen=True)
class Layer:
    """A volume that can be looked at.

    Attributes
    ----------
    key, name : name for programs, name for people (with the unit, in brackets)
    path : MRC file, axes in z, y, x order
    unit : of its values; '' for none
    mask : MRC file that says where the values count, on the same grid; None for everywhere
    colour_range : values of the palette's ends; None for those of the data
    contour : level at which it is looked at, for a density
    """

    key: str
    name: str
    path: Path
    unit: str = ""
    mask: Path | None = None
    colour_range: tuple[float, float] | None = None
    contour: float | None = None

    def counts(self, values: Array, inside: Array | None) -> NDArray[np.bool_]:
        """Where values are some: in the mask, and not 0 unless that lies among the colours.

        Checks write 0 where there is no value, which may be within the mask, too.

        Parameters
        ----------
        values : of this layer
        inside : the mask's values at the same places; None where there is no mask
        """
        low, high = self.colour_range or (0.0, 0.0)
        somewhere = np.isfinite(values)
        if inside is not None:
            somewhere &= inside > 0
        zero_is_a_value = inside is not None and low <= 0 <= high
        return somewhere if zero_is_a_value else somewhere & (values != 0)


@dataclass(frozen=True)
class Layers:
    """Densities to look at, masks to draw around them, values to colour them by."""

    densities: tuple[Layer, ...]
    masks: tuple[Layer, ...]
    values: tuple[Layer, ...]


def find_layers(contents: Contents) -> Layers:
    """The volumes of a validation; those whose file is not there are left out."""
    densities, masks = _of_entry(contents.entry, contents.entry_folder)
    values: list[Layer] = []
    for result, folder in contents.results():
        for item in result.volumes:
            path = folder / item.file
            local = _local_values(result, item.file, item.key, contents, path)
            if local is not None:
                values.append(local)
            else:
                name = f"{result.code} {item.description}"
                densities.append(Layer(f"{result.code}:{item.key}", name, path))
    return Layers(
        *(tuple(x for x in kind if x.path.is_file()) for kind in (densities, masks, values))
    )


def _of_entry(entry: Entry, folder: Path) -> tuple[list[Layer], list[Layer]]:
    densities = [Layer("map", "Map", folder / entry.map_file, contour=entry.contour)]
    for number, file in enumerate(entry.half_map_files, 1):
        densities.append(Layer(f"half{number}", f"Half map {number}", folder / file))
    masks = [
        Layer("hard", "Hard mask", folder / entry.hard_mask.file),
        Layer("soft", "Soft mask", folder / entry.soft_mask.file),
    ]
    if entry.resized is not None:
        path = folder / entry.resized.file
        name = "Map on voxels of half the resolution"
        densities.append(Layer("resized", name, path, contour=entry.contour))
    return densities, masks


def _local_values(
    result: CheckResult, file: str, key: str, contents: Contents, path: Path
) -> Layer | None:
    """The volume as values per voxel, if its check coloured a surface or took percentiles of it."""
    noted = [result.measurements.get(f"{key}_{p}") for p in (_LOW, _MIDDLE, _HIGH)]
    low, middle, high = (None if item is None else item.value for item in noted)
    unit = noted[1].unit if noted[1] is not None else ""
    drawn = next(
        (f.surface for f in result.figures if f.surface and f.surface.volume == file), None
    )
    if drawn is not None:
        label, ends = drawn.label, (drawn.low, drawn.high)
    elif noted[1] is not None and low is not None and middle is not None and high is not None:
        label, ends = f"{result.name} ({unit})" if unit else result.name, (low, high)
    else:
        return None
    spread = ends if ends[0] < ends[1] else None
    mask = _mask_of(path, contents)
    return Layer(f"{result.code}:{key}", f"{result.code} {label}", path, unit, mask, spread)


def _mask_of(path: Path, contents: Contents) -> Path | None:
    """The hard mask on the same grid as ``path``, if there is one."""
    if not path.is_file():
        return None
    shape = read_header(path).shape
    entry, folder = contents.entry, contents.entry_folder
    resized = entry.resized
    if resized is not None and resized.hard_mask is not None and resized.box == shape:
        return folder / resized.hard_mask.file
    return folder / entry.hard_mask.file if entry.box == shape else None
