"""``vrs simulate``: a map with its truth from the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from scipy.spatial.transform import Rotation

from vrs_scipion.files import InputError
from vrs_scipion.simulation.anisotropy import Anisotropy
from vrs_scipion.simulation.atom_choice import AtomChoice
from vrs_scipion.simulation.filter_shapes import FilterShape
from vrs_scipion.simulation.half_faults import FAULTS, Fault
from vrs_scipion.simulation.half_masks import LOOSE
from vrs_scipion.simulation.halves import SimulatedHalves, simulate_halves
from vrs_scipion.simulation.halves_record import HalvesRecord
from vrs_scipion.simulation.halves_settings import HalvesSettings, Within
from vrs_scipion.simulation.model_defects import DEFECTS, DefectRecord, ModelDefect
from vrs_scipion.simulation.model_to_map import Simulation, simulate
from vrs_scipion.simulation.noise import WHITE, NoiseSpectrum
from vrs_scipion.simulation.record import first_problem
from vrs_scipion.simulation.regions import Region
from vrs_scipion.simulation.settings import MaskKind, Noise, SimulationSettings
from vrs_scipion.simulation.signal import (
    Signal,
    is_map,
    signal_of_map,
    signal_of_simulation,
)
from vrs_scipion.simulation.simulation_record import SimulationRecord
from vrs_scipion.simulation.source import PHANTOM
from vrs_scipion.simulation.texture_halves import TEXTURE, TextureSettings, simulate_texture
from vrs_scipion.simulation.write import (
    HALVES_FILE,
    RECORD_FILE,
    require_empty,
    write_halves,
    write_simulation,
)

_OF_MODELS = (
    "resolution",
    "box",
    "margin",
    "filter",
    "b_factor",
    "model_b_factor",
    "domain_b",
    "waters",
    "hydrogens",
    "regions",
    "rotate",
    "mirror",
    "shift",
    "defect",
)
_OF_DIRECTIONS = ("loss", "axis", "missing_cone", "side_views")
_OF_HALVES = (
    *("fall", "within", "symmetry", "sharpen", "contour", "map_of", "wrong"),
    *_OF_DIRECTIONS,
)
_NOT_OF_TEXTURE = {*_OF_MODELS, *_OF_HALVES} - {"box", "wrong"}
_OF_SPECTRUM = ("noise_exponent", "noise_resolution")
_NAMED = 3
"""Places that are printed; all of them are in the record."""
_OF_NOISE = ("snr", "snr_one_at", "half_maps", "offset", "mask")

DESCRIPTION = (
    "Draw an atomic model as a map, as an electron microscope scatters from it, and degrade it in "
    "known ways. The output folder holds map.mrc, half maps, volumes of the truth (truth_*.mrc), "
    "the atoms in the map's frame, and simulation.json with every setting; with --defect also a "
    "model of the map, model.cif, that is wrong in known ways. With --halves, two half "
    "maps whose correlation is known are made of a model or of a deposited map, with masks, good "
    "and bad ones, and halves.json, which holds the truth; they may correlate less in some places "
    f"(--domain-b, or '{TEXTURE}' in place of a model) or directions (--loss, --missing-cone, "
    "--side-views)."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``vrs simulate`` takes."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help=f"PDB or mmCIF file, plain or gzipped, or '{PHANTOM}'; with --halves also a map; or "
        f"'{TEXTURE}', half maps whose local resolution is known exactly: see --local",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="output folder, new or empty"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="[%(default)s]")
    _add_grid(parser.add_argument_group("grid"))
    _add_signal(parser.add_argument_group("signal"))
    _add_pose(parser.add_argument_group("pose"))
    _add_degradation(parser.add_argument_group("noise, background, mask"))
    _add_defects(parser.add_argument_group("a model beside the map, with something wrong"))
    _add_halves(parser.add_argument_group("half maps of a known correlation"))
    _add_directions(parser.add_argument_group("half maps that hold more in some directions"))


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
    _require_one_purpose(options)
    try:
        if options.model == TEXTURE:
            return _simulate_texture(options)
        return (_simulate_map if options.halves is None else _simulate_halves)(options)
    except InputError:
        raise
    except ValidationError as error:
        raise InputError(options.model, first_problem(error)) from error
    except ValueError as error:
        raise InputError(options.model, str(error)) from error
    except MemoryError as error:
        raise InputError(options.model, "there is not enough memory for this box") from error


def _simulate_map(options: argparse.Namespace) -> int:
    record = write_simulation(simulate(options.model, _settings(options)), options.out)
    for sentence in _said(record):
        print(sentence)
    print(f"Map: {options.out / record.files['map']}; settings and truth: {RECORD_FILE} beside it")
    return 0


def _simulate_halves(options: argparse.Namespace) -> int:
    settings = _halves_settings(options)
    if is_map(options.model):
        _require_none(options, _OF_MODELS, "is for models, and this is a map")
        simulation = None
        signal = signal_of_map(options.model, options.contour, options.voxel)
    else:
        simulation = simulate(options.model, _signal_settings(options))
        signal = signal_of_simulation(simulation)
    domains = options.domain_b is not None
    halves = simulate_halves(signal, settings, _map_of(options, signal), local=domains)
    return _written(halves, options, simulation)


def _simulate_texture(options: argparse.Namespace) -> int:
    finest, coarsest = options.local
    given = _given(
        voxel_size=options.voxel, box=_box(options.box), faults=_faults(options), seed=options.seed
    )
    settings = TextureSettings(finest=finest, coarsest=coarsest, **given)
    return _written(simulate_texture(settings), options)


def _written(
    halves: SimulatedHalves, options: argparse.Namespace, simulation: Simulation | None = None
) -> int:
    record = write_halves(halves, options.out, simulation)
    defects = () if simulation is None else simulation.truth.defects
    for sentence in (*_said_of_halves(record), *_said_of_defects(defects)):
        print(sentence)
    print(f"Map: {options.out / record.files['map']}; the truth: {HALVES_FILE} beside it")
    return 0


def _map_of(options: argparse.Namespace, signal: Signal) -> Signal | None:
    """The signal of ``--map-of`` on the half maps' grid, if it is given."""
    if options.map_of is None:
        return None
    if is_map(options.map_of):
        return signal_of_map(options.map_of, options.contour, options.voxel)
    grid = {"box": signal.density.box, "voxel_size": signal.density.voxel_size}
    settings = _signal_settings(options).model_copy(update={**grid, "defects": ()})
    return signal_of_simulation(simulate(options.map_of, settings))


def _require_one_purpose(options: argparse.Namespace) -> None:
    """Raise InputError for options that do not go together."""
    if options.model == TEXTURE:
        if options.local is None:
            raise InputError(TEXTURE, "give --local, between which two Å its resolution varies")
        names = ("halves", *sorted(_NOT_OF_TEXTURE), *_OF_NOISE)
        _require_none(options, (*names, *_OF_SPECTRUM), "does not go with a texture")
        return
    _require_none(options, ("local",), f"is for '{TEXTURE}' in place of a model")
    if options.halves is None:
        _require_none(options, _OF_HALVES, "is for half maps of a known correlation: give --halves")
        if options.resolution is None:
            raise InputError(options.model, "give --resolution, or --halves for half maps")
        return
    _require_none(
        options,
        _OF_NOISE,
        "does not go with --halves, from which the noise follows; --wrong has masked half maps",
    )


def _require_none(options: argparse.Namespace, names: Sequence[str], why: str) -> None:
    """Raise InputError if one of the options is given."""
    for name in names:
        if getattr(options, name) not in (None, False):
            raise InputError(options.model, f"--{name.replace('_', '-')} {why}")


def _add_grid(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--voxel", type=float, metavar="S", help="Å [1; a map's own]")
    group.add_argument(
        "--box", type=int, nargs="+", metavar="N", help="voxels, or NZ NY NX [fits the model]"
    )
    group.add_argument(
        "--margin",
        type=float,
        metavar="A",
        help=f"Å around the model in a box that fits it [{_default('margin'):g}]",
    )


def _add_signal(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--resolution",
        type=float,
        metavar="D",
        help="Å, where the low-pass filter's amplitude is one half [with --halves: two voxels]",
    )
    group.add_argument(
        "--filter",
        choices=[shape.value for shape in FilterShape],
        help=f"shape of the low-pass filter [{_default('filter_shape').value}]",
    )
    group.add_argument(
        "--b-factor", type=float, metavar="B", help="Å² on top of the model's own [0]"
    )
    group.add_argument(
        "--model-b-factor", type=float, metavar="B", help="Å² instead of the model's own"
    )
    group.add_argument(
        "--domain-b",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="Å² instead of the model's own: four domains along its longest axis, LOW to HIGH; "
        "with --halves their local resolution is written too",
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
        help="the noise's power falls as s^(−2E) [0, white]",
    )
    group.add_argument("--half-maps", action="store_true", help="make two half maps too")
    group.add_argument("--offset", type=float, metavar="V", help="constant background [0]")
    group.add_argument(
        "--mask",
        choices=[kind.value for kind in MaskKind],
        help=f"mask to multiply on [{_default('mask').value}]",
    )


def _add_defects(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--defect",
        nargs="+",
        metavar="KIND[=SIZE]",
        help="write the model beside the map as model.cif, in the map's frame, with this wrong in "
        "turn; with --mirror both are mirrored: "
        + "; ".join(f"{name} ({kind.help})" for name, kind in DEFECTS.items()).replace("%", "%%"),
    )


def _add_halves(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--halves",
        type=float,
        metavar="R",
        help="make two half maps that correlate by 0.143 at R Å; the noise follows from the signal "
        "and the fall of their correlation, or has the spectrum of --noise-exponent and "
        "--noise-resolution, from which the fall follows",
    )
    group.add_argument(
        "--local",
        type=float,
        nargs=2,
        metavar=("FINEST", "COARSEST"),
        help=f"of '{TEXTURE}': Å between which its local resolution varies along z, where the "
        "halves' local correlation falls below 0.5",
    )
    group.add_argument(
        "--fall",
        type=float,
        metavar="W",
        help="width over which the odds of signal against noise fall by a factor of e, as a share "
        f"of 1/R [{_of_halves('fall'):g}]",
    )
    group.add_argument(
        "--within",
        choices=[where.value for where in Within],
        help="where they correlate so: over the whole box, or under a wide, soft mask "
        f"[{_of_halves('within').value}]",
    )
    group.add_argument(
        "--symmetry", metavar="G", help=f"point group to impose [{_of_halves('symmetry')}]"
    )
    group.add_argument(
        "--sharpen", type=float, metavar="B", help="Å² of the map; negative sharpens [0]"
    )
    group.add_argument(
        "--contour", type=float, metavar="T", help="of a map as the signal: what is above counts"
    )
    group.add_argument(
        "--map-of",
        metavar="MODEL",
        help="make the map of another model or map than the halves, on the same grid",
    )
    group.add_argument(
        "--wrong",
        nargs="+",
        metavar="FAULT[=SIZE]",
        help="what is wrong with them, with its size: "
        + "; ".join(f"{name} ({kind.help})" for name, kind in FAULTS.items()).replace("%", "%%"),
    )


def _add_directions(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--loss",
        type=float,
        metavar="E",
        help="share of its frequency that the signal loses along the axis, e.g. 0.2, and none "
        "across it [0]",
    )
    group.add_argument(
        "--missing-cone",
        type=float,
        metavar="DEG",
        help="half-angle of a cone about the axis that hardly any view sees, in degrees [0]",
    )
    group.add_argument(
        "--side-views",
        type=float,
        metavar="SHARE",
        help="of the particles that are seen from the side of the axis; the noise is as strong as "
        "the views are few [0]",
    )
    group.add_argument(
        "--axis",
        type=float,
        nargs=3,
        metavar=("X", "Y", "Z"),
        help="their axis, of any length [0 0 1]",
    )


def _default(name: str) -> Any:
    return SimulationSettings.model_fields[name].default


def _of_halves(name: str) -> Any:
    return HalvesSettings.model_fields[name].default


def _settings(options: argparse.Namespace) -> SimulationSettings:
    drawn = _drawing(options)
    return SimulationSettings(
        **drawn, noise=_noise(options), half_maps=options.half_maps, seed=options.seed
    )


def _drawing(options: argparse.Namespace) -> dict[str, Any]:
    """The settings of a noise-free map that are given."""
    return _given(
        resolution=options.resolution,
        voxel_size=options.voxel,
        box=_box(options.box),
        margin=options.margin,
        filter_shape=options.filter,
        b_factor=options.b_factor,
        domain_b=options.domain_b and tuple(options.domain_b),
        atoms=AtomChoice(options.waters, options.hydrogens, options.model_b_factor),
        regions=None if options.regions is None else _read_regions(options.regions),
        rotation=_rotation(options.rotate),
        mirror=options.mirror,
        shift=options.shift,
        defects=options.defect and tuple(map(ModelDefect.parsed, options.defect)),
        background=options.offset,
        mask=options.mask,
    )


def _signal_settings(options: argparse.Namespace) -> SimulationSettings:
    """Those of the noise-free map that half maps share: drawn as sharp as its voxels can hold."""
    drawn = _drawing(options)
    voxel = drawn.get("voxel_size", max(_default("voxel_size")))
    return SimulationSettings(**{"resolution": 2 * voxel, **drawn}, seed=options.seed)


def _halves_settings(options: argparse.Namespace) -> HalvesSettings:
    given = _given(
        resolution=options.halves,
        fall=options.fall,
        within=options.within,
        spectrum=_spectrum(options),
        anisotropy=_anisotropy(options),
        symmetry=options.symmetry,
        sharpening=options.sharpen,
        faults=_faults(options),
        seed=options.seed,
    )
    if options.fall is not None and "spectrum" in given:
        raise ValueError(
            "the fall of the correlation follows from the noise's spectrum, or that "
            "from it: give --fall, or --noise-exponent and --noise-resolution"
        )
    return HalvesSettings(**given)


def _faults(options: argparse.Namespace) -> tuple[Fault, ...] | None:
    return options.wrong and tuple(Fault.parsed(text) for text in options.wrong)


def _anisotropy(options: argparse.Namespace) -> Anisotropy | None:
    given = _given(**{name: getattr(options, name) for name in _OF_DIRECTIONS})
    if set(given) == {"axis"}:
        raise ValueError("nothing depends on the axis: give --loss, --missing-cone or --side-views")
    return Anisotropy(**given) if given else None


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


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
    spectrum = _spectrum(options)
    strength = _given(snr=options.snr) or _given(at=options.snr_one_at)
    if not strength:
        if spectrum is None:
            return None
        raise ValueError("the noise has a spectrum but no strength: give --snr or --snr-one-at")
    return Noise(**{"snr": 1.0, "spectrum": spectrum or WHITE, **strength})


def _spectrum(options: argparse.Namespace) -> NoiseSpectrum | None:
    """That of the noise, if it is given."""
    given = _given(resolution=options.noise_resolution, exponent=options.noise_exponent)
    return NoiseSpectrum(**given) if given else None


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
        *_said_of_defects(record.defects),
    ]


def _said_of_defects(defects: Sequence[DefectRecord]) -> list[str]:
    """What is wrong with the model, and where."""
    return [
        f"Wrong: {one.words}" + (f" ({', '.join(_few(one.where))})" if one.where else "")
        for one in defects
    ]


def _few(places: Sequence[str]) -> list[str]:
    first = list(places[:_NAMED])
    return [*first, f"{len(places) - _NAMED:,} more"] if len(places) > _NAMED else first


def _said_of_halves(record: HalvesRecord) -> list[str]:
    box = " × ".join(str(n) for n in record.box)
    found = {"without a mask": record.unmasked, f"under the {LOOSE} mask": record.masks[LOOSE]}
    return [
        f"Two half maps in {box} voxels (z, y, x) of {record.voxel_size[0]:g} Å; "
        f"recommended contour {record.contour:.4g}",
        "By the signal alone they correlate by 0.143 at "
        + " and at ".join(f"{_angstrom(one.resolution)} {where}" for where, one in found.items()),
        *_said_of_directions(record),
        *(
            f"Their local resolution at {one.level:g} is {one.p50:.3g} Å in the median, and from "
            f"{one.p2_5:.3g} to {one.p97_5:.3g} Å in 95 % of the molecule: {one.file}"
            for one in record.local
        ),
        *(f"Wrong: {words}" for words in record.wrong),
        *record.signal_from.notes,
    ]


def _said_of_directions(record: HalvesRecord) -> list[str]:
    if record.directions is None:
        return []
    along, across = record.directions.along, record.directions.across
    return [
        f"Along the axis they correlate by 0.143 at {_angstrom(along.resolution)}, across it at "
        f"{_angstrom(across.resolution)}"
    ]


def _angstrom(resolution: float | None) -> str:
    return "no frequency" if resolution is None else f"{resolution:.3g} Å"
