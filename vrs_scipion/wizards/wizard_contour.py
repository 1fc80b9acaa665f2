"""The wizard of the contour level."""

from __future__ import annotations

from typing import Any

from pyworkflow.gui.dialog import showInfo
from pyworkflow.wizard import Wizard

from vrs_scipion.protocols.map_input import VrsMapInput, deposition_of, source_file


class VrsContourWizard(Wizard):
    """Shows what each contour level of the map encloses, and suggests one."""

    _targets = [(VrsMapInput, ["contour"])]

    def show(self, form: Any, *params: Any) -> None:
        from vrs_scipion.wizards.contour_dialog import ContourDialog

        volume = form.protocol.inputVolume.get()
        if volume is None:
            showInfo("Contour level", "Choose the map first.", form.root)
            return
        path = source_file(volume)
        deposited = deposition_of(volume)
        recommended = None
        if deposited is not None and deposited.contour is not None:
            recommended = (deposited.contour, deposited.source)
        ContourDialog(
            form.root,
            path,
            voxel_size=volume.getSamplingRate() or None,
            given=form.protocol.contour.get(),
            recommended=recommended,
            use=lambda level: form.setVar("contour", level),
        )
