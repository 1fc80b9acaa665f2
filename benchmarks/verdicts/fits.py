"""Good pairs of a map and its model: what careful authors deposit, made by either simulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from odd import SECOND_SIMULATOR, joined, touching
from recipe import Deposit, Recipe, diameter, drawn_atoms
from scipy.spatial.transform import Rotation
from second_simulator import gemmi_deposit
from specimens import Record, Specimen, good_specimens

from vrs_scipion.simulation import Atoms

LARGEST_SIDE = 130
"""Of the box as maps alone are sampled, in voxels; these are sampled more coarsely: to about 76."""
SYMMETRY = "C4"
_RESOLUTIONS = (1.8, 2.2, 2.6, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0)
_FEWEST_ATOMS, _MOST_ATOMS = 450, 3500
_FINEST_CRYSTAL = 2.2
"""Å: coarser structures are no good models themselves."""
_SAMPLING, _ROOMINESS = (2.3, 2.6), (1.35, 1.5)
_BLUR = (6.0, 12.0)
"""B-factors of models, in squares of the resolution."""
_ERRORS = (0.1, 0.3)
"""Å r.m.s. that refinement leaves at the finest and at the coarsest resolution."""
_OFF_THE_GRID = (31.37, -12.61, 7.89)
"""Å, z, y, x."""
_SHARE_OF_SECOND = 8


def good_fits(models: Path, count: int, seed: int, largest: int) -> list[Specimen]:
    """Good pairs, one a crystal structure, resolutions spread over 1.8–6 Å.

    The model is the one that the map was drawn from, after what refinement leaves. The arguments
    are those of ``good_specimens``.
    """
    specimens = good_specimens(
        models, count, seed, largest, _FEWEST_ATOMS, _RESOLUTIONS, _well_determined
    )
    return [replace(s, recipe=_fitted(s.recipe, seed)) for s in specimens]


def _well_determined(record: Record) -> bool:
    fine = 0 < (record.get("res") or np.inf) <= _FINEST_CRYSTAL
    return bool(record["heavy"] <= _MOST_ATOMS and record["kind"] in ("protein", "RNA") and fine)


def _fitted(recipe: Recipe, seed: int) -> Recipe:
    """What differs from author to author."""
    generator = np.random.default_rng([seed, 21, recipe.seed])
    error = np.interp(recipe.resolution, (_RESOLUTIONS[0], _RESOLUTIONS[-1]), _ERRORS)
    return replace(
        recipe,
        sampling=float(generator.uniform(*_SAMPLING)),
        roominess=float(generator.uniform(*_ROOMINESS)),
        blur=float(generator.uniform(*_BLUR)),
        left=None,
    ).spoiled(f"refined={error:.3f}")


def odd_fits(good: list[Specimen], count: int, seed: int) -> list[Specimen]:
    """Half of ``count`` pairs of each kind of oddity, made of good ones.

    Of the second simulator there are an eighth as many as good ones.
    """
    generator = np.random.default_rng([seed, 7])
    drawn = []
    for oddity, make_odd in _ODDITIES.items():
        wanted = len(good) // _SHARE_OF_SECOND if oddity == SECOND_SIMULATOR else -(-count // 2)
        for index in sorted(generator.permutation(len(good))[:wanted]):
            one = good[index]
            drawn.append(replace(one, oddity=oddity, recipe=make_odd(one.recipe)))
    return drawn


def _square(atoms: Atoms) -> Atoms:
    """Four copies around the z axis."""
    centred = atoms.translated(-atoms.centroid)

    def copies(distance: float) -> list[Atoms]:
        out = centred.translated((distance, 0.0, 0.0))
        return [out.rotated(turn.as_matrix()) for turn in Rotation.create_group(SYMMETRY)]

    return joined(touching(copies, diameter(atoms)))


def _symmetric(recipe: Recipe) -> Recipe:
    """As fine as the box allows that one copy had."""
    atoms = drawn_atoms(recipe.model)
    larger = diameter(_square(atoms)) / diameter(atoms)
    coarser = min(6.0, larger * recipe.resolution)
    return replace(recipe, assembly=_square, resolution=round(coarser, 1))


def _off_the_grid(recipe: Recipe) -> Recipe:
    """The header's ORIGIN lies between voxels, and the model where it says."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        assert deposit.model is not None
        shifted = deposit.model.clone()
        for site in shifted[0].all():
            site.atom.pos = site.atom.pos + type(site.atom.pos)(*_OFF_THE_GRID[::-1])
        return replace(deposit, model=shifted, origin=_OFF_THE_GRID)

    return recipe.edited(edit)


_ODDITIES: dict[str, Callable[[Recipe], Recipe]] = {
    SYMMETRY: _symmetric,
    "non-cubic": lambda recipe: replace(recipe, stretch=(1.0, 1.15, 1.3)),
    "ORIGIN off the grid": _off_the_grid,
    "waters": lambda recipe: replace(recipe, waters=True),
    "hydrogens": lambda recipe: recipe.spoiled("hydrogens"),
    "alternatives": lambda recipe: recipe.spoiled("alternatives"),
    SECOND_SIMULATOR: lambda recipe: replace(recipe, simulator=gemmi_deposit, decentring=0.0),
}
