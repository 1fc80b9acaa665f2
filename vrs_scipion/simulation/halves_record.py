"""``halves.json``: how simulated half maps were made, and all that is known of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from vrs_scipion import __version__
from vrs_scipion.maps.density import Triple
from vrs_scipion.methods.fsc import HALF
from vrs_scipion.simulation.halves import SimulatedHalves
from vrs_scipion.simulation.halves_settings import HalvesSettings
from vrs_scipion.simulation.halves_truth import HalvesTruth
from vrs_scipion.simulation.record import Parameters
from vrs_scipion.simulation.rendering import Box
from vrs_scipion.simulation.shells import Curve
from vrs_scipion.simulation.signal import Signal

HALVES_SCHEMA: Literal["vrs-halves/1"] = "vrs-halves/1"


class SignalRecord(Parameters):
    """What the halves have in common: from which file, and what was said of it."""

    name: str
    sha256: str | None
    notes: tuple[str, ...]


class CorrelationRecord(Parameters):
    """A correlation by frequency, and where it first falls below 0.143 and 0.5, in Å."""

    fsc: tuple[float, ...]
    resolution: float | None
    resolution_05: float | None


class MaskTruth(CorrelationRecord):
    """The correlation under a mask, and the share of the box that the mask takes."""

    volume_fraction: float


class HalvesRecord(Parameters):
    """What ``halves.json`` holds. Boxes and voxel sizes run along z, y, x.

    ``frequency`` (1/Å) is that of the shells of all curves; ``signal`` and ``noise`` are the mean
    |F|² of what the halves share by right and of the noise of one half. ``unmasked`` and ``masks``
    are the correlation by the signal alone. ``measurable`` is what an unmasked curve is expected
    to show, where noise is shared or a half is a copy; null where what was done to the halves
    leaves no formula. ``map_from`` is there where the map was made of something else than the
    halves; ``wrong`` says in words what the settings' faults are.
    """

    schema_version: Literal["vrs-halves/1"] = Field(default=HALVES_SCHEMA, alias="schema")
    version: str
    signal_from: SignalRecord
    map_from: SignalRecord | None
    settings: HalvesSettings
    wrong: tuple[str, ...]
    box: Box
    voxel_size: Triple
    contour: float
    frequency: tuple[float, ...]
    signal: tuple[float, ...]
    noise: tuple[float, ...]
    unmasked: CorrelationRecord
    masks: dict[str, MaskTruth]
    measurable: tuple[float, ...] | None
    files: dict[str, str]


def halves_record_of(halves: SimulatedHalves, files: dict[str, str]) -> HalvesRecord:
    """The record of half maps whose files have these names."""
    truth = halves.truth
    return HalvesRecord(
        version=__version__,
        signal_from=_signal(halves.signal),
        map_from=None if halves.map_of is None else _signal(halves.map_of),
        settings=halves.settings,
        wrong=tuple(fault.words for fault in halves.settings.faults),
        box=halves.density.box,
        voxel_size=halves.density.voxel_size,
        contour=halves.contour,
        frequency=_listed(truth.frequencies),
        signal=_listed(truth.signal),
        noise=_listed(truth.noise),
        unmasked=CorrelationRecord(**_correlation(truth, "")),
        masks={
            name: MaskTruth(**_correlation(truth, name), volume_fraction=float(mask.mean()))
            for name, mask in halves.masks.items()
        },
        measurable=None if truth.measurable is None else _listed(truth.measurable),
        files=files,
    )


def _correlation(truth: HalvesTruth, mask: str) -> dict[str, Any]:
    return {
        "fsc": _listed(truth.fsc_under[mask] if mask else truth.fsc),
        "resolution": truth.resolution(mask),
        "resolution_05": truth.resolution(mask, HALF),
    }


def _signal(signal: Signal) -> SignalRecord:
    return SignalRecord(name=signal.name, sha256=signal.sha256, notes=signal.notes)


def _listed(curve: Curve) -> tuple[float, ...]:
    return tuple(curve.tolist())
