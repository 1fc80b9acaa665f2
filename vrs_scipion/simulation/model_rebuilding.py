"""Parts of a model built wrong: side chains turned, sequences shifted, loops led astray."""

from __future__ import annotations

from collections.abc import Sequence

import gemmi
import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.simulation.helix import alpha_helix, carbonyl, extended
from vrs_scipion.simulation.model_pair import (
    MAIN_CHAIN,
    Pair,
    Place,
    carried,
    frame,
    keep_atoms,
    listed,
    proteins,
)

_TURN = 120.0
_STAY = {*MAIN_CHAIN, "CB", "H", "H1", "H2", "H3", "HN", "HA", "HA2", "HA3"}
"""Atoms that a turn about CA–CB leaves where they are."""
_GAMMAS = ("CG", "CG1", "SG", "OG", "OG1", "SE")
_RING = "PRO"
_BONDED = 2.0
"""Å between C and N of residues that follow each other, at most."""
_TRIES = 30_000
"""Ways of a loop."""
_TORSIONS = np.array([(-62.0, -43.0), (-120.0, 130.0), (-70.0, 145.0)])
"""φ and ψ of what loops are made of: α, β, polyproline II."""
_SPREAD = 25.0
"""Degrees about them."""
_CLOSING = 30
"""Of them, those that close best."""


def turn_side_chains(pair: Pair, percent: float) -> Pair:
    """χ1 of a share of the side chains, drawn at random, turned by 120°."""
    able = [place for chain in proteins(pair.model) for place in chain if _turns(place.residue)]
    if not able:
        raise ValueError("no residue of the model has a side chain that turns about CA–CB")
    count = max(1, round(percent / 100 * len(able)))
    chosen = [able[i] for i in sorted(pair.generator.permutation(len(able))[:count])]
    for place in chosen:
        _turn(place.residue)
    return pair.at(() if count == len(able) else listed(chosen))


def _turns(residue: gemmi.Residue) -> bool:
    gamma = any(residue.find_atom(name, "*") for name in _GAMMAS)
    return residue.name != _RING and gamma and bool(residue.find_atom("CB", "*"))


def _turn(residue: gemmi.Residue) -> None:
    start, end = (np.array(residue.find_atom(n, "*").pos.tolist()) for n in ("CA", "CB"))
    axis = (end - start) / np.linalg.norm(end - start)
    turn = Rotation.from_rotvec(np.radians(_TURN) * axis)
    for atom in residue:
        if atom.name not in _STAY:
            turned = turn.apply(np.array(atom.pos.tolist()) - end) + end
            atom.pos = gemmi.Position(*turned.tolist())


def shift_sequence(pair: Pair, steps: float) -> Pair:
    """Every residue of every protein chain at the place of a later one."""
    chains = list(proteins(pair.model))
    changed = sum(_shifted(chain, range(len(chain)), round(steps)) for chain in chains)
    if not changed:
        raise ValueError("no chain has residues of different types whose sequence could be shifted")
    return pair


def shift_stretch(pair: Pair, length: float) -> Pair:
    """The residues of one stretch of a chain, each at the place of the next."""
    stretches = _stretches(pair, round(length))
    chain, first = stretches[pair.generator.integers(len(stretches))]
    stretch = range(first, first + round(length))
    if not _shifted(chain, stretch, 1):
        raise ValueError("the residues of the stretch that was drawn are all of one type")
    return pair.at(listed([chain[i] for i in stretch]))


def _shifted(chain: Sequence[Place], stretch: range, steps: int) -> int:
    """Give each place of a stretch the type of an earlier one; how many changed their type."""
    before = [(place.residue.clone(), place.backbone) for place in chain]
    changed = 0
    for i in stretch:
        if 0 <= i - steps < len(chain):
            donor, backbone = before[i - steps]
            changed += donor.name != chain[i].residue.name
            _exchange(chain[i], donor, backbone)
    return changed


def _exchange(place: Place, donor: gemmi.Residue, backbone: Coordinates) -> None:
    """Another side chain on the same main chain, as it lies on its own."""
    residue, target = place.residue, place.backbone
    b_factor = residue.find_atom("CA", "*").b_iso
    keep_atoms(residue, lambda atom: atom.name in MAIN_CHAIN)
    residue.name = donor.name
    for atom in donor:
        if atom.name in MAIN_CHAIN or atom.is_hydrogen():
            continue
        position = carried(np.array([atom.pos.tolist()]), backbone, target)[0]
        atom.pos, atom.b_iso = gemmi.Position(*position.tolist()), b_factor
        residue.add_atom(atom)


def lead_astray(pair: Pair, length: float) -> Pair:
    """A loop of one chain on another way between its ends.

    Of random ways, with torsions as loops have them, each is held against the stretch that it
    closes best; of those that close, the one farthest from the rest is taken, and what lacks is
    spread over it.
    """
    n = round(length)
    stretches = _stretches(pair, n, ends=1)
    ideal = alpha_helix(2)[0, :3]
    torsions = _random_torsions(pair.generator, n)
    ways = extended(ideal, torsions)
    befores = [chain[first - 1].backbone for chain, first in stretches]
    goals = [
        (chain[first + n].backbone[0] - before[1]) @ frame(before)
        for (chain, first), before in zip(stretches, befores, strict=True)
    ]
    gaps, which = cKDTree(goals).query((ways[:, -1, 0] - ideal[1]) @ frame(ideal))
    closing = np.argsort(gaps)[:_CLOSING]
    rest = cKDTree(pair.positions)
    placed = {
        int(i): carried(ways[i].reshape(-1, 3), ideal, befores[which[i]]).reshape(ways[i].shape)
        for i in closing
    }
    best = max(placed, key=lambda i: float(rest.query(placed[i][1:-1, 1])[0].mean()))
    (chain, first), way = stretches[which[best]], placed[best]
    way += np.linspace(0, 1, n + 2)[:, None, None] * (chain[first + n].backbone[0] - way[-1, 0])
    for step, place in enumerate(chain[first : first + n], 1):
        source = place.backbone
        for atom in place.residue:
            position = carried(np.array([atom.pos.tolist()]), source, way[step])[0]
            atom.pos = gemmi.Position(*position.tolist())
        place.put("N", way[step, 0])
        place.put("C", way[step, 2])
    for step, place in enumerate(chain[first - 1 : first + n]):
        place.put("O", carbonyl(place.backbone, torsions[best, step, 0]))
    return pair.at(listed(chain[first : first + n]))


def _random_torsions(generator: np.random.Generator, n: int) -> Coordinates:
    """ψ, ω and φ from each residue to the next, of many ways over n: shape (tries, n + 1, 3)."""
    drawn = _TORSIONS[generator.integers(len(_TORSIONS), size=(_TRIES, n + 2))]
    drawn = drawn + generator.normal(0, _SPREAD, drawn.shape)
    phi, psi = drawn[:, 1:, 0], drawn[:, :-1, 1]
    return np.stack((psi, np.full_like(psi, 180.0), phi), axis=-1)


def _stretches(pair: Pair, length: int, ends: int = 0) -> list[tuple[list[Place], int]]:
    """The stretches of protein chains, bonded throughout: a chain and the first place of each.

    Before and after it there are as many bonded residues as ``ends`` says.
    """
    found = [
        (chain, first + ends)
        for chain in proteins(pair.model)
        for first in _starts(chain, length + 2 * ends)
    ]
    if not found:
        raise ValueError(f"no protein chain of the model has {length + 2 * ends} residues in a row")
    return found


def _starts(chain: Sequence[Place], length: int) -> list[int]:
    """Where stretches of a length begin that no break of the chain interrupts."""
    backbones = np.array([place.backbone for place in chain])
    gaps = np.linalg.norm(backbones[1:, 0] - backbones[:-1, 2], axis=1) > _BONDED
    broken = np.concatenate(([0], np.cumsum(gaps)))
    return [i for i in range(len(chain) - length + 1) if broken[i] == broken[i + length - 1]]
