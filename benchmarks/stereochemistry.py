"""How often A.j warns of good models, and of which defects it tells; where its limits come from.

    python benchmarks/stereochemistry.py MODELS

MODELS is a folder with atomic models and an ``index.json`` that lists them with their resolutions.
Those resolved to 2 Å or finer are good, as far as the archive's models are: every other one of them
calibrates the limits of bonds, Cβ, peptides and clashes, the rest judge them. All models are
measured, and the good ones once more with each of the defects.
"""

from __future__ import annotations

import argparse
import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vrs_scipion.checks.levela_j_stereochemistry import CHECK
from vrs_scipion.methods.stereochemistry import examine
from vrs_scipion.methods.stereochemistry.main_chain import main_chain
from vrs_scipion.models.atomic_model import AtomicModel, arrays_of
from vrs_scipion.models.kinds import Kind
from vrs_scipion.models.labels import Names
from vrs_scipion.models.reading import read_model
from vrs_scipion.simulation.internal_coordinates import place_atom

GOOD = 2.0
"""Å: crystals that diffract so far leave little doubt about the main chain."""
_DISPLACED, _LOOP, _TURNED = 0.5, 12, 0.2
_MAIN = ("N", "CA", "C", "O", "CB", "OXT")
_COMPARED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_COARSE_KEY = "rama_outliers_coarse"
_CALIBRATED = ("bond_outliers", "angle_outliers", "cbeta_outliers", "twisted", "heavy_clashes")

Numbers = Mapping[str, float | None]
Defect = Callable[[AtomicModel, np.random.Generator], AtomicModel]


@dataclass(frozen=True)
class Specimen:
    """A model and what A.j measures of it, as it is and with each defect."""

    file: str
    resolution: float
    numbers: Numbers
    spoilt: Mapping[str, Numbers]

    @property
    def group(self) -> str:
        """By its resolution."""
        if not self.resolution:
            return "unknown (NMR, tutorials)"
        if self.resolution <= GOOD:
            return "to 2.0 Å"
        return "2.0–2.5 Å" if self.resolution <= 2.5 else "coarser"


def mirrored(model: AtomicModel, _: np.random.Generator) -> AtomicModel:
    """x becomes −x."""
    return replace(model, atoms=model.atoms.mirrored())


def displaced(model: AtomicModel, rng: np.random.Generator) -> AtomicModel:
    """Every atom is moved by 0.5 Å r.m.s."""
    moves = rng.normal(0, _DISPLACED / np.sqrt(3), model.atoms.positions.shape)
    return _moved(model, model.atoms.positions + moves)


def random_loop(model: AtomicModel, rng: np.random.Generator) -> AtomicModel:
    """Twelve residues are built anew at random torsions; what is behind stays where it was."""
    chain = main_chain(model)
    starts = range(1, len(chain) - _LOOP)
    linked = np.flatnonzero([chain.linked[i : i + _LOOP].all() for i in starts])
    if not linked.size:
        return model
    first = int(rng.choice(linked)) + 1
    positions = model.atoms.positions.copy()
    for i in range(first, first + _LOOP):
        before = [positions[atoms[i - 1]] for atoms in (chain.n, chain.ca, chain.c)]
        psi, phi = rng.uniform(-180, 180, 2)
        n = place_atom(*before, 1.336, 117.2, psi)
        ca = place_atom(before[1], before[2], n, 1.459, 121.7, 180)
        c = place_atom(before[2], n, ca, 1.525, 111.0, phi)
        shift = ca - positions[chain.ca[i]]
        positions[model.residue == chain.residues[i]] += shift
        positions[chain.n[i]], positions[chain.c[i]] = n, c
        if chain.cb[i] >= 0:
            positions[chain.cb[i]] = place_atom(c, n, ca, 1.535, 110.6, -122.6)
    return _moved(model, positions)


def wrong_rotamers(model: AtomicModel, rng: np.random.Generator) -> AtomicModel:
    """A fifth of the side chains are turned by 120° about CA–CB."""
    chain = main_chain(model)
    positions = model.atoms.positions.copy()
    sides = ~np.isin(model.names, _MAIN)
    chosen = np.flatnonzero((chain.cb >= 0) & ~chain.prolines)
    for i in rng.choice(chosen, round(_TURNED * chosen.size), replace=False).tolist():
        side = np.flatnonzero(sides & (model.residue == chain.residues[i]))
        ca, cb = positions[chain.ca[i]], positions[chain.cb[i]]
        axis = (cb - ca) / np.linalg.norm(cb - ca)
        arm = positions[side] - cb
        turn = np.radians(120 * rng.choice((-1, 1)))
        along = arm @ axis
        positions[side] = (
            cb
            + np.cos(turn) * arm
            + np.sin(turn) * np.cross(axis, arm)
            + (1 - np.cos(turn)) * along[:, np.newaxis] * axis
        )
    return _moved(model, positions)


def register_shift(model: AtomicModel, _: np.random.Generator) -> AtomicModel:
    """Every residue is called what the next one is; of the side chains Cβ alone is left."""
    names: Names = model.residues.names.copy()
    protein = model.residues.kinds == Kind.PROTEIN.value
    for number in np.unique(model.residues.chains[protein]).tolist():
        chosen = np.flatnonzero(protein & (model.residues.chains == number))
        names[chosen] = np.roll(names[chosen], -1)
    kept = ~protein[model.residue] | np.isin(model.names, _MAIN)
    return replace(
        model,
        atoms=model.atoms.selected(kept),
        anisotropic=model.anisotropic[kept],
        residue=model.residue[kept],
        residues=replace(model.residues, names=names),
    )


DEFECTS: dict[str, Defect] = {
    "mirrored": mirrored,
    "atoms displaced by 0.5 Å r.m.s.": displaced,
    "a loop of 12 random residues": random_loop,
    "20 % wrong rotamers": wrong_rotamers,
    "register + 1": register_shift,
}


def _moved(model: AtomicModel, positions: np.ndarray) -> AtomicModel:
    return replace(model, atoms=replace(model.atoms, positions=positions))


def specimens(folder: Path) -> Iterator[Specimen]:
    """The models of a folder that hold protein or nucleic acid, in the order of its index."""
    for number, listed in enumerate(json.loads((folder / "index.json").read_text())):
        model = arrays_of(read_model(folder / listed["file"])).model
        resolution = float(listed.get("res") or 0)
        numbers = examine(model).numbers
        spoilt = {}
        if 0 < resolution <= GOOD and numbers["rama_residues"]:
            rng = np.random.default_rng(number)
            spoilt = {name: examine(spoil(model, rng)).numbers for name, spoil in DEFECTS.items()}
        yield Specimen(listed["file"], resolution, numbers, spoilt)


def warned(numbers: Numbers, fine: bool) -> list[str]:
    """The limits that are not kept; ``fine`` where the resolution is finer than 4 Å."""
    found = []
    for limit in CHECK.limits:
        if limit.key == ("rama_outliers_coarse" if fine else "rama_outliers"):
            continue
        value = numbers["rama_outliers" if limit.key == _COARSE_KEY else limit.key]
        if value is not None and not _COMPARED[limit.comparison](value, limit.default):
            found.append(limit.key)
    return found


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def _rates(groups: Mapping[str, Sequence[Numbers]], fine: Mapping[str, bool]) -> None:
    """How many of each group break each limit, and any that decides."""
    verdicts = {limit.key for limit in CHECK.limits if limit.role == "verdict"}
    broken = {name: [warned(one, fine[name]) for one in of] for name, of in groups.items()}
    rows = []
    for limit in CHECK.limits:
        counts = [sum(limit.key in one for one in of) for of in broken.values()]
        form = limit.key if limit.role == "verdict" else f"({limit.key})"
        rows.append((f"{form} {limit.comparison} {limit.default:g}", *map(str, counts)))
    any_ = [sum(bool(verdicts & set(one)) for one in of) for of in broken.values()]
    rows.append(("any that decides", *map(str, any_)))
    _table(("limit", *(f"{name}: {len(of)}" for name, of in groups.items())), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", type=Path)
    every = list(specimens(parser.parse_args().models))
    good = [one for one in every if one.spoilt]
    halves = {"calibrating": good[::2], "judging": good[1::2]}
    print("95th percentile of the calibrating half:")
    for key in _CALIBRATED:
        values = [v for one in halves["calibrating"] if (v := one.numbers[key]) is not None]
        print(f"{key}: {np.percentile(values, 95):.2f}")
    _rates(
        {name: [one.numbers for one in of] for name, of in halves.items()},
        dict.fromkeys(halves, True),
    )
    names = ("to 2.0 Å", "2.0–2.5 Å", "coarser", "unknown (NMR, tutorials)")
    groups = {name: [one.numbers for one in every if one.group == name] for name in names}
    _rates(groups, {name: name != names[-1] for name in names})
    spoilt = {name: [one.spoilt[name] for one in good] for name in DEFECTS}
    _rates(spoilt, dict.fromkeys(DEFECTS, True))
    keys = [limit.key for limit in CHECK.limits if limit.key != _COARSE_KEY]
    _table(
        ("median", "as they are", *DEFECTS),
        [
            (
                key,
                *(
                    f"{np.median([v for one in of if (v := one[key]) is not None]):.3g}"
                    for of in ([one.numbers for one in good], *spoilt.values())
                ),
            )
            for key in keys
        ],
    )


if __name__ == "__main__":
    main()
