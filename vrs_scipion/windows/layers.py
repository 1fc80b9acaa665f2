"""The volumes of a validation that can be looked at, and what to call them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.records import PreparedVolume
from vrs_scipion.maps.reading import read_header
from vrs_scipion.results import CheckResult, OutputVolume
from vrs_scipion.windows.results_folder import Contents

Array = NDArray[np.float32]


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
    input : key of the input whose grid it lies on: others' may begin elsewhere
    """

    key: str
    name: str
    path: Path
    unit: str = ""
    mask: Path | None = None
    colour_range: tuple[float, float] | None = None
    contour: float | None = None
    input: str = "map"

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

    def over(self, density: Layer) -> Layers:
        """The same densities, with what can be laid over one of them."""
        masks, values = (
            tuple(layer for layer in kind if layer.input == density.input)
            for kind in (self.masks, self.values)
        )
        return Layers(self.densities, masks, values)


def find_layers(contents: Contents) -> Layers:
    """The volumes of a validation; those whose file is not there are left out."""
    entry = contents.entry
    densities, masks, values = list(_densities(entry)), list(_masks(entry)), []
    for result, folder in contents.results():
        for item in result.volumes:
            path = folder / item.file
            if item.kind == "values":
                values.append(_values(result, item, path, entry))
            else:
                name = f"{result.code} {item.description}"
                densities.append(Layer(f"{result.code}:{item.key}", name, path))
    return Layers(
        *(tuple(x for x in kind if x.path.is_file()) for kind in (densities, masks, values))
    )


def _densities(entry: Entry) -> Iterator[Layer]:
    for key, path, volume in _prepared(entry):
        if volume.kind == "density":
            yield Layer(volume.key, volume.label, path, contour=volume.contour, input=key)


def _masks(entry: Entry) -> Iterator[Layer]:
    for key, path, volume in _prepared(entry):
        if volume.kind == "mask":
            yield Layer(volume.key, volume.label, path, input=key)


def _prepared(entry: Entry) -> Iterator[tuple[str, Path, PreparedVolume]]:
    """The volumes of the inputs that are there to be looked at, with input and file."""
    for key in entry.given:
        for volume in entry.record(key).volumes:
            if volume.shown:
                yield key, entry.path(key, volume.file), volume


def _values(result: CheckResult, item: OutputVolume, path: Path, entry: Entry) -> Layer:
    """A volume of values per voxel, in the mask that lies on its grid."""
    reach = item.range if item.range is not None and item.range[0] < item.range[1] else None
    name = f"{result.code} {item.label}"
    mask = _mask_of(path, entry)
    return Layer(f"{result.code}:{item.key}", name, path, item.unit, mask, reach)


def _mask_of(path: Path, entry: Entry) -> Path | None:
    """The hard mask on the same grid as ``path``, if there is one."""
    if not path.is_file():
        return None
    shape = read_header(path).shape
    resized = entry.map.resized
    if resized is not None and resized.hard_mask is not None and resized.box == shape:
        return entry.path("map", resized.hard_mask.file)
    return entry.hard_mask_path if entry.box == shape else None
