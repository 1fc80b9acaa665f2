"""``simulation.json``: how a simulated map was made, and what is known of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vrs_scipion import __version__
from vrs_scipion.maps.density import Triple
from vrs_scipion.models.drawing import Box
from vrs_scipion.simulation.model_defects import DefectRecord
from vrs_scipion.simulation.model_to_map import Simulation
from vrs_scipion.simulation.pose import Pose
from vrs_scipion.simulation.record import Parameters
from vrs_scipion.simulation.regions import Point
from vrs_scipion.simulation.settings import Matrix, SimulationSettings
from vrs_scipion.simulation.shells import ShellTruth

SIMULATION_SCHEMA: Literal["vrs-simulation/1"] = "vrs-simulation/1"


class ModelRecord(Parameters):
    """The model that was drawn: mass in Da of the atoms present, without those left out."""

    name: str
    sha256: str | None
    notes: tuple[str, ...]
    atoms: int
    mass: float


class PoseRecord(Parameters):
    """Position in the map = matrix · position in the model + translation; x, y, z in Å."""

    matrix: Matrix
    translation: Point


class ShellRecord(Parameters):
    """Fourier shells: frequency in 1/Å, mean |F|² of signal and noise, half maps' expected FSC."""

    frequency: tuple[float, ...]
    signal: tuple[float, ...]
    noise: tuple[float, ...]
    half_map_fsc: tuple[float, ...]


class SimulationRecord(Parameters):
    """What ``simulation.json`` holds. Boxes and voxel sizes run along z, y, x.

    ``settings`` made the map from the model; ``files`` names the volumes and the atoms, what they
    hold → relative path; ``defects`` says what is wrong with the model beside the map, and where;
    the rest was measured or drawn on the way.
    """

    schema_version: Literal["vrs-simulation/1"] = Field(default=SIMULATION_SCHEMA, alias="schema")
    version: str
    model: ModelRecord
    settings: SimulationSettings
    box: Box
    voxel_size: Triple
    pose: PoseRecord
    contour: float
    noise_sigma: float
    shells: ShellRecord | None
    files: dict[str, str]
    defects: tuple[DefectRecord, ...] = ()


def record_of(simulation: Simulation, files: dict[str, str]) -> SimulationRecord:
    """The record of a simulation whose files have these names."""
    truth = simulation.truth
    return SimulationRecord(
        version=__version__,
        model=ModelRecord(
            name=truth.source.name,
            sha256=truth.source.sha256,
            notes=truth.source.notes,
            atoms=len(truth.atoms),
            mass=truth.atoms.mass,
        ),
        settings=simulation.settings,
        box=simulation.density.box,
        voxel_size=simulation.density.voxel_size,
        pose=_pose_record(truth.pose),
        contour=simulation.contour,
        noise_sigma=truth.noise_sigma,
        shells=None if truth.shells is None else _shell_record(truth.shells),
        files=files,
        defects=truth.defects,
    )


def _pose_record(pose: Pose) -> PoseRecord:
    return PoseRecord.model_validate(
        {"matrix": pose.matrix.tolist(), "translation": pose.translation.tolist()}
    )


def _shell_record(shells: ShellTruth) -> ShellRecord:
    return ShellRecord(
        frequency=tuple(shells.frequencies.tolist()),
        signal=tuple(shells.signal.tolist()),
        noise=tuple(shells.noise.tolist()),
        half_map_fsc=tuple(shells.half_map_fsc.tolist()),
    )
