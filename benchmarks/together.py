"""How often the verdict of check 1.j is right: what does and does not belong together.

    python benchmarks/together.py MODELS [--structures N] [--seed S] [--rows FILE]

MODELS is a folder with ``index.json`` and atomic structures (PDB or mmCIF). Each is put into noise
twice, and a map is made of the mean of the two as authors make it: weighted, sharpened, low-passed,
masked, cut out of the box. All these belong to their halves. Then the map is turned, mirrored,
shifted, stretched, filtered from place to place or is that of another molecule, or a half map is.
About every second pair comes with its resolution. Even structures set the limits, odd ones are
reported. Writes ``together.md`` beside this file; FILE keeps what was measured, and spares
measuring again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent / "verdicts"))

import numpy as np
from scipy import fft, ndimage
from score import interval

from vrs_scipion.checks import level1_a_fsc, level1_j_together
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.maps.fourier import resample
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.results import CheckResult
from vrs_scipion.simulation import (
    Atoms,
    Fault,
    HalvesSettings,
    Signal,
    SimulatedHalves,
    SimulationSettings,
    Within,
    apply_filter,
    atoms_from_model,
    fall_off,
    frequency_grid,
    low_pass,
    read_model,
    signal_of_simulation,
    simulate,
    simulate_halves,
)
from vrs_scipion.simulation.half_faults import Halves

RESOLUTIONS = (2.8, 3.5, 4.5, 6.0, 8.0, 12.0)
SHARPENING = 100.0
"""Å², the least; in squares of the resolution 8."""

_SMALLEST_SIDE, _LARGEST_SIDE = 40, 64
_SAMPLING, _ROOM = (2.4, 3.2), (1.7, 2.1)
_BLUR = 8.0
"""B-factor, in squares of the resolution: what holds so many particles there is a blur."""

Pair = tuple[Volume, Volume]
Row = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A map and two half maps as they are given.

    Attributes
    ----------
    name : of what was done
    halves : as they were simulated, with what they were made of
    map, first, second : as they are now; no map where their mean is to stand for it
    resolution : that comes with them, Å, or None
    b_factor : that the map was sharpened by, in the sign of 0.d, where that is known
    """

    name: str
    halves: SimulatedHalves
    map: Density | None
    first: Volume
    second: Volume
    resolution: float | None
    b_factor: float | None = None


def structures(models: Path, count: int, seed: int) -> Iterator[tuple[int, Atoms, float]]:
    """Number, atoms and resolution of structures whose box is neither small nor large."""
    generator = np.random.default_rng(seed)
    index = json.loads((models / "index.json").read_text())
    done = 0
    for place in generator.permutation(len(index)):
        wanted = RESOLUTIONS[done % len(RESOLUTIONS)]
        atoms = atoms_from_model(read_model(models / index[place]["file"]))
        side = _ROOM[1] * np.ptp(atoms.positions, axis=0).max() * _SAMPLING[0] / wanted
        if _SMALLEST_SIDE <= side <= _LARGEST_SIDE:
            yield done, atoms, wanted
            done += 1
        if done == count:
            return


def made_of(
    number: int, atoms: Atoms, others: Atoms, resolution: float, seed: int
) -> Iterator[Made]:
    """All that is made of a structure: first what belongs together, then what does not."""
    signal = _signal(atoms, resolution, seed)
    settings = HalvesSettings(
        resolution=resolution,
        fall=0.06 + 0.02 * (number % 4),
        within=Within.MASK,
        seed=seed,
    )
    for index, (name, make) in enumerate({**GOOD, **MISMATCHES}.items()):
        made = replace(make(signal, settings), name=name)
        told = round(made.halves.truth.resolution("loose") or resolution, 2)
        yield replace(made, resolution=told if (number + index) % 2 else None)
    grid = signal.density
    alien = _signal(others, resolution, seed + 1, box=grid.box[0], voxel=grid.voxel_size[0])
    made = _as_authors_do(signal, settings)
    another = _as_authors_do(alien, settings)
    yield replace(made, name=ANOTHER_MAP, map=another.map)
    yield replace(made, name=ANOTHER_HALF, second=another.second)


def _signal(atoms: Atoms, resolution: float, seed: int, box: int = 0, voxel: float = 0.0) -> Signal:
    """The molecule, drawn as sharp as its voxels hold, in the blur of its resolution."""
    generator = np.random.default_rng(seed)
    voxel = voxel or resolution / generator.uniform(*_SAMPLING)
    span = float(np.ptp(atoms.positions, axis=0).max())
    side = 2 * round(min(_LARGEST_SIDE, generator.uniform(*_ROOM) * span / voxel) / 2)
    if box:
        atoms = replace(atoms, positions=atoms.positions * min(1, 0.55 * box * voxel / span))
    return signal_of_simulation(
        simulate(
            atoms,
            SimulationSettings(
                resolution=2 * voxel,
                voxel_size=(voxel,) * 3,
                box=(box or side,) * 3,
                b_factor=_BLUR * resolution**2,
                rotation="random",
                seed=seed,
            ),
        )
    )


# ----------------------------------------------------------------------- what belongs together

Make = Callable[[Signal, HalvesSettings], Made]


def _sharpened(settings: HalvesSettings) -> HalvesSettings:
    b_factor = max(SHARPENING, _BLUR * settings.resolution**2)
    return settings.model_copy(update={"sharpening": -b_factor})


def _plain(signal: Signal, settings: HalvesSettings) -> Made:
    """The mean of the halves, weighted by the figure of merit."""
    halves = simulate_halves(signal, settings)
    first, second = (half.values for half in halves.half_maps)
    return Made("", halves, halves.density, first, second, None, -settings.sharpening)


def _with_map(change: Callable[[Made], Volume], sharpened: bool = True) -> Make:
    def make(signal: Signal, settings: HalvesSettings) -> Made:
        made = _plain(signal, _sharpened(settings) if sharpened else settings)
        return replace(made, map=replace(made.halves.density, values=change(made)))

    return make


def _unweighted(made: Made) -> Volume:
    """The mean, sharpened and low-passed, but not weighted."""
    grid, settings = made.halves.density, made.halves.settings
    frequency = frequency_grid(grid.box, grid.voxel_size)
    filtered = fall_off(frequency, settings.sharpening) * low_pass(frequency, settings.resolution)
    return apply_filter((made.first + made.second) / 2, filtered)


def _low_passed(made: Made) -> Volume:
    grid = made.halves.density
    passed = low_pass(frequency_grid(grid.box, grid.voxel_size), made.halves.settings.resolution)
    return apply_filter(grid.values, passed)


def _masked(made: Made, dilation: float = 3.0, edge: float = 6.0) -> Volume:
    """Under a mask so many voxels wider than the molecule, with so soft an edge."""
    signal, voxel = made.halves.signal, made.halves.density.voxel_size[0]
    mask = cosine_mask(signal.molecule, (voxel,) * 3, dilation * voxel, edge * voxel)
    return _low_passed(made) * mask


def _tightly_masked(made: Made) -> Volume:
    return _masked(made, 1.0, 3.0)


def _as_authors_do(signal: Signal, settings: HalvesSettings) -> Made:
    return _with_map(_low_passed)(signal, settings)


def _cut_out(signal: Signal, settings: HalvesSettings) -> Made:
    """The map in a smaller box, the halves in theirs."""
    made = _as_authors_do(signal, settings)
    assert made.map is not None
    occupied = np.argwhere(cosine_mask(signal.molecule, made.map.voxel_size, 3.0, 3.0) > 0)
    low, high = occupied.min(axis=0), occupied.max(axis=0) + 1
    values = made.map.values[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    z, y, x = (int(start) for start in low)
    return replace(made, map=Density(values, made.map.voxel_size, nstart=(z, y, x)))


def _on_other_voxels(signal: Signal, settings: HalvesSettings) -> Made:
    made = _as_authors_do(signal, settings)
    assert made.map is not None
    voxel = max(0.87 * made.map.voxel_size[0], 0.4 * settings.resolution)
    return replace(made, map=resample(made.map, voxel))


def _symmetric(group: str) -> Make:
    return lambda signal, settings: _as_authors_do(
        signal, settings.model_copy(update={"symmetry": group})
    )


def _filament(signal: Signal, settings: HalvesSettings) -> Made:
    """Copies of the molecule along z, so that they touch, periodic like the box."""
    n = signal.density.box[0]
    occupied = np.flatnonzero(signal.molecule.any(axis=(1, 2)))
    copies = max(1, round(n / (0.8 * occupied.size)))
    steps = [round(copy * n / copies) for copy in range(copies)]
    values = sum(np.roll(signal.density.values, step, axis=0) for step in steps)
    molecule = np.any([np.roll(signal.molecule, step, axis=0) for step in steps], axis=0)
    density = replace(signal.density, values=np.asarray(values, np.float32))
    return _as_authors_do(replace(signal, density=density, molecule=molecule), settings)


def _of_all_particles(signal: Signal, settings: HalvesSettings) -> Made:
    """Of a preferred orientation: nine times as many particles along z as across, unevenly spread.

    The map is no mean of the halves: it is reconstructed of all particles, each coefficient with
    Wiener's weight.
    """
    made = _plain(signal, settings)
    grid, clean = signal.density, fft.rfftn(signal.density.values)
    generator = np.random.default_rng(settings.seed)
    frequency = frequency_grid(grid.box, grid.voxel_size)
    cosine = fft.fftfreq(grid.box[0], grid.voxel_size[0])[:, None, None] / np.maximum(
        frequency, 1e-9
    )
    views = 1 + 0.8 * (2 * cosine**2 - 1)
    spectra, weights = [], []
    for half in (made.first, made.second):
        weights.append(views * np.clip(generator.normal(1, 0.15, frequency.shape), 0.3, None))
        spectra.append(clean + (fft.rfftn(half) - clean) / np.sqrt(weights[-1]))
    first, second = (fft.irfftn(one, s=grid.box).astype(np.float32) for one in spectra)
    whole = (spectra[0] * weights[0] + spectra[1] * weights[1]) / (weights[0] + weights[1])
    truth = made.halves.truth
    ratio = truth.fsc_under["loose"] / (1 - np.minimum(truth.fsc_under["loose"], 0.999))
    shell = np.rint(frequency * grid.box[0] * grid.voxel_size[0]).astype(int)
    signal_to_noise = 2 * views * ratio[np.minimum(shell, len(ratio) - 1)]
    whole *= signal_to_noise / (1 + signal_to_noise)
    whole *= low_pass(frequency, settings.resolution) * fall_off(
        frequency, _sharpened(settings).sharpening
    )
    values = fft.irfftn(whole, s=grid.box).astype(np.float32)
    return replace(
        made, map=replace(grid, values=values), first=first, second=second, b_factor=None
    )


def _no_map(signal: Signal, settings: HalvesSettings) -> Made:
    return replace(_plain(signal, settings), map=None)


GOOD: dict[str, Make] = {
    "weighted mean": _plain,
    "sharpened, low-passed, not weighted": _with_map(_unweighted),
    "weighted, sharpened": _with_map(lambda made: made.halves.density.values),
    "weighted, sharpened, low-passed": _as_authors_do,
    "the same, masked": _with_map(_masked),
    "the same, masked tightly": _with_map(_tightly_masked),
    "cut out": _cut_out,
    "on other voxels": _on_other_voxels,
    "C4": _symmetric("C4"),
    "D7": _symmetric("D7"),
    "filament": _filament,
    "of all particles, from few directions": _of_all_particles,
    "no map given": _no_map,
}

# ----------------------------------------------------------------------- what does not

ANOTHER_MAP, ANOTHER_HALF = "another molecule's map", "another molecule's half 2"


def _fault(text: str) -> Make:
    """As authors do, and then one of the faults of the simulation."""

    def make(signal: Signal, settings: HalvesSettings) -> Made:
        made = _as_authors_do(signal, settings)
        assert made.map is not None
        faulty = Fault.parsed(text).applied(
            Halves(
                made.first,
                made.second,
                made.map.values,
                made.halves.signal,
                settings.resolution,
                lambda: made.first,
            )
        )
        return replace(
            made,
            map=replace(made.map, values=faulty.map),
            first=faulty.first,
            second=faulty.second,
        )

    return make


def _turned(made: Made) -> Volume:
    return np.ascontiguousarray(_low_passed(made).transpose(0, 2, 1)[:, ::-1])


def _flattened(made: Made) -> Volume:
    """The density around the molecule flattened, again and again, as density modification does."""
    values, mask = _low_passed(made), made.halves.signal.mask
    grid = made.halves.density
    passed = low_pass(frequency_grid(grid.box, grid.voxel_size), made.halves.settings.resolution)
    for _ in range(3):
        inside = np.maximum(values, np.quantile(values[mask > 0.5], 0.3)) * mask
        values = apply_filter(np.asarray(inside, np.float32), passed)
    return values


def _denoised(made: Made) -> Volume:
    """Each place as sharp as its own signal allows."""
    fine = _low_passed(made)
    voxel = made.halves.density.voxel_size[0]
    coarse = ndimage.gaussian_filter(fine, 0.5 * made.halves.settings.resolution / voxel)
    strength = ndimage.gaussian_filter(fine**2, 2 * made.halves.settings.resolution / voxel)
    share = np.clip(strength / np.quantile(strength, 0.98), 0, 1)
    return np.asarray(share * fine + (1 - share) * coarse, np.float32)


MISMATCHES: dict[str, Make] = {
    "map: axes x and z exchanged": _fault("map-permuted"),
    "map: turned by 90°": _with_map(_turned),
    "map: mirrored": _fault("map-mirrored"),
    "map: shifted by 0.5 voxels": _fault("map-shifted=0.5"),
    "map: shifted by 1 voxel": _fault("map-shifted=1"),
    "map: shifted by 3 voxels": _fault("map-shifted=3"),
    "map: stretched by 1 %": _fault("map-stretched=1"),
    "map: stretched by 3 %": _fault("map-stretched=3"),
    "map: filtered to twice the resolution at one side": _fault("map-locally-filtered=2"),
    "map: sharp only where it is strong": _with_map(_denoised),
    "map: density modified": _with_map(_flattened),
    "half 2: mirrored": _fault("mirrored"),
    "half 2: shifted by 0.5 voxels": _fault("shifted=0.5"),
    "noise only": _fault("noise"),
}

# ----------------------------------------------------------------------- measuring


def measured(made: Made) -> CheckResult:
    """What 1.j says; what 1.a said before counts for the numbers of maps that belong."""
    size = made.halves.density.voxel_size
    with (
        tempfile.TemporaryDirectory() as name,
        mock.patch("vrs_scipion.figures.plotting.save_picture"),
    ):
        folder = Path(name)
        given: dict[str, Any] = {"resolution": made.resolution}
        for key, values in (("half1", made.first), ("half2", made.second)):
            given[key] = folder / f"{key}.mrc"
            write_volume(given[key], values, size)
        shown = made.map
        if shown is not None:
            given["map"] = folder / "map.mrc"
            write_volume(given["map"], shown.values, shown.voxel_size, nstart=shown.nstart)
        given["contour"] = _contour(made)
        entry = prepare(Request.of(**given), folder / "entry")
        results: dict[str, CheckResult] = {}
        if made.name in GOOD:
            results["1.a"] = run_check(level1_a_fsc.CHECK, entry, folder / "1.a")
        return run_check(level1_j_together.CHECK, entry, folder / "1.j", results=results)


def _contour(made: Made) -> float:
    """The level that encloses as much as the molecule."""
    if made.map is None:
        values, enclosed = (made.first + made.second) / 2, made.halves.signal.enclosed
    else:
        values = made.map.values
        ratio = np.prod(made.halves.density.voxel_size) / np.prod(made.map.voxel_size)
        enclosed = min(values.size // 2, round(made.halves.signal.enclosed * float(ratio)))
    return float(np.partition(values.ravel(), -enclosed)[-enclosed])


def row_of(number: int, made: Made, result: CheckResult) -> Row:
    """What is kept of a result."""
    return {
        "number": number,
        "name": made.name,
        "resolution": made.halves.settings.resolution,
        "outcome": result.outcome.value,
        "failed": [c.key for c in result.criteria if c.role == "verdict" and not c.passed],
        "headline": result.headline,
        "b_factor": made.b_factor,
        "values": {key: one.value for key, one in result.measurements.items()},
    }


def measure(models: Path, count: int, seed: int, kept: Path | None) -> list[Row]:
    """A row for everything that is made of every structure; those kept before are not made anew."""
    rows: list[Row] = []
    if kept is not None and kept.is_file():
        rows = [json.loads(line) for line in kept.read_text().splitlines()]
    have = {(row["number"], row["name"]) for row in rows}
    listed = list(structures(models, count, seed))
    for (number, atoms, resolution), (_, others, _) in zip(
        listed, listed[1:] + listed[:1], strict=True
    ):
        names = {(number, name) for name in (*GOOD, *MISMATCHES, ANOTHER_MAP, ANOTHER_HALF)}
        if names <= have:
            continue
        for made in made_of(number, atoms, others, resolution, seed + number):
            if (number, made.name) in have:
                continue
            rows.append(row_of(number, made, measured(made)))
            if kept is not None:
                with kept.open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
    return rows


# ----------------------------------------------------------------------- telling


def told(rows: list[Row], command: str) -> str:
    """The page."""
    parts = [_HEAD.format(command=command, structures=len({row["number"] for row in rows}))]
    for sets, words in ((True, "that set the limits"), (False, "that judge them")):
        half = [row for row in rows if (row["number"] % 2 == 0) == sets]
        good = [row for row in half if row["name"] in GOOD]
        parts.append(f"## Structures {words}\n\n{_outcomes(half)}\n\n{_false_alarms(good)}\n")
    parts.append(f"## Numbers against the truth\n\n{_accuracy(rows)}\n")
    parts.append(f"## What the limits lie between\n\n{_between(rows)}\n")
    return "\n".join(parts)


_HEAD = """# How often 1.j is right

`{command}`: {structures} atomic structures, 2.8 to 12 Å, each in noise twice. The map is made of
the mean of both as authors do; then something is done to it, or to a half map. About every second
one comes with its resolution. *Warned* is any warning, *cannot tell* no verdict.
"""


def _outcomes(rows: list[Row]) -> str:
    lines = ["| | maps | OK | warned | cannot tell | by |", "|---|---:|---:|---:|---:|---|"]
    for name in (*GOOD, *MISMATCHES, ANOTHER_MAP, ANOTHER_HALF):
        these = [row for row in rows if row["name"] == name]
        counts = [sum(row["outcome"] == o for row in these) for o in ("ok", "warnings")]
        failed = sorted({key for row in these for key in row["failed"]})
        rest = len(these) - sum(counts)
        lines.append(
            f"| {name} | {len(these)} | {counts[0]} | {counts[1]} | {rest} | {', '.join(failed)} |"
        )
    return "\n".join(lines)


def _false_alarms(good: list[Row]) -> str:
    alarms = sum(row["outcome"] != "ok" for row in good)
    low, high = interval(alarms, len(good))
    return (
        f"Of {len(good)} that belong together {alarms} were not OK "
        f"(95 % interval of the rate: {100 * low:.1f} to {100 * high:.1f} %)."
    )


def _accuracy(rows: list[Row]) -> str:
    known = [row for row in rows if row["values"].get("sharpening_b") is not None]
    known = [row for row in known if row["name"] in GOOD and row["b_factor"] is not None]
    lines = ["| | maps | error, median | error, 95 % | largest error | unit |"]
    lines.append("|---|---:|---:|---:|---:|---|")

    def line(name: str, errors: list[float], unit: str) -> None:
        off = np.abs(errors)
        lines.append(
            f"| {name} | {len(off)} | {np.median(off):.3g} | {np.quantile(off, 0.95):.3g} | "
            f"{off.max():.3g} | {unit} |"
        )

    off = [row["values"]["sharpening_b"] - row["b_factor"] for row in known]
    line("sharpening", off, "Å²")
    for fine in (True, False):
        some = [o for o, row in zip(off, known, strict=True) if (row["resolution"] < 5) == fine]
        line(f"of those, {'finer' if fine else 'coarser'} than 5 Å", some, "Å²")
    line("magnification, whole map", _magnification(rows, _WHOLE, 1.0), "")
    line("magnification, masked or cut out", _magnification(rows, _PARTS, 1.0), "")
    line("stretched by 1 %", _magnification(rows, ["map: stretched by 1 %"], 1.01), "")
    line("stretched by 3 %", _magnification(rows, ["map: stretched by 3 %"], 1.03), "")
    line("shift of the map", _shifts(rows), "voxels")
    moved = [r for r in rows if r["name"] == "half 2: shifted by 0.5 voxels"]
    halves = [r["values"]["halves_shift"] - 0.5 for r in moved if r["values"]["halves_shift"]]
    line("shift of the half maps", halves, "voxels")
    return "\n".join(lines)


_PARTS = ["the same, masked", "the same, masked tightly", "cut out"]
_WHOLE = [name for name in GOOD if name not in (*_PARTS, "no map given")]


def _magnification(rows: list[Row], names: list[str], truth: float) -> list[float]:
    found = (row["values"].get("magnification") for row in rows if row["name"] in names)
    return [value - truth for value in found if value is not None]


def _shifts(rows: list[Row]) -> list[float]:
    off = []
    for name, voxels in (("0.5 voxels", 0.5), ("1 voxel", 1.0), ("3 voxels", 3.0)):
        for row in rows:
            values = row["values"]
            if row["name"] == f"map: shifted by {name}" and values.get("shift_x") is not None:
                off.append(values["shift_x"] - voxels)
    return off


def _between(rows: list[Row]) -> str:
    lines = ["| | setting, good | setting, spoiled | judging, good | judging, spoiled |"]
    lines.append("|---|---|---|---|---|")
    spoiled = [
        "map: filtered to twice the resolution at one side",
        "map: sharp only where it is strong",
        "map: density modified",
    ]
    for words, key, names in (
        ("correlation with the mean", "map_mean_fsc", spoiled),
        ("cosine between the phases", "map_mean_phases", spoiled),
        ("half maps in another pose, gain", None, ["half 2: mirrored"]),
    ):
        cells = []
        for sets in (True, False):
            for group in (list(GOOD), names):
                these = [r for r in rows if (r["number"] % 2 == 0) == sets and r["name"] in group]
                found = [_value(row, key) for row in these]
                known = [value for value in found if value is not None]
                cells.append(f"{min(known):.4f} to {max(known):.4f}")
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _value(row: Row, key: str | None) -> float | None:
    values = row["values"]
    if key is not None:
        found: float | None = values.get(key)
        return found
    best = values["halves_best_permutation_correlation"]
    return float(best - values["halves_identity_correlation"])


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path)
    parser.add_argument("--structures", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=Path)
    options = parser.parse_args()
    rows = measure(options.models, options.structures, options.seed, options.rows)
    command = f"python benchmarks/together.py MODELS --structures {options.structures}"
    Path(__file__).with_suffix(".md").write_text(told(rows, command), encoding="utf-8")


if __name__ == "__main__":
    main()
