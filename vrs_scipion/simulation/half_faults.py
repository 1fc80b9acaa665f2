"""What can be wrong with two half maps and their map, each with a size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import fft, ndimage

from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.maps.fourier import resample
from vrs_scipion.simulation.filters import Spectrum, apply_filter, frequency_grid, low_pass
from vrs_scipion.simulation.shells import Curve
from vrs_scipion.simulation.signal import Signal
from vrs_scipion.simulation.wrong import Kind, Wrong

_WINDOW = 2.0
"""Width of the window in which a denoiser looks, in resolutions."""
_BANDS = (0.25, 0.45, 0.7, 1.0, 1.5)
"""Ends of the bands in which it looks, as shares of the frequency of the resolution."""


@dataclass(frozen=True)
class Halves:
    """Two half maps with their map, and what they were made of.

    Attributes
    ----------
    first, second, map : float32 arrays, shape (nz, ny, nx)
    signal : what the halves share by right
    resolution : Å, where they correlate by 0.143
    draw_shared : draws a third noise, as strong as that of a half
    expected : from the correlation by the signal to the one expected to be measured; None where
        there is no formula
    """

    first: Volume
    second: Volume
    map: Volume
    signal: Signal
    resolution: float
    draw_shared: Callable[[], Volume]
    expected: Callable[[Curve], Curve] | None = lambda fsc: fsc

    @property
    def frequency(self) -> Spectrum:
        """1/Å at each coefficient of a half spectrum."""
        return frequency_grid(self.signal.density.box, self.signal.density.voxel_size)

    def with_halves(self, change: Callable[[Volume], Volume]) -> Halves:
        """Both halves changed alike, by what is no filter of all space."""
        return replace(self, first=change(self.first), second=change(self.second), expected=None)

    def with_second(self, change: Callable[[Volume], Volume]) -> Halves:
        """The second half changed."""
        return replace(self, second=change(self.second), expected=None)

    def with_map(self, change: Callable[[Volume], Volume]) -> Halves:
        """The map changed, the halves as they are."""
        return replace(self, map=change(self.map))


def _shared(halves: Halves, share: float) -> Halves:
    """n = √share · c + √(1 − share) · e in either half."""
    clean, common = halves.signal.density.values, halves.draw_shared()
    own, joint = np.float32(np.sqrt(1 - share)), np.float32(np.sqrt(share))
    before = halves.expected
    return replace(
        halves,
        first=clean + own * (halves.first - clean) + joint * common,
        second=clean + own * (halves.second - clean) + joint * common,
        expected=before and (lambda fsc: fsc + share * (1 - fsc)),
    )


def _noise_only(halves: Halves, _: float) -> Halves:
    clean, before = halves.signal.density.values, halves.expected
    return replace(
        halves,
        first=halves.first - clean,
        second=halves.second - clean,
        expected=before and (lambda fsc: before(np.zeros_like(fsc))),
    )


def _identical(halves: Halves, _: float) -> Halves:
    return replace(halves, second=halves.first.copy(), expected=np.ones_like)


def _scaled(halves: Halves, factor: float) -> Halves:
    """The second half is the first one times a factor, and an offset."""
    step = np.float32(halves.first.std())
    return replace(
        halves,
        second=np.float32(factor) * halves.first + step,
        expected=lambda fsc: np.full_like(fsc, np.sign(factor)),
    )


def _inverted(halves: Halves, _: float) -> Halves:
    before = halves.expected
    return replace(halves, second=-halves.second, expected=before and (lambda fsc: -before(fsc)))


def _masked_softly(halves: Halves, _: float) -> Halves:
    return halves.with_halves(lambda half: half * halves.signal.mask)


def _masked_hard(halves: Halves, _: float) -> Halves:
    inside = halves.signal.mask >= np.float32(0.5)
    return halves.with_halves(lambda half: half * inside)


def _low_passed(halves: Halves, times: float) -> Halves:
    passed = low_pass(halves.frequency, times * halves.resolution)
    return halves.with_halves(lambda half: apply_filter(half, passed))


def _denoised(halves: Halves, strength: float) -> Halves:
    """Band by band and place by place, as much of a half is kept as the other one has of it.

    Wiener's weight ⟨b₁b₂⟩/⟨b²⟩, over Gaussian windows, to the power of ``strength``.
    """
    size = np.array(halves.signal.density.voxel_size)
    sigmas = _WINDOW * halves.resolution / size / 2
    results = [np.zeros_like(halves.first), np.zeros_like(halves.first)]
    below = np.zeros_like(halves.frequency)
    ends = [low_pass(halves.frequency, halves.resolution / share) for share in _BANDS]
    for upper in (*ends, np.ones_like(below)):
        bands = [apply_filter(half, upper - below) for half in (halves.first, halves.second)]
        common = ndimage.gaussian_filter(bands[0] * bands[1], sigmas, mode="wrap")
        power = ndimage.gaussian_filter(bands[0] ** 2 + bands[1] ** 2, sigmas, mode="wrap") / 2
        weight = np.clip(common / power, 0.0, 1.0) ** np.float32(strength)
        for result, band in zip(results, bands, strict=True):
            result += weight * band
        below = upper
    return replace(halves, first=results[0], second=results[1], expected=None)


def _mirrored(values: Volume) -> Volume:
    """x → −x about voxel N/2."""
    turned = values[..., ::-1]
    return np.ascontiguousarray(turned if values.shape[2] % 2 else np.roll(turned, 1, axis=2))


def _moved(values: Volume, voxels: float) -> Volume:
    """Shifted along x, periodic, with what lies between the voxels."""
    nz, ny, nx = values.shape
    phase = np.exp(-2j * np.pi * voxels * fft.rfftfreq(nx))
    return np.asarray(fft.irfft(fft.rfft(values) * phase, n=nx), dtype=np.float32).reshape(
        nz, ny, nx
    )


def _permuted(values: Volume) -> Volume:
    """Axes x and z exchanged; of a box that is no cube, turned about z by half a turn instead."""
    if values.shape[0] == values.shape[2]:
        return np.ascontiguousarray(values.transpose(2, 1, 0))
    return np.ascontiguousarray(values[:, ::-1, ::-1])


def _stretched(halves: Halves, percent: float) -> Halves:
    """The molecule is larger than its voxel size says."""

    def stretch(values: Volume) -> Volume:
        finer = resample(Density(values, (1.0, 1.0, 1.0)), 1 / (1 + percent / 100))
        return _centred(finer.values, halves.signal.density.box)

    return halves.with_map(stretch)


def _centred(values: Volume, box: tuple[int, int, int]) -> Volume:
    """Cut or padded with 0 to another box; voxel N/2 stays voxel N/2."""
    placed = np.zeros(box, np.float32)
    have, want = [], []
    for n, m in zip(values.shape, box, strict=True):
        start = n // 2 - m // 2
        have.append(slice(max(0, start), min(n, start + m)))
        want.append(slice(max(0, -start), max(0, -start) + have[-1].stop - have[-1].start))
    placed[tuple(want)] = values[tuple(have)]
    return placed


def _locally_filtered(halves: Halves, times: float) -> Halves:
    """From one end of the box to the other, along x, ever coarser."""
    blurred = low_pass(halves.frequency, times * halves.resolution)
    share = np.linspace(0, 1, halves.first.shape[2], dtype=np.float32)
    return halves.with_map(lambda m: m + share * (apply_filter(m, blurred) - m))


def _map_masked(halves: Halves, _: float) -> Halves:
    return halves.with_map(lambda values: values * halves.signal.mask)


FAULTS: dict[str, Kind[Halves]] = {
    "shared": Kind("the halves share noise", _shared, "of the noise's power", 0.1, 0.0, 1.0, True),
    "noise": Kind("there is nothing but noise in the halves", _noise_only),
    "identical": Kind("both halves are one", _identical),
    "scaled": Kind("the second half is a scaled copy of the first", _scaled, "×", 2.0),
    "masked-soft": Kind("the halves are masked, the edge soft", _masked_softly),
    "masked-hard": Kind("the halves are masked, the edge hard", _masked_hard),
    "low-passed": Kind(
        "the halves are low-passed", _low_passed, "× the resolution", 1.0, 0.1, 100.0
    ),
    "denoised": Kind(
        "each half is denoised with the other", _denoised, "power of Wiener's weight", 1.0, 0.0, 4.0
    ),
    "mirrored": Kind("the second half is mirrored", lambda h, _: h.with_second(_mirrored)),
    "shifted": Kind(
        "the second half is shifted along x",
        lambda h, voxels: h.with_second(lambda half: _moved(half, voxels)),
        "voxels",
        0.5,
    ),
    "inverted": Kind("the second half is inverted", _inverted),
    "map-permuted": Kind("the map's axes are in another order", lambda h, _: h.with_map(_permuted)),
    "map-mirrored": Kind("the map is mirrored", lambda h, _: h.with_map(_mirrored)),
    "map-shifted": Kind(
        "the map is shifted along x",
        lambda h, voxels: h.with_map(lambda values: _moved(values, voxels)),
        "voxels",
        3.0,
    ),
    "map-stretched": Kind("the map is too large", _stretched, "%", 1.0, -20.0, 20.0),
    "map-locally-filtered": Kind(
        "the map is filtered more at one side than at the other",
        _locally_filtered,
        "× the resolution",
        2.0,
        1.0,
        100.0,
    ),
    "map-masked": Kind("the map is masked, the edge soft", _map_masked),
}
"""By name; those of the halves, then those of the map, which leave the halves alone."""


class Fault(Wrong):
    """Something wrong, and how much of it."""

    KINDS = FAULTS
    NOUN = "fault"

    def applied(self, halves: Halves) -> Halves:
        """The halves with it."""
        return FAULTS[self.kind].apply(halves, self.size)


def with_faults(halves: Halves, faults: Sequence[Fault], *, in_the_data: bool) -> Halves:
    """Those that are there before the map is made, or those that come afterwards."""
    for fault in faults:
        if FAULTS[fault.kind].in_the_data == in_the_data:
            halves = fault.applied(halves)
    return halves
