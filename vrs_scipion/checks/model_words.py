"""What several checks of an atomic model ask first, and say alike."""

from __future__ import annotations

import numpy as np

from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.methods.model_map import Grid
from vrs_scipion.models.spacing import TOO_NEAR, spacing

OUTSIDE = (
    "The whole model lies outside of the map's box: there is no density to hold it against. A.l "
    "says where it lies."
)
NO_ATOMS = "No atom of the model counts: all are hydrogens, or have an occupancy of 0."
NOT_IN_ANGSTROM = (
    "The model's atoms lie nearly upon each other: are its coordinates in nanometres? They have to "
    "be in Å, ten times as large."
)
NO_RESOLUTION = (
    "No resolution was reported and no other check estimated one: give it (--resolution)."
)


def without_sense(entry: Entry) -> str:
    """Why a model cannot be held against any map; '' where it can."""
    model = entry.model()
    if not model.scored.any():
        return NO_ATOMS
    apart = spacing(model)
    return NOT_IN_ANGSTROM if apart is not None and apart < TOO_NEAR else ""


def beside_the_map(entry: Entry) -> str:
    """Why a model cannot be held against this map; '' where an atom of it lies in it."""
    if reason := without_sense(entry):
        return reason
    model = entry.model()
    places = model.indices(entry.start, entry.voxel_size)[model.scored]
    inside = ((places >= 0) & (places <= np.subtract(entry.box, 1))).all(axis=1)
    return "" if inside.any() else OUTSIDE


def grid_of(entry: Entry) -> Grid:
    """The grid of the map, in the frame of the model."""
    return Grid(entry.box, entry.voxel_size, entry.start)


def resolution_of(task: Task) -> float | None:
    """Å: as reported, else as the first of the checks found that this one listens to."""
    reported, estimate = task.entry.resolution, task.estimate()
    if reported is not None:
        return reported
    return None if estimate is None else estimate.value
