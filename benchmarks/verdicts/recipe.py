"""How a deposited map comes about: signal, noise that the claimed resolution implies, a contour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from vrs_scipion.maps.density import Density, Mask, Triple, Volume
from vrs_scipion.methods.guinier import fit_guinier
from vrs_scipion.simulation import (
    Anisotropy,
    AtomChoice,
    AtomNumbers,
    Atoms,
    ModelDefect,
    NoiseSpectrum,
    Region,
    SimulationSettings,
    choose_atoms,
    frequency_grid,
    read_model,
    simulate,
)
from vrs_scipion.simulation.half_faults import Halves
from vrs_scipion.simulation.shells import Shells, signal_power

CUBIC_ANGSTROM_PER_DALTON = 1.207
_COARSE = 30.0
"""Å; the ratio of signal to noise is ``Recipe.ratio`` there."""
_FSC_LIMIT_RATIO = 1 / 3
"""Ratio of signal to noise of a map whose half maps correlate by 0.143."""
SHARPENED_TO = 8.0
"""Å."""
_SILENT = 4.0
"""Standard deviations of the noise below which nobody puts a contour."""


@dataclass(frozen=True)
class Deposit:
    """What an author deposits, and the truth that a defect may need.

    Attributes
    ----------
    density : the map
    contour : recommended
    resolution : reported, in Å
    molecule : bool array, shape (nz, ny, nx), voxels near an atom
    signal : float32 array, shape (nz, ny, nx), the map without noise
    noise_sigma : standard deviation of the noise in the molecule, in the map's units
    halves : two half maps, and what they were made of; None for a map alone
    mask : of the refinement, deposited beside; None where it is not
    symmetry : point group
    model : deposited beside; None for none
    origin : where the header says that the first voxel lies, z, y, x in Å
    """

    density: Density
    contour: float
    resolution: float
    molecule: Mask
    signal: Volume
    noise_sigma: float
    halves: Halves | None = None
    mask: Volume | None = None
    symmetry: str = "C1"
    model: gemmi.Structure | None = None
    origin: Triple = (0.0, 0.0, 0.0)

    @cached_property
    def frequency(self) -> NDArray[np.float32]:
        """1/Å at each coefficient of the map's half spectrum."""
        return np.asarray(frequency_grid(self.density.box, self.density.voxel_size))

    def with_values(self, values: Volume) -> Deposit:
        """The same deposit with another map."""
        return replace(self, density=replace(self.density, values=values.astype(np.float32)))

    def filtered(self, amplitude: NDArray[np.float32]) -> Deposit:
        """The map and its signal, their half spectra multiplied by ``amplitude``."""
        filtered = [
            fft.irfftn(fft.rfftn(v) * amplitude, s=v.shape).astype(np.float32)
            for v in (self.density.values, self.signal)
        ]
        return replace(self.with_values(filtered[0]), signal=filtered[1])

    def contoured_again(self) -> Deposit:
        """With the contour that encloses as many voxels of this map as the old one should."""
        voxels = int(np.count_nonzero(self.signal >= self.contour)) or 1
        return replace(
            self, contour=float(np.partition(self.density.values.ravel(), -voxels)[-voxels])
        )


Edit = Callable[[Deposit, np.random.Generator], Deposit]
Assembly = Callable[[Atoms], Atoms]
"""From the atoms of a model's file to those of the specimen."""


Simulator = Callable[["Recipe", np.random.Generator], Deposit]


@dataclass(frozen=True)
class Pair:
    """How two half maps come about.

    Attributes
    ----------
    fall : width of their correlation's fall, as a share of the frequency at which it is 0.143
    spectrum : of the noise; None where it follows from the fall
    dilation, edge : voxels by which the refinement's mask is wider than the molecule, and over
        which it falls to 0
    given : whether that mask is deposited
    symmetry : point group
    shared : share of the noise's power that both halves have
    other : model of another molecule that fits into the box
    swapped : whether the map is made of that one
    anisotropy : how signal and noise depend on direction
    """

    fall: float
    spectrum: NoiseSpectrum | None
    dilation: float
    edge: float
    given: bool
    symmetry: str = "C1"
    shared: float = 0.0
    other: Path | None = None
    swapped: bool = False
    anisotropy: Anisotropy | None = None


@dataclass(frozen=True)
class Recipe:
    """A map to be made.

    Attributes
    ----------
    model : file of the atomic model
    resolution : Å, where half maps would correlate by 0.143
    seed : of everything random
    sampling : voxels per resolution
    roominess : box length over the molecule's largest diameter
    blur : B-factor of the molecule, in squares of the resolution
    left : B-factor that the author's sharpening leaves, as 0.d measures it, in squares of the
        resolution, negative for a decay; without effect beyond 8 Å, where nobody sharpens; None
        where ``blur`` says what is left
    ratio : of signal to noise in the molecule at 30 Å
    enclosed : volume inside the contour over that of the molecule's mass
    loudness : factor on the noise's amplitude
    mirror : whether the hand is wrong
    decentring : space to the right minus space to the left along x, in % of the box
    domain : factor on the occupancy and on the resolution of one half of the molecule
    stretch : factors on the box's sides along z, y, x
    assembly : makes the specimen from the model's atoms; None if they are the specimen
    turned : whether the specimen has any orientation, rather than the model's
    simulator : makes the map from all of this but the edits; None for ``vrs simulate``
    pair : what its half maps are like; None for a map alone
    defects : of the model beside the map, those that refinement leaves among them; none for no
        model
    waters : whether map and model show the waters
    edits : what happens to the finished map
    """

    model: Path
    resolution: float
    seed: int
    sampling: float = 3.2
    roominess: float = 1.9
    blur: float = 12.0
    left: float | None = -3.0
    ratio: float = 2000.0
    enclosed: float = 1.0
    loudness: float = 1.0
    mirror: bool = False
    decentring: float = 0.0
    domain: tuple[float, float] = (1.0, 1.0)
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0)
    assembly: Assembly | None = None
    turned: bool = True
    simulator: Simulator | None = None
    pair: Pair | None = None
    defects: tuple[ModelDefect, ...] = ()
    waters: bool = False
    edits: tuple[Edit, ...] = ()

    def paired(self, **changed: Any) -> Recipe:
        """With half maps that differ in something."""
        assert self.pair is not None
        return replace(self, pair=replace(self.pair, **changed))

    def spoiled(self, *defects: str) -> Recipe:
        """With more defects of the model, as ``vrs simulate --defect`` knows them."""
        return replace(self, defects=(*self.defects, *map(ModelDefect.parsed, defects)))

    def edited(self, edit: Edit) -> Recipe:
        """With one more thing that happens to the finished map."""
        return replace(self, edits=(*self.edits, edit))


def make(recipe: Recipe) -> Deposit:
    """Simulate the map that a recipe describes."""
    generator = np.random.default_rng([recipe.seed, 1])
    deposit = (recipe.simulator or _deposit)(recipe, generator)
    if recipe.left is not None and recipe.resolution <= SHARPENED_TO:
        deposit = _sharpened(deposit, recipe.left)
    for edit in recipe.edits:
        deposit = edit(deposit, generator)
    return deposit


def drawn_atoms(model: Path, *, waters: bool = False) -> Atoms:
    """The atoms of a model that a map shows."""
    return choose_atoms(read_model(model), AtomChoice(waters=waters))[0]


def diameter(atoms: Atoms) -> float:
    """Twice the largest distance of an atom from the centroid, in Å."""
    return 2 * float(np.linalg.norm(atoms.positions - atoms.centroid, axis=1).max())


def _deposit(recipe: Recipe, generator: np.random.Generator) -> Deposit:
    atoms = drawn_atoms(recipe.model, waters=recipe.waters)
    if recipe.assembly is not None:
        atoms = recipe.assembly(atoms)
    simulation = simulate(atoms, settings_of(recipe, atoms))
    clean, molecule = simulation.density, simulation.truth.mask
    noise = _noise(recipe, clean, molecule, generator)
    deposit = Deposit(
        density=replace(clean, values=clean.values + noise),
        contour=0.0,
        resolution=recipe.resolution,
        molecule=molecule,
        signal=clean.values,
        noise_sigma=0.0,
        model=simulation.model,
    )
    sigma = float(noise.std())
    volume = atoms.mass * CUBIC_ANGSTROM_PER_DALTON * recipe.enclosed
    voxels = round(volume / clean.voxel_volume)
    enclosing = float(np.partition(deposit.signal.ravel(), -voxels)[-voxels])
    return replace(deposit, contour=max(enclosing, _SILENT * sigma), noise_sigma=sigma)


def _sharpened(deposit: Deposit, left: float) -> Deposit:
    """As authors do (Rosenthal and Henderson 2003), and contoured at the same volume."""
    d = deposit.resolution
    change = left * d**2 - fit_guinier(deposit.density, d).b_factor
    voxels = int(np.count_nonzero(deposit.signal >= deposit.contour))
    ends = np.minimum(deposit.frequency, 1 / d)
    sharpened = deposit.filtered(np.exp(change / 4 * ends**2).astype(np.float32))
    noise = sharpened.density.values - sharpened.signal
    sigma = float(noise[deposit.molecule].std())
    enclosing = float(np.partition(sharpened.signal.ravel(), -voxels)[-voxels])
    return replace(sharpened, contour=max(enclosing, _SILENT * sigma), noise_sigma=sigma)


def settings_of(recipe: Recipe, atoms: Atoms) -> SimulationSettings:
    """How `vrs simulate` draws the map without noise."""
    voxel = recipe.resolution / recipe.sampling
    side = recipe.roominess * diameter(atoms)
    box = tuple(
        2 * fft.next_fast_len(round(side * f / voxel / 2), real=True) for f in recipe.stretch
    )
    shift = recipe.decentring / 100 * box[2] * voxel / 2
    return SimulationSettings(
        resolution=recipe.resolution,
        voxel_size=(voxel,) * 3,
        box=box,
        b_factor=recipe.blur * recipe.resolution**2 - float(np.median(atoms.b_factors)),
        rotation="random" if recipe.turned else None,
        mirror=recipe.mirror,
        shift=(shift, 0.0, 0.0),
        regions=_regions(recipe, atoms),
        defects=recipe.defects,
        seed=recipe.seed,
    )


def _regions(recipe: Recipe, atoms: Atoms) -> tuple[Region, ...]:
    """The atoms of one side, if it differs from the other."""
    occupancy, coarser = recipe.domain
    if recipe.domain == (1.0, 1.0):
        return ()
    centred = atoms.positions - atoms.centroid
    longest = np.linalg.svd(centred, full_matrices=False)[2][0]
    return (
        Region(
            select=AtomNumbers.where(centred @ longest > 0),
            occupancy=occupancy,
            resolution=recipe.resolution * coarser,
        ),
    )


def _noise(
    recipe: Recipe, clean: Density, molecule: Mask, generator: np.random.Generator
) -> Volume:
    """Noise whose ratio to the signal falls as a Gaussian in frequency, to 1/3 at the resolution.

    The ratio is that inside the molecule, where Fourier shell correlations are measured: the
    signal's power is spread over the box, the molecule fills a fraction of it.
    """
    shells = Shells(clean.box, clean.voxel_size)
    power = ndimage.gaussian_filter1d(signal_power(clean, shells), 1.5) / molecule.mean()
    s, d = shells.frequencies, recipe.resolution
    coarse, fine = np.log(recipe.ratio), np.log(_FSC_LIMIT_RATIO)
    across = (s**2 - _COARSE**-2) / (d**-2 - _COARSE**-2)
    level = np.sqrt(power / np.exp(coarse + across * (fine - coarse)))
    frequency = shells.frequency
    amplitude = np.interp(frequency, s, level).astype(np.float32)
    amplitude[frequency > s[-1]] = 0
    spectrum = fft.rfftn(generator.standard_normal(clean.box, dtype=np.float32))
    spectrum *= amplitude / np.sqrt(clean.values.size)
    noise = fft.irfftn(spectrum, s=clean.box).astype(np.float32)
    return np.asarray(noise * np.float32(recipe.loudness), dtype=np.float32)
