"""The handedness network: fully convolutional, antisymmetric under mirrors by construction."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Branch(nn.Module):
    """Two numbers per 2 Å: receptive field 17 Å, about 80,000 parameters."""

    def __init__(self, first: int = 24, width: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs, size, stride in (
            (1, first, 5, 2),
            (first, width, 3, 1),
            (width, width, 3, 1),
            (width, width, 3, 1),
            (width, width, 1, 1),
        ):
            layers += [
                nn.Conv3d(inputs, outputs, size, stride, bias=False),
                nn.BatchNorm3d(outputs),
                nn.ReLU(inplace=True),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv3d(width, 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, z, y, x) to (n, 2, …)."""
        out: Tensor = self.layers(x)
        return out


class HandNetwork(nn.Module):
    """Hand logit g(x) − g(mirror x), positive if mirrored; helix logit g(x) + g(mirror x).

    The mirror reverses x, before and after. Odd edges keep the strided grid symmetric.
    """

    def __init__(self) -> None:
        super().__init__()
        self.branch = Branch()

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, z, y, x) with odd edges to (n, 2, …): hand, helix."""
        seen = self.branch(torch.cat((x, torch.flip(x, (4,)))))
        plain, mirror = seen.chunk(2)
        mirror = torch.flip(mirror, (4,))
        hand = plain[:, :1] - mirror[:, :1]
        helix = plain[:, 1:] + mirror[:, 1:]
        return torch.cat((hand, helix), dim=1)
