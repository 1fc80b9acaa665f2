"""Good half maps: what careful authors would deposit with a map, made by either simulator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from odd import SECOND_SIMULATOR
from recipe import (
    CUBIC_ANGSTROM_PER_DALTON,
    SHARPENED_TO,
    Deposit,
    Pair,
    Recipe,
    diameter,
    drawn_atoms,
    settings_of,
)
from second_simulator import Scene, gemmi_scene, volume
from specimens import Specimen, good_specimens

from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.methods.fsc import GOLD_STANDARD, crossings
from vrs_scipion.simulation import (
    WHITE,
    Fault,
    HalvesSettings,
    NoiseSpectrum,
    Signal,
    Within,
    signal_of_simulation,
    simulate,
    simulate_halves,
)
from vrs_scipion.simulation.half_faults import Halves
from vrs_scipion.simulation.half_masks import LOOSE
from vrs_scipion.simulation.halves_truth import correlation_of, power_under
from vrs_scipion.simulation.shells import Shells

LARGEST_SIDE = 100
"""Of the box of maps alone, in voxels; half maps are sampled more coarsely: to about 80."""
SYMMETRY = "C4"
_FEWEST_ATOMS = 500
_SAMPLING, _ROOMINESS = (2.5, 3.2), (1.6, 2.1)
_FALL = (0.05, 0.12)
_BLUR = (8.0, 20.0)
"""B-factors in squares of the resolution, where the noise's spectrum is its own: with less the
molecule's own ups and downs would bring the correlation back after it has fallen."""
_STRONGEST = 400.0
"""Power of the second simulator's signal over that of the mean's noise, at most: half maps of real
particles correlate by 0.995 and more where frequencies are low."""
_DILATION, _EDGE = (1.0, 3.0), (4.0, 7.0)
"""Voxels, of refinements' masks."""
NOISES = {
    "from the fall": None,
    "white": WHITE,
    "stronger at low frequencies": NoiseSpectrum(exponent=0.5),
    "stronger at high frequencies": NoiseSpectrum(exponent=-0.25),
}
"""The noise of half maps, by what its spectrum is like."""
_SAME_SIZE = 1.1


def good_pairs(models: Path, count: int, seed: int, largest: int) -> list[Specimen]:
    """Good pairs of half maps with their map, one a structure, resolutions spread over 2.5–12 Å.

    The arguments are those of ``good_specimens``.
    """
    specimens = good_specimens(models, count, seed, largest, _FEWEST_ATOMS)
    across = {s.recipe.model: diameter(drawn_atoms(s.recipe.model)) for s in specimens}
    return [replace(s, recipe=_paired(s.recipe, across, seed)) for s in specimens]


def _paired(recipe: Recipe, across: dict[Path, float], seed: int) -> Recipe:
    """What differs from author to author, and another molecule that fits into the same box."""
    generator = np.random.default_rng([seed, 11, recipe.seed])
    fitting = {
        model: abs(other / across[recipe.model] - 1)
        for model, other in across.items()
        if model != recipe.model and other < _SAME_SIZE * across[recipe.model]
    }
    coarse = recipe.resolution > SHARPENED_TO
    noises = tuple(noise for noise in NOISES.values() if noise is not None or not coarse)
    pair = Pair(
        fall=float(generator.uniform(*_FALL)),
        spectrum=noises[recipe.seed % len(noises)],
        dilation=float(generator.uniform(*_DILATION)),
        edge=float(generator.uniform(*_EDGE)),
        given=recipe.seed % 3 == 0,
        other=min(fitting, key=fitting.__getitem__, default=recipe.model),
    )
    return replace(
        recipe,
        sampling=float(generator.uniform(*_SAMPLING)),
        roominess=float(generator.uniform(*_ROOMINESS)),
        blur=recipe.blur if pair.spectrum is None else float(generator.uniform(*_BLUR)),
        simulator=vrs_pair,
        pair=pair,
    )


def odd_pairs(good: list[Specimen], count: int, seed: int) -> list[Specimen]:
    """``count`` pairs of another symmetry, or in boxes that are no cubes, made of good ones.

    Of the second simulator there are half as many as good ones.
    """
    generator = np.random.default_rng([seed, 7])
    made = {
        SYMMETRY: lambda recipe: recipe.paired(symmetry=SYMMETRY),
        "non-cubic": lambda recipe: replace(recipe, stretch=(1.0, 1.15, 1.3)),
        SECOND_SIMULATOR: lambda recipe: replace(recipe, simulator=gemmi_pair, decentring=0.0),
    }
    drawn = []
    for oddity, make_odd in made.items():
        wanted = len(good) // 2 if oddity == SECOND_SIMULATOR else count
        for index in sorted(generator.permutation(len(good))[:wanted]):
            one = good[index]
            drawn.append(replace(one, oddity=oddity, recipe=make_odd(one.recipe)))
    return drawn


def noise_of(recipe: Recipe) -> str:
    """What the spectrum of its half maps' noise is like; '' for a map alone."""
    if recipe.pair is None or recipe.simulator is gemmi_pair:
        return ""
    return next(name for name, spectrum in NOISES.items() if spectrum == recipe.pair.spectrum)


def vrs_pair(recipe: Recipe, generator: np.random.Generator) -> Deposit:
    """The half maps and the map that a recipe describes, by ``vrs simulate --halves``.

    The resolution that is reported is the truth under the refinement's mask.
    """
    assert recipe.pair is not None
    assert recipe.pair.other is not None
    pair, signal = recipe.pair, _signal(recipe)
    made = simulate_halves(
        signal,
        HalvesSettings(
            resolution=recipe.resolution,
            fall=pair.fall,
            within=Within.MASK,
            spectrum=pair.spectrum,
            anisotropy=pair.anisotropy,
            symmetry=pair.symmetry,
            faults=_shared(pair),
            seed=recipe.seed,
        ),
        _signal(recipe, pair.other, signal.density) if pair.swapped else None,
    )
    noise = made.density.values - made.clean.values
    first, second = (half.values for half in made.half_maps)
    return Deposit(
        density=made.density,
        contour=made.contour,
        resolution=_reported(made.truth.resolution(LOOSE)),
        molecule=made.signal.molecule,
        signal=made.clean.values,
        noise_sigma=float(noise[made.signal.molecule].std()),
        halves=_halves(first, second, made.signal, recipe),
        mask=made.signal.mask if pair.given else None,
        symmetry=pair.symmetry,
    )


def gemmi_pair(recipe: Recipe, generator: np.random.Generator) -> Deposit:
    """Good ones by the second simulator, whose noise is stronger at the centre of the box."""
    assert recipe.pair is not None
    blur, pair = max(recipe.blur, _BLUR[0]), recipe.pair
    scene = _white_beyond(
        gemmi_scene(replace(recipe, ratio=_STRONGEST, blur=blur), generator), recipe.resolution
    )
    noises = [scene.noise(generator) for _ in range(2)]
    deposit = scene.deposit(recipe, (noises[0] + noises[1]) / 2)
    clean = volume(scene.signal, scene.n)
    signal = Signal(
        Density(clean, deposit.density.voxel_size),
        scene.molecule,
        _enclosing(clean, scene.mass, recipe, scene.voxel),
        recipe.model.name,
        dilation=pair.dilation * scene.voxel,
        edge=pair.edge * scene.voxel,
    )
    first, second = (clean + volume(noise, scene.n) for noise in noises)
    return replace(
        deposit,
        resolution=_reported(_truth_of(scene, signal)),
        halves=_halves(first, second, signal, recipe),
        mask=signal.mask if pair.given else None,
    )


def _white_beyond(scene: Scene, resolution: float) -> Scene:
    """With noise that is not stronger beyond a resolution, in Å, than there."""
    there = np.unravel_index(np.abs(scene.frequency * resolution - 1).argmin(), scene.level.shape)
    signal = np.square(scene.amplitude)
    noise = np.square(np.minimum(scene.level, scene.level[there]))
    return replace(scene, correlation=signal / (signal + noise))


def _halves(first: Volume, second: Volume, signal: Signal, recipe: Recipe) -> Halves:
    """What faults are done to: none of them needs another noise any more."""
    return Halves(first, second, first, signal, recipe.resolution, first.copy)


def _signal(recipe: Recipe, model: Path | None = None, grid: Density | None = None) -> Signal:
    """The molecule of a recipe, or another one in its place, drawn as sharp as its voxels hold."""
    assert recipe.pair is not None
    atoms = drawn_atoms(model or recipe.model)
    drawn = settings_of(recipe, atoms)
    voxel = drawn.voxel_size[0]
    sharp = {"resolution": 2 * voxel, "box": drawn.box if grid is None else grid.box}
    signal = signal_of_simulation(simulate(atoms, drawn.model_copy(update=sharp)))
    return replace(
        signal,
        contour=_enclosing(signal.density.values, atoms.mass, recipe, voxel),
        dilation=recipe.pair.dilation * voxel,
        edge=recipe.pair.edge * voxel,
    )


def _enclosing(values: Volume, mass: float, recipe: Recipe, voxel: float) -> float:
    """The contour that encloses the volume of a mass, by the recipe's measure."""
    voxels = round(mass * CUBIC_ANGSTROM_PER_DALTON * recipe.enclosed / voxel**3)
    return float(np.partition(values.ravel(), -voxels)[-voxels])


def _shared(pair: Pair) -> tuple[Fault, ...]:
    return (Fault(kind="shared", size=pair.shared),) if pair.shared else ()


def _truth_of(scene: Scene, signal: Signal) -> float | None:
    """Å where the half maps' correlation by their signal falls below 0.143 in the mask."""
    grid, mask = signal.density, signal.mask
    shells = Shells(grid.box, grid.voxel_size)
    loudness = float((mask**2 * scene.profile**2).sum() / (mask**2).sum())
    noise = shells.mean(np.square(scene.level).astype(np.float32)) * loudness
    curve = correlation_of(power_under(grid.values, {LOOSE: mask}, shells)[LOOSE], noise)
    found = crossings(shells.frequencies[1:].tolist(), curve[1:].tolist(), GOLD_STANDARD)
    return 1 / found[0] if found else None


def _reported(resolution: float | None) -> float:
    if resolution is None:
        raise ValueError("the half maps correlate up to Nyquist")
    return round(resolution, 2)
