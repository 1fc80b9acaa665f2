"""All that is measured of a model's stereochemistry, and the numbers that sum it up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vrs_scipion.methods.ramachandran import Rating
from vrs_scipion.methods.stereochemistry.clashes import Clashes, clashes
from vrs_scipion.methods.stereochemistry.hands import Hands, hands
from vrs_scipion.methods.stereochemistry.ideal import (
    Deviations,
    beta_deviations,
    bond_angles,
    lengths,
)
from vrs_scipion.methods.stereochemistry.main_chain import MainChain, main_chain
from vrs_scipion.methods.stereochemistry.nucleic import BasePairs, base_pairs
from vrs_scipion.models.atomic_model import AtomicModel, Chosen
from vrs_scipion.models.geometry import Reals
from vrs_scipion.models.kinds import Kind

FAR_Z = 4.0
"""Standard deviations beyond which a length or an angle is an outlier."""
FAR_BETA = 0.25
"""Å beyond which Cβ is."""


@dataclass(frozen=True)
class Stereochemistry:
    """What was measured of a model of m residues, of which r have N, CA and C.

    Attributes
    ----------
    chain : the main chain of its proteins
    lengths, angles : of the main chain and at Cβ
    beta : float64 array, shape (r,), Å between Cβ and its place; NaN without one
    hands : of amino acids, sugars and helices
    clashes, pairs : between atoms, and of bases
    alphas : residues of proteins that have a CA and lack N or C
    """

    chain: MainChain
    lengths: Deviations
    angles: Deviations
    beta: Reals
    hands: Hands
    clashes: Clashes
    pairs: BasePairs
    alphas: int

    def rated(self, rating: Rating) -> Chosen:
        """The residues of the main chain whose φ and ψ are rated so; bool, shape (r,)."""
        return np.asarray(self.chain.ratings == rating.value)

    @property
    def outliers(self) -> int:
        """How many residues are outliers of the Ramachandran plot."""
        return int(np.count_nonzero(self.rated(Rating.OUTLIER)))

    @cached_property
    def cis_nonpro(self) -> Chosen:
        """The residues other than prolines that follow a cis peptide; bool, shape (r,)."""
        return np.asarray(self.chain.cis & ~self.chain.prolines)

    @property
    def bond_scale(self) -> tuple[float | None, float | None]:
        """How many times longer bonds are than usual: the median, and its standard error."""
        ratio = (self.lengths.values / self.lengths.ideal).ravel()
        ratio = ratio[np.isfinite(ratio)]
        if ratio.size < _FEWEST:
            return None, None
        low, middle, high = np.percentile(ratio, (15.87, 50, 84.13)).tolist()
        return middle, 1.253 * (high - low) / 2 / float(np.sqrt(ratio.size))

    @cached_property
    def numbers(self) -> dict[str, float | None]:
        """What sums it up, by key; None for what the model has not got."""
        ratings, chain = self.chain.ratings, self.chain
        rated = int(np.count_nonzero(ratings != ""))
        peptides = np.isfinite(chain.omega)
        scale, scale_error = self.bond_scale
        return {
            "rama_favoured": _share(self.rated(Rating.FAVOURED).sum(), rated),
            "rama_outliers": _share(self.outliers, rated),
            "rama_residues": rated,
            "d_residues": len(self.hands.d_residues),
            "wrong_hands": self.hands.wrong_share,
            "cis_nonpro": _share(self.cis_nonpro.sum(), (peptides & ~chain.prolines).sum()),
            "cis_pro": int(np.count_nonzero(chain.cis & chain.prolines)),
            "twisted": _share(chain.twisted.sum(), peptides.sum()),
            "cbeta_outliers": _share((self.beta > FAR_BETA).sum(), np.isfinite(self.beta).sum()),
            "bond_outliers": _far(self.lengths),
            "bond_rmsz": _rms(self.lengths),
            "angle_outliers": _far(self.angles),
            "angle_rmsz": _rms(self.angles),
            "bond_scale": scale,
            "bond_scale_error": scale_error,
            "heavy_clashes": self.clashes.per_thousand,
            "bases": self.pairs.bases,
            "base_pairs": len(self.pairs.residues),
            "watson_crick": int(np.count_nonzero(self.pairs.watson_crick)),
        }


_FEWEST = 20
"""Bonds below which their common scale means nothing."""


def examine(model: AtomicModel) -> Stereochemistry:
    """Measure the stereochemistry of a model."""
    chain = main_chain(model)
    protein = model.residues.kinds == Kind.PROTEIN.value
    alphas = int(np.count_nonzero(protein & (model.first_atoms("CA") >= 0)))
    return Stereochemistry(
        chain=chain,
        lengths=lengths(chain),
        angles=bond_angles(chain),
        beta=beta_deviations(chain),
        hands=hands(model, chain),
        clashes=clashes(model),
        pairs=base_pairs(model),
        alphas=alphas - len(chain),
    )


def _share(count: float, of: float) -> float | None:
    return 100 * float(count) / float(of) if of else None


def _far(of: Deviations) -> float | None:
    """The share of outliers, in %."""
    known = np.isfinite(of.z)
    return _share((np.abs(of.z[known]) > FAR_Z).sum(), known.sum())


def _rms(of: Deviations) -> float | None:
    z = of.z[np.isfinite(of.z)]
    return float(np.sqrt((z**2).mean())) if z.size else None
