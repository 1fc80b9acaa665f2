"""What the whole of Level 0 takes, from the map's file to the three files of the report.

    python benchmarks/load.py [SIDE ...] [--threads N] [--keep DIR]

Each map is a bundle of α-helices that grows with the box. Wall time, processor time and the peak of
the memory of all processes together; then each protocol's share, its start included. How time and
memory grow with the box stands at the end, as exponents of the number of voxels.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from vrs_scipion.maps.density import Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.report.folder import load_report
from vrs_scipion.simulation import (
    NoiseSpectrum,
    atoms_from_arrays,
    contour_from_model,
    gaussian_noise,
    helix_bundle,
    render,
)
from vrs_scipion.simulation.bundle import PACKING

_VOXEL = 1.0
_RESOLUTION = 3.2
_RADIUS = 0.28  # of the box
_RISE = 1.5
"""Å, of an α-helix by residue."""
_ROW = math.sqrt(3) / 2
_B_FACTOR = 60.0
_NOISE = 0.1
_SAMPLE_S = 0.2
_SERVER = "vrs_scipion.running.launching"
_TARGETS = {100: (30, math.inf), 256: (90, 3), 512: (600, 12)}


def protein(side: int) -> Volume:
    """A bundle of α-helices that grows with the box, in weak noise; its contour is 1."""
    across = 2 * _RADIUS * side * _VOXEL
    count = max(1, round(math.pi / 4 * across**2 / (_ROW * PACKING**2)))
    longest = round(across / _RISE)
    generator = np.random.default_rng(side)
    bundle = helix_bundle(generator, count, residues=(round(0.8 * longest), longest))
    positions = np.concatenate(bundle).reshape(-1, 3)
    elements = tuple("NCCOC") * (len(positions) // 5)
    atoms = atoms_from_arrays(positions, elements, np.full(len(positions), _B_FACTOR))
    density = render(atoms, (side,) * 3, _VOXEL, _RESOLUTION)
    noise = gaussian_noise(density.box, density.voxel_size, generator, NoiseSpectrum(_RESOLUTION))
    contour = contour_from_model(density, atoms)
    values: Volume = density.values / np.float32(contour) + np.float32(_NOISE) * noise
    return values


@dataclass
class Cost:
    """What a validation took: seconds of wall and processor, peak memory in bytes.

    ``shares`` are processor seconds and peak of each protocol with all that it started.
    """

    wall_s: float
    processor_s: float
    peak: int
    shares: dict[str, tuple[float, int]]


def measured(command: list[str], log: Path) -> Cost:
    """Run a command and watch it with all that it starts."""
    started = time.monotonic()
    seconds: dict[int, float] = {}
    names: dict[int, str] = {}
    peaks: Counter[str] = Counter()
    peak = 0
    with log.open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        root = psutil.Process(process.pid)
        while process.poll() is None:
            memory: Counter[str] = Counter()
            with contextlib.suppress(psutil.NoSuchProcess):
                for one in [root, *root.children(recursive=True)]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        name = names[one.pid] = _name(one, names)
                        times = one.cpu_times()
                        seconds[one.pid] = times.user + times.system
                        memory[name] += one.memory_full_info().pss
            for name, used in memory.items():
                peaks[name] = max(peaks[name], used)
            peak = max(peak, memory.total())
            time.sleep(_SAMPLE_S)
    if process.returncode not in (0, 3):
        raise SystemExit(log.read_text()[-2000:])
    processor: defaultdict[str, float] = defaultdict(float)
    for pid, used_s in seconds.items():
        processor[names[pid]] += used_s
    shares = {name: (processor[name], peaks[name]) for name in processor}
    return Cost(time.monotonic() - started, sum(processor.values()), peak, shares)


def _name(process: psutil.Process, names: Mapping[int, str]) -> str:
    """The protocol that a process belongs to, or 'driver' or 'server'."""
    if _SERVER not in process.cmdline():
        return names.get(process.ppid(), "driver")
    return process.name() if names.get(process.ppid()) == "server" else "server"


def validate(side: int, threads: int, folder: Path) -> Cost:
    """Validate a map of this side; print what it took."""
    path = folder / f"bundle_{side}.mrc"
    if not path.exists():
        write_volume(path, protein(side), (_VOXEL,) * 3)
    out = folder / f"out_{side}"
    cost = measured(
        [
            *(sys.executable, "-m", "vrs_scipion.cli", "validate", str(path), "--contour=1.0"),
            *(f"--resolution={_RESOLUTION}", f"--threads={threads}", f"--out={out}"),
        ],
        folder / f"log_{side}.txt",
    )
    seconds, gigabytes = _TARGETS.get(side, (math.inf, math.inf))
    print(
        f"{side}³: {cost.wall_s:.0f} s (asked: {seconds} s), {cost.processor_s:.0f} s of processor "
        f"time, {cost.peak / 1e9:.2f} GB (asked: {gigabytes} GB), load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    for name, (used_s, used) in sorted(cost.shares.items(), key=lambda item: -item[1][0]):
        print(
            f"    {name}: {used_s:.1f} s of processor time, {used / 1e9:.2f} GB "
            f"({used / (4 * side**3):.1f} volumes)",
            flush=True,
        )
    for check in load_report(out).checks:
        print(f"    {check.code}: {check.outcome.value} {check.reason}", flush=True)
    return cost


def main() -> None:
    """Every side in turn."""
    parser = argparse.ArgumentParser(description="Measure the whole of Level 0.")
    parser.add_argument("sides", type=int, nargs="*", default=[100, 256, 512])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="vrs_load_"))
        )
        folder.mkdir(exist_ok=True)
        costs = {side: validate(side, options.threads, folder) for side in options.sides}
    for small, large in zip(options.sides, options.sides[1:], strict=False):
        voxels = 3 * math.log(large / small)
        time_ = math.log(costs[large].processor_s / costs[small].processor_s) / voxels
        memory = math.log(costs[large].peak / costs[small].peak) / voxels
        print(f"{small}³ to {large}³: processor time ~ N^{time_:.2f}, memory ~ N^{memory:.2f}")


if __name__ == "__main__":
    main()
