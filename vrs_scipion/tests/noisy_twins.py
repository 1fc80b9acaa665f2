"""Two half maps that correlate as was chosen, and masks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods.fsc import GOLD_STANDARD, FscCurve

Box = tuple[int, int, int]
Reals = NDArray[np.float64]

GRIDS: tuple[tuple[Box, Triple], ...] = (
    ((48, 48, 48), (1.0, 1.0, 1.0)),
    ((40, 45, 37), (1.2, 1.2, 1.2)),
    ((32, 40, 27), (1.5, 1.0, 1.7)),
)
"""A cube, a box of three odd and even edges, and voxels that are no cubes."""


def whole_shells(box: Sequence[int], voxel: Triple) -> tuple[NDArray[np.intp], float]:
    """The shell of every coefficient of the whole transform, and the box's longest edge in Å."""
    longest = max(n * s for n, s in zip(box, voxel, strict=True))
    axes = [fft.fftfreq(n, s) * longest for n, s in zip(box, voxel, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return np.floor(np.sqrt(z**2 + y**2 + x**2) + 0.5 + 1e-9).astype(np.intp), longest


def correlated(frequency: Reals, resolution: float, width: float = 0.03) -> Reals:
    """A correlation that falls with frequency, a logistic curve of 0.143 at 1/``resolution``."""
    fallen = (1 / GOLD_STANDARD - 1) * np.exp((frequency - 1 / resolution) / width)
    return np.asarray(1 / (1 + fallen), np.float64)


class NoisyTwins:
    """Draws of noise that leave two copies of a signal a chosen correlation in every shell.

    The noise's power in a shell is P (1 − F) / F, with P the signal's and F the correlation.
    """

    def __init__(self, signal: Reals, voxel: Triple, resolution: float, seed: int) -> None:
        self.signal, self.generator = signal, np.random.default_rng(seed)
        self.shells, longest = whole_shells(signal.shape, voxel)
        power = np.abs(fft.fftn(signal)) ** 2
        samples = np.bincount(self.shells.ravel())
        self.truth = correlated(np.arange(samples.size) / longest, resolution)
        mean = np.bincount(self.shells.ravel(), power.ravel()) / samples
        self.amplitude = np.sqrt(mean * (1 - self.truth) / self.truth / signal.size)[self.shells]

    def noise(self) -> Reals:
        white = fft.fftn(self.generator.standard_normal(self.signal.shape))
        return np.asarray(fft.ifftn(white * self.amplitude).real, np.float64)

    def half(self) -> Volume:
        return (self.signal + self.noise()).astype(np.float32)

    def expected(self, curve: FscCurve) -> Reals:
        """The correlation that was chosen, in the shells of a curve."""
        return self.truth[1 : curve.correlation.size + 1]


def texture(box: Box, voxel: Triple, generator: np.random.Generator) -> Reals:
    """A signal over the whole box that falls off with frequency."""
    longest = whole_shells(box, voxel)[1]
    squares = (whole_shells(box, voxel)[0] / longest) ** 2
    white = fft.fftn(generator.standard_normal(box))
    return np.asarray(fft.ifftn(white * np.exp(-25 * squares)).real, np.float64)


def ball(box: Box, voxel: Triple, radii: Triple) -> NDArray[np.bool_]:
    """An ellipsoid of given radii (Å) in the middle of a box."""
    squares = [
        ((np.arange(n) - n // 2) * s / r) ** 2 for n, s, r in zip(box, voxel, radii, strict=True)
    ]
    z, y, x = np.meshgrid(*squares, indexing="ij")
    return np.asarray(z + y + x <= 1)


@dataclass(frozen=True)
class Molecule:
    """A molecule in a box, and the contour level at which it is one piece."""

    values: Reals
    voxel: Triple
    contour: float


@cache
def molecule(box: Box = (56, 60, 54), voxel: Triple = (1.4, 1.4, 1.4)) -> Molecule:
    """Atoms of one kind at random in a ball of 13 Å."""
    generator = np.random.default_rng(18)
    directions = generator.standard_normal((2500, 3))
    radii = 13 * np.cbrt(generator.random(2500)) / np.linalg.norm(directions, axis=1)
    places = np.round(directions * radii[:, None] / voxel).astype(int) + np.array(box) // 2
    atoms = np.zeros(box)
    np.add.at(atoms, tuple(places.T), 1)
    place, longest = whole_shells(box, voxel)
    values = fft.ifftn(fft.fftn(atoms) * np.exp(-12.5 * (place / longest) ** 2)).real
    return Molecule(values, voxel, 0.25 * float(values.max()))
