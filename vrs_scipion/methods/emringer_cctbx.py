"""EMRinger by cctbx's ``mmtbx.ringer.emringer``: what it reads of the map, and its score.

Barad et al. 2015, doi:10.1038/nmeth.3541. It calls the angle at which it reads first 0° where that
is 5°; scores do not depend on it, and angles here are those of `emringer.ANGLES`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vrs_scipion.maps.density import Density, Triple
from vrs_scipion.methods import cctbx
from vrs_scipion.methods.emringer import ANGLES, Scan, Statistics
from vrs_scipion.models.atomic_model import AtomicModel

PROGRAM = "mmtbx.ringer.emringer"


def emringer(
    interpreter: cctbx.Interpreter,
    model: AtomicModel,
    density: Density,
    start: Triple,
    ours: Scan,
    threads: int = 1,
) -> tuple[Scan, Statistics | None]:
    """Let cctbx turn the side chains of a model and score what it reads.

    Parameters
    ----------
    model, density : the atoms, and the map
    start : Å along z, y, x, where the map's voxel 0 lies
    ours : the built-in scan, for the χ1 of the model, which it does not give
    threads : how many it may use

    Returns
    -------
    scan, statistics : of the residues that both of them scan; the scores count its own

    Raises
    ------
    CctbxError
        if it fails, or what it says makes no sense.
    """
    said = cctbx.ask(interpreter, "emringer", model, density, start, threads=threads)
    try:
        return _scan(said, model, ours), _statistics(said)
    except (KeyError, TypeError, ValueError) as error:
        raise cctbx.CctbxError(f"cctbx's side chains make no sense ({error!r})") from error


def _scan(said: dict[str, Any], model: AtomicModel, ours: Scan) -> Scan:
    place = cctbx.residue_places(model)
    values: dict[int, list[float]] = {}
    for *key, read in said["residues"]:
        residue = place.get(tuple(key))
        if residue is not None:
            values.setdefault(residue, read)
    both = np.array([i in values for i in ours.residues.tolist()], bool)
    kept = ours.residues[both]
    read_ = np.array([values[i] for i in kept.tolist()], float).reshape(-1, len(ANGLES))
    return replace(ours, residues=kept, values=read_, modelled=ours.modelled[both])


def _statistics(said: dict[str, Any]) -> Statistics | None:
    thresholds, ratio, z = (np.array(said[key], float) for key in ("thresholds", "ratios", "z"))
    counted = np.array(said["counted"], np.int64)
    if not thresholds.size:
        return None
    if not thresholds.shape == ratio.shape == z.shape == counted.shape:
        raise ValueError("scores and thresholds do not belong together")
    return Statistics(thresholds, counted, ratio, z, int(said["scanned"]))
