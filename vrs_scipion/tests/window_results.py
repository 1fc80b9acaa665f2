"""A small folder of results for the tests of windows and viewers."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from vrs_scipion.checks.registry import CHECKS
from vrs_scipion.checks.run import failed, run_check
from vrs_scipion.entry.files import load_entry
from vrs_scipion.entry.prepare import Request, prepare
from vrs_scipion.figures.histogram import histogram_plot
from vrs_scipion.figures.plotting import plot_file, save_picture
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.report.compile import compile_report
from vrs_scipion.report.write import json_text
from vrs_scipion.results import (
    CheckResult,
    Criterion,
    Engine,
    Figure,
    Measurement,
    Outcome,
    OutputVolume,
    SurfaceColours,
)
from vrs_scipion.results.files import load_result, save_result
from vrs_scipion.tests.test_entry import blob

BOX = (30, 32, 34)
VOXEL = (1.5, 1.4, 1.3)
CONTOUR = 0.3


def make_results(folder: Path, *, report: bool = True) -> Path:
    """Leave a prepared map, 0.a and 0.b as computed, local values as 0.f, a failed 0.g."""
    path = folder / "blob.mrc"
    write_volume(path, blob(BOX), VOXEL)
    prepare(Request(path, CONTOUR, title="A blob"), folder / "entry")
    for code in ("0.a", "0.b"):
        run_check(CHECKS[code], folder / "entry", folder / "checks" / code)
    _save_local_values(folder / "checks" / "0.f")
    (folder / "checks" / "0.g").mkdir()
    save_result(failed(CHECKS["0.g"], "ValueError: too little memory"), folder / "checks" / "0.g")
    if report:
        write_json(folder)
    return folder


def write_json(folder: Path) -> None:
    """The report of the results that are there, without its pages."""
    results = [load_result(path) for path in sorted((folder / "checks").iterdir())]
    when = datetime(2026, 1, 2, tzinfo=timezone.utc)
    report = compile_report(load_entry(folder / "entry"), results, created=when)
    (folder / "report.json").write_text(json_text(report), encoding="utf-8")


def local_values() -> np.ndarray:
    """Values that grow along x, within the blob alone."""
    ramp = np.broadcast_to(np.arange(BOX[2], dtype=np.float32), BOX) - 100
    return np.where(blob(BOX) > CONTOUR, ramp, np.float32(0))


def _save_local_values(folder: Path) -> None:
    folder.mkdir(parents=True)
    values = local_values()
    inside = values[values != 0]
    write_volume(folder / "bmap.mrc", values, VOXEL)
    save_picture(histogram_plot(inside, xlabel="Local B-factor (Å²)"), folder / "histogram.svg")
    low, middle, high = (float(p) for p in np.percentile(inside, (2.5, 50, 97.5)))
    surface = SurfaceColours(volume="bmap.mrc", label="Local B-factor (Å²)", low=low, high=high)
    save_result(
        CheckResult(
            code="0.f",
            name="LocBfactor",
            outcome=Outcome.WARNINGS,
            headline="The map is oversharpened.",
            paragraphs=("The median is odd ({fig:histogram}, {fig:surface}).",),
            engine=Engine(name="builtin", version="1"),
            measurements={
                f"b_factor_{name}": Measurement(value=value, unit="Å²", description=name)
                for name, value in (("p2_5", low), ("p50", middle), ("p97_5", high))
            },
            criteria=(
                Criterion(
                    key="median",
                    subject="the median",
                    value=middle,
                    comparison=">",
                    limit=0.0,
                    unit="Å²",
                ),
            ),
            warnings=("The median is -83 Å², not above 0 Å².",),
            figures=(
                Figure(
                    key="histogram",
                    file="histogram.svg",
                    caption="Histogram.",
                    alt="A histogram.",
                    plot=plot_file("histogram.svg"),
                ),
                Figure(
                    key="surface",
                    file="histogram.svg",
                    caption="Surface.",
                    alt="A surface.",
                    surface=surface,
                ),
            ),
            volumes=(OutputVolume(key="b_factor", file="bmap.mrc", description="values"),),
        ),
        folder,
    )
