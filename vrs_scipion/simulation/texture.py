"""Half maps of a texture whose local resolution is known at every voxel and every level."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.simulation.filters import Spectrum, frequency_grid

FALL = 0.15
"""1/Å over which signal against noise falls tenfold."""


@dataclass(frozen=True)
class Texture:
    """A stationary signal in noise whose strength varies from place to place.

    Around every voxel the correlation of the halves falls with frequency f as
    1/(1 + 10^((f − f₀)/w)), f₀ being the frequency at which it is one half there.

    Attributes
    ----------
    signal : what both halves hold, float32 (z, y, x), of variance 1
    first, second : the half maps, float32 (z, y, x)
    noise : the noise of either
    half_frequency : f₀ of each voxel in 1/Å, float32 (z, y, x)
    fall : w in 1/Å
    """

    signal: Volume
    first: Volume
    second: Volume
    noise: TextureNoise
    half_frequency: Volume
    fall: float

    def resolution(self, level: float = 0.5) -> Volume:
        """Å where the local correlation falls below a level, float32 (z, y, x)."""
        beyond = np.float32(self.fall * math.log10(1 / level - 1))
        resolution: Volume = 1 / (self.half_frequency + beyond)
        return resolution


@dataclass(frozen=True)
class TextureNoise:
    """Noise that is stationary but for its strength.

    Attributes
    ----------
    strength : float64 (z, 1, 1), what it is multiplied by along z
    amplitude : of its frequencies where that is 1, float32 (nz, ny, nx // 2 + 1)
    """

    strength: NDArray[np.float64]
    amplitude: Spectrum
    box: tuple[int, int, int]

    def drawn(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Some of it, shape (z, y, x)."""
        white = fft.rfftn(generator.standard_normal(self.box), workers=os.cpu_count())
        even = fft.irfftn(white * self.amplitude, s=self.box, workers=os.cpu_count())
        return np.asarray(self.strength * even)

    @property
    def power(self) -> Spectrum:
        """Its expected |F|²: what varies along z carries power from frequency to frequency."""
        even = np.square(self.amplitude, dtype=np.float64) * math.prod(self.box)
        carried = np.square(np.abs(fft.fft(self.strength, axis=0) / self.box[0]))
        spread = fft.ifft(fft.fft(even, axis=0) * fft.fft(carried, axis=0), axis=0)
        return np.asarray(np.maximum(spread.real, 0), np.float32)


def texture(
    box: tuple[int, int, int],
    voxel_size: Triple,
    finest: float,
    coarsest: float,
    *,
    fall: float = FALL,
    seed: int = 0,
) -> Texture:
    """Half maps whose local resolution goes from ``finest`` to ``coarsest`` and back along z.

    The signal is white and Gaussian. The noise has a power that grows as 10^(f/w), and is
    multiplied by what varies slowly along z, as a sine of one period; the box is periodic.

    Parameters
    ----------
    box, voxel_size : voxels and Å along z, y, x
    finest, coarsest : Å at which the local correlation is one half
    fall : w in 1/Å. Much less of it, on fine voxels, spans more than float32 can tell apart
    seed : of signal and noise
    """
    generator = np.random.default_rng(seed)
    along = np.sin(2 * np.pi * np.arange(box[0]) / box[0])
    resolution = (coarsest + finest) / 2 + (coarsest - finest) / 2 * along[:, None, None]
    middle = 2 / (coarsest + finest)
    frequency = np.minimum(frequency_grid(box, voxel_size), 1 / (2 * max(voxel_size)))
    noise = TextureNoise(
        strength=10 ** ((middle - 1 / resolution) / (2 * fall)),
        amplitude=10 ** ((frequency - middle) / (2 * fall)),
        box=box,
    )
    signal = generator.standard_normal(box)
    first, second = (np.asarray(signal + noise.drawn(generator), np.float32) for _ in range(2))
    half_frequency = np.broadcast_to(1 / resolution, box).astype(np.float32)
    return Texture(signal.astype(np.float32), first, second, noise, half_frequency, fall)
