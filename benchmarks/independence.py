"""How often the verdict of check 1.i is right: half maps whose dependence is known.

    python benchmarks/independence.py MODELS [--structures N] [--seed S] [--rows FILE]

MODELS is a folder with ``index.json`` and atomic structures (PDB or mmCIF). Each is put into noise
twice, white or coloured, and in different surroundings: alone; in uneven ice; in a membrane;
averaged over C4 or D7; as a filament through the box; multiplied by the sphere of a refinement,
wide or narrow; with one side less well ordered than the other. All these are good halves; about
every second pair comes with its resolution. Those that stand alone are then spoiled. Even
structures set the limits, odd ones are reported. Writes ``independence.md`` beside this file; FILE
keeps what was measured, and spares measuring again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "verdicts"))

import numpy as np
from scipy import ndimage
from score import interval

from vrs_scipion.checks.level1_i_independence import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.results import CheckResult
from vrs_scipion.simulation import (
    WHITE,
    Atoms,
    Fault,
    HalfSpace,
    HalvesSettings,
    NoiseSpectrum,
    Region,
    Signal,
    SimulatedHalves,
    SimulationSettings,
    Within,
    apply_filter,
    atoms_from_model,
    fall_off,
    frequency_grid,
    read_model,
    signal_of_simulation,
    simulate,
    simulate_halves,
)
from vrs_scipion.simulation.half_masks import LOOSE

RESOLUTIONS = (2.8, 3.5, 4.5, 6.0, 8.0)
NOISES: dict[str, NoiseSpectrum | None] = {
    "from the fall": None,
    "white": WHITE,
    "stronger at low frequencies": NoiseSpectrum(exponent=0.5),
    "stronger at high frequencies": NoiseSpectrum(exponent=-0.25),
}
SHARES = (0.02, 0.05, 0.1, 0.3)

UNEVEN = "one side less well ordered"

_SMALLEST_SIDE, _LARGEST_SIDE = 48, 72
_SAMPLING, _ROOM = (2.4, 4.0), (1.7, 2.1)
_BLUR = 8.0
"""B-factor, in squares of the resolution: what holds so many particles there is a blur."""
_DILATION, _EDGE = 3.0, 6.0
"""Å, of the refinement's mask; its edge is five voxels at least."""
_ORDER = 1.7
"""By how much one side of an uneven molecule is less well ordered."""

Pair = tuple[Volume, Volume]
Row = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """Halves as they are deposited.

    Attributes
    ----------
    number : of the structure; even ones set the limits
    name : of what was done to them
    halves, pair : as they were simulated, and as they are now
    resolution : the one that comes with them, Å, or None
    symmetry : the one that comes with them
    """

    number: int
    name: str
    halves: SimulatedHalves
    pair: Pair
    resolution: float | None
    symmetry: str = ""


def structures(models: Path, count: int, seed: int) -> Iterator[tuple[int, Atoms, float, int]]:
    """Number, atoms, resolution and seed of structures whose box is neither small nor large."""
    generator = np.random.default_rng(seed)
    index = json.loads((models / "index.json").read_text())
    done = 0
    for place in generator.permutation(len(index)):
        atoms = atoms_from_model(read_model(models / index[place]["file"]))
        longest = _ROOM[1] * _SAMPLING[0] * float(np.ptp(atoms.positions, axis=0).max())
        turn = done % len(RESOLUTIONS)
        for wanted in (*RESOLUTIONS[turn:], *RESOLUTIONS[:turn]):
            if _SMALLEST_SIDE <= longest / wanted <= _LARGEST_SIDE:
                yield done, atoms, wanted, seed + done
                done += 1
                break
        if done == count:
            return


def made_pairs(number: int, atoms: Atoms, resolution: float, seed: int) -> Iterator[Made]:
    """All pairs of a structure: good ones first, then those that are spoiled."""
    names = cycle(NOISES)
    for _ in range(number % len(NOISES)):
        next(names)
    alone, uneven = (_signal(atoms, resolution, seed, uneven=how) for how in (False, True))
    surrounded = [(name, make, alone) for name, make in SURROUNDINGS.items()]
    for index, (name, make, signal) in enumerate([*surrounded, (UNEVEN, _alone, uneven)]):
        settings = HalvesSettings(
            resolution=resolution,
            fall=0.06 + 0.02 * (number % 4),
            within=Within.MASK,
            spectrum=NOISES[next(names)],
            seed=seed,
        )
        made = make(number, signal, settings)
        truth = round(made.halves.truth.resolution(LOOSE) or resolution, 2)
        yield replace(made, name=name, resolution=truth if (number + index) % 2 else None)
    good = _alone(number, alone, settings.model_copy(update={"spectrum": NOISES[next(names)]}))
    for index, (name, spoil) in enumerate(DEFECTS.items()):
        told = (number + index) % 2
        yield replace(good, name=name, pair=spoil(good), resolution=resolution if told else None)


def _values(halves: SimulatedHalves) -> Pair:
    first, second = (half.values for half in halves.half_maps)
    return first, second


def _signal(atoms: Atoms, resolution: float, seed: int, uneven: bool = False) -> Signal:
    """The molecule, drawn as sharp as its voxels hold, in the blur of its resolution."""
    generator = np.random.default_rng(seed)
    span = generator.uniform(*_ROOM) * float(np.ptp(atoms.positions, axis=0).max())
    voxel = max(resolution / generator.uniform(*_SAMPLING), span / _LARGEST_SIDE)
    side = 2 * round(span / voxel / 2)
    blur = _BLUR * resolution**2
    half = HalfSpace(normal=(1, 0, 0), offset=float(np.median(atoms.positions[:, 0])))
    region = Region(select=half, extra_b=(_ORDER**2 - 1) * blur)
    settings = SimulationSettings(
        resolution=2 * voxel,
        voxel_size=(voxel,) * 3,
        box=(side,) * 3,
        b_factor=blur,
        regions=(region,) if uneven else (),
        rotation="random",
        seed=seed,
    )
    signal = signal_of_simulation(simulate(atoms, settings))
    return replace(signal, dilation=_DILATION, edge=_EDGE)


# ----------------------------------------------------------------------- good halves

Surround = Callable[[int, Signal, HalvesSettings], Made]


def _alone(number: int, signal: Signal, settings: HalvesSettings) -> Made:
    halves = simulate_halves(signal, settings)
    return Made(number, "", halves, _values(halves), None)


def _symmetric(group: str) -> Surround:
    def make(number: int, signal: Signal, settings: HalvesSettings) -> Made:
        made = _alone(number, signal, settings.model_copy(update={"symmetry": group}))
        return replace(made, symmetry=group if number % 4 < 2 else "")

    return make


def _filament(number: int, signal: Signal, settings: HalvesSettings) -> Made:
    """Copies of the molecule along z, so that they touch, periodic like the box."""
    n, voxel = signal.density.box[0], signal.density.voxel_size[0]
    occupied = np.flatnonzero(signal.molecule.any(axis=(1, 2)))
    copies = max(1, round(n / (0.8 * occupied.size)))
    steps = [round(copy * n / copies) for copy in range(copies)]
    values = sum(np.roll(signal.density.values, step, axis=0) for step in steps)
    molecule = np.any([np.roll(signal.molecule, step, axis=0) for step in steps], axis=0)
    density = Density(np.asarray(values, np.float32), (voxel,) * 3)
    return _alone(number, replace(signal, density=density, molecule=molecule), settings)


def _with_density(shape: Callable[[Signal, np.random.Generator], Volume]) -> Surround:
    """Density around the molecule that both halves have."""

    def make(number: int, signal: Signal, settings: HalvesSettings) -> Made:
        made = _alone(number, signal, settings)
        density = shape(signal, np.random.default_rng(settings.seed))
        first, second = (values + density for values in made.pair)
        return replace(made, pair=(first, second))

    return make


def _ice(signal: Signal, generator: np.random.Generator) -> Volume:
    """Uneven at 25 Å and coarser, as strong as a third of the molecule."""
    grid = signal.density
    frequency = frequency_grid(grid.box, grid.voxel_size)
    white = generator.standard_normal(grid.box).astype(np.float32)
    ice = apply_filter(white, np.exp(-2 * (14 * frequency) ** 2))
    strength = grid.values[signal.molecule].mean() / 3 / ice.std()
    return np.asarray(strength * ice * _outside(signal), np.float32)


def _membrane(signal: Signal, _: np.random.Generator) -> Volume:
    """Two sheets 40 Å apart across the box, with a dip between, as strong as half the molecule."""
    grid, voxel = signal.density, signal.density.voxel_size[0]
    z = (np.arange(grid.box[0]) - grid.box[0] // 2) * voxel
    profile = np.exp(-(((np.abs(z) - 20) / 6) ** 2) / 2) - 0.6 * np.exp(-((z / 8) ** 2) / 2)
    strength = grid.values[signal.molecule].mean() / 2
    return np.asarray(strength * profile[:, None, None] * _outside(signal), np.float32)


def _outside(signal: Signal) -> Volume:
    """1 away from the molecule, softly down to 0 inside it."""
    outside = (~signal.molecule).astype(np.float32)
    soft: Volume = ndimage.gaussian_filter(outside, 6 / signal.density.voxel_size[0])
    return soft


def _in_a_sphere(share: float) -> Surround:
    """Multiplied by a sphere, so much of the largest one, with an edge of five voxels."""

    def make(number: int, signal: Signal, settings: HalvesSettings) -> Made:
        made = _alone(number, signal, settings)
        grid = np.indices(signal.density.box) - signal.density.box[0] // 2
        inside = share * signal.density.box[0] / 2 - np.sqrt(np.square(grid).sum(axis=0))
        sphere = (0.5 - 0.5 * np.cos(np.pi * np.clip(inside / 5, 0, 1))).astype(np.float32)
        first, second = (values * sphere for values in made.pair)
        return replace(made, pair=(first, second))

    return make


SURROUNDINGS: dict[str, Surround] = {
    "alone": _alone,
    "in uneven ice": _with_density(_ice),
    "in a membrane": _with_density(_membrane),
    "C4": _symmetric("C4"),
    "D7": _symmetric("D7"),
    "filament": _filament,
    "sphere": _in_a_sphere(1.0),
    "narrow sphere": _in_a_sphere(0.8),
}


# ----------------------------------------------------------------------- what is wrong

Spoil = Callable[[Made], Pair]


def _fault(kind: str, size: float = 1.0) -> Spoil:
    """A fault of ``vrs simulate --halves``."""

    def spoil(made: Made) -> Pair:
        faulty = made.halves.settings.model_copy(update={"faults": (Fault(kind=kind, size=size),)})
        return _values(simulate_halves(made.halves.signal, faulty))

    return spoil


def _both(change: Callable[[Made, Volume], Volume]) -> Spoil:
    def spoil(made: Made) -> Pair:
        first, second = (change(made, values) for values in made.pair)
        return first, second

    return spoil


def _second(spoiled: Spoil) -> Spoil:
    """The second half alone."""
    return lambda made: (made.pair[0], spoiled(made)[1])


def _filtered_copy(made: Made) -> Pair:
    first = made.pair[0]
    grid = made.halves.signal.density
    frequency = frequency_grid(grid.box, grid.voxel_size)
    blur = fall_off(frequency, 6 * made.halves.settings.resolution**2)
    return first, apply_filter(first, blur)


def _quieter_outside(made: Made, values: Volume) -> Volume:
    """To 30 % away from the molecule."""
    quieter: Volume = values * (0.3 + 0.7 * made.halves.signal.mask).astype(np.float32)
    return quieter


def _unequal(ratio: float) -> Spoil:
    """As many particles in both together, ``ratio`` times as many in one as in the other."""

    def spoil(made: Made) -> Pair:
        clean = made.halves.signal.density.values
        first, second = (
            clean + np.float32(np.sqrt(factor)) * (values - clean)
            for values, factor in zip(
                made.pair, ((1 + 1 / ratio) / 2, (1 + ratio) / 2), strict=True
            )
        )
        return first, second

    return spoil


def _mixed(share: float) -> Spoil:
    """The second half holds so much of the first one's values."""
    return lambda made: (
        made.pair[0],
        np.asarray((1 - share) * made.pair[1] + share * made.pair[0], np.float32),
    )


def _interpolated(order: int) -> Spoil:
    """Onto voxels 1.4 times as large and back."""

    def change(_: Made, values: Volume) -> Volume:
        n = values.shape[0]
        coarse = ndimage.zoom(
            values, round(n / 1.4) / n, order=order, mode="grid-wrap", grid_mode=True
        )
        back: Volume = ndimage.zoom(
            coarse, n / coarse.shape[0], order=order, mode="grid-wrap", grid_mode=True
        )
        return back

    return _both(change)


def _noise_sharing(share: float) -> Spoil:
    def spoil(made: Made) -> Pair:
        clean = made.halves.signal.density.values
        first, second = (values - clean for values in _fault("shared", share)(made))
        return first, second

    return spoil


DEFECTS: dict[str, Spoil] = {
    **{f"{100 * share:g} % of the noise shared": _fault("shared", share) for share in SHARES},
    "identical": _fault("identical"),
    "one a copy, scaled by 2": _fault("scaled", 2.0),
    "one a copy with its sign turned": _fault("scaled", -1.0),
    "one a filtered copy": _filtered_copy,
    "one holds a tenth of the other": _mixed(0.1),
    "masked, soft edge": _fault("masked-soft"),
    "masked, hard edge": _fault("masked-hard"),
    "one masked, soft edge": _second(_fault("masked-soft")),
    "low-passed at 0.8 × the resolution": _fault("low-passed", 0.8),
    "low-passed at the resolution": _fault("low-passed", 1.0),
    "low-passed at 1.3 × the resolution": _fault("low-passed", 1.3),
    "each denoised with the other": _fault("denoised", 1.0),
    "each denoised a little": _fault("denoised", 0.5),
    "one denoised with the other": _second(_fault("denoised", 1.0)),
    "quieter outside": _both(_quieter_outside),
    "one quieter outside": _second(_both(_quieter_outside)),
    "particles 1 : 2": _unequal(2.0),
    "particles 1 : 3": _unequal(3.0),
    "interpolated, linear": _interpolated(1),
    "interpolated, cubic": _interpolated(3),
    "noise alone": _fault("noise"),
    "noise alone, 10 % shared": _noise_sharing(0.1),
}


# ----------------------------------------------------------------------- what the check says


def checked(made: Made) -> CheckResult:
    """What 1.i says of a pair."""
    whole, (first, second) = made.halves.density, made.pair
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, values in (("map", whole.values), ("half1", first), ("half2", second)):
            write_volume(folder / f"{file}.mrc", values, whole.voxel_size)
        request = Request.of(
            map=folder / "map.mrc",
            contour=made.halves.contour,
            resolution=made.resolution,
            symmetry=made.symmetry or None,
            half1=folder / "half1.mrc",
            half2=folder / "half2.mrc",
        )
        return run_check(CHECK, prepare(request, folder / "entry"), folder / "out")


def row_of(made: Made) -> Row:
    """What is kept of it."""
    result = checked(made)
    return {
        "number": made.number,
        "name": made.name,
        "good": made.name in (*SURROUNDINGS, UNEVEN),
        "side": made.halves.density.box[0],
        "resolution": made.halves.settings.resolution,
        "outcome": result.outcome.value,
        "headline": result.headline,
        "failed": [c.key for c in result.criteria if c.role == "verdict" and not c.passed],
        "values": {key: m.value for key, m in result.measurements.items()},
    }


def measured(models: Path, count: int, seed: int, kept: Path | None) -> list[Row]:
    """Everything that is made of ``count`` structures; ``kept`` has, and gets, a line for each."""
    known = kept.read_text(encoding="utf-8").splitlines() if kept and kept.is_file() else []
    rows = [row for line in known for row in json.loads(line)]
    done = {row["number"] for row in rows}
    for number, atoms, resolution, own_seed in structures(models, count, seed):
        if number in done:
            continue
        found = [row_of(made) for made in made_pairs(number, atoms, resolution, own_seed)]
        rows += found
        if kept:
            with kept.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(found) + "\n")
    return rows


# ----------------------------------------------------------------------- the page


def page_of(rows: list[Row], options: argparse.Namespace) -> str:
    """The tables, in Markdown."""
    sets, reports = ([r for r in rows if r["number"] % 2 == rest] for rest in (0, 1))
    count = len({row["number"] for row in rows})
    return "\n".join(
        [
            "# How often 1.i is right",
            "",
            f"`python benchmarks/independence.py MODELS --structures {options.structures} "
            f"--seed {options.seed}`: {count} atomic structures at {_listed(RESOLUTIONS)} Å, in "
            f"boxes of at most {_LARGEST_SIDE}³. Even ones set the limits, odd ones report. "
            "*Told* counts warnings; what is neither warned of nor OK could not be told.",
            "",
            "## Good halves",
            "",
            *_table(
                ("", "pairs", "OK", "warned", "cannot tell"),
                [*_outcomes(sets, "set", good=True), *_outcomes(reports, "report", good=True)],
            ),
            "",
            *_table(
                ("surroundings", "pairs", "OK", "warned", "cannot tell"),
                [_outcome(name, [r for r in rows if r["name"] == name]) for name in _GOOD],
            ),
            "",
            "## Spoiled halves",
            "",
            "Of the structures that report, with the criteria that told.",
            "",
            *_table(
                ("what is wrong", "pairs", "told", "OK", "cannot tell", "by"),
                [_power(name, [r for r in reports if r["name"] == name]) for name in DEFECTS],
            ),
            "",
            "## Shares of noise",
            "",
            "Share of the noise's power that both halves have, and the correlation around the "
            "molecule; all structures with such a place.",
            "",
            *_table(
                ("shared", "pairs", "mean", "error of the mean", "scatter in errors"),
                [_share(rows, share) for share in (0.0, *SHARES)],
            ),
            "",
            "## How near good halves come to the limits",
            "",
            *_table(
                ("limit", "at", "worst that sets", "worst that reports"),
                [_margin(key, sets, reports) for key in _MARGINS],
            ),
            "",
        ]
    )


_GOOD = (*SURROUNDINGS, UNEVEN)
_MARGINS: dict[str, Callable[[dict[str, Any]], float | None]] = {
    "masked_highest": lambda v: 100 * v["masked_fraction"],
    "outside_lowest": lambda v: v["noise_outside_inside"],
    "shared_highest": lambda v: _beyond(v["background_fsc"], v["background_fsc_se"], 3),
    "tail_highest": lambda v: _beyond(v["tail_fsc"], v["tail_fsc_se"], 3),
    "rise_highest": lambda v: v["nyquist_rise"],
    "noise_ratio_highest": lambda v: v["noise_power_ratio"],
}
"""What is held against a limit; means are taken less their errors."""


def _beyond(value: float | None, error: float | None, errors: float) -> float | None:
    return None if value is None or error is None else abs(value) - errors * error


def _listed(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _table(head: tuple[str, ...], body: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    for row in body:
        yield f"| {' | '.join(row)} |"


def _counts(rows: list[Row]) -> dict[str, int]:
    return {o: sum(r["outcome"] == o for r in rows) for o in ("ok", "warnings", "undetermined")}


def _outcomes(rows: list[Row], name: str, good: bool) -> Iterator[tuple[str, ...]]:
    yield _outcome(name, [row for row in rows if row["good"] is good])


def _outcome(name: str, rows: list[Row]) -> tuple[str, ...]:
    counts = _counts(rows)
    low, high = interval(counts["warnings"], len(rows))
    warned = f"{counts['warnings']} ({100 * low:.0f}–{100 * high:.0f} %)"
    return name, str(len(rows)), str(counts["ok"]), warned, str(counts["undetermined"])


def _power(name: str, rows: list[Row]) -> tuple[str, ...]:
    counts = _counts(rows)
    by = {key: sum(key in row["failed"] for row in rows) for row in rows for key in row["failed"]}
    told = ", ".join(f"{key} {n}" for key, n in sorted(by.items(), key=lambda one: -one[1]))
    percent = f"{counts['warnings']} ({100 * counts['warnings'] / max(1, len(rows)):.0f} %)"
    return name, str(len(rows)), percent, str(counts["ok"]), str(counts["undetermined"]), told


def _share(rows: list[Row], share: float) -> tuple[str, ...]:
    name = f"{100 * share:g} % of the noise shared" if share else "alone"
    found = [
        (row["values"]["background_fsc"], row["values"]["background_fsc_se"])
        for row in rows
        if row["name"] == name and row["values"]["background_fsc"] is not None
    ]
    values, errors = np.array(found).T
    weights = 1 / errors**2
    mean = np.average(values, weights=weights)
    scatter = np.sqrt(np.mean(((values - share) / errors) ** 2))
    own = weights.sum() ** -0.5
    return f"{share:g}", str(len(found)), f"{mean:.4f}", f"{own:.4f}", f"{scatter:.2f}"


def _margin(key: str, *parts: list[Row]) -> tuple[str, ...]:
    limit = CHECK.limit(key)
    worst = max if limit.comparison in ("<", "<=") else min
    said = []
    for rows in parts:
        values = [_MARGINS[key](row["values"]) for row in rows if row["good"]]
        known = [value for value in values if value is not None]
        said.append(f"{worst(known):.3g} of {len(known)}" if known else "–")
    return (f"`{key}`", f"{limit.comparison} {limit.default:g} {limit.unit}".strip(), *said)


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path)
    parser.add_argument("--structures", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=Path)
    options = parser.parse_args()
    rows = measured(options.models, options.structures, options.seed, options.rows)
    page = Path(__file__).with_suffix(".md")
    page.write_text(page_of(rows, options), encoding="utf-8")


if __name__ == "__main__":
    main()
