"""The resolution network: local statistics of a bank of filters, then a small perceptron.

How fast the local spectrum falls is what tells the resolution, and how the density is distributed
tells a molecule from noise. Fixed filters, powers of the Laplacian smoothed by binomials, give
bands in three octaves, on every second voxel or, the third, on every fourth; of each the network
sees at every fourth voxel, in logarithms, the energy in a small and in a large window, how much of
it is in positive values, and how much in few. What it makes of these is learnt, the same for every
voxel: the whole is fully convolutional.
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
STRIDE = 4
"""Voxels from one answer to the next."""

OCTAVES = ("fine", "middle", "coarse")
KERNELS = {"fine": 9, "middle": 7, "coarse": 7}
SAMPLED = {"fine": 1, "middle": 2, "coarse": 4}
"""Voxels from one value to the next of what a kernel is applied to, smoothed at every doubling."""

SPACINGS = {"fine": 2, "middle": 2, "coarse": 4}
"""Voxels from one value of a band to the next."""

WINDOWS = {"fine": (3, 7), "middle": (3, 7), "coarse": (1, 3)}
"""Edges of the small and the large window, in values of a band."""

HIDDEN = (128, 64)
SMOOTHING = (1, 4, 6, 4, 1)

_REACHES = {
    o: len(SMOOTHING) // 2 * (SAMPLED[o] - 1)
    + KERNELS[o] // 2 * SAMPLED[o]
    + WINDOWS[o][1] // 2 * SPACINGS[o]
    for o in OCTAVES
}
REACH = max(_REACHES.values())
"""Voxels that the network sees on either side of one: a receptive field of 45."""

TRIMMED = {o: (REACH - _REACHES[o]) // SPACINGS[o] for o in OCTAVES}
"""Values at each border of a band that no answer needs."""

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
    """What the map is smoothed with from octave to octave: a convolution along each axis."""
    row = np.array(SMOOTHING, np.float32) / sum(SMOOTHING)
    return tuple(
        row.reshape(1, 1, *(len(row) if b == a else 1 for b in range(3))) for a in (2, 1, 0)
    )


BANKS = {octave: laplacians(kernel) for octave, kernel in KERNELS.items()}
BANDS = sum(len(bank[-1]) for bank in BANKS.values())
FEATURES = 4 * BANDS


def trimmed(x: Tensor, border: int) -> Tensor:
    """Without the outer values."""
    inner = slice(border, -border or None)
    return x[:, :, inner, inner, inner]


def filtered(x: Tensor, filters: tuple[NDArray[np.float32], ...], stride: int) -> Tensor:
    """(n, 1, z, y, x) to (n, filters, …), along one axis after the other."""
    for axis, weight in zip((2, 1, 0), filters, strict=True):
        strides = tuple(stride if a == axis else 1 for a in range(3))
        groups = x.shape[1] // weight.shape[1]
        x = nn.functional.conv3d(x, torch.from_numpy(weight), stride=strides, groups=groups)
    return x


def pooled(x: Tensor, octave: str, window: int) -> Tensor:
    """Averages over a cube around every answer."""
    border = (WINDOWS[octave][1] - window) // 2
    return nn.functional.avg_pool3d(trimmed(x, border), window, STRIDE // SPACINGS[octave])


class ResolutionNetwork(nn.Module):
    """Quantiles of ln(resolution / Å) at every fourth voxel."""

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
        smooth = filtered(x, binomial(), 2)
        seen = {"fine": x, "middle": smooth, "coarse": filtered(smooth, binomial(), 2)}
        bands = {o: filtered(seen[o], BANKS[o], SPACINGS[o] // SAMPLED[o]) for o in OCTAVES}
        return torch.cat([_statistics(trimmed(bands[o], TRIMMED[o]), o) for o in OCTAVES], 1)

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


def _statistics(bands: Tensor, octave: str) -> Tensor:
    """Of each band, what the network sees of it."""
    small, large = WINDOWS[octave]
    squares = bands * bands
    energy = torch.log(pooled(squares, octave, large) + FAINTEST)
    positive = pooled(torch.relu(bands) * bands, octave, large)
    fourth = pooled(squares * squares, octave, large)
    return torch.cat(
        (
            torch.log(pooled(squares, octave, small) + FAINTEST),
            energy,
            torch.log(positive + FAINTEST) - energy,
            torch.log(fourth + FAINTEST**2) - 2 * energy,
        ),
        1,
    )
