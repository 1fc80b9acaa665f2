"""Masks, resampling, moments and autocorrelation against cases that can be worked out by hand."""

from __future__ import annotations

import itertools
import math
import unittest

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from vrs_scipion.maps.correlation import effective_samples, strongest_wave
from vrs_scipion.maps.density import Density, Triple, Volume
from vrs_scipion.maps.fourier import resample
from vrs_scipion.maps.masks import (
    bounding_box,
    connected_components,
    dilate,
    dilation_iterations,
    hard_mask,
    soft_mask,
    touches_every_face,
)
from vrs_scipion.maps.statistics import moments

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=9))


class TestMasks(unittest.TestCase):
    def test_corner_contacts_connect(self) -> None:
        mask = np.zeros((4, 4, 4), bool)
        mask[0, 0, 0] = mask[1, 1, 1] = mask[3, 3, 3] = True
        components = connected_components(mask)
        self.assertEqual(components.sizes.tolist(), [2, 1])
        self.assertEqual(np.argwhere(components.largest).tolist(), [[0, 0, 0], [1, 1, 1]])

    def test_of_equal_components_the_first_is_the_largest(self) -> None:
        mask = np.zeros((1, 1, 7), bool)
        mask[0, 0, [1, 2, 5, 6]] = True
        self.assertEqual(np.flatnonzero(connected_components(mask).largest).tolist(), [1, 2])

    def test_empty_mask_is_an_error(self) -> None:
        for function in (connected_components, bounding_box):
            with self.assertRaises(ValueError):
                function(np.zeros((3, 3, 3), bool))

    def test_dilation_of_a_voxel_is_the_18_neighbourhood(self) -> None:
        mask = np.zeros((7, 7, 7), bool)
        mask[3, 3, 3] = True
        self.assertEqual(int(dilate(mask, 1).sum()), 19)
        steps = np.abs(np.indices(mask.shape) - 3)
        twice = (steps.max(0) <= 2) & (steps.sum(0) <= 4)
        np.testing.assert_array_equal(dilate(mask, 2), twice)

    def test_dilation_reaches_the_faces_of_the_box(self) -> None:
        mask = np.zeros((5, 5, 5), bool)
        mask[1, 2, 2] = True
        self.assertTrue(dilate(mask, 1)[0, 2, 2])

    @settings(max_examples=60, deadline=None)
    @given(masks, st.integers(1, 3))
    def test_cropping_does_not_change_the_dilation(self, mask: np.ndarray, times: int) -> None:
        structure = ndimage.generate_binary_structure(3, 2)
        expected = ndimage.binary_dilation(mask, structure, times)
        np.testing.assert_array_equal(dilate(mask, times), expected)

    def test_iterations_are_the_ceiling_of_two_angstrom(self) -> None:
        for size, expected in ((1.0, 2), (1.05, 2), (0.9999999, 2), (2.0, 1), (0.7, 3), (16.4, 1)):
            self.assertEqual(dilation_iterations((size,) * 3), expected, size)
        self.assertEqual(dilation_iterations((4.0, 2.0, 0.5)), 4)

    def test_hard_mask_keeps_the_largest_and_includes_the_contour(self) -> None:
        values = np.zeros((20, 20, 20), np.float32)
        values[8:12, 8:12, 8:12] = 0.5
        values[2, 2, 2] = 9
        mask = hard_mask(values, 0.5, (2.0, 2.0, 2.0))
        # a cube of 4³, its 6 faces of 16 and its 12 edges of 4
        self.assertEqual(int(mask.sum()), 64 + 6 * 16 + 12 * 4)
        self.assertFalse(mask[2, 2, 2])

    def test_soft_mask_keeps_the_volume_and_falls_at_the_border(self) -> None:
        hard = np.zeros((60, 60, 60), bool)
        hard[20:40, 20:40, 20:40] = True
        soft = soft_mask(hard, (1.0, 1.0, 1.0))
        self.assertAlmostEqual(float(soft.sum()) / hard.sum(), 1, places=3)
        self.assertAlmostEqual(float(soft[30, 30, 30]), 1, places=3)
        profile = soft[30, 30]
        # a step blurred by σ = 2 voxels, read half a voxel outside and inside the border
        for voxel, distance in ((19, -0.5), (20, 0.5), (17, -2.5), (22, 2.5)):
            expected = 0.5 * (1 + math.erf(distance / (2 * math.sqrt(2))))
            self.assertAlmostEqual(float(profile[voxel]), expected, places=2)

    def test_soft_mask_is_blurred_in_angstrom(self) -> None:
        hard = np.zeros((40, 60, 60), bool)
        hard[15:25, 20:40, 20:40] = True
        soft = soft_mask(hard, (2.0, 1.0, 1.0))
        across_z = 0.5 * (soft[14, 30, 30] + soft[15, 30, 30])
        across_x = 0.5 * (soft[20, 30, 19] + soft[20, 30, 20])
        self.assertAlmostEqual(float(across_z), 0.5, places=2)
        self.assertAlmostEqual(float(across_x), 0.5, places=2)

    def test_touching_faces(self) -> None:
        mask = np.zeros((5, 6, 7), bool)
        mask[2, 3, :] = mask[2, :, 3] = True
        self.assertFalse(touches_every_face(mask))
        mask[:, 3, 3] = True
        self.assertTrue(touches_every_face(mask))

    @settings(max_examples=60, deadline=None)
    @given(masks.filter(lambda mask: bool(mask.any())))
    def test_bounding_box(self, mask: np.ndarray) -> None:
        places = np.argwhere(mask)
        expected = list(zip(places.min(0), places.max(0), strict=True))
        self.assertEqual(list(bounding_box(mask)), expected)


def waves(box: tuple[int, int, int], size: Triple, center: Triple) -> Volume:
    """Three plane waves of whole periods in the box, in phase at ``center`` (Å)."""
    lengths = [n * s for n, s in zip(box, size, strict=True)]
    z, y, x = np.meshgrid(
        *((np.arange(n) - n // 2) * s + c for n, s, c in zip(box, size, center, strict=True)),
        indexing="ij",
    )
    total = 0.3 + np.cos(2 * np.pi * 2 * z / lengths[0])
    total += 0.5 * np.sin(2 * np.pi * 3 * y / lengths[1])
    total += 0.25 * np.cos(2 * np.pi * (x / lengths[2] + y / lengths[1]))
    return total.astype(np.float32)


class TestResampling(unittest.TestCase):
    def test_band_limited_waves_are_resampled_exactly(self) -> None:
        for box, size in (((24, 30, 36), 1.5), ((25, 31, 27), 1.2), ((32, 20, 26), 0.9)):
            with self.subTest(box=box, size=size):
                density = Density(waves(box, (1.0, 1.0, 1.0), (0, 0, 0)), (1.0, 1.0, 1.0))
                small = resample(density, size)
                self.assertEqual(small.voxel_size, (size,) * 3)
                self.assertTrue(all(n % 2 == 0 for n in small.box))
                for n, m in zip(box, small.box, strict=True):
                    self.assertLessEqual(abs(m * size - n), size)
                places = [(np.arange(m) - m // 2) * size for m in small.box]
                z, y, x = np.meshgrid(*places, indexing="ij")
                expected = 0.3 + np.cos(2 * np.pi * 2 * z / box[0])
                expected += 0.5 * np.sin(2 * np.pi * 3 * y / box[1])
                expected += 0.25 * np.cos(2 * np.pi * (x / box[2] + y / box[1]))
                np.testing.assert_allclose(small.values, expected, atol=2e-5)

    def test_voxel_in_the_middle_stays_where_it_is(self) -> None:
        density = Density(
            waves((20, 20, 20), (1.0, 1.0, 1.0), (0, 0, 0)), (1.0,) * 3, origin=(5.0, 6.0, 7.0)
        )
        small = resample(density, 1.3)
        middle = [o + (n // 2) * 1.3 for o, n in zip(small.origin, small.box, strict=True)]
        np.testing.assert_allclose(middle, (15.0, 16.0, 17.0))

    def test_frequencies_beyond_the_new_nyquist_vanish(self) -> None:
        x = np.arange(48)
        values = np.broadcast_to(np.cos(2 * np.pi * 15 * x / 48), (16, 16, 48))
        small = resample(Density(values.astype(np.float32), (1.0,) * 3), 2.0)
        self.assertLess(float(np.abs(small.values).max()), 1e-5)

    def test_same_voxel_size_changes_nothing(self) -> None:
        values = np.random.default_rng(1).normal(size=(16, 18, 20)).astype(np.float32)
        same = resample(Density(values, (1.3,) * 3), 1.3)
        np.testing.assert_allclose(same.values, values, atol=2e-5)

    def test_anisotropic_voxels_become_cubes(self) -> None:
        density = Density(waves((16, 24, 48), (3.0, 2.0, 1.0), (0, 0, 0)), (3.0, 2.0, 1.0))
        self.assertEqual(resample(density, 4.0).box, (12, 12, 12))

    def test_axes_are_treated_alike(self) -> None:
        values = np.random.default_rng(2).normal(size=(14, 18, 22)).astype(np.float32)
        for order in itertools.permutations(range(3)):
            turned = resample(Density(values.transpose(order), (1.0,) * 3), 1.7).values
            straight = resample(Density(values, (1.0,) * 3), 1.7).values
            np.testing.assert_allclose(turned, straight.transpose(order), atol=1e-5)


class TestMoments(unittest.TestCase):
    @settings(max_examples=50, deadline=None)
    @given(
        hnp.arrays(
            np.float32,
            hnp.array_shapes(min_dims=3, max_dims=3, max_side=6),
            elements=st.floats(-1e3, 1e3, width=32),
        ),
        st.randoms(use_true_random=False),
    )
    def test_against_numpy(self, values: Volume, random: object) -> None:
        where = np.random.default_rng(int(random.random() * 1e9)).random(values.shape) < 0.7  # type: ignore[attr-defined]
        for mask, expected in ((None, values.ravel()), (where, values[where])):
            m = moments(values, mask)
            self.assertEqual(m.count, expected.size)
            if expected.size:
                self.assertAlmostEqual(m.mean, float(expected.mean(dtype=np.float64)), places=6)
                self.assertAlmostEqual(m.std, float(expected.std(dtype=np.float64)), places=6)

    def test_a_large_offset_costs_no_digits(self) -> None:
        values = np.full((4, 4, 4), 1e6, np.float32)
        values[::2] += 1
        self.assertAlmostEqual(moments(values).std, 0.5, places=9)

    def test_nothing_has_no_mean(self) -> None:
        m = moments(np.ones((2, 2, 2), np.float32), np.zeros((2, 2, 2), bool))
        self.assertEqual(m.count, 0)
        self.assertTrue(math.isnan(m.mean) and math.isnan(m.std))


class TestEffectiveSamples(unittest.TestCase):
    box = (64, 72, 80)
    everywhere = np.ones(box, bool)

    def noise(self, sigma: float, seed: int = 3) -> Volume:
        white = np.random.default_rng(seed).normal(size=self.box).astype(np.float32)
        return ndimage.gaussian_filter(white, sigma, mode="wrap") if sigma else white

    def count(self, values: Volume, where: np.ndarray, size: Triple = (1.0, 1.0, 1.0)) -> float:
        m = moments(values, where)
        return effective_samples(values, where, m.mean, size)

    def test_white_noise_is_independent(self) -> None:
        found = self.count(self.noise(0), self.everywhere)
        self.assertAlmostEqual(found / self.everywhere.size, 1, delta=0.03)

    def test_blurred_noise_has_the_number_that_theory_gives(self) -> None:
        """ρ(h) = exp(−h²/4σ²) sums to (4πσ²)^{3/2}."""
        for sigma in (1.0, 1.5):
            expected = self.everywhere.size / (4 * math.pi * sigma**2) ** 1.5
            found = np.mean([self.count(self.noise(sigma, s), self.everywhere) for s in range(4)])
            self.assertAlmostEqual(float(found) / expected, 1, delta=0.15)

    def test_a_hole_in_the_field_takes_its_share(self) -> None:
        where = self.everywhere.copy()
        where[20:44, 20:50, 20:60] = False
        whole = self.count(self.noise(1.2), self.everywhere)
        outside = self.count(self.noise(1.2), where)
        self.assertAlmostEqual(outside / whole, where.mean(), delta=0.12)

    def test_scale_and_offset_do_not_matter(self) -> None:
        values = self.noise(1.0)
        straight = self.count(values, self.everywhere)
        moved = self.count(values * 1000 + 7, self.everywhere)
        self.assertAlmostEqual(moved / straight, 1, places=3)

    def test_the_mean_of_correlated_noise_varies_as_predicted(self) -> None:
        """Means of many fields scatter by σ/√(effective samples)."""
        rng = np.random.default_rng(5)
        inner = (slice(4, 28),) * 3
        where = np.zeros((32, 32, 32), bool)
        where[inner] = True
        means, predicted = [], []
        for _ in range(120):
            white = rng.normal(size=where.shape).astype(np.float32)
            values = ndimage.gaussian_filter(white, 1.0, mode="wrap")
            m = moments(values, where)
            means.append(m.mean)
            predicted.append(m.std**2 / effective_samples(values, where, 0.0, (1.0,) * 3))
        self.assertAlmostEqual(np.var(means) / np.mean(predicted), 1, delta=0.35)

    def test_a_constant_field_is_an_error(self) -> None:
        with self.assertRaises(ValueError):
            effective_samples(
                np.ones((8, 8, 8), np.float32), np.ones((8, 8, 8), bool), 1.0, (1.0,) * 3
            )


class TestWaves(unittest.TestCase):
    box = (40, 48, 54)
    size = (1.5, 1.2, 1.0)

    def noise(self) -> Volume:
        return np.random.default_rng(8).normal(size=self.box).astype(np.float32)

    def wave(self, cycles: Triple) -> Volume:
        z, y, x = (np.arange(n) * c / n for n, c in zip(self.box, cycles, strict=True))
        phase = z[:, None, None] + y[:, None] + x
        return np.cos(2 * np.pi * phase).astype(np.float32)

    def test_share_and_period(self) -> None:
        rng = np.random.default_rng(4)
        where = np.ones(self.box, bool)
        where[10:30, 12:36, 15:40] = False
        for cycles in ((4, 0, 0), (0, 6, 0), (0, 0, 27), (3, -5, 7), (20, 4, 0)):
            amplitude = float(rng.uniform(0.5, 3))
            values = self.noise() + amplitude * self.wave(cycles)
            everywhere = strongest_wave(values, np.ones(self.box, bool), 0.0, self.size)
            around = strongest_wave(values, where, 0.0, self.size)
            power = amplitude**2 * float(np.mean(self.wave(cycles) ** 2))
            length = zip(cycles, self.box, self.size, strict=True)
            period = 1 / math.sqrt(sum((c / (n * s)) ** 2 for c, n, s in length))
            with self.subTest(cycles):
                for found in (everywhere, around):
                    self.assertAlmostEqual(found.period, period, places=4)
                self.assertAlmostEqual(everywhere.share, power / (1 + power), delta=0.03)
                self.assertAlmostEqual(around.share, everywhere.share, delta=0.1)

    def test_noise_has_none(self) -> None:
        found = strongest_wave(self.noise(), np.ones(self.box, bool), 0.0, self.size)
        self.assertLess(found.share, 4 * math.log(self.noise().size) / self.noise().size)

    def test_a_gradient_is_no_wave(self) -> None:
        values = self.noise() + 5 * self.wave((1, 0, 0))
        found = strongest_wave(values, np.ones(self.box, bool), 0.0, self.size)
        self.assertLess(found.share, 0.001)

    def test_a_constant_field_is_an_error(self) -> None:
        with self.assertRaises(ValueError):
            strongest_wave(np.ones((8, 8, 8), np.float32), np.ones((8, 8, 8), bool), 1.0, self.size)


if __name__ == "__main__":
    unittest.main()
