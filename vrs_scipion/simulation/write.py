"""A simulation as a folder of files, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from vrs_scipion.files import InputError
from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.simulation.model_to_map import Simulation
from vrs_scipion.simulation.simulation_record import SimulationRecord, record_of
from vrs_scipion.simulation.structure import structure_from_atoms

RECORD_FILE = "simulation.json"
ATOMS_FILE = "truth_atoms.cif"


def write_simulation(simulation: Simulation, folder: Path | str) -> SimulationRecord:
    """Write maps, truth and ``simulation.json`` into a folder of their own.

    ``map.mrc`` and, where there are, ``half_map_1.mrc`` and ``half_map_2.mrc`` are what a
    validation sees. The truth is in ``truth_density.mrc`` (before noise, background and mask),
    ``truth_molecule.mrc`` (mask), ``truth_resolution.mrc`` (Å), ``truth_b_factor.mrc`` (Å²),
    ``truth_occupancy.mrc`` (all three 0 outside the molecule), ``truth_applied_mask.mrc`` where
    one was applied, and ``truth_atoms.cif``, which superposes on the map. Volumes are MRC-2014
    with axes x, y, z and origin 0.

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
    folder = Path(folder).resolve()
    require_empty(folder)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        temporary.mkdir(parents=True)
        record = _write_into(temporary, simulation)
        temporary.replace(folder)
    except OSError as error:
        raise InputError(folder, f"it cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return record


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
    files = {}
    for name, values in _volumes(simulation):
        files[name] = f"{name}.mrc"
        write_volume(folder / files[name], values, simulation.density.voxel_size)
    truth = simulation.truth
    structure = structure_from_atoms(truth.atoms, truth.source.name or "simulated")
    structure.make_mmcif_document().write_file(str(folder / ATOMS_FILE))
    files["truth_atoms"] = ATOMS_FILE
    record = record_of(simulation, files)
    text = record.model_dump_json(indent=2, by_alias=True) + "\n"
    (folder / RECORD_FILE).write_text(text, encoding="utf-8")
    return record


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
