"""What the checks measure on phantoms of known quality: the context that reports print.

    python benchmarks/report_context.py [--seeds N] [--checks CODE ...]

Each phantom is a bundle of poly-alanine α-helices, B-factors from 40 to 100 Å², with Gaussian
noise that ends, like the signal, at the resolution. It is validated as it is, with that resolution
and the contour recommended by its model; the numbers of all phantoms of a resolution make a row of
``vrs_scipion/report/context.json``, which this program writes. Keys of checks that the package
does not have, or that do not apply, have no row. With ``--checks`` only those are measured anew and
the rows of the others stay: what to do when the weights of a network have changed.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from vrs_scipion import __version__
from vrs_scipion.checks.levels import CHECKS
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.files import written_whole
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.report.context import FILE, ContextTable, Provenance, Row, context_table
from vrs_scipion.simulation import demo_phantom

KEYS = (
    ("0.d", "b_factor"),
    ("0.e", "resolution_p50"),
    ("0.f", "b_factor_p50"),
    ("0.g", "noise_occupancy_p50"),
    ("0.h", "hand"),
)
RESOLUTIONS = (3.0, 4.0, 5.0, 6.5, 8.0, 10.0)
SNR = (30.0, 10.0)
EXTENT = 130.0
"""Å: of the box."""


def measure(
    codes: Collection[str], seed: int, resolution: float, snr: float, folder: Path
) -> dict[tuple[str, str], float]:
    """The numbers of one phantom by check and key."""
    voxel = resolution / 3
    side = 2 * round(EXTENT / voxel / 2)
    phantom = demo_phantom(seed, box=(side,) * 3, voxel_size=voxel, resolution=resolution, snr=snr)
    path = folder / "map.mrc"
    write_volume(path, phantom.density.values, phantom.density.voxel_size)
    request = Request.of(map=path, contour=phantom.contour, resolution=resolution)
    entry = prepare(request, folder / "entry")
    found = {}
    for code in sorted(set(codes) & set(CHECKS)):
        result = run_check(CHECKS[code], entry, folder / code, engine=BUILTIN)
        for key in (key for of, key in KEYS if of == code):
            measured = result.measurements.get(key)
            if measured is not None and measured.value is not None:
                found[code, key] = float(measured.value)
    return found


def measure_all(codes: Collection[str], seeds: Collection[int]) -> list[Row]:
    """A row for each key and resolution."""
    values: dict[tuple[str, str, float], list[float]] = defaultdict(list)
    for resolution, snr, seed in itertools.product(RESOLUTIONS, SNR, seeds):
        with tempfile.TemporaryDirectory() as folder:
            found = measure(codes, seed, resolution, snr, Path(folder))
        for (code, key), value in found.items():
            values[code, key, resolution].append(value)
        print(resolution, snr, seed, found, flush=True)
    return [
        Row(
            check=code,
            key=key,
            resolution=resolution,
            lowest=min(found),
            median=statistics.median(found),
            highest=max(found),
            phantoms=len(found),
        )
        for (code, key, resolution), found in values.items()
    ]


def main() -> None:
    """Measure the phantoms and write the table."""
    every = sorted({code for code, _ in KEYS})
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--checks", nargs="+", choices=every, default=every)
    options = parser.parse_args()
    seeds = tuple(range(1, 1 + options.seeds))
    kept = [row for row in context_table().rows if row.check not in options.checks]
    rows = [*kept, *measure_all(options.checks, seeds)]
    table = ContextTable(
        provenance=Provenance(
            program="benchmarks/report_context.py",
            vrs_version=__version__,
            engine=BUILTIN,
            phantoms="bundles of 19 poly-alanine α-helices of 24 to 38 residues, B-factors from "
            "40 to 100 Å², Gaussian noise up to the resolution",
            snr=SNR,
            seeds=seeds,
        ),
        rows=tuple(sorted(rows, key=lambda row: (row.check, row.key, row.resolution))),
    )
    with written_whole(FILE) as path:
        path.write_text(table.model_dump_json(indent=1) + "\n", encoding="utf-8")
    print(FILE)


if __name__ == "__main__":
    main()
