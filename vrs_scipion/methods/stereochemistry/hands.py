"""The hands of a model: of amino acids, of sugars, and of helices where there is only Cα."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.methods.stereochemistry.main_chain import MainChain
from vrs_scipion.methods.stereochemistry.nucleic import sugar_chirality
from vrs_scipion.models.atomic_model import AtomicModel, Indices
from vrs_scipion.models.geometry import distances, torsions
from vrs_scipion.models.kinds import Kind
from vrs_scipion.models.traces import traces

_TORSION, _MARGIN = 50.0, 25.0
"""° about four Cα of an α-helix, and how far from it they are of one still."""
_SPAN = (4.3, 6.3)
"""Å from the first of them to the last."""


@dataclass(frozen=True)
class Hands:
    """Whatever has a hand, and what has another one than nature's.

    Attributes
    ----------
    d_residues : indices of amino acids that are D, unless their name says so, or that are L and
        named D
    amino_acids : how many have a Cβ
    turned_sugars : indices of nucleotides whose sugar is the mirror of D-ribose
    sugars : how many there are
    right_turns, left_turns : turns of α-helices by Cα alone
    """

    d_residues: Indices
    amino_acids: int
    turned_sugars: Indices
    sugars: int
    right_turns: int
    left_turns: int

    @property
    def wrong_share(self) -> float | None:
        """Hands that are not nature's, in %; of turns where nothing else has a hand; None: none."""
        centres = self.amino_acids + self.sugars
        if centres:
            return 100 * (len(self.d_residues) + len(self.turned_sugars)) / centres
        turns = self.right_turns + self.left_turns
        return 100 * self.left_turns / turns if turns else None


def hands(model: AtomicModel, chain: MainChain) -> Hands:
    """The hands of a model's amino acids, sugars and helices."""
    has_beta = np.isfinite(chain.chirality)
    wrong = has_beta & ((chain.chirality < 0) != chain.named_d)
    sugars = sugar_chirality(model)
    right, left = _turns(model)
    return Hands(
        d_residues=chain.residues[wrong],
        amino_acids=int(np.count_nonzero(has_beta)),
        turned_sugars=np.flatnonzero(sugars < 0),
        sugars=int(np.count_nonzero(np.isfinite(sugars))),
        right_turns=right,
        left_turns=left,
    )


def _turns(model: AtomicModel) -> tuple[int, int]:
    """Right-handed and left-handed turns of helices, by four Cα each."""
    right = left = 0
    for trace in traces(model):
        points = trace.points
        if len(points) < 4 or model.residues.kinds[trace.residues[0]] != Kind.PROTEIN.value:
            continue
        turned = torsions(points[:-3], points[1:-2], points[2:-1], points[3:])
        span = distances(points[:-3], points[3:])
        tight = (span > _SPAN[0]) & (span < _SPAN[1])
        right += int(np.count_nonzero(tight & (np.abs(turned - _TORSION) < _MARGIN)))
        left += int(np.count_nonzero(tight & (np.abs(turned + _TORSION) < _MARGIN)))
    return right, left
