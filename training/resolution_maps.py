"""Whole simulated maps of known local resolution, to calibrate and to judge the networks with.

Drawn by ``vrs_scipion.simulation`` (electron scattering factors through gemmi), not by the
simulator of the training. Structures larger than 45 Å are cut to a cube of that edge. Voxels are
0.45 of the resolution, from 0.65 to 1.4 Å, so that resampling is judged with the networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from hand_maps import seed_of
from scipy.spatial.transform import Rotation
from structures import read_model

from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.simulation import (
    Atoms,
    FilterShape,
    NoiseSpectrum,
    add_noise,
    atoms_from_arrays,
    atoms_from_model,
    molecule_mask,
    render,
)

LARGEST = 45.0
MARGIN = 12.0
MASK_RADIUS = 3.0
CONDITIONS = ("clean", "hard", "noise 30 %", "augmented", "split")
SPLIT = (4.0, 9.0)
CLEAR = 6.0
"""Å from the plane between two halves within which a split map is not judged."""

FEWEST = 0.1
"""Fraction of the atoms below which a half is no half."""

NOISE = 0.3
"""Standard deviation of the noise over that of the map inside the mask."""


@dataclass(frozen=True)
class KnownMap:
    """A simulated map.

    Attributes
    ----------
    density : the map
    mask : where it is judged
    truth : float32 (z, y, x), resolution at half amplitude, Å
    """

    density: Density
    mask: Mask
    truth: Volume


def draw_atoms(models: Path, record: dict[str, Any]) -> Atoms:
    """A structure's atoms, turned at random and cut to size, centred; lowest B-factor 5 Å²."""
    atoms = atoms_from_model(read_model(models / record["file"]))
    generator = np.random.default_rng(seed_of(record["file"]))
    middle = np.median(atoms.positions, axis=0)
    near = np.all(np.abs(atoms.positions - middle) < LARGEST / 2, axis=1)
    elements = tuple(e for e, n in zip(atoms.elements, near, strict=True) if n)
    b = atoms.b_factors[near]
    piece = atoms_from_arrays(atoms.positions[near], elements, b - max(0.0, float(b.min()) - 5))
    piece = piece.rotated(Rotation.random(random_state=generator.integers(2**31)).as_matrix())
    return piece.translated(-(piece.positions.max(axis=0) + piece.positions.min(axis=0)) / 2)


def known_map(
    atoms: Atoms, resolution: float, condition: str, generator: np.random.Generator
) -> KnownMap:
    """A map of one resolution, or a split one of 4 and 9 Å.

    'clean' and 'split' are low-passed by a raised cosine of width 0.25/d, 'hard' by a step;
    'noise 30 %' adds white noise that the same filter ends, of 0.3 standard deviations of the map
    in the mask. 'augmented' draws a filter of any shape, a B-factor from 0 to 3 d² Å² for half of
    the maps, and noise of 0.03 to 0.7 standard deviations, of any colour, for two thirds.
    """
    if condition == "split":
        return _split(atoms)
    box, voxel = _grid(atoms, resolution)
    shape, b, relative, colour = FilterShape.RAISED_COSINE, 0.0, 0.0, 0.0
    if condition == "hard":
        shape = FilterShape.HARD
    elif condition == "noise 30 %":
        relative = NOISE
    elif condition == "augmented":
        shape = list(FilterShape)[int(generator.integers(len(FilterShape)))]
        b = float(generator.uniform(0, 3) * resolution**2) if generator.random() < 0.5 else 0.0
        colour = float(generator.uniform(-0.5, 1.0))
        if generator.random() < 0.67:
            relative = float(np.exp(generator.uniform(np.log(0.03), np.log(0.7))))
    density = render(atoms, box, voxel, resolution, b_factor=b, shape=shape)
    mask = molecule_mask(atoms, box, voxel, MASK_RADIUS)
    if relative:
        spectrum = NoiseSpectrum(resolution, colour)
        density, _ = add_noise(density, mask, relative**-2, generator, spectrum)
    return KnownMap(density, mask, np.full(box, resolution, np.float32))


def _grid(atoms: Atoms, resolution: float) -> tuple[tuple[int, int, int], float]:
    voxel = float(np.clip(0.45 * resolution, 0.65, 1.4))
    extent = np.ptp(atoms.positions, axis=0)[::-1] + 2 * MARGIN
    z, y, x = (int(2 * np.ceil(e / 2 / voxel)) for e in extent)
    return (z, y, x), voxel


def _split(atoms: Atoms) -> KnownMap:
    """The half with x < 0 at the first resolution, the other at the second."""
    box, voxel = _grid(atoms, SPLIT[0])
    beyond = atoms.positions[:, 0] > 0
    low, high = (
        render(atoms.selected(half), box, voxel, d)
        for half, d in zip((~beyond, beyond), SPLIT, strict=True)
    )
    mask = molecule_mask(atoms, box, voxel, MASK_RADIUS)
    x = (np.arange(box[2]) - box[2] // 2) * voxel
    truth = np.broadcast_to(np.where(x < 0, *SPLIT).astype(np.float32), box)
    whole = replace(low, values=low.values + high.values)
    return KnownMap(whole, mask & (np.abs(x) > CLEAR), truth)


def known_maps(
    models: Path, records: list[dict[str, Any]], per_structure: int, finest: float, coarsest: float
) -> Iterator[tuple[str, str, float, KnownMap]]:
    """File, condition, resolution and map, for all conditions; one split map a structure.

    The resolutions of a structure are spread evenly from ``finest`` to ``coarsest``, each drawn
    inside its share of the range; those of the next structure are others.
    """
    for record in records:
        atoms = draw_atoms(models, record)
        generator = np.random.default_rng((seed_of(record["file"]), 1))
        for condition in CONDITIONS:
            if (
                condition == "split"
                and not FEWEST < np.mean(atoms.positions[:, 0] > 0) < 1 - FEWEST
            ):
                continue
            count = 1 if condition == "split" else per_structure
            start = generator.permutation(count)
            for share in (start + generator.random(count)) / count:
                resolution = float(finest + (coarsest - finest) * share)
                yield (
                    record["file"],
                    condition,
                    resolution,
                    known_map(atoms, resolution, condition, generator),
                )
