"""Are two half maps independent? Noise that is shared, halves that were touched, and check 1.i."""

from __future__ import annotations

import tempfile
import unittest
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from vrs_scipion.checks.level1_a_fsc import CHECK as GLOBAL
from vrs_scipion.checks.level1_i_independence import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.independence import shared_plot
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import background, cosine_mask, distance_from, inscribed_sphere
from vrs_scipion.methods.fsc import FscCurve, correlate, modified_correlation
from vrs_scipion.methods.independence import (
    Halves,
    Independence,
    Mean,
    Region,
    ShellPowers,
    measure_independence,
    shared_by_mask,
    whitened,
)
from vrs_scipion.methods.shells import Reals, half_spectrum, power_spectrum
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.files import load_plot
from vrs_scipion.simulation import apply_filter, frequency_grid, low_pass
from vrs_scipion.simulation.symmetry import rotations, symmetrised
from vrs_scipion.tests.mrc_files import mrc_bytes, write

Box = tuple[int, int, int]

BOX, VOXEL = (52, 48, 50), 1.5
RADIUS, RESOLUTION, CONTOUR = 12.0, 4.6, 2.5
"""Å; of the molecule, and to which its halves agree."""
SHARES = (0.0, 0.02, 0.05, 0.1, 0.3)


def noise(seed: int, box: tuple[int, ...] = BOX) -> Volume:
    return np.random.default_rng(seed).standard_normal(box, dtype=np.float32)


def ball(radius: float, box: tuple[int, ...] = BOX, voxel: float = VOXEL) -> Mask:
    """Around voxel N/2, of a radius in Å."""
    z, y, x = (((np.arange(n) - n // 2) * voxel) ** 2 for n in box)
    return np.asarray(z[:, None, None] + y[:, None] + x <= radius**2)


@cache
def molecule() -> Volume:
    """Atoms at random in a ball, as strong as to be lost at 4.6 Å in noise of variance 1."""
    inside = ball(RADIUS)
    atoms = np.random.default_rng(1).random(BOX) * inside
    blurred = ndimage.gaussian_filter(atoms - 0.8 * atoms[inside].mean() * inside, 1.8 / VOXEL)
    return np.asarray(2 * blurred / blurred[inside].std(), np.float32)


def twins(seed: int = 2, shared: float = 0.0) -> tuple[Volume, Volume]:
    """The molecule in noise of which two halves share a part of the power."""
    common, *own = (noise(10 * seed + k) for k in range(3))
    first, second = (
        molecule() + np.float32(shared**0.5) * common + np.float32((1 - shared) ** 0.5) * one
        for one in own
    )
    return first, second


def halves_of(first: Volume, second: Volume, radius: float = RADIUS + 1) -> Halves:
    size = (VOXEL,) * 3
    hard = ball(radius, first.shape)
    return Halves(
        first,
        second,
        (half_spectrum(first), half_spectrum(second)),
        cosine_mask(hard, size, 4.5, 7.5),
        hard,
        background(distance_from(hard, size, 13.5), 13.5, (first, second), size),
        size,
    )


def measured(first: Volume, second: Volume, resolution: float | None = RESOLUTION) -> Independence:
    halves = halves_of(first, second)
    curve = modified_correlation(*halves.spectra, halves.mask, halves.voxel_size)
    return measure_independence(halves, curve, resolution)


def shared(found: Independence) -> Mean:
    assert found.background is not None
    assert found.background.shared is not None
    return found.background.shared


class TestShellPowers(unittest.TestCase):
    def test_agree_with_the_fsc(self) -> None:
        size: Triple = (1.5, 1.2, 1.7)
        first, second = (half_spectrum(noise(seed, (20, 31, 24))) for seed in (1, 2))
        found = ShellPowers.of(first, second, (20, 31, 24), size)
        curve = correlate(first, second, (20, 31, 24), size)
        np.testing.assert_allclose(found.curve.correlation, curve.correlation, atol=1e-5)
        np.testing.assert_allclose(found.samples, curve.samples)

    def test_total_and_scale(self) -> None:
        values = molecule() + noise(3)
        one, three = half_spectrum(values), half_spectrum(-3 * values + 2)
        found = ShellPowers.of(one, three, BOX, (VOXEL,) * 3)
        self.assertAlmostEqual(found.total_correlation, -1, places=5)
        self.assertAlmostEqual(found.scale, 9, places=4)
        alone = ShellPowers.of(
            half_spectrum(noise(4)), half_spectrum(3 * noise(5)), BOX, (VOXEL,) * 3
        )
        self.assertEqual(alone.scale, 1)

    def test_a_cliff_is_found_and_a_slope_is_none(self) -> None:
        frequency = frequency_grid(BOX, (VOXEL,) * 3)
        for resolution in (4.0, 6.0):
            cut = half_spectrum(apply_filter(noise(6), low_pass(frequency, resolution, 0.05)))
            found = ShellPowers.of(half_spectrum(noise(7)), cut, BOX, (VOXEL,) * 3)
            self.assertAlmostEqual(1 / found.held, resolution, delta=0.04 * resolution)
        sloping = half_spectrum(apply_filter(noise(6), np.exp(-15 * frequency**2)))
        found = ShellPowers.of(sloping, sloping, BOX, (VOXEL,) * 3)
        self.assertEqual(found.held, found.frequency[-1])

    def test_white_in_every_shell_and_empty_beyond_the_cliff(self) -> None:
        frequency = frequency_grid(BOX, (VOXEL,) * 3)
        first = half_spectrum(apply_filter(molecule() + noise(8), low_pass(frequency, 4.0, 0.05)))
        second = half_spectrum(molecule() * 7)
        powers = ShellPowers.of(first, second, BOX, (VOXEL,) * 3)
        for values in whitened(first, second, powers):
            at, found = power_spectrum(values, (VOXEL,) * 3)
            kept = at <= powers.held
            np.testing.assert_allclose(found[kept] * values.size, 1, rtol=1e-3)
            self.assertLess(found[~kept].max() * values.size, 1e-6)


class TestBands(unittest.TestCase):
    def scores(self, order: int = 1, group: str = "C1", draws: int = 30) -> Reals:
        """Means of the correlation of independent noise in a background, in their errors."""
        box, size = (48, 48, 48), (VOXEL,) * 3
        where, scores = inscribed_sphere(box, size) & ~ball(20, box), []
        turns = rotations(group)
        for seed in range(draws):
            first, second = (
                half_spectrum(symmetrised(noise(2 * seed + k, box), turns, size) * where)
                for k in range(2)
            )
            found = ShellPowers.of(first, second, box, size)
            curve = found.products.curve(found.shells, 1.6 * order)
            region = Region(curve, found.samples, found.frequency, order * shared_by_mask(where))
            mean = region.mean(0.15, 0.3)
            assert mean is not None
            scores.append(mean.value / mean.error)
        return np.array(scores)

    def test_errors_are_those_of_many_draws(self) -> None:
        rms = float(np.sqrt(np.mean(self.scores() ** 2)))
        self.assertGreater(rms, 0.65)
        self.assertLess(rms, 1.2)

    def test_a_symmetry_that_was_given_or_not(self) -> None:
        for order in (4, 1):
            rms = float(np.sqrt(np.mean(self.scores(order, "C4", draws=12) ** 2)))
            self.assertLess(rms, 1.5)
            self.assertGreater(rms, 0.4)

    def region(self, values: Sequence[float], samples: float = 1e4) -> Region:
        frequency = 0.01 * np.arange(1, len(values) + 1)
        counts = np.full(len(values), samples)
        return Region(FscCurve(frequency, np.array(values), counts), counts, frequency, 2.0)

    def test_mean(self) -> None:
        region = self.region([1, 1, 0.3, np.nan, 0.1, 0.0])
        mean = region.mean(0.025, 0.055)
        assert mean is not None
        self.assertAlmostEqual(mean.value, 0.2)
        self.assertAlmostEqual(mean.samples, 3e4 / 2)
        self.assertIsNone(region.mean(0.035, 0.045))
        self.assertIsNone(region.mean(0.1, 0.2))
        certain = region.mean(0.0, 0.02)
        assert certain is not None
        self.assertLess(certain.error, 1e-4)
        self.assertGreater(certain.significance, 50)

    def test_rise(self) -> None:
        fall = [1.0] * 20 + [0.5] * 10 + [0.0] * 20
        for end, expected in (([0.0] * 10, 0.0), ([0.3] * 10, 0.3), ([0.0] * 8 + [0.3] * 2, 0.1)):
            rise = self.region([*fall, *end]).rise(1.0)
            assert rise is not None
            self.assertAlmostEqual(rise.value, expected, places=6)
        self.assertIsNone(self.region([1.0, 0.5]).rise(1.0))
        falling = self.region([1.0] * 30 + [0.5] * 10).rise(1.0)
        assert falling is not None
        self.assertLessEqual(falling.value, 0)


class TestMeasure(unittest.TestCase):
    def test_shares_of_noise(self) -> None:
        """The trial: fractions of the noise's power that are shared, within 0.01."""
        for share in SHARES:
            found = [shared(measured(*twins(seed, share))) for seed in range(2)]
            self.assertAlmostEqual(np.mean([f.value for f in found]), share, delta=0.012)
            self.assertLess(found[0].error, 0.012)

    def test_membranes_and_ice_count_only_where_they_end(self) -> None:
        coarse = np.exp(-((12 * frequency_grid(BOX, (VOXEL,) * 3)) ** 2))
        ice = 15 * apply_filter(noise(9), coarse) / apply_filter(noise(9), coarse).std()
        first, second = (half + ice for half in twins())
        found = measured(first, second)
        self.assertLess(abs(shared(found).value), 0.02)
        assert found.background is not None
        assert found.background.shared_low is not None
        self.assertGreater(found.background.shared_low.value, 0.05)

    def test_swapping_scaling_and_turning_change_no_number(self) -> None:
        first, second = twins()
        plain = self.numbers(measured(first, second))
        for name, a, b in (
            ("swapped", second, first),
            ("one scaled and moved", first, 50 * second + 7),
            ("both turned in sign", -first, -second),
        ):
            with self.subTest(name):
                np.testing.assert_allclose(
                    self.numbers(measured(a, b)), plain, rtol=0.02, atol=2e-4
                )

    def numbers(self, found: Independence) -> list[float]:
        assert found.background is not None
        means = (found.background.shared, found.background.shared_low, found.tail, found.rise)
        return [
            found.resolution or 0,
            found.copy_correlation,
            found.least_correlation,
            found.held,
            found.background.noise_ratio or 0,
            found.outside_inside or 0,
            *(part for mean in means if mean for part in (mean.value, mean.error)),
        ]

    def test_a_filter_of_both_changes_little(self) -> None:
        sharpening = np.exp(30 * frequency_grid(BOX, (VOXEL,) * 3) ** 2)
        first, second = twins()
        plain = self.numbers(measured(first, second))
        sharp = measured(apply_filter(first, sharpening), apply_filter(second, sharpening))
        np.testing.assert_allclose(self.numbers(sharp)[2:], plain[2:], rtol=0.05, atol=0.01)

    def test_a_claim_beyond_nyquist(self) -> None:
        for claim in (2.0, 3.0, 60.0):
            found = measured(*twins(), claim)
            self.assertLessEqual(found.noise_from, 0.8 * found.nyquist)
            self.assertLess(abs(shared(found).value), 0.05)

    def test_axes_in_any_order(self) -> None:
        first, second = twins()
        plain = self.numbers(measured(first, second))
        for axes in ((2, 1, 0), (1, 2, 0)):
            a, b = (np.ascontiguousarray(half.transpose(axes)) for half in (first, second))
            np.testing.assert_allclose(self.numbers(measured(a, b)), plain, rtol=0.02, atol=0.01)

    def test_unequal_noise(self) -> None:
        first, second = twins()
        louder = molecule() + np.float32(3**0.5) * (second - molecule())
        for scale in (1, 20):
            found = measured(first, np.float32(scale) * louder)
            assert found.background is not None
            self.assertAlmostEqual(found.background.noise_ratio or 0, 3, delta=0.3)

    def test_quieter_around_the_molecule(self) -> None:
        mask = cosine_mask(ball(RADIUS), (VOXEL,) * 3, 3.0, 7.5)
        for factor in (0.3, 1.0):
            first, second = (half * (factor + (1 - factor) * mask) for half in twins())
            found = measured(first, second)
            self.assertAlmostEqual(found.outside_inside or 0, factor, delta=0.1)

    def test_spheres_are_no_masks(self) -> None:
        sphere = cosine_mask(ball(28), (VOXEL,) * 3, 0.0, 7.5)
        tight = cosine_mask(ball(9), (VOXEL,) * 3, 3.0, 6.0)
        for name, mask, expected in (
            ("nothing", np.ones(BOX, np.float32), (0.0, 0.0)),
            ("a refinement's sphere", sphere, (0.05, 0.02)),
            ("the molecule's, off the middle", np.roll(tight, (6, 0, -6), (0, 1, 2)), (0.9, 0.8)),
        ):
            with self.subTest(name):
                first, second = twins()
                found = measured(first * mask, second)
                one, other = found.constant
                self.assertAlmostEqual(one.in_sphere, expected[0], delta=0.1)
                self.assertAlmostEqual(one.in_ball, expected[1], delta=0.1)
                self.assertEqual((other.in_sphere, other.in_ball), (0.0, 0.0))

    def test_towards_a_sphere_noise_may_fade(self) -> None:
        sphere = cosine_mask(ball(28), (VOXEL,) * 3, 0.0, 7.5)
        first, second = (half * sphere for half in twins())
        found = measured(first, second)
        if found.outside_inside is not None:
            self.assertGreater(found.outside_inside, 0.8)

    @settings(max_examples=15, deadline=None)
    @given(box=st.tuples(*[st.integers(16, 24)] * 3), seed=st.integers(0, 50))
    def test_small_and_odd_boxes(self, box: Box, seed: int) -> None:
        first, second = noise(seed, box), noise(seed + 100, box)
        halves = halves_of(first, second, radius=3.0)
        curve = FscCurve(np.array([0.05, 0.1, 0.2]), np.array([0.9, 0.5, 0.0]), np.full(3, 50.0))
        found = measure_independence(halves, curve)
        self.assertEqual(found.background is None, found.background_fraction < 0.05)
        if found.background is not None and found.background.shared is not None:
            self.assertLess(abs(found.background.shared.value), 6 * found.background.shared.error)


class TestPlot(unittest.TestCase):
    def test_what_is_drawn(self) -> None:
        frequency = np.arange(1, 21) / 60
        curve = FscCurve(frequency, np.full(20, 0.05), np.full(20, 900.0))
        tail = FscCurve(frequency[12:], np.full(8, 0.2), np.full(8, 100.0))
        plot = shared_plot(curve, tail, (0.2, 0.3), 4.0)
        names = [series.name for series in plot.series]
        self.assertEqual(len(names), 4)
        self.assertAlmostEqual(plot.series[2].y[0] or 0, 0.1)
        self.assertAlmostEqual(plot.series[3].y[0] or 0, -0.1)
        assert plot.y.range is not None
        self.assertGreater(plot.y.range[1], 0.2)
        self.assertLess(plot.y.range[0], -0.1)
        self.assertEqual([(band.low, band.high) for band in plot.bands], [(0.2, 0.3)])
        self.assertEqual([mark.value for mark in plot.marks], [0.25])
        bare = shared_plot(None, tail, (0.3, 0.2), None)
        self.assertEqual((len(bare.series), bare.bands, bare.marks), (1, (), ()))


KEYS = {
    "copy_correlation",
    "least_correlation",
    "background_fraction",
    "background_fsc",
    "background_fsc_se",
    "background_fsc_low",
    "tail_fsc",
    "tail_fsc_se",
    "nyquist_rise",
    "nyquist_rise_se",
    "noise_power_ratio",
    "noise_outside_inside",
    "constant_fraction_1",
    "constant_fraction_2",
    "masked_fraction",
    "finest_held",
}


class TestCheck(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def judged(
        self,
        first: Volume,
        second: Volume,
        resolution: float | None = RESOLUTION,
        *,
        drawn: bool = False,
        whole: Volume | None = None,
        **given: str,
    ) -> CheckResult:
        paths = {
            key: write(self.folder / f"{key}.mrc", mrc_bytes(values, voxel_size=(VOXEL,) * 3))
            for key, values in (
                ("map", molecule() if whole is None else whole),
                ("half1", first),
                ("half2", second),
            )
        }
        request = Request.of(**paths, contour=CONTOUR, resolution=resolution, **given)
        entry = prepare(request, self.folder / "entry")
        if drawn:
            result = run_check(CHECK, entry, self.folder / "out")
        else:
            with mock.patch("vrs_scipion.figures.plotting.save_picture"):
                result = run_check(CHECK, entry, self.folder / "out")
        self.assertIsNot(result.outcome, Outcome.FAILED, result.reason)
        return result

    def warned(self, result: CheckResult, *keys: str) -> None:
        self.assertIs(result.outcome, Outcome.WARNINGS, result.reason)
        failed = {c.key for c in result.criteria if c.role == "verdict" and not c.passed}
        self.assertLessEqual(set(keys), failed)
        self.assertTrue(all(c.advice for c in result.criteria if c.key in keys))

    def test_independent_halves(self) -> None:
        for resolution in (RESOLUTION, None):
            result = self.judged(*twins(), resolution)
            self.assertIs(result.outcome, Outcome.OK, result.warnings)
            self.assertIn("No sign that the half maps depend on each other", result.headline)
            self.assertIn("around the molecule", result.headline)
            self.assertIn("inside it", result.headline)
            self.assertEqual(set(result.measurements), KEYS)

    def test_what_it_writes(self) -> None:
        result = self.judged(*twins(), drawn=True, symmetry="C1")
        (figure,) = result.figures
        self.assertGreater((self.folder / "out" / figure.file).stat().st_size, 1000)
        plot = load_plot(self.folder / "out" / figure.plot)
        table = result.tables["background_fsc"]
        self.assertEqual(
            [column.key for column in table.columns],
            ["frequency", "resolution", "n_eff", "fsc", "chance_se"],
        )
        rows = np.array(table.rows, float)
        np.testing.assert_allclose(plot.series[0].x, rows[:, 0])
        np.testing.assert_allclose(np.array(plot.series[0].y, float), rows[:, 3])
        np.testing.assert_allclose(np.array(plot.series[2].y, float), 3 * rows[:, 4])
        self.assertFalse(any("No symmetry" in text for text in result.paragraphs))

    def test_the_curve_of_1a_is_taken_where_it_is_there(self) -> None:
        alone = self.judged(*twins())
        entry = Entry.at(self.folder / "entry")
        with mock.patch("vrs_scipion.figures.plotting.save_picture"):
            earlier = {"1.a": run_check(GLOBAL, entry, self.folder / "1.a")}
        with (
            mock.patch("vrs_scipion.figures.plotting.save_picture"),
            mock.patch(
                "vrs_scipion.checks.level1_i_independence.modified_correlation",
                side_effect=AssertionError,
            ),
        ):
            told = run_check(CHECK, entry, self.folder / "told", results=earlier)
        self.assertIs(told.outcome, Outcome.OK, told.reason)
        for key in KEYS - {"nyquist_rise", "nyquist_rise_se", "least_correlation"}:
            one, other = (result.measurements[key].value or 0 for result in (alone, told))
            self.assertAlmostEqual(one, other, delta=0.02)

    def test_a_symmetry_leaves_fewer_independent_values(self) -> None:
        plain, fewer = (
            self.judged(*twins(), symmetry=group).measurements["background_fsc_se"].value or 0
            for group in ("C1", "D2")
        )
        self.assertAlmostEqual(fewer / plain, 2, delta=0.4)

    def test_shared_noise(self) -> None:
        for share in (0.1, 0.3):
            result = self.judged(*twins(3, share))
            self.warned(result, "shared_highest")
            self.assertIn("share", result.headline)
            found = result.measurements["background_fsc"].value
            self.assertAlmostEqual(found or 0, share, delta=0.03)
            self.assertIn("more than", CHECK.limit("shared_highest").help)

    def test_copies(self) -> None:
        first, _ = twins()
        filtered = apply_filter(first, np.exp(-8 * frequency_grid(BOX, (VOXEL,) * 3) ** 2))
        for name, copy, resolution in (
            ("the same", first.copy(), None),
            ("scaled and moved", 3 * first + 5, RESOLUTION),
            ("turned in sign", -first, None),
            ("filtered", filtered, RESOLUTION),
        ):
            with self.subTest(name, resolution=resolution):
                result = self.judged(first, copy, resolution)
                self.warned(result)
                self.assertIn("copies of each other", result.headline)
                self.assertIn("without meaning", result.paragraphs[-1])

    def test_clean_signal_on_coarse_voxels_is_no_copy(self) -> None:
        """Halves that correlate by 0.9999 because there is next to no noise, but their own."""
        first, second = (molecule() + 1e-3 * (half - molecule()) for half in twins())
        result = self.judged(first, second)
        self.assertGreater(result.measurements["copy_correlation"].value or 0, 0.9999)
        self.assertIs(result.outcome, Outcome.UNDETERMINED, result.warnings)
        self.assertTrue(any("outshine" in text for text in result.paragraphs))

    def test_touched_halves(self) -> None:
        frequency = frequency_grid(BOX, (VOXEL,) * 3)
        elongated = ndimage.zoom(ball(9), 1) | np.roll(ball(9), 12, 0) | np.roll(ball(9), -12, 0)
        mask = cosine_mask(elongated, (VOXEL,) * 3, 2.0, 7.5)
        wide = cosine_mask(ball(RADIUS), (VOXEL,) * 3, 3.0, 7.5)
        for key, change in (
            ("masked_highest", lambda half: half * mask),
            ("held_highest", lambda half: apply_filter(half, low_pass(frequency, RESOLUTION))),
            ("outside_lowest", lambda half: half * (0.3 + 0.7 * wide)),
        ):
            with self.subTest(key):
                first, second = (change(half).astype(np.float32) for half in twins())
                result = self.judged(first, second)
                self.warned(result, key)
                advice = next(c.advice for c in result.criteria if c.key == key)
                self.assertIn("1.b", advice)

    def test_one_half_of_a_third_of_the_particles(self) -> None:
        first, second = twins()
        louder = molecule() + np.float32(3**0.5) * (second - molecule())
        self.warned(self.judged(first, louder), "noise_ratio_highest")
        noted = molecule() + np.float32(1.5**0.5) * (second - molecule())
        result = self.judged(first, noted)
        self.assertIs(result.outcome, Outcome.OK, result.warnings)
        beside = [c for c in result.criteria if c.key == "noise_ratio_noted"]
        self.assertEqual([(c.passed, c.role) for c in beside], [(False, "advice")])

    def test_noise_without_signal(self) -> None:
        for resolution in (RESOLUTION, None):
            result = self.judged(noise(1), noise(2), resolution)
            self.assertIs(result.outcome, Outcome.UNDETERMINED)
            self.assertIn("no signal in common", result.headline)
        common = np.float32(0.5**0.5) * noise(3)
        first, second = (common + np.float32(0.5**0.5) * noise(k) for k in (4, 5))
        result = self.judged(first, second)
        self.warned(result, "shared_highest")

    def test_without_room_around_the_molecule(self) -> None:
        """What could not be tested is said, and nothing is claimed of it."""
        inside = [slice(14, -14)] * 3
        whole = np.ascontiguousarray(molecule()[tuple(inside)])
        first, second = (np.ascontiguousarray(half[tuple(inside)]) for half in twins())
        result = self.judged(first, second, whole=whole)
        self.assertIsNone(result.measurements["background_fsc"].value)
        self.assertNotIn("background_fsc", result.tables)
        self.assertTrue(any("was not tested" in text for text in result.paragraphs))
        if result.outcome is Outcome.OK:
            self.assertIn("too little noise to test", result.headline)
        else:
            self.assertIs(result.outcome, Outcome.UNDETERMINED)
            self.assertIn("cannot be told", result.headline)

    def test_nothing_to_test(self) -> None:
        """Neither noise around the molecule nor beyond its resolution: nothing is claimed."""
        inside = [slice(14, -14)] * 3
        whole = np.ascontiguousarray(molecule()[tuple(inside)])
        first, second = (whole + np.float32(0.15) * noise(k, whole.shape) for k in (1, 2))
        result = self.judged(first, second, whole=whole)
        self.assertIs(result.outcome, Outcome.UNDETERMINED, result.headline)


if __name__ == "__main__":
    unittest.main()
