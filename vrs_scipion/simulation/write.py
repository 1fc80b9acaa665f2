"""A simulation as a folder of files, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from vrs_scipion.files import InputError, load_model, save_model
from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.simulation.halves import SimulatedHalves
from vrs_scipion.simulation.halves_record import LOCAL, HalvesRecord, halves_record_of
from vrs_scipion.simulation.local_fsc import LEVELS
from vrs_scipion.simulation.model_to_map import Simulation
from vrs_scipion.simulation.simulation_record import SimulationRecord, record_of
from vrs_scipion.simulation.structure import structure_from_atoms

RECORD_FILE = "simulation.json"
HALVES_FILE = "halves.json"
ATOMS_FILE = "truth_atoms.cif"
MODEL_FILE = "model.cif"


def write_simulation(simulation: Simulation, folder: Path | str) -> SimulationRecord:
    """Write maps, truth and ``simulation.json`` into a folder of their own.

    ``map.mrc`` and, where there are, ``half_map_1.mrc``, ``half_map_2.mrc`` and ``model.cif`` (with
    the defects of the settings) are what a validation sees. The truth is in ``truth_density.mrc``
    (before noise, background and mask), ``truth_molecule.mrc`` (mask), ``truth_resolution.mrc``
    (Å), ``truth_b_factor.mrc`` (Å²), ``truth_occupancy.mrc`` (all three 0 outside the molecule),
    ``truth_applied_mask.mrc`` where one was applied, and ``truth_atoms.cif``, which superposes on
    the map. Volumes are MRC-2014 with axes x, y, z and origin 0.

    Parameters
    ----------
    simulation : what ``simulate`` returned
    folder : is made; may be there already if it is empty

    Returns
    -------
    SimulationRecord
        What ``simulation.json`` holds; its ``files`` names the others.

    Raises
    ------
    InputError
        If the folder is not empty, or cannot be written.
    """
    with _folder_written_whole(folder) as temporary:
        return _write_into(temporary, simulation)


def write_halves(
    halves: SimulatedHalves, folder: Path | str, simulation: Simulation | None = None
) -> HalvesRecord:
    """Write half maps, their map, masks, truth and ``halves.json`` into a folder of their own.

    ``map.mrc``, ``half_map_1.mrc`` and ``half_map_2.mrc`` are what a validation sees, with a mask
    of its choice: ``mask_loose.mrc`` or a worse one. The truth is in ``truth_density.mrc`` (what
    the halves share by right), ``truth_map.mrc`` (the map without noise and faults) and
    ``truth_molecule.mrc``; where local resolution is known, in ``truth_local_resolution_05.mrc``
    and ``truth_local_resolution_0143.mrc`` (Å where the halves' local correlation falls below 0.5
    and 0.143, 0 outside the molecule). Where the density was drawn by a simulation, its other
    files and ``simulation.json`` are there as ``write_simulation`` has them.

    Parameters
    ----------
    halves : what ``simulate_halves`` returned
    folder : is made; may be there already if it is empty
    simulation : of the signal, if it has one

    Raises
    ------
    InputError
        If the folder is not empty, or cannot be written.
    """
    with _folder_written_whole(folder) as temporary:
        if simulation is None:
            files = _write_volumes(temporary, _volumes_of_halves(halves), halves.density)
        else:
            files = dict(_write_into(temporary, _seen(simulation, halves)).files)
        files |= _write_volumes(temporary, _beside(halves), halves.density)
        record = halves_record_of(halves, files)
        save_model(record, temporary / HALVES_FILE)
        return record


def _seen(simulation: Simulation, halves: SimulatedHalves) -> Simulation:
    """The simulation of the signal, with what a validation sees of it."""
    return replace(
        simulation,
        density=halves.density,
        half_maps=halves.half_maps,
        contour=halves.contour,
        truth=replace(simulation.truth, density=halves.signal.density, mask=halves.signal.molecule),
    )


def read_halves_record(path: Path | str) -> HalvesRecord:
    """Read a ``halves.json``, or the one of a folder.

    Raises
    ------
    OSError
        If there is none.
    ValueError
        If it is no record of simulated half maps.
    """
    path = Path(path)
    return load_model(HalvesRecord, path / HALVES_FILE if path.is_dir() else path)


@contextmanager
def _folder_written_whole(folder: Path | str) -> Iterator[Path]:
    """A temporary folder that becomes ``folder`` when the block ends well."""
    folder = Path(folder).resolve()
    require_empty(folder)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        temporary.replace(folder)
    except OSError as error:
        raise InputError(folder, f"it cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def require_empty(folder: Path) -> None:
    """Raise InputError if there is anything where a simulation is to be written."""
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise InputError(folder, f"it cannot be read ({error.strerror or error})") from error
    if taken:
        raise InputError(folder, "it is there and not an empty folder; give a new one")


def read_record(path: Path | str) -> SimulationRecord:
    """Read a ``simulation.json``, or the one of a simulation's folder.

    Raises
    ------
    OSError
        If there is none.
    ValueError
        If it is no record of a simulation.
    """
    path = Path(path)
    text = (path / RECORD_FILE if path.is_dir() else path).read_text(encoding="utf-8")
    return SimulationRecord.model_validate_json(text)


def _write_into(folder: Path, simulation: Simulation) -> SimulationRecord:
    files = _write_volumes(folder, _volumes(simulation), simulation.density)
    truth = simulation.truth
    structure = structure_from_atoms(truth.atoms, truth.source.name or "simulated")
    structure.make_mmcif_document().write_file(str(folder / ATOMS_FILE))
    files["truth_atoms"] = ATOMS_FILE
    if simulation.model is not None:
        simulation.model.make_mmcif_document().write_file(str(folder / MODEL_FILE))
        files["model"] = MODEL_FILE
    record = record_of(simulation, files)
    text = record.model_dump_json(indent=2, by_alias=True) + "\n"
    (folder / RECORD_FILE).write_text(text, encoding="utf-8")
    return record


def _write_volumes(
    folder: Path, volumes: Iterable[tuple[str, Volume | Mask]], grid: Density
) -> dict[str, str]:
    """Write each as NAME.mrc; name → file."""
    files = {}
    for name, values in volumes:
        files[name] = f"{name}.mrc"
        write_volume(folder / files[name], values, grid.voxel_size)
    return files


def _volumes_of_halves(halves: SimulatedHalves) -> Iterator[tuple[str, Volume | Mask]]:
    yield "map", halves.density.values
    for number, half in enumerate(halves.half_maps, 1):
        yield f"half_map_{number}", half.values
    yield "truth_density", halves.signal.density.values
    yield "truth_molecule", halves.signal.molecule


def _beside(halves: SimulatedHalves) -> Iterator[tuple[str, Volume]]:
    yield "truth_map", halves.clean.values
    for name, mask in halves.masks.items():
        yield f"mask_{name}", mask
    for name, level in LEVELS.items():
        if level in halves.local:
            yield f"{LOCAL}_{name}", halves.local[level]


def _volumes(simulation: Simulation) -> Iterator[tuple[str, Volume | Mask]]:
    """Names and values, one at a time: the local truth is made when it is asked for."""
    yield "map", simulation.density.values
    for number, half in enumerate(simulation.half_maps, 1):
        yield f"half_map_{number}", half.values
    truth = simulation.truth
    yield "truth_density", truth.density.values
    yield "truth_molecule", truth.mask
    yield "truth_resolution", truth.local.resolution
    yield "truth_b_factor", truth.local.b_factor
    yield "truth_occupancy", truth.local.occupancy
    if truth.applied_mask is not None:
        yield "truth_applied_mask", truth.applied_mask
