"""Correlation by shell: any box and voxel, known truth, crossings, what follows from a curve."""

from __future__ import annotations

import itertools
import unittest
from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import fft

from vrs_scipion.figures.fsc import edges, fsc_plot, ratio_plot, residual_plot
from vrs_scipion.maps.density import Triple
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.methods.fsc import (
    GOLD_STANDARD,
    HALF,
    FscCurve,
    correlate,
    crossings,
    mask_redundancy,
    shell_correlation,
)
from vrs_scipion.methods.shells import Shells, half_spectrum
from vrs_scipion.tests.noisy_twins import (
    GRIDS,
    Box,
    NoisyTwins,
    ball,
    texture,
    whole_shells,
)


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


class TestWhatACurveSays(unittest.TestCase):
    def test_its_bounds_hold_the_truth_in_95_of_100(self) -> None:
        generator = np.random.default_rng(40)
        frequency, samples = 0.005 * np.arange(1, 81), np.full(80, 400.0)
        truth = 1 / (1 + np.exp((frequency - 0.2) / 0.03))
        true = FscCurve(frequency, truth, samples).resolution(GOLD_STANDARD)
        assert true is not None
        held = []
        for _ in range(400):
            noise = generator.standard_normal(80) * (1 - truth**2) / np.sqrt(samples)
            finest, coarsest = FscCurve(frequency, truth + noise, samples).bounds(GOLD_STANDARD)
            assert coarsest is not None
            held.append((finest or 0.0) <= true <= coarsest)
        self.assertGreater(np.mean(held), 0.88)

    def test_bounds_surround_the_resolution(self) -> None:
        curve = curve_of([1.0, 0.9, 0.6, 0.3, 0.1, 0.0, 0.0], samples=1000)
        finest, coarsest = curve.bounds(GOLD_STANDARD)
        found = curve.resolution(GOLD_STANDARD)
        assert finest is not None
        assert coarsest is not None
        assert found is not None
        self.assertLess(finest, found)
        self.assertLess(found, coarsest)
        self.assertIsNone(curve_of([1.0, 0.9, 0.2], samples=100).bounds(GOLD_STANDARD)[0])

    def test_half_a_bit(self) -> None:
        """By van Heel & Schatz's formula: 0.172 of very many samples, more of fewer."""
        level = curve_of([0.0] * 4, samples=1e12).half_bit
        np.testing.assert_allclose(level, 0.2071 / 1.2071, atol=1e-4)
        few = FscCurve(np.arange(1, 5) / 10, np.zeros(4), np.array([1.0, 20.0, 200.0, 2000.0]))
        self.assertTrue(np.isnan(few.half_bit[0]))
        np.testing.assert_allclose(few.half_bit[1], (0.2071 + 0.60406) / (1.2071 + 0.28783), 1e-4)
        self.assertTrue((np.diff(few.half_bit[1:]) < 0).all())
        self.assertGreater(few.half_bit[-1], 0.2071 / 1.2071)

    def test_a_level_that_is_a_curve(self) -> None:
        curve = curve_of([1.0, 0.8, 0.6, 0.4, 0.2])
        found = curve.resolution(np.array([np.nan, 0.9, 0.5, 0.5, 0.5]))
        self.assertAlmostEqual(found or 0, 50)
        found = curve.resolution(np.array([np.nan, 0.5, 0.5, 0.5, 0.5]))
        self.assertAlmostEqual(found or 0, 1 / 0.035)

    def test_signal_over_noise(self) -> None:
        for correlation, ratio in ((0.0, 0), (0.05, 0.105), (0.143, 1 / 3), (1 / 3, 1), (0.5, 2)):
            found = curve_of([correlation]).signal_to_noise[0]
            self.assertAlmostEqual(float(found), ratio, delta=1e-3)
        self.assertEqual(curve_of([1.0]).signal_to_noise[0], np.inf)

    def test_between_its_points(self) -> None:
        curve = curve_of([1.0, 0.5, 0.0])
        between = curve.at(np.array([0.005, 0.01, 0.015, 0.03, 0.031]))
        np.testing.assert_allclose(between.correlation, [np.nan, 1.0, 0.75, 0.0, np.nan])
        np.testing.assert_allclose(between.samples[1:4], 1e4)

    def test_from_half_spectra(self) -> None:
        box, voxel = GRIDS[1]
        generator = np.random.default_rng(41)
        one, other = (generator.standard_normal(box).astype(np.float32) for _ in range(2))
        plain = shell_correlation(one, other, voxel)
        spectra = (half_spectrum(one), half_spectrum(other))
        again = correlate(*spectra, box, voxel, redundancy=2.0, order=4)
        np.testing.assert_array_equal(again.correlation, plain.correlation)
        np.testing.assert_allclose(again.samples * 8, plain.samples)


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
        low, high = curve.correlation - 0.1, curve.correlation + 0.1
        (band,) = fsc_plot(
            curve.frequency, [], (), None, [edges("95 %", curve.frequency, low, high)]
        ).series
        self.assertEqual([i for i, y in enumerate(band.y) if y is None], [len(low)])
        self.assertEqual(band.x[: len(low)], band.x[: len(low) : -1])
        bare = fsc_plot(curve.frequency, [], (HALF,), None)
        self.assertEqual([mark.axis for mark in bare.marks], ["y"])

    def test_ratios_and_phases(self) -> None:
        frequency = np.array([0.1, 0.2, 0.3])
        plot = ratio_plot(
            [("whole", frequency, np.array([100.0, 1.0, -0.1]), "measured")], 0.4, 4.0
        )
        self.assertEqual(plot.series[0].y, (100.0, 1.0, None))
        self.assertEqual((plot.y.scale, plot.x.range), ("log", (0.0, 0.4)))
        self.assertEqual([mark.value for mark in plot.marks], [1.0, 0.25])
        plot = residual_plot(frequency, np.full(3, 90.0), np.full(3, 100.0), 45.0, None)
        self.assertEqual([mark.value for mark in plot.marks], [45.0, 103.9])
        self.assertEqual([series.role for series in plot.series], ["measured", "expected"])


if __name__ == "__main__":
    unittest.main()
