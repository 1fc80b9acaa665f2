"""Which atoms of a model a map shows: waters, hydrogens, alternative conformations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import gemmi
import numpy as np

from vrs_scipion.models.atoms import Atoms, atoms_from_sites


@dataclass(frozen=True)
class AtomChoice:
    """The atoms that are drawn. Polymers, ligands and ions always are.

    Attributes
    ----------
    waters : whether ordered waters are drawn; crystal structures have many that no map shows
    hydrogens : whether hydrogens are drawn; without, models with and without them compare
    b_factor : Å² instead of every atom's own, which in NMR and predicted models is none
    """

    waters: bool = False
    hydrogens: bool = False
    b_factor: float | None = None


def choose_atoms(
    model: gemmi.Model | gemmi.Structure, choice: AtomChoice
) -> tuple[Atoms, tuple[str, ...]]:
    """The atoms of a model, or of a structure's first model, that are to be drawn.

    Alternative conformations are all kept, with their occupancies. Atoms of occupancy 0 are left
    out, unless all are: then the file gives no occupancies, and they count as 1.

    Parameters
    ----------
    model : as read by gemmi
    choice : what to leave out

    Returns
    -------
    atoms : Atoms
    notes : what was left out or taken for something else, one sentence each

    Raises
    ------
    ValueError
        If no atom is left, or one has no position, B-factor or scattering factor.
    """
    models = list(model) if isinstance(model, gemmi.Structure) else [model]
    if not models:
        raise ValueError("the model has no atoms")
    notes = []
    if len(models) > 1:
        notes.append(f"Of {len(models)} models the first was taken.")
    sites = list(models[0].all())
    kept = _without_waters_and_hydrogens(sites, choice)
    if len(kept) < len(sites):
        notes.append(f"Atoms of waters and hydrogens left out: {len(sites) - len(kept):,}.")
    if not kept:
        raise ValueError("the model has no atoms but waters and hydrogens")
    atoms = atoms_from_sites(kept)
    if choice.b_factor is not None:
        atoms = replace(atoms, b_factors=np.full(len(atoms), choice.b_factor))
    atoms, note = _occupied(atoms)
    notes += note
    check_atoms(atoms)
    unknown = atoms.elements.count("X")
    if unknown:
        notes.append(f"Atoms of unknown element drawn as oxygen: {unknown:,}.")
    return atoms, tuple(notes)


def check_atoms(atoms: Atoms) -> None:
    """Raise ValueError, in a sentence, if any of the atoms cannot be drawn."""
    numbers = np.column_stack((atoms.positions, atoms.b_factors, atoms.occupancies))
    bad = np.count_nonzero(~np.isfinite(numbers).all(axis=1))
    if bad:
        raise ValueError(f"a position, B-factor or occupancy is no finite number (atoms: {bad:,})")
    if not (atoms.occupancies > 0).any():
        raise ValueError("no atom has a positive occupancy: there is nothing to draw")
    kinds = Counter(atoms.elements)
    unknown = sorted(kind for kind in kinds if gemmi.Element(kind).c4322 is None)
    if unknown:
        raise ValueError(f"there are no electron scattering factors for {', '.join(unknown)}")


def _without_waters_and_hydrogens(
    sites: Sequence[gemmi.CRA], choice: AtomChoice
) -> list[gemmi.CRA]:
    return [
        site
        for site in sites
        if (choice.waters or not site.residue.is_water())
        and (choice.hydrogens or not site.atom.is_hydrogen())
    ]


def _occupied(atoms: Atoms) -> tuple[Atoms, list[str]]:
    present = atoms.occupancies > 0
    if present.all():
        return atoms, []
    if not present.any():
        note = "All occupancies are 0; they were taken as 1."
        return replace(atoms, occupancies=np.ones(len(atoms))), [note]
    note = f"Atoms of occupancy 0 left out: {np.count_nonzero(~present):,}."
    return atoms.selected(present), [note]
