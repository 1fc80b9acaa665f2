"""The checks of Level 0 against cases whose every number can be worked out by hand.

And what all checks share: limits, findings, running.
"""

from __future__ import annotations

import math
import operator
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from vrs_scipion.checks import level0_a_mass, level0_b_mask, level0_c_background
from vrs_scipion.checks.check import SERVICE, Check, Growth, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.levels import CHECKS, LEVELS, LOOKS, in_turn, selected
from vrs_scipion.checks.run import run_check, sound
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.plotting import plot_file
from vrs_scipion.figures.spectrum import spectra_plot
from vrs_scipion.files import InputError
from vrs_scipion.folders import RESULT_FILE, TRACEBACK_FILE
from vrs_scipion.maps.masks import dilate
from vrs_scipion.methods.background import GAUSSIAN_BEYOND_5_SIGMA, analyse_background, t_test
from vrs_scipion.methods.components import rank_components
from vrs_scipion.methods.engine import Availability
from vrs_scipion.methods.mass import (
    CUBIC_ANGSTROM_PER_DALTON,
    DALTON_PER_RESIDUE,
    mass_vs_threshold,
)
from vrs_scipion.results import CheckResult, Column, Criterion, Outcome, ResolutionEstimate
from vrs_scipion.results.files import load_result
from vrs_scipion.results.model import Comparison, Role
from vrs_scipion.tests.mrc_files import mrc_bytes, write


class CheckTest(unittest.TestCase):
    """Runs checks on maps that the test makes."""

    check: Check
    entry: Entry

    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def run_on(
        self,
        values: np.ndarray,
        contour: float,
        voxel: tuple[float, float, float] = (1.0, 1.0, 1.0),
        resolution: float | None = None,
        **options: object,
    ) -> CheckResult:
        path = write(self.folder / "map.mrc", mrc_bytes(values, voxel_size=voxel))
        request = Request.of(map=path, contour=contour, resolution=resolution)
        self.entry = prepare(request, self.folder / "entry")
        return run_check(self.check, self.entry, self.folder / "out", **options)  # type: ignore[arg-type]

    def assert_measured(self, result: CheckResult, **expected: float | None) -> None:
        for key, value in expected.items():
            found = result.measurements[key].value
            if value is None:
                self.assertIsNone(found, key)
            else:
                assert found is not None, key
                self.assertAlmostEqual(found, value, places=5, msg=key)


class TestMass(CheckTest):
    check = level0_a_mass.CHECK

    def box_of_ones(self) -> np.ndarray:
        """Ones at z 20…29, y 26…37, x 30…33 of a box of 50 × 64 × 70."""
        values = np.zeros((50, 64, 70), np.float32)
        values[20:30, 26:38, 30:34] = 1
        return values

    def test_a_box_of_ones_off_centre(self) -> None:
        result = self.run_on(self.box_of_ones(), 0.5, voxel=(2.0, 2.0, 2.0))
        # one dilation (2 Å = 1 voxel) on each side: z 19…30, y 25…38, x 29…34
        self.assert_measured(
            result,
            space_left_z=38,
            space_right_z=2 * (50 - 30),
            decentering_z=100 * 2 / 100,
            space_left_y=50,
            space_right_y=2 * (64 - 38),
            decentering_y=100 * 2 / 128,
            space_left_x=58,
            space_right_x=2 * (70 - 34),
            decentering_x=100 * 14 / 140,
            center_of_mass_z=24.5,
            center_of_mass_y=31.5,
            center_of_mass_x=31.5,
            center_of_mass_shift_z=100 * 0.5 / 50,
            center_of_mass_shift_y=100 * 0.5 / 64,
            center_of_mass_shift_x=100 * 3.5 / 70,
            mask_center_of_mass_x=31.5,
            mask_center_of_mass_shift_x=5,
        )
        self.assertEqual(result.outcome, Outcome.OK)

    def test_anisotropic_voxels_are_measured_in_angstrom(self) -> None:
        result = self.run_on(self.box_of_ones(), 0.5, voxel=(4.0, 2.0, 3.0))
        self.assert_measured(
            result,
            space_left_z=4 * 19,
            space_left_y=2 * 25,
            space_left_x=3 * 29,
            decentering_x=100 * 3 * 7 / 210,
        )

    def test_a_density_centred_on_the_origin_has_equal_spaces(self) -> None:
        values = np.zeros((60, 60, 60), np.float32)
        values[25:36, 25:36, 25:36] = 1
        result = self.run_on(values, 0.5)
        self.assert_measured(
            result, decentering_x=0, decentering_y=0, decentering_z=0, center_of_mass_shift_x=0
        )

    def test_decentred(self) -> None:
        result = self.run_on(np.roll(self.box_of_ones(), 15, axis=0), 0.5)
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        self.assertIn("along Z", result.warnings[0])
        self.assertIn("should be below 20", result.warnings[0])

    def test_a_shift_moves_the_numbers_by_as_much(self) -> None:
        straight = self.run_on(self.box_of_ones(), 0.5)
        moved = self.run_on(np.roll(self.box_of_ones(), 3, axis=2), 0.5)
        for key, change in (("space_left_x", 3), ("space_right_x", -3), ("center_of_mass_x", 3)):
            before, after = straight.measurements[key].value, moved.measurements[key].value
            assert before is not None
            assert after is not None
            self.assertAlmostEqual(after - before, change)

    def test_cancelling_densities_leave_the_verdict_to_the_mask(self) -> None:
        values = self.box_of_ones()
        values[40:48, 50:60, 5:11] = -0.9999
        result = self.run_on(values, 0.5)
        self.assertGreater(result.measurements["center_of_mass_shift_y"].value or 0, 1000)
        self.assertTrue(all(c.passed for c in result.criteria if c.key == "center_of_mass_shift"))
        self.assertIn("The verdict uses the centre inside the mask", " ".join(result.paragraphs))

    def test_densities_that_cancel_exactly(self) -> None:
        values = self.box_of_ones()
        values[40:50, 50:62, 5:9] = -1
        result = self.run_on(values, 0.5)
        self.assert_measured(result, center_of_mass_x=None, mask_center_of_mass_x=31.5)
        self.assertIn("undefined", " ".join(result.paragraphs))

    def test_a_background_pulls_the_centre_and_nothing_cancels(self) -> None:
        values = self.box_of_ones()
        values[:, :, 60:] = 0.1
        result = self.run_on(values, 0.5)
        outside = result.measurements["mass_outside"].value
        assert outside is not None
        self.assertAlmostEqual(outside, 100 * 0.1 * 50 * 64 * 10 / (10 * 12 * 4), places=4)
        text = " ".join(result.paragraphs)
        self.assertIn("the density outside the mask sums to 6.67 times", text)
        self.assertNotIn("cancel", text)

    def test_an_axis_that_the_density_runs_through_is_not_judged(self) -> None:
        values = np.zeros((30, 60, 60), np.float32)
        values[:, 24:36, 24:36] = 1
        result = self.run_on(values, 0.5)
        self.assert_measured(result, space_left_z=0, space_left_x=22)
        self.assertEqual(result.outcome, Outcome.OK)
        self.assertIn("It is not judged along Z.", " ".join(result.paragraphs))
        self.assertFalse(any("along Z" in c.detail for c in result.criteria))
        off = self.run_on(np.roll(values, 20, axis=2), 0.5)
        self.assertEqual(off.outcome, Outcome.WARNINGS)
        self.assertTrue(all("X" in text for text in off.warnings))

    def test_thirty_angstrom_are_reported_without_a_verdict(self) -> None:
        result = self.run_on(self.box_of_ones(), 0.5, voxel=(0.5, 0.5, 0.5))
        self.assertEqual(result.outcome, Outcome.OK)
        advice = {c.key: c.passed for c in result.criteria if c.role == "advice"}
        self.assertEqual(advice, {"space_for_ctf": False, "space_fixed": True})

    def test_limits_can_be_changed(self) -> None:
        result = self.run_on(self.box_of_ones(), 0.5, limits={"decentering": 5.0})
        self.assertEqual(next(c.key for c in result.criteria if not c.passed), "decentering")
        self.assertIn("should be below 5", result.warnings[0])

    def test_unknown_limit_or_engine(self) -> None:
        with self.assertRaisesRegex(ValueError, "has no limit nonsense"):
            self.run_on(self.box_of_ones(), 0.5, limits={"nonsense": 1})
        with self.assertRaisesRegex(ValueError, "no engine 'xmipp'; it has auto, builtin"):
            self.run_on(self.box_of_ones(), 0.5, engine="xmipp")


class TestMask(CheckTest):
    check = level0_b_mask.CHECK

    def two_blobs(self) -> np.ndarray:
        """Cubes of 8³ = 512 and 2³ = 8 voxels, far apart."""
        values = np.zeros((40, 40, 40), np.float32)
        values[16:24, 16:24, 16:24] = 1
        values[2:4, 2:4, 2:4] = 1
        return values

    def test_two_blobs(self) -> None:
        result = self.run_on(self.two_blobs(), 0.5, voxel=(1.5, 1.5, 1.5))
        volume = 1.5**3
        constructed = int(np.sum(_twice_dilated(8)))
        self.assert_measured(
            result,
            components=2,
            components_for_95=1,
            raw_voxels=520,
            raw_volume=520 * volume,
            remaining_components=1,
            remaining_mean_volume=8 * volume,
            remaining_max_volume=8 * volume,
            remaining_min_volume=8 * volume,
            disconnected=100 * 8 / 520,
            constructed_voxels=constructed,
            constructed_volume=constructed * volume,
            overlap=512 / 520,
        )
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        self.assertIn("The average volume of the remaining components is 27", result.warnings[0])

    def test_the_resolution_that_another_check_estimates_counts_where_none_was_reported(
        self,
    ) -> None:
        silent = self.run_on(self.two_blobs(), 0.5, voxel=(1.5, 1.5, 1.5))
        estimate = ResolutionEstimate(method="its looks", value=6.0)
        told = {"0.e": silent.model_copy(update={"resolution_estimate": estimate})}
        heard = self.run_on(self.two_blobs(), 0.5, voxel=(1.5, 1.5, 1.5), results=told)
        self.assertEqual(heard.outcome, Outcome.OK)
        self.assertIn("6\xa0Å of its looks", heard.paragraphs[-1])
        reported = self.run_on(
            self.two_blobs(), 0.5, voxel=(1.5, 1.5, 1.5), resolution=2.0, results=told
        )
        self.assertEqual(reported.outcome, Outcome.WARNINGS)
        self.assertNotIn("its looks", " ".join(reported.paragraphs))

    def test_the_limit_of_what_remains_grows_with_the_resolution(self) -> None:
        result = self.run_on(self.two_blobs(), 0.5, voxel=(1.5, 1.5, 1.5), resolution=6.0)
        self.assertEqual(result.outcome, Outcome.OK)
        ours, services = (c for c in result.criteria if c.key.startswith("remaining_mean_volume"))
        self.assertAlmostEqual(ours.limit, 0.4 * 6**3)
        self.assertEqual((ours.value, ours.role, ours.passed), (27, "verdict", True))
        self.assertEqual((services.value, services.limit), (27, 5))
        self.assertEqual((services.role, services.passed), ("advice", False))

    def test_nothing_remaining_is_said_in_words(self) -> None:
        values = self.two_blobs()
        values[:6] = 0
        result = self.run_on(values, 0.5)
        self.assertEqual(result.outcome, Outcome.OK)
        self.assert_measured(result, remaining_components=0, remaining_mean_volume=None)
        text = " ".join(result.paragraphs)
        self.assertIn("No other component remains.", text)
        self.assertNotIn("nan", text)

    def two_halves(self, bridge: float, second: int = 8) -> np.ndarray:
        """Two cubes of 8³ and ``second``·8² voxels, joined by a bar of the value ``bridge``."""
        values = np.zeros((50, 40, 40), np.float32)
        values[10:18, 16:24, 16:24] = 1
        values[18:30, 18:22, 18:22] = bridge
        values[30 : 30 + second, 16:24, 16:24] = 1
        return values

    def test_two_halves_are_both_kept_and_the_level_called_too_high(self) -> None:
        result = self.run_on(self.two_halves(0.4), 0.5)
        alone = int(np.sum(_twice_dilated(8)))
        self.assert_measured(
            result,
            mask_pieces=2,
            mask_voxels=2 * alone,
            mask_overlap=1,
            constructed_voxels=alone,
            overlap=0.5,
            disconnected=50,
            mass_kda=1024 / 1207,
        )
        self.assertEqual(self.entry.map.mask_pieces, (512, 512))
        self.assertIn("they hold 50.0 %, 50.0 %", str(self.entry.map.facts))
        advice = [c.advice for c in result.criteria if not c.passed and c.role == "verdict"]
        self.assertIn("the contour level is too high", advice[0])
        self.assertIn("At 0.4 they are one piece", advice[0])
        self.assertIn("several pieces of like size", result.headline)

    def test_two_copies_are_apart_at_every_level(self) -> None:
        result = self.run_on(self.two_halves(0), 0.5)
        advice = next(c.advice for c in result.criteria if c.key == "pieces")
        self.assertIn("report them as several", advice)

    def test_a_lump_warns_up_to_where_it_is_a_piece(self) -> None:
        for voxels, expected in ((20, set()), (99, {"lump"}), (100, {"pieces"})):
            values = np.zeros((50, 40, 40), np.float32)
            values[10:20, 10:20, 10:20] = 1
            values[40, 20:30, 20:30] = np.arange(100).reshape(10, 10) < voxels
            criteria = self.run_on(values, 0.5, resolution=9.0).criteria
            failed = {c.key for c in criteria if c.role == "verdict" and not c.passed}
            self.assertEqual(failed, expected, voxels)

    def test_specks_call_the_level_too_low(self) -> None:
        values = self.two_halves(1)
        values[2:48:4, 2:10:4, 2:38:4] = 0.6
        result = self.run_on(values, 0.5)
        self.assertIn("many specks", result.headline)
        advice = next(c.advice for c in result.criteria if c.key == "components_for_95")
        self.assertIn("the contour level is too low", advice)
        self.assertIn("Try 0.601.", advice)

    def test_the_mass_at_the_contour_against_the_given_one(self) -> None:
        path = write(self.folder / "map.mrc", mrc_bytes(self.two_halves(1)))
        shown = (1024 + 12 * 16) / 1207
        for mass, role, passed in ((shown * 2, "verdict", True), (shown * 8, "verdict", False)):
            request = Request.of(map=path, contour=0.5, mass=mass)
            entry = prepare(request, self.folder / f"entry_{mass}")
            result = run_check(self.check, entry, self.folder / "out")
            found = next(c for c in result.criteria if c.key == "mass_factor")
            assert found.value is not None
            self.assertAlmostEqual(found.value, mass / shown, places=5)
            self.assertEqual((found.role, found.passed), (role, passed))
            self.assertEqual("mass at the recommended" in result.headline, not passed)
        with self.assertRaisesRegex(InputError, "a mass of -1 kDa makes no sense"):
            prepare(Request.of(map=path, contour=0.5, mass=-1.0), self.folder / "none")

    def test_mass_against_threshold(self) -> None:
        values = np.zeros((10, 10, 10), np.float32)
        values[0, 0, :5] = 25
        values[1, 0, :4] = 12
        rows = mass_vs_threshold(values, voxel_volume=2.0)
        self.assertEqual([row[0] for row in rows], list(range(1, 25)))
        self.assertEqual([row[1] for row in rows], [9] * 11 + [5] * 13)
        self.assertAlmostEqual(rows[0][2], 9 * 2 / 1.207 / 1000)
        self.assertAlmostEqual(rows[0][3], 9 * 2 / (110 * 1.207))

    def test_the_sample_report_has_these_masses(self) -> None:
        dalton = 64993 * 1.06**3 / CUBIC_ANGSTROM_PER_DALTON
        self.assertAlmostEqual(dalton / 1000, 64.13, places=2)
        self.assertAlmostEqual(dalton / DALTON_PER_RESIDUE, 583.02, places=2)

    def test_a_map_without_positive_values_has_no_mass_table(self) -> None:
        result = self.run_on(self.two_blobs() - 2, -1.5)
        self.assertNotIn("mass_vs_threshold", result.tables)
        self.assertIn("no positive values", " ".join(result.paragraphs))

    def test_many_components(self) -> None:
        values = np.zeros((60, 60, 60), np.float32)
        values[2:58:4, 2:58:4, 2:58:4] = 1
        result = self.run_on(values, 0.5)
        count = 14**3
        needed = math.ceil(0.95 * count)
        self.assert_measured(result, components=count, components_for_95=needed, overlap=1 / count)
        self.assertEqual(len(result.tables["components"].rows), 100)
        self.assertIn(f"the first 100 of {needed:,}", result.tables["components"].caption)
        self.assertEqual(len(result.warnings), 4)

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.integers(1, 10**6), min_size=1, max_size=200))
    def test_ranking(self, sizes: list[int]) -> None:
        blobs = rank_components(np.array(sizes))
        held = int(blobs.sizes[: blobs.needed].sum())
        self.assertGreaterEqual(100 * held, 95 * sum(sizes))
        self.assertLess(100 * (held - int(blobs.sizes[blobs.needed - 1])), 95 * sum(sizes))
        self.assertEqual(len(blobs.remaining), len(sizes) - blobs.needed)


def _twice_dilated(side: int) -> np.ndarray:
    cube = np.zeros((side + 8,) * 3, bool)
    cube[4:-4, 4:-4, 4:-4] = True
    return ndimage.binary_dilation(cube, ndimage.generate_binary_structure(3, 2), 2)


class TestBackground(CheckTest):
    check = level0_c_background.CHECK

    def with_molecule(self, noise: np.ndarray) -> np.ndarray:
        values = noise.astype(np.float32)
        values[20:30, 20:30, 20:30] = 50
        return values

    def noise(self, mean: float = 0.0, seed: int = 11) -> np.ndarray:
        return np.random.default_rng(seed).normal(mean, 1, size=(50, 52, 54))

    def test_white_noise_of_mean_zero(self) -> None:
        values = self.with_molecule(self.noise())
        result = self.run_on(values, 10.0)
        background = values[
            ~ndimage.binary_dilation(values >= 10, ndimage.generate_binary_structure(3, 2), 2)
        ]
        t, p = stats.ttest_1samp(background.astype(np.float64), 0)
        self.assert_measured(
            result,
            t=float(t),
            p=float(p),
            mean=float(background.mean(dtype=np.float64)),
            std=float(background.std(dtype=np.float64)),
            beyond_5_sigma=0,
            ratio=0,
            gaussian_beyond_5_sigma=200 * stats.norm.cdf(-5),
        )
        effective = result.measurements["effective_samples"].value
        assert effective is not None
        self.assertAlmostEqual(effective / background.size, 1, delta=0.03)
        self.assertEqual(result.outcome, Outcome.OK)
        self.assertIn("nothing to draw", " ".join(result.paragraphs))

    def test_an_offset_is_found(self) -> None:
        result = self.run_on(self.with_molecule(self.noise(mean=0.1)), 10.0)
        self.assertEqual([c.key for c in result.criteria if not c.passed], ["mean", "p"])

    def test_an_offset_that_is_sure_but_tiny_is_told_and_tolerated(self) -> None:
        result = self.run_on(self.with_molecule(self.noise(mean=0.03)), 10.0)
        self.assertEqual([c.key for c in result.criteria if not c.passed], ["p"])
        self.assertEqual(result.outcome, Outcome.OK)

    def test_the_molecule_beyond_its_mask_is_not_held_against_the_background(self) -> None:
        values = self.with_molecule(self.noise())
        rim = dilate(values == 50, 4) & (values < 50)
        values[rim] += np.float32(7)
        result = self.run_on(values, 10.0)
        self.assertEqual([c.key for c in result.criteria if not c.passed], ["p", "ratio_near"])
        self.assertEqual(result.outcome, Outcome.OK)

    def test_a_weak_arm_of_the_molecule_is_no_background(self) -> None:
        """The same density is held against the background where it hangs together with nothing."""
        for start, outcome in ((30, Outcome.OK), (44, Outcome.WARNINGS)):
            values = self.with_molecule(self.noise())
            values[22:28, 24, start:50] = 8
            result = self.run_on(values, 10.0)
            self.assertEqual(result.outcome, outcome, start)
            weak = result.measurements["weak_voxels"].value
            self.assertEqual(bool(weak), start == 30)
            self.assertEqual("hang together" in " ".join(result.paragraphs), start == 30)

    def test_correlated_noise_is_not_rejected_for_its_random_mean(self) -> None:
        """The naive test rejects most fields of mean zero; the effective one rarely does."""
        naive = effective = 0
        where = np.ones((48, 48, 48), bool)
        for seed in range(20):
            white = np.random.default_rng(seed).normal(size=where.shape)
            values = ndimage.gaussian_filter(white, 1.5, mode="wrap").astype(np.float32)
            b = analyse_background(values, where, (1.0,) * 3)
            naive += b.p < 0.001
            effective += b.p_effective < 0.001
        self.assertGreaterEqual(naive, 5)
        self.assertLessEqual(effective, 1)

    def test_outliers_are_counted_and_drawn(self) -> None:
        values = self.with_molecule(self.noise())
        values[5, 5, 5:15] = 9
        values[45, 5, 5:15] = -9
        result = self.run_on(values, 10.0)
        voxels = result.measurements["background_voxels"].value
        assert voxels is not None
        beyond = 100 * 20 / voxels
        self.assert_measured(
            result, beyond_5_sigma=beyond, ratio=beyond / (200 * stats.norm.cdf(-5))
        )
        self.assertEqual([f.key for f in result.figures], ["beyond_5_sigma"])
        self.assertEqual([c.key for c in result.criteria if not c.passed], ["ratio", "ratio_near"])

    def test_gaussian_percentage_is_that_of_the_sample_report(self) -> None:
        self.assertAlmostEqual(GAUSSIAN_BEYOND_5_SIGMA, 0.000057, places=6)

    def test_a_masked_map_is_never_ok(self) -> None:
        noise = self.noise()
        noise[:30] = 0
        result = self.run_on(self.with_molecule(noise), 10.0)
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("the map was masked", result.reason)
        self.assertEqual(result.warnings, ())
        fraction = result.measurements["constant_fraction"].value
        assert fraction is not None
        self.assertAlmostEqual(fraction, 0.6, delta=0.02)
        self.assertIsNotNone(result.measurements["t"].value)

    def test_a_perfectly_flat_background(self) -> None:
        values = self.with_molecule(np.full((50, 52, 54), -0.0))
        values += np.where(values > 0, 20 * self.noise(), 0)
        result = self.run_on(values, 10.0)
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        self.assert_measured(result, constant_fraction=1, t=None, p_effective=None, std=0)
        self.assertNotIn("-0", result.reason)

    def test_scaling_the_map_changes_no_verdict(self) -> None:
        values = self.with_molecule(self.noise())
        straight = self.run_on(values, 10.0)
        scaled = self.run_on(values * 1e-4, 10.0e-4)
        for key in ("t", "p", "ratio", "p_effective", "constant_fraction"):
            before, after = straight.measurements[key].value, scaled.measurements[key].value
            assert before is not None
            assert after is not None
            self.assertAlmostEqual(before, after, places=4, msg=key)

    def test_t_test_without_samples_or_variance(self) -> None:
        for arguments in ((0.0, 0.0, 10), (1.0, 1.0, 1), (1.0, 1.0, math.nan)):
            self.assertTrue(all(map(math.isnan, t_test(*arguments))))


class TestRunning(CheckTest):
    check = replace(
        level0_a_mass.CHECK, answer=mock.Mock(side_effect=ZeroDivisionError("by\nzero"))
    )

    def test_a_crash_becomes_a_result(self) -> None:
        values = np.zeros((20, 20, 20), np.float32)
        values[8:12, 8:12, 8:12] = 1
        result = self.run_on(values, 0.5)
        self.assertEqual(result.outcome, Outcome.FAILED)
        self.assertEqual(result.reason, "ZeroDivisionError: by zero")
        self.assertEqual(result.inputs, self.entry.used(("map",)))
        self.assertEqual(load_result(self.folder / "out"), result)
        self.assertIn("Traceback", (self.folder / "out" / TRACEBACK_FILE).read_text())

    def test_an_entry_that_is_gone_is_a_crash_too(self) -> None:
        gone = Entry({"map": self.folder / "nothing"})
        result = run_check(self.check, gone, self.folder / "out")
        self.assertEqual(result.outcome, Outcome.FAILED)
        self.assertIn("FileNotFoundError", result.reason)
        self.assertEqual(result.inputs, {})

    def test_results_survive_json(self) -> None:
        values = np.zeros((20, 20, 20), np.float32)
        values[8:12, 8:12, 8:12] = 1
        for check in LEVELS[0].checks:
            self.check = check
            result = self.run_on(values, 0.5)
            self.assertEqual(load_result(self.folder / "out"), result)
            self.assertNotIn("NaN", (self.folder / "out" / RESULT_FILE).read_text())
            for figure in result.figures:
                self.assertTrue((self.folder / "out" / figure.file).exists())


COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class TestCriteria(unittest.TestCase):
    @settings(max_examples=200, deadline=None)
    @given(
        st.floats(-1e6, 1e6),
        st.sampled_from(sorted(COMPARE)),
        st.floats(-1e6, 1e6),
    )
    def test_sentence_and_evaluation_agree(self, value: float, sign: str, limit: float) -> None:
        criterion = Criterion.model_validate(
            {"key": "k", "subject": "the size", "value": value, "comparison": sign, "limit": limit}
        )
        self.assertEqual(criterion.passed, COMPARE[sign](value, limit))
        self.assertIn("; should be ", criterion.sentence)

    def test_without_a_value(self) -> None:
        common = {"key": "k", "subject": "the size", "value": None, "comparison": "<", "limit": 1}
        self.assertFalse(Criterion(**common).passed)
        excused = Criterion(**common, vacuous="there is none")
        self.assertTrue(excused.passed)
        self.assertIn("there is none", excused.sentence)

    def test_findings_warn_only_of_verdicts(self) -> None:
        found = findings(level0_a_mass.CHECK)
        for role in ("verdict", "advice"):
            criterion = {"key": "k", "subject": "it", "value": 2, "comparison": "<", "limit": 1}
            found.criteria.append(Criterion.model_validate({**criterion, "role": role}))
        self.assertEqual(len(found.warnings), 1)

    def test_every_check_has_its_code_and_limits_that_are_used(self) -> None:
        numbered = [code for code in CHECKS if code[0].isdigit()]
        self.assertEqual(numbered, sorted(numbered))
        self.assertEqual([check.code for level in LEVELS for check in level.checks], list(CHECKS))
        for check in CHECKS.values():
            self.assertTrue(check.explanation and check.purpose)
            self.assertEqual(len({p.key for p in check.parameters}), len(check.parameters))
            self.assertEqual(check.engines, ("builtin", *(e.name for e in check.external(None))))


def findings(check: Check, **limits: float) -> Findings:
    """What a check has found before it has measured anything."""
    return Findings(Task(check, Entry({}), Path("nowhere"), check.limit_values(limits)))


class TestLimits(unittest.TestCase):
    def limit(self, comparison: Comparison, growth: Growth | None = None) -> Limit:
        return Limit("size", 5.0, "Å", "Size", "Help.", "the size", comparison, grows=growth)

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from(sorted(COMPARE)),
        st.sampled_from((2, 3)),
        st.floats(-1e3, 1e3),
        st.floats(-10, 10),
        st.floats(0.5, 30),
        st.floats(-1e5, 1e5),
    )
    def test_the_laxer_of_the_fixed_and_the_grown_one_counts(
        self,
        sign: Comparison,
        power: int,
        fixed: float,
        factor: float,
        resolution: float,
        value: float,
    ) -> None:
        limit = self.limit(sign, Growth(1.0, power, "Growth", "Help."))
        values = {"size": fixed, {2: "size_squares", 3: "size_cubes"}[power]: factor}
        grown = factor * resolution**power
        held = limit.at(values, resolution)
        self.assertIn(held, (fixed, grown))
        for tried in (value, fixed, grown):
            passes = COMPARE[sign](tried, fixed) or COMPARE[sign](tried, grown)
            self.assertEqual(COMPARE[sign](tried, held), passes)
        self.assertEqual(limit.at(values), fixed)
        self.assertEqual(limit.at(values, None), fixed)

    def test_by_hand(self) -> None:
        for sign, power, suffix, at_two, at_four in (
            ("<", 2, "squares", 5, 16),
            ("<=", 3, "cubes", 8, 64),
            (">", 2, "squares", 4, 5),
            (">=", 3, "cubes", 5, 5),
        ):
            limit = self.limit(sign, Growth(1.0, power, "Growth", "Help."))  # type: ignore[arg-type]
            values = {"size": 5.0, f"size_{suffix}": 1.0}
            self.assertEqual([limit.at(values, d) for d in (2, 4)], [at_two, at_four])

    def test_one_that_does_not_grow(self) -> None:
        for sign in COMPARE:
            limit = self.limit(sign)  # type: ignore[arg-type]
            self.assertEqual(limit.at({"size": 7.0}, 20.0), 7)
            self.assertEqual([p.key for p in limit.parameters], ["size"])

    def test_what_the_form_asks_for(self) -> None:
        check = replace(
            level0_a_mass.CHECK, limits=(self.limit("<", Growth(0.4, 3, "Growth", "Grows.")),)
        )
        fixed, grown = check.parameters
        self.assertEqual((fixed.title, fixed.default, fixed.help), ("Size (Å)", 5, "Help."))
        self.assertEqual((grown.title, grown.default, grown.help), ("Growth (d³)", 0.4, "Grows."))
        self.assertEqual(check.limit_values({"size_cubes": 1.0}), {"size": 5.0, "size_cubes": 1.0})
        with self.assertRaisesRegex(ValueError, "has no limit size_squares"):
            check.limit_values({"size_squares": 1.0})


class TestFindings(unittest.TestCase):
    """Criteria as they are noted."""

    limits = (
        Limit("plain", 5.0, "Å", "", "", "the width", "<", advice="Make it slim."),
        Limit("served", 15.0, "%", "", "", "the space", ">", advice="Make room.", service=20.0),
        Limit("shown", 30.0, "Å", "", "", "the rim", ">=", role="advice", advice="Look at it."),
        Limit(
            "coarse",
            5.0,
            "Å³",
            "",
            "",
            "the volume",
            "<",
            advice="Cut it.",
            grows=Growth(0.5, 3, "", ""),
        ),
    )
    check = replace(level0_a_mass.CHECK, limits=limits)

    def noted(self, found: Findings) -> list[tuple[str, float, Role, bool]]:
        return [(c.key, c.limit, c.role, c.passed) for c in found.criteria]

    def test_a_value_within_its_limit(self) -> None:
        found = findings(self.check)
        noted = found.judge("plain", 4.0, detail="along X")
        self.assertEqual(found.criteria, [noted])
        self.assertEqual(
            noted,
            Criterion(
                key="plain",
                subject="the width",
                value=4.0,
                comparison="<",
                limit=5.0,
                unit="Å",
                detail="along X",
            ),
        )
        self.assertEqual(found.warnings, ())

    def test_advice_only_when_it_failed(self) -> None:
        found = findings(self.check)
        self.assertEqual(
            [found.judge("plain", v).advice for v in (4.0, 6.0)], ["", "Make it slim."]
        )
        self.assertEqual(
            [found.judge("shown", v).advice for v in (30.0, 29.0)], ["", "Look at it."]
        )
        self.assertEqual(
            [found.judge("plain", None, vacuous=why).advice for why in ("none is here", "")],
            ["", "Make it slim."],
        )

    def test_only_verdicts_warn_and_remarks_come_last(self) -> None:
        found = findings(self.check)
        found.remarks.append("It is odd.")
        found.judge("shown", 1.0)
        found.judge("served", 17.0)
        found.judge("plain", 6.0)
        found.judge("plain", 7.0, role="advice")
        self.assertEqual(
            found.warnings, ("The width is 6\u00a0Å; should be below 5\u00a0Å.", "It is odd.")
        )

    def test_the_services_limit_beside(self) -> None:
        for value, ours, services in ((25.0, True, True), (17.0, True, False), (9.0, False, False)):
            found = findings(self.check)
            criterion = found.judge("served", value, detail="left along X")
            self.assertEqual(
                self.noted(found),
                [("served", 15, "verdict", ours), ("served_fixed", 20, "advice", services)],
            )
            own, beside = found.criteria
            self.assertEqual(own, criterion)
            self.assertEqual((beside.value, beside.subject), (value, "the space"))
            self.assertEqual(own.detail, "left along X")
            self.assertEqual(beside.detail, f"the limit of {SERVICE}")
            self.assertEqual(own.advice, "" if ours else "Make room.")
            self.assertEqual(beside.advice, "")

    def test_the_services_limit_where_it_is_ours(self) -> None:
        found = findings(self.check, served=20.0)
        found.judge("served", 17.0)
        self.assertEqual(self.noted(found), [("served", 20, "verdict", False)])

    def test_the_services_limit_of_one_that_grows(self) -> None:
        found = findings(self.check)
        found.judge("coarse", 20.0, resolution=4.0, detail="of all")
        self.assertEqual(
            self.noted(found),
            [("coarse", 32, "verdict", True), ("coarse_fixed", 5, "advice", False)],
        )
        self.assertEqual(
            found.criteria[1].detail,
            f"the limit of {SERVICE} at any resolution; at this one the limit is 0.5·d³",
        )
        self.assertEqual(found.criteria[1].advice, "")
        self.assertEqual(found.warnings, ())

    def test_one_that_has_not_grown(self) -> None:
        for resolution in (None, 2.0):
            found = findings(self.check)
            found.judge("coarse", 20.0, resolution=resolution)
            self.assertEqual(self.noted(found), [("coarse", 5, "verdict", False)])

    def test_limits_that_were_given(self) -> None:
        found = findings(self.check, coarse=40.0, coarse_cubes=1.0)
        found.judge("coarse", 50.0, resolution=4.0)
        found.judge("coarse", 50.0)
        found.judge("coarse", 50.0, limit=60.0)
        self.assertEqual(
            [n for n in self.noted(found) if n[2] == "verdict"],
            [
                ("coarse", 64, "verdict", True),
                ("coarse", 40, "verdict", False),
                ("coarse", 60, "verdict", True),
            ],
        )

    def test_nothing_to_be_measured_on(self) -> None:
        found = findings(self.check)
        self.assertTrue(found.judge("served", None, vacuous="there is none").passed)
        self.assertEqual([passed for *_, passed in self.noted(found)], [True, True])
        self.assertIn("nothing to be measured on: there is none", found.criteria[1].sentence)
        self.assertEqual(found.warnings, ())
        self.assertFalse(found.judge("plain", None).passed)
        self.assertFalse(found.judge("plain", math.nan).passed)
        self.assertEqual(found.warnings, ("The width is undefined.",) * 2)

    def test_a_limit_that_the_check_does_not_have(self) -> None:
        with self.assertRaises(StopIteration):
            findings(self.check).judge("nonsense", 1.0)


class SharedTest(CheckTest):
    """Checks that measure nothing, of a map that does not matter."""

    def answering(self, **attributes: object) -> Check:
        """A check that finds ``attributes``, and has a warning."""

        def answer(task: Task) -> Findings:
            found = Findings(task)
            found.measure("size", 3.0, "Å", "the size")
            found.remarks.append("It is odd.")
            for name, value in attributes.items():
                setattr(found, name, value)
            return found

        return replace(level0_a_mass.CHECK, answer=answer)

    def run_it(self, check: Check, **options: object) -> CheckResult:
        self.check = check
        values = np.zeros((20, 20, 20), np.float32)
        values[8:12, 8:12, 8:12] = 1
        result = self.run_on(values, 0.5, **options)  # type: ignore[arg-type]
        self.assertEqual(load_result(self.folder / "out"), result)
        return result


class TestShared(SharedTest):
    """What is done with a check's answer, whatever it measures."""

    def test_a_warning(self) -> None:
        result = self.run_it(self.answering())
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        self.assertEqual((result.reason, result.warnings), ("", ("It is odd.",)))
        self.assertTrue(result.outcome.evaluable and result.outcome.judged)

    def test_it_cannot_tell(self) -> None:
        result = self.run_it(self.answering(cannot_tell="The curve never falls."))
        self.assertIs(result.outcome, Outcome.UNDETERMINED)
        self.assertEqual(result.reason, "The curve never falls.")
        self.assertEqual(result.warnings, ())
        self.assertEqual(result.measurements["size"].value, 3)
        self.assertFalse(result.outcome.evaluable or result.outcome.judged)
        self.assertEqual(result.outcome.label(1), "Cannot tell")

    def test_it_does_not_apply(self) -> None:
        result = self.run_it(self.answering(cannot_tell="Not told.", does_not_apply="No use."))
        self.assertIs(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertEqual((result.reason, result.warnings), ("No use.", ()))
        self.assertFalse(result.outcome.evaluable or result.outcome.judged)

    def test_what_does_not_apply_is_not_measured(self) -> None:
        measured, looked = mock.Mock(), mock.Mock()
        check = replace(
            self.answering(),
            answer=measured,
            external=looked,
            applies=lambda entry: f"{entry.title} is no map.",
        )
        result = self.run_it(check)
        self.assertIs(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertEqual(result.reason, "map.mrc is no map.")
        measured.assert_not_called()
        looked.assert_not_called()

    def test_a_look_has_no_verdict(self) -> None:
        result = self.run_it(replace(self.answering(), judges=False))
        self.assertIs(result.outcome, Outcome.SHOWN)
        self.assertFalse(result.outcome.evaluable or result.outcome.judged)
        self.assertEqual(result.warnings, ())
        self.assertFalse(any(look.judges for look in LOOKS.values()))

    def test_inputs_are_named(self) -> None:
        unavailable = Availability("other", here=False, detail="buy it")
        for check, options, outcome in (
            (self.answering(), {}, Outcome.WARNINGS),
            (self.answering(cannot_tell="Not told."), {}, Outcome.UNDETERMINED),
            (self.answering(paragraphs=["{fig:none}"]), {}, Outcome.FAILED),
            (
                replace(
                    self.answering(),
                    engines=("builtin", "other"),
                    external=lambda _: (unavailable,),
                ),
                {"engine": "other"},
                Outcome.NOT_AVAILABLE,
            ),
        ):
            with self.subTest(outcome=outcome):
                result = self.run_it(check, **options)
                self.assertIs(result.outcome, outcome)
                self.assertEqual(result.inputs, self.entry.used(("map",)))
                digests = result.inputs["map"].sha256
                self.assertEqual(digests, (self.entry.map.source.sha256,))
        self.assertEqual(self.run_it(replace(check, needs=())).inputs, {})

    def test_an_input_that_is_not_there(self) -> None:
        check = replace(self.answering(), needs=("map", "half_maps"))
        with self.assertRaisesRegex(ValueError, "needs an input that is not there: half_maps"):
            self.run_it(check)
        with self.assertRaisesRegex(ValueError, "needs an input that is not there: map"):
            run_check(check, Entry.at(self.folder / "nothing"), self.folder / "out")

    def test_a_check_after_others_has_their_results(self) -> None:
        answer = mock.Mock(side_effect=self.answering().answer)
        check = replace(self.answering(), code="0.z", after=("0.a",), answer=answer)
        first = self.run_it(self.answering())
        self.run_it(check, results={"0.a": first})
        self.assertEqual(answer.call_args.args[0].results, {"0.a": first})
        self.run_it(check)
        self.assertEqual(answer.call_args.args[0].results, {})

    def test_a_check_takes_the_first_estimate_that_it_hears_of(self) -> None:
        heard = []

        def answer(task: Task) -> Findings:
            heard.append(task.estimate())
            return Findings(task)

        check = replace(
            self.answering(), code="0.z", answer=answer, listens_to=("0.x", "0.a", "0.y")
        )
        silent = self.run_it(self.answering())
        told = {
            code: silent.model_copy(
                update={"resolution_estimate": ResolutionEstimate(method=code, value=3.0)}
            )
            for code in ("0.y", "0.w")
        }
        self.run_it(check)
        self.run_it(check, results={"0.a": silent})
        self.run_it(check, results={"0.a": silent, **told})
        self.assertEqual(heard, [None, None, told["0.y"].resolution_estimate])

    def test_checks_take_their_turns(self) -> None:
        first, second, third = (
            replace(self.answering(), code="0.x", listens_to=("0.z", "0.a")),
            replace(self.answering(), code="0.y"),
            replace(self.answering(), code="0.z", after=("0.y",)),
        )
        turns = [check.code for check in in_turn([first, second, third])]
        self.assertEqual(sorted(turns, key=["0.y", "0.z", "0.x"].index), turns)

    def test_what_is_listened_to_is_not_made_for_it(self) -> None:
        listening = replace(self.answering(), code="0.z", listens_to=("0.a",))
        with mock.patch.dict(CHECKS, {"0.z": listening}):
            self.assertEqual(selected(CHECKS.values(), ["0.z"]), (listening,))

    def test_a_check_that_is_wanted_comes_with_those_that_it_is_after(self) -> None:
        later = replace(self.answering(), code="0.y", after=("0.a",))
        last = replace(self.answering(), code="0.z", after=("0.y", "0.c"))
        with mock.patch.dict(CHECKS, {"0.y": later, "0.z": last}):
            everything = tuple(CHECKS.values())
            for only, codes in (
                (["0.b"], ["0.b"]),
                (["0.y"], ["0.a", "0.y"]),
                (["0.z"], ["0.a", "0.c", "0.y", "0.z"]),
            ):
                self.assertEqual([c.code for c in selected(everything, only)], codes)
        with self.assertRaisesRegex(ValueError, r"0\.z: no check"):
            selected(CHECKS.values(), ["0.z"])


class TestWhole(SharedTest):
    """A result's text and pictures."""

    def drawing(self, *paragraphs: str) -> Check:
        """A check with a plot, a picture, a table and this text."""

        def answer(task: Task) -> Findings:
            found = Findings(task)
            found.measure("size", 3.0, "Å", "the size")
            frequency, power = np.linspace(0.1, 0.4, 8), np.linspace(4, 1, 8)
            plot = spectra_plot(frequency, [("power", power, "measured")], None)
            found.plot("curve", plot, "A curve.", "It falls.")
            found.picture("shade", lambda path: path.write_bytes(b"PNG"), "A shade.", "Grey.")
            found.tabulate("rows", "Rows", [Column(key="n", label="n")], [(1,), (2,)])
            found.paragraphs += paragraphs
            return found

        return replace(level0_a_mass.CHECK, answer=answer)

    def test_a_text_that_refers_to_what_is_there(self) -> None:
        result = self.run_it(self.drawing("See {fig:curve}, {fig:shade}.", "And {tab:rows}."))
        self.assertEqual(result.outcome, Outcome.OK, result.reason)
        for file in ("curve.svg", plot_file("curve.svg"), "shade.png"):
            self.assertTrue((self.folder / "out" / file).is_file(), file)
        self.assertFalse((self.folder / "out" / TRACEBACK_FILE).exists())

    def test_a_text_that_refers_to_what_is_not_there(self) -> None:
        for paragraphs, absent in (
            (["See {fig:nothing}."], "figure 'nothing'"),
            (["See {tab:curve}."], "table 'curve'"),
            (["{fig:rows}, {fig:curve}.", "{tab:x}, {fig:rows}."], "figure 'rows', table 'x'"),
        ):
            with self.subTest(absent):
                result = self.run_it(self.drawing(*paragraphs))
                self.assertIs(result.outcome, Outcome.FAILED)
                self.assertTrue(
                    result.reason.endswith(f"its text refers to what is not there: {absent}"),
                    result.reason,
                )
                self.assertEqual((result.paragraphs, result.figures), ((), ()))
                self.assertEqual((result.tables, result.measurements), ({}, {}))
                traceback = (self.folder / "out" / TRACEBACK_FILE).read_text()
                self.assertIn("refers to what is not there", traceback)

    def test_a_result_that_is_whole(self) -> None:
        result = self.run_it(self.drawing("{fig:curve} {fig:shade} {tab:rows}"))
        self.assertIs(sound(result, self.folder / "out"), result)

    def test_a_result_whose_picture_is_gone(self) -> None:
        for file in ("curve.svg", "shade.png"):
            result = self.run_it(self.drawing("{fig:curve} {fig:shade} {tab:rows}"))
            (self.folder / "out" / file).unlink()
            self.assert_broken(result, file)

    def test_a_result_whose_text_was_tampered_with(self) -> None:
        result = self.run_it(self.drawing("{fig:curve}"))
        words = ("{fig:curve} {fig:nothing}", "{tab:none}")
        (self.folder / "out" / "shade.png").unlink()
        self.assert_broken(
            result.model_copy(update={"paragraphs": words}),
            "figure 'nothing', table 'none', shade.png",
        )

    def assert_broken(self, result: CheckResult, absent: str) -> None:
        self.assertIs(result.outcome, Outcome.OK)
        broken = sound(result, self.folder / "out")
        self.assertIs(broken.outcome, Outcome.FAILED)
        self.assertEqual(broken.reason, f"its result is not whole, it lacks {absent}; run it again")
        self.assertEqual(broken.headline, f"{result.name} could not be computed.")
        self.assertEqual((broken.code, broken.inputs), (result.code, result.inputs))
        self.assertEqual((broken.paragraphs, broken.figures, broken.tables), ((), (), {}))
        self.assertEqual((broken.criteria, broken.warnings), ((), ()))
        self.assertTrue(broken.outcome.evaluable)
        self.assertFalse(broken.outcome.judged)


if __name__ == "__main__":
    unittest.main()
