"""How often 0.i tells structure from noise, and where its weights and limits come from.

    python benchmarks/structure.py MODELS --out FOLDER [--maps FOLDER ...] [--workers N] [--most N]

MODELS is a folder with ``index.json`` and atomic structures. Each structure becomes good maps at
two resolutions, in turn from ``vrs simulate`` and from gemmi's electron density, in three
sharpening states and at three strengths of noise, and maps that hold nothing: noise in the
envelope, on a pedestal, a blob, phases randomised. Of each, a line of ``cases.jsonl`` with what
0.i measures; a run that was stopped goes on where it was. Structures of even number calibrate
Fisher's discriminant and the limits, the others report how often 0.i is right. Folders of real
maps have an ``index.json`` with their resolutions; each is measured as it is and spoilt.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent / "verdicts"))

import numpy as np  # noqa: E402
from defects import BY_KEY  # noqa: E402
from recipe import Deposit, Recipe, diameter, drawn_atoms, make  # noqa: E402
from second_simulator import gemmi_deposit  # noqa: E402
from specimens import one_particle, usable  # noqa: E402

from vrs_scipion.checks.level0_i_structure import CHECK, EFFECT, FINEST, doubt  # noqa: E402
from vrs_scipion.maps.fourier import resample  # noqa: E402
from vrs_scipion.maps.masks import hard_mask  # noqa: E402
from vrs_scipion.maps.reading import read_density  # noqa: E402
from vrs_scipion.methods.structure import (  # noqa: E402
    SURROGATES,
    NoEnvelopeError,
    Structure,
    finest_held,
    measure_structure,
)

RESOLUTIONS = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 10.0)
STATES = (-9.0, -4.5, -1.0)
LOUDNESS = (1.0, 0.5, 0.25)
BAD = (
    ("noise_in_envelope", 4),
    ("noise_with_offset", 2),
    ("random_phases", 2),
    ("blob", 0.01),
    ("noise_in_envelope", 2),
    ("noise_with_offset", 0.5),
    ("blob", 0.1),
    ("blob", 0),
)
_CLAIMS = {"ngl_betaGal.mrc.gz": 7.1}
"""Å, where the index knows none: the Nyquist limit."""
_SPOILT_REAL = (("random_phases", 2), ("noise_in_envelope", 4), ("noise_with_offset", 2))
_SURROGATES = 8
"""Enough for their mean and scatter over many maps."""
_FEWEST_CELLS = 100
_RIDGE = 1e-4
FINEST_TRIED = 2.5
_BAD_EACH = 3
_RESOLUTIONS_EACH = 2
_LARGEST_SIDE, _FEWEST_ACROSS = 80, 8
_ROOM, _SAMPLING = 1.6, 2.6


@dataclass(frozen=True)
class Case:
    """A good map to measure, and what is done to it to have maps of nothing."""

    name: str
    kind: str
    calibrates: bool
    recipe: Recipe
    spoilt: tuple[tuple[str, float], ...]

    @property
    def key(self) -> str:
        return f"{self.recipe.seed:03d}_{self.name}_{self.recipe.resolution:g}"


def cases(models: Path, most: int) -> list[Case]:
    """Good maps and bad ones of every structure that is one particle and fits."""
    records = json.loads((models / "index.json").read_text(encoding="utf-8"))
    generator = np.random.default_rng(18)
    chosen: Counter[float] = Counter()
    planned: list[Case] = []
    for number, index in enumerate(generator.permutation(len(records))[:most]):
        record = records[index]
        if not usable(record):
            continue
        path = models / record["file"]
        atoms = drawn_atoms(path)
        fitting = [d for d in RESOLUTIONS if _fits(diameter(atoms), d)]
        if not fitting or not one_particle(atoms):
            continue
        for d in sorted(fitting, key=lambda d: chosen[d])[:_RESOLUTIONS_EACH]:
            chosen[d] += 1
            seed = len(planned)
            recipe = Recipe(
                model=path,
                resolution=d,
                seed=seed,
                sampling=_SAMPLING,
                roominess=_ROOM,
                left=STATES[chosen.total() % 3],
                loudness=LOUDNESS[chosen.total() // 3 % 3],
                blur=float(generator.uniform(4, 16)),
                ratio=float(np.exp(generator.uniform(np.log(600), np.log(6000)))),
                enclosed=float(generator.uniform(0.7, 1.2)),
                simulator=gemmi_deposit if chosen.total() % 2 else None,
            )
            spoilt = tuple(
                BAD[(_BAD_EACH * chosen.total() + step) % len(BAD)] for step in range(_BAD_EACH)
            )
            name = record["file"].split("__")[0]
            planned.append(Case(name, record["kind"], number % 2 == 0, recipe, spoilt))
    return planned


def _fits(across: float, d: float) -> bool:
    return across / d >= _FEWEST_ACROSS and _ROOM * across / d * _SAMPLING <= _LARGEST_SIDE


def measured(case: Case) -> list[dict[str, Any]]:
    """What 0.i measures of a case's maps, the good one first."""
    recipe = case.recipe
    about: dict[str, Any] = {
        "case": case.key,
        "name": case.name,
        "kind": case.kind,
        "calibrates": case.calibrates,
        "resolution": recipe.resolution,
        "left": recipe.left,
        "loudness": recipe.loudness,
        "simulator": "gemmi" if recipe.simulator else "vrs",
    }
    good = make(recipe)
    records = [about | {"defect": "", "dial": 0} | statistics(good)]
    for key, dial in case.spoilt:
        generator = np.random.default_rng([recipe.seed, zlib.crc32(key.encode())])
        (edit,) = BY_KEY[key].apply(replace(recipe, edits=()), dial).edits
        records.append(about | {"defect": key, "dial": dial} | statistics(edit(good, generator)))
    return records


def statistics(deposit: Deposit, surrogates: int = _SURROGATES) -> dict[str, Any]:
    """What 0.i measures of a map, prepared as a report does."""
    d, density = deposit.resolution, deposit.density
    finest = finest_held(density, d)
    if max(density.voxel_size) < d / 2:
        density = resample(density, d / 2)
    mask = hard_mask(density.values, deposit.contour, density.voxel_size)
    try:
        found = measure_structure(density, mask, finest, surrogates=surrogates)
    except NoEnvelopeError:
        return {"finest": finest, "cells": 0.0}
    return {
        "finest": found.finest,
        "cells": found.cells,
        "map": dict(found.map),
        "surrogates": {key: values.tolist() for key, values in found.surrogates.items()},
    }


def real(folder: Path) -> Iterator[str]:
    """Rows of a table: a real map and what becomes of it, the effect of each and the verdict."""
    for entry in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        claim = _CLAIMS.get(entry["file"], entry.get("res"))
        if claim is None or "crystal" in entry.get("method", ""):
            continue
        deposit = _real_deposit(folder / entry["file"], float(claim))
        cells = [_verdict_in_words(deposit)]
        for key, dial in _SPOILT_REAL:
            empty = Recipe(model=folder, resolution=deposit.resolution, seed=0)
            (edit,) = BY_KEY[key].apply(empty, dial).edits
            cells.append(_verdict_in_words(edit(deposit, np.random.default_rng(0))))
        yield f"| {entry.get('emdb', entry['file'])}, {claim:g} Å | " + " | ".join(cells) + " |"


def _real_deposit(path: Path, resolution: float) -> Deposit:
    """A real map with a contour three standard deviations above its mean."""
    density = read_density(path)
    values = density.values
    contour = float(values.mean(dtype=np.float64) + 3 * values.std(dtype=np.float64))
    mask = hard_mask(values, contour, density.voxel_size)
    return Deposit(density, contour, resolution, mask, values, 0.0)


def _verdict_in_words(deposit: Deposit) -> str:
    record = {"resolution": deposit.resolution} | statistics(deposit, SURROGATES)
    verdict = {"O": "OK", "W": "warns", "U": "cannot tell"}[outcome(record)]
    if not record["cells"]:
        return verdict
    structure = _structure(record)
    held = f", nothing finer than {structure.finest:.2f} Å" if not _filled(record) else ""
    return f"{structure.effect:.2f} ± {structure.error:.2f}, {verdict}{held}"


_cases: list[Case] = []


def _begin(planned: list[Case]) -> None:
    """Give a worker the cases, whose recipes hold functions and cannot be sent."""
    _cases[:] = planned


def _lines(number: int) -> str:
    return "".join(json.dumps(record) + "\n" for record in measured(_cases[number]))


def run(planned: list[Case], journal: Path, workers: int) -> list[dict[str, Any]]:
    """Measure what the journal lacks; its records."""
    done = {record["case"] for record in _read(journal)}
    waiting = [case for case in planned if case.key not in done]
    with (
        journal.open("a", encoding="utf-8") as lines,
        ProcessPoolExecutor(
            workers, multiprocessing.get_context("fork"), _begin, (waiting,)
        ) as pool,
    ):
        for future in as_completed([pool.submit(_lines, number) for number in range(len(waiting))]):
            lines.write(future.result())
            lines.flush()
    return _read(journal)


def _read(journal: Path) -> list[dict[str, Any]]:
    text = journal.read_text(encoding="utf-8") if journal.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def discriminant(records: list[dict[str, Any]]) -> dict[str, float]:
    """Fisher's, of good maps and maps of nothing of the calibrating structures to 5 Å.

    Good maps have 1 on average along it; statistics count in what they scatter by in a cell.
    """
    used = [r for r in records if r["calibrates"] and FINEST_TRIED <= r["resolution"] <= 5]
    used = [r for r in used if r["cells"] >= _FEWEST_CELLS and _filled(r)]
    found = [_structure(r) for r in used]
    keys = list(found[0].map)
    scatter = np.array(
        [np.median([s.surrogates[k].std() * s.cells**0.5 for s in found]) for k in keys]
    )
    differences = np.array([[s.map[k] - s.surrogates[k].mean() for k in keys] for s in found])
    differences /= scatter
    good = np.array([not r["defect"] for r in used])
    covariance = (np.cov(differences[good].T) + np.cov(differences[~good].T)) / 2
    covariance += np.eye(len(keys)) * _RIDGE
    mean = differences[good].mean(axis=0)
    along = np.linalg.solve(covariance, mean)
    return {k: float(w) for k, w in zip(keys, along / (along @ mean) / scatter, strict=True)}


def _structure(record: dict[str, Any]) -> Structure:
    surrogates = {k: np.array(v) for k, v in record["surrogates"].items()}
    return Structure(record["finest"], record["cells"], record["map"], surrogates)


def _filled(record: dict[str, Any]) -> bool:
    limit = CHECK.limit(FINEST).default
    return bool(100 * record["finest"] <= limit * record["resolution"])


def outcome(record: dict[str, Any]) -> str:
    """The verdict of 0.i: O, W or U (cannot tell)."""
    if not _filled(record):
        return "W"
    if not record["cells"]:
        return "U"
    structure, lowest = _structure(record), CHECK.limit(EFFECT).default
    if doubt(structure, record["resolution"], lowest):
        return "U"
    return "O" if structure.effect >= lowest else "W"


def table(records: list[dict[str, Any]], by: str, values: Sequence[Any]) -> str:
    """Counts of OK, warnings, cannot tell of good maps and of each defect, by some property."""
    defects = sorted({(r["defect"], r["dial"]) for r in records})
    lines = [
        f"| {by} | " + " | ".join(f"{d} {dial:g}" if d else "good" for d, dial in defects) + " |",
        "|---|" + "---|" * len(defects),
    ]
    for value in values:
        cells = []
        for defect in defects:
            these = [r for r in records if (r["defect"], r["dial"]) == defect and r[by] == value]
            counts = Counter(map(outcome, these))
            cells.append(" / ".join(str(counts[o]) for o in "OWU") if these else "–")
        lines.append(f"| {value} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, calibrate, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("models", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--maps", type=Path, nargs="*", default=[], help="folders of real maps")
    parser.add_argument("--most", type=int, default=1000, help="structures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    records = run(cases(options.models, options.most), options.out / "cases.jsonl", options.workers)
    for key, weight in discriminant(records).items():
        print(f'    "{key}": {weight:.4g},')
    for half in (True, False):
        these = [r for r in records if r["calibrates"] is half]
        print("\ncalibrating" if half else "\nreporting")
        for by in ("resolution", "left", "loudness", "simulator", "kind"):
            print("\n" + table(these, by, sorted({r[by] for r in these})))
    print(
        "\n| map | as it is | " + " | ".join(f"{key} {dial}" for key, dial in _SPOILT_REAL) + " |"
    )
    print("|---|" + "---|" * (1 + len(_SPOILT_REAL)))
    for folder in options.maps:
        for row in real(folder):
            print(row, flush=True)


if __name__ == "__main__":
    main()
