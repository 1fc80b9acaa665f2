"""The main chain of proteins as arrays: which atoms, how they are linked, how they turn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import gemmi
import numpy as np

from vrs_scipion.methods.ramachandran import Contours, RamaClass, Rating
from vrs_scipion.models.atomic_model import AtomicModel, Chosen, Indices
from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.models.geometry import Reals, distances, signed_volumes, torsions
from vrs_scipion.models.kinds import Kind
from vrs_scipion.models.labels import Names

PEPTIDE = 2.0
"""Å between C and N beyond which no peptide bond joins them."""
CIS, TRANS = 30.0, 150.0
"""° of |ω| up to which a peptide is cis, and from which it is trans; between them it is twisted."""

_PROLINES = ("PRO", "DPR", "HYP")
_BRANCHED = ("ILE", "VAL", "DIL", "DVA")


@dataclass(frozen=True)
class MainChain:
    """r residues that have N, CA and C, in the order of the file, one at each place of a chain.

    Attributes
    ----------
    model : what they are of
    residues : intp array, shape (r,), their indices in the model
    n, ca, c, o, cb : intp arrays, shape (r,), indices of atoms; −1 where there is none
    told : ratings by another program, shape (r,), in place of those by the contours
    """

    model: AtomicModel
    residues: Indices
    n: Indices
    ca: Indices
    c: Indices
    o: Indices
    cb: Indices
    told: Names | None = None

    def __len__(self) -> int:
        return len(self.residues)

    @property
    def names(self) -> Names:
        """Names of the residues, shape (r,)."""
        return self.model.residues.names[self.residues]

    def at(self, atoms: Indices) -> Coordinates:
        """Where atoms are, x, y, z in Å; NaN for an index of −1."""
        return np.where((atoms >= 0)[:, np.newaxis], self.model.atoms.positions[atoms], np.nan)

    @cached_property
    def linked(self) -> Chosen:
        """Whether a peptide bond joins a residue to the one before it; bool, shape (r,)."""
        linked = np.zeros(len(self), np.bool_)
        chains = self.model.residues.chains[self.residues]
        apart = distances(self.at(self.c)[:-1], self.at(self.n)[1:])
        linked[1:] = (apart < PEPTIDE) & (chains[1:] == chains[:-1])
        return linked

    @cached_property
    def phi(self) -> Reals:
        """φ in degrees, shape (r,); NaN where no residue is bound before."""
        n, ca, c = (self.at(atoms) for atoms in (self.n, self.ca, self.c))
        return self._across(torsions(c[:-1], n[1:], ca[1:], c[1:]), before=True)

    @cached_property
    def psi(self) -> Reals:
        """ψ in degrees, shape (r,); NaN where no residue is bound behind."""
        n, ca, c = (self.at(atoms) for atoms in (self.n, self.ca, self.c))
        return self._across(torsions(n[:-1], ca[:-1], c[:-1], n[1:]), before=False)

    @cached_property
    def omega(self) -> Reals:
        """ω of the bond to the residue before, in degrees, shape (r,); NaN where there is none."""
        n, ca, c = (self.at(atoms) for atoms in (self.n, self.ca, self.c))
        return self._across(torsions(ca[:-1], c[:-1], n[1:], ca[1:]), before=True)

    def _across(self, values: Reals, *, before: bool) -> Reals:
        """What was measured over each of r − 1 bonds, at the residue behind or before it."""
        known = np.where(self.linked[1:], values, np.nan)
        padded: Reals = np.r_[np.nan, known] if before else np.r_[known, np.nan]
        return padded[: len(self)]

    @cached_property
    def prolines(self) -> Chosen:
        """Which residues are prolines; bool, shape (r,)."""
        return np.asarray(np.isin(self.names, _PROLINES))

    @cached_property
    def cis(self) -> Chosen:
        """Which residues follow a cis peptide; bool, shape (r,)."""
        return np.asarray(np.abs(self.omega) < CIS)

    @cached_property
    def twisted(self) -> Chosen:
        """Which residues follow a peptide that is neither cis nor trans; bool, shape (r,)."""
        return np.asarray((np.abs(self.omega) >= CIS) & (np.abs(self.omega) <= TRANS))

    @cached_property
    def classes(self) -> Names:
        """Values of ``RamaClass``, shape (r,): the plot that each residue belongs to."""
        found = np.full(len(self), RamaClass.GENERAL.value, "<U32")
        found[np.isin(self.names, _BRANCHED)] = RamaClass.BRANCHED.value
        before = np.flatnonzero(self.prolines[1:] & self.linked[1:])
        found[before] = RamaClass.BEFORE_PROLINE.value
        found[self.names == "GLY"] = RamaClass.GLYCINE.value
        found[self.prolines] = RamaClass.TRANS_PROLINE.value
        found[self.prolines & self.cis] = RamaClass.CIS_PROLINE.value
        return found

    @cached_property
    def ratings(self) -> Names:
        """Values of ``Rating``, shape (r,); '' where φ or ψ is not known.

        Residues that are named D amino acids are rated at −φ, −ψ.
        """
        if self.told is not None:
            return self.told
        found = np.full(len(self), "", "<U8")
        contours = Contours.shipped()
        hand = np.where(self.named_d, -1.0, 1.0)
        angles = np.column_stack((hand * self.phi, hand * self.psi))
        known = np.isfinite(angles).all(axis=1)
        for of in RamaClass:
            chosen = np.flatnonzero(known & (self.classes == of.value))
            favoured = contours.favoured(of, angles[chosen])
            outliers = contours.outliers(of, angles[chosen])
            found[chosen] = Rating.ALLOWED.value
            found[chosen[favoured]] = Rating.FAVOURED.value
            found[chosen[outliers]] = Rating.OUTLIER.value
        return found

    @cached_property
    def chirality(self) -> Reals:
        """Å³ at CA, shape (r,): about 2.5 for an L amino acid, −2.5 for D; NaN without CB."""
        n, c, cb, ca = (self.at(atoms) for atoms in (self.n, self.c, self.cb, self.ca))
        return signed_volumes(n, c, cb, ca)

    @cached_property
    def named_d(self) -> Chosen:
        """Which residues are D amino acids by their name; bool, shape (r,).

        Names that are not known are taken to say what the atoms do.
        """
        kinds = {
            name: gemmi.find_tabulated_residue(name) for name in np.unique(self.names).tolist()
        }
        named = [name for name, of in kinds.items() if of.kind == gemmi.ResidueKind.AAD]
        unknown = [name for name, of in kinds.items() if not of.found()]
        turned = np.isin(self.names, unknown) & (self.chirality < 0)
        return np.asarray(np.isin(self.names, named) | turned)


def main_chain(model: AtomicModel) -> MainChain:
    """The main chain of a model's proteins, of the conformations that are occupied most.

    Where a place of a chain is taken by several kinds of residue, the first one counts.
    """
    of = model.residues
    atoms = {name: model.first_atoms(name) for name in ("N", "CA", "C", "O", "CB")}
    whole = (atoms["N"] >= 0) & (atoms["CA"] >= 0) & (atoms["C"] >= 0)
    residues = np.flatnonzero(whole & (of.kinds == Kind.PROTEIN.value))
    again = np.zeros(residues.size, np.bool_)
    before, after = residues[:-1], residues[1:]
    again[1:] = (
        (of.chains[before] == of.chains[after])
        & (of.numbers[before] == of.numbers[after])
        & (of.insertions[before] == of.insertions[after])
    )
    kept = residues[~again]
    return MainChain(model, kept, *(found[kept] for found in atoms.values()))
