"""The demo's phantom: a noisy map of a helix bundle, with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import gemmi
import numpy as np
from numpy.typing import ArrayLike

from vrs_scipion.maps.density import Density, Mask
from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.simulation.bundle import helix_bundle
from vrs_scipion.simulation.contour import contour_from_model
from vrs_scipion.simulation.noise import NoiseSpectrum, add_noise
from vrs_scipion.simulation.rendering import molecule_mask, render
from vrs_scipion.simulation.structure import ALANINE_RESIDUE_MASS, poly_alanine

DEMO_SEED = 20240601

_MASK_RADIUS = 3.0


@dataclass(frozen=True)
class Truth:
    """What a validation of the phantom cannot see.

    Attributes
    ----------
    density : the map without noise
    mask : bool array, shape (nz, ny, nx), the voxels within 3 Å of an atom
    structure : the model, in the frame of the map: voxel 0 is at 0, 0, 0
    noise_sigma : standard deviation of the noise, everywhere, in the map's units
    snr : variance of ``density`` inside ``mask`` over that of the noise
    """

    density: Density
    mask: Mask
    structure: gemmi.Structure
    noise_sigma: float
    snr: float


@dataclass(frozen=True)
class Phantom:
    """A simulated map as its authors would deposit it, with the truth beside it.

    Attributes
    ----------
    density : the map, noise everywhere, unmasked
    contour : recommended, 0.4 of the mean density at the atoms (see ``contour_from_model``)
    resolution : claimed, in Å: signal and noise are low-passed to one half there
    mass : of the molecule, hydrogens included, in Da
    seed : of the random generator
    truth : what only a simulation knows
    """

    density: Density
    contour: float
    resolution: float
    mass: float
    seed: int
    truth: Truth


def demo_phantom(
    seed: int = DEMO_SEED,
    *,
    box: tuple[int, int, int] = (128, 128, 128),
    voxel_size: float = 1.1,
    resolution: float = 3.5,
    snr: float = 30.0,
    n_helices: int = 19,
    residues: tuple[int, int] = (24, 38),
) -> Phantom:
    """Simulate the map of a bundle of right-handed poly-alanine α-helices.

    B-factors grow from 40 Å² at the centre to 100 Å² at the outermost atom. The noise is Gaussian,
    white up to the resolution and low-passed there like the signal. The same arguments give the
    same map, bit for bit.

    Parameters
    ----------
    seed : of NumPy's default random generator
    box : nz, ny, nx
    voxel_size : Å
    resolution : Å
    snr : variance of the signal within 3 Å of the atoms over the variance of the noise
    n_helices : number of helices
    residues : shortest and longest helix

    Returns
    -------
    Phantom

    Raises
    ------
    ValueError
        If the resolution is beyond the Nyquist frequency, or the bundle does not fit in the box.
    """
    generator = np.random.default_rng(seed)
    middle = np.array([n // 2 * voxel_size for n in reversed(box)])
    structure = bundle_structure(
        generator, n_helices, residues=residues, centre=middle, name="VRS demo phantom"
    )
    mass = ALANINE_RESIDUE_MASS * sum(len(chain) for chain in structure[0])

    clean = render(structure, box, voxel_size, resolution, centre=middle)
    mask = molecule_mask(structure, box, voxel_size, _MASK_RADIUS, centre=middle)
    noisy, sigma = add_noise(clean, mask, snr, generator, NoiseSpectrum(resolution))
    return Phantom(
        density=noisy,
        contour=contour_from_model(noisy, structure),
        resolution=resolution,
        mass=mass,
        seed=seed,
        truth=Truth(clean, mask, structure, sigma, snr),
    )


def bundle_structure(
    generator: np.random.Generator,
    n_helices: int = 19,
    *,
    residues: tuple[int, int] = (24, 38),
    centre: ArrayLike = (0.0, 0.0, 0.0),
    name: str = "helix bundle",
) -> gemmi.Structure:
    """A bundle of right-handed poly-alanine α-helices as a model (see ``helix_bundle``).

    B-factors grow from 40 Å² at the centre to 100 Å² at the outermost atom.

    Parameters
    ----------
    generator : NumPy's random generator
    n_helices : number of helices
    residues : shortest and longest helix
    centre : of the bundle, x, y, z in Å
    name : the structure's name

    Raises
    ------
    ValueError
        If there is no helix, or there are more than one-letter chain names.
    """
    chains = helix_bundle(generator, n_helices, residues=residues)
    placed = [chain + np.asarray(centre) for chain in chains]
    return poly_alanine(placed, _b_factors(chains), name=name)


def _b_factors(
    chains: tuple[Coordinates, ...], core: float = 40.0, rim: float = 100.0
) -> list[Coordinates]:
    """B-factors in Å² that grow with the square of the distance from the origin."""
    squares = [np.sum(chain**2, axis=-1) for chain in chains]
    farthest = max(float(square.max()) for square in squares)
    return [core + (rim - core) * square / farthest for square in squares]
