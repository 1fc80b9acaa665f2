"""Importing a map from any MRC/CCP4 file, or the mean of its two half maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyworkflow.utils as pwutils
from pwem.objects import Transform
from pyworkflow.protocol.constants import LEVEL_ADVANCED

from vrs_scipion.entry.inputs import FIELDS
from vrs_scipion.entry.read_half_maps import mean_map, read_half_maps
from vrs_scipion.entry.request import Request
from vrs_scipion.files import InputError
from vrs_scipion.maps.density import Density
from vrs_scipion.maps.location import located, location_path
from vrs_scipion.maps.reading import is_plain_volume, read_density
from vrs_scipion.maps.writing import write_on_grid
from vrs_scipion.objects import VrsMap
from vrs_scipion.protocols.input_form import add_field
from vrs_scipion.protocols.map_input import mean_voxel_size
from vrs_scipion.protocols.runs import VrsRun


class VrsProtImportMap(VrsRun):
    """Imports a map from an MRC/CCP4 file: plain or gzipped, any mode, byte and axis order.

    The file is only read. Where Scipion's own viewers and protocols could not open it as it is, a
    plain copy is made for them; the validation always reads the file itself.
    """

    _label = "import map"
    _possibleOutputs = {"outputVolume": VrsMap}
    fields = {"mapFile": "map", "samplingRate": "voxel", "depositionFile": "deposition"}

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Input")
        for name, key in self.fields.items():
            advanced = {} if FIELDS[key].offered else {"expertLevel": LEVEL_ADVANCED}
            add_field(form, FIELDS[key], name=name, **advanced)

    def _insertAllSteps(self) -> None:
        self._insertFunctionStep(self.importStep, needsGPU=False)

    def importStep(self) -> None:
        density = self._read()
        sampling = mean_voxel_size(density.voxel_size)
        volume = VrsMap()
        self._say_where_from(volume, density)
        volume.setSamplingRate(sampling)
        origin = Transform()
        origin.setShifts(*(-n / 2 * sampling for n in density.box[::-1]))
        volume.setOrigin(origin)
        self._defineOutputs(outputVolume=volume)

    def _say_where_from(self, volume: VrsMap, density: Density) -> None:
        """Let the volume know its file, one that all of Scipion can open, and the user's."""
        source = self._source()
        volume.setSourceFile(source)
        volume.setFileName(self._usable(source, density))
        if self.depositionFile.get():
            volume.setDepositionFile(_absolute(self.depositionFile.get()))

    def _usable(self, source: Path, density: Density) -> str:
        """A file that all of Scipion can open: a link where ``source`` is one, else a copy."""
        if is_plain_volume(source):
            target = self._getExtraPath(source.name)
            pwutils.createAbsLink(str(source), target)
            return str(target)
        where = located(source)
        name = where.file.name.split(".")[0]
        number = f"_{where.index}" if where.index else ""
        return self._written(f"{name}{number}", density)

    def _written(self, name: str, density: Density) -> str:
        copy = Path(self._getExtraPath(f"{name}.mrc"))
        write_on_grid(copy, density.values, density)
        return str(copy)

    def _source(self) -> Path:
        if not self.mapFile.get():
            raise InputError("map", "give the map's file")
        return _absolute(self.mapFile.get())

    def _read(self) -> Density:
        """What is to be imported.

        Raises
        ------
        InputError
            if it was not given or cannot be read.
        """
        return read_density(self._source(), self.samplingRate.get() or None)

    def _refused(self) -> list[str]:
        try:
            self._read()
        except InputError as error:
            return [str(error)]
        return []

    def _summary(self) -> list[str]:
        if not hasattr(self, "outputVolume"):
            return ["The map was not imported yet."]
        source = self.outputVolume.getSourceFile()
        return [
            f"Imported *{source.name if source else 'the mean of two half maps'}* at "
            f"{self.outputVolume.getSamplingRate():g} Å per voxel."
        ]

    def _methods(self) -> list[str]:
        return self._summary() if hasattr(self, "outputVolume") else []

    def _citations(self) -> list[str]:
        return ["Cheng2015"]


class VrsProtImportHalfMaps(VrsProtImportMap):
    """Imports the mean of two half maps, for a validation of half maps without a map. The mean
    stands for the map, and carries its half maps as volumes of refinements do.
    """

    _label = "import half maps"
    fields = {"half1": "half1", "half2": "half2", "samplingRate": "voxel"}

    def _say_where_from(self, volume: VrsMap, density: Density) -> None:
        volume.setFileName(self._written("mean", density))
        volume.setHalfMaps([str(path) for path in self._request().values.values()])

    def _read(self) -> Density:
        return mean_map(read_half_maps(self._request(), voxel=self.samplingRate.get() or None))

    def _request(self) -> Request:
        named = {"half1": self.half1.get(), "half2": self.half2.get()}
        return Request.of(**{key: _absolute(name) for key, name in named.items() if name})


def _absolute(name: str) -> Path:
    return location_path(name).expanduser().absolute()
