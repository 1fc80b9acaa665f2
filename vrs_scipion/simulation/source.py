"""Where a simulation's atoms come from: a file, gemmi, arrays, or the phantom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import gemmi
import numpy as np

from vrs_scipion.files import sha256
from vrs_scipion.models.atoms import Atoms
from vrs_scipion.models.reading import ModelError, read_model
from vrs_scipion.simulation.atom_choice import AtomChoice, check_atoms, choose_atoms
from vrs_scipion.simulation.phantom import bundle_structure

PHANTOM: Literal["phantom"] = "phantom"
"""Instead of a model's path: a bundle of right-handed α-helices, drawn by the seed."""

ModelSource = str | Path | Atoms | gemmi.Model | gemmi.Structure
"""A path, ``PHANTOM``, or what can be drawn."""


@dataclass(frozen=True)
class Source:
    """The atoms to be drawn and what is known of them.

    Attributes
    ----------
    atoms : in the model's own frame
    name : file name, structure's name or "phantom"; may be empty
    sha256 : of the file as it is; None where there is none
    notes : what was left out, one sentence each
    """

    atoms: Atoms
    name: str
    sha256: str | None = None
    notes: tuple[str, ...] = ()


def open_source(model: ModelSource, choice: AtomChoice, generator: np.random.Generator) -> Source:
    """The atoms of whatever can be simulated.

    Parameters
    ----------
    model : path to PDB or mmCIF, plain or gzipped; ``PHANTOM``; a gemmi model or structure; or
        atoms, which are taken as they are
    choice : which atoms of a model are drawn
    generator : draws the phantom

    Raises
    ------
    ModelError
        If a file cannot be read or has nothing to draw.
    ValueError
        If a model has nothing to draw.
    """
    if isinstance(model, Atoms):
        if not len(model):
            raise ValueError("the model has no atoms")
        check_atoms(model)
        return Source(model, "")
    if isinstance(model, gemmi.Model):
        atoms, notes = choose_atoms(model, choice)
        return Source(atoms, "", notes=notes)
    if model == PHANTOM:
        model = bundle_structure(generator, name=PHANTOM)
    if isinstance(model, gemmi.Structure):
        atoms, notes = choose_atoms(model, choice)
        return Source(atoms, model.name, notes=notes)
    structure = read_model(model)
    try:
        atoms, notes = choose_atoms(structure, choice)
    except ValueError as error:
        raise ModelError(model, str(error)) from error
    return Source(atoms, Path(model).name, sha256(model), notes)
