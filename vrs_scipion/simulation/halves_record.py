"""``halves.json``: how simulated half maps were made, and all that is known of them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from vrs_scipion import __version__
from vrs_scipion.maps.density import Triple
from vrs_scipion.methods.fsc import HALF
from vrs_scipion.models.drawing import Box
from vrs_scipion.simulation.halves import SimulatedHalves
from vrs_scipion.simulation.halves_settings import HalvesSettings
from vrs_scipion.simulation.halves_truth import ACROSS, ALONG, HalvesTruth
from vrs_scipion.simulation.local_fsc import LEVELS
from vrs_scipion.simulation.record import Parameters
from vrs_scipion.simulation.regions import Point
from vrs_scipion.simulation.shells import Curve
from vrs_scipion.simulation.signal import Signal
from vrs_scipion.simulation.texture_halves import TextureSettings

HALVES_SCHEMA: Literal["vrs-halves/1"] = "vrs-halves/1"
LOCAL = "truth_local_resolution"
"""What the names of the volumes of local resolution begin with."""


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


class DirectionsTruth(Parameters):
    """The correlation along an axis (x, y, z) and across it.

    It is that of a signal that is as strong in all directions before it loses anything.
    """

    axis: Point
    along: CorrelationRecord
    across: CorrelationRecord


class LocalResolutionTruth(Parameters):
    """Local resolution in the molecule: Å of its quantiles, and the volume that holds it."""

    level: float
    p2_5: float
    p25: float
    p50: float
    p75: float
    p97_5: float
    file: str


class HalvesRecord(Parameters):
    """What ``halves.json`` holds. Boxes and voxel sizes run along z, y, x.

    ``frequency`` (1/Å) is that of the shells of all curves; ``signal`` and ``noise`` are the mean
    |F|² of what the halves share by right and of the noise of one half. ``unmasked`` and ``masks``
    are the correlation by the signal alone. ``measurable`` is what an unmasked curve is expected
    to show, where noise is shared or a half is a copy; null where what was done to the halves
    leaves no formula. ``directions`` and ``local`` say in which directions and places they
    correlate how well, where that was to differ. ``map_from`` is there where the map was made of
    something else than the halves; ``wrong`` says in words what the settings' faults are.
    """

    schema_version: Literal["vrs-halves/1"] = Field(default=HALVES_SCHEMA, alias="schema")
    version: str
    signal_from: SignalRecord
    map_from: SignalRecord | None
    settings: HalvesSettings | TextureSettings
    wrong: tuple[str, ...]
    box: Box
    voxel_size: Triple
    contour: float
    frequency: tuple[float, ...]
    signal: tuple[float, ...]
    noise: tuple[float, ...]
    unmasked: CorrelationRecord
    masks: dict[str, MaskTruth]
    directions: DirectionsTruth | None = None
    local: tuple[LocalResolutionTruth, ...] = ()
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
        directions=_directions(halves),
        local=tuple(
            _local(level, halves, files[f"{LOCAL}_{name}"])
            for name, level in LEVELS.items()
            if level in halves.local
        ),
        measurable=None if truth.measurable is None else _listed(truth.measurable),
        files=files,
    )


def _correlation(truth: HalvesTruth, where: str) -> dict[str, Any]:
    return {
        "fsc": _listed(truth.curve(where)),
        "resolution": truth.resolution(where),
        "resolution_05": truth.resolution(where, HALF),
    }


def _directions(halves: SimulatedHalves) -> DirectionsTruth | None:
    settings, truth = halves.settings, halves.truth
    if not isinstance(settings, HalvesSettings) or settings.anisotropy is None:
        return None
    return DirectionsTruth(
        axis=settings.anisotropy.axis,
        along=CorrelationRecord(**_correlation(truth, ALONG)),
        across=CorrelationRecord(**_correlation(truth, ACROSS)),
    )


def _local(level: float, halves: SimulatedHalves, file: str) -> LocalResolutionTruth:
    values = halves.local[level][halves.signal.molecule]
    quantiles = np.quantile(values, (0.025, 0.25, 0.5, 0.75, 0.975))
    names = ("p2_5", "p25", "p50", "p75", "p97_5")
    found = dict(zip(names, map(float, quantiles), strict=True))
    return LocalResolutionTruth(level=level, file=file, **found)


def _signal(signal: Signal) -> SignalRecord:
    return SignalRecord(name=signal.name, sha256=signal.sha256, notes=signal.notes)


def _listed(curve: Curve) -> tuple[float, ...]:
    return tuple(curve.tolist())
