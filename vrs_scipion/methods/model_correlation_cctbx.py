"""Correlation of a map and its model by cctbx's ``map_model_cc`` and ``mtriage``.

Afonine et al. 2018, doi:10.1107/S2059798318009324. cctbx takes the box for repeated: what of a
model lies outside of it counts on its other side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vrs_scipion.maps.density import Density, Triple
from vrs_scipion.methods import cctbx
from vrs_scipion.methods.cctbx_inside import SCATTERING
from vrs_scipion.methods.fsc import FscCurve
from vrs_scipion.methods.model_correlation import Correlations
from vrs_scipion.models.atomic_model import AtomicModel

PROGRAMS = "mmtbx.maps.map_model_cc, mmtbx.maps.mtriage"
TABLE = SCATTERING
FURTHER = {
    "d99": ("Å", "resolution beyond which the map's Fourier coefficients add nothing"),
    "d_model": ("Å", "resolution at which the model's map is most like the map"),
    "d_model_b0": ("Å", "the same with all B-factors 0"),
    "b_iso_overall": ("Å²", "overall B-factor with which it is most like it"),
}
"""What only mtriage gives: unit, and what it is."""


@dataclass(frozen=True)
class Told:
    """What cctbx says of a model of m residues in k chains.

    Attributes
    ----------
    around : correlations in space; those around segments, which it does not give, are ours
    radius : Å around atoms for those of residues and chains
    masked, unmasked : by shell; the curves know no number of samples
    crossings : Å where they fall below a level, by their name and the level; None: nowhere
    further : by the keys of ``FURTHER``; None: not found
    """

    around: Correlations
    radius: float
    masked: FscCurve
    unmasked: FscCurve
    crossings: Mapping[tuple[str, float], float | None]
    further: Mapping[str, float | None]


def correlation(
    interpreter: cctbx.Interpreter,
    model: AtomicModel,
    density: Density,
    start: Triple,
    resolution: float,
    ours: Correlations,
    threads: int = 1,
) -> Told:
    """Let cctbx correlate a map and the map that a model would give.

    Parameters
    ----------
    model, density : the atoms, and the map
    start : Å along z, y, x, where the map's voxel 0 lies
    resolution : Å, at which the model's map is cut
    ours : the built-in correlations, for what it does not give
    threads : how many it may use

    Raises
    ------
    CctbxError
        if it fails, or what it says makes no sense.
    """
    said = cctbx.ask(interpreter, "correlation", model, density, start, resolution, threads=threads)
    try:
        return _read(said, model, ours)
    except (KeyError, TypeError, ValueError) as error:
        raise cctbx.CctbxError(f"cctbx's correlations make no sense ({error!r})") from error


def _read(said: dict[str, Any], model: AtomicModel, ours: Correlations) -> Told:
    label = {name: i for i, name in enumerate(model.chains.labels.tolist())}
    chains = np.full(len(model.chains), np.nan)
    for name, value in said["chains"]:
        if value is not None:
            chains[label[name]] = value
    around = replace(
        ours,
        mask=_number(said["cc_mask"]),
        volume=_number(said["cc_volume"]),
        peaks=_number(said["cc_peaks"]),
        box=_number(said["cc_box"]),
        main_chain=_number(said["cc_main_chain"]),
        side_chain=_number(said["cc_side_chain"]),
        residues=cctbx.numbers(model, said["residues"]),
        chains=chains,
    )
    curves = {name: _curve(said[name]) for name in ("masked", "unmasked")}
    crossings = {
        (name, level): _crossing(said[name]["crossings"][f"{level:g}"], curve, level)
        for name, curve in curves.items()
        for level in (0.5, 0.143, 0.0)
    }
    further = {key: _number(said[key]) for key in FURTHER}
    return Told(around, float(said["radius"]), **curves, crossings=crossings, further=further)


def _curve(said: dict[str, Any]) -> FscCurve:
    frequency, correlation = (np.array(said[key], float) for key in ("frequency", "correlation"))
    if not frequency.size or frequency.shape != correlation.shape:
        raise ValueError("a curve without points")
    return FscCurve(frequency, correlation, np.full(frequency.shape, np.nan))


def _crossing(said: Any, curve: FscCurve, level: float) -> float | None:
    """Where it says that a curve falls below a level, if the curve does."""
    return None if curve.resolution(level) is None else _number(said)


def _number(said: Any) -> float | None:
    return None if said is None or not np.isfinite(said) else float(said)
