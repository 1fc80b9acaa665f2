"""Maps simulated with known truth.

The way from nothing to a map: ``alpha_helix`` and ``helix_bundle`` build coordinates,
``poly_alanine`` makes them a model, ``render`` draws a model (simulated, or read by gemmi from PDB
or mmCIF) as a density, ``add_noise`` adds noise of a known spectrum and strength, and
``contour_from_model`` recommends a contour. ``demo_phantom`` goes all of it.

Coordinates are x, y, z in Å, arrays z, y, x; whatever is random takes a seed or a generator.
"""

from vrs_scipion.simulation.atoms import Atoms, atoms_from_arrays, atoms_from_model
from vrs_scipion.simulation.bundle import helix_bundle
from vrs_scipion.simulation.contour import contour_from_model
from vrs_scipion.simulation.filters import apply_filter, fall_off, frequency_grid, low_pass
from vrs_scipion.simulation.helix import ATOM_NAMES, alpha_helix, screw
from vrs_scipion.simulation.noise import (
    WHITE,
    NoiseSpectrum,
    add_noise,
    gaussian_noise,
    signal_to_noise_ratio,
)
from vrs_scipion.simulation.phantom import DEMO_SEED, Phantom, Truth, demo_phantom
from vrs_scipion.simulation.rendering import molecule_mask, render
from vrs_scipion.simulation.structure import poly_alanine

__all__ = [
    "ATOM_NAMES",
    "DEMO_SEED",
    "WHITE",
    "Atoms",
    "NoiseSpectrum",
    "Phantom",
    "Truth",
    "add_noise",
    "alpha_helix",
    "apply_filter",
    "atoms_from_arrays",
    "atoms_from_model",
    "contour_from_model",
    "demo_phantom",
    "fall_off",
    "frequency_grid",
    "gaussian_noise",
    "helix_bundle",
    "low_pass",
    "molecule_mask",
    "poly_alanine",
    "render",
    "screw",
    "signal_to_noise_ratio",
]
