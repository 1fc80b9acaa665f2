"""The resolution network: local statistics of a bank of filters, then a small perceptron.

How fast the local spectrum falls is what tells the resolution, and how the density is distributed
tells a molecule from noise. Fixed filters, powers of the Laplacian smoothed by binomials, give
bands at every second voxel; of each the network sees, in logarithms, the energy in a small and in a
large window, how much of it is in positive values, and how much in few. What it makes of these is
learnt, the same for every voxel: the whole is fully convolutional.
"""

from __future__ import annotations

from functools import reduce
from itertools import pairwise, product

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import convolve
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


def laplacians(kernel: int) -> tuple[NDArray[np.float32], ...]:
    """Powers of the Laplacian, smoothed by binomials, of unit norm: three convolutions.

    With l the second difference along an axis, the Laplacian is the sum of the three l, and the
    binomial (1/4, 1/2, 1/4)³ the product of the three 1 + l/4: every filter is a polynomial in the
    three l. The first convolution makes the powers along x, the second the powers along y of each,
    the third those along z and their sums.

    Parameters
    ----------
    kernel : edge of the filters in voxels, odd

    Returns
    -------
    weights, shapes (powers, 1, 1, 1, kernel), (powers², 1, 1, kernel, 1), of as many groups as
    there are powers, and (filters, powers², kernel, 1, 1)
    """
    half = kernel // 2
    line = np.zeros((half + 1, kernel))
    for power in range(half + 1):
        row = reduce(np.convolve, [[1.0, -2.0, 1.0]] * power, np.ones(1))
        line[power, half - power : half + power + 1] = row
    laplacian = np.zeros((2, 2, 2))
    laplacian[1, 0, 0] = laplacian[0, 1, 0] = laplacian[0, 0, 1] = 1
    smoothing = np.einsum("i,j,k->ijk", *[[1, 0.25]] * 3)
    bank = []
    for order, smoothings in product(range(half + 1), repeat=2):
        if order + smoothings <= half and (order or smoothings % 2 == 0):
            factors = [laplacian] * order + [smoothing] * smoothings
            short = reduce(convolve, factors, np.ones((1, 1, 1)))
            polynomial = np.pad(short, [(0, half + 1 - n) for n in short.shape])
            filter_ = np.einsum("ijk,iz,jy,kx->zyx", polynomial, line, line, line)
            bank.append(polynomial / np.linalg.norm(filter_))
    sums = np.einsum("fijk,iz->fkjz", bank, line).reshape(len(bank), -1, kernel)
    weights = (
        line[:, None, None, None, :],
        np.tile(line, (half + 1, 1))[:, None, None, :, None],
        sums[:, :, :, None, None],
    )
    return tuple(w.astype(np.float32) for w in weights)


def binomial() -> tuple[NDArray[np.float32], ...]:
    """What the map is smoothed with for the coarse bands: a convolution along each axis."""
    row = np.array([1, 4, 6, 4, 1], np.float32) / 16
    return tuple(row.reshape(1, 1, *(5 if b == a else 1 for b in range(3))) for a in (2, 1, 0))


BANKS = {"fine": laplacians(KERNEL), "smooth": binomial(), "coarse": laplacians(COARSE_KERNEL)}
STRIDES = {"fine": STRIDE, "smooth": STRIDE, "coarse": 1}
BANDS = len(BANKS["fine"][-1]) + len(BANKS["coarse"][-1])
FEATURES = 4 * BANDS


def trimmed(x: Tensor) -> Tensor:
    """Without the outer answers."""
    inner = slice(TRIMMED, -TRIMMED)
    return x[:, :, inner, inner, inner]


def filtered(x: Tensor, bank: str) -> Tensor:
    """(n, 1, z, y, x) to (n, filters, …), along one axis after the other."""
    for axis, weight in zip((2, 1, 0), BANKS[bank], strict=True):
        stride = tuple(STRIDES[bank] if a == axis else 1 for a in range(3))
        groups = x.shape[1] // weight.shape[1]
        x = nn.functional.conv3d(x, torch.from_numpy(weight), stride=stride, groups=groups)
    return x


class ResolutionNetwork(nn.Module):
    """Quantiles of ln(resolution / Å) at every second voxel."""

    centre: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
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
        coarse = filtered(filtered(x, "smooth"), "coarse")
        bands = torch.cat((trimmed(filtered(x, "fine")), coarse), 1)
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
