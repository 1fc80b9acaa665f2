"""Time and memory of the Guinier analysis, and of Xmipp's where it is here.

    python benchmarks/guinier.py [SIDE ...]

Each map is noise whose amplitudes fall by a B-factor of about −80 Å². Every measurement runs in a
process of its own; its largest resident memory includes the interpreter's and the map's.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import ndimage

from vrs_scipion.maps.density import Density
from vrs_scipion.maps.reading import read_density
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import guinier_xmipp, xmipp
from vrs_scipion.methods.guinier import GuinierFit, analyse

_VOXEL = 0.8
_RESOLUTION = 2.5
_SIGMA = np.sqrt(80 / 8) / np.pi / _VOXEL


def make_map(path: Path, side: int) -> None:
    """White noise under a Gaussian filter, whose transform is nearly exp(−80 s²/4)."""
    values = np.random.default_rng(1).standard_normal((side,) * 3, np.float32)
    write_volume(path, ndimage.gaussian_filter(values, _SIGMA), (_VOXEL,) * 3)


def builtin(path: Path, density: Density, threads: int) -> GuinierFit:
    """Fit, correct and write with the built-in engine."""
    fit, corrected = analyse(density, _RESOLUTION, threads=threads)
    write_volume(path.with_name("corrected.mrc"), corrected.values, density.voxel_size)
    return fit


def external(path: Path, density: Density, threads: int) -> GuinierFit:
    """Fit and correct with Xmipp, which writes the corrected map itself."""
    program = xmipp.require_program(guinier_xmipp.PROGRAM)
    return guinier_xmipp.fit(program, path, density, _RESOLUTION)[0]


def measure(name: str, run: Callable[..., GuinierFit], path: Path, threads: int) -> None:
    """Read the map, run once, and print what it took."""
    density = read_density(path)
    started, busy = time.perf_counter(), time.process_time()
    fit = run(path, density, threads)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(
        f"{density.box[0]}³ {name}: {seconds:.2f} s ({busy:.2f} s of this process's CPU), "
        f"peak {max(peak, child) / 1e6:.0f} MB, "
        f"slope {fit.slope:.6g} Å², intercept {fit.intercept:.6g}, B {fit.b_factor:.6g} Å²",
        flush=True,
    )


def main() -> None:
    """Measure every side."""
    fresh = multiprocessing.get_context("spawn")
    runs: list[tuple[str, Callable[..., GuinierFit], int]] = [
        ("builtin, 1 thread", builtin, 1),
        ("builtin, 2 threads", builtin, 2),
    ]
    here = xmipp.availability(guinier_xmipp.PROGRAM)
    if here.here:
        runs.append(("xmipp", external, 1))
    else:
        print(f"no Xmipp to compare with: {here.detail}")
    for side in [int(n) for n in sys.argv[1:]] or [128, 256]:
        with tempfile.TemporaryDirectory(prefix="vrs_benchmark_") as folder:
            path = Path(folder) / "map.mrc"
            make_map(path, side)
            for name, run, threads in runs:
                process = fresh.Process(target=measure, args=(name, run, path, threads))
                process.start()
                process.join()


if __name__ == "__main__":
    main()
