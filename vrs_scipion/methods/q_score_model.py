"""Q-scores of a model: its atoms', and what they come to for residues, chains and kinds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vrs_scipion.maps.density import Density, Triple
from vrs_scipion.methods.q_score import SIGMAS, q_scores, radial_sums
from vrs_scipion.methods.q_score_archive import usual
from vrs_scipion.models.along_residues import Reals, backbone, residue_means
from vrs_scipion.models.atomic_model import AtomicModel, Chosen
from vrs_scipion.models.kinds import POLYMERS, Kind

LONG_CHAIN = 20
"""Residues of a chain whose side chains are held against its backbone."""


@dataclass(frozen=True)
class ModelScores:
    """The scores of a model's atoms, NaN for those that have none.

    Attributes
    ----------
    model : n atoms in m residues
    q04, q06 : float64 arrays, shape (n,)
    outside : atoms beyond the map's box, bool, shape (n,)
    resolution : Å, reported or estimated; None where neither is known
    """

    model: AtomicModel
    q04: Reals
    q06: Reals
    outside: Chosen
    resolution: float | None

    @cached_property
    def counted(self) -> Chosen:
        """The atoms that count in means: of alternative conformations the main ones."""
        return np.isfinite(self.q04) & self.model.main_conformers

    @cached_property
    def residues(self) -> Reals:
        """Means of the residues at σ 0.4 Å, shape (m,)."""
        return self.of_residues(self.q04, self.counted)

    @cached_property
    def in_backbones(self) -> Chosen:
        """The atoms of backbones that count."""
        return self.counted & backbone(self.model)

    @cached_property
    def in_side_chains(self) -> Chosen:
        """The other atoms of polymers that count."""
        return self.counted & self.model.of(*POLYMERS) & ~self.in_backbones

    @cached_property
    def of_backbone(self) -> Reals:
        return self.of_residues(self.q04, self.in_backbones)

    @cached_property
    def of_side_chains(self) -> Reals:
        return self.of_residues(self.q04, self.in_side_chains)

    def of_chains(self, values: Reals, chosen: Chosen) -> Reals:
        """Means over the chosen atoms of each chain, NaN without one."""
        chain, size = self.model.chain[chosen], len(self.model.chains)
        with np.errstate(invalid="ignore"):
            return np.bincount(chain, values[chosen], size) / np.bincount(chain, minlength=size)

    def of_residues(self, values: Reals, chosen: Chosen) -> Reals:
        return residue_means(self.model, values, chosen)

    @cached_property
    def scored_polymers(self) -> Chosen:
        """The residues of polymers that have a score, bool, shape (m,)."""
        polymers = self.model.residues.of(*POLYMERS)
        scored: Chosen = polymers & np.isfinite(self.residues)
        return scored

    @property
    def mean(self) -> float:
        """Of all atoms, σ 0.4 Å."""
        return float(self.q04[self.counted].mean())

    @property
    def below_0(self) -> float | None:
        """Residues of polymers below 0, in %; None without any."""
        if not self.scored_polymers.any():
            return None
        return 100 * float(np.mean(self.residues[self.scored_polymers] < 0))

    @cached_property
    def b_factor_correlation(self) -> float | None:
        """Rank correlation of B-factor and score over the residues of polymers, −1 to 1.

        None of fewer than 20 residues, or where one of the two is the same for all.
        """
        from scipy.stats import spearmanr  # slow to load

        b = self.of_residues(self.model.atoms.b_factors, self.counted)[self.scored_polymers]
        q = self.residues[self.scored_polymers]
        if b.size < LONG_CHAIN or not (np.ptp(b) and np.ptp(q)):
            return None
        return float(spearmanr(b, q).statistic)

    @cached_property
    def side_less_backbone(self) -> dict[int, float]:
        """Mean of the side chains less that of the backbone, of long chains, by their index."""
        side = self.of_chains(self.q04, self.in_side_chains)
        less = side - self.of_chains(self.q04, self.in_backbones)
        residues = np.bincount(self.model.residues.chains[self.scored_polymers])
        long = np.flatnonzero(residues >= LONG_CHAIN)
        return {int(chain): float(less[chain]) for chain in long if np.isfinite(less[chain])}

    @property
    def usual(self) -> float | None:
        """The mean of the archive's entries at this resolution."""
        return None if self.resolution is None else usual(self.resolution)

    def of_kind(self, kind: Kind, values: Reals) -> Reals:
        found: Reals = values[self.counted & self.model.of(kind)]
        return found

    def profile(self, density: Density, start: Triple, residue: int) -> Reals:
        """Mean density around the atoms of a residue at 0 Å and `RADII`, shape (21,).

        In shares of the height that an atom should have: 0 is the map's mean less its standard
        deviation, 1 its mean and ten of them, each within the map's extremes.
        """
        heavy = np.flatnonzero(~self.model.hydrogens)
        places = self.model.indices(start, density.voxel_size)[heavy]
        chosen = np.flatnonzero((self.counted & (self.model.residue == residue))[heavy])
        sums = next(radial_sums(density.values, density.voxel_size, places, chosen))
        ground, height = _scale(density)
        return (sums.mean_profile - ground) / height


def _scale(density: Density) -> tuple[float, float]:
    """Ground and height of the Gaussian in the map's units."""
    values = density.values
    mean, spread = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    ground = max(mean - spread, float(values.min()))
    return ground, min(mean + 10 * spread, float(values.max())) - ground or 1.0


def model_scores(
    density: Density, start: Triple, model: AtomicModel, resolution: float | None
) -> ModelScores:
    """The Q-scores of a model's atoms.

    Hydrogens, atoms of occupancy 0 and atoms outside of the map's box have none.

    Parameters
    ----------
    density : the map
    start : Å along z, y, x, where its voxel 0 lies
    resolution : Å, to compare at; None where none is known
    """
    places = model.indices(start, density.voxel_size)
    outside = ((places < 0) | (places > np.subtract(density.box, 1))).any(axis=1)
    heavy = np.flatnonzero(~model.hydrogens)
    asked = np.flatnonzero((model.scored & ~outside)[heavy])
    q = np.full((len(SIGMAS), len(model)), np.nan)
    q[:, heavy[asked]] = q_scores(density.values, density.voxel_size, places[heavy], asked)
    q04, q06 = q
    return ModelScores(model, q04, q06, outside & model.scored, resolution)
