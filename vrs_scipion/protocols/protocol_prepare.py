"""Preparing the inputs for the checks: one protocol each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyworkflow.protocol.params as params
from pwem.objects import Volume, VolumeMask
from pwem.protocols import EMProtocol

from vrs_scipion.entry.entry import load_record
from vrs_scipion.entry.inputs import INPUTS
from vrs_scipion.entry.read_half_maps import HALF_KEYS
from vrs_scipion.entry.records import InputRecord
from vrs_scipion.entry.request import Request
from vrs_scipion.files import InputError
from vrs_scipion.folders import ENTRY, RECORD_FILE
from vrs_scipion.maps.location import location_path
from vrs_scipion.objects import VrsPrepared
from vrs_scipion.protocols.input_form import (
    POINTERS,
    add_field,
    add_pointers,
    entry_of,
    prepared_folders,
)
from vrs_scipion.protocols.map_input import VrsMapInput, half_maps_of
from vrs_scipion.protocols.runs import VrsRun
from vrs_scipion.protocols.volume_outputs import volume_object, volume_output


class VrsProtPrepareInput(VrsRun):
    """Base of the protocols that prepare one input; a subclass names its ``key``.

    It says in ``_inspected`` what is to be prepared. ``source`` is the pointer to what its outputs
    are made of.
    """

    _label: str | None = None
    key: str
    source = "inputVolume"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._label = f"prepare {INPUTS[cls.key].title.lower()}"
        cls._possibleOutputs = {"outputEntry": POINTERS[cls.key].kind}

    def _inspected(self) -> Any:
        raise NotImplementedError

    def _insertAllSteps(self) -> None:
        self._insertFunctionStep(self.prepareStep, needsGPU=False)

    def prepareStep(self) -> None:
        folder = Path(self._getExtraPath(ENTRY))
        record = INPUTS[self.key].prepare(self._inspected(), entry_of(self), folder)
        outputs = prepared_outputs(self.key, record, folder)
        self._defineOutputs(**outputs)
        source = getattr(self, self.source)
        if source.get() is not None:
            for output in outputs.values():
                self._defineSourceRelation(source, output)

    def _summary(self) -> list[str]:
        if not hasattr(self, "outputEntry"):
            return [f"{INPUTS[self.key].title}: not prepared yet."]
        return describe_record(load_record(self.key, self.outputEntry.getFolder()))

    def _methods(self) -> list[str]:
        if not hasattr(self, "outputEntry"):
            return []
        return [f"{INPUTS[self.key].title}: prepared with vrs_scipion."]


class VrsProtPrepare(VrsMapInput, VrsProtPrepareInput):
    """Prepares a map for validation: brings its axes to x, y, z, masks the molecule at the
    recommended contour level with hard and soft borders, resamples the map to half the reported
    resolution, and notes the file's SHA-256. Every check starts from here.
    """

    key = "map"
    fields = {
        key: key for key in ("contour", "contour_from", "resolution", "mass", "symmetry", "title")
    }

    def _defineParams(self, form: Any) -> None:
        self._defineMapParams(form)

    def _inspected(self) -> Any:
        return self._inspect()[self.key]

    def _refused(self) -> list[str]:
        return self._inputErrors()

    def _warnings(self) -> list[str]:
        return self._inputWarnings()


class VrsBesideTheMap:
    """Mixin of the protocols that prepare what comes beside a map that is prepared."""

    key: str

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Input")
        add_pointers(form, ["map"])
        self._defineSource(form)
        for field in INPUTS[self.key].fields:
            add_field(form, field, important=False)

    def _defineSource(self, form: Any) -> None:
        """Ask for what the project has of the input."""
        raise NotImplementedError

    def _request(self) -> Request:
        raise NotImplementedError

    def _inspected(self) -> Any:
        return INPUTS[self.key].inspect(self._request(), {"map": entry_of(self).map})

    def _refused(self) -> list[str]:
        if not prepared_folders(self):
            return []
        try:
            self._inspected()
        except InputError as error:
            return [str(error)]
        return []


class VrsProtPrepareHalfMaps(VrsBesideTheMap, VrsProtPrepareInput):
    """Prepares two half maps: brings their axes to x, y, z, refuses what are not two halves of one
    reconstruction, brings the map's mask to their grid and gives it the soft edge under which they
    are compared.
    """

    key = "half_maps"
    fields = {field.key: field.key for field in INPUTS["half_maps"].fields}

    def _defineSource(self, form: Any) -> None:
        form.addParam(
            "inputVolume",
            params.PointerParam,
            pointerClass="Volume",
            allowsNull=True,
            label="Volume with its half maps",
            help="A volume of the project that carries its two half maps, as refinements leave "
            "it; or none, and two files.",
        )

    def _request(self) -> Request:
        return half_map_request(self, self.inputVolume.get())


class VrsProtPrepareModel(VrsBesideTheMap, VrsProtPrepareInput):
    """Prepares an atomic model: reads its atoms, tells proteins, nucleic acids, ligands, sugars,
    ions and waters apart, and notes where it lies in the map. It is never moved but by the shift
    that is given.
    """

    key = "model"
    fields = {field.key: field.key for field in INPUTS["model"].fields}
    source = "inputStructure"

    def _defineSource(self, form: Any) -> None:
        add_structure(form)

    def _request(self) -> Request:
        return model_request(self, None)


def add_structure(form: Any) -> None:
    """Ask for an atomic model of the project."""
    form.addParam(
        "inputStructure",
        params.PointerParam,
        pointerClass="AtomStruct",
        allowsNull=True,
        label="Atomic structure",
        help="A model of the project, from an import or from any modelling; or none, and a file.",
    )


def half_map_request(protocol: EMProtocol, volume: Volume | None) -> Request:
    """Half maps that a form names as files, or else a volume carries, and what goes with them."""
    named = {field.key: _named(protocol, field.key) for field in INPUTS["half_maps"].fields}
    if not any(named[key] for key in HALF_KEYS):
        named.update(zip(HALF_KEYS, half_maps_of(volume), strict=False))
    return Request.of(**named)


def model_request(protocol: EMProtocol, volume: Volume | None) -> Request:
    """A model that a form names as a file, or else points to, and what goes with it."""
    structure, path = protocol.inputStructure.get(), _named(protocol, "model")
    if path is None and structure is not None:
        path = Path(structure.getFileName()).absolute()
    return Request.of(model=path, model_offset=str(protocol.model_offset.get() or ""))


def _named(protocol: EMProtocol, key: str) -> Path | None:
    """A file that a form names."""
    name = getattr(protocol, key).get()
    return location_path(name).expanduser().absolute() if name else None


BESIDE_THE_MAP = {"half_maps": half_map_request, "model": model_request}
"""What a form's fields, and what it points to, ask for beside the map, by input."""

INSTEAD = {
    "half_maps": "Empty: what the volume carries, if it does.",
    "model": "Empty: the atomic structure, if there is one.",
}
"""What counts where a form names no file, by input."""


def prepared_outputs(key: str, record: InputRecord, folder: Path) -> dict[str, Any]:
    """The Scipion objects of a prepared input, by output name."""
    prepared: VrsPrepared = POINTERS[key].kind(str(folder / RECORD_FILE))
    prepared.describe(record)
    outputs: dict[str, Any] = {"outputEntry": prepared}
    for one in record.volumes:
        if one.key == key:
            continue
        kind = VolumeMask if one.kind == "mask" else Volume
        outputs[volume_output(one.key)] = volume_object(folder / one.file, one.label, kind)
    return outputs


def describe_record(record: InputRecord) -> list[str]:
    """What the project window says of a prepared input."""
    title = getattr(record, "title", "")
    return [
        *([f"*{title}*"] if title else []),
        *(f"{fact.label}: {fact.value}" for fact in record.facts),
        *(f"Warning: {text}" for text in record.warnings),
    ]
