"""DeepHand's two networks, to compare with: loaded from their weights, never shipped.

The networks are of García Condado et al. (2022), doi 10.1016/j.jsb.2022.107915, GPL-3. Every voxel
of the mask gets a cube of 11 voxels of 1 Å, negatives set to 0 and stretched to [0, 1]; where one
network takes it for α-helix, the other tells the hand.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import fft, ndimage
from torch import Tensor, nn

from vrs_scipion.maps.density import Density, Mask, Volume

HALF = 5
BATCH = 2048
ALPHA = 0.7
LOW_PASS, EDGE = 1 / 5, 0.02
MOST = 2000
"""Voxels of a simulated map that are judged, chosen at random; all of a real map."""


class EM3DNet(nn.Module):
    """The architecture of both networks."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv3d(a, b, k, padding=p)
            for a, b, k, p in (
                (1, 4, 5, 1),
                (4, 8, 5, 1),
                (8, 16, 3, 0),
                (16, 32, 3, 0),
                (32, 64, 2, 0),
            )
        )
        self.dense = nn.ModuleList((nn.Linear(512, 128), nn.Linear(128, 1)))

    def forward(self, x: Tensor) -> Tensor:
        """Cubes (n, 1, 11, 11, 11) to probabilities (n,)."""
        for layer in self.layers:
            x = torch.relu(layer(x))
        x = torch.relu(self.dense[0](x.flatten(1)))
        return torch.sigmoid(self.dense[1](x))[:, 0]


class DeepHandNetworks:
    """Both networks, ready to judge a map."""

    def __init__(self, folder: Path) -> None:
        self.alpha = _loaded(folder / "5A_SSE_experimental.pth")
        self.hand = _loaded(folder / "5A_TL_hand_alpha.pth")

    def of_map(self, density: Density, contour: float) -> float | None:
        """Score of a map as ``xmipp_deep_hand`` has it: resized by a spline, low-passed to 5 Å."""
        factor = density.voxel_size[0]
        values = _resized(density.values, factor)
        return self.score(_low_passed(values), values >= contour)

    def both_ways(self, values: Volume, mask: Mask) -> float | None:
        """Score of a map of 1 Å voxels, averaged with what its mirror says."""
        generator = np.random.default_rng(0)
        where = np.argwhere(mask)
        chosen = np.zeros_like(mask)
        chosen[tuple(where[generator.permutation(len(where))[:MOST]].T)] = True
        filtered = _low_passed(values)
        plain = self.score(filtered, chosen)
        mirror = self.score(filtered[..., ::-1].copy(), chosen[..., ::-1].copy())
        scores = [s for s in (plain, None if mirror is None else 1 - mirror) if s is not None]
        return float(np.mean(scores)) if scores else None

    def score(self, values: Volume, mask: Mask) -> float | None:
        """Mean of the hand over the helix voxels, None without one."""
        padded = np.pad(values, HALF)
        cubes = np.lib.stride_tricks.sliding_window_view(padded, (2 * HALF + 1,) * 3)
        found: list[NDArray[np.float32]] = []
        where = np.argwhere(mask)
        for start in range(0, len(where), BATCH):
            box = cubes[tuple(where[start : start + BATCH].T)].clip(0)
            low = box.min(axis=(1, 2, 3), keepdims=True)
            span = box.max(axis=(1, 2, 3), keepdims=True) - low
            box = ((box - low) / np.where(span > 0, span, 1)).astype(np.float32)
            with torch.no_grad():
                x = torch.from_numpy(box[:, None])
                helical = self.alpha(x) > ALPHA
                if helical.any():
                    found.append(self.hand(x[helical]).numpy())
        return float(np.concatenate(found).mean()) if found else None


def _loaded(path: Path) -> EM3DNet:
    network = EM3DNet()
    stored = torch.load(path, map_location="cpu", weights_only=True)
    state = dict(zip(network.state_dict(), stored.values(), strict=True))
    network.load_state_dict(state)
    network.eval()
    return network


def _resized(values: Volume, factor: float) -> Volume:
    """Cubic B-spline, centre N // 2 to M // 2, M = int(N · factor), scale M / N."""
    grids = [
        (np.arange(int(n * factor)) - int(n * factor) // 2) * n / int(n * factor) + n // 2
        for n in values.shape
    ]
    coefficients = ndimage.spline_filter(values, 3, output=np.float32)
    resized = np.empty([len(g) for g in grids], np.float32)
    for i, z in enumerate(grids[0]):  # a plane at a time keeps the coordinates small
        yx = np.meshgrid(grids[1], grids[2], indexing="ij")
        resized[i] = ndimage.map_coordinates(
            coefficients, (np.full_like(yx[0], z), *yx), order=3, prefilter=False, mode="nearest"
        )
    return resized


def _low_passed(values: Volume) -> Volume:
    """Xmipp's filter: 1 below 1/5 Å, a raised cosine of 0.02 beyond."""
    z, y = (fft.fftfreq(n)[:, None] for n in values.shape[:2])
    s = np.sqrt(z[:, None] ** 2 + y**2 + fft.rfftfreq(values.shape[2]) ** 2)
    amplitude = 0.5 + 0.5 * np.cos(np.pi * np.clip((s - LOW_PASS) / EDGE, 0, 1))
    filtered: Volume = fft.irfftn(fft.rfftn(values) * amplitude.astype(np.float32), s=values.shape)
    return filtered
