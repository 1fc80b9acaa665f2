"""Fits the error bars of a trained resolution network and writes it as ONNX.

On whole simulated maps of the validation part, evaluated as the package evaluates a map, medians
are shifted and the distances of the other quantiles stretched so that 16 % of the voxels lie below
the one and above the other, around each of a few resolutions (conformal prediction, Romano et al.
2019, arXiv 1905.03222).
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from export_resolution import export
from hand_maps import read_split, seed_of
from numpy.typing import NDArray
from resolution_maps import known_maps
from resolution_network import ResolutionNetwork
from train_hand import SPLIT

from vrs_scipion.methods.local_resolution import quantiles
from vrs_scipion.methods.local_resolution_network import COARSE, Calibration, Weights, load_network
from vrs_scipion.methods.network_input import mean_and_spread

RANGES = {"coarse": (1.9, 16.0), "fine": (1.5, 4.2)}
"""Å, of the maps; they go beyond what the networks are used for."""

MAPS = {"coarse": 4, "fine": 2}
"""Of a structure in a condition."""

VOXELS = 300
"""Voxels taken of a map."""

NODES = 5
NEIGHBOURHOOD = 0.25
"""Distance in ln(resolution) within which voxels count for a node."""

COVERAGE = 0.84


def fit(found: NDArray[np.float32], truth: NDArray[np.float32]) -> Calibration:
    """Calibration that makes quantiles of voxels right.

    Parameters
    ----------
    found : (3, n), 16 %, 50 % and 84 % quantiles of ln(resolution / Å)
    truth : (n,)
    """
    low, median, high = found.astype(np.float64)
    nodes = np.linspace(*np.quantile(median, (0.02, 0.98)), NODES)
    shift, below, above = [], [], []
    for node in nodes:
        near = np.abs(median - node) < NEIGHBOURHOOD
        error = truth[near] - median[near]
        shift.append(float(np.median(error)))
        centred = error - shift[-1]
        below.append(float(np.quantile(-centred / (median - low)[near], COVERAGE)))
        above.append(float(np.quantile(centred / (high - median)[near], COVERAGE)))
    return Calibration(tuple(map(float, nodes)), tuple(shift), tuple(below), tuple(above))


def calibrate(network: ResolutionNetwork, models: Path, grid: Weights, workers: int) -> str:
    """Write ``grid.path`` without, fit, and write it with error bars; its SHA-256."""
    plain = replace(grid, sha256=exported(network, grid.path, Calibration()))
    records = read_split(SPLIT, "validation")
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        seen = pool.map(partial(voxels, plain, models), records)
        found, truth = (np.concatenate(v, axis=-1) for v in zip(*seen, strict=True))
    calibration = fit(found, truth)
    for key, values in asdict(calibration).items():
        print(grid.path.name, key, " ".join(f"{v:.3f}" for v in values), flush=True)
    return exported(network, grid.path, calibration)


def voxels(
    weights: Weights, models: Path, record: dict[str, Any]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Quantiles (3, n) and truth (n,) of voxels of a structure's maps, in ln(resolution / Å)."""
    generator = np.random.default_rng((seed_of(record["file"]), 2))
    network = load_network(weights)
    found, truth = [], []
    for _, condition, _, known in known_maps(
        models, [record], MAPS[weights.name], *RANGES[weights.name]
    ):
        if condition == "split" and weights.name != COARSE.name:
            continue
        level = mean_and_spread(known.density.values, known.mask)
        answers = quantiles(network, known.density, level, known.mask)
        chosen = generator.choice(answers.shape[1], min(VOXELS, answers.shape[1]), replace=False)
        found.append(answers[:, chosen])
        truth.append(np.log(known.truth[known.mask][chosen]))
    return np.concatenate(found, axis=1), np.concatenate(truth)


def exported(network: ResolutionNetwork, path: Path, calibration: Calibration) -> str:
    """Write the ONNX file; its SHA-256."""
    rounded = {k: [round(x, 4) for x in v] for k, v in asdict(calibration).items()}
    export(network, path, {"calibration": json.dumps(rounded)})
    return hashlib.sha256(path.read_bytes()).hexdigest()
