"""How often 0.e's verdict is right, and where its numbers come from.

    python benchmarks/resolution_by_looks.py MODELS --out FOLDER [--most N] [--largest VOXELS]

MODELS is a folder with ``index.json`` and atomic structures. Each structure becomes a good map by
``vrs simulate`` and one by gemmi's electron density (``benchmarks/verdicts``), and each map is
claimed at the resolution that it has and at one 1.5 times finer. Of each, a line of ``maps.jsonl``
with what its best resolved twentieth looks like; a run that was stopped goes on where it was.
Structures of even number calibrate `vrs_scipion.methods.resolution_by_looks`, the others report.
Writes ``resolution_by_looks.md`` beside this file.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "verdicts"))

import numpy as np
from recipe import Deposit, make
from second_simulator import gemmi_deposit
from specimens import Specimen, good_specimens

from vrs_scipion.checks.level0_e_deepres import BEST, CHECK, DECISIVE, UNSHARPENED_SQUARES
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Density, Mask
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.guinier import (
    WORST_RESOLUTION,
    FitRangeError,
    fit_guinier,
    nyquist,
)
from vrs_scipion.methods.local_resolution import flattened, local_resolution
from vrs_scipion.methods.resolution_by_looks import QUANTILE, resolution_by_looks

SIMULATORS = {"vrs simulate": None, "gemmi": gemmi_deposit}
TOO_FINE = 1.5
BINS = (2.0, 3.2, 4.6, 5.5, 7.5, 8.5, 13.0)
TABLE = Path(__file__).with_suffix(".md")
_SEED = 77
_SHARPENED = -4.5

Row = dict[str, Any]


def measured(specimens: Sequence[Specimen], journal: Path, largest: int) -> list[Row]:
    """A row for each map, those of the journal as they are."""
    known = {(row["number"], row["simulator"]): row for row in _rows(journal)}
    with journal.open("a", encoding="utf-8") as lines:
        for number, specimen in enumerate(specimens):
            for name, simulator in SIMULATORS.items():
                if (number, name) in known:
                    continue
                recipe = replace(specimen.recipe, left=_SHARPENED, simulator=simulator)
                deposit = make(recipe)
                if deposit.density.values.size > largest:
                    break
                row = {
                    "number": number,
                    "simulator": name,
                    "structure": specimen.name,
                    "kind": specimen.kind,
                    "resolution": recipe.resolution,
                    **_looks(deposit),
                }
                known[number, name] = row
                lines.write(json.dumps(row) + "\n")
                lines.flush()
    return list(known.values())


def _rows(journal: Path) -> Iterator[Row]:
    if journal.exists():
        yield from map(json.loads, journal.read_text(encoding="utf-8").splitlines())


def _looks(deposit: Deposit) -> Row:
    """What decides for the true claim and for one that is too fine, Å; None where 0.e is silent."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "map.mrc"
        write_volume(path, deposit.density.values, deposit.density.voxel_size)
        request = Request.of(map=path, contour=deposit.contour, resolution=deposit.resolution)
        entry = prepare(request, Path(name) / "entry")
        density, mask = entry.density(), entry.hard_mask()
    plain = _quantile(density, mask)
    true, fine = deposit.resolution, deposit.resolution / TOO_FINE
    return {
        "looks": _believed(density, mask, true, plain),
        "looks_too_fine": _believed(density, mask, fine, plain) if fine >= BEST else None,
    }


def _believed(density: Density, mask: Mask, claim: float, plain: float) -> float:
    """The looks of the map with its spectrum flattened, or as it is, as 0.e chooses."""
    finest = max(claim, nyquist(density.voxel_size))
    if finest > WORST_RESOLUTION:
        return plain
    try:
        b_factor = fit_guinier(density, finest).b_factor
    except FitRangeError:
        return plain
    if b_factor < UNSHARPENED_SQUARES * claim**2:
        return plain
    return _quantile(flattened(density, b_factor, finest), mask)


def _quantile(density: Density, mask: Mask) -> float:
    return float(np.nanpercentile(local_resolution(density, mask).half_amplitude, QUANTILE))


def verdict(looks: float, claim: float) -> str:
    """As 0.e has it: O, W or U (cannot tell)."""
    by_looks = resolution_by_looks(np.array([looks], np.float32))
    most = CHECK.limit("looks_errors_highest").default
    if by_looks.errors_beyond(claim) > most:
        return "W"
    return "U" if by_looks.at_most(most) > DECISIVE * claim else "O"


def table(rows: Sequence[Row]) -> str:
    """Verdicts by resolution, of the structures that calibrate and of those that report."""
    lines = [
        f"| resolution, Å | structures | maps | ln(looks / true), mean ± sd | true claim | "
        f"{TOO_FINE:g} times too fine |",
        "|---|---|---|---|---|---|",
    ]
    for low, high in itertools.pairwise(BINS):
        for part, word in ((0, "calibrate"), (1, "report")):
            these = [r for r in rows if low <= r["resolution"] < high and r["number"] % 2 == part]
            if these:
                lines.append(f"| {low:g}–{high:g} | {word} | {_cells(these)} |")
    return "\n".join(lines)


def _cells(rows: Sequence[Row]) -> str:
    ratios = [math.log(r["looks"] / r["resolution"]) for r in rows]
    true = Counter(verdict(r["looks"], r["resolution"]) for r in rows)
    fine = Counter(
        verdict(r["looks_too_fine"], r["resolution"] / TOO_FINE)
        for r in rows
        if r["looks_too_fine"] is not None
    )
    counted = (" / ".join(str(count[o]) for o in "OWU") for count in (true, fine))
    spread = f"{np.mean(ratios):+.3f} ± {np.std(ratios):.3f}"
    return " | ".join((str(len(rows)), spread, *counted))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=100, help="structures [%(default)s]")
    parser.add_argument("--largest", type=int, default=112**3, help="voxels of a map [%(default)s]")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    specimens = good_specimens(options.models, options.most, _SEED)
    rows = measured(specimens, options.out / "maps.jsonl", options.largest)
    TABLE.write_text(_page(rows), encoding="utf-8")


def _page(rows: Sequence[Row]) -> str:
    of = Counter(row["simulator"] for row in rows)
    made = ", ".join(f"{count} by {name}" for name, count in of.items())
    return (
        "# 0.e: is the claim right?\n\n"
        f"Written by `benchmarks/resolution_by_looks.py` of {len(rows)} maps ({made}) of "
        f"{len({row['structure'] for row in rows})} structures. What the best resolved "
        f"{QUANTILE:g} % of the molecule looks like, at half amplitude, against the resolution at "
        "which half maps would correlate by 0.143; then how many maps are OK / warned / cannot "
        f"tell, claimed at that resolution and {TOO_FINE:g} times finer. Structures of even number "
        "set the numbers of `vrs_scipion/methods/resolution_by_looks.py`, the others report.\n\n"
        f"{table(rows)}\n"
    )


if __name__ == "__main__":
    main()
