"""Preparing a map for the checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pwem.objects import Volume, VolumeMask
from pwem.protocols import EMProtocol

from vrs_scipion.entry.files import load_entry
from vrs_scipion.entry.model import ENTRY_FILE, Entry
from vrs_scipion.entry.prepare import prepare
from vrs_scipion.objects import VrsEntry
from vrs_scipion.protocols.map_input import MapInput, mean_voxel_size


class VrsProtPrepare(MapInput, EMProtocol):
    """Prepares a map for validation: brings its axes to x, y, z, masks the molecule at the
    recommended contour level with hard and soft borders, resamples the map to half the reported
    resolution, and notes the file's SHA-256. Every check starts from here.
    """

    _label = "prepare map"
    _possibleOutputs = {
        "outputEntry": VrsEntry,
        "outputHardMask": VolumeMask,
        "outputSoftMask": VolumeMask,
        "outputResizedVolume": Volume,
        "outputResizedMask": VolumeMask,
    }

    def _defineParams(self, form: Any) -> None:
        self._defineMapParams(form)

    def _insertAllSteps(self) -> None:
        self._insertFunctionStep(self.prepareStep, needsGPU=False)

    def prepareStep(self) -> None:
        folder = Path(self._getExtraPath("entry"))
        entry = prepare(self._request(), folder, self._inspect())
        outputs = entry_outputs(entry, folder)
        self._defineOutputs(**outputs)
        for output in outputs.values():
            self._defineSourceRelation(self.inputVolume, output)

    def _validate(self) -> list[str]:
        return self._mapErrors()

    def _warnings(self) -> list[str]:
        return self._mapWarnings()

    def _summary(self) -> list[str]:
        if not hasattr(self, "outputEntry"):
            return ["The map was not prepared yet."]
        return describe_entry(load_entry(self.outputEntry.getFolder()))

    def _methods(self) -> list[str]:
        if not hasattr(self, "outputEntry"):
            return []
        entry = load_entry(self.outputEntry.getFolder())
        return [
            f"The map was masked at the contour level {entry.contour:g}: "
            f"{entry.hard_mask.description}; soft borders: {entry.soft_mask.description}."
        ]


def entry_outputs(entry: Entry, folder: Path) -> dict[str, Any]:
    """The Scipion objects of a prepared map, by output name."""
    prepared = VrsEntry(str(folder / ENTRY_FILE))
    prepared.describe(entry)
    sampling = mean_voxel_size(entry.voxel_size)
    outputs: dict[str, Any] = {
        "outputEntry": prepared,
        "outputHardMask": _volume(VolumeMask, folder / entry.hard_mask.file, sampling),
        "outputSoftMask": _volume(VolumeMask, folder / entry.soft_mask.file, sampling),
    }
    resized = entry.resized
    if resized is not None:
        sampling = mean_voxel_size(resized.voxel_size)
        outputs["outputResizedVolume"] = _volume(Volume, folder / resized.file, sampling)
        if resized.hard_mask is not None:
            outputs["outputResizedMask"] = _volume(
                VolumeMask, folder / resized.hard_mask.file, sampling
            )
    return outputs


def describe_entry(entry: Entry) -> list[str]:
    """What the project window says of a prepared map."""
    x, y, z = entry.box[::-1]
    resolution = "none reported" if entry.resolution is None else f"{entry.resolution:g} Å"
    return [
        f"*{entry.title}*",
        f"{entry.source.name}, SHA-256 {entry.source.sha256[:12]}…",
        f"Box {x} × {y} × {z}, voxel {mean_voxel_size(entry.voxel_size):g} Å "
        f"({entry.voxel_size_from})",
        f"Contour level {entry.contour:g}; resolution: {resolution}",
        f"Mask: {entry.hard_mask.voxels:,} voxels",
        *entry.source.notes,
        *(f"Warning: {text}" for text in entry.warnings),
    ]


def _volume(kind: type[Volume], path: Path, sampling: float) -> Volume:
    volume = kind()
    volume.setFileName(str(path))
    volume.setSamplingRate(sampling)
    return volume
