"""LocBfactor and LocOccupancy, built in, beside the package of their authors.

    python benchmarks/local_engines.py phantoms
    python benchmarks/local_engines.py real FOLDER
    python benchmarks/local_engines.py large [SIDE]
    python benchmarks/local_engines.py growth [SIDE ...]

``phantoms`` and ``real`` (maps of the EMDB in FOLDER) hold both engines' percentiles, their largest
difference in any voxel of the mask, times and memory beside each other. ``large`` times both in one
run at 256³. ``growth`` times the built-in one beside the bare transforms: one forward, four back
for each band, of the whole box. Every measurement runs in a process of its own with two threads;
memory is that of the process and its children, the interpreter and the map included, and time
leaves out starting and reading. Wall time depends on what else the machine does: processor seconds,
of all threads and children together, stand beside it.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from scipy import fft

from vrs_scipion.checks.local_values import measurable
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.reading import read_density
from vrs_scipion.methods import local_ucm, locbfactor, lococcupancy
from vrs_scipion.methods.local_sweep import shell_width
from vrs_scipion.simulation import (
    NoiseSpectrum,
    Phantom,
    apply_filter,
    demo_phantom,
    fall_off,
    frequency_grid,
    gaussian_noise,
)

THREADS = 2
PERCENTILES = (2.5, 25, 50, 75, 97.5)
REAL: tuple[tuple[str, float, float | None], ...] = (
    ("emd_3488.map.gz", 3.2, 0.05),
    ("emd_32143_lowres.map.gz", 2.8, None),
    ("emd_6824_region.mrc.gz", 5.8, None),
    ("emd_5168.map.gz", 6.6, None),
    ("emd_0093_m4A.mrc.gz", 3.4, None),
)
"""File, resolution in Å, contour (three standard deviations above the mean where unknown)."""

_SAMPLING_SECONDS = 0.05
_RADIUS = 0.27


@dataclass(frozen=True)
class Case:
    """A map with its mask and the finest resolution of the sweep."""

    name: str
    values: Volume
    voxel: float
    mask: Mask
    max_res: float


@dataclass(frozen=True)
class Measured:
    """What a process needed, and its values in the mask."""

    seconds: float
    processor: float
    gigabytes: float
    inside: np.ndarray[tuple[int], np.dtype[np.float32]]


def phantoms() -> Iterator[Case]:
    """Simulated maps, even boxes at voxels of half the resolution but where the name says so."""

    def make(side: int = 96, voxel: float = 1.75, **options: float) -> Phantom:
        return demo_phantom(box=(side,) * 3, voxel_size=voxel, n_helices=12, **options)  # type: ignore[arg-type]

    def case(name: str, values: Volume, like: Phantom, max_res: float = 3.5) -> Case:
        voxel = like.density.voxel_size[0]
        return Case(name, values.astype(np.float32), voxel, like.truth.mask, max_res)

    large, usual = make(128), make()
    values, mask = usual.density.values, usual.truth.mask
    grid = frequency_grid(usual.density.box, usual.density.voxel_size)
    yield case("SNR 30, 128³", large.density.values, large)
    yield case("SNR 30", values, usual)
    noisy, odd = make(snr=1.0), make(95, 1.6)
    yield case("SNR 1", noisy.density.values, noisy)
    yield case("odd box, 95³, within Nyquist", odd.density.values, odd)
    odd = make(95)
    yield case("odd box, 95³, at Nyquist", odd.density.values, odd)
    yield case("no noise", usual.truth.density.values, usual)
    yield case("masked", np.where(mask, values, 0), usual)
    yield case("blurred by 400 Å²", apply_filter(values, fall_off(grid, 400)), usual)
    yield case(
        "no noise, blurred by 400 Å²",
        apply_filter(usual.truth.density.values, fall_off(grid, 400)),
        usual,
    )
    yield case("sharpened by 200 Å²", apply_filter(values, fall_off(grid, -200)), usual)
    yield case("with an offset", values + 0.1, usual)
    pink = gaussian_noise(
        usual.density.box,
        usual.density.voxel_size,
        np.random.default_rng(5),
        NoiseSpectrum(exponent=1.0),
    )
    yield case("coloured noise only", pink, usual)
    yield case("narrow sweep, to 13 Å", values, usual, 13.0)


def real(folder: Path) -> Iterator[Case]:
    """Maps of the EMDB as the checks measure them."""
    for name, resolution, contour in REAL:
        if contour is None:
            density = read_density(folder / name)
            contour = float(density.values.mean() + 3 * density.values.std())
        with tempfile.TemporaryDirectory(prefix="vrs_benchmark_") as entry_folder:
            request = Request.of(map=folder / name, contour=contour, resolution=resolution)
            found = measurable(prepare(request, Path(entry_folder)))
            side = found.density.box[0]
            yield Case(
                f"{name.split('.')[0]}, {side}³",
                found.density.values.copy(),
                found.density.voxel_size[0],
                found.mask,
                found.max_res,
            )


def ball(side: int) -> Case:
    """Noise with a ball for its mask, at voxels of half the resolution."""
    steps = np.arange(side, dtype=np.float32) - side / 2
    radius = steps[:, None, None] ** 2 + steps[:, None] ** 2 + steps**2
    values = np.random.default_rng(1).standard_normal((side,) * 3, np.float32)
    return Case(f"{side}³", values, 1.5, radius < (_RADIUS * side) ** 2, 3.0)


def run_one(engine: str, measure: str, folder: Path) -> None:
    """What a process of its own does: time one measurement and keep the values."""
    values, mask = np.load(folder / "values.npy"), np.load(folder / "mask.npy")
    voxel, max_res = (float(n) for n in np.load(folder / "numbers.npy"))
    started, processor = time.perf_counter(), processor_seconds()
    found = None
    if engine == "bare":
        bare_transforms(values, 10 if measure == "b" else bands(values, voxel, max_res))
    else:
        function = FUNCTIONS[engine, measure]
        found = function(values, (voxel,) * 3, mask, max_res=max_res, threads=THREADS)
    print(time.perf_counter() - started, processor_seconds() - processor)
    if isinstance(found, np.ndarray):
        np.save(folder / "found.npy", found[mask])


FUNCTIONS: dict[tuple[str, str], Callable[..., object]] = {
    ("builtin", "b"): locbfactor.local_bfactor,
    ("builtin", "o"): lococcupancy.local_occupancy,
    ("builtin", "noise"): lococcupancy.local_occupancies,
    ("ucm", "b"): local_ucm.local_bfactor,
    ("ucm", "o"): local_ucm.local_occupancy,
}


def processor_seconds() -> float:
    """Processor time of this process, its threads and its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def bands(values: Volume, voxel: float, max_res: float) -> int:
    """Number of bands of the occupancy."""
    width = shell_width(4.8, values.shape, (voxel,) * 3)
    return lococcupancy.band_frequencies(15, max_res, width).size


def bare_transforms(values: Volume, count: int) -> None:
    """The real transforms of the whole box that a band's four fields are, and nothing else."""
    transform = fft.rfftn(values, workers=THREADS)
    for _ in range(4 * count):
        fft.irfftn(transform, s=values.shape, workers=THREADS)


def measured(case: Case, engine: str, measure: str) -> Measured:
    """Run one measurement in a process of its own and watch its memory."""
    with tempfile.TemporaryDirectory(prefix="vrs_benchmark_") as name:
        folder = Path(name)
        np.save(folder / "values.npy", case.values)
        np.save(folder / "mask.npy", case.mask)
        np.save(folder / "numbers.npy", (case.voxel, case.max_res))
        command = [sys.executable, __file__, "one", engine, measure, name]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        peak = 0
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(_SAMPLING_SECONDS)
        output, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"{engine} failed on {case.name}")
        kept = folder / "found.npy"
        inside = np.load(kept) if kept.exists() else np.empty(0, np.float32)
    wall, processor = (float(word) for word in output.split())
    return Measured(wall, processor, peak / 1e9, inside)


def memory(pid: int) -> int:
    """Memory of a process and its children, pages that they share counted once."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for member in (parent, *parent.children(recursive=True)):
            total += member.memory_full_info().pss
    except psutil.Error:
        pass
    return total


def compare(case: Case) -> None:
    """Print both engines' numbers of one map."""
    print(
        f"{case.name}: voxel {case.voxel:.4g} Å, to {case.max_res:.4g} Å, mask {case.mask.sum():,}"
    )
    for measure, label, digits in (("b", "B", 3), ("o", "occupancy", 4)):
        ours, theirs = (measured(case, engine, measure) for engine in ("builtin", "ucm"))
        difference = np.abs(ours.inside.astype(np.float64) - theirs.inside)
        summaries = [np.percentile(m.inside, PERCENTILES) for m in (ours, theirs)]
        for name, m, summary in zip(("ours", "ucm"), (ours, theirs), summaries, strict=True):
            numbers = " ".join(f"{v:10.{digits}f}" for v in summary)
            needed = f"{m.seconds:7.2f} s ({m.processor:7.2f}) {m.gigabytes:6.2f} GB"
            print(f"  {label:10s}{name:5s}{numbers}  {needed}")
        line = f"  {'':10s}percentiles differ by at most {np.ptp(summaries, 0).max():.1e}, voxels "
        line += f"by {difference.max():.1e}, {np.count_nonzero(difference > 1e-3):,} by over 0.001"
        if measure == "b":
            line += f", 1 − correlation {1 - np.corrcoef(ours.inside, theirs.inside)[0, 1]:.0e}"
        line += f"; {theirs.seconds / ours.seconds:.1f} × as fast"
        print(f"{line} ({theirs.processor / ours.processor:.1f})", flush=True)


def growth(sides: list[int]) -> None:
    """Print how time and memory grow, beside the bare transforms."""
    print("B with 10 bands; occupancy alone and with the one against the noise")
    for side in sides:
        case = ball(side)
        count = bands(case.values, case.voxel, case.max_res)
        bare = {m: measured(case, "bare", m) for m in ("b", "o")}
        for measure, label in (("b", "B"), ("o", "occupancy"), ("noise", "both occupancies")):
            found = measured(case, "builtin", measure)
            floor = bare["b" if measure == "b" else "o"]
            print(
                f"{side:4d}³ {label:17s}{10 if measure == 'b' else count:3d} bands "
                f"{found.seconds:7.2f} s ({found.processor:7.2f}) {found.gigabytes:5.2f} GB, bare "
                f"{floor.seconds:6.2f} s ({floor.processor:7.2f}): "
                f"{found.seconds / floor.seconds:.2f} × that "
                f"({found.processor / floor.processor:.2f})",
                flush=True,
            )


def main() -> None:
    """Run the part that is asked for."""
    what, *rest = sys.argv[1:] or ["phantoms"]
    if what == "one":
        run_one(rest[0], rest[1], Path(rest[2]))
    elif what == "growth":
        growth([int(side) for side in rest] or [128, 192, 256, 384])
    elif what == "large":
        compare(ball(int(rest[0]) if rest else 256))
    else:
        for case in real(Path(rest[0])) if what == "real" else phantoms():
            compare(case)


if __name__ == "__main__":
    main()
