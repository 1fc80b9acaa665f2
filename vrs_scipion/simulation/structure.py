"""Poly-alanine chains as an atomic model that can be written to PDB or mmCIF."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters, digits

import gemmi

from vrs_scipion.simulation.helix import ATOM_NAMES
from vrs_scipion.simulation.internal_coordinates import Coordinates

ALANINE_RESIDUE_MASS = 71.08
"""Mass of an alanine residue within a chain (C3H5NO), hydrogens included, in Da."""


def poly_alanine(
    chains: Sequence[Coordinates], b_factors: Sequence[Coordinates], name: str = "simulated"
) -> gemmi.Structure:
    """Assemble chains into a model without hydrogens, one chain identifier each.

    Parameters
    ----------
    chains : arrays of shape (n_residues, 5, 3), x, y, z in Å of N, CA, C, O and CB
    b_factors : for each chain, an array of shape (n_residues, 5) in Å²
    name : the structure's name

    Returns
    -------
    gemmi.Structure
        Write it with ``structure.write_pdb(path)`` or
        ``structure.make_mmcif_document().write_file(path)``.

    Raises
    ------
    ValueError
        If chains and B-factors do not pair, or there are more chains than one-letter names.
    """
    names = ascii_letters + digits
    if len(chains) > len(names):
        raise ValueError(f"{len(chains)} chains are more than the {len(names)} one-letter names.")
    model = gemmi.Model(1)
    for chain_name, coordinates, b_iso in zip(names[: len(chains)], chains, b_factors, strict=True):
        model.add_chain(_chain(chain_name, coordinates, b_iso))
    structure = gemmi.Structure()
    structure.name = name
    structure.add_model(model)
    structure.setup_entities()
    structure.assign_serial_numbers()
    return structure


def _chain(name: str, coordinates: Coordinates, b_factors: Coordinates) -> gemmi.Chain:
    chain = gemmi.Chain(name)
    for number, (positions, b_iso) in enumerate(zip(coordinates, b_factors, strict=True), 1):
        residue = gemmi.Residue()
        residue.name = "ALA"
        residue.seqid = gemmi.SeqId(str(number))
        residue.entity_type = gemmi.EntityType.Polymer
        for atom_name, position, b in zip(ATOM_NAMES, positions, b_iso, strict=True):
            residue.add_atom(_atom(atom_name, position, float(b)))
        chain.add_residue(residue)
    return chain


def _atom(name: str, position: Coordinates, b_factor: float) -> gemmi.Atom:
    atom = gemmi.Atom()
    atom.name = name
    atom.element = gemmi.Element(name[0])
    atom.pos = gemmi.Position(*position)
    atom.b_iso = b_factor
    return atom
