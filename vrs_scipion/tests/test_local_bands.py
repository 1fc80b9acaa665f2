"""Local bands: independent samples, crossings, error bars, and local resolution of known truth."""

from __future__ import annotations

import itertools
import unittest
from collections.abc import Iterator
from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import fft, ndimage

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.local_bands import (
    LocalCorrelations,
    LocalResolution,
    bands_of,
    coarse_grid,
    critical_correlations,
    local_correlations,
    local_resolution,
    windows_in,
)
from vrs_scipion.methods.local_bands.blocks import block_correlations
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.methods.shells import Shells
from vrs_scipion.simulation import frequency_grid
from vrs_scipion.simulation.texture import Texture, texture

CUBE, VOXEL = (64, 64, 64), (1.3, 1.3, 1.3)


def ball(box: tuple[int, ...], share: float) -> Mask:
    """An ellipsoid in the middle of a box, so many of its edges wide."""
    z, y, x = (((np.arange(n) - n // 2) / (n * share / 2)) ** 2 for n in box)
    inside: Mask = z[:, None, None] + y[:, None] + x <= 1
    return inside


def correlated(
    first: Volume,
    second: Volume,
    mask: Mask,
    voxel: Triple = VOXEL,
    resolution: float | None = None,
) -> LocalCorrelations:
    one, other = (fft.rfftn(values.astype(np.float32)) for values in (first, second))
    return local_correlations(one, other, mask, voxel, resolution=resolution)


def noise(seed: int, box: tuple[int, ...] = CUBE) -> Volume:
    return np.random.default_rng(seed).standard_normal(box).astype(np.float32)


@cache
def texture_of_cube() -> Texture:
    return texture(CUBE, VOXEL, 3.2, 4.5)


@cache
def good() -> LocalCorrelations:
    made = texture_of_cube()
    return correlated(made.first, made.second, ball(CUBE, 0.6))


class TestIndependentSamples(unittest.TestCase):
    """The variance of the correlation of noise is one over the samples that a window holds."""

    def variances(self, mask: Mask, box: tuple[int, ...], voxel: Triple) -> Iterator[float]:
        runs = [correlated(noise(2 * i, box), noise(2 * i + 1, box), mask, voxel) for i in range(8)]
        bands = min(len(run.frequency) for run in runs)
        for band in range(bands):
            squares = np.array([run.values[band] ** 2 * run.samples[band] for run in runs])
            yield float(squares.mean())

    def test_where_the_windows_are_whole(self) -> None:
        found = list(self.variances(np.ones((48, 48, 48), np.bool_), (48,) * 3, (1.5,) * 3))
        self.assertGreater(len(found), 3)
        self.assertAlmostEqual(float(np.mean(found)), 1, delta=0.15)

    def test_where_the_molecule_cuts_them(self) -> None:
        box, voxel = (48, 45, 54), (1.5, 1.6, 1.4)
        found = list(self.variances(ball(box, 0.5), box, voxel))
        self.assertAlmostEqual(float(np.mean(found)), 1, delta=0.25)

    def test_a_window_at_the_border_holds_about_half(self) -> None:
        mask = np.zeros(CUBE, np.bool_)
        mask[:32] = True
        local = correlated(noise(0), noise(1), mask)
        samples = np.zeros(local.grid.inside.shape)
        samples[local.grid.inside] = local.samples[-1]
        self.assertAlmostEqual(samples[-1].mean() / samples[8].mean(), 0.5, delta=0.15)

    def test_on_the_axis_of_a_symmetry_a_window_holds_the_same_several_times(self) -> None:
        box, mask = (31, 49, 49), np.zeros((31, 49, 49), np.bool_)
        mask[:, 22:27, 22:27] = True

        def symmetric(seed: int) -> Volume:
            once = noise(seed, box)
            turned = [np.rot90(once, k, axes=(1, 2)) for k in range(4)]
            return np.asarray(np.mean(turned, axis=0), np.float32)

        spread: dict[int, list[float]] = {1: [], 4: []}
        for seed in range(8):
            one, other = (fft.rfftn(symmetric(2 * seed + k)) for k in (0, 1))
            for fold, found in spread.items():
                local = local_correlations(one, other, mask, (1.5,) * 3, fold=fold)
                found.append(float(np.mean(local.values**2 * local.samples)))
        self.assertGreater(float(np.mean(spread[1])), 2.0)
        self.assertAlmostEqual(float(np.mean(spread[4])), 1, delta=0.3)

    def test_windows_in_a_volume(self) -> None:
        self.assertEqual(windows_in(1.0, 4.0), 1.0)
        self.assertAlmostEqual(windows_in(2e5, 4.0) / windows_in(1e5, 4.0), 2)


class TestTruth(unittest.TestCase):
    """A texture whose local resolution is known at every voxel."""

    def deviations(
        self, level: float, box: tuple[int, int, int], voxel: Triple, seeds: range
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Measured less true, and the same in error bars, where neither meets the voxels' end."""
        misses, shares = [], []
        for seed in seeds:
            made = texture(box, voxel, 3.2, 5.8, seed=seed)
            mask = ball(box, 0.85)
            found = local_resolution(correlated(made.first, made.second, mask, voxel), level)
            truth = made.resolution(level)
            known = mask & np.isfinite(found.error) & (truth > 1.12 * found.finest)
            misses.append((found.resolution - truth)[known])
            shares.append(misses[-1] / found.error[known])
        return np.concatenate(misses), np.concatenate(shares)

    def test_at_one_half(self) -> None:
        miss, share = self.deviations(0.5, (64, 52, 52), VOXEL, range(3))
        self.assertLess(abs(float(miss.mean())), 0.1)
        self.assertLess(float(np.abs(miss).mean()), 0.22)
        self.assertTrue(0.91 <= float((np.abs(share) < 2).mean()) <= 0.985)

    def test_at_the_level_of_reported_resolutions(self) -> None:
        miss, share = self.deviations(0.143, (64, 52, 52), (1.1,) * 3, range(3))
        self.assertLess(abs(float(miss.mean())), 0.1)
        self.assertTrue(0.9 <= float((np.abs(share) < 2).mean()) <= 0.985)

    def test_odd_boxes_of_anisotropic_voxels(self) -> None:
        miss, share = self.deviations(0.5, (61, 50, 55), (1.2, 1.3, 1.25), range(3))
        self.assertLess(abs(float(miss.mean())), 0.12)
        self.assertTrue(0.9 <= float((np.abs(share) < 2).mean()) <= 0.99)

    def test_blocks_are_no_better(self) -> None:
        made = texture(CUBE, VOXEL, 3.5, 5.0)
        mask = ball(CUBE, 0.5)
        local = block_correlations(made.first, made.second, mask, VOXEL, 4.2)
        miss = (local_resolution(local, 0.5).resolution - made.resolution(0.5))[mask]
        self.assertLess(abs(float(miss.mean())), 0.4)
        self.assertGreater(float(np.abs(miss).mean()), 0.1)


class TestWhatChangesNothing(unittest.TestCase):
    def resolutions(self, first: Volume, second: Volume) -> Volume:
        return local_resolution(correlated(first, second, ball(CUBE, 0.6)), 0.5).inside

    def test_it(self) -> None:
        made = texture_of_cube()
        first, second = made.first, made.second
        expected = local_resolution(good(), 0.5).inside
        for one, other in (
            (second, first),
            (3 * first, second),
            (first + 5, second),
            (-first, -second),
        ):
            np.testing.assert_allclose(self.resolutions(one, other), expected, rtol=2e-3)

    def test_a_common_filter(self) -> None:
        made = texture_of_cube()
        filtered = (ndimage.gaussian_filter(h, 0.7, mode="wrap") for h in (made.first, made.second))
        expected = local_resolution(good(), 0.5).inside
        changes = np.abs(self.resolutions(*filtered) / expected - 1)
        self.assertLess(float(np.percentile(changes, 99)), 0.01)

    def test_what_lies_around_the_molecule(self) -> None:
        made = texture_of_cube()
        outside = ndimage.distance_transform_edt(~ball(CUBE, 0.6)) > 12
        masked = (np.where(outside, 0, half) for half in (made.first, made.second))
        expected = local_resolution(good(), 0.5).inside
        changes = np.abs(self.resolutions(*masked) / expected - 1)
        self.assertLess(float(np.percentile(changes, 99)), 0.02)


class TestOddInput(unittest.TestCase):
    def test_copies(self) -> None:
        values = noise(3)
        local = correlated(values, 2 * values + 1, ball(CUBE, 0.5))
        self.assertGreater(float(local.values.min()), 0.999)
        found = local_resolution(local, 0.143)
        self.assertEqual((found.never_falls, found.never_rises), (1.0, 0.0))
        self.assertTrue(local.reaches_nyquist)
        np.testing.assert_allclose(found.inside, found.finest, rtol=1e-5)
        self.assertFalse(np.isfinite(found.error).any())

    def test_noise_is_not_resolved_and_soon_given_up(self) -> None:
        local = correlated(noise(4), noise(5), ball(CUBE, 0.6))
        self.assertFalse(local.reaches_nyquist)
        self.assertGreater(local_resolution(local, 0.5).never_rises, 0.99)
        significant = local_resolution(local, critical_correlations(local, 0.01))
        self.assertGreater(significant.never_rises, 0.99)

    def test_a_resolution_coarser_than_the_box(self) -> None:
        made = texture_of_cube()
        local = correlated(made.first, made.second, ball(CUBE, 0.6), resolution=400.0)
        median = np.median(local_resolution(local, 0.5).inside)
        self.assertAlmostEqual(median, np.median(local_resolution(good(), 0.5).inside), delta=0.1)

    def test_a_mask_of_one_voxel(self) -> None:
        mask = np.zeros(CUBE, np.bool_)
        mask[20, 30, 63] = True
        found = local_resolution(correlated(noise(6), noise(7), mask), 0.5)
        self.assertEqual(found.inside.shape, (1,))

    def test_a_mask_that_fills_the_box(self) -> None:
        mask = np.ones((32, 33, 36), np.bool_)
        found = local_resolution(correlated(noise(8, mask.shape), noise(9, mask.shape), mask), 0.5)
        self.assertEqual(found.inside.size, mask.size)

    def test_nothing_at_high_frequencies(self) -> None:
        first, second = (fft.rfftn(noise(seed)) for seed in (10, 11))
        for spectrum in (first, second):
            spectrum[16:-16] = spectrum[:, 16:-16] = spectrum[:, :, 16:] = 0
        local = local_correlations(first, second, ball(CUBE, 0.5), VOXEL)
        self.assertTrue(np.isfinite(local.values).all())

    def test_rounding_is_no_signal(self) -> None:
        made = texture_of_cube()
        blob = 1e5 * ball(CUBE, 0.5)
        gone = np.exp(-((frequency_grid(CUBE, (1.0,) * 3).astype(np.float64) / 0.08) ** 2))
        first, second = (
            fft.irfftn(fft.rfftn(half.astype(np.float64) + blob) * gone, s=CUBE)
            for half in (made.first, made.second)
        )
        found = local_resolution(correlated(first, second, ball(CUBE, 0.6)), 0.143)
        self.assertEqual(found.never_falls, 0)
        self.assertGreater(float(np.median(found.inside)), 3.5)

    def test_halves_that_end_before_their_voxels_do(self) -> None:
        made = texture(CUBE, VOXEL, 2.9, 3.1)
        short = frequency_grid(CUBE, VOXEL) < 1 / 5
        first, second = (
            fft.irfftn(fft.rfftn(half) * short, s=CUBE) for half in (made.first, made.second)
        )
        found = local_resolution(correlated(first, second, ball(CUBE, 0.6)), 0.143)
        self.assertEqual(found.never_falls, 0)
        self.assertAlmostEqual(float(np.median(found.inside)), 5, delta=0.4)

    def test_refused(self) -> None:
        with self.assertRaisesRegex(NotMeasurableError, "mask is empty"):
            correlated(noise(1), noise(2), np.zeros(CUBE, np.bool_))
        with self.assertRaisesRegex(NotMeasurableError, "fewer than four bands"):
            box = (6, 6, 6)
            correlated(noise(1, box), noise(2, box), np.ones(box, np.bool_))
        with self.assertRaisesRegex(NotMeasurableError, "do not fit"):
            block_correlations(noise(1), noise(2), ball(CUBE, 0.5), VOXEL, 40.0)
        with self.assertRaisesRegex(NotMeasurableError, "mask is empty"):
            block_correlations(noise(1), noise(2), np.zeros(CUBE, np.bool_), VOXEL, 4.0)

    def test_very_coarse_voxels_have_bands(self) -> None:
        shells = Shells((64, 64, 64), (12.0, 12.0, 12.0))
        bands = bands_of(shells, np.arange(1, shells.count + 1) ** 2.0)
        self.assertGreater(len(bands), 10)


def made_of(curves: NDArray[np.float32], samples: float = 300.0) -> LocalCorrelations:
    """Correlations of bands from 0.1 to 0.4 1/Å at the points of a row of voxels."""
    bands, points = curves.shape
    grid = coarse_grid(np.ones((1, 1, points), np.bool_), (1.0, 1.0, 1.0), 1.0)
    return LocalCorrelations(
        frequency=np.linspace(0.1, 0.4, bands),
        samples=np.full(curves.shape, samples, np.float32),
        values=curves.astype(np.float32),
        grid=grid,
        reaches_nyquist=True,
    )


class TestCrossings(unittest.TestCase):
    def found(self, *curves: list[float], level: float = 0.5) -> LocalResolution:
        return local_resolution(made_of(np.array(curves, np.float32).T), level)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.floats(0.0, 1.0), min_size=4, max_size=12))
    def test_monotone_curves_are_interpolated(self, values: list[float]) -> None:
        curve = sorted(values, reverse=True)
        found = self.found(curve)
        if curve[0] < 0.5:
            expected = 10.0
        elif curve[-1] >= 0.5:
            expected = 2.5
        else:
            after = next(i for i, value in enumerate(curve) if value < 0.5)
            share = (curve[after - 1] - 0.5) / (curve[after - 1] - curve[after])
            step = 0.3 / (len(curve) - 1)
            expected = 1 / (0.1 + step * (after - 1 + share))
        self.assertAlmostEqual(float(found.resolution[0, 0, 0]), expected, places=3)

    def test_the_error_bar_is_that_of_the_curve_over_its_slope(self) -> None:
        found = self.found([0.9, 0.8, 0.6, 0.4, 0.2, 0.1, 0.0])
        frequency = 0.225
        slope = (0.8 - 0.2) / 0.15
        expected = 0.75 / np.sqrt(300) / slope / frequency**2
        self.assertAlmostEqual(float(found.error[0, 0, 0]), expected, places=4)

    def test_the_first_crossing_counts(self) -> None:
        found = self.found([0.9, 0.4, 0.9, 0.9, 0.2], [0.9, 0.8, 0.7, 0.6, 0.2])
        first, second = found.resolution[0, 0]
        self.assertGreater(first, 1 / 0.175)
        self.assertLess(second, 1 / 0.3)

    def test_ends(self) -> None:
        found = self.found([0.4] * 5, [0.9] * 5)
        np.testing.assert_allclose(found.resolution[0, 0], [10.0, 2.5], rtol=1e-5)
        self.assertEqual((found.never_rises, found.never_falls), (0.5, 0.5))
        self.assertEqual((found.coarsest, found.finest), (10.0, 2.5))
        self.assertFalse(np.isfinite(found.error).any())

    def test_bands_of_which_nothing_can_be_said_are_passed_over(self) -> None:
        curves = np.array([[0.3, 0.8, 0.6, 0.2, 0.1]] * 2, np.float32).T
        levels = np.array([[1.2, 0.5, 0.5, 0.5, 0.5], [0.5] * 5], np.float32).T
        found = local_resolution(made_of(curves), levels)
        self.assertEqual(found.never_rises, 0.5)
        self.assertTrue(1 / 0.325 < found.resolution[0, 0, 0] < 1 / 0.25)
        none = local_resolution(made_of(curves), np.full(curves.shape, 1.5, np.float32))
        self.assertEqual(none.never_rises, 1.0)


class TestSignificance(unittest.TestCase):
    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 10_000), st.integers(3, 60))
    def test_benjamini_and_yekutieli_one_by_one(self, seed: int, points: int) -> None:
        from scipy.stats import norm

        generator = np.random.default_rng(seed)
        curves = generator.uniform(-0.2, 0.5, (4, points)).astype(np.float32)
        local, rate = made_of(curves), 0.01
        called = curves >= critical_correlations(local, rate)
        harmonic = sum(1 / i for i in range(1, points + 1))
        for values, by_us in zip(curves, called, strict=True):
            p = norm.sf(values.astype(float) * np.sqrt(300.0))
            order = np.argsort(p)
            passed = [k for k, i in enumerate(order, 1) if p[i] <= rate * k / (points * harmonic)]
            self.assertEqual(int(by_us.sum()), max(passed, default=0))

    def test_noise_is_seldom_called_signal(self) -> None:
        called = 0
        for seed in range(4):
            local = correlated(noise(50 + seed), noise(80 + seed), ball(CUBE, 0.6))
            called += int((local.values >= critical_correlations(local, 0.01)).sum())
        self.assertEqual(called, 0)

    def test_signal_is_found_beyond_where_it_is_strong(self) -> None:
        significant = local_resolution(good(), critical_correlations(good(), 0.01))
        self.assertLess(
            np.median(significant.inside), np.median(local_resolution(good(), 0.5).inside)
        )


class TestCoarseGrid(unittest.TestCase):
    @settings(max_examples=30, deadline=None)
    @given(
        st.tuples(*[st.integers(1, 11)] * 3),
        st.tuples(*[st.floats(0.5, 3.0)] * 3),
        st.integers(0, 100),
    )
    def test_what_is_linear_comes_back(
        self, box: tuple[int, int, int], voxel: Triple, seed: int
    ) -> None:
        mask = np.random.default_rng(seed).random(box) < 0.3
        mask[tuple(n // 2 for n in box)] = True
        grid = coarse_grid(mask, voxel, 3.0)
        z, y, x = np.meshgrid(*grid.voxels, indexing="ij")
        volume = grid.on_voxels((2 * z - y + 0.5 * x + 1)[grid.inside])
        for place in itertools.islice(np.argwhere(mask), 50):
            expected = 2 * place[0] - place[1] + 0.5 * place[2] + 1
            self.assertAlmostEqual(float(volume[tuple(place)]), expected, places=3)
        self.assertTrue(np.isnan(volume[~mask]).all())

    def test_points_without_a_value_do_not_count(self) -> None:
        grid = coarse_grid(np.ones((1, 1, 5), np.bool_), (1.0, 1.0, 1.0), 2.0)
        volume = grid.on_voxels(np.array([1.0, np.nan, 3.0]))
        np.testing.assert_array_equal(volume[0, 0], [1, 1, np.nan, 3, 3])


if __name__ == "__main__":
    unittest.main()
