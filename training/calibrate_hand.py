"""Fits the score's numbers on validation maps and writes the network as ONNX.

    python training/calibrate_hand.py --models FOLDER --weights OUT/hand.pt --out OUT/hand.onnx

``train_hand.py`` does the same at its end. The logistic function's slope, the weight of the doubt
and the helix probability from which a point votes make the truth of simulated validation maps as
probable as they can be: from 3 to 8 Å, clean and noisy, where there are helices; one half for RNA,
proteins without helices and noise. The targets are Platt's, a little inside 0 and 1.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from export_hand import export
from hand_maps import BaseMap, degrade, draw_all, noise_map, read_split
from hand_network import HandNetwork
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from vrs_scipion.maps.density import Density, Mask
from vrs_scipion.methods.hand import votes
from vrs_scipion.methods.hand_network import Network, load_network

SPLIT = Path(__file__).with_name("hand_split.json")
CONDITIONS = (
    (3.0, "clean"),
    (4.0, "noisy"),
    (5.0, "clean"),
    (5.0, "noisy"),
    (5.0, "limit"),
    (6.0, "noisy"),
    (7.0, "noisy"),
    (8.0, "clean"),
)
SILENT = ((3.0, "clean"), (4.0, "noisy"), (5.0, "noisy"))
NOISE_MAPS = 8
PRIORS = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
THRESHOLDS = (0.3, 0.5, 0.7, 0.85)
LEAST = 12
LARGEST_BOX = 2.8e6
NO_HELICES, HELICAL = 0.03, 0.1


@dataclass(frozen=True)
class Ballot:
    """What the votes of one map add up to: weight of the helix, weighted hand, their number."""

    weight: float
    hand: float
    count: int


Ballots = tuple[Ballot, ...]
"""The ballot of a map for every threshold."""


def count_votes(network: Network, density: Density, mask: Mask) -> tuple[Ballot, ...]:
    """The ballot of a map for every threshold of the helix probability."""
    hand, helix = votes(network, density, mask)
    return tuple(_ballot(hand[helix >= t], helix[helix >= t]) for t in THRESHOLDS)


def _ballot(hand: NDArray[np.float32], helix: NDArray[np.float32]) -> Ballot:
    weight = helix.astype(np.float64)
    return Ballot(float(weight.sum()), float(weight @ hand), len(helix))


def helical(base: BaseMap) -> bool:
    """Whether the structure has helices to tell the hand from."""
    return (base.record["helix_fraction"] or 0) >= HELICAL


def fit(telling: Sequence[Ballots], silent: Sequence[Ballots]) -> tuple[float, float, float]:
    """Slope, prior and threshold that make the truth most probable.

    Parameters
    ----------
    telling : ballots of right-handed maps with helices
    silent : ballots of maps that show no hand, whose score should be one half
    """
    found = [
        (*_slope(telling, silent, i, prior), prior, threshold)
        for i, threshold in enumerate(THRESHOLDS)
        for prior in PRIORS
    ]
    loss, slope, prior, threshold = min(found)
    print(f"slope {slope:.3f}, prior {prior:g}, threshold {threshold:g}, surprise {loss:.4f}")
    return slope, prior, threshold


def _slope(
    telling: Sequence[Ballots], silent: Sequence[Ballots], index: int, prior: float
) -> tuple[float, float]:
    """Surprise of the best slope, and that slope; both kinds of maps weigh the same.

    Maps with few votes count as one half.
    """
    mean = _means([b[index] for b in telling], prior)
    nothing = _means([b[index] for b in silent], prior)
    target = (2 * len(mean) + 1) / (2 * len(mean) + 2)

    def surprise(slope: float) -> float:
        right, wrong = np.logaddexp(0, slope * mean), np.logaddexp(0, -slope * mean)
        both = np.logaddexp(0, slope * nothing) + np.logaddexp(0, -slope * nothing)
        return float((target * right + (1 - target) * wrong).mean() + both.mean() / 2)

    best = minimize_scalar(surprise, bounds=(0.05, 20), method="bounded")
    return float(best.fun), float(best.x)


def _means(ballots: Sequence[Ballot], prior: float) -> NDArray[np.float64]:
    return np.array([b.hand / (b.weight + prior) if b.count >= LEAST else 0.0 for b in ballots])


def exported(network: HandNetwork, path: Path, slope: float, prior: float, threshold: float) -> str:
    """Write the ONNX file; its SHA-256."""
    export(
        network,
        path,
        {
            "slope": f"{slope:.4f}",
            "prior": f"{prior:g}",
            "threshold": f"{threshold:g}",
            "least": f"{LEAST:d}",
        },
    )
    return hashlib.sha256(path.read_bytes()).hexdigest()


def calibrate(
    network: HandNetwork, models: Path, out: Path, kept: Path | None, threads: int
) -> str:
    """Fit on the validation part, write ``out``, and return its SHA-256."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.onnx"
        runner = load_network(threads, raw, exported(network, raw, 1.0, 1.0, 0.5))
        telling: list[Ballots] = []
        silent = [
            count_votes(runner, *noise_map(80, resolution, seed))
            for seed in range(NOISE_MAPS)
            for resolution, _ in SILENT
        ]
        for base in draw_all(models, read_split(SPLIT, "validation"), kept):
            fraction = base.record["helix_fraction"] or 0
            if base.values.size > LARGEST_BOX or NO_HELICES <= fraction < HELICAL:
                continue
            kept_in = telling if helical(base) else silent
            for resolution, noise in CONDITIONS if helical(base) else SILENT:
                ballots = count_votes(runner, degrade(base, resolution, noise), base.mask)
                print(base.record["file"], resolution, noise, ballots[1], flush=True)
                kept_in.append(ballots)
    return exported(network, out, *fit(telling, silent))


def main() -> None:
    """Calibrate and export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kept", type=Path, help="folder to keep drawn maps in")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    network = HandNetwork()
    network.load_state_dict(torch.load(given.weights))
    network.eval()
    print("SHA-256", calibrate(network, given.models, given.out, given.kept, given.threads))


if __name__ == "__main__":
    main()
