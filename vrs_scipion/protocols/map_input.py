"""The part of a form that asks for a map as a volume of the project, and what it says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyworkflow.protocol.params as params
from pwem.objects import Volume
from pyworkflow.protocol.constants import LEVEL_ADVANCED

from vrs_scipion.entry.inputs import INPUTS, inspect
from vrs_scipion.entry.record_map import Deposition
from vrs_scipion.entry.request import Request
from vrs_scipion.files import InputError, load_model
from vrs_scipion.maps.location import resolved
from vrs_scipion.maps.reading import read_header
from vrs_scipion.objects import VrsMap
from vrs_scipion.protocols.input_form import add_field

_SAME_VOXEL = 1e-5
_BY_THE_VOLUME = ("map", "voxel", "deposition")
"""Fields that the volume of the project stands for."""


class VrsMapInput:
    """Mixin of the protocols that start from a volume of the project."""

    _vrsInspected: dict[str, Any] | None = None

    def _defineMapParams(self, form: Any) -> None:
        form.addSection(label="Input")
        form.addParam(
            "inputVolume",
            params.PointerParam,
            pointerClass="Volume",
            important=True,
            label="Map",
            help="The map to validate, from an import or from any refinement. Its file is only "
            "read.",
        )
        for field in INPUTS["map"].fields:
            if field.key not in _BY_THE_VOLUME:
                advanced = {} if field.offered else {"expertLevel": LEVEL_ADVANCED}
                add_field(form, field, **advanced)

    def _request(self) -> Request:
        """What the form asks for."""
        volume = self.inputVolume.get()  # type: ignore[attr-defined]
        path, (first, second) = source_file(volume), mean_of(volume)
        request = Request.of(
            map=None if first else path,
            half1=first,
            half2=second,
            contour=_number(self.contour),  # type: ignore[attr-defined]
            resolution=_number(self.resolution) or None,  # type: ignore[attr-defined]
            voxel=_voxel_size(volume, first or path),
            mass=_number(self.mass) or None,  # type: ignore[attr-defined]
            contour_from=str(self.contour_from.get() or ""),  # type: ignore[attr-defined]
            symmetry=str(self.symmetry.get() or ""),  # type: ignore[attr-defined]
            title=str(self.title.get() or ""),  # type: ignore[attr-defined]
            deposition=volume.getDepositionFile() if isinstance(volume, VrsMap) else None,
        )
        return Request(request.values, {"voxel": "the volume in Scipion"})

    def _inspect(self) -> dict[str, Any]:
        """What the request holds, by input; read once per process."""
        if self._vrsInspected is None:
            self._vrsInspected = inspect(self._request())
        return self._vrsInspected

    def _inputErrors(self) -> list[str]:
        """Why what was given cannot be validated: nothing, or one sentence."""
        try:
            self._vrsInspected = None
            self._inspect()
        except InputError as error:
            return [str(error)]
        return []

    def _inputWarnings(self) -> list[str]:
        try:
            return [text for found in self._inspect().values() for text in found.warnings]
        except InputError:
            return []


def source_file(volume: Volume) -> Path:
    """The location in which ``volume`` came, whatever Scipion made of it."""
    source = volume.getSourceFile() if isinstance(volume, VrsMap) else None
    if source is not None:
        return source
    index, name = volume.getLocation()
    return resolved(f"{index}@{name}" if index > 1 else name)


def mean_of(volume: Volume) -> tuple[Path, Path] | tuple[None, None]:
    """The half maps of which an imported volume is the mean; none for another volume."""
    if not isinstance(volume, VrsMap) or volume.getSourceFile() is not None:
        return None, None
    first, second = half_maps_of(volume)
    return first, second


def half_maps_of(volume: Volume | None) -> list[Path]:
    """The half maps that a volume of the project carries: two, or none."""
    if volume is None or not volume.hasHalfMaps():
        return []
    return [resolved(name) for name in volume.getHalfMaps(asList=True)]


def deposition_of(volume: Any) -> Deposition | None:
    """What an archive says of a volume that was imported from there."""
    path = volume.getDepositionFile() if isinstance(volume, VrsMap) else None
    return load_model(Deposition, path) if path and path.is_file() else None


def mean_voxel_size(voxel_size: tuple[float, float, float]) -> float:
    """Geometric mean over the axes: the one number that Scipion keeps."""
    return float(f"{float(np.cbrt(np.prod(voxel_size))):.6g}")


def _number(parameter: Any) -> float:
    value = parameter.get()
    return float("nan") if value is None else float(value)


def _voxel_size(volume: Volume, path: Path) -> float | None:
    """The volume's sampling rate, or None where the file's header says the same."""
    sampling = volume.getSamplingRate()
    if not sampling:
        return None
    header = mean_voxel_size(read_header(path).voxel_size)
    return None if abs(header - sampling) <= _SAME_VOXEL * sampling else float(sampling)
