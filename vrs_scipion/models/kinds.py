"""What a residue is: protein, nucleic acid, glycan, ligand, ion or water."""

from __future__ import annotations

from enum import Enum

import gemmi


class Kind(str, Enum):
    """Kinds of residues, in the order of tables."""

    PROTEIN = "protein"
    NUCLEIC = "nucleic"
    LIGAND = "ligand"
    GLYCAN = "glycan"
    ION = "ion"
    WATER = "water"

    @property
    def heading(self) -> str:
        """As a table says it."""
        return {"protein": "Protein", "nucleic": "Nucleic acid", "glycan": "Glycan"}.get(
            self.value, f"{self.value.capitalize()}s"
        )


POLYMERS = (Kind.PROTEIN, Kind.NUCLEIC)

_PEPTIDES = {
    gemmi.PolymerType.PeptideL,
    gemmi.PolymerType.PeptideD,
    gemmi.PolymerType.CyclicPseudoPeptide,
}
_NUCLEIC_ACIDS = {
    gemmi.PolymerType.Dna,
    gemmi.PolymerType.Rna,
    gemmi.PolymerType.DnaRnaHybrid,
    gemmi.PolymerType.Pna,
}
_SUGARS = {gemmi.ResidueKind.PYR, gemmi.ResidueKind.KET}


def kind_of(residue: gemmi.Residue, polymer: gemmi.PolymerType) -> Kind:
    """What a residue is.

    Parameters
    ----------
    residue : its entity type is known (``Structure.setup_entities``)
    polymer : type of the polymer that it belongs to, if it does
    """
    if residue.is_water():
        return Kind.WATER
    known = gemmi.find_tabulated_residue(residue.name)
    if residue.entity_type == gemmi.EntityType.Polymer:
        if polymer in _NUCLEIC_ACIDS or known.is_nucleic_acid():
            return Kind.NUCLEIC
        if polymer in _PEPTIDES or known.is_amino_acid():
            return Kind.PROTEIN
    if residue.entity_type == gemmi.EntityType.Branched or known.kind in _SUGARS:
        return Kind.GLYCAN
    heavy = [atom for atom in residue if not atom.is_hydrogen()]
    return Kind.ION if len({atom.name for atom in heavy}) == 1 else Kind.LIGAND
