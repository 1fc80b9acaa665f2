"""Maps simulated with known truth.

The way from nothing to a map: ``alpha_helix`` and ``helix_bundle`` build coordinates,
``poly_alanine`` makes them a model, ``render`` draws a model (simulated, or read by gemmi from PDB
or mmCIF) as a density, ``add_noise`` adds noise of a known spectrum and strength, and
``contour_from_model`` recommends a contour. ``demo_phantom`` goes all of it. ``simulate`` does the
same for any model and any settings (``SimulationSettings``) and keeps the whole truth, which
``write_simulation`` writes beside the map, with a model that is wrong in known ways (``DEFECTS``)
where one is asked for. ``simulate_halves`` puts a ``Signal``, of a simulation
or of a deposited map, into noise twice, so that the correlation of the two half maps is known, in
masks too; ``simulate_texture`` makes those of a texture whose local resolution is known at every
voxel; ``write_halves`` writes them. ``vrs simulate`` is all of it on the command line.

Coordinates are x, y, z in Å, arrays z, y, x; whatever is random takes a seed or a generator.
"""

from vrs_scipion.models.atoms import Atoms, atoms_from_arrays, atoms_from_model
from vrs_scipion.models.labels import Labels
from vrs_scipion.models.reading import ModelError, read_model
from vrs_scipion.simulation.anisotropy import Anisotropy
from vrs_scipion.simulation.atom_choice import AtomChoice, choose_atoms
from vrs_scipion.simulation.bundle import helix_bundle
from vrs_scipion.simulation.contour import contour_from_model
from vrs_scipion.simulation.filter_shapes import FilterShape, low_pass_of_shape
from vrs_scipion.simulation.filters import apply_filter, fall_off, frequency_grid, low_pass
from vrs_scipion.simulation.half_faults import FAULTS, Fault
from vrs_scipion.simulation.halves import SimulatedHalves, simulate_halves
from vrs_scipion.simulation.halves_record import HalvesRecord
from vrs_scipion.simulation.halves_settings import HalvesSettings, Within
from vrs_scipion.simulation.halves_truth import HalvesTruth
from vrs_scipion.simulation.helix import ATOM_NAMES, alpha_helix, screw
from vrs_scipion.simulation.local_truth import LocalTruth
from vrs_scipion.simulation.model_defects import DEFECTS, ModelDefect
from vrs_scipion.simulation.model_to_map import Simulation, SimulationTruth, simulate
from vrs_scipion.simulation.noise import (
    WHITE,
    NoiseSpectrum,
    add_noise,
    gaussian_noise,
    signal_to_noise_ratio,
)
from vrs_scipion.simulation.phantom import (
    DEMO_SEED,
    Phantom,
    Truth,
    bundle_structure,
    demo_phantom,
)
from vrs_scipion.simulation.pose import Pose
from vrs_scipion.simulation.regions import (
    AtomNumbers,
    Ball,
    Chains,
    HalfSpace,
    Region,
    Residues,
)
from vrs_scipion.simulation.rendering import molecule_mask, render
from vrs_scipion.simulation.settings import MaskKind, Noise, SimulationSettings
from vrs_scipion.simulation.shells import ShellTruth
from vrs_scipion.simulation.signal import Signal, signal_of_map, signal_of_simulation
from vrs_scipion.simulation.simulation_record import SimulationRecord
from vrs_scipion.simulation.source import PHANTOM
from vrs_scipion.simulation.structure import poly_alanine, structure_from_atoms
from vrs_scipion.simulation.texture_halves import TEXTURE, TextureSettings, simulate_texture
from vrs_scipion.simulation.write import (
    read_halves_record,
    read_record,
    write_halves,
    write_simulation,
)

__all__ = [
    "ATOM_NAMES",
    "DEFECTS",
    "DEMO_SEED",
    "FAULTS",
    "PHANTOM",
    "TEXTURE",
    "WHITE",
    "Anisotropy",
    "AtomChoice",
    "AtomNumbers",
    "Atoms",
    "Ball",
    "Chains",
    "Fault",
    "FilterShape",
    "HalfSpace",
    "HalvesRecord",
    "HalvesSettings",
    "HalvesTruth",
    "Labels",
    "LocalTruth",
    "MaskKind",
    "ModelDefect",
    "ModelError",
    "Noise",
    "NoiseSpectrum",
    "Phantom",
    "Pose",
    "Region",
    "Residues",
    "ShellTruth",
    "Signal",
    "SimulatedHalves",
    "Simulation",
    "SimulationRecord",
    "SimulationSettings",
    "SimulationTruth",
    "TextureSettings",
    "Truth",
    "Within",
    "add_noise",
    "alpha_helix",
    "apply_filter",
    "atoms_from_arrays",
    "atoms_from_model",
    "bundle_structure",
    "choose_atoms",
    "contour_from_model",
    "demo_phantom",
    "fall_off",
    "frequency_grid",
    "gaussian_noise",
    "helix_bundle",
    "low_pass",
    "low_pass_of_shape",
    "molecule_mask",
    "poly_alanine",
    "read_halves_record",
    "read_model",
    "read_record",
    "render",
    "screw",
    "signal_of_map",
    "signal_of_simulation",
    "signal_to_noise_ratio",
    "simulate",
    "simulate_halves",
    "simulate_texture",
    "structure_from_atoms",
    "write_halves",
    "write_simulation",
]
