"""How well A.h finds where a model lies: simulated maps with the model in place and moved.

    python benchmarks/placement.py FOLDER [--structures 1aki 4dfr ...] > benchmarks/placement.csv

FOLDER has models as PDB or mmCIF files, named by their codes. Each is drawn at several resolutions
and in noise, and found again from where it is and from motions that are known.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from vrs_scipion.checks.levela_h_placement import CHECK, excuse
from vrs_scipion.maps.placement import start
from vrs_scipion.methods.placement_fit.motion import Motion
from vrs_scipion.methods.placement_fit.place import Place, find_place
from vrs_scipion.methods.placement_fit.surroundings import whole
from vrs_scipion.models.atomic_model import AtomicModel, arrays_of
from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.models.kinds import Kind
from vrs_scipion.models.reading import read_model
from vrs_scipion.simulation import Noise, Simulation, SimulationSettings, simulate

STRUCTURES = ("1aki", "1d66")
RESOLUTIONS = (2.5, 3.5, 5.0, 8.0)
RATIOS = (1.0, 0.2)
"""Of signal to noise at the resolution; 1/3 is where half maps correlate by 0.143."""
SEEDS = 2
_AXIS = np.array([1.0, 2.0, 2.0]) / 3


@dataclass(frozen=True)
class Imposed:
    """A motion: Å along x, y and z in voxels or in Å, degrees, factor."""

    name: str
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    in_voxels: bool = False
    angle: float = 0.0
    scale: float = 1.0

    def about(self, centre: Coordinates, voxel: float) -> Motion:
        """It, about the centre of a model."""
        shift = np.array(self.shift) * (voxel if self.in_voxels else 1.0)
        turn = Rotation.from_rotvec(np.radians(self.angle) * _AXIS).as_matrix()
        return Motion(centre, shift, turn, self.scale)


MOTIONS = (
    Imposed("in place"),
    Imposed("half a voxel", (0.5, 0.5, 0.5), True),
    Imposed("1 % larger", scale=1.01),
    Imposed("3 % larger", scale=1.03),
    Imposed("turned 2°", angle=2.0),
    Imposed("3 Å along x", (3.0, 0.0, 0.0)),
    Imposed("1.3 Å, 2°, 1.5 %", (1.3, 0.0, 0.0), angle=2.0, scale=1.015),
)


def truth(path: Path, simulation: Simulation) -> AtomicModel:
    """The model where it was drawn, with the atoms that were."""
    model = arrays_of(read_model(path)).model
    atoms = simulation.truth.pose.applied_to(model.atoms)
    left_out = model.of(Kind.WATER) | model.hydrogens
    atoms = replace(atoms, occupancies=np.where(left_out, 0.0, atoms.occupancies))
    return replace(model, atoms=atoms, anisotropic=np.zeros_like(model.anisotropic))


def warned(place: Place, resolution: float) -> str:
    """The criteria that fail, the correlation's among them; '?' where there is no verdict."""
    motion, fit = place.fit.motion, place.fit
    values = CHECK.limit_values()
    rise = place.fitted - (place.correlation if np.isfinite(place.correlation) else 0.0)
    failed = ["rise"] if rise >= CHECK.limit("cc_rise").at(values) else []
    for key, value, error in (
        ("shift", float(np.linalg.norm(motion.shift)), fit.shift_error),
        ("rotation", motion.angle, fit.rotation_error),
        ("scale_difference", 100 * abs(motion.scale - 1), 100 * fit.scale_error),
    ):
        limit = CHECK.limit(key).at(values, resolution)
        if key == "shift" and error > limit:
            return "?"
        if value >= limit and not excuse(value, limit, error, rise):
            failed.append(key)
    return " ".join(failed)


def cases(path: Path) -> Iterator[tuple[object, ...]]:
    """A row of the table for each map and motion."""
    for resolution in RESOLUTIONS:
        for ratio in RATIOS:
            for seed in range(SEEDS):
                voxel = resolution / 3
                simulation = simulate(
                    path,
                    SimulationSettings(
                        resolution=resolution,
                        voxel_size=voxel,
                        noise=Noise(snr=ratio, at=resolution),
                        seed=seed,
                        margin=8.0,
                    ),
                )
                model, density = truth(path, simulation), simulation.density
                of = whole(density.values, density.voxel_size, start(density))
                centre = model.atoms.positions[model.scored].mean(axis=0)
                for imposed in MOTIONS if (ratio, seed) == (RATIOS[0], 0) else MOTIONS[:1]:
                    known = imposed.about(centre, voxel)
                    began = time.process_time()
                    place = find_place(of, known.moved(model), resolution)
                    seconds = time.process_time() - began
                    yield (
                        path.name.partition("_")[0],
                        resolution,
                        ratio,
                        seed,
                        imposed.name,
                        *_missed(place, known),
                        place.correlation,
                        place.fitted,
                        warned(place, resolution),
                        place.fit.steps,
                        round(seconds, 2),
                    )


def _missed(place: Place, known: Motion) -> Iterator[float]:
    """By how much the motion found differs from the one that undoes the known one, and errors."""
    found, fit = place.fit.motion, place.fit
    centre = found.applied_to(known.now[np.newaxis])[0]
    turn = Rotation.from_matrix(found.rotation @ known.rotation).magnitude()
    for value in (
        float(np.linalg.norm(centre - known.centre)),
        fit.shift_error,
        float(np.degrees(turn)),
        fit.rotation_error,
        found.scale * known.scale - 1,
        fit.scale_error,
    ):
        yield round(value, 6)


HEAD = [
    "structure",
    "resolution",
    "ratio",
    "seed",
    "motion",
    "shift_missed",
    "shift_error",
    "rotation_missed",
    "rotation_error",
    "scale_missed",
    "scale_error",
    "cc_mask",
    "cc_mask_fitted",
    "warned",
    "steps",
    "seconds",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--structures", nargs="+", default=STRUCTURES)
    given = parser.parse_args()
    writer = csv.writer(sys.stdout)
    writer.writerow(HEAD)
    for name in given.structures:
        (path,) = sorted(given.folder.glob(f"{name}_*"))[:1]
        for row in cases(path):
            writer.writerow(row)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
