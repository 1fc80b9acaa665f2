"""The part of a form that asks for a map, and the request that is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyworkflow.protocol.params as params
from pwem.objects import Volume

from vrs_scipion.entry.files import load_deposition
from vrs_scipion.entry.model import Deposition
from vrs_scipion.entry.prepare import Inspected, Request, inspect
from vrs_scipion.files import InputError
from vrs_scipion.maps.reading import read_header
from vrs_scipion.objects import VrsMap

_SAME_VOXEL = 1e-5


class MapInput:
    """Mixin of the protocols that start from a volume of the project."""

    _vrsInspected: Inspected | None = None

    def _defineMapParams(self, form: Any) -> None:
        form.addSection(label="Input")
        form.addParam(
            "inputVolume",
            params.PointerParam,
            pointerClass="Volume",
            important=True,
            label="Map",
            help="The map to validate, from an import or from any refinement. Half maps that the "
            "volume carries come along. Its file is only read.",
        )
        form.addParam(
            "contour",
            params.FloatParam,
            important=True,
            label="Recommended contour level",
            help="The density at which the map should be looked at, in the map's own units. At "
            "this level the molecule should be one connected piece.",
        )
        form.addParam(
            "resolution",
            params.FloatParam,
            default=0,
            label="Reported resolution (Å)",
            help="As published or deposited; 0 when none was reported: the checks that need it "
            "then do not apply.",
        )
        form.addParam(
            "title",
            params.StringParam,
            default="",
            label="Title",
            help="Title of the report; the file's name when empty.",
        )

    def _request(self) -> Request:
        volume = self.inputVolume.get()  # type: ignore[attr-defined]
        path = source_file(volume)
        return Request(
            map_path=path,
            contour=_number(self.contour),  # type: ignore[attr-defined]
            resolution=_number(self.resolution) or None,  # type: ignore[attr-defined]
            voxel_size=_voxel_size(volume, path),
            voxel_size_from="the volume in Scipion",
            title=str(self.title.get() or ""),  # type: ignore[attr-defined]
            half_maps=tuple(_plain(name) for name in _half_maps(volume)),
            deposition=_deposition(volume),
        )

    def _inspect(self) -> Inspected:
        """What the request holds; read once per process."""
        if self._vrsInspected is None:
            self._vrsInspected = inspect(self._request())
        return self._vrsInspected

    def _mapErrors(self) -> list[str]:
        """Why the map cannot be validated: nothing, or one sentence."""
        try:
            self._vrsInspected = None
            self._inspect()
        except InputError as error:
            return [str(error)]
        return []

    def _mapWarnings(self) -> list[str]:
        try:
            return list(self._inspect().warnings)
        except InputError:
            return []


def source_file(volume: Volume) -> Path:
    """The file in which ``volume`` came, whatever Scipion made of it.

    Raises
    ------
    InputError
        if the volume is a later one of a stack.
    """
    if isinstance(volume, VrsMap):
        return volume.getSourceFile()
    index, name = volume.getLocation()
    path = _plain(name)
    if index > 1:
        raise InputError(path, f"volume {index} of a stack was chosen; only the first can be read")
    return path.resolve()


def _plain(name: str) -> Path:
    return Path(name.removesuffix(":mrc"))


def _half_maps(volume: Volume) -> list[str]:
    return list(volume.getHalfMaps(asList=True)) if volume.hasHalfMaps() else []


def _deposition(volume: Volume) -> Deposition | None:
    path = volume.getDepositionFile() if isinstance(volume, VrsMap) else None
    return load_deposition(path) if path else None


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


def mean_voxel_size(voxel_size: tuple[float, float, float]) -> float:
    """Geometric mean over the axes: the one number that Scipion keeps."""
    return float(f"{float(np.cbrt(np.prod(voxel_size))):.6g}")
