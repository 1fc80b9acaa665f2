"""Fits the error bars of a trained resolution network and writes it as ONNX.

On voxels of pieces of the validation part, medians are shifted and the distances of the other
quantiles stretched so that 16 % of the voxels lie below the one and above the other, around each of
a few resolutions (conformal prediction, Romano et al. 2019, arXiv 1905.03222).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from export_resolution import export
from numpy.typing import NDArray
from resolution_network import ResolutionNetwork

from vrs_scipion.methods.local_resolution_network import HIGH, LOW, MEDIAN, Calibration

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


def calibrate(
    network: ResolutionNetwork,
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    out: Path,
) -> str:
    """Fit on voxels of the validation part, write ``out``, and return its SHA-256."""
    with torch.no_grad():
        found = network.quantiles(torch.from_numpy(features)).numpy().T
    calibration = fit(found[[LOW, MEDIAN, HIGH]], labels)
    for key, values in asdict(calibration).items():
        print(out.name, key, " ".join(f"{v:.3f}" for v in values), flush=True)
    return exported(network, out, calibration)


def exported(network: ResolutionNetwork, path: Path, calibration: Calibration) -> str:
    """Write the ONNX file; its SHA-256."""
    rounded = {k: [round(x, 4) for x in v] for k, v in asdict(calibration).items()}
    export(network, path, {"calibration": json.dumps(rounded)})
    return hashlib.sha256(path.read_bytes()).hexdigest()
