"""Atomic models that can be written to PDB or mmCIF."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from string import ascii_letters, digits

import gemmi

from vrs_scipion.models.atoms import Atoms, Coordinates
from vrs_scipion.models.labels import anonymous
from vrs_scipion.simulation.helix import ATOM_NAMES

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
    return _structure(model, name)


def structure_from_atoms(atoms: Atoms, name: str = "simulated") -> gemmi.Structure:
    """A model of atoms, chain by chain, under their own labels (see ``anonymous`` for none).

    Parameters
    ----------
    atoms : positions x, y, z in Å, isotropic B-factors, occupancies
    name : the structure's name
    """
    labels = atoms.labels or anonymous(atoms.elements)
    keys = zip(labels.chains, labels.numbers, labels.insertions, labels.residues, strict=True)
    chains: dict[str, gemmi.Chain] = {}
    for key, members in groupby(enumerate(keys), key=lambda pair: pair[1]):
        chain, number, insertion, residue_name = (str(part) for part in key)
        residue = gemmi.Residue()
        residue.name = residue_name
        residue.seqid = gemmi.SeqId(number + insertion)
        for i, _ in members:
            atom = _atom(
                str(labels.names[i]),
                atoms.elements[i],
                atoms.positions[i],
                float(atoms.b_factors[i]),
            )
            atom.occ = float(atoms.occupancies[i])
            atom.altloc = str(labels.altlocs[i]) or "\0"
            residue.add_atom(atom)
        chains.setdefault(chain, gemmi.Chain(chain)).add_residue(residue)
    model = gemmi.Model(1)
    for whole in chains.values():
        model.add_chain(whole)
    return _structure(model, name)


def _structure(model: gemmi.Model, name: str) -> gemmi.Structure:
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
            residue.add_atom(_atom(atom_name, atom_name[0], position, float(b)))
        chain.add_residue(residue)
    return chain


def _atom(name: str, element: str, position: Coordinates, b_factor: float) -> gemmi.Atom:
    atom = gemmi.Atom()
    atom.name = name
    atom.element = gemmi.Element(element)
    atom.pos = gemmi.Position(*position)
    atom.b_iso = b_factor
    return atom
