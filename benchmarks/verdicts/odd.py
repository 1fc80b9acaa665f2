"""Good maps that are no globular particle in a cubic box, or come from another simulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from recipe import Deposit, Recipe, diameter, drawn_atoms
from scipy import ndimage
from scipy.spatial.transform import Rotation
from second_simulator import gemmi_deposit
from specimens import Specimen, one_particle

from vrs_scipion.simulation import Atoms, Labels

SECOND_SIMULATOR = "second simulator"
_RISE, _TWIST = 27.5, -166.7
"""Å and degrees from one subunit of actin's filament to the next."""
_SUBUNITS = 15
_INTERLOCKED = 0.65
"""Of the distance at which neighbouring subunits begin to touch."""
_SHELL_ATOMS = 4000
_MEMBRANE = 36.0
"""Å of a bilayer's thickness."""


def odd_specimens(good: list[Specimen], count: int, seed: int) -> list[Specimen]:
    """``count`` maps of each kind of oddity, made of structures of good ones.

    Of the second simulator there are half as many as good ones.
    """
    generator = np.random.default_rng([seed, 7])
    drawn = []
    for oddity, (make_odd, fits) in _ODDITIES.items():
        fitting = [s for s in good if fits(s)]
        wanted = len(fitting) // 2 if oddity == SECOND_SIMULATOR else count
        for index in sorted(generator.permutation(len(fitting))[:wanted]):
            specimen = fitting[index]
            drawn.append(replace(specimen, oddity=oddity, recipe=make_odd(specimen.recipe)))
    return drawn


def _non_cubic(recipe: Recipe) -> Recipe:
    return replace(recipe, stretch=(1.0, 1.25, 1.6))


def _filament(recipe: Recipe) -> Recipe:
    """A helix that runs through the box along z."""
    return replace(
        recipe,
        resolution=max(recipe.resolution, 6.0),
        assembly=_helix,
        turned=False,
        roominess=1.1,
        decentring=0.0,
        stretch=(1.0, 0.5, 0.5),
        edits=(_middle_third,),
    )


def _helix(atoms: Atoms) -> Atoms:
    """Subunits around an axis, as far from it as lets them touch."""

    def copies(distance: float) -> list[Atoms]:
        out = atoms.translated(-atoms.centroid).translated((distance, 0.0, 0.0))
        return [
            out.rotated(_turn(k).as_matrix()).translated((0.0, 0.0, k * _RISE))
            for k in range(_SUBUNITS)
        ]

    return joined(touching(copies, diameter(atoms)))


def touching(copies: Callable[[float], list[Atoms]], farthest: float) -> list[Atoms]:
    """The copies a little nearer to the axis or centre than where all of them touch."""
    low, high = 0.0, farthest
    while high - low > 1.0:
        middle = (low + high) / 2
        if one_particle(joined(copies(middle))):
            low = middle
        else:
            high = middle
    return copies(_INTERLOCKED * low)


def _turn(steps: int) -> Rotation:
    return Rotation.from_euler("z", steps * _TWIST, degrees=True)


def _middle_third(deposit: Deposit, _: np.random.Generator) -> Deposit:
    n = deposit.density.box[0]
    keep = slice(n // 3, n // 3 + 2 * (n // 6))
    cut = replace(deposit.density, values=np.ascontiguousarray(deposit.density.values[keep]))
    return replace(
        deposit, density=cut, molecule=deposit.molecule[keep], signal=deposit.signal[keep]
    )


def _capsid(recipe: Recipe) -> Recipe:
    """An icosahedral shell of 60 copies."""
    return replace(
        recipe,
        resolution=max(recipe.resolution, 8.0),
        assembly=_icosahedron,
        roominess=min(recipe.roominess, 1.6),
    )


def _icosahedron(atoms: Atoms) -> Atoms:
    """Sixty copies around a centre, as far from it as lets them touch."""
    centred = atoms.translated(-atoms.centroid)
    direction = np.array([0.31, 0.52, 0.8])

    def copies(distance: float) -> list[Atoms]:
        out = centred.translated(distance * direction)
        return [out.rotated(r.as_matrix()) for r in Rotation.create_group("I")]

    return joined(touching(copies, 3 * diameter(atoms)))


def joined(parts: list[Atoms]) -> Atoms:
    """The atoms of all parts; the chains of each have its number behind their names."""
    return Atoms(
        positions=np.concatenate([p.positions for p in parts]),
        elements=tuple(e for p in parts for e in p.elements),
        b_factors=np.concatenate([p.b_factors for p in parts]),
        occupancies=np.concatenate([p.occupancies for p in parts]),
        labels=_joined_labels([p.labels for p in parts if p.labels is not None]),
    )


def _joined_labels(parts: list[Labels]) -> Labels:
    return Labels(
        chains=np.concatenate([np.char.add(p.chains, str(i)) for i, p in enumerate(parts, 1)]),
        numbers=np.concatenate([p.numbers for p in parts]),
        insertions=np.concatenate([p.insertions for p in parts]),
        residues=np.concatenate([p.residues for p in parts]),
        names=np.concatenate([p.names for p in parts]),
        altlocs=np.concatenate([p.altlocs for p in parts]),
    )


def _in_membrane(recipe: Recipe) -> Recipe:
    return recipe.edited(_add_disc)


def _add_disc(deposit: Deposit, _: np.random.Generator) -> Deposit:
    """A disc of lipid and scaffold around the molecule, weaker than the contour."""
    box, size = deposit.density.box, deposit.density.voxel_size[0]
    z, y, x = np.ogrid[tuple(slice(-(n // 2), n - n // 2) for n in box)]
    across = np.sqrt(x**2 + y**2) * size
    reach = 0.36 * min(box) * size
    inside = 1 / (1 + np.exp((np.abs(z) * size - _MEMBRANE / 2) / 3))
    disc = inside / (1 + np.exp((across - reach) / 3))
    free = 1 - ndimage.gaussian_filter(deposit.molecule.astype(np.float32), 3 / size)
    lipid = 0.7 * deposit.contour * disc * free
    return deposit.with_values(deposit.density.values + lipid)


def _drawn_by_gemmi(recipe: Recipe) -> Recipe:
    return replace(recipe, simulator=gemmi_deposit, decentring=0.0)


_ODDITIES: dict[str, tuple[Callable[[Recipe], Recipe], Callable[[Specimen], bool]]] = {
    "non-cubic": (_non_cubic, lambda s: True),
    "filament": (_filament, lambda s: diameter(drawn_atoms(s.recipe.model)) < 110),
    "capsid": (_capsid, lambda s: len(drawn_atoms(s.recipe.model)) < _SHELL_ATOMS),
    "membrane": (_in_membrane, lambda s: True),
    SECOND_SIMULATOR: (_drawn_by_gemmi, lambda s: True),
}
