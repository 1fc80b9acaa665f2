"""Wizards that fill in what a file's header or the project already knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pwem.objects import FSC
from pyworkflow.gui.dialog import showError, showInfo
from pyworkflow.object import Float
from pyworkflow.wizard import Wizard

from vrs_scipion.files import InputError
from vrs_scipion.maps.reading import read_header
from vrs_scipion.methods.fsc import GOLD_STANDARD, crossings
from vrs_scipion.protocols import VrsProtImportMap
from vrs_scipion.protocols.map_input import VrsMapInput, deposition_of, mean_voxel_size


class VrsVoxelSizeWizard(Wizard):
    """Takes the voxel size from the file's header."""

    _targets = [(VrsProtImportMap, ["samplingRate"])]

    def show(self, form: Any, *params: Any) -> None:
        name = form.protocol.mapFile.get()
        if not name:
            showInfo("Voxel size", "Choose the map's file first.", form.root)
            return
        try:
            size = read_header(Path(name).expanduser()).voxel_size
        except InputError as error:
            showError("Voxel size", str(error), form.root)
            return
        if min(size) <= 0:
            showInfo("Voxel size", "The file's header gives none: please type it.", form.root)
            return
        form.setVar("samplingRate", mean_voxel_size(size))


class VrsResolutionWizard(Wizard):
    """Takes the resolution from the volume, or from the FSC of the protocol that made it."""

    _targets = [(VrsMapInput, ["resolution"])]

    def show(self, form: Any, *params: Any) -> None:
        pointer = form.protocol.inputVolume
        if pointer.get() is None:
            showInfo("Resolution", "Choose the map first.", form.root)
            return
        found = known_resolution(pointer.get(), pointer.getObjValue())
        if found is None:
            showInfo(
                "Resolution",
                "Scipion knows none for this volume: neither the volume nor an FSC of the protocol "
                "that made it says one. Please type the reported resolution, or leave 0.",
                form.root,
            )
            return
        value, source = found
        form.setVar("resolution", value)
        showInfo("Resolution", f"{value:g} Å, from {source}.", form.root)


def known_resolution(volume: Any, maker: Any) -> tuple[float, str] | None:
    """The resolution of a volume in Å and where it was found, or None.

    Parameters
    ----------
    volume : a volume of the project
    maker : the protocol that made it, or the volume itself where that is not known
    """
    deposited = deposition_of(volume)
    if deposited is not None and deposited.resolution:
        return deposited.resolution, deposited.source
    own = getattr(volume, "_resolution", None)
    if isinstance(own, Float) and own.get():
        return _rounded(own.get()), "the volume itself"
    for name, curve in _curves(maker):
        frequencies, values = curve.getData()
        found = crossings(frequencies, values, GOLD_STANDARD)
        if found and found[0] > frequencies[0]:  # one that starts below says nothing
            where = f"where {name} of {maker.getRunName()} falls to {GOLD_STANDARD:g}"
            return _rounded(1 / found[0]), where
    return None


def _curves(maker: Any) -> Iterator[tuple[str, FSC]]:
    """The Fourier shell correlations among a protocol's outputs."""
    outputs = maker.iterOutputAttributes() if hasattr(maker, "iterOutputAttributes") else ()
    for name, output in outputs:
        if isinstance(output, FSC):
            yield name, output
        elif getattr(output, "ITEM_TYPE", None) is FSC:
            for curve in output:
                yield name, curve.clone()


def _rounded(value: float) -> float:
    return float(f"{float(value):.3g}")
