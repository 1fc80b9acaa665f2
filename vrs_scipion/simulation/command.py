"""``vrs simulate``: a map with its truth from the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from scipy.spatial.transform import Rotation

from vrs_scipion.files import InputError
from vrs_scipion.simulation.atom_choice import AtomChoice
from vrs_scipion.simulation.filter_shapes import FilterShape
from vrs_scipion.simulation.model_to_map import simulate
from vrs_scipion.simulation.noise import NoiseSpectrum
from vrs_scipion.simulation.record import first_problem
from vrs_scipion.simulation.regions import Region
from vrs_scipion.simulation.settings import MaskKind, Noise, SimulationSettings
from vrs_scipion.simulation.simulation_record import SimulationRecord
from vrs_scipion.simulation.source import PHANTOM
from vrs_scipion.simulation.write import RECORD_FILE, require_empty, write_simulation

DESCRIPTION = (
    "Draw an atomic model as a map, as an electron microscope scatters from it, and degrade it in "
    "known ways. The output folder holds map.mrc, half maps, volumes of the truth (truth_*.mrc), "
    "the atoms in the map's frame, and simulation.json with every setting."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``vrs simulate`` takes."""
    parser.add_argument(
        "model", metavar="MODEL", help=f"PDB or mmCIF file, plain or gzipped, or '{PHANTOM}'"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="output folder, new or empty"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="[%(default)s]")
    _add_grid(parser.add_argument_group("grid"))
    _add_signal(parser.add_argument_group("signal"))
    _add_pose(parser.add_argument_group("pose"))
    _add_degradation(parser.add_argument_group("noise, background, mask"))


def run(options: argparse.Namespace) -> int:
    """Simulate, write, and say what is where.

    Returns
    -------
    int
        0

    Raises
    ------
    InputError
        If the input is refused; nothing was written then.
    """
    require_empty(options.out)
    try:
        simulation = simulate(options.model, _settings(options))
    except InputError:
        raise
    except ValidationError as error:
        raise InputError(options.model, first_problem(error)) from error
    except ValueError as error:
        raise InputError(options.model, str(error)) from error
    except MemoryError as error:
        raise InputError(options.model, "there is not enough memory for this box") from error
    record = write_simulation(simulation, options.out)
    for sentence in _said(record):
        print(sentence)
    print(f"Map: {options.out / record.files['map']}; settings and truth: {RECORD_FILE} beside it")
    return 0


def _add_grid(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--voxel", type=float, default=1.0, metavar="S", help="Å [%(default)s]")
    group.add_argument(
        "--box", type=int, nargs="+", metavar="N", help="voxels, or NZ NY NX [fits the model]"
    )
    group.add_argument(
        "--margin",
        type=float,
        default=SimulationSettings.model_fields["margin"].default,
        metavar="A",
        help="Å around the model in a box that fits it [%(default)s]",
    )


def _add_signal(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--resolution",
        type=float,
        required=True,
        metavar="D",
        help="Å, where the low-pass filter's amplitude is one half",
    )
    group.add_argument(
        "--filter",
        choices=[shape.value for shape in FilterShape],
        default=FilterShape.RAISED_COSINE.value,
        help="shape of the low-pass filter [%(default)s]",
    )
    group.add_argument(
        "--b-factor",
        type=float,
        default=0.0,
        metavar="B",
        help="Å² on top of the model's own [%(default)s]",
    )
    group.add_argument(
        "--model-b-factor", type=float, metavar="B", help="Å² instead of the model's own"
    )
    group.add_argument("--waters", action="store_true", help="draw the model's waters too")
    group.add_argument("--hydrogens", action="store_true", help="draw the model's hydrogens too")
    group.add_argument(
        "--regions",
        type=Path,
        metavar="FILE",
        help="JSON list of regions of another occupancy, B-factor or resolution, such as "
        '[{"select": {"kind": "chains", "names": ["A"]}, "occupancy": 0.5, "extra_b": 40, '
        '"resolution": 6}]; kinds: chains, residues, half-space, ball, atoms',
    )


def _add_pose(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--rotate",
        nargs="+",
        metavar="ANGLE",
        help="'random', or degrees about z, then y, then x",
    )
    group.add_argument("--mirror", action="store_true", help="make the opposite hand")
    group.add_argument(
        "--shift",
        type=float,
        nargs=3,
        default=(0.0, 0.0, 0.0),
        metavar=("X", "Y", "Z"),
        help="Å from the box's centre",
    )


def _add_degradation(group: argparse._ArgumentGroup) -> None:
    strength = group.add_mutually_exclusive_group()
    strength.add_argument(
        "--snr",
        type=float,
        metavar="S",
        help="variance of the map in the molecule over that of the noise",
    )
    strength.add_argument(
        "--snr-one-at",
        type=float,
        metavar="D",
        help="Å where the map's signal and noise are equally strong: half maps correlate by 1/3",
    )
    group.add_argument(
        "--noise-resolution", type=float, metavar="D", help="Å, low-pass filter on the noise [none]"
    )
    group.add_argument(
        "--noise-exponent",
        type=float,
        metavar="E",
        default=0.0,
        help="the noise's power falls as s^(−2E) [%(default)s, white]",
    )
    group.add_argument("--half-maps", action="store_true", help="make two half maps too")
    group.add_argument(
        "--offset", type=float, default=0.0, metavar="V", help="constant background [%(default)s]"
    )
    group.add_argument(
        "--mask",
        choices=[kind.value for kind in MaskKind],
        default=MaskKind.NONE.value,
        help="mask to multiply on [%(default)s]",
    )


def _settings(options: argparse.Namespace) -> SimulationSettings:
    return SimulationSettings(
        resolution=options.resolution,
        voxel_size=options.voxel,
        box=_box(options.box),
        margin=options.margin,
        filter_shape=options.filter,
        b_factor=options.b_factor,
        atoms=AtomChoice(options.waters, options.hydrogens, options.model_b_factor),
        regions=() if options.regions is None else _read_regions(options.regions),
        rotation=_rotation(options.rotate),
        mirror=options.mirror,
        shift=options.shift,
        background=options.offset,
        noise=_noise(options),
        half_maps=options.half_maps,
        mask=options.mask,
        seed=options.seed,
    )


def _box(sides: Sequence[int] | None) -> tuple[int, ...] | None:
    if sides is None:
        return None
    if len(sides) not in (1, 3):
        raise ValueError(f"a box has one side or three (z, y, x), not {len(sides)}")
    return tuple(sides) * (3 // len(sides))


def _rotation(words: Sequence[str] | None) -> Any:
    if words is None or list(words) == ["random"]:
        return words and words[0]
    try:
        angles = [float(word) for word in words]
    except ValueError:
        angles = []
    if len(angles) != 3:
        raise ValueError(
            f"a rotation is 'random' or three angles (about z, y, x), not '{' '.join(words)}'"
        )
    return Rotation.from_euler("zyx", angles, degrees=True).as_matrix()


def _noise(options: argparse.Namespace) -> Noise | None:
    spectrum = NoiseSpectrum(options.noise_resolution, options.noise_exponent)
    if options.snr is not None:
        return Noise(snr=options.snr, spectrum=spectrum)
    if options.snr_one_at is not None:
        return Noise(snr=1.0, at=options.snr_one_at, spectrum=spectrum)
    if spectrum != NoiseSpectrum():
        raise ValueError("the noise has a spectrum but no strength: give --snr or --snr-one-at")
    return None


def _read_regions(path: Path) -> tuple[Region, ...]:
    try:
        return TypeAdapter(tuple[Region, ...]).validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(path, f"it cannot be read ({error.strerror or error})") from error
    except ValidationError as error:
        raise InputError(path, f"it is no list of regions ({first_problem(error)})") from error


def _said(record: SimulationRecord) -> list[str]:
    box = " × ".join(str(n) for n in record.box)
    voxel = f"{record.voxel_size[0]:g}"
    return [
        f"{record.model.atoms:,} atoms in {box} voxels (z, y, x) of {voxel} Å; "
        f"recommended contour {record.contour:.4g}",
        *record.model.notes,
    ]
