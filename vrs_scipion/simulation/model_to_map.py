"""From a model to a map whose whole truth is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import gemmi
import numpy as np
import psutil
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Mask, Triple, Volume
from vrs_scipion.maps.masks import soft_mask
from vrs_scipion.models.atoms import Atoms
from vrs_scipion.models.drawing import Box
from vrs_scipion.simulation.contour import contour_from_model
from vrs_scipion.simulation.local_truth import LocalTruth
from vrs_scipion.simulation.model_defects import DefectRecord, with_defects
from vrs_scipion.simulation.model_pair import Pair
from vrs_scipion.simulation.noise import gaussian_noise, variance_inside
from vrs_scipion.simulation.pose import Pose, fitting_box, orientation, place, random_rotation
from vrs_scipion.simulation.regions import with_regions
from vrs_scipion.simulation.rendering import molecule_mask, render
from vrs_scipion.simulation.settings import MaskKind, Noise, SimulationSettings
from vrs_scipion.simulation.shells import Shells, ShellTruth, signal_power, unit_noise_power
from vrs_scipion.simulation.source import ModelSource, Source, open_source
from vrs_scipion.simulation.structure import structure_from_atoms

_VOLUMES = 10
"""Memory in float32 volumes: 9 for noise and half maps (benchmarks/simulation.py), 1 to write."""

_B_FACTORS = (-500.0, 5000.0)
_DOMAINS = 4

_NOTHING = 1e-10
"""Power, relative to the strongest shell, below which a shell holds nothing but rounding."""


@dataclass(frozen=True)
class SimulationTruth:
    """What a validation of the map cannot see.

    Attributes
    ----------
    density : the map before noise, background and mask
    mask : bool array, shape (nz, ny, nx), the voxels within ``mask_radius`` of an atom present
    atoms : as drawn, in the map's frame, where voxel 0 is at 0, 0, 0: turned, mirrored, with
        their regions' occupancies and with all B-factors
    local : resolution, B-factor and occupancy at each voxel
    applied_mask : float32 array, shape (nz, ny, nx), that was multiplied on; None for none
    pose : the motion from the model's frame to the map's
    noise_sigma : standard deviation of the map's noise, in the map's units, before the mask
    shells : signal and noise by Fourier shell; None for a noise-free map
    source : the model, in its own frame, before regions and global B-factor
    defects : what is wrong with the model that comes beside the map
    """

    density: Density
    mask: Mask
    atoms: Atoms
    local: LocalTruth
    applied_mask: Volume | None
    pose: Pose
    noise_sigma: float
    shells: ShellTruth | None
    source: Source
    defects: tuple[DefectRecord, ...] = ()


@dataclass(frozen=True)
class Simulation:
    """A simulated map as its authors would deposit it, with the truth beside it.

    Attributes
    ----------
    density : the map
    half_maps : two, whose mean is the map, or none
    contour : recommended, 0.4 of the noise-free density at the atoms above the background
    settings : what it was made with
    truth : what only a simulation knows
    model : the one that comes beside the map, in its frame; None where ``settings`` has no defects
    """

    density: Density
    half_maps: tuple[Density, ...]
    contour: float
    settings: SimulationSettings
    truth: SimulationTruth
    model: gemmi.Structure | None = None


def simulate(model: ModelSource, settings: SimulationSettings) -> Simulation:
    """Draw a model as a map, and degrade it in ways that are known.

    Every atom is drawn from its electron scattering factor (see ``render``); there is no bulk
    solvent. Of a file the first model is taken, polymers, ligands and ions are drawn, alternative
    conformations with their occupancies; waters and hydrogens as ``settings.atoms`` says. The same
    arguments give the same maps, bit for bit.

    Parameters
    ----------
    model : path to PDB or mmCIF, plain or gzipped; ``"phantom"`` for a bundle of α-helices drawn
        by the seed; a gemmi model or structure; or atoms, which are all drawn
    settings : everything else

    Returns
    -------
    Simulation

    Raises
    ------
    ModelError
        If the model's file cannot be read or holds nothing to draw.
    ValueError
        If the atoms do not fit in the box, the box not in memory, the resolution not on the grid,
        a region gets no atoms, B-factors are beyond reason, the noise cannot have the ratio asked
        for, or the model has nothing to which a defect could be done.
    """
    for_model, for_rotation, for_noise, for_halves, for_defects = (
        np.random.default_rng(stream) for stream in np.random.SeedSequence(settings.seed).spawn(5)
    )
    source = open_source(model, settings.atoms, for_model)
    atoms, resolutions = _degraded(source.atoms, settings)
    box, pose = _placed(source.atoms, settings, for_rotation)
    atoms = pose.applied_to(atoms)
    deposited = None
    done: tuple[DefectRecord, ...] = ()
    if settings.defects:
        whole = structure_from_atoms(atoms, source.name or "simulated")
        pair, done = with_defects(
            Pair(whole, atoms, box, settings.voxel_size, for_defects), settings.defects
        )
        deposited, atoms = pair.model, pair.drawn
    present = atoms.occupancies > 0

    clean = _draw(atoms.selected(present), resolutions[present], box, settings)
    mask = molecule_mask(
        atoms.selected(present),
        box,
        settings.voxel_size,
        settings.mask_radius,
        centre=_middle(box, settings.voxel_size),
    )
    contour = contour_from_model(clean, atoms.selected(present)) + settings.background
    sigma, shells = _noise_level(clean, mask, settings.noise)
    applied = _mask_to_apply(mask, settings)
    density, half_maps = _observed(clean, sigma, applied, settings, for_noise, for_halves)
    truth = SimulationTruth(
        density=clean,
        mask=mask,
        atoms=atoms,
        local=LocalTruth(atoms, resolutions, mask, settings.voxel_size),
        applied_mask=applied,
        pose=pose,
        noise_sigma=sigma,
        shells=shells,
        source=source,
        defects=done,
    )
    return Simulation(density, half_maps, contour, settings, truth, deposited)


def _degraded(atoms: Atoms, settings: SimulationSettings) -> tuple[Atoms, NDArray[np.float64]]:
    """The atoms as they are drawn, still in the model's frame, and the resolution of each."""
    if settings.domain_b is not None:
        atoms = replace(atoms, b_factors=np.linspace(*settings.domain_b, _DOMAINS)[_domains(atoms)])
    atoms, resolutions = with_regions(atoms, settings.regions, settings.resolution)
    if not (atoms.occupancies > 0).any():
        raise ValueError("the regions leave no atom with a positive occupancy")
    atoms = replace(atoms, b_factors=atoms.b_factors + settings.b_factor)
    lowest, highest = float(atoms.b_factors.min()), float(atoms.b_factors.max())
    if lowest < _B_FACTORS[0] or highest > _B_FACTORS[1]:
        raise ValueError(
            f"the atoms' B-factors run from {lowest:g} to {highest:g} Å² in all; below "
            f"{_B_FACTORS[0]:g} and above {_B_FACTORS[1]:g} Å² they make no map"
        )
    return atoms, resolutions


def _domains(atoms: Atoms) -> NDArray[np.intp]:
    """The slab of each atom along their longest axis, as many in each; from 0 on."""
    centred = atoms.positions - atoms.positions.mean(axis=0)
    along = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    rank = np.argsort(np.argsort(along, kind="stable"), kind="stable")
    return np.asarray(rank * _DOMAINS // len(atoms), dtype=np.intp)


def _placed(
    atoms: Atoms, settings: SimulationSettings, generator: np.random.Generator
) -> tuple[Box, Pose]:
    rotation = settings.rotation
    matrix = orientation(
        random_rotation(generator) if rotation == "random" else rotation, settings.mirror
    )
    box = settings.box or fitting_box(
        atoms.positions, matrix, settings.shift, settings.margin, settings.voxel_size
    )
    _require_memory(box)
    middle = _middle(box, settings.voxel_size)
    return box, place(atoms.positions, matrix, settings.shift, middle)


def _middle(box: Box, voxel_size: Triple) -> Triple:
    """Position x, y, z of voxel N/2 in Å."""
    z, y, x = (n // 2 * s for n, s in zip(box, voxel_size, strict=True))
    return x, y, z


def _require_memory(box: Box) -> None:
    needed = 4 * _VOLUMES * math.prod(box)
    available = psutil.virtual_memory().available
    if needed > available:
        raise ValueError(
            f"a box of {' × '.join(f'{n:,}' for n in box)} voxels (z, y, x) takes "
            f"{needed / 1e9:,.1f} GB of memory and {available / 1e9:.1f} GB are free: "
            "make it smaller or its voxels larger"
        )


def _draw(
    atoms: Atoms, resolutions: NDArray[np.float64], box: Box, settings: SimulationSettings
) -> Density:
    """The noise-free map: what has one resolution is drawn and filtered together."""
    parts = (
        render(
            atoms.selected(resolutions == resolution),
            box,
            settings.voxel_size,
            float(resolution),
            centre=_middle(box, settings.voxel_size),
            edge=settings.edge,
            shape=settings.filter_shape,
        )
        for resolution in np.unique(resolutions)
    )
    whole = next(parts)
    for part in parts:
        np.add(whole.values, part.values, out=whole.values)
    return whole


def _noise_level(
    clean: Density, mask: Mask, noise: Noise | None
) -> tuple[float, ShellTruth | None]:
    """Standard deviation of the map's noise, and what the shells hold."""
    if noise is None:
        return 0.0, None
    shells = Shells(clean.box, clean.voxel_size)
    signal = signal_power(clean, shells)
    unit = unit_noise_power(clean.box, noise.spectrum, shells)
    if noise.at is None:
        variance = variance_inside(clean.values, mask) / noise.snr
    else:
        shell = shells.shell_of(noise.at)
        if not (signal[shell] > _NOTHING * signal.max() and unit[shell] > _NOTHING * unit.max()):
            raise ValueError(
                f"at {noise.at:g} Å the map or its noise holds nothing: "
                "a signal-to-noise ratio can be set where both do"
            )
        variance = float(signal[shell] / unit[shell]) / noise.snr
    return math.sqrt(variance), ShellTruth(shells.frequencies, signal, unit * variance)


def _mask_to_apply(mask: Mask, settings: SimulationSettings) -> Volume | None:
    if settings.mask is MaskKind.NONE:
        return None
    if settings.mask is MaskKind.HARD:
        return mask.astype(np.float32)
    return soft_mask(mask, settings.voxel_size)


def _observed(
    clean: Density,
    sigma: float,
    applied: Volume | None,
    settings: SimulationSettings,
    for_noise: np.random.Generator,
    for_halves: np.random.Generator,
) -> tuple[Density, tuple[Density, ...]]:
    """The map and its half maps: noise, background and mask.

    Half maps have the map's noise plus and minus another of the same strength: the two sums are
    independent of each other and have twice the variance.
    """
    values = clean.values + np.float32(settings.background)
    halves: tuple[Volume, ...] = ()
    if settings.noise is not None:
        spectrum = settings.noise.spectrum
        noise = gaussian_noise(clean.box, clean.voxel_size, for_noise, spectrum)
        values += np.multiply(noise, np.float32(sigma), out=noise)
        if settings.half_maps:
            noise = gaussian_noise(clean.box, clean.voxel_size, for_halves, spectrum)
            noise *= np.float32(sigma)
            halves = (values + noise, values - noise)
    for volume in (values, *halves):
        if applied is not None:
            volume *= applied
    return replace(clean, values=values), tuple(replace(clean, values=half) for half in halves)
