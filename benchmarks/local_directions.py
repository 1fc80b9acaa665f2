"""How near 1.f comes to the truth, how often it warns of even half maps, and what it takes.

    python benchmarks/local_directions.py MODELS [--out FILE] [--most N]
    python benchmarks/local_directions.py --times EDGE [EDGE ...]

MODELS is a folder with ``index.json`` and atomic structures. They become the half maps of
``directional.py``: with even noise, and every third one with a signal that is lost along a random
axis. FILE has a line for each pair; a run that was stopped goes on where it was, structure by
structure. ``--times`` prints processor seconds of boxes of so many voxels, on one thread.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from directional import ATOMS, DRAWN, RESOLUTION, UNEVEN, VOXEL, halves

from vrs_scipion.checks import level1_f_local_directions as check
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import hard_mask
from vrs_scipion.methods.local_bands import windows_in
from vrs_scipion.methods.local_directions import (
    Uniformity,
    local_directions,
    preference_of,
    radii_in,
    slope_of,
    uniformity_of,
)
from vrs_scipion.methods.shells import half_spectrum
from vrs_scipion.simulation.anisotropy import Anisotropy
from vrs_scipion.simulation.model_to_map import simulate
from vrs_scipion.simulation.settings import SimulationSettings

LOSSES = (0.1, 0.2, 0.3)
CASES = ("even", *(f"loss {loss:g}" for loss in LOSSES))
_SURE = 2.0


@dataclass(frozen=True)
class Found:
    """What was measured of a pair of half maps."""

    file: str
    case: str
    edge: int
    independent: float
    shares: list[float]
    ratio: float
    ratio_error: float
    off_axis: float
    anisotropy: float
    error: float
    mean: float
    mean_gold: float
    slope: float
    slope_error: float

    @property
    def uniformity(self) -> Uniformity:
        return uniformity_of(np.array(self.shares), self.independent)

    @property
    def truth(self) -> float:
        """Of the ratio."""
        return 1 / (1 - float(self.case.split()[1])) if self.case != "even" else 1.0

    @property
    def warned(self) -> tuple[bool, bool]:
        """By the finest directions, and by the ratio."""
        limits = check.CHECK.limit_values()
        sure = self.ratio - _SURE * self.ratio_error
        shares = self.uniformity
        uneven = shares.p < limits[check.CHANCE] and 100 * shares.excess > limits[check.UNEVEN]
        return uneven, sure > limits[check.RATIO]


def measured(
    pair: Sequence[Volume], mask: Mask, voxel: Triple, file: str, case: str, of: Anisotropy
) -> Found:
    first, second = map(half_spectrum, pair)
    both = local_directions(first, second, mask, voxel, resolution=RESOLUTION)
    half, inside = both.half, both.half.in_mask
    frequency, mean = half.frequency[:, inside], half.mean[inside]
    shares = half.finest.mean(axis=1)
    independent = windows_in(mask.sum() * math.prod(voxel), float(np.median(mean)))
    error = np.nanmedian(half.error[:, inside] * frequency**2) / math.sqrt(independent)
    preference = preference_of(half.axes, frequency.mean(axis=1), float(error))
    on_voxels = half.grid.on_voxels(half.mean)[mask]
    known = np.isfinite(on_voxels)
    slope = slope_of(on_voxels[known], radii_in(mask, voxel)[known], independent)
    axis = np.array(of.axis[::-1]) / np.linalg.norm(of.axis)
    return Found(
        file,
        case,
        max(mask.shape),
        independent,
        (shares / shares.sum()).tolist(),
        preference.ratio.value,
        preference.ratio.error,
        math.degrees(math.acos(min(1.0, abs(float(preference.worst @ axis))))),
        float(np.median((half.worst - half.best)[inside] / mean)),
        float(np.nanmedian(half.error)),
        float(mean.mean()),
        float(both.gold.mean[inside].mean()),
        10 * slope.value,
        10 * slope.error,
    )


def of_structure(path: Path, number: int) -> Iterator[Found]:
    """Everything of one structure."""
    settings = SimulationSettings(
        resolution=DRAWN, voxel_size=(VOXEL,) * 3, rotation="random", seed=number, margin=16
    )
    simulation = simulate(str(path), settings)
    density = simulation.truth.density
    mask = hard_mask(density.values, simulation.contour, density.voxel_size)
    generator = np.random.default_rng(number)
    for place, case in enumerate(CASES[:1] if number % UNEVEN else CASES):
        x, y, z = generator.standard_normal(3)
        of = Anisotropy(axis=(x, y, z), loss=(0.0, *LOSSES)[place])
        made = halves(density.values, density.voxel_size, of, 1000 * number + place)
        pair = [half.astype(np.float32) for half in made]
        yield measured(pair, mask, density.voxel_size, path.name, case, of)


def table(found: Sequence[Found]) -> Iterator[str]:
    yield (
        "| half maps | pairs | truth | ratio | lowest to highest | error | within 2 errors "
        "| axis off, ° | TV | by chance | highest excess | warned by TV | by ratio |"
    )
    yield "|---|---:" + "|---:" * 11 + "|"
    for case in CASES:
        rows = [one for one in found if one.case == case]
        if not rows:
            continue
        ratios, uniform = [one.ratio for one in rows], [one.uniformity for one in rows]
        within = np.mean([abs(r.ratio - r.truth) <= _SURE * r.ratio_error for r in rows])
        by_shares, by_ratio = np.mean([one.warned for one in rows], axis=0)
        yield (
            f"| {case} | {len(rows)} | {rows[0].truth:.3f} | {np.median(ratios):.3f} "
            f"| {min(ratios):.2f} to {max(ratios):.2f} "
            f"| {np.median([one.ratio_error for one in rows]):.3f} "
            f"| {'' if case == 'even' else f'{100 * within:.0f} %'} "
            f"| {'' if case == 'even' else f'{np.median([one.off_axis for one in rows]):.0f}'} "
            f"| {np.median([one.effect for one in uniform]):.2f} "
            f"| {np.median([one.chance for one in uniform]):.2f} "
            f"| {max(one.excess for one in uniform):.2f} "
            f"| {100 * by_shares:.0f} % | {100 * by_ratio:.0f} % |"
        )


def times(edges: Sequence[int]) -> Iterator[str]:
    """Processor seconds, of a ball in noise."""
    for edge in edges:
        box, voxel = (edge, edge, edge), (1.3, 1.3, 1.3)
        generator = np.random.default_rng(0)
        signal, *noise = (generator.standard_normal(box, np.float32) for _ in range(3))
        first, second = (half_spectrum(2 * signal + one) for one in noise)
        axes = np.ogrid[tuple(slice(-(edge // 2), edge - edge // 2) for _ in range(3))]
        for share in (0.2, 0.25):
            mask = np.asarray(sum(axis * axis for axis in axes) < (share * edge) ** 2)
            start = time.process_time()
            local_directions(first, second, mask, voxel)
            spent = time.process_time() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            yield f"{edge}³, mask {100 * mask.mean():.0f} %: {spent:.1f} s, {peak:.2f} GB at most"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, nargs="?")
    parser.add_argument("--most", type=int, default=34)
    parser.add_argument("--out", type=Path, default=Path("local_directions.jsonl"))
    parser.add_argument("--times", type=int, nargs="+")
    options = parser.parse_args()
    if options.times or options.models is None:
        for line in times(options.times or (128,)):
            print(line, flush=True)
        return
    known = json.loads((options.models / "index.json").read_text())
    sized = [one for one in known if ATOMS[0] <= one["heavy"] <= ATOMS[1]]
    chosen = sized[:: max(1, len(sized) // options.most)][: options.most]
    with options.out.open("a") as file:
        done = {json.loads(line)["file"] for line in options.out.read_text().splitlines()}
        for number, one in enumerate(chosen):
            if Path(one["file"]).name not in done:
                for found in of_structure(options.models / one["file"], number):
                    file.write(json.dumps(asdict(found)) + "\n")
                file.flush()
    lines = options.out.read_text().splitlines()
    print("\n".join(table([Found(**json.loads(line)) for line in lines])))


if __name__ == "__main__":
    main()
