"""Time and memory of ``simulate`` and of writing what it made.

    python benchmarks/simulation.py [SIDE ...]

A bundle of 32 helices, about 5,000 atoms, in a box of 160 Å: once without noise, once with noise,
half maps and a region of another resolution. Every run is a process of its own.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from vrs_scipion.simulation import (
    HalfSpace,
    Noise,
    Region,
    SimulationSettings,
    bundle_structure,
    simulate,
    write_simulation,
)

EXTENT = 160.0
HELICES = 32


def settings_of(side: int, degraded: bool) -> SimulationSettings:
    """A box of ``EXTENT``, filtered at 2.5 voxels but not beyond 3 Å."""
    voxel_size = EXTENT / side
    resolution = max(3.0, 2.5 * voxel_size)
    plain = {"resolution": resolution, "voxel_size": voxel_size, "box": side, "rotation": "random"}
    if not degraded:
        return SimulationSettings.model_validate(plain)
    coarser = Region(select=HalfSpace(normal=(0, 0, 1)), resolution=2 * resolution)
    noise = Noise(snr=1, at=1.2 * resolution)
    return SimulationSettings.model_validate(
        plain | {"noise": noise, "half_maps": True, "regions": (coarser,)}
    )


def measure(side: int, degraded: bool) -> None:
    """Simulate and write once, and print what it took."""
    model = bundle_structure(np.random.default_rng(0), HELICES)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    started = time.perf_counter()
    simulation = simulate(model, settings_of(side, degraded))
    simulated = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="vrs_benchmark_") as folder:
        write_simulation(simulation, Path(folder))
    written = time.perf_counter() - started
    kind = "noise, half maps, two resolutions" if degraded else "noise-free"
    print(
        f"{side}³, {len(simulation.truth.atoms):,} atoms, {kind}: {simulated:.2f} s, "
        f"{peak / 1e6:.0f} MB ({peak / (4 * side**3):.1f} volumes); written in {written:.2f} s"
    )


def main() -> None:
    """Run at every side."""
    context = multiprocessing.get_context("spawn")
    for side in [int(n) for n in sys.argv[1:]] or [64, 96, 128, 160, 192, 256]:
        for degraded in (False, True):
            process = context.Process(target=measure, args=(side, degraded))
            process.start()
            process.join()


if __name__ == "__main__":
    main()
