"""The correlation of half maps by shell, and check 1.a: known truth, copies, noise, any box."""

from __future__ import annotations

import itertools
import tempfile
import unittest
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import fft

from vrs_scipion.checks.level1_a_fsc import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.fsc import fsc_plot
from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.methods.fsc import (
    GOLD_STANDARD,
    HALF,
    FscCurve,
    crossings,
    mask_redundancy,
    shell_correlation,
)
from vrs_scipion.methods.shells import Shells, power_spectrum
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.files import load_plot, load_result
from vrs_scipion.tests.mrc_files import mrc_bytes, write

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


def curve_of(values: Sequence[float], samples: float = 1e4) -> FscCurve:
    """A curve on shells of 0.01 1/Å."""
    frequency = 0.01 * np.arange(1, len(values) + 1)
    return FscCurve(frequency, np.array(values), np.full(len(values), samples))


class TestShells(unittest.TestCase):
    @settings(max_examples=40, deadline=None)
    @given(
        box=st.tuples(*[st.integers(3, 12)] * 3),
        voxel=st.tuples(*[st.integers(40, 300).map(lambda n: n / 100)] * 3),
        seed=st.integers(0, 100),
    )
    def test_agree_with_the_whole_transform(self, box: Box, voxel: Triple, seed: int) -> None:
        """Physical frequencies, samples and correlations on any box and voxel."""
        place, longest = whole_shells(box, voxel)
        shells = Shells(box, voxel)
        nyquist = 1 / (2 * max(voxel))
        self.assertLessEqual(shells.count / longest, nyquist * (1 + 1e-6))
        self.assertGreater((shells.count + 1) / longest, nyquist * (1 - 1e-6))
        np.testing.assert_allclose(shells.frequency, np.arange(1, shells.count + 1) / longest)
        generator = np.random.default_rng(seed)
        first, second = (generator.standard_normal(box).astype(np.float32) for _ in range(2))
        curve = shell_correlation(first, second, voxel)
        a, b = fft.fftn(first.astype(np.float64)), fft.fftn(second.astype(np.float64))
        for k, (value, samples) in enumerate(zip(curve.correlation, curve.samples, strict=True), 1):
            inside = place == k
            one, other = a[inside], b[inside]
            norm = np.sqrt((np.abs(one) ** 2).sum() * (np.abs(other) ** 2).sum())
            self.assertEqual(samples, inside.sum())
            self.assertAlmostEqual(value, (one * other.conj()).sum().real / norm, places=5)

    def test_a_wave_lies_at_its_frequency(self) -> None:
        box, voxel = (24, 31, 20), (1.5, 1.0, 2.0)
        generator = np.random.default_rng(1)
        for axis, waves in ((0, 5), (1, 6), (2, 4)):
            steps = [1, 1, 1]
            steps[axis] = box[axis]
            wave = np.cos(2 * np.pi * waves * np.arange(box[axis]) / box[axis]).reshape(steps)
            first, second = (
                (9 * wave + generator.standard_normal(box)).astype(np.float32) for _ in range(2)
            )
            curve = shell_correlation(first, second, voxel)
            shell = int(curve.correlation.argmax())
            self.assertGreater(curve.correlation[shell], 0.95)
            self.assertLess(np.delete(curve.correlation, shell)[3:].max(), 0.4)
            self.assertAlmostEqual(
                curve.frequency[shell], waves / (box[axis] * voxel[axis]), delta=0.5 / 40
            )


class TestCorrelation(unittest.TestCase):
    def test_with_itself_it_is_1(self) -> None:
        for box, voxel in GRIDS:
            values = texture(box, voxel, np.random.default_rng(2)).astype(np.float32)
            curve = shell_correlation(values, values, voxel)
            np.testing.assert_allclose(curve.correlation, 1, atol=1e-12)
            self.assertIsNone(curve.resolution(GOLD_STANDARD))
            self.assertIsNone(curve.last_resolution(GOLD_STANDARD))
            self.assertFalse(curve.comes_back(GOLD_STANDARD))
            self.assertTrue((curve.standard_error > 0).all())

    def test_of_white_noise_it_is_0_within_its_error(self) -> None:
        generator = np.random.default_rng(3)
        scores: list[float] = []
        for box, voxel in GRIDS:
            first, second = (generator.standard_normal(box).astype(np.float32) for _ in range(2))
            curve = shell_correlation(first, second, voxel)
            scores += (curve.correlation * np.sqrt(curve.samples)).tolist()
            np.testing.assert_allclose(curve.standard_error, curve.samples**-0.5, rtol=0.35)
        self.assertGreater(np.mean(np.abs(scores) < 1), 0.55)
        self.assertGreater(np.mean(np.abs(scores) < 2), 0.92)
        self.assertLess(np.abs(scores).max(), 4)
        self.assertAlmostEqual(float(np.mean(np.square(scores))), 1, delta=0.3)

    def test_of_signal_in_noise_it_is_what_was_chosen(self) -> None:
        for (box, voxel), resolution in zip(GRIDS, (3.6, 4.2, 4.5), strict=True):
            signal = texture(box, voxel, np.random.default_rng(4))
            twins = NoisyTwins(signal, voxel, resolution, seed=5)
            for draw in range(3):
                with self.subTest(box=box, draw=draw):
                    curve = shell_correlation(twins.half(), twins.half(), voxel)
                    truth = twins.expected(curve)
                    error = (1 - truth**2) / np.sqrt(curve.samples)
                    self.assertLess(np.abs((curve.correlation - truth) / error).max(), 4)
                    found = curve.resolution(GOLD_STANDARD)
                    self.assertAlmostEqual(found or 0, resolution, delta=0.04 * resolution)

    def test_its_error_is_as_large_as_it_says(self) -> None:
        box, voxel = (24, 26, 22), (1.0, 1.0, 1.0)
        generator = np.random.default_rng(6)
        for truth in (0.0, 0.3, 0.6, 0.9):
            scores = []
            for _ in range(20):
                signal, *noises = (generator.standard_normal(box) for _ in range(3))
                first, second = (
                    (np.sqrt(truth) * signal + np.sqrt(1 - truth) * noise).astype(np.float32)
                    for noise in noises
                )
                curve = shell_correlation(first, second, voxel)
                error = (1 - truth**2) / np.sqrt(curve.samples)
                scores.append(((curve.correlation - truth) / error)[2:])
                np.testing.assert_allclose(curve.standard_error[5:], error[5:], rtol=0.5)
            self.assertAlmostEqual(float(np.mean(np.square(scores))), 1, delta=0.2)

    def test_scale_offset_sign_and_order_do_not_matter(self) -> None:
        for box, voxel in GRIDS:
            twins = NoisyTwins(texture(box, voxel, np.random.default_rng(7)), voxel, 4.0, seed=8)
            one, other = twins.half(), twins.half()
            plain = shell_correlation(one, other, voxel).correlation
            for name, first, second in (
                ("scale", 1e4 * one, 1e-5 * other),
                ("offset", one + np.float32(2), other - np.float32(3)),
                ("sign", -one, -other),
                ("order", other, one),
                ("scale and offset of one", one * 3 + np.float32(1), other),
            ):
                with self.subTest(name, box=box):
                    found = shell_correlation(first, second, voxel, threads=2).correlation
                    np.testing.assert_allclose(found, plain, atol=1e-4)
            negated = shell_correlation(one, -other, voxel).correlation
            np.testing.assert_allclose(negated, -plain, atol=1e-12)

    def test_axes_in_any_order_and_direction(self) -> None:
        box, voxel = GRIDS[2]
        twins = NoisyTwins(texture(box, voxel, np.random.default_rng(9)), voxel, 4.5, seed=10)
        one, other = twins.half(), twins.half()
        plain = shell_correlation(one, other, voxel)
        for axes in itertools.permutations(range(3)):
            a, b = (np.ascontiguousarray(half.transpose(axes)[::-1]) for half in (one, other))
            size = (voxel[axes[0]], voxel[axes[1]], voxel[axes[2]])
            curve = shell_correlation(a, b, size)
            np.testing.assert_allclose(curve.correlation, plain.correlation, atol=1e-5)
            np.testing.assert_array_equal(curve.samples, plain.samples)
            np.testing.assert_allclose(curve.frequency, plain.frequency)

    def test_a_larger_box_has_the_same_values_at_the_same_frequencies(self) -> None:
        box, voxel = (40, 40, 40), (1.0, 1.0, 1.0)
        window = np.hanning(42)[1:-1]
        tapered = window[:, None, None] * window[:, None] * window
        twins = NoisyTwins(texture(box, voxel, np.random.default_rng(11)), voxel, 3.5, seed=12)
        halves = [(twins.half() * tapered).astype(np.float32) for _ in range(2)]
        plain = shell_correlation(halves[0], halves[1], voxel)
        large = shell_correlation(np.pad(halves[0], 20), np.pad(halves[1], 20), voxel)
        np.testing.assert_allclose(large.frequency[1::2], plain.frequency)
        difference = np.abs(large.correlation[1::2] - plain.correlation)
        self.assertLess(difference[3:].max(), 0.1)

    def test_a_shell_without_power_has_none(self) -> None:
        values = np.random.default_rng(13).standard_normal((20, 22, 24)).astype(np.float32)
        nothing = np.zeros_like(values)
        for first, second in ((values, nothing), (nothing, nothing)):
            curve = shell_correlation(first, second, (1.0, 1.0, 1.0))
            self.assertTrue(np.isnan(curve.correlation).all())
            self.assertIsNone(curve.resolution(GOLD_STANDARD))
            self.assertFalse(curve.comes_back(GOLD_STANDARD))

    def test_redundant_samples_count_less(self) -> None:
        values = np.random.default_rng(14).standard_normal((20, 22, 24)).astype(np.float32)
        plain = shell_correlation(values, values, (1.0, 1.0, 1.0))
        shared = shell_correlation(values, values, (1.0, 1.0, 1.0), redundancy=4.0)
        np.testing.assert_allclose(shared.samples * 4, plain.samples)
        np.testing.assert_allclose(shared.standard_error, 2 * plain.standard_error)


class TestCrossings(unittest.TestCase):
    @settings(max_examples=300, deadline=None)
    @given(
        values=st.lists(st.integers(-100, 100).map(lambda n: n / 100), min_size=1, max_size=30),
        level=st.integers(-99, 99).map(lambda n: n / 100),
        edge=st.floats(10, 1000),
    )
    def test_any_curve(self, values: list[float], level: float, edge: float) -> None:
        frequencies = [k / edge for k in range(1, len(values) + 1)]
        found = crossings(frequencies, values, level)
        starts = values[0] < level
        falls = [i for i in range(1, len(values)) if values[i - 1] >= level > values[i]]
        self.assertEqual(len(found), starts + len(falls))
        self.assertEqual(bool(found), min(values) < level)
        self.assertEqual(found, sorted(found))
        if starts:
            self.assertEqual(found[0], frequencies[0])
        for place, i in zip(found[starts:], falls, strict=True):
            self.assertLessEqual(frequencies[i - 1] - 1e-12, place)
            self.assertLess(place, frequencies[i])
            self.assertAlmostEqual(float(np.interp(place, frequencies, values)), level, places=9)
            self.assertLess(np.interp((place + frequencies[i]) / 2, frequencies, values), level)
        curve = FscCurve(np.array(frequencies), np.array(values), np.full(len(values), 100.0))
        first, last = curve.resolution(level), curve.last_resolution(level)
        self.assertEqual((first, last), (1 / found[0], 1 / found[-1]) if found else (None, None))

    def test_examples(self) -> None:
        frequencies = [0.1, 0.2, 0.3, 0.4, 0.5]
        for values, expected in (
            ([1.0, 0.9, 0.5, 0.0, 0.0], [0.35]),
            ([0.2, 0.1, 0.9, 0.9, 0.9], [0.1]),
            ([0.2, 0.1, 0.5, 0.0, 0.0], [0.1, 0.35]),
            ([1.0, 0.25, 0.25, 0.25, 0.25], []),
            ([1.0, 0.0, 1.0, 0.0, 1.0], [0.175, 0.375]),
            ([0.25, 0.0, 0.0, 0.0, 0.0], [0.1]),
        ):
            with self.subTest(values=values):
                np.testing.assert_allclose(crossings(frequencies, values, 0.25), expected)
        self.assertEqual(crossings([], [], 0.5), [])


class TestComesBack(unittest.TestCase):
    def test_a_rise_beyond_chance(self) -> None:
        fallen = [1.0, 0.9, 0.5, 0.1, 0.0, 0.0, 0.0]
        for name, tail, samples, expected in (
            ("stays down", [0.0, 0.01, -0.02], 1e4, False),
            ("rises", [0.3, 0.4, 0.4], 1e4, True),
            ("rises and falls again", [0.3, 0.0, 0.0], 1e4, True),
            ("rises less than three errors", [0.16, 0.15, 0.17], 1e4, False),
            ("rises by chance, of few samples", [0.3, 0.4, 0.4], 10, False),
        ):
            with self.subTest(name):
                curve = curve_of([*fallen, *tail], samples)
                self.assertIs(curve.comes_back(GOLD_STANDARD), expected)

    def test_two_shells_are_too_few(self) -> None:
        for back, expected in (([0.5], False), ([0.1, 0.5], False), ([0.1, 0.1, 0.5], True)):
            curve = curve_of([1.0, 0.9, 0.1, *back, 0.0, 0.0, 0.0])
            self.assertIs(curve.comes_back(GOLD_STANDARD), expected)

    def test_where_it_never_falls_it_cannot(self) -> None:
        self.assertFalse(curve_of([1.0, 0.9, 0.8, 0.5]).comes_back(GOLD_STANDARD))

    def test_shared_noise_at_high_frequencies(self) -> None:
        box, voxel = GRIDS[0]
        generator = np.random.default_rng(15)
        twins = NoisyTwins(texture(box, voxel, generator), voxel, 4.0, seed=16)
        one, other = twins.half(), twins.half()
        self.assertFalse(shell_correlation(one, other, voxel).comes_back(GOLD_STANDARD))
        place, longest = whole_shells(box, voxel)
        band = (place > 0.4 * longest) & (place < 0.45 * longest)
        common = fft.ifftn(fft.fftn(twins.noise()) * band).real.astype(np.float32)
        curve = shell_correlation(one + common, other + common, voxel)
        self.assertTrue(curve.comes_back(GOLD_STANDARD))
        first, last = curve.resolution(GOLD_STANDARD), curve.last_resolution(GOLD_STANDARD)
        self.assertAlmostEqual(first or 0, 4.0, delta=0.16)
        self.assertAlmostEqual(last or 0, 1 / 0.45, delta=0.1)


class TestMaskRedundancy(unittest.TestCase):
    def test_the_variance_of_masked_noise(self) -> None:
        """Of many draws, times the number of samples that the mask leaves: 1."""
        generator = np.random.default_rng(17)
        for box, voxel, radii, edge in (
            ((48, 48, 48), (1.0, 1.0, 1.0), (9.0, 9.0, 9.0), 6.0),
            ((48, 48, 48), (1.0, 1.0, 1.0), (3.0, 3.0, 3.0), 18.0),
            ((48, 40, 44), (1.0, 1.2, 1.0), (7.0, 14.0, 6.0), 5.0),
            ((45, 47, 40), (1.0, 1.0, 1.3), (16.0, 15.0, 14.0), 0.1),
        ):
            with self.subTest(box=box):
                mask = cosine_mask(ball(box, voxel, radii), voxel, 0.0, edge)
                redundancy = mask_redundancy(mask, voxel)
                self.assertGreater(redundancy, 2)
                squares = []
                for _ in range(60):
                    first, second = (
                        generator.standard_normal(box, dtype=np.float32) * mask for _ in range(2)
                    )
                    curve = shell_correlation(first, second, voxel, redundancy=redundancy)
                    squares.append((curve.correlation**2 * curve.samples)[5:])
                self.assertGreater(np.mean(squares), 0.85)
                self.assertLess(np.mean(squares), 1.15)

    def test_without_a_mask_it_is_1(self) -> None:
        for box, voxel in GRIDS:
            self.assertAlmostEqual(mask_redundancy(np.ones(box, np.float32), voxel), 1, places=5)

    def test_scale_place_and_axes_do_not_matter(self) -> None:
        box, voxel = GRIDS[2]
        mask = cosine_mask(ball(box, voxel, (9.0, 8.0, 12.0)), voxel, 0.0, 5.0)
        plain = mask_redundancy(mask, voxel)
        half = mask_redundancy(mask / np.float32(2), voxel)
        self.assertAlmostEqual(half, plain, places=4)
        moved = np.roll(mask, (3, -5, 7), (0, 1, 2))
        self.assertAlmostEqual(mask_redundancy(moved, voxel, threads=2), plain, places=4)
        for axes in itertools.permutations(range(3)):
            size = (voxel[axes[0]], voxel[axes[1]], voxel[axes[2]])
            turned = np.ascontiguousarray(mask.transpose(axes))
            self.assertAlmostEqual(mask_redundancy(turned, size), plain, places=4)

    def test_tighter_masks_share_more(self) -> None:
        box, voxel = GRIDS[0]
        found = [
            mask_redundancy(cosine_mask(ball(box, voxel, (r, r, r)), voxel, 0.0, 5.0), voxel)
            for r in (18.0, 13.0, 9.0, 6.0)
        ]
        self.assertEqual(found, sorted(found))
        self.assertGreater(found[-1], 3 * found[0])


class TestPlot(unittest.TestCase):
    def test_curves_levels_and_the_reported_resolution(self) -> None:
        values = np.random.default_rng(1).standard_normal((2, 16, 18, 20)).astype(np.float32)
        curve = shell_correlation(values[0], values[1], (1.0, 1.0, 1.0))
        gap = curve.correlation.copy()
        gap[2] = np.nan
        plot = fsc_plot(
            curve.frequency,
            [("masked", curve.correlation, "measured"), ("unmasked", gap, "part")],
            (GOLD_STANDARD, HALF),
            4.0,
        )
        self.assertEqual(plot.x.range, (0.0, 0.5))
        assert plot.x.opposite is not None
        self.assertAlmostEqual(plot.x.opposite.at(0.25), 4.0)
        self.assertEqual((plot.x.title, plot.x.opposite.unit), ("Spatial frequency (1/Å)", "Å"))
        one, other = plot.series
        self.assertEqual([(s.name, s.role) for s in plot.series][1], ("unmasked", "part"))
        np.testing.assert_allclose(one.x, curve.frequency)
        np.testing.assert_allclose(np.array(one.y, float), curve.correlation)
        self.assertEqual([i for i, y in enumerate(other.y) if y is None], [2])
        self.assertEqual(
            [(mark.axis, mark.value, mark.label) for mark in plot.marks],
            [
                ("y", 0.143, "0.143"),
                ("y", 0.5, "0.5"),
                ("x", 0.25, "reported resolution 4 Å"),
            ],
        )
        bare = fsc_plot(curve.frequency, [], (HALF,), None)
        self.assertEqual([mark.axis for mark in bare.marks], ["y"])


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


def masked_truth(of: Molecule, twins: NoisyTwins, mask: Volume, draws: int = 6) -> FscCurve:
    """What the correlation under a mask is on average: of the signal's and the noise's power."""
    solvent = of.values[mask == 0].mean()
    frequency, signal = power_spectrum((of.values - solvent) * mask, of.voxel)
    noise = np.mean(
        [power_spectrum(twins.noise() * mask, of.voxel)[1] for _ in range(draws)], axis=0
    )
    return FscCurve(frequency, signal / (signal + noise), np.ones_like(frequency))


class CheckTest(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def prepared(
        self,
        halves: Sequence[Reals | Volume],
        resolution: float | None,
        of: Molecule | None = None,
        axes: Sequence[int] = (1, 2, 3),
    ) -> Entry:
        whole = of or molecule()
        paths = {
            key: write(
                self.folder / f"{key}.mrc", mrc_bytes(values, voxel_size=whole.voxel, axes=axes)
            )
            for key, values in zip(("map", "half1", "half2"), (whole.values, *halves), strict=True)
        }
        request = Request.of(**paths, contour=whole.contour, resolution=resolution)
        return prepare(request, self.folder / "entry")

    def judged(
        self,
        halves: Sequence[Reals | Volume],
        resolution: float | None,
        of: Molecule | None = None,
        axes: Sequence[int] = (1, 2, 3),
        **limits: float,
    ) -> CheckResult:
        """The check's result, nothing drawn."""
        entry = self.prepared(halves, resolution, of, axes)
        with mock.patch("vrs_scipion.figures.plotting.save_picture"):
            result = run_check(CHECK, entry, self.folder / "out", limits=limits)
        self.assertIsNot(result.outcome, Outcome.FAILED, result.reason)
        return result


def measured(result: CheckResult, key: str) -> float:
    """A number that is there."""
    value = result.measurements[key].value
    assert value is not None, key
    return value


class TestCheck(CheckTest):
    resolution = 4.5

    def twins(self, of: Molecule | None = None, seed: int = 19) -> NoisyTwins:
        whole = of or molecule()
        return NoisyTwins(whole.values, whole.voxel, self.resolution, seed)

    def halves(self) -> list[Volume]:
        twins = self.twins()
        return [twins.half() for _ in range(2)]

    def test_agrees_with_the_truth(self) -> None:
        for of in (molecule(), molecule((47, 66, 50), (1.6, 1.25, 1.5))):
            twins = self.twins(of)
            with self.subTest(voxel=of.voxel):
                halves = [twins.half(), twins.half()]
                result = self.judged(halves, self.resolution, of)
                mask = Entry.at(self.folder / "entry").half_maps().mask
                truth = masked_truth(of, twins, mask)
                self.assertIs(result.outcome, Outcome.OK, result.warnings)
                found = measured(result, "resolution_unmasked")
                self.assertAlmostEqual(found, self.resolution, delta=0.04 * self.resolution)
                for level, key in ((GOLD_STANDARD, "masked"), (HALF, "masked_05")):
                    expected = truth.resolution(level)
                    assert expected is not None
                    found = measured(result, f"resolution_{key}")
                    self.assertAlmostEqual(found, expected, delta=0.04 * expected)
                self.assertLess(abs(measured(result, "nyquist_correlation")), 0.15)
                self.assertAlmostEqual(
                    measured(result, "redundancy"), mask_redundancy(mask, of.voxel), places=6
                )

    def test_what_it_writes(self) -> None:
        entry = self.prepared(self.halves(), self.resolution)
        result = run_check(CHECK, entry, self.folder / "out", threads=2)
        self.assertIs(result.outcome, Outcome.OK, result.reason)
        self.assertEqual(load_result(self.folder / "out"), result)
        self.assertEqual(set(result.inputs), {"map", "half_maps"})
        self.assertEqual(
            set(result.measurements),
            {
                *(
                    f"resolution_{name}{suffix}"
                    for name in ("unmasked", "masked")
                    for suffix in ("", "_05", "_last")
                ),
                "redundancy",
                "nyquist_correlation",
            },
        )
        found = measured(result, "resolution_masked")
        self.assertEqual(found, measured(result, "resolution_masked_last"))
        estimate = result.resolution_estimate
        assert estimate is not None
        self.assertEqual((estimate.method, estimate.value), ("FSC of the half maps", found))
        self.assertIn("supported by", result.headline)
        self.assertIn(f"{found:.2f} Å", result.headline)
        (figure,) = result.figures
        self.assertGreater((self.folder / "out" / figure.file).stat().st_size, 1000)
        assert figure.plot is not None
        plot = load_plot(self.folder / "out" / figure.plot)
        self.assertEqual([mark.value for mark in plot.marks], [0.143, 0.5, 1 / self.resolution])
        columns = [column.key for column in result.tables["fsc"].columns]
        self.assertEqual(columns, ["frequency", "resolution", "n_eff", "unmasked", "masked"])
        rows = np.array(result.tables["fsc"].rows, float)
        for series, column in zip(plot.series, (4, 3), strict=True):
            np.testing.assert_allclose(series.x, rows[:, 0])
            np.testing.assert_allclose(np.array(series.y, float), rows[:, column])
        np.testing.assert_allclose(rows[:, 1], 1 / rows[:, 0])
        shells = whole_shells((56, 60, 54), (1.4,) * 3)[0]
        counts = np.bincount(shells.ravel())[1 : len(rows) + 1]
        np.testing.assert_allclose(rows[:, 2] * measured(result, "redundancy"), counts)
        np.testing.assert_allclose(rows[:, 0], np.arange(1, len(rows) + 1) / 84)
        (again,) = crossings(rows[:, 0].tolist(), rows[:, 4].tolist(), GOLD_STANDARD)
        self.assertAlmostEqual(1 / again, found, places=9)

    def test_a_claim_twice_too_fine(self) -> None:
        halves = self.halves()
        plain = measured(self.judged(halves, self.resolution), "resolution_masked")
        result = self.judged(halves, plain / 2)
        self.assertIs(result.outcome, Outcome.WARNINGS)
        signal, criterion = result.criteria
        self.assertEqual((signal.key, signal.passed), ("size_share", True))
        found = measured(result, "resolution_masked")
        self.assertEqual((criterion.key, criterion.passed), ("reported_share", False))
        self.assertAlmostEqual(criterion.value or 0, 50 * plain / found, places=6)
        self.assertAlmostEqual(criterion.value or 0, 50, delta=1)
        self.assertEqual(result.warnings, (criterion.sentence,))
        self.assertIn("beyond what the half maps hold", criterion.advice)
        self.assertIn("goes beyond the half maps", result.headline)
        self.assertIs(self.judged(halves, plain / 2, reported_share=45).outcome, Outcome.OK)
        self.assertIs(self.judged(halves, 0.82 * found).outcome, Outcome.OK)
        self.assertIs(self.judged(halves, 0.78 * found).outcome, Outcome.WARNINGS)
        self.assertIs(self.judged(halves, 2 * found).outcome, Outcome.OK)

    def test_without_a_claim(self) -> None:
        result = self.judged(self.halves(), None)
        self.assertIs(result.outcome, Outcome.OK)
        self.assertEqual([criterion.key for criterion in result.criteria], ["size_share"])
        found = measured(result, "resolution_masked")
        self.assertIn("The half maps agree to", result.headline)
        assert result.resolution_estimate is not None
        self.assertEqual(result.resolution_estimate.value, found)
        self.assertLess(found, measured(result, "resolution_unmasked"))

    def test_scale_offset_sign_and_order_change_no_number(self) -> None:
        one, other = self.halves()
        plain = self.judged((one, other), self.resolution)
        for name, halves in (
            ("scale and offset of one", (30 * one + 20, other)),
            ("offset of both", (one + 20, other + 20)),
            ("sign of both", (-one, -other)),
            ("order", (other, one)),
        ):
            with self.subTest(name):
                self.same(self.judged(halves, self.resolution), plain)
        for axes in ((3, 2, 1), (2, 3, 1)):
            with self.subTest(axes=axes):
                self.same(self.judged((one, other), self.resolution, axes=axes), plain)

    def same(self, result: CheckResult, other: CheckResult) -> None:
        self.assertIs(result.outcome, other.outcome)
        for key in other.measurements:
            self.assertAlmostEqual(measured(result, key), measured(other, key), places=3)

    def test_copies_cannot_be_told(self) -> None:
        half, _ = self.halves()
        for name, copy in (("scaled", 3 * half), ("moved", 2 * half + 5)):
            for resolution in (self.resolution, None):
                with self.subTest(name, resolution=resolution):
                    result = self.judged((half, copy), resolution)
                    self.assertIs(result.outcome, Outcome.UNDETERMINED)
                    self.assertIn("copies of each other", result.reason)
                    self.assertIsNone(result.measurements["resolution_masked"].value)
                    self.assertGreater(measured(result, "nyquist_correlation"), 0.999)
                    self.assertIsNone(result.resolution_estimate)
                    self.assertEqual((result.criteria, result.warnings), ((), ()))

    def test_correlation_that_comes_back(self) -> None:
        of = molecule()
        place, longest = whole_shells(of.values.shape, of.voxel)
        band = (place > 0.33 * longest) & (place < 0.345 * longest)
        twins = self.twins()
        common = fft.ifftn(fft.fftn(twins.noise()) * band).real
        result = self.judged([twins.half() + common for _ in range(2)], self.resolution)
        self.assertIs(result.outcome, Outcome.WARNINGS)
        (remark,) = result.warnings
        self.assertIn("comes back after it has fallen below 0.143", remark)
        self.assertIn("comes back after it has fallen", result.headline)
        self.assertTrue(all(criterion.passed for criterion in result.criteria))
        last = measured(result, "resolution_masked_last")
        self.assertAlmostEqual(last, 1 / 0.35, delta=0.1)
        self.assertGreater(measured(result, "resolution_masked"), last + 0.3)

    def test_without_half_maps(self) -> None:
        entry = self.prepared(self.halves(), self.resolution)
        alone = Entry({"map": entry.folders["map"]})
        with self.assertRaisesRegex(ValueError, "needs an input that is not there: half_maps"):
            run_check(CHECK, alone, self.folder / "out")


class TestCheckOfNoise(CheckTest):
    """Half maps that hold nothing but noise, white or not."""

    def noises(self) -> Iterator[list[Volume]]:
        of = molecule()
        place, longest = whole_shells(of.values.shape, of.voxel)
        for seed, length in ((20, 0.0), (21, 0.0), (22, 8.0)):
            generator = np.random.default_rng(seed)
            amplitude = 1 / (1 + (place / longest * length) ** 2)
            yield [
                fft.ifftn(
                    fft.fftn(generator.standard_normal(of.values.shape)) * amplitude
                ).real.astype(np.float32)
                for _ in range(2)
            ]

    def test_no_claim_is_supported_nor_the_lack_of_one_a_pass(self) -> None:
        for number, halves in enumerate(self.noises()):
            for resolution in (2.8, 6.0, 20.0, None):
                with self.subTest(number, resolution=resolution):
                    result = self.judged(halves, resolution)
                    self.assertIs(result.outcome, Outcome.WARNINGS)
                    (signal,) = result.criteria
                    self.assertEqual((signal.key, signal.passed), ("size_share", False))
                    self.assertIn("no signal in common", result.headline)
                    self.assertIsNone(result.resolution_estimate)
                    self.assertGreater(measured(result, "resolution_masked"), 25)


if __name__ == "__main__":
    unittest.main()
