"""The resolution network: local statistics of a bank of filters, then a small perceptron.

How fast the local spectrum falls is what tells the resolution, and how the density is distributed
tells a molecule from noise. Fixed filters, powers of the Laplacian smoothed by binomials, give
bands at every second voxel; of each the network sees, in logarithms, the energy in a small and in a
large window, how much of it is in positive values, and how much in few. What it makes of these is
learnt, the same for every voxel: the whole is fully convolutional.
"""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

QUANTILES = (0.05, 0.16, 0.5, 0.84, 0.95)
STRIDE = 2
KERNEL, SMOOTHING, COARSE_KERNEL = 9, 5, 7
SMALL, LARGE = 3, 7
"""Edges of the windows, in answers."""

HIDDEN = (128, 64)
REACH = SMOOTHING // 2 + STRIDE * (COARSE_KERNEL // 2 + LARGE // 2)
"""Voxels that the network sees on either side of one: a receptive field of 29."""

TRIMMED = (COARSE_KERNEL // 2 + SMOOTHING // 4) - KERNEL // 4
"""Answers at each border that the fine bands have and the coarse ones have not."""

FAINTEST = 1e-8
"""Added to energies: fainter bands are nothing."""

_FIRST_GUESS = (-2.0, -2.0, 1.5, -2.0, -2.0)
"""The last bias: about 4.5 Å, give or take an eighth."""


def laplacians(kernel: int) -> NDArray[np.float32]:
    """Powers of the Laplacian, smoothed by binomials: shape (n, kernel, …), of unit norm."""
    second, smooth, one = [1.0, -2.0, 1.0], [0.25, 0.5, 0.25], [0.0, 1.0, 0.0]
    laplacian = sum(
        np.einsum("i,j,k->ijk", *(second if a == b else one for b in range(3))) for a in range(3)
    )
    binomial = np.einsum("i,j,k->ijk", smooth, smooth, smooth)
    size, middle = 32, slice(16 - kernel // 2, 16 + kernel // 2 + 1)
    transforms = [
        np.fft.fftn(np.roll(np.pad(f, (0, size - 3)), (-1, -1, -1), (0, 1, 2)))
        for f in (laplacian, binomial)
    ]
    bank = []
    for order, smoothings in product(range(kernel // 2 + 1), repeat=2):
        if order + smoothings <= kernel // 2 and (order or smoothings % 2 == 0):
            transform = transforms[0] ** order * transforms[1] ** smoothings
            whole = np.fft.fftshift(np.fft.ifftn(transform).real)
            filter_ = whole[middle, middle, middle]
            bank.append(filter_ / np.linalg.norm(filter_))
    return np.array(bank, np.float32)


def binomial() -> NDArray[np.float32]:
    """What the map is smoothed with for the coarse bands."""
    row = np.array([1, 4, 6, 4, 1]) / 16
    return np.einsum("i,j,k->ijk", row, row, row).astype(np.float32)


BANDS = len(laplacians(KERNEL)) + len(laplacians(COARSE_KERNEL))
FEATURES = 4 * BANDS


def trimmed(x: Tensor) -> Tensor:
    """Without the outer answers."""
    inner = slice(TRIMMED, -TRIMMED)
    return x[:, :, inner, inner, inner]


class ResolutionNetwork(nn.Module):
    """Quantiles of ln(resolution / Å) at every second voxel."""

    centre: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, bank in (
            ("fine_bank", laplacians(KERNEL)),
            ("coarse_bank", laplacians(COARSE_KERNEL)),
            ("smoothing", binomial()[None]),
        ):
            self.register_buffer(name, torch.from_numpy(bank[:, None]))
        self.register_buffer("centre", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))
        sizes = (FEATURES, *HIDDEN)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(HIDDEN[-1], len(QUANTILES)))
        with torch.no_grad():
            self.layers[-1].weight.mul_(0.1)  # type: ignore[operator,union-attr]
            self.layers[-1].bias.copy_(torch.tensor(_FIRST_GUESS))  # type: ignore[operator,union-attr,arg-type]

    def features(self, x: Tensor) -> Tensor:
        """(n, 1, z, y, x) to (n, FEATURES, …)."""
        convolve = nn.functional.conv3d
        fine = convolve(x, self.fine_bank, stride=STRIDE)  # type: ignore[arg-type]
        smooth = convolve(x, self.smoothing, stride=STRIDE)  # type: ignore[arg-type]
        coarse = convolve(smooth, self.coarse_bank)  # type: ignore[arg-type]
        bands = torch.cat((trimmed(fine), coarse), 1)
        squares = bands * bands
        positive = torch.relu(bands) * bands
        small = trimmed(nn.functional.avg_pool3d(squares, SMALL, 1))
        large, of_positive, of_squares = (
            nn.functional.avg_pool3d(v, LARGE, 1) for v in (squares, positive, squares * squares)
        )
        energy = torch.log(large + FAINTEST)
        return torch.cat(
            (
                torch.log(small + FAINTEST),
                energy,
                torch.log(of_positive + FAINTEST) - energy,
                torch.log(of_squares + FAINTEST**2) - 2 * energy,
            ),
            1,
        )

    def quantiles(self, features: Tensor) -> Tensor:
        """(…, FEATURES) to (…, 5): the quantiles, in rising order.

        The median is predicted as it is, the others by their distance from their neighbour.
        """
        raw = self.layers((features - self.centre) * self.scale)
        median = raw[..., 2:3]
        below = nn.functional.softplus(raw[..., :2])
        above = nn.functional.softplus(raw[..., 3:])
        inner_low, inner_high = median - below[..., 1:], median + above[..., :1]
        outer_low, outer_high = inner_low - below[..., :1], inner_high + above[..., 1:]
        return torch.cat((outer_low, inner_low, median, inner_high, outer_high), -1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, z, y, x) to (n, 5, …)."""
        return self.quantiles(self.features(x).permute(0, 2, 3, 4, 1)).permute(0, 4, 1, 2, 3)
