"""Good maps: what a careful author would deposit, of molecules of all kinds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from recipe import Recipe, diameter, drawn_atoms
from scipy import ndimage

from vrs_scipion.simulation import Atoms

Record = dict[str, Any]
"""Of ``index.json``."""
SHARPENING = (-9.0, -4.5, -1.0)
"""B-factors that sharpening leaves, in squares of the resolution: those of real maps."""
RESOLUTIONS = (2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0)
LARGEST_SIDE = 160
_SMALLEST_SIDE = 40
_FEWEST_RESOLUTIONS_ACROSS = 8
FEWEST_ATOMS = 800
_MOST_ATOMS = 60_000
_TOUCHING = 6.0
"""Å between atoms of one particle."""
_WHOLE = 0.95
"""Share of the atoms that have to be of one particle; the others are neighbours in a crystal."""
_EXCLUDED = "AF-"
"""Predicted models: their B-factor column holds something else."""


@dataclass(frozen=True)
class Specimen:
    """A good map of one structure, and what the structure is.

    ``oddity`` says how it differs from a globular particle in a cubic box, if it does, ``chains``
    how many polymers it has.
    """

    name: str
    kind: str
    helix: float
    recipe: Recipe
    oddity: str = ""
    chains: int = 1

    @property
    def calibrates(self) -> bool:
        """Whether limits may be chosen on it; the others judge the choice."""
        return self.recipe.seed % 2 == 0


def good_specimens(
    models: Path,
    count: int,
    seed: int,
    largest: int = LARGEST_SIDE,
    fewest_atoms: int = FEWEST_ATOMS,
    resolutions: Sequence[float] = RESOLUTIONS,
    chosen: Callable[[Record], bool] = lambda _: True,
) -> list[Specimen]:
    """``count`` good maps, one a structure, resolutions spread over 2.5–12 Å.

    Parameters
    ----------
    models : folder with ``index.json`` and the files that it lists
    count : of structures; fewer come back where there are fewer
    seed : draws structures, resolutions and everything of the recipes
    largest : side of a map, about, in voxels
    fewest_atoms : of a structure
    resolutions : Å, to be spread over
    chosen : which records of ``index.json`` are taken

    Returns
    -------
    Specimens in the order in which they were drawn, without those that are no single particle.
    """
    records = json.loads((models / "index.json").read_text(encoding="utf-8"))
    eligible = [r for r in records if usable(r, fewest_atoms) and chosen(r)]
    generator = np.random.default_rng(seed)
    drawn: list[Specimen] = []
    for index in generator.permutation(len(eligible)):
        if len(drawn) == count:
            break
        record = eligible[index]
        path = models / record["file"]
        across = diameter(drawn_atoms(path))
        fitting = [d for d in resolutions if _fits(across, d, largest)]
        if not fitting:
            continue
        fewest = min(_count(drawn, d) for d in fitting)
        resolution = next(d for d in fitting if _count(drawn, d) == fewest)
        drawn.append(
            Specimen(
                name=record["file"].split("__")[0].split(".")[0],
                kind=record["kind"],
                helix=float(record.get("helix_fraction", 0.0)),
                recipe=_varied(path, resolution, len(drawn), generator),
                chains=int(record["chains"]),
            )
        )
    return [s for s in drawn if one_particle(drawn_atoms(s.recipe.model))]


def one_particle(atoms: Atoms) -> bool:
    """Whether nearly all atoms touch each other."""
    corner = atoms.positions.min(axis=0) - 2 * _TOUCHING
    cells = np.floor((atoms.positions - corner) / (_TOUCHING / 2)).astype(np.intp)
    filled = np.zeros(cells.max(axis=0) + 3, bool)
    filled[tuple(cells.T)] = True
    labels, _ = ndimage.label(ndimage.binary_dilation(filled, np.ones((3, 3, 3))))
    counts = np.bincount(labels[tuple(cells.T)])
    return bool(counts.max() >= _WHOLE * len(cells))


def usable(record: Record, fewest_atoms: int = FEWEST_ATOMS) -> bool:
    """Whether a structure of ``index.json`` is of a size that is tried, and no prediction."""
    return fewest_atoms <= record["heavy"] <= _MOST_ATOMS and not str(record["file"]).startswith(
        _EXCLUDED
    )


def _fits(across: float, resolution: float, largest: int) -> bool:
    side = 1.9 * across / resolution * 3.2
    return _SMALLEST_SIDE <= side <= largest and across / resolution >= _FEWEST_RESOLUTIONS_ACROSS


def _count(drawn: list[Specimen], resolution: float) -> int:
    return sum(s.recipe.resolution == resolution for s in drawn)


def _varied(path: Path, resolution: float, number: int, generator: np.random.Generator) -> Recipe:
    """What differs from author to author."""
    return Recipe(
        model=path,
        resolution=resolution,
        seed=number,
        sampling=float(generator.uniform(2.6, 3.6)),
        roominess=float(generator.uniform(1.6, 2.3)),
        blur=float(generator.uniform(4.0, 16.0)),
        left=SHARPENING[number // 2 % len(SHARPENING)],
        ratio=float(np.exp(generator.uniform(np.log(600), np.log(6000)))),
        enclosed=float(generator.uniform(0.7, 1.2)),
        decentring=float(generator.uniform(0.0, 3.0)),
    )
