"""A.a, A.f and A.j, built in, beside cctbx on maps of the EMDB and their models.

    python benchmarks/model_engines.py DATA [NAME ...]

DATA has the folders maps and modelmaps. Both engines' numbers stand in one table, pair by pair,
with the seconds that each check took; NAME chooses pairs. cctbx has to be here (``vrs doctor``).
Pictures are left out.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from vrs_scipion.checks.levels import CHECKS
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.results import CheckResult

ENGINES = ("builtin", "cctbx")


@dataclass(frozen=True)
class Pair:
    """A map, its model, the resolution in Å, and a contour level that none of the checks needs."""

    name: str
    map: str
    model: str
    resolution: float
    contour: float = 0.02


PAIRS = (
    Pair(
        "20026", "modelmaps/emd_20026_region.mrc.gz", "modelmaps/emd_20026_3ajo.pdb.gz", 1.75, 0.006
    ),
    Pair("3488/5NI1", "maps/emd_3488.map.gz", "maps/emd_3488_5ni1.cif.gz", 3.2),
    Pair("3488/5ME2", "maps/emd_3488.map.gz", "maps/emd_3488_5me2.pdb.gz", 3.2),
    Pair("0093/6GYN", "maps/emd_0093_m4A.mrc.gz", "maps/emd_0093_6gyn.pdb.gz", 3.4),
    Pair("5168/3MFP", "maps/emd_5168.map.gz", "maps/emd_5168_3MFP.pdb.gz", 6.6, 11.0),
)
SHOWN = {
    "A.a": (
        *("cc_mask", "cc_volume", "cc_peaks", "cc_box", "cc_main_chain", "cc_side_chain"),
        *("residues_below_05", "fsc_05_masked", "fsc_0143_masked", "fsc_0_masked"),
        *("fsc_05_unmasked", "fsc_0143_unmasked", "fsc_area"),
        *("d99", "d_model", "d_model_b0", "b_iso_overall"),
    ),
    "A.f": ("emringer_score", "max_z", "rotamer_ratio", "residues_scanned"),
    "A.j": ("rama_favoured", "rama_outliers", "rama_residues", "cbeta_outliers"),
}


def measured(entry: Entry, code: str, engine: str, folder: Path) -> CheckResult:
    """A check's result by an engine, without pictures."""
    undrawn = EngineError("not drawn")
    with (
        mock.patch("vrs_scipion.figures.plotting.save_picture"),
        mock.patch("vrs_scipion.figures.ribbons.draw_ribbons", side_effect=undrawn),
    ):
        return run_check(CHECKS[code], entry, folder, engine=engine)


def main() -> None:
    data, names = Path(sys.argv[1]), sys.argv[2:]
    for pair in PAIRS:
        if names and pair.name not in names:
            continue
        print(f"\n| {pair.name} | " + " | ".join(ENGINES) + " |\n|---|---|---|")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            request = Request.of(
                map=data / pair.map,
                model=data / pair.model,
                resolution=pair.resolution,
                contour=pair.contour,
            )
            entry = prepare(request, folder / "entry")
            for code, keys in SHOWN.items():
                compare(entry, code, keys, folder)


def compare(entry: Entry, code: str, keys: tuple[str, ...], folder: Path) -> None:
    """Print one check's numbers by both engines."""
    results, seconds = [], []
    for engine in ENGINES:
        before = processor_seconds()
        results.append(measured(entry, code, engine, folder / code / engine))
        seconds.append(processor_seconds() - before)
    if not results[0].measurements:
        print(f"| {code} | " + " | ".join(one.reason for one in results) + " |")
        return
    for key in keys:
        said = [one.measurements.get(key) for one in results]
        words = ["" if one is None or one.value is None else f"{one.value:.5g}" for one in said]
        print(f"| {key} | " + " | ".join(words) + " |")
    print(f"| {code}, s of a processor | " + " | ".join(f"{s:.1f}" for s in seconds) + " |")


def processor_seconds() -> float:
    """That this process and its children have taken."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
