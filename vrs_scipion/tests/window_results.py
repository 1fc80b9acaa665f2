"""A small folder of results for the tests of windows and viewers."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from vrs_scipion.checks.levels import CHECKS, LOOKS
from vrs_scipion.checks.run import failed, run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.histogram import histogram_plot
from vrs_scipion.figures.plotting import plot_file, save_picture
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.report.compile import compile_report
from vrs_scipion.report.folder import place_of, result_folders
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
RESOLUTION, NOISE = 8.0, 0.05


def make_results(folder: Path, *, report: bool = True) -> Path:
    """Leave a prepared map, 0.a and 0.b as computed, local values as 0.f, a failed 0.g."""
    path = folder / "blob.mrc"
    write_volume(path, blob(BOX), VOXEL)
    request = Request.of(map=path, contour=CONTOUR, title="A blob")
    entry = prepare(request, folder / "entry")
    for code in ("0.a", "0.b"):
        run_check(CHECKS[code], entry, folder / place_of(code))
    _save_local_values(entry, folder / place_of("0.f"))
    crashed = CHECKS["0.g"]
    (folder / place_of("0.g")).mkdir()
    reason = "ValueError: too little memory"
    save_result(failed(crashed, reason, entry.used(crashed.needs)), folder / place_of("0.g"))
    if report:
        write_json(folder)
    return folder


def make_half_map_results(folder: Path) -> Path:
    """Leave a prepared map and half maps, what shows both, 0.a and 1.a."""
    entry = prepare_half_maps(folder)
    for one in (LOOKS["map"], LOOKS["half_maps"], CHECKS["0.a"], CHECKS["1.a"]):
        run_check(one, entry, folder / place_of(one.code))
    write_json(folder)
    return folder


def prepare_half_maps(folder: Path, margin: int = 0) -> Entry:
    """A prepared map and its half maps, those wider than it by some voxels at every face."""
    whole = blob(BOX)
    files = {"map": folder / "blob.mrc", "half1": folder / "one.mrc", "half2": folder / "two.mrc"}
    write_volume(files["map"], whole, VOXEL)
    for seed, key in enumerate(("half1", "half2")):
        half = np.pad(whole, margin)
        noise = np.random.default_rng(seed).normal(scale=NOISE, size=half.shape)
        write_volume(files[key], half + noise.astype(np.float32), VOXEL)
    request = Request.of(**files, contour=CONTOUR, resolution=RESOLUTION, title="A blob in halves")
    return prepare(request, folder / "entry")


def write_json(folder: Path) -> None:
    """The report of the results that are there, without its pages."""
    results = [load_result(path) for path in result_folders(folder)]
    report = compile_report(
        Entry.at(folder / "entry"),
        [result for result in results if result.code in CHECKS],
        [result for result in results if result.code in LOOKS],
        created=datetime(2026, 1, 2, tzinfo=timezone.utc),
    )
    (folder / "report.json").write_text(json_text(report), encoding="utf-8")


def local_values() -> np.ndarray:
    """Values that grow along x, within the blob alone."""
    ramp = np.broadcast_to(np.arange(BOX[2], dtype=np.float32), BOX) - 100
    return np.where(blob(BOX) > CONTOUR, ramp, np.float32(0))


def _save_local_values(entry: Entry, folder: Path) -> None:
    folder.mkdir(parents=True)
    values = local_values()
    inside, label = values[values != 0], "Local B-factor (Å²)"
    write_volume(folder / "bmap.mrc", values, VOXEL)
    save_picture(histogram_plot(inside, xlabel=label), folder / "histogram.svg")
    low, middle, high = (float(p) for p in np.percentile(inside, (2.5, 50, 97.5)))
    surface = SurfaceColours(volume="bmap.mrc", label=label, low=low, high=high)
    save_result(
        CheckResult(
            code="0.f",
            name="LocBfactor",
            outcome=Outcome.WARNINGS,
            headline="The map is oversharpened.",
            inputs=entry.used(("map",)),
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
            volumes=(
                OutputVolume(
                    key="b_factor",
                    file="bmap.mrc",
                    description="values",
                    kind="values",
                    label=label,
                    unit="Å²",
                    range=(low, high),
                ),
            ),
        ),
        folder,
    )
