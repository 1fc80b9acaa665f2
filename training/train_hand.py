"""Trains the handedness network from a folder of atomic models.

    python training/train_hand.py --models FOLDER --out OUT

Everything random comes from ``--seed`` and the step's number; the structures are those that
``hand_split.json`` lists for training.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from calibrate_hand import calibrate
from hand_network import HandNetwork
from hand_samples import Sample, Stage, draw_sample, stage, turned
from structures import Structure, load_structure, sha256
from torch import Tensor
from torch.nn import functional

SPLIT = Path(__file__).with_name("hand_split.json")
NEUTRALITY = 0.02
AVERAGING = 0.99
RECENT = 96


def load_part(folder: Path, part: str) -> list[Structure]:
    """The structures of one part of the split, their files verified."""
    chosen = [r for r in json.loads(SPLIT.read_text()) if r["part"] == part]
    for record in chosen:
        if sha256(folder / record["file"]) != record["sha256"]:
            raise ValueError(f"{record['file']} is not the file of the split")
    return [load_structure(folder / r["file"], r["kind"]) for r in chosen]


def sampling_order(structures: list[Structure]) -> list[Structure]:
    """Structures repeated by how much helix they show; every one at least once."""
    return [
        s
        for s in structures
        for _ in range(1 + min(5, int(len(s.axis) > 15) * 3 + len(s.axis) // 100))
    ]


def batches(
    structures: list[Structure], seed: int, steps: int, size: int, opened: bool
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Batches of samples, drawn one step ahead in another thread.

    Half of a batch is new; the other half are recent samples, turned: drawing costs as much as
    learning does. Where the curriculum is ``opened`` already, samples are of all kinds at once.
    """

    def draw(step: int) -> list[Sample]:
        generator = np.random.default_rng((seed, step))
        hard = stage(1.0 if opened else step / steps)
        return [
            draw_sample(structures, generator, hard) for _ in range(size if not step else size // 2)
        ]

    recent: deque[Sample] = deque(maxlen=RECENT)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(draw, 0)
        for step in range(steps):
            new, future = future.result(), pool.submit(draw, step + 1)
            generator = np.random.default_rng((seed, step, 1))
            known = generator.choice(len(recent), size - len(new), replace=False) if recent else []
            yield stacked([*new, *(turned(recent[int(i)], generator) for i in known)])
            recent.extend(new)


def stacked(samples: list[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Values (n, 1, …), helix labels (n, …), votes (n, …)."""
    return (
        torch.from_numpy(np.stack([s.values for s in samples])[:, None]),
        torch.from_numpy(np.stack([s.helix for s in samples])),
        torch.from_numpy(np.stack([s.votes for s in samples])),
    )


def loss_of(out: Tensor, helix: Tensor, votes: Tensor) -> Tensor:
    """Helix entropy, plus entropy of the right hand where it is asked, neutrality off helices."""
    hand, logit = out[:, 0], out[:, 1]
    known = ~torch.isnan(helix)
    found = functional.binary_cross_entropy_with_logits(logit[known], helix[known])
    off = helix == 0
    neutral = (hand[off] ** 2).mean() if off.any() else hand.sum() * 0
    right = functional.softplus(hand[votes]).mean() if votes.any() else hand.sum() * 0
    return found + right + NEUTRALITY * neutral


def evaluate(network: HandNetwork, structures: list[Structure], count: int) -> str:
    """Pieces of validation maps: votes weighted by helix, by resolution."""
    network.eval()
    rows = []
    for coarsest, noisiest, name in (
        (4.0, 50, "<4 clean"),
        (4.0, 1, "<4"),
        (6.0, 1, "<6"),
        (8.0, 0.4, "<8"),
    ):
        generator = np.random.default_rng(99)
        right = total = 0
        entropy: list[float] = []
        for _ in range(count):
            sample = draw_sample(structures, generator, Stage(90, coarsest, noisiest))
            if sample.votes.sum() < 20:
                continue
            x, _, votes = stacked([sample])
            with torch.no_grad():
                out = network(x)[0]
            weight = torch.sigmoid(out[1])
            right += int((weight * out[0]).sum() < 0)
            total += 1
            entropy.append(float(functional.softplus(out[0][votes[0]]).mean()))
        rows.append(f"{name} {right}/{total} {np.mean(entropy):.3f}")
    return " | ".join(rows)


def main() -> None:
    """Train, and keep the averaged weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1300)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=2022)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="weights of an earlier round, to go on from")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    training = sampling_order(load_part(given.models, "training"))
    validation = [s for s in load_part(given.models, "validation") if len(s.axis) > 30]
    network, averaged = HandNetwork(), HandNetwork()
    if given.start:
        network.load_state_dict(torch.load(given.start))
    averaged.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), lr=given.rate, weight_decay=1e-3)
    hold = 0.0 if given.start else 0.3
    started = time.time()
    running = 0.0
    opened = given.start is not None
    drawn = batches(training, given.seed, given.steps, given.batch, opened)
    for step, batch in enumerate(drawn):
        warm = min(1.0, (step + 1) / 50)
        falling = 0.5 + 0.5 * math.cos(math.pi * max(0.0, step / given.steps - hold) / (1 - hold))
        optimiser.param_groups[0]["lr"] = given.rate * warm * max(falling, 0.01)
        x, helix, votes = batch
        network.train()
        loss = loss_of(network(x), helix, votes)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        follow(averaged, network, AVERAGING if step > 100 else 0.9)
        running = 0.98 * running + 0.02 * loss.item() if step else loss.item()
        if step % 50 == 49:
            print(f"{step + 1} loss {running:.4f} {time.time() - started:.0f} s", flush=True)
        if step % 200 == 199 or step == given.steps - 1:
            torch.save(averaged.state_dict(), given.out / "hand.pt")
            print("  validation", evaluate(averaged, validation, 25), flush=True)
    averaged.eval()
    onnx = given.out / "hand.onnx"
    print("SHA-256", calibrate(averaged, given.models, onnx, given.out / "maps", given.threads))


def follow(averaged: HandNetwork, network: HandNetwork, keep: float) -> None:
    """Move the averaged weights towards the present ones."""
    present = network.state_dict()
    with torch.no_grad():
        for name, value in averaged.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(present[name], 1 - keep)


if __name__ == "__main__":
    main()
