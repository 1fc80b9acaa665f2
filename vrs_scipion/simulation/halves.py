"""Two half maps whose correlation is known, and the map that is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.methods.fsc import GOLD_STANDARD
from vrs_scipion.simulation.anisotropy import Anisotropy
from vrs_scipion.simulation.filters import apply_filter, fall_off
from vrs_scipion.simulation.half_faults import Halves, with_faults
from vrs_scipion.simulation.half_masks import LOOSE, MASKS
from vrs_scipion.simulation.halves_settings import HalvesSettings, Within
from vrs_scipion.simulation.halves_truth import (
    ACROSS,
    ALONG,
    HalvesTruth,
    correlation_of,
    logistic_fall,
    power_under,
)
from vrs_scipion.simulation.local_fsc import local_resolutions
from vrs_scipion.simulation.noise import gaussian_noise
from vrs_scipion.simulation.shells import Curve, Shells, signal_power, unit_noise_power
from vrs_scipion.simulation.signal import Signal
from vrs_scipion.simulation.symmetry import noise_gain, rotations, symmetrised

if TYPE_CHECKING:
    from vrs_scipion.simulation.texture_halves import TextureSettings

_NOTHING = 1e-9
"""Power, relative to the strongest shell, below which a shell holds nothing but rounding."""

_SILENT = 4.0
"""Standard deviations of the map's noise below which nobody puts a contour."""


@dataclass(frozen=True)
class SimulatedHalves:
    """Two half maps as their authors would deposit them, with the truth beside them.

    Attributes
    ----------
    density : the map
    half_maps : both
    clean : the map as it would be without noise and faults
    contour : of the map, which encloses as many voxels as the signal's own does, in its symmetry
    signal : what the halves share by right
    masks : float32 arrays, shape (nz, ny, nx), good and bad ones, by name
    settings : what they were made with
    truth : how they correlate
    map_of : what the map was made of instead of the halves; None if of them
    local : Å where the halves' local correlation falls below a level, by the level; 0 outside the
        molecule; empty where it was not asked for
    """

    density: Density
    half_maps: tuple[Density, Density]
    clean: Density
    contour: float
    signal: Signal
    masks: Mapping[str, Volume]
    settings: HalvesSettings | TextureSettings
    truth: HalvesTruth
    map_of: Signal | None = None
    local: Mapping[float, Volume] = field(default_factory=dict)


def simulate_halves(
    signal: Signal,
    settings: HalvesSettings,
    map_of: Signal | None = None,
    *,
    local: bool = False,
) -> SimulatedHalves:
    """Put a signal into noise twice.

    The noise is Gaussian and stationary, but for what a symmetry makes of it. The truth is that of
    the expected powers, which averages over many draws come to, in a mask too. The same arguments
    give the same maps, bit for bit.

    Parameters
    ----------
    signal : what the halves have in common
    settings : everything else
    map_of : another signal on the same grid; the map is made of it instead, in noise of its own
    local : whether the local resolution is wanted too, which takes a while

    Raises
    ------
    ValueError
        If the resolution is not on the grid, signal or noise hold nothing there, the other signal
        is on another grid, or the local resolution is asked for with a symmetry.
    """
    if map_of is not None:
        _require_same_grid(signal, map_of)
    if local and len(rotations(settings.symmetry)) > 1:
        raise ValueError(
            "the noise of halves with a symmetry is stronger on its axes, where no local "
            "resolution is known beforehand: leave out the symmetry"
        )
    ground = _Ground(signal, settings)
    streams = np.random.SeedSequence(settings.seed).spawn(3)
    one, other, third = (np.random.default_rng(stream) for stream in streams)
    grid = ground.signal.density
    halves = Halves(
        first=grid.values + ground.noise(one),
        second=grid.values + ground.noise(other),
        map=grid.values,
        signal=ground.signal,
        resolution=settings.resolution,
        draw_shared=lambda: ground.noise(third),
    )
    halves = with_faults(halves, settings.faults, in_the_data=True)
    whole, clean, contour = ground.map_of(halves.first, halves.second)
    if map_of is not None:
        another = simulate_halves(map_of, _of_another(settings))
        whole, clean, contour = another.density.values, another.clean.values, another.contour
    halves = with_faults(replace(halves, map=whole), settings.faults, in_the_data=False)
    return SimulatedHalves(
        density=replace(grid, values=halves.map),
        half_maps=(replace(grid, values=halves.first), replace(grid, values=halves.second)),
        clean=replace(grid, values=clean),
        contour=contour,
        signal=ground.signal,
        masks=ground.masks,
        settings=settings,
        truth=ground.truth(halves),
        map_of=map_of,
        local=ground.local_resolutions() if local else {},
    )


def _require_same_grid(one: Signal, other: Signal) -> None:
    if other.density.box != one.density.box or not np.allclose(
        other.density.voxel_size, one.density.voxel_size, rtol=1e-3
    ):
        raise ValueError(
            "the map is to be made of a signal on another grid: give one with the half maps' box "
            "and voxels"
        )


def _of_another(settings: HalvesSettings) -> HalvesSettings:
    return settings.model_copy(update={"seed": settings.seed + 1, "faults": ()})


def _redrawn(signal: Signal, values: Volume, molecule: Mask) -> Signal:
    """A signal of other values; its contour encloses as much of its molecule as before."""
    enclosed = round(signal.enclosed * molecule.sum() / signal.molecule.sum())
    return replace(
        signal,
        density=replace(signal.density, values=values),
        molecule=molecule,
        contour=float(np.partition(values.ravel(), -enclosed)[-enclosed]),
    )


class _Ground:
    """A signal in its symmetry, and the power of the noise that it is to be put into.

    Parameters
    ----------
    signal : as it came
    settings : what the half maps are to be
    """

    def __init__(self, signal: Signal, settings: HalvesSettings) -> None:
        self.settings = settings
        self.group = rotations(settings.symmetry)
        self.signal = self._symmetric(signal)
        grid = self.signal.density
        self.shells = Shells(grid.box, grid.voxel_size)
        self.masks = {name: make(self.signal) for name, make in MASKS.items()}
        self.own = signal_power(grid, self.shells)
        self.under = power_under(grid.values, self.masks, self.shells)
        self.gains = self._gains()
        self.noise_power = self.even_noise_power = self._noise_power()
        self.noise_by_direction = np.ones((1, 1, 1), np.float32)
        self.towards: dict[str, Curve] = {}
        if settings.anisotropy is not None:
            self._prefer_directions(settings.anisotropy)

    def _prefer_directions(self, by: Anisotropy) -> None:
        """Take from the signal along an axis, and make the noise as strong as the views are few."""
        grid, resolution, fall = self.signal.density, self.settings.resolution, self.settings.fall
        frequencies = self.shells.frequencies.astype(np.float32)
        for name, cosine in ((ALONG, 1.0), (ACROSS, 0.0)):
            square = np.full_like(frequencies, cosine)
            left = by.signal_left(frequencies, square, resolution, fall)
            self.towards[name] = correlation_of(
                self.own * np.square(left), self.noise_power / by.views(square)
            )
        left = by.signal_amplitude(grid.box, grid.voxel_size, resolution, fall)
        self.signal = _redrawn(self.signal, apply_filter(grid.values, left), self.signal.molecule)
        self.own = signal_power(self.signal.density, self.shells)
        self.under = power_under(self.signal.density.values, self.masks, self.shells)
        self.noise_by_direction = by.noise_amplitude(grid.box, grid.voxel_size)
        self.noise_power = self.noise_power * self.shells.mean(np.square(self.noise_by_direction))

    def noise(self, generator: np.random.Generator) -> Volume:
        """Noise of one half map."""
        grid = self.signal.density
        noise = gaussian_noise(grid.box, grid.voxel_size, generator)
        power = np.full(self.shells.count, float(noise.size))
        if len(self.group) > 1:
            noise = symmetrised(noise, self.group, grid.voxel_size)
            power[1:] = signal_power(replace(grid, values=noise), self.shells)[1:]
        level = np.sqrt(self.even_noise_power / power)
        level[0] = 0
        return apply_filter(noise, self.shells.spread(level) * self.noise_by_direction)

    def local_resolutions(self) -> dict[float, Volume]:
        """Å in the molecule at the levels that are asked for, by the expected local powers."""
        grid = self.signal.density
        noise = self.shells.spread(self.even_noise_power) * np.square(self.noise_by_direction)
        return local_resolutions(grid, noise, self.signal.molecule)

    def map_of(self, first: Volume, second: Volume) -> tuple[Volume, Volume, float]:
        """The map that authors make of two half maps, without noise too, and its contour."""
        curve = self.fsc_under(LOOSE)
        weight = self.shells.spread(np.sqrt(2 * curve / (1 + curve)))
        weight *= fall_off(self.shells.frequency, self.settings.sharpening)
        clean, whole = (
            apply_filter(values, weight)
            for values in (self.signal.density.values, (first + second) / 2)
        )
        enclosed = self.signal.enclosed
        enclosing = float(np.partition(clean.ravel(), -enclosed)[-enclosed])
        silent = _SILENT * float((whole - clean).std(dtype=np.float64))
        return whole, clean, max(enclosing, silent)

    def truth(self, halves: Halves) -> HalvesTruth:
        """How the half maps correlate."""
        fsc = correlation_of(self.own, self.noise_power)
        return HalvesTruth(
            frequencies=self.shells.frequencies,
            signal=self.own,
            noise=self.noise_power,
            fsc=fsc,
            fsc_under={name: self.fsc_under(name) for name in self.masks},
            measurable=halves.expected and halves.expected(fsc),
            fsc_towards=self.towards,
        )

    def fsc_under(self, mask: str) -> Curve:
        """Correlation by the signal alone under a mask."""
        return correlation_of(self.under[mask], self.noise_power * self.gains[mask])

    def _symmetric(self, signal: Signal) -> Signal:
        if len(self.group) == 1:
            return signal
        grid = signal.density
        molecule = symmetrised(signal.molecule.astype(np.float32), self.group, grid.voxel_size)
        values = symmetrised(grid.values, self.group, grid.voxel_size)
        return _redrawn(signal, values, molecule >= 0.5 / len(self.group))

    def _gains(self) -> dict[str, Curve]:
        """How much stronger the noise is under each mask than over the whole box."""
        if len(self.group) == 1:
            return {name: np.ones(self.shells.count) for name in self.masks}
        size, frequencies = self.signal.density.voxel_size, self.shells.frequencies
        whole = np.ones(self.signal.density.box, np.float32)
        everywhere = noise_gain(whole, self.group, size, frequencies)
        return {
            name: noise_gain(np.square(mask), self.group, size, frequencies) / everywhere
            for name, mask in self.masks.items()
        }

    def _noise_power(self) -> Curve:
        """Expected |F|² of a half's noise in each shell."""
        settings, shells = self.settings, self.shells
        at = shells.shell_of(settings.resolution)
        masked = settings.within is Within.MASK
        signal, gain = (
            (self.under[LOOSE], self.gains[LOOSE]) if masked else (self.own, np.ones_like(self.own))
        )
        holds = signal > _NOTHING * signal.max()
        holds[0] = False
        if not holds[at]:
            raise ValueError(
                f"the signal holds nothing at {settings.resolution:g} Å, where its noise is to be "
                "set: ask for a coarser resolution, or draw it sharper"
            )
        if settings.spectrum is None:
            wanted = logistic_fall(shells.frequencies, settings.resolution, settings.fall)[holds]
            power = (signal / gain)[holds] * (1 - wanted) / wanted
            return np.interp(shells.frequencies, shells.frequencies[holds], power).astype(float)
        unit = unit_noise_power(self.signal.density.box, settings.spectrum, shells)
        if not unit[at] > _NOTHING * unit.max():
            raise ValueError(
                f"the noise's spectrum holds nothing at {settings.resolution:g} Å, where its "
                "strength is to be set"
            )
        strength = signal[at] / (gain * unit)[at] * (1 - GOLD_STANDARD) / GOLD_STANDARD
        return np.asarray(unit * strength)
