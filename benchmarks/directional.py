"""What 1.g and 1.h say of half maps whose directions are known, and what they take.

    python benchmarks/directional.py MODELS [--out FILE] [--most N] [--seeds N]
    python benchmarks/directional.py --times

MODELS is a folder with ``index.json`` and atomic structures. Each structure becomes half maps of
4.5 Å on voxels of 1.5 Å, turned at random, with even noise, with a signal that is lost along an
axis, with missing cones and with views from the side; the axis is a random one, too. They are
compared under the wide, soft mask that a validation makes, and under a tight one. Printed are the
rates at which a criterion is missed, and how far the anisotropy lies from the truth. FILE has a
line for each pair; a run that was stopped goes on where it was, structure by structure. ``--times``
prints processor seconds of each part at 128³ and 256³, on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402

from vrs_scipion.checks import level1_g_occupancy, level1_h_anisotropy  # noqa: E402
from vrs_scipion.maps.density import Mask, Triple, Volume  # noqa: E402
from vrs_scipion.maps.masks import cosine_mask, hard_mask  # noqa: E402
from vrs_scipion.methods.directional import (  # noqa: E402
    EMPTY,
    FULL,
    chi_square_per_degree,
    cones_about,
    correlation_volume,
    directional_sums,
    mask_overlap,
    measure_anisotropy,
    measure_occupancy,
)
from vrs_scipion.methods.fsc import UnderMask  # noqa: E402
from vrs_scipion.simulation.anisotropy import Anisotropy  # noqa: E402
from vrs_scipion.simulation.filters import apply_filter  # noqa: E402
from vrs_scipion.simulation.halves_truth import logistic_fall  # noqa: E402
from vrs_scipion.simulation.model_to_map import simulate  # noqa: E402
from vrs_scipion.simulation.noise import gaussian_noise  # noqa: E402
from vrs_scipion.simulation.settings import SimulationSettings  # noqa: E402
from vrs_scipion.simulation.shells import Shells, signal_power  # noqa: E402

VOXEL, DRAWN, RESOLUTION, FALL = 1.5, 3.2, 4.5, 0.1
ATOMS = (1200, 6000)
CASES = (
    ("even", {}),
    *((f"loss {loss:g}", {"loss": loss}) for loss in (0.05, 0.1, 0.2, 0.3, 0.4)),
    *((f"missing cone {angle:g}°", {"missing_cone": angle}) for angle in (10.0, 20.0, 30.0, 40.0)),
    *((f"side views {share:g}", {"side_views": share}) for share in (0.5, 1.0)),
)
UNEVEN = 3
"""Every such structure is made uneven, too."""
MASKS = {"wide": (max(4.0, RESOLUTION), 7.5), "tight": (0.0, 4.5)}
"""Å by which the hard mask is dilated, and over which it is let down."""

_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class Found:
    """What was measured of a pair of half maps."""

    case: str
    mask: str
    truth: float | None
    ratio: float
    error: float
    apparent: float
    width: float | None
    isotropic_width: float | None
    sphericity: float
    sphericity_error: float
    areas: float
    areas_error: float
    off_axis: float
    chi_square: float | None
    edge: int

    @property
    def missed(self) -> set[str]:
        """The criteria that are not met."""
        limits = (level1_g_occupancy.CHECK.limit_values(), level1_h_anisotropy.CHECK.limit_values())
        return {
            key
            for key, fails in (
                ("width", self.width is not None and self.width > limits[0]["width_highest"]),
                ("ratio", self.ratio - 2 * self.error > limits[1]["anisotropy_highest"]),
                ("areas", self.areas + 2 * self.areas_error < limits[1]["cfar_lowest"]),
                (
                    "sphericity",
                    self.sphericity + 2 * self.sphericity_error < limits[1]["sphericity_lowest"],
                ),
            )
            if fails
        }


def halves(signal: Volume, voxel: Triple, of: Anisotropy, seed: int) -> list[Volume]:
    """Half maps whose correlation over the box is a logistic curve, but for the anisotropy."""
    from vrs_scipion.maps.density import Density

    nz, ny, nx = signal.shape
    box, shells = (nz, ny, nx), Shells((nz, ny, nx), voxel)
    own = signal_power(Density(signal, voxel), shells)
    curve = logistic_fall(shells.frequencies, RESOLUTION, FALL)
    holds = own > 1e-9 * own.max()
    holds[0] = False
    power = np.interp(
        shells.frequencies, shells.frequencies[holds], (own * (1 - curve) / curve)[holds]
    )
    level = np.sqrt(power / signal.size)
    level[0] = 0
    level = np.interp(shells.frequency, shells.frequencies, level) * of.noise_amplitude(box, voxel)
    lost = apply_filter(signal, of.signal_amplitude(box, voxel, RESOLUTION, FALL))
    streams = np.random.SeedSequence(seed).spawn(2)
    return [
        lost
        + apply_filter(
            gaussian_noise(box, voxel, np.random.default_rng(stream)), level.astype(np.float32)
        )
        for stream in streams
    ]


def measured(
    pair: Sequence[Volume], mask: Volume, voxel: Triple, case: str, name: str, of: Anisotropy
) -> Found:
    under = UnderMask.of(mask, voxel)
    nz, ny, nx = mask.shape
    sums = directional_sums(*under.spectra(pair[0], pair[1]), (nz, ny, nx), voxel)
    overlap, about = mask_overlap(under), sums.sphere.directions
    occupancy = measure_occupancy(cones_about(about, level1_g_occupancy.HALF_ANGLE, sums, overlap))
    found = measure_anisotropy(cones_about(about, level1_h_anisotropy.HALF_ANGLE, sums, overlap))

    def width(at: Callable[[float], float | None]) -> float | None:
        full, empty = at(FULL), at(EMPTY)
        return full / empty if full and empty else None

    axis = np.array(of.axis[::-1]) / np.linalg.norm(of.axis)
    sphericity = found.sphericity
    even_truth = 1 / (1 - of.loss) if not (of.missing_cone or of.side_views) else None
    return Found(
        case,
        name,
        even_truth,
        found.reach.ratio.value,
        found.reach.ratio.error,
        found.reach.apparent_ratio,
        width(occupancy.resolution),
        width(occupancy.isotropic_resolution),
        sphericity.value if sphericity else 1.0,
        sphericity.error if sphericity else 0.0,
        found.area_ratio.value,
        found.area_ratio.error,
        float(np.degrees(np.arccos(min(1.0, abs(found.reach.worst @ axis))))),
        chi_square_per_degree(sums, overlap),
        max(mask.shape),
    )


def of_structure(path: Path, number: int, seeds: int) -> list[Found]:
    """Everything of one structure."""
    settings = SimulationSettings(
        resolution=DRAWN, voxel_size=(VOXEL,) * 3, rotation="random", seed=number, margin=16
    )
    simulation = simulate(str(path), settings)
    density = simulation.truth.density
    hard: Mask = hard_mask(density.values, simulation.contour, density.voxel_size)
    masks = {name: cosine_mask(hard, density.voxel_size, *of) for name, of in MASKS.items()}
    generator, found = np.random.default_rng(number), []
    for seed in range(seeds):
        for place, (case, given) in enumerate(CASES):
            if given and number % UNEVEN:
                continue
            x, y, z = generator.standard_normal(3)
            of = Anisotropy(axis=(x, y, z), **given)
            pair = halves(density.values, density.voxel_size, of, 1000 * number + 20 * seed + place)
            found += [
                measured(pair, mask, density.voxel_size, case, name, of)
                for name, mask in masks.items()
            ]
    return found


def table(found: Sequence[Found]) -> Iterator[str]:
    yield (
        "| half maps | mask | pairs | truth | anisotropy | error | within 2 errors | as single "
        "directions have it | width | by chance | sphericity | cFAR | worst axis off, ° | χ²/df "
        "| warned by 1.g | by 1.h | ratio | cFAR | sphericity |"
    )
    yield "|---|---|---:" + "|---:" * 16 + "|"
    for mask in MASKS:
        for case, _ in CASES:
            rows = [one for one in found if (one.case, one.mask) == (case, mask)]
            if not rows:
                continue
            truth = rows[0].truth
            within = (
                ""
                if truth is None
                else f"{100 * np.mean([abs(r.ratio - truth) <= 2 * r.error for r in rows]):.0f} %"
            )

            def mean(key: str, rows: Sequence[Found] = rows) -> float:
                return float(np.nanmedian([getattr(r, key) or np.nan for r in rows]))

            def warned(keys: set[str], rows: Sequence[Found] = rows) -> str:
                return f"{100 * np.mean([bool(keys & r.missed) for r in rows]):.0f} %"

            yield (
                f"| {case} | {mask} | {len(rows)} | {'' if truth is None else f'{truth:.3f}'} "
                f"| {mean('ratio'):.3f} | {mean('error'):.3f} | {within} | {mean('apparent'):.2f} "
                f"| {mean('width'):.2f} | {mean('isotropic_width'):.2f} "
                f"| {mean('sphericity'):.2f} | {mean('areas'):.2f} | {mean('off_axis'):.0f} "
                f"| {mean('chi_square'):.1f} | {warned({'width'})} "
                f"| {warned({'ratio', 'areas', 'sphericity'})} | {warned({'ratio'})} "
                f"| {warned({'areas'})} | {warned({'sphericity'})} |"
            )


class Times:
    """Processor seconds of each part, of half maps of one size."""

    def __init__(self, edge: int) -> None:
        self.box, self.size = (edge, edge, edge), (1.0, 1.0, 1.0)
        generator = np.random.default_rng(0)
        signal, *noise = (generator.standard_normal(self.box, np.float32) for _ in range(3))
        self.pair = [signal + one for one in noise]
        axes = np.ogrid[tuple(slice(-edge // 2, edge // 2) for _ in range(3))]
        ball = sum(axis * axis for axis in axes) < (0.3 * edge) ** 2
        self.mask = cosine_mask(np.asarray(ball), self.size, 4.0, 6.0)
        self.spent: dict[str, float] = {}

    def take(self, name: str, make: Callable[..., _Thing], *arguments: Any) -> _Thing:
        start = time.process_time()
        made = make(*arguments)
        self.spent[name] = time.process_time() - start
        return made

    def all(self) -> None:
        under = UnderMask.of(self.mask, self.size)
        overlap = self.take("overlap of the mask", mask_overlap, under)
        spectra = self.take("two transforms", under.spectra, *self.pair)
        sums = self.take("sums", directional_sums, *spectra, self.box, self.size)
        about = sums.sphere.directions
        narrow = self.take("cones of 17°", cones_about, about, 17.0, sums, overlap)
        self.take("occupancy with errors", measure_occupancy, narrow)
        wide = self.take("cones of 20°", cones_about, about, 20.0, sums, overlap)
        self.take("anisotropy with errors", measure_anisotropy, wide)
        self.take("volume", correlation_volume, wide)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{self.box[0]}³: {sum(self.spent.values()):.2f} s, {peak:.0f} MB at most so far")
        for name, seconds in self.spent.items():
            print(f"  {name}: {seconds:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, nargs="?")
    parser.add_argument("--most", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("directional.jsonl"))
    parser.add_argument("--times", action="store_true")
    options = parser.parse_args()
    if options.times or options.models is None:
        for edge in (128, 256):
            Times(edge).all()
        return
    known = json.loads((options.models / "index.json").read_text())
    sized = [one for one in known if ATOMS[0] <= one["heavy"] <= ATOMS[1]]
    chosen = sized[:: max(1, len(sized) // options.most)][: options.most]
    with options.out.open("a") as file:
        done = {json.loads(line)["file"] for line in options.out.read_text().splitlines()}
        for number, one in enumerate(chosen):
            if one["file"] not in done:
                found = of_structure(options.models / one["file"], number, options.seeds)
                for case in found:
                    file.write(json.dumps({"file": one["file"], **asdict(case)}) + "\n")
                file.flush()
    lines = map(json.loads, options.out.read_text().splitlines())
    print("\n".join(table([Found(**{k: v for k, v in a.items() if k != "file"}) for a in lines])))


if __name__ == "__main__":
    main()
