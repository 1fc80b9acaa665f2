"""Fits the score's numbers on validation maps and writes the network as ONNX.

    python training/calibrate_hand.py --models FOLDER --weights OUT/hand.pt --out OUT/hand.onnx

``train_hand.py`` does the same at its end. The logistic function's slope, the doubt and the helix
probability from which a point votes make the truth of simulated validation maps as probable as
they can be: from 3 to 7 Å, clean and noisy, where there are helices; one half for RNA, proteins
without helices and noise. The targets are Platt's, a little inside 0 and 1. Then the share of
voters without which there is no score is a fifth of the lowest one of a map that is told with
certainty.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
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
from vrs_scipion.methods.hand_network import Calibration, Network, load_network

SPLIT = Path(__file__).with_name("hand_split.json")
CONDITIONS = (
    (3.0, "clean"),
    (4.0, "noisy"),
    (5.0, "clean"),
    (5.0, "noisy"),
    (5.0, "limit"),
    (7.0, "noisy"),
)
SILENT = ((3.0, "clean"), (4.0, "noisy"), (4.0, "limit"), (5.0, "noisy"))
NOISE_MAPS = 8
PRIORS = (0.0, 10.0, 20.0, 40.0, 80.0, 160.0)
DOUBTS = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.04)
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
CERTAIN = 0.1
"""Score of a right-handed map below which its hand counts as told with certainty."""

LEAST = 12
UNFITTED = Calibration(1.0, 0.0, 0.0, 0.5, LEAST, 0.0)
LARGEST_BOX = 1.6e6
NO_HELICES, HELICAL = 0.03, 0.1


@dataclass(frozen=True)
class Ballot:
    """What the votes of one map add up to: weight of the helix, weighted hand, voters, mask."""

    weight: float
    hand: float
    count: int
    points: int

    def mean(self, prior: float, doubt: float) -> float:
        """Mean vote, 0 if there are too few."""
        if self.count < LEAST:
            return 0.0
        return self.hand / (self.weight + prior + doubt * self.points)


Ballots = tuple[Ballot, ...]
"""The ballot of a map for every threshold."""


def count_votes(network: Network, density: Density, mask: Mask) -> Ballots:
    """The ballot of a map for every threshold of the helix probability."""
    hand, helix = votes(network, density, mask)
    points = int(np.count_nonzero(helix))
    return tuple(_ballot(hand[helix >= t], helix[helix >= t], points) for t in THRESHOLDS)


def _ballot(hand: NDArray[np.float32], helix: NDArray[np.float32], points: int) -> Ballot:
    weight = helix.astype(np.float64)
    return Ballot(float(weight.sum()), float(weight @ hand), len(helix), points)


def helical(base: BaseMap) -> bool:
    """Whether the structure has helices to tell the hand from."""
    return (base.record["helix_fraction"] or 0) >= HELICAL


def fit(telling: Sequence[Ballots], silent: Sequence[Ballots]) -> Calibration:
    """The numbers that make the truth most probable.

    Parameters
    ----------
    telling : ballots of right-handed maps with helices
    silent : ballots of maps that show no hand, whose score should be one half
    """
    found = []
    for i, prior, doubt in product(range(len(THRESHOLDS)), PRIORS, DOUBTS):
        told = np.array([b[i].mean(prior, doubt) for b in telling])
        nothing = np.array([b[i].mean(prior, doubt) for b in silent])
        found.append((*_slope(told, nothing), prior, doubt, i))
    surprise, slope, prior, doubt, i = min(found)
    told = np.array([b[i].mean(prior, doubt) for b in telling])
    certain = 1 / (1 + np.exp(-slope * told)) < CERTAIN
    shares = np.array([b[i].count / b[i].points for b in telling])[certain]
    share = float(shares.min() / 5) if len(shares) else 0.0
    fitted = Calibration(slope, prior, doubt, THRESHOLDS[i], LEAST, share)
    unscored = sum(b[i].count < max(LEAST, share * b[i].points) for b in silent)
    print(f"{fitted}, surprise {surprise:.4f}, {unscored} of {len(silent)} silent maps unscored")
    return fitted


def _slope(told: NDArray[np.float64], nothing: NDArray[np.float64]) -> tuple[float, float]:
    """Surprise of the best slope, and that slope; both kinds of maps weigh the same."""
    target = (2 * len(told) + 1) / (2 * len(told) + 2)

    def surprise(slope: float) -> float:
        right, wrong = np.logaddexp(0, slope * told), np.logaddexp(0, -slope * told)
        both = np.logaddexp(0, slope * nothing) + np.logaddexp(0, -slope * nothing)
        return float((target * right + (1 - target) * wrong).mean() + both.mean() / 2)

    best = minimize_scalar(surprise, bounds=(0.05, 20), method="bounded")
    return float(best.fun), float(best.x)


def exported(network: HandNetwork, path: Path, calibration: Calibration) -> str:
    """Write the ONNX file; its SHA-256."""
    export(network, path, {name: f"{value:.4g}" for name, value in asdict(calibration).items()})
    return hashlib.sha256(path.read_bytes()).hexdigest()


def calibrate(
    network: HandNetwork, models: Path, out: Path, kept: Path | None, threads: int
) -> str:
    """Fit on the validation part, write ``out``, and return its SHA-256."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.onnx"
        runner = load_network(threads, raw, exported(network, raw, UNFITTED))
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
    return exported(network, out, fit(telling, silent))


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
