"""Trains the resolution networks from a folder of atomic models.

    python training/train_resolution.py --models FOLDER --out OUT

Everything random comes from ``--seed``; the structures are those that ``hand_split.json`` lists for
training. First pieces of simulated maps are drawn, and what the networks' filters see at some of
their voxels is kept in ``OUT``; then the perceptrons are trained on that, and calibrated. What has
been done is not done again when the same command is given again. The fine network starts from the
coarse one: density of half the resolution on voxels of half the size looks much the same.
"""

from __future__ import annotations

import argparse
import math
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from calibrate_resolution import calibrate
from numpy.typing import NDArray
from resolution_network import FEATURES, QUANTILES, ResolutionNetwork
from resolution_samples import COARSE, FINE, Grid, draw_samples
from structures import Structure
from torch import Tensor
from train_hand import load_part

from vrs_scipion.methods.local_resolution_network import Weights

PIECES = {"coarse": 9000, "fine": 2400}
VALIDATION_PIECES = {"coarse": 400, "fine": 200}
VARIANTS = 4
VOXELS = 40
"""Voxels taken of a piece in each of its variants."""

BLOCK = 100
"""Pieces that a process draws before it is given others."""

STEPS = {"coarse": 10000, "fine": 2000}
RATE = {"coarse": 2e-3, "fine": 3e-4}
BATCH = 2048
Array = NDArray[np.float32]


def draw(structures: list[Structure], grid: Grid, seed: int, pieces: range) -> tuple[Array, Array]:
    """Features (n, FEATURES) and labels (n,), ln of the resolution in Å, of random voxels."""
    network = ResolutionNetwork()
    features, labels = [], []
    for piece in pieces:
        generator = np.random.default_rng((seed, piece))
        for sample in draw_samples(structures, generator, grid, VARIANTS):
            known = np.argwhere(np.isfinite(sample.labels))
            if not len(known):
                continue
            z, y, x = generator.choice(known, VOXELS).T
            with torch.no_grad():
                seen = network.features(torch.from_numpy(sample.values.copy())[None, None])
            features.append(seen[0].numpy()[:, z, y, x].T)
            labels.append(sample.labels[z, y, x])
    print(f"{grid.name} pieces to {pieces.stop}", flush=True)
    return np.concatenate(features), np.concatenate(labels)


def drawn(
    models: Path, part: str, grid: Grid, seed: int, kept: Path, workers: int
) -> tuple[Array, Array]:
    """Pieces of a part of the split, from ``kept`` if they have been drawn before."""
    if not kept.exists():
        pieces = PIECES[grid.name] if part == "training" else VALIDATION_PIECES[grid.name]
        blocks = [range(a, min(a + BLOCK, pieces)) for a in range(0, pieces, BLOCK)]
        with ProcessPoolExecutor(
            workers, get_context("spawn"), torch.set_num_threads, (1,)
        ) as pool:
            done = list(pool.map(partial(draw, load_part(models, part), grid, seed), blocks))
        features, labels = (np.concatenate(values) for values in zip(*done, strict=True))
        beside = kept.with_suffix(".new.npz")
        np.savez(beside, features=features, labels=labels)
        beside.replace(kept)
    with np.load(kept) as stored:
        return stored["features"], stored["labels"]


def pinball(found: Tensor, labels: Tensor) -> Tensor:
    """Mean pinball loss of the quantiles (n, 5)."""
    miss = labels[:, None] - found
    quantiles = torch.tensor(QUANTILES)
    return torch.maximum(quantiles * miss, (quantiles - 1) * miss).mean()


def train(
    features: Array, labels: Array, seed: int, name: str, start: ResolutionNetwork | None
) -> ResolutionNetwork:
    """Train the perceptron of one grid, from scratch or from another grid's."""
    torch.manual_seed(seed)
    network = ResolutionNetwork()
    assert features.shape[1] == FEATURES
    if start is None:
        network.centre.copy_(torch.from_numpy(features.mean(axis=0)))
        network.scale.copy_(torch.from_numpy(1 / (features.std(axis=0) + 1e-3)))
    else:
        network.load_state_dict(start.state_dict())
        with torch.no_grad():
            network.layers[-1].bias[2] += math.log(FINE.voxel / COARSE.voxel)  # type: ignore[index,operator,union-attr]
    x, y = torch.from_numpy(features), torch.from_numpy(labels)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE[name], weight_decay=1e-3)
    started, running = time.time(), math.nan
    steps = STEPS[name]
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = RATE[name] * (
            min(1.0, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * step / steps))
        )
        chosen = torch.randint(len(y), (BATCH,))
        loss = pinball(network.quantiles(x[chosen]), y[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        running = loss.item() if math.isnan(running) else 0.99 * running + 0.01 * loss.item()
        if step % 1000 == 999:
            print(f"{name} {step + 1} loss {running:.5f} {time.time() - started:.0f} s", flush=True)
    return network


def report(network: ResolutionNetwork, features: Array, labels: Array) -> str:
    """Loss, coverage of 68 %, and error of the median in Å by resolution."""
    with torch.no_grad():
        found = network.quantiles(torch.from_numpy(features))
        loss = pinball(found, torch.from_numpy(labels))
    q, d = found.exp().numpy(), np.exp(labels)
    rows = [f"loss {loss:.5f}, 68 % {np.mean((d > q[:, 1]) & (d < q[:, 3])):.3f}"]
    for low, high in pairwise(np.geomspace(d.min(), d.max() + 1e-3, 7)):
        here = (d >= low) & (d < high)
        error = q[here, 2] - d[here]
        rows.append(f"{low:.1f}-{high:.1f} {np.abs(error).mean():.2f} ({error.mean():+.2f})")
    return " | ".join(rows)


def main() -> None:
    """Train both networks, and write them as ONNX."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=2019)
    parser.add_argument("--workers", type=int, default=1, help="processes that draw")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    start = None
    for grid in (COARSE, FINE):
        data = {
            part: drawn(
                given.models,
                part,
                grid,
                given.seed,
                given.out / f"{grid.name}_{part}.npz",
                given.workers,
            )
            for part in ("training", "validation")
        }
        weights = given.out / f"{grid.name}.pt"
        if weights.exists():
            network = ResolutionNetwork()
            network.load_state_dict(torch.load(weights))
        else:
            network = train(*data["training"], given.seed, grid.name, start)
            torch.save(network.state_dict(), weights)
        print("validation", report(network, *data["validation"]), flush=True)
        onnx = Weights(grid.name, grid.voxel, given.out / f"resolution_{grid.name}.onnx", "")
        digest = calibrate(network, given.models, onnx, given.workers)
        print(onnx.path.name, "SHA-256", digest, flush=True)
        start = network


if __name__ == "__main__":
    main()
