"""The tables of A.j: what was counted, and which residues, bonds and contacts are unusual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.task import Task
from vrs_scipion.methods.ramachandran import Rating
from vrs_scipion.methods.stereochemistry import Stereochemistry
from vrs_scipion.methods.stereochemistry.ideal import Deviations
from vrs_scipion.methods.stereochemistry.measure import FAR_BETA, FAR_Z
from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.score_table import SCORE_FILES, read_scores
from vrs_scipion.results import Column

_RESIDUES, _WORST = 60, 20
"""Rows of tables that have the worst of many."""


CORRELATION, _Q = "Correlation with the map", "Q-score (σ 0.4)"
_BESIDE = {CORRELATION: ("A.a", "cc"), _Q: ("A.e", "q04")}
"""Scores that other checks give residues: by the head of their column, the check and the key."""
LISTENED = tuple(code for code, _ in _BESIDE.values())
"""Codes of these checks."""


def beside_the_map(task: Task) -> dict[str, dict[int, float]]:
    """Scores of residues against the map, by what to call them and the index of the residue."""
    every = {label: _scores_of(task, *of) for label, of in _BESIDE.items()}
    return {label: scores for label, scores in every.items() if scores}


def _scores_of(task: Task, code: str, key: str) -> dict[int, float]:
    folder = task.folders.get(code)
    if folder is None:
        return {}
    try:
        words = read_scores(folder / SCORE_FILES["residues"], [key])[key]
    except (OSError, KeyError, StopIteration):
        return {}
    return {residue: float(word) for residue, word in enumerate(words) if word}


def tabulate_numbers(found: Findings, seen: Stereochemistry) -> None:
    """What was counted, and of how many."""
    found.tabulate(
        "numbers",
        "What was counted in the model.",
        [
            Column(key="what", label="What"),
            Column(key="count", label="Number"),
            Column(key="of", label="Of"),
            Column(key="share", label="Share", unit="%", format=".2f"),
        ],
        [
            (what, int(count), int(of), 100 * float(count) / float(of))
            for what, count, of in _counts(seen)
            if of
        ],
    )


def _counts(seen: Stereochemistry) -> Iterator[tuple[str, Any, Any]]:
    chain, hands = seen.chain, seen.hands
    rated = np.count_nonzero(chain.ratings != "")
    peptides = np.isfinite(chain.omega)
    for rating in Rating:
        yield f"Ramachandran: {rating.value}", seen.rated(rating).sum(), rated
    yield "Amino acids of the wrong hand", len(hands.d_residues), hands.amino_acids
    yield "Sugars of the wrong hand", len(hands.turned_sugars), hands.sugars
    if not (hands.amino_acids or hands.sugars):
        turns = hands.left_turns + hands.right_turns
        yield "Left-handed turns of Cα", hands.left_turns, turns
    others = (peptides & ~chain.prolines).sum()
    yield "Cis peptides without a proline", seen.cis_nonpro.sum(), others
    yield (
        "Cis peptides before a proline",
        (chain.cis & chain.prolines).sum(),
        (peptides & chain.prolines).sum(),
    )
    yield "Twisted peptides", chain.twisted.sum(), peptides.sum()
    yield (
        f"Cβ more than {FAR_BETA:g} Å out of place",
        (seen.beta > FAR_BETA).sum(),
        np.isfinite(seen.beta).sum(),
    )
    for words, of in (("Bond lengths", seen.lengths), ("Bond angles", seen.angles)):
        known = of.z[np.isfinite(of.z)]
        yield f"{words} beyond {FAR_Z:g} σ", (np.abs(known) > FAR_Z).sum(), known.size
    yield "Clashes, of atoms but hydrogens", len(seen.clashes.atoms), seen.clashes.looked_at
    yield "Bases that are paired", len(np.unique(seen.pairs.residues)), seen.pairs.bases


def tabulate_residues(
    found: Findings, seen: Stereochemistry, beside: Mapping[str, Mapping[int, float]]
) -> bool:
    """The residues that are unusual; whether there are any.

    Parameters
    ----------
    beside : what is known of the residues from other checks, by the head of its column
    """
    every = list(_unusual(seen))
    if not every:
        return False
    model = seen.chain.model
    first = f", the first {_RESIDUES} of {len(every):,}" if len(every) > _RESIDUES else ""
    columns = [
        Column(key="residue", label="Residue"),
        Column(key="what", label="What is unusual"),
        Column(key="value", label="Value"),
    ]
    columns += [Column(key=_BESIDE[label][1], label=label, format=".2f") for label in beside]
    rows = [
        (model.residue_words(residue), what, value, *(of.get(residue) for of in beside.values()))
        for residue, what, value in every[:_RESIDUES]
    ]
    found.tabulate("residues", f"Residues with something unusual{first}.", columns, rows)
    return True


def _unusual(seen: Stereochemistry) -> Iterator[tuple[int, str, str]]:
    """Residue, what is unusual there, and the value in words."""
    chain, model = seen.chain, seen.chain.model
    place = {int(residue): i for i, residue in enumerate(chain.residues)}
    for residue in seen.hands.d_residues.tolist():
        volume = _signed(float(chain.chirality[place[residue]]), ".2f")
        hand = "L, named D" if chain.named_d[place[residue]] else "D amino acid"
        yield residue, hand, f"{volume} Å³ at CA"
    for residue in seen.hands.turned_sugars.tolist():
        yield residue, "mirrored sugar", "C4'"
    for i in np.flatnonzero(seen.rated(Rating.OUTLIER)).tolist():
        angles = f"φ\u00a0{_signed(chain.phi[i], '.0f')}°, ψ\u00a0{_signed(chain.psi[i], '.0f')}°"
        yield int(chain.residues[i]), "Ramachandran outlier", angles
    for words, chosen in (("cis peptide", seen.cis_nonpro), ("twisted peptide", chain.twisted)):
        for i in np.flatnonzero(chosen).tolist():
            before = model.residue_words(int(chain.residues[i - 1])).partition("/")[2]
            turned = f"ω\u00a0{_signed(chain.omega[i], '.0f')}° after {before}"
            yield int(chain.residues[i]), words, turned
    far = np.flatnonzero(seen.beta > FAR_BETA)
    for i in far[np.argsort(-seen.beta[far], kind="stable")].tolist():
        yield int(chain.residues[i]), "Cβ out of place", f"{seen.beta[i]:.2f} Å"


def _signed(value: float, form: str) -> str:
    return format(value, form).replace("-", "−")


def tabulate_bonds(found: Findings, seen: Stereochemistry) -> bool:
    """The bond lengths and angles that are furthest off; whether any is an outlier."""
    every = [
        *_far(seen, seen.lengths, "Å", ".3f"),
        *_far(seen, seen.angles, "°", ".1f"),
    ]
    if not every:
        return False
    worst = sorted(every, key=lambda row: -abs(row[-1]))[:_WORST]
    first = f", the worst {_WORST} of {len(every):,}" if len(every) > _WORST else ""
    found.tabulate(
        "bonds",
        f"Bond lengths and angles beyond {FAR_Z:g} σ{first}.",
        [
            Column(key="residue", label="Residue"),
            Column(key="atoms", label="Atoms"),
            Column(key="value", label="Found"),
            Column(key="usual", label="Usual"),
            Column(key="z", label="Deviation", unit="σ", format="+.1f"),
        ],
        worst,
    )
    return True


def _far(
    seen: Stereochemistry, of: Deviations, unit: str, form: str
) -> Iterator[tuple[str, str, str, str, float]]:
    z, space = of.z, "" if unit == "°" else " "
    for i, k in np.argwhere(np.abs(np.nan_to_num(z)) > FAR_Z).tolist():
        yield (
            seen.chain.model.residue_words(int(seen.chain.residues[i])),
            of.names[k],
            f"{of.values[i, k]:{form}}{space}{unit}",
            f"{of.ideal[i, k]:{form}}{space}{unit}",
            float(z[i, k]),
        )


def tabulate_clashes(found: Findings, seen: Stereochemistry) -> bool:
    """The worst clashes; whether there are any."""
    model, count = seen.chain.model, len(seen.clashes.atoms)
    if not count:
        return False
    first = f", the worst {_WORST} of {count:,}" if count > _WORST else ""
    positions = model.atoms.positions[seen.clashes.atoms[:_WORST]]
    apart = np.linalg.norm(positions[:, 0] - positions[:, 1], axis=1).tolist()
    found.tabulate(
        "clashes",
        f"Clashes between atoms but hydrogens{first}.",
        [
            Column(key="first", label="Atom"),
            Column(key="second", label="Atom"),
            Column(key="distance", label="Distance", unit="Å", format=".2f"),
            Column(key="overlap", label="Overlap", unit="Å", format=".2f"),
        ],
        [
            (_atom_words(model, one), _atom_words(model, other), distance, overlap)
            for (one, other), distance, overlap in zip(
                seen.clashes.atoms[:_WORST].tolist(),
                apart,
                seen.clashes.overlaps[:_WORST].tolist(),
                strict=True,
            )
        ],
    )
    return True


def _atom_words(model: AtomicModel, atom: int) -> str:
    return f"{model.residue_words(int(model.residue[atom]))} {model.names[atom]}"
