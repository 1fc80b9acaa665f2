"""What can be wrong with a model beside its map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import edits
from defects import Defect
from recipe import Recipe

_SIDE_CHAINS = 4.5
"""Å; beyond, side chains are hardly seen."""
_B_FACTORS = 5.0
"""Å; beyond, one B-factor for all atoms is usual."""


def _spoiled(kind: str) -> Callable[[Recipe, float], Recipe]:
    """A defect of ``vrs simulate --defect`` of this kind; the dial is its size."""
    return lambda recipe, dial: recipe.spoiled(f"{kind}={dial:g}")


FIT_DEFECTS: tuple[Defect, ...] = (
    Defect("model_shifted", "the model is shifted along x", "Å",
           (1, 3), 3, ("A.h",), _spoiled("shifted")),
    Defect("half_voxel", "the model is shifted along x, y and z", "voxels",
           (0.25, 0.5), 0.5, ("A.h",), _spoiled("shifted-voxels")),
    Defect("model_scaled", "the model is too large", "%",
           (1, 3), 1, ("A.h",), _spoiled("scaled")),
    Defect("model_turned", "the model is turned", "°", (1, 2), 2, ("A.h",), _spoiled("turned")),
    Defect("model_mirrored", "the model is of the other hand than the map", "",
           (1,), 1, ("A.h", "A.j"), _spoiled("mirrored")),
    Defect("both_mirrored", "map and model are mirrored", "", (1,), 1, ("A.j",),
           lambda recipe, _: replace(recipe, mirror=True)),
    Defect("map_axes", "the map's axes are in another order than the model's", "",
           (1,), 1, ("A.h", "A.a"), lambda recipe, _: recipe.edited(edits.swapped_axes(1))),
    Defect("atoms_displaced", "every atom is displaced by itself", "Å r.m.s.",
           (0.3, 0.5), 0.5, ("A.j", "A.f"), _spoiled("displaced")),
    Defect("side_chains", "side chains are turned by 120°", "% of them",
           (20, 100), 100, ("A.a", "A.e"), _spoiled("side-chains"), coarsest=_SIDE_CHAINS),
    Defect("register", "all chains are out of register", "residues",
           (1,), 1, ("A.e",), _spoiled("register"), coarsest=_SIDE_CHAINS),
    Defect("register_stretch", "a stretch is out of register by one residue", "residues",
           (20,), 20, (), _spoiled("register-stretch"),
           "A, once A.g compares density and type", coarsest=_SIDE_CHAINS),
    Defect("unseen_chain", "the map does not show one of the chains", "",
           (1,), 1, ("A.i",), _spoiled("unseen"), chains=2),
    Defect("ligand", "a ligand where there is nothing", "Å from the model",
           (4,), 4, ("A.i",), _spoiled("ligand")),
    Defect("loop", "a loop that goes another way", "residues",
           (6, 12), 12, ("A.i",), _spoiled("loop")),
    Defect("b_factors", "all B-factors are the same", "Å²",
           (0, 50), 0, ("A.l",), _spoiled("b-factors"), coarsest=_B_FACTORS),
    Defect("unoccupied", "one chain has occupancies of 0", "", (1,), 1, ("A.l",),
           _spoiled("unoccupied")),
    Defect("unknown", "one chain's residues are of unknown type", "", (1,), 1, ("A.l",),
           _spoiled("unknown")),
    Defect("nanometres", "coordinates in nanometres", "", (1,), 1, ("A.l",),
           _spoiled("nanometres")),
    Defect("outside", "the model lies partly outside of the box", "% of the atoms",
           (5, 20), 20, ("A.l",), _spoiled("outside")),
    Defect("trace", "the model is of Cα alone", "", (1,), 1, ("A.i",), _spoiled("trace")),
    Defect("waters_alone", "the model is of waters alone", "", (1,), 1, ("A.i",),
           _spoiled("waters")),
    Defect("one_atom", "the model has a single atom", "", (1,), 1, ("A.i",), _spoiled("one-atom")),
)  # fmt: skip
