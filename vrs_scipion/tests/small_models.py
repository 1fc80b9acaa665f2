"""Small atomic models for the tests: helices of alanine, and whatever else is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import gemmi
import numpy as np

from vrs_scipion.simulation import alpha_helix, poly_alanine

CENTRE = (17.0, 16.0, 15.0)
"""x, y, z in Å: the middle of the tests' map."""


def helices(
    residues: int = 8, chains: int = 1, centre: Sequence[float] = CENTRE
) -> gemmi.Structure:
    """Helices of alanine, 9 Å apart along x, about a centre (x, y, z in Å)."""
    helix = alpha_helix(residues)
    placed = [
        helix - helix.mean(axis=(0, 1)) + np.add(centre, (9.0 * number, 0, 0))
        for number in range(chains)
    ]
    b_factors = [
        np.full(one.shape[:2], 30.0) + np.arange(residues)[:, np.newaxis] for one in placed
    ]
    structure = poly_alanine(placed, b_factors)
    structure.setup_entities()
    return structure


def add_residue(
    structure: gemmi.Structure,
    name: str,
    atoms: Sequence[tuple[str, str]],
    *,
    chain: str = "a",
    number: int = 100,
    place: Sequence[float] = CENTRE,
) -> gemmi.Residue:
    """Add a residue with atoms (name, element) 1.5 Å apart along z, from a place on."""
    residue = gemmi.Residue()
    residue.name = name
    residue.seqid = gemmi.SeqId(str(number))
    residue.het_flag = "H"
    for step, (atom_name, element) in enumerate(atoms):
        atom = gemmi.Atom()
        atom.name, atom.element, atom.b_iso, atom.occ = atom_name, gemmi.Element(element), 20.0, 1.0
        atom.pos = gemmi.Position(*np.add(place, (0, 0, 1.5 * step)))
        residue.add_atom(atom)
    added: gemmi.Residue = structure[0][chain].add_residue(residue)
    structure.setup_entities()
    return added


def mmcif(structure: gemmi.Structure) -> str:
    """As text."""
    text: str = structure.make_mmcif_document().as_string()
    return text
