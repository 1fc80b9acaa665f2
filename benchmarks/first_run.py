"""Time and memory of ``vrs validate`` from the map file to the report.

    python benchmarks/first_run.py [MAP CONTOUR [RESOLUTION]]

Without a map it makes phantoms of 100³, 128³ and 256³ voxels. It prints the wall time, each
protocol's share, and the largest memory of any one process, in float32 volumes of the map too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from vrs_scipion.maps.reading import read_header
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.simulation import demo_phantom

_SAMPLING_SECONDS = 0.02


def watch(process: subprocess.Popen[str], peaks: dict[int, int], names: dict[int, str]) -> None:
    """Note the largest resident memory of the process and its descendants until it ends."""
    while process.poll() is None:
        try:
            family = [psutil.Process(process.pid)]
            family += family[0].children(recursive=True)
        except psutil.NoSuchProcess:
            return
        for member in family:
            try:
                memory = member.memory_info().rss
                names[member.pid] = f"{member.name()}: {' '.join(member.cmdline())[-80:]}"
            except psutil.Error:
                continue
            peaks[member.pid] = max(peaks.get(member.pid, 0), memory)
        time.sleep(_SAMPLING_SECONDS)


def run(path: Path, contour: float, resolution: float | None) -> None:
    """Validate one map and print what it took."""
    header = read_header(path)
    volume = header.values * 4
    with tempfile.TemporaryDirectory(prefix="vrs_benchmark_") as folder:
        out = Path(folder) / "out"
        command = [sys.executable, "-m", "vrs_scipion.cli", "validate", str(path)]
        command += ["--contour", repr(contour), "--out", str(out)]
        command += ["--resolution", repr(resolution)] if resolution else []
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        peaks: dict[int, int] = {}
        names: dict[int, str] = {}
        watcher = threading.Thread(target=watch, args=(process, peaks, names))
        watcher.start()
        output, errors = process.communicate()
        wall = time.perf_counter() - started
        watcher.join()
        print(f"== {path.name}: {' × '.join(map(str, header.shape))}, exit {process.returncode}")
        if process.returncode not in (0, 3):
            print(output, errors)
            return
        print(f"wall {wall:.1f} s")
        for line in errors.splitlines():
            if " in " in line:
                print(f"  {line}")
        for check in json.loads((out / "report.json").read_text())["checks"]:
            print(f"  {check['code']}: {check['seconds']:.2f} s computing")
        for pid, peak in sorted(peaks.items(), key=lambda item: -item[1])[:4]:
            print(f"  {peak / 1e6:.0f} MB = {peak / volume:.1f} volumes: {names[pid]}")


def main() -> None:
    """Run on the map given, or on phantoms."""
    if len(sys.argv) > 2:
        resolution = float(sys.argv[3]) if len(sys.argv) > 3 else None
        run(Path(sys.argv[1]), float(sys.argv[2]), resolution)
        return
    for side, voxel in ((100, 1.4), (128, 1.1), (256, 0.8)):
        phantom = demo_phantom(box=(side,) * 3, voxel_size=voxel)
        with tempfile.TemporaryDirectory(prefix="vrs_benchmark_") as folder:
            path = Path(folder) / f"phantom_{side}.mrc"
            write_volume(path, phantom.density.values, phantom.density.voxel_size)
            run(path, phantom.contour, phantom.resolution)


if __name__ == "__main__":
    main()
