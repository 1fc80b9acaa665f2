"""What the checks of Level 1 cost: processor time and memory, in a process of their own each.

    python benchmarks/level1_speed.py [--edge N] [--repeat N] [--threads N]

Two half maps of a ball of noise that they share, in noise of their own, are prepared in a box of N
voxels an edge, 256 by default. The least of the repeats is printed. Other work on the machine slows
all of it alike: the time of one Fourier transform of the box is printed beside. Nothing is drawn.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent / "verdicts"))

import numpy as np
from validate import without_pictures

from vrs_scipion.checks.levels import CHECKS, level_of
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.methods.fsc import shell_correlation
from vrs_scipion.methods.shells import half_spectrum
from vrs_scipion.results import Outcome
from vrs_scipion.results.files import load_result

VOXEL, RESOLUTION, CONTOUR = 1.2, 4.0, 1.0
_BALL, _BLUR = 0.28, 200.0
"""Radius of the ball as a share of the edge, and what its noise is blurred by, Å²."""


def prepared(folder: Path, edge: int) -> None:
    """An entry of a map and two half maps in a folder."""
    generator = np.random.default_rng(1)
    axis = np.square(np.arange(edge) - edge // 2).astype(np.float32)
    inside = axis[:, None, None] + axis[:, None] + axis < (_BALL * edge) ** 2
    signal = _blurred(generator.standard_normal((edge,) * 3, dtype=np.float32) * inside)
    signal /= signal.std()
    noise = 2 * signal.std()
    halves = [
        signal + noise * generator.standard_normal((edge,) * 3, dtype=np.float32) for _ in range(2)
    ]
    files = {"map": signal + 4 * inside, "half1": halves[0], "half2": halves[1]}
    for name, values in files.items():
        write_volume(folder / f"{name}.mrc", values.astype(np.float32), (VOXEL,) * 3)
    paths = {name: folder / f"{name}.mrc" for name in files}
    prepare(Request.of(**paths, contour=CONTOUR, resolution=RESOLUTION), folder / "entry")


def _blurred(values: Volume) -> Volume:
    from scipy import fft

    spectrum = half_spectrum(values)
    z = np.square(fft.fftfreq(len(values), VOXEL))
    x = np.square(fft.rfftfreq(len(values), VOXEL))
    for plane, square in zip(spectrum, z, strict=True):
        plane *= np.exp(-_BLUR / 4 * (square + z[:, None] + x)).astype(np.float32)
    blurred: Volume = fft.irfftn(spectrum, s=values.shape)
    return blurred


def _transform(entry: Entry) -> None:
    half_spectrum(entry.half_maps().first.values)


def _correlation(entry: Entry) -> None:
    halves = entry.half_maps()
    shell_correlation(halves.first.values, halves.second.values, halves.first.voxel_size)


NUMERICS: dict[str, Callable[[Entry], None]] = {
    "one transform": _transform,
    "FSC of two maps": _correlation,
}
PARTS = (*NUMERICS, *(check.code for check in level_of("1").checks))


def measure(name: str, folder: Path, threads: int) -> None:
    """Print what a part costs, as JSON; the pictures are those of any check, and left out."""
    run = _numerics(name, folder) if name in NUMERICS else _check(name, folder, threads)
    started = time.process_time()
    with mock.patch("vrs_scipion.figures.plotting.save_picture"), without_pictures():
        run()
    seconds = time.process_time() - started
    print(json.dumps({"seconds": seconds, "peak": peak_memory()}))


def _numerics(name: str, folder: Path) -> Callable[[], None]:
    """A part of the half maps, which have been read."""
    entry = Entry.at(folder / "entry")
    entry.half_maps()
    return partial(NUMERICS[name], entry)


def _check(name: str, folder: Path, threads: int) -> Callable[[], None]:
    """A check of the entry, which may read those before it."""
    codes = [code for code in CHECKS[name].earlier if (folder / code).is_dir()]
    results = {code: load_result(folder / code) for code in codes}

    def run() -> None:
        result = run_check(
            CHECKS[name],
            Entry.at(folder / "entry"),
            folder / name,
            engine=BUILTIN,
            threads=threads,
            results=results,
            folders={code: folder / code for code in codes},
        )
        if result.outcome in (Outcome.FAILED, Outcome.NOT_APPLICABLE):
            raise SystemExit(f"{name}: {result.outcome.value}. {result.reason}")

    return run


def peak_memory() -> float:
    """The most memory that this process has held, bytes; what its parent held does not count."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return 1024 * float(line.split()[1])


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        measure(options.part, options.folder, options.threads)
        return
    print(f"{options.edge}³ voxels: processor seconds, and the most memory in GB")
    total = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared(folder, options.edge)
        Entry.at(folder / "entry").half_spectra()  # kept: all checks of a level share them
        for part in PARTS:
            found = [_in_a_process(part, folder, options.threads) for _ in range(options.repeat)]
            seconds = min(one["seconds"] for one in found)
            peak = max(one["peak"] for one in found)
            total += seconds if part in CHECKS else 0
            print(f"{part:20s} {seconds:6.2f} {peak / 1e9:6.2f}", flush=True)
    print(f"{'all checks':20s} {total:6.2f}")


def _in_a_process(part: str, folder: Path, threads: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--part", part, "--folder", str(folder)]
    command += ["--threads", str(threads)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(said.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
