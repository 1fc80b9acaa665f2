"""Good maps from a second simulator: gemmi's electron density, filters and noise of its own.

It shares no code with ``vrs simulate``. gemmi draws the atoms with the form factors of X-rays, not
of electrons, on a grid twice as fine; flat ice surrounds them; the noise follows from a Fourier
shell correlation that falls as a logistic function, and is stronger at the centre of the box as in
reconstructions; the map is weighted by the figure of merit of that correlation (Rosenthal and
Henderson 2003, doi:10.1016/j.jmb.2003.07.013) and by a Butterworth filter at the resolution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import gemmi
import numpy as np
from numpy.typing import NDArray
from recipe import CUBIC_ANGSTROM_PER_DALTON, SHARPENED_TO, Deposit, Recipe
from scipy import fft
from scipy.spatial.transform import Rotation

from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.simulation import Atoms, atoms_from_model, structure_from_atoms
from vrs_scipion.simulation.model_defects import with_defects
from vrs_scipion.simulation.model_pair import Pair

Reals = NDArray[np.float64]

_FINER = 2
_ICE = 0.6
"""Mean inner potential of vitreous ice over that of protein."""
_EXCLUDED = 2.5
"""Å around an atom where there is no ice."""
_ICE_B_FACTOR = 60.0
"""Å², of the border between molecule and ice."""
_FSC_AT_RESOLUTION = 0.143
_FALL, _FALL_OF_COARSE = (0.05, 0.10), (0.02, 0.04)
"""Width of the correlation's fall, as a share of the frequency at which it is 0.143.

Thousands of particles that still end beyond 8 Å are held there by what blurs them, flexibility
or wrong angles, and their curves fall as a blur does; noise alone lets them down slowly.
"""
_ORDER = 24
"""Of the Butterworth filter at the resolution."""
_CENTRAL = 0.5
"""By how much more noise there is at the centre of the box."""
_SILENT = 4.0


@dataclass(frozen=True)
class Scene:
    """A molecule in ice, and the noise that half maps of it have.

    Attributes
    ----------
    signal : complex128 half spectrum of a cube
    molecule : bool array, shape (n, n, n), voxels near an atom
    correlation : of half maps in the molecule, at each coefficient of the half spectrum
    frequency : 1/Å, of the same shape
    amplitude : of the signal in the molecule, of the same shape
    profile : float64 array, shape (n, n, n), how strong the noise is from place to place
    voxel : Å
    mass : Da
    atoms : in the box, with all of their B-factors
    """

    signal: NDArray[np.complex128]
    molecule: NDArray[np.bool_]
    correlation: Reals
    frequency: Reals
    amplitude: Reals
    profile: Reals
    voxel: float
    mass: float
    atoms: Atoms

    @property
    def n(self) -> int:
        """Voxels along an edge."""
        return len(self.molecule)

    @property
    def level(self) -> Reals:
        """Amplitude of a half map's noise at each coefficient."""
        level: Reals = self.amplitude * np.sqrt((1 - self.correlation) / self.correlation)
        return level

    def noise(self, generator: np.random.Generator) -> NDArray[np.complex128]:
        """Half spectrum of the noise of one half map."""
        white = generator.standard_normal((self.n,) * 3) * self.profile
        noise: NDArray[np.complex128] = np.fft.rfftn(white) * self.level / self.n**1.5
        return noise

    def weight(self, d: float) -> Reals:
        """What the map's coefficients are multiplied by, at a resolution in Å."""
        merit = np.sqrt(2 * self.correlation / (1 + self.correlation))
        return np.asarray(merit / np.sqrt(1 + (self.frequency * d) ** _ORDER))

    def deposit(self, recipe: Recipe, noise: NDArray[np.complex128]) -> Deposit:
        """The weighted map with this noise, contoured by its mass."""
        weight = self.weight(recipe.resolution)
        clean, loud = (volume(f * weight, self.n) for f in (self.signal, noise))
        sigma = float(loud[self.molecule].std())
        cubic_angstrom = self.mass * CUBIC_ANGSTROM_PER_DALTON * recipe.enclosed
        voxels = round(cubic_angstrom / self.voxel**3)
        enclosing = float(np.partition(clean.ravel(), -voxels)[-voxels])
        return Deposit(
            density=Density(clean + loud, (self.voxel,) * 3),
            contour=max(enclosing, _SILENT * sigma),
            resolution=recipe.resolution,
            molecule=self.molecule,
            signal=clean,
            noise_sigma=sigma,
        )


def gemmi_deposit(recipe: Recipe, generator: np.random.Generator) -> Deposit:
    """The map that a recipe describes; its regions, shift, mirror and stretch are not followed."""
    scene = gemmi_scene(recipe, generator)
    deposit = scene.deposit(recipe, scene.noise(generator) * (recipe.loudness / math.sqrt(2)))
    if not recipe.defects:
        return deposit
    model = structure_from_atoms(scene.atoms)
    pair = Pair(model, scene.atoms, deposit.density.box, deposit.density.voxel_size, generator)
    return replace(deposit, model=with_defects(pair, recipe.defects)[0].model)


def _blurred(atoms: Atoms, b_factor: float) -> Atoms:
    return replace(atoms, b_factors=atoms.b_factors + b_factor)


def gemmi_scene(recipe: Recipe, generator: np.random.Generator) -> Scene:
    """The molecule that a recipe describes, in ice."""
    model = _model(recipe, generator)
    d, voxel = recipe.resolution, recipe.resolution / recipe.sampling
    positions = np.array([a.pos.tolist() for a in _atoms(model)])
    across = 2 * np.linalg.norm(positions - positions.mean(axis=0), axis=1).max()
    n = 2 * fft.next_fast_len(round(recipe.roominess * across / voxel / 2), real=True)
    atoms, molecule = _drawn(model, positions, n, voxel, recipe.blur * d**2)
    frequency = _frequencies(n, voxel)
    ice = np.fft.rfftn(molecule) * np.exp(-_ICE_B_FACTOR / 4 * frequency**2)
    signal = atoms - _ICE * atoms[0, 0, 0].real / molecule.sum() * ice
    fall = _FALL if d <= SHARPENED_TO else _FALL_OF_COARSE
    correlation = _correlation(frequency, d, generator.uniform(*fall), recipe.ratio)
    amplitude = np.sqrt(_shell_means(np.abs(signal) ** 2, frequency) / molecule.mean())
    steps = (np.arange(n) - n // 2) / (n / 4)
    square = steps[:, None, None] ** 2 + steps[:, None] ** 2 + steps**2
    return Scene(
        signal=signal,
        molecule=molecule,
        correlation=correlation,
        frequency=frequency,
        amplitude=amplitude,
        profile=1 + _CENTRAL * np.exp(-square / 2),
        voxel=voxel,
        mass=_mass(model),
        atoms=_blurred(atoms_from_model(model), recipe.blur * d**2),
    )


def _model(recipe: Recipe, generator: np.random.Generator) -> gemmi.Model:
    """The first model of the file without water, hydrogen and second conformations, turned."""
    structure = gemmi.read_structure(str(recipe.model))
    structure.setup_entities()
    structure.remove_alternative_conformations()
    structure.remove_hydrogens()
    structure.remove_waters()
    model = structure[0]
    for atom in _atoms(model):
        atom.occ = atom.occ or 1.0
    turn = gemmi.Transform()
    rotation = Rotation.random(random_state=int(generator.integers(2**31)))
    turn.mat.fromlist(rotation.as_matrix().tolist())
    model.transform_pos_and_adp(turn)
    return model


def _atoms(model: gemmi.Model) -> list[gemmi.Atom]:
    return [cra.atom for cra in model.all()]


def _mass(model: gemmi.Model) -> float:
    return sum(a.element.weight * a.occ for a in _atoms(model))


def _drawn(
    model: gemmi.Model, positions: Reals, n: int, voxel: float, blur: float
) -> tuple[NDArray[np.complex128], NDArray[np.bool_]]:
    """Half spectrum of the atoms on a grid of n³, and the voxels that they exclude solvent from."""
    side = n * voxel
    middle = (n // 2) * voxel - positions.mean(axis=0)
    shift = gemmi.Transform()
    shift.vec.fromlist(middle.tolist())
    model.transform_pos_and_adp(shift)
    cell = gemmi.UnitCell(side, side, side, 90, 90, 90)
    calculator = gemmi.DensityCalculatorX()
    calculator.d_min, calculator.blur = voxel, blur
    calculator.grid.set_size(*(_FINER * n,) * 3)
    calculator.grid.set_unit_cell(cell)
    calculator.grid.spacegroup = gemmi.SpaceGroup("P 1")
    calculator.add_model_density_to_grid(model)
    fine = np.fft.rfftn(calculator.grid.array.transpose(2, 1, 0))
    rows = np.r_[0 : n // 2, -(n // 2) : 0]
    spectrum = fine[np.ix_(rows, rows, np.arange(n // 2 + 1))] / _FINER**3
    mask = gemmi.FloatGrid(n, n, n)
    mask.set_unit_cell(cell)
    mask.spacegroup = calculator.grid.spacegroup
    mask.mask_points_in_constant_radius(model, max(_EXCLUDED, 0.8 * voxel), 1)
    return spectrum, np.ascontiguousarray(mask.array.transpose(2, 1, 0) > 0)


def _frequencies(n: int, voxel: float) -> Reals:
    along, half = np.fft.fftfreq(n, voxel), np.fft.rfftfreq(n, voxel)
    return np.asarray(np.sqrt(along[:, None, None] ** 2 + along[:, None] ** 2 + half**2))


def _correlation(frequency: Reals, d: float, fall: float, ratio: float) -> Reals:
    """Of two half maps, of whose mean the signal's power is at most ``ratio`` times the noise's."""
    odds = (1 - _FSC_AT_RESOLUTION) / _FSC_AT_RESOLUTION
    falling = 1 / (1 + odds * np.exp((frequency * d - 1) / fall))
    return np.asarray(np.minimum(falling, ratio / (ratio + 2)))


def _shell_means(values: Reals, frequency: Reals) -> Reals:
    """The mean over shells of the width of one wave, at each coefficient."""
    shell = np.rint(frequency / frequency[0, 0, 1]).astype(int).ravel()
    means = np.bincount(shell, values.ravel()) / np.maximum(np.bincount(shell), 1)
    return np.asarray(means[shell].reshape(values.shape))


def volume(spectrum: NDArray[np.complex128], n: int) -> Volume:
    """The cube of n³ voxels that a half spectrum belongs to."""
    return np.fft.irfftn(spectrum, s=(n,) * 3).astype(np.float32)
