"""How the time and memory of 0.b grow with the number of noise blobs: they must not be quadratic.

    python benchmarks/many_blobs.py [SIDE ...]

Each map is white noise with a ball in the middle, at the contour where about every fortieth voxel
is above it and forms a blob of its own.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from vrs_scipion.checks.level0_b_mask import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.writing import write_volume

_CONTOUR = 2.0


def noisy_ball(side: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """White noise of σ = 1 outside a ball of radius side/8 and density 10."""
    values = np.random.default_rng(1).standard_normal((side,) * 3, np.float32)
    steps = np.arange(side, dtype=np.float32) - side // 2
    distance = steps[:, None, None] ** 2 + steps[:, None] ** 2 + steps**2
    values[distance < (side / 8) ** 2] = 10
    values[[0, -1]] = 0
    return values


def main() -> None:
    """Run 0.b at every side."""
    for side in [int(n) for n in sys.argv[1:]] or [100, 200, 400]:
        with tempfile.TemporaryDirectory(prefix="vrs_benchmark_") as name:
            folder = Path(name)
            write_volume(folder / "map.mrc", noisy_ball(side), (1.0, 1.0, 1.0))
            started = time.perf_counter()
            request = Request.of(map=folder / "map.mrc", contour=_CONTOUR)
            entry = prepare(request, folder / "entry")
            prepared = time.perf_counter() - started
            result = run_check(CHECK, entry, folder / "out")
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            print(
                f"{side}³: {result.measurements['components'].value:,} components, prepare "
                f"{prepared:.1f} s, 0.b {result.seconds:.1f} s, peak {peak / 1e6:.0f} MB "
                f"({peak / (4 * side**3):.1f} volumes)"
            )


if __name__ == "__main__":
    main()
