"""How well the resolution networks tell local resolution, on maps that they were not trained on.

    python benchmarks/local_resolution.py --models FOLDER --maps FOLDER [--only PART …]

Prints the tables of the model card ``resolution.md``: errors and coverage by resolution for the
structures of the test part of ``training/hand_split.json``; split maps; real maps, as they are,
low-passed, and with their spectrum flattened; a published local-resolution map; time and memory.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.stats import pearsonr, spearmanr

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "training"), str(ROOT)]

from hand_maps import read_split  # noqa: E402
from resolution_maps import CONDITIONS, SPLIT, known_maps  # noqa: E402

from vrs_scipion.maps.density import Density, Mask  # noqa: E402
from vrs_scipion.maps.masks import hard_mask  # noqa: E402
from vrs_scipion.maps.reading import read_density  # noqa: E402
from vrs_scipion.methods.guinier import fit_guinier, nyquist  # noqa: E402
from vrs_scipion.methods.local_resolution import (  # noqa: E402
    LocalResolution,
    flattened,
    local_resolution,
)
from vrs_scipion.simulation import (  # noqa: E402
    NoiseSpectrum,
    frequency_grid,
    gaussian_noise,
    low_pass,
)

FINEST, COARSEST = 1.5, 13.0
PER_STRUCTURE = 1
"""Maps of each structure in each condition."""
LOW_PASSED = (5.0, 7.0, 9.0, 12.0)


@dataclass(frozen=True)
class RealMap:
    """A map of the shared data, with the numbers that it is validated with."""

    file: str
    voxel: float
    resolution: float
    contour: float


REAL_MAPS = (
    RealMap("emd_3488.map.gz", 1.05, 3.2, 0.1),
    RealMap("emd_0093_m4A.mrc.gz", 1.34, 3.4, 0.6),
    RealMap("emd_32143_lowres.map.gz", 1.5272, 3.2, 0.02),
    RealMap("emd_6824_region.mrc.gz", 2.64, 5.8, 0.0),
    RealMap("emd_5168.map.gz", 1.742, 6.6, 10.0),
    RealMap("ngl_betaGal.mrc.gz", 3.54, 8.0, 0.06),
)
PUBLISHED = ("ngl_betaGal.mrc.gz", "ngl_betaGal_localResolution.mrc.gz")


def simulated(models: Path, maps: Path, threads: int, every: int) -> None:
    """Errors by condition and by 1 Å of the true resolution; coverage of the error bars."""
    rows: dict[tuple[str, int], list[NDArray[np.float64]]] = defaultdict(list)
    halves: dict[float, list[float]] = defaultdict(list)
    records = read_split(ROOT / "training/hand_split.json", "test")
    for _, condition, resolution, known in known_maps(
        models, records[::every], PER_STRUCTURE, FINEST, COARSEST
    ):
        result = local_resolution(known.density, known.mask, threads=threads)
        found, truth = result.half_amplitude[known.mask], known.truth[known.mask]
        if condition == "split":
            for d in SPLIT:
                halves[d].append(float(np.median(found[truth == np.float32(d)])))
            continue
        # the error bar is that of DeepRes' convention, whose scale at d is (1 − d/100)⁻²
        scale = (1 - 0.01 * found) ** 2
        error = found - truth
        within = np.abs(error) < result.uncertainty[known.mask] * scale
        row = np.array([np.abs(error).mean(), error.mean(), within.mean()])
        rows[condition, int(resolution)].append(row)
    print("\nmean absolute error (bias) Å, coverage of the 68 % error bars; one vote per map")
    print("| resolution |", " | ".join(c for c in CONDITIONS if c != "split"), "| maps |")
    for bin_ in [*range(int(FINEST), int(COARSEST)), None]:
        cells, count = [], 0
        for condition in CONDITIONS[:-1]:
            chosen = [
                r for (c, b), v in rows.items() if c == condition and bin_ in (b, None) for r in v
            ]
            mae, bias, covered = np.mean(chosen, axis=0) if chosen else (np.nan,) * 3
            cells.append(f"{mae:.2f} ({bias:+.2f}) {100 * covered:.0f} %")
            count += len(chosen)
        name = "all" if bin_ is None else f"{max(bin_, FINEST):g}–{bin_ + 1}"
        print(f"| {name} |", " | ".join(cells), f"| {count} |")
    for d, medians in halves.items():
        print(
            f"split, {d:g} Å side: mean of medians {np.mean(medians):.2f}, mean absolute error "
            f"{np.mean(np.abs(np.array(medians) - d)):.2f}, {len(medians)} maps"
        )


def real(models: Path, maps: Path, threads: int, every: int) -> None:
    """Real maps as they are, flattened and low-passed."""
    print("\n| map | d | median | 2.5–97.5 % | ± | d½ | flattened (B) | fine | s | CPU s | MB |")
    for given in REAL_MAPS:
        density, mask = _read(maps, given)
        clock = _Clock()
        result = local_resolution(density, mask, threads=threads)
        taken = str(clock)
        low, median, high = np.nanpercentile(result.resolution, (2.5, 50, 97.5))
        print(
            f"| {given.file} | {given.resolution} | {median:.2f} | {low:.2f}–{high:.2f} "
            f"| {np.nanmedian(result.uncertainty):.2f} | {np.nanmedian(result.half_amplitude):.2f} "
            f"| {_flattened_median(density, mask, given, threads)} "
            f"| {100 * result.fine_fraction:.0f} % | {taken} | {_memory():.0f} |",
            flush=True,
        )
    for flat in (False, True):
        print(
            "\n| flattened, then low-passed to |" if flat else "\n| low-passed to |",
            " | ".join(f"{d:g}" for d in LOW_PASSED),
            "|",
        )
        for given in REAL_MAPS:
            density, mask = _read(maps, given)
            if flat:
                density = _flattened(density, given)[0]
            cells = [
                _half_amplitude(_low_passed(density, d), mask, threads)
                if d >= given.resolution + 1
                else ""
                for d in LOW_PASSED
            ]
            print(f"| {given.file} |", " | ".join(cells), "|", flush=True)


def published(models: Path, maps: Path, threads: int, every: int) -> None:
    """β-Galactosidase beside a local-resolution map that came with it."""
    given = next(m for m in REAL_MAPS if m.file == PUBLISHED[0])
    density, mask = _read(maps, given)
    truth = read_density(maps / PUBLISHED[1], given.voxel).values
    flat = _flattened(density, given)[0]
    inside = (density.values >= given.contour) & mask & (truth > 0)
    print(f"\npublished: {np.percentile(truth[inside], (2.5, 50, 97.5))}, {inside.sum()} voxels")
    for name, seen in (("as it is", density), ("flattened", flat)):
        found = local_resolution(seen, mask, threads=threads).half_amplitude[inside]
        print(
            f"{name}: {np.percentile(found, (2.5, 50, 97.5)).round(2)}, Pearson "
            f"{pearsonr(found, truth[inside])[0]:.2f}, Spearman "
            f"{spearmanr(found, truth[inside])[0]:.2f}"
        )


def speed(models: Path, maps: Path, threads: int, every: int) -> None:
    """Noise that fills its box, and a ball in a large one."""
    print("\n| box | voxel | mask | resolution | s | CPU s | MB |")
    for edge, voxel, radius, resolution in (
        (160, 1.0, 1.0, 4.0),
        (256, 0.8, 0.32, 4.0),
        (256, 0.8, 0.32, 2.2),
    ):
        generator = np.random.default_rng(0)
        spectrum = NoiseSpectrum(resolution)
        noise = gaussian_noise((edge,) * 3, (voxel,) * 3, generator, spectrum)
        density = Density(noise, (voxel,) * 3)
        axis = np.arange(edge) - edge // 2
        r2 = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2
        mask = r2 <= (radius * edge) ** 2 if radius < 1 else np.ones((edge,) * 3, bool)
        before, clock = _memory(), _Clock()
        local_resolution(density, mask, threads=threads)
        taken = str(clock)
        share = np.mean(mask)
        print(
            f"| {edge}³ | {voxel} | {100 * share:.0f} % | {resolution} | {taken} "
            f"| {_memory() - before:.0f} more |",
            flush=True,
        )


def _read(maps: Path, given: RealMap) -> tuple[Density, Mask]:
    density = read_density(maps / given.file, given.voxel)
    contour = given.contour or float(density.values.mean() + 3 * density.values.std())
    return density, hard_mask(density.values, contour, density.voxel_size)


def _flattened_median(density: Density, mask: Mask, given: RealMap, threads: int) -> str:
    flat, b = _flattened(density, given)
    result: LocalResolution = local_resolution(flat, mask, threads=threads)
    return f"{np.nanmedian(result.resolution):.2f} ({b:.0f})"


def _flattened(density: Density, given: RealMap) -> tuple[Density, float]:
    """The map with its spectrum flattened, and the B-factor that was undone."""
    finest = max(given.resolution, nyquist(density.voxel_size))
    b = fit_guinier(density, finest).b_factor
    return flattened(density, b, finest), b


def _half_amplitude(density: Density, mask: Mask, threads: int) -> str:
    return f"{np.nanmedian(local_resolution(density, mask, threads=threads).half_amplitude):.2f}"


def _low_passed(density: Density, d: float) -> Density:
    s = frequency_grid(density.box, density.voxel_size)
    values = fft.irfftn(fft.rfftn(density.values) * low_pass(s, d), s=density.box)
    return replace(density, values=values.astype(np.float32))


class _Clock:
    """Seconds since it was made: of the wall, and of all threads whatever else runs."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def __str__(self) -> str:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return f"{wall:.1f} | {cpu:.1f}"


def _memory() -> float:
    """Most memory that this process has held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


PARTS: dict[str, Callable[[Path, Path, int, int], None]] = {
    "speed": speed,
    "real": real,
    "published": published,
    "simulated": simulated,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True, help="atomic models, index.json")
    parser.add_argument("--maps", type=Path, required=True, help="real maps")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="every nth test structure")
    given = parser.parse_args()
    for name in given.only:
        PARTS[name](given.models, given.maps, given.threads, given.every)


if __name__ == "__main__":
    main()
