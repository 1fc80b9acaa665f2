"""How often the handedness network is right, on structures that it was not trained on.

    python benchmarks/hand.py --models FOLDER [--maps FOLDER] [--deephand FOLDER] [--out FOLDER]

Prints the tables of the model card: right hands by resolution with and without noise, calibration,
maps that say nothing (noise, RNA, no helices), real maps and their three mirrors, time and memory.
With the two networks of DeepHand (García Condado et al. 2022) it judges the maps by them too; that
needs PyTorch. The structures are the test part of ``training/hand_split.json``.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "training"), str(ROOT), str(ROOT / "benchmarks")]

from hand_deephand import DeepHandNetworks  # noqa: E402
from hand_maps import NOISES, BaseMap, degrade, draw_all, noise_map, read_split  # noqa: E402

from vrs_scipion.maps.density import Density, Mask  # noqa: E402
from vrs_scipion.maps.masks import hard_mask  # noqa: E402
from vrs_scipion.maps.reading import read_density  # noqa: E402
from vrs_scipion.methods.hand import score_of, votes  # noqa: E402
from vrs_scipion.methods.hand_network import Network, load_network  # noqa: E402

RESOLUTIONS = (3.0, 4.0, 5.0, 6.0, 7.0)
CONDITIONS = tuple(
    (resolution, noise)
    for resolution, noise in product(RESOLUTIONS, NOISES)
    if noise != "limit" or resolution <= 5
)
COMPARED = (3.0, 5.0)
LARGEST_BOX = 2.8e6
HELICAL, MOSTLY_HELICAL = 0.1, 0.5
SURE = 0.9
REAL_MAPS = (
    ("emd_3488.map.gz", 1.05, 0.1, 0.2722),
    ("emd_0093_m4A.mrc.gz", 1.34, 0.6, 0.1246),
    ("emd_32143_lowres.map.gz", 1.5272, 0.02, 0.1906),
)
"""File, voxel size in Å, contour level, score of Xmipp's DeepHand: the maps finer than 5 Å."""

Row = dict[str, Any]


def kind_of(base: BaseMap) -> str:
    """What a structure is, as far as the hand is concerned."""
    record = base.record
    if record["kind"] == "RNA":
        return "RNA"
    fraction = record["helix_fraction"] or 0
    return "helical" if fraction >= HELICAL else ("all-β" if fraction < 0.03 else "few helices")


def judged(network: Network, density: Density, mask: Mask) -> tuple[float | None, int]:
    """Score and voters of a map."""
    hand, helix = votes(network, density, mask)
    voters = int(np.count_nonzero(helix >= network.calibration.threshold))
    return score_of(hand, helix, network.calibration), voters


def test_maps(models: Path, kept: Path | None) -> Iterator[BaseMap]:
    """The structures of the test part, but for the largest."""
    for base in draw_all(models, read_split(ROOT / "training/hand_split.json", "test"), kept):
        if base.values.size <= LARGEST_BOX:
            yield base


def simulated(network: Network, bases: Iterator[BaseMap]) -> Iterator[Row]:
    """One row per structure, resolution and noise."""
    for base in bases:
        for resolution, noise in CONDITIONS:
            score, voters = judged(network, degrade(base, resolution, noise), base.mask)
            yield {
                "file": base.record["file"],
                "kind": kind_of(base),
                "helix_fraction": base.record["helix_fraction"],
                "resolution": resolution,
                "noise": noise,
                "score": score,
                "voters": voters,
            }


def by_deephand(networks: DeepHandNetworks, bases: Iterator[BaseMap]) -> Iterator[Row]:
    """What DeepHand's networks say of the same maps and their mirrors."""
    for base in (base for base in bases if kind_of(base) == "helical"):
        for resolution, noise in product(COMPARED, NOISES):
            density = degrade(base, resolution, noise)
            yield {
                "file": base.record["file"],
                "resolution": resolution,
                "noise": noise,
                "deephand": networks.both_ways(density.values, base.mask),
            }


def nothing(network: Network) -> Iterator[Row]:
    """Pure noise of several resolutions."""
    for seed in range(5):
        for resolution in (3.0, 4.0, 5.0):
            density, mask = noise_map(96, resolution, seed)
            score, voters = judged(network, density, mask)
            yield {
                "kind": "noise",
                "resolution": resolution,
                "noise": "noisy",
                "score": score,
                "voters": voters,
            }


def right(rows: Sequence[Row]) -> str:
    """Fraction right of those with a score, and how many have none."""
    scores = [r["score"] for r in rows if r["score"] is not None]
    none = len(rows) - len(scores)
    if not scores:
        return f"– ({none} without)"
    return f"{np.mean(np.array(scores) < 0.5):.3f} of {len(scores)}" + (
        f" ({none} without)" if none else ""
    )


def accuracy_table(rows: Sequence[Row]) -> None:
    """Right hands by resolution; a mirrored map is right exactly where the map is."""
    print(f"\n| resolution (Å) | {' | '.join(NOISES)} |\n|" + " --- |" * (1 + len(NOISES)))
    for resolution in RESOLUTIONS:
        cells = [
            right([r for r in rows if r["resolution"] == resolution and r["noise"] == noise])
            for noise in NOISES
        ]
        print(f"| {resolution:g} | {' | '.join(cells)} |")


def comparison_table(rows: Sequence[Row], theirs: Sequence[Row]) -> None:
    """The same maps by DeepHand's networks, averaged over the mirror."""
    print("\n| resolution (Å) | noise | this network | DeepHand's |\n| --- | --- | --- | --- |")
    maps = {(r["file"], r["resolution"], r["noise"]) for r in theirs}
    ours = [r for r in rows if (r["file"], r["resolution"], r["noise"]) in maps]
    judged_by_both = {(r["file"], r["resolution"], r["noise"]) for r in ours}
    scores = [
        {**r, "score": r["deephand"]}
        for r in theirs
        if (r["file"], r["resolution"], r["noise"]) in judged_by_both
    ]
    for resolution, noises in product(COMPARED, (*((n,) for n in NOISES), NOISES)):
        cells = [
            right([r for r in some if r["resolution"] == resolution and r["noise"] in noises])
            for some in (ours, scores)
        ]
        print(
            f"| {resolution:g} | {noises[0] if len(noises) == 1 else 'all'} | {' | '.join(cells)} |"
        )


def calibration_table(rows: Sequence[Row]) -> None:
    """How often calls of a confidence are right, all resolutions together."""
    bins: dict[float, list[bool]] = defaultdict(list)
    edges = (0.5, 0.6, 0.7, 0.8, SURE, 0.99, 1.0001)
    for score in (r["score"] for r in rows if r["score"] is not None):
        confidence = max(score, 1 - score)
        low = max(e for e in edges if e <= confidence)
        bins[low].append(score < 0.5)
    print("\n| confidence from | calls | right |\n| --- | --- | --- |")
    for low in sorted(bins):
        print(f"| {low:g} | {len(bins[low])} | {np.mean(bins[low]):.3f} |")
    sure = [r for low, found in bins.items() if low >= SURE for r in found]
    print(f"\nwrong above {SURE:g}: {len(sure) - sum(sure)} of {len(sure)}")


def silence_table(rows: Sequence[Row]) -> None:
    """Scores of maps that should say nothing."""
    print("\n| maps | no score | between 0.3 and 0.7 | others |\n| --- | --- | --- | --- |")
    groups = {
        "pure noise": [r for r in rows if r["kind"] == "noise"],
        "RNA, 3–5 Å": [r for r in rows if r["kind"] == "RNA" and r["resolution"] <= 5],
        "< 3 % helix, 3–5 Å": [r for r in rows if r["kind"] == "all-β" and r["resolution"] <= 5],
        "helical, 7 Å": [r for r in rows if r["kind"] == "helical" and r["resolution"] >= 7],
    }
    for name, chosen in groups.items():
        scores = [r["score"] for r in chosen if r["score"] is not None]
        between = sum(0.3 <= s <= 0.7 for s in scores)
        others = ", ".join(f"{s:.2f}" for s in scores if not 0.3 <= s <= 0.7)
        print(f"| {name} | {len(chosen) - len(scores)} of {len(chosen)} | {between} | {others} |")


def real_maps(network: Network, folder: Path, deephand: DeepHandNetworks | None) -> None:
    """The real maps and their mirrors along x, y and z; Xmipp's DeepHand beside them."""
    print("\n| map | score | mirrored x | y | z | voters | seconds | Xmipp's DeepHand | here |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for file, voxel, contour, reference in REAL_MAPS:
        density = read_density(folder / file, voxel)
        mask = hard_mask(density.values, contour, density.voxel_size)
        started = time.perf_counter()
        score, voters = judged(network, density, mask)
        seconds = time.perf_counter() - started
        mirrors = [
            judged(
                network, replace(density, values=flipped(density.values, axis)), flipped(mask, axis)
            )
            for axis in (2, 1, 0)
        ]
        scores = " | ".join(shown_score(s) for s, _ in [(score, voters), *mirrors])
        theirs = deephand.of_map(density, contour) if deephand else None
        print(
            f"| {file.split('.')[0]} | {scores} | {voters} | {seconds:.1f} "
            f"| {reference} | {shown_score(theirs)} |",
            flush=True,
        )


def flipped(volume: NDArray[Any], axis: int) -> NDArray[Any]:
    """The mirror image along an axis."""
    return np.ascontiguousarray(np.flip(volume, axis))


def shown_score(score: float | None) -> str:
    """Four digits, or a dash."""
    return "–" if score is None else f"{score:.4f}"


def cost(threads: int) -> None:
    """A dense box of 160³, every voxel wanted."""
    network = load_network(threads)
    values = np.random.default_rng(0).normal(size=(160,) * 3).astype(np.float32)
    density = Density(values, (1.0, 1.0, 1.0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    votes(network, density, np.ones(density.box, dtype=bool))
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"\n160³, dense, {threads} threads: {seconds:.1f} s, "
        f"peak {after / 1024:.0f} MB ({(after - before) / 1024:.0f} MB more than before)"
    )


def shown(rows: Iterator[Row]) -> list[Row]:
    """Rows, each printed as it comes."""
    found = []
    for row in rows:
        print(json.dumps(row), flush=True)
        found.append(row)
    return found


def read_rows(paths: Sequence[Path]) -> list[Row]:
    """Rows that earlier runs have printed."""
    lines = [line for path in paths for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines if line.startswith('{"file"')]


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, help="folder of structures with index.json")
    parser.add_argument("--maps", type=Path, help="folder of real maps")
    parser.add_argument("--deephand", type=Path, help="folder of DeepHand's two networks")
    parser.add_argument("--kept", type=Path, help="folder to keep drawn maps in")
    parser.add_argument("--rows", type=Path, nargs="*", default=[], help="what earlier runs wrote")
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), help="number, and of how many")
    parser.add_argument("--only-deephand", action="store_true", help="judge by DeepHand alone")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    networks = DeepHandNetworks(given.deephand) if given.deephand else None
    rows = read_rows(given.rows)
    theirs = [r for r in rows if "deephand" in r]
    if networks and given.models:
        theirs += shown(by_deephand(networks, test_maps(given.models, given.kept)))
    if given.only_deephand:
        return
    network = load_network(given.threads)
    cost(given.threads)
    if given.maps:
        real_maps(network, given.maps, networks)
    ours = [r for r in rows if "score" in r]
    if given.models:
        bases = test_maps(given.models, given.kept)
        ours += shown(simulated(network, islice(bases, given.part[0], None, given.part[1])))
    if ours:
        helices = [r for r in ours if r["kind"] == "helical"]
        accuracy_table(helices)
        for some in (helices, [r for r in helices if r["helix_fraction"] >= MOSTLY_HELICAL]):
            comparison_table(some, theirs)
        calibration_table([r for r in ours if r["kind"] in ("helical", "few helices")])
        silence_table([*ours, *nothing(network)])


if __name__ == "__main__":
    main()
