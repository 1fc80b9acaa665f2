"""How near 1.c and 1.d come to the truth, how often they are right, and how long they take.

    python benchmarks/local_bands.py MODELS [--structures N] [--draws N] [--seed S] [--large]

Textures whose local resolution is known at every voxel; structures of MODELS whose atoms' B-factors
grow from one end to the other, with the truth by many draws of the noise; and the half maps of
``half_maps.py``, whose verdicts at several reported resolutions are counted, right and wrong ones.
``--large`` also measures the time of a box of 256³.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import numpy as np
from half_maps import FAULTS, pairs
from numpy.typing import NDArray
from scipy import fft

from vrs_scipion.checks import level1_c_local_fsc, level1_d_local_significance
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.fsc import GOLD_STANDARD, HALF
from vrs_scipion.methods.local_bands import (
    LocalCorrelations,
    LocalResolution,
    local_correlations,
    local_resolution,
)
from vrs_scipion.methods.local_bands.blocks import block_correlations
from vrs_scipion.results import Outcome
from vrs_scipion.simulation import (
    SimulatedHalves,
    atoms_from_model,
    molecule_mask,
    read_model,
    render,
)
from vrs_scipion.simulation.texture import texture

CHECKS = (level1_c_local_fsc.CHECK, level1_d_local_significance.CHECK)
LEVELS = (HALF, GOLD_STANDARD)
REPORTED = (1.0, 0.9, 0.8, 0.7, 0.5)
"""As shares of the truth under the refinement's mask."""
TOUCHED = ("masked-soft", "low-passed")
"""What may be done to both halves alike: it changes no correlation."""
TEXTURES: tuple[tuple[tuple[int, int, int], Triple], ...] = (
    ((96, 96, 96), (1.3, 1.3, 1.3)),
    ((128, 128, 128), (1.3, 1.3, 1.3)),
    ((97, 75, 84), (1.2, 1.3, 1.25)),
)
FINEST, COARSEST = 3.0, 5.9
B_FACTORS = 20.0, 300.0

_SHARE = 0.42
_MARGIN = 1.12
"""Of the last band's resolution, up to which the truth is not compared: it is cut there."""


@dataclass(frozen=True)
class Deviation:
    """Measured less true, in Å, of voxels whose crossing lies within the bands.

    Attributes
    ----------
    miss : Å
    error : error bars, Å
    used : fraction of the mask
    """

    miss: NDArray[np.float32]
    error: NDArray[np.float32]
    used: float

    @classmethod
    def of(cls, found: LocalResolution, truth: Volume, mask: Mask) -> Deviation:
        known = mask & np.isfinite(found.error) & (truth > _MARGIN * found.finest)
        miss = (found.resolution - truth)[known]
        return cls(miss, found.error[known], float(known.sum() / mask.sum()))

    @classmethod
    def together(cls, several: Sequence[Deviation]) -> Deviation:
        miss, error = (
            np.concatenate([getattr(one, name) for one in several]) for name in ("miss", "error")
        )
        return cls(miss, error, float(np.mean([one.used for one in several])))

    def __str__(self) -> str:
        covered = 100 * float(np.mean(np.abs(self.miss) < 2 * self.error))
        return (
            f"{self.miss.mean():+.3f} | {np.abs(self.miss).mean():.3f} | "
            f"{np.median(self.error):.3f} | {covered:.1f} | {100 * self.used:.0f}"
        )


def ball(box: tuple[int, ...], share: float) -> Mask:
    """An ellipsoid whose radii are so many of the box's edges."""
    z, y, x = (((np.arange(n) - n // 2) / (n * share)) ** 2 for n in box)
    inside: Mask = z[:, None, None] + y[:, None] + x <= 1
    return inside


def of_volumes(first: Volume, second: Volume, mask: Mask, voxel: Triple) -> LocalCorrelations:
    """The bands' correlations of two half maps."""
    return local_correlations(fft.rfftn(first), fft.rfftn(second), mask, voxel)


def textures(seeds: int) -> Iterator[str]:
    """Rows of the table of textures."""
    for box, voxel in TEXTURES:
        found: dict[str, list[Deviation]] = {}
        for seed in range(seeds):
            made = texture(box, voxel, FINEST, COARSEST, seed=seed)
            mask = ball(box, _SHARE)
            local = of_volumes(made.first, made.second, mask, voxel)
            for level in LEVELS:
                answer = local_resolution(local, level)
                one = Deviation.of(answer, made.resolution(level), mask)
                found.setdefault(f"bands, {level:g}", []).append(one)
            if box == TEXTURES[0][0]:
                blocks = block_correlations(made.first, made.second, mask, voxel, 4.5)
                one = Deviation.of(local_resolution(blocks, HALF), made.resolution(HALF), mask)
                found.setdefault(f"blocks of 27 Å, {HALF:g}", []).append(one)
        for name, several in found.items():
            yield f"| {_words(box)} × {seeds} | {name} | {Deviation.together(several)} |"


def domains(models: Path, structures: int, draws: int, seed: int) -> Iterator[str]:
    """Rows of the table of structures whose B-factors grow from one end to the other."""
    generator = np.random.default_rng(seed)
    index = json.loads((models / "index.json").read_text(encoding="utf-8"))
    voxel, done = 1.3, 0
    found: dict[float, list[Deviation]] = {level: [] for level in LEVELS}
    spans = []
    for place in generator.permutation(len(index)):
        atoms = atoms_from_model(read_model(models / index[place]["file"]))
        span = np.ptp(atoms.positions, axis=0)
        side = 2 * round(1.5 * float(span.max()) / voxel / 2)
        if done == structures or not 48 <= side <= 88:
            continue
        along = atoms.positions[:, int(np.argmax(span))]
        share = (along - along.min()) / np.ptp(along)
        atoms = replace(atoms, b_factors=B_FACTORS[0] + (B_FACTORS[1] - B_FACTORS[0]) * share)
        box, centre = (side,) * 3, atoms.positions.mean(axis=0)
        signal = render(atoms, box, voxel, 2 * voxel, centre=centre).values
        mask = molecule_mask(atoms, box, voxel, 3.0, centre=centre)
        height = _height(signal, mask, voxel, 3.4)
        runs = [
            of_volumes(
                *(
                    signal + height * generator.standard_normal(box).astype(np.float32)
                    for _ in "12"
                ),
                mask,
                (voxel,) * 3,
            )
            for _ in range(draws)
        ]
        bands = min(len(run.frequency) for run in runs)
        mean = np.mean([run.values[:bands] for run in runs], axis=0)
        for level in LEVELS:
            truth = local_resolution(replace(runs[0], values=mean, **_first(runs[0], bands)), level)
            spans.append(np.percentile(truth.inside, (2.5, 97.5)))
            for run in runs[:4]:
                answer = local_resolution(run, level)
                found[level].append(Deviation.of(answer, truth.resolution, mask))
        done += 1
    low, high = np.mean(spans, axis=0)
    for level, several in found.items():
        yield (
            f"| {done} structures × 4, {low:.1f} to {high:.1f} Å | bands, {level:g} | "
            f"{Deviation.together(several)} |"
        )


def _first(local: LocalCorrelations, bands: int) -> dict[str, NDArray[np.floating]]:
    return {"frequency": local.frequency[:bands], "samples": local.samples[:bands]}


def _height(signal: Volume, mask: Mask, voxel: float, resolution: float) -> np.float32:
    """Standard deviation of white noise as strong as the signal in the mask at a resolution."""
    frequencies = (fft.fftfreq(n, voxel) for n in signal.shape[:2])
    z, y = (f[:, None, None] if i == 0 else f[:, None] for i, f in enumerate(frequencies))
    frequency = np.sqrt(z**2 + y**2 + fft.rfftfreq(signal.shape[2], voxel) ** 2)
    shell = np.abs(frequency - 1 / resolution) < 0.01
    power = float((np.abs(fft.rfftn(signal))[shell] ** 2).mean())
    return np.float32(np.sqrt(power / mask.mean() / signal.size))


@dataclass(frozen=True)
class Answers:
    """What both checks say of a pair, by code."""

    outcomes: dict[str, Outcome]
    medians: dict[str, float]


def answers(made: SimulatedHalves, claim: float | None) -> Answers:
    """What both checks say of two half maps and a reported resolution (Å)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = {"map": made.density, "half1": made.half_maps[0], "half2": made.half_maps[1]}
        files = {key: folder / f"{key}.mrc" for key in given}
        for key, density in given.items():
            write_volume(files[key], density.values, density.voxel_size)
        request = Request.of(**files, contour=made.contour, resolution=claim)
        entry = prepare(request, folder / "entry")
        results = [run_check(check, entry, folder / check.code) for check in CHECKS]
        return Answers(
            {result.code: result.outcome for result in results},
            {
                result.code: result.resolution_estimate.value
                for result in results
                if result.resolution_estimate
            },
        )


def verdicts(models: Path, structures: int, seed: int) -> Iterator[str]:
    """Rows of the tables of verdicts."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    medians: dict[str, list[float]] = {}

    def count(name: str, said: Answers) -> None:
        for code, outcome in said.outcomes.items():
            counted.setdefault((name, code), Counter())[outcome.value] += 1

    for pair in pairs(models, structures, seed):
        for claim in REPORTED:
            said = answers(pair.made, claim * pair.truth)
            count(f"good, {claim:g} × the truth reported", said)
            if claim == 1:
                for code, value in said.medians.items():
                    medians.setdefault(code, []).append(value / pair.truth)
        count("good, nothing reported", answers(pair.made, None))
        for fault in (*FAULTS, *TOUCHED) if pair.fall == "steep" else ():
            count(f"{fault}, the truth reported", answers(pair.spoiled(fault), pair.truth))
    for (name, code), outcomes in sorted(counted.items()):
        words = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common())
        yield f"| {code} | {name} | {words} |"
    for code, values in sorted(medians.items()):
        low, middle, high = np.percentile(values, (0, 50, 100))
        yield f"\n{code}: the median is {low:.2f} to {high:.2f} times the truth ({middle:.2f})."


def times(sides: Sequence[int]) -> Iterator[str]:
    """Rows of the table of times: processor seconds, and the largest memory of the process."""
    for side in sides:
        box, voxel = (side,) * 3, (1.3, 1.3, 1.3)
        made = texture(box, voxel, FINEST, COARSEST)
        spectra = fft.rfftn(made.first), fft.rfftn(made.second)
        for share in (0.2, 0.3):
            mask = ball(box, share)
            started = time.process_time()
            local = local_correlations(*spectra, mask, voxel)
            seconds = time.process_time() - started
            started = time.process_time()
            local_resolution(local, HALF)
            further = time.process_time() - started
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            yield (
                f"| {side}³ | {100 * mask.mean():.0f} | {len(local.frequency)} | {seconds:.1f} | "
                f"{further:.1f} | {memory:.1f} |"
            )


def _words(box: tuple[int, ...]) -> str:
    return " × ".join(map(str, box[::-1]))


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path)
    parser.add_argument("--structures", type=int, default=20)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    print("| half maps | engine, level | bias | mean error | error bar | within 2 | voxels used |")
    print("|---|---|---|---|---|---|---|")
    for row in textures(options.seeds):
        print(row, flush=True)
    for row in domains(options.models, 6, options.draws, options.seed):
        print(row, flush=True)
    print("\n| box | mask % | bands | bands s | a level s | GB |\n|---|---|---|---|---|---|")
    for row in times((128, 256) if options.large else (128,)):
        print(row, flush=True)
    print("\n| check | half maps | outcomes |\n|---|---|---|")
    with (
        mock.patch("vrs_scipion.figures.isosurface.draw_isosurface", side_effect=EngineError("–")),
        mock.patch("vrs_scipion.figures.plotting.save_picture"),
    ):
        for row in verdicts(options.models, options.structures, options.seed):
            print(row, flush=True)


if __name__ == "__main__":
    main()
