"""How much each place counts when bands are compared inside a mask."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vrs_scipion.maps.density import Volume
from vrs_scipion.methods.fsc.bands import Grid, profile
from vrs_scipion.methods.fsc.under_mask import UnderMask
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, on_grid, power

CYCLES = 1.2
"""Thickness of a band at half its height, over one wave in the diameter of the mask."""
THINNEST = 2.0
"""Shells."""

MOST_BANDS = 40
"""Of a curve: in a large box they are thicker than they have to be, and do not overlap."""
_FEWEST_BANDS = 4
"""Of a curve, if need be thinner ones."""
_INFLATION, _ENOUGH = 0.5, 1e4
"""Share by which sampling a band at fewer points than it has waves may raise the variance, and
the number of independent samples from which on it may raise it further."""
_MANY_POINTS = 96
"""Along the longest edge."""
_TIE = 1e-6


def band_width(under: UnderMask) -> float:
    """How thick a band is for a mask, in shells: thinner ones it could not tell apart."""
    thinnest = max(THINNEST, under.shells.count / MOST_BANDS)
    wanted = max(thinnest, CYCLES * max(under.shells.extents) / under.diameter)
    return min(wanted, under.shells.count / _FEWEST_BANDS)


@dataclass(frozen=True)
class Places:
    """Weights of the places under a mask, for bands of one width.

    A band shows the energy of every place smeared by a kernel as wide as the band is thin, so that
    part of what is in a mask is seen outside of it. The transform of that kernel is known, see
    `Meeting`: weights whose transform is divided by it count every place where it is.

    Attributes
    ----------
    shells : of the maps
    spectrum : transform of the weights, up to the frequency beyond which there is nothing
    redundancy : coefficients of a band that share one independent value
    spread : what that would be, were all coefficients one wave apart
    reach : half the thickness of the band, in shells
    """

    shells: Shells
    spectrum: HalfSpectrum
    redundancy: float
    spread: float
    reach: float
    _on: dict[Grid, Volume] = field(default_factory=dict)

    @classmethod
    def of(cls, masks: Sequence[UnderMask], width: float) -> list[Places]:
        """The places under masks of one box, each by its square: it would multiply both maps."""
        one = masks[0]
        spectra, shells = [mask.square[0].copy() for mask in masks], one.square[1]
        seen, shared = Meeting.of(width, 1), Meeting.of(width, 2)
        sums = np.zeros((len(masks), 2))
        for z in range(shells.shape[0]):
            distance = shells.radii(z)
            blurred = np.exp(-2 * (np.pi * one.blur / max(shells.extents) * distance) ** 2)
            factor = (blurred / seen.at(distance)).astype(np.float32)
            weights = np.stack(
                [shells.weights * shared.at(distance), shells.weights + 0 * distance]
            )
            for spectrum, found in zip(spectra, sums, strict=True):
                spectrum[z] *= factor
                found += np.tensordot(weights, power(spectrum[z]), 2)
        totals = [float(power(spectrum[0])[0, 0]) for spectrum in spectra]
        return [
            cls(one.shells, spectrum, redundancy / total, spread * shared.total / total, width)
            for spectrum, total, (redundancy, spread) in zip(
                spectra, totals, sums.tolist(), strict=True
            )
        ]

    def grid(self, centre: float, samples: float) -> Grid:
        """The coarsest grid that is enough for a band around a centre of so many coefficients.

        One on which nothing is folded, where that is not large.
        """
        whole = 2 * (centre + self.reach) + self.spectrum.shape[2] / 2
        points = _fast(math.ceil(min(whole, _MANY_POINTS)))
        while True:
            grid = self._grid(points)
            shared = self.shared(grid, centre)
            few = shared <= (1 + _INFLATION) * self.redundancy or samples >= _ENOUGH * shared
            if points >= whole or few:
                return grid
            points = _fast(points + 1)

    def shared(self, grid: Grid, centre: float) -> float:
        """Coefficients of a band around a centre that share one independent value on a grid.

        On one of n points coefficients n waves apart fall on each other.
        """
        longest = max(self.shells.extents)
        steps = [n * longest / e for n, e in zip(grid, self.shells.extents, strict=True)]
        folded = _inverse_distances(steps, 2 * (centre + self.reach))
        return self.redundancy + self.spread * folded

    def _grid(self, points: int) -> Grid:
        """So many points along the longest edge, and as densely along the others."""
        share = points / max(self.shells.extents)
        z, y, x = (_fast(math.ceil(share * extent - _TIE)) for extent in self.shells.extents)
        return z, y, x

    def on(self, grid: Grid, threads: int = 1) -> Volume:
        """The weights at the points of a grid, but for a factor."""
        if grid not in self._on:
            from scipy import fft  # slow to load

            spectrum = on_grid(self.spectrum, grid)
            self._on[grid] = fft.irfftn(spectrum, s=grid, overwrite_x=True, workers=threads)
        return self._on[grid]


@dataclass(frozen=True)
class Meeting:
    """How much of a thin shell meets itself when it is moved, 1 where it is not.

    Attributes
    ----------
    offset, share : by how much it is moved, in shells, and what meets, up to twice its reach
    total : what meets times the offset, farther off
    """

    offset: Reals
    share: Reals
    total: float

    @classmethod
    def of(cls, width: float, exponent: int) -> Meeting:
        """Of a shell whose height across is a power of the profile of a band.

        A shell that is moved by Δ is moved across by anything up to Δ, all alike.
        """
        step = width / 200
        across = np.arange(-200, 201) * step
        height = profile(across, width) ** exponent
        meeting = np.correlate(height, height, "full")[height.size - 1 :]
        meeting /= meeting[0]
        sums = np.append(0, np.cumsum((meeting[1:] + meeting[:-1]) * step / 2))
        offset = np.arange(meeting.size) * step
        return cls(offset, np.append(1, sums[1:] / offset[1:]), float(sums[-1]))

    def at(self, offset: Reals) -> Reals:
        """What meets at any offset."""
        share = self.total / np.maximum(offset, self.offset[1])
        near = offset < self.offset[-1]
        share[near] = np.interp(offset[near], self.offset, self.share)
        return share


def _fast(points: int) -> int:
    from scipy import fft  # slow to load

    return int(fft.next_fast_len(points, real=True))


def _inverse_distances(steps: Sequence[float], farthest: float) -> float:
    """The sum of 1 over the distance of a lattice's points from one of them, up to the farthest."""
    squares = [(np.arange(-(farthest // s), farthest // s + 1) * s) ** 2 for s in steps]
    distance = np.sqrt(squares[0][:, None, None] + squares[1][:, None] + squares[2])
    return float((1 / distance[(distance > 0) & (distance < farthest)]).sum())
