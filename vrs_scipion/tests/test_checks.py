"""The checks of Level 0 against cases whose every number can be worked out by hand."""

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
from vrs_scipion.checks.check import Check, Findings
from vrs_scipion.checks.level0_b_mask import mass_vs_threshold, rank_components
from vrs_scipion.checks.level0_c_background import analyse_background, t_test
from vrs_scipion.checks.registry import CHECKS, LEVEL_0
from vrs_scipion.checks.run import TRACEBACK_FILE, run_check
from vrs_scipion.entry.prepare import Request, prepare
from vrs_scipion.maps.masks import dilate
from vrs_scipion.results import CheckResult, Criterion, Outcome
from vrs_scipion.results.files import load_result
from vrs_scipion.tests.mrc_files import mrc_bytes, write


class CheckTest(unittest.TestCase):
    """Runs checks on maps that the test makes."""

    check: Check

    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def run_on(
        self,
        values: np.ndarray,
        contour: float,
        voxel: tuple[float, float, float] = (1.0, 1.0, 1.0),
        **options: object,
    ) -> CheckResult:
        path = write(self.folder / "map.mrc", mrc_bytes(values, voxel_size=voxel))
        prepare(Request(path, contour), self.folder / "entry")
        return run_check(self.check, self.folder / "entry", self.folder / "out", **options)  # type: ignore[arg-type]

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
        self.assertIn("not below 20", result.warnings[0])

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
        self.assertIn("the verdict uses the centre inside the mask", " ".join(result.paragraphs))

    def test_densities_that_cancel_exactly(self) -> None:
        values = self.box_of_ones()
        values[40:50, 50:62, 5:9] = -1
        result = self.run_on(values, 0.5)
        self.assert_measured(result, center_of_mass_x=None, mask_center_of_mass_x=31.5)
        self.assertIn("undefined", " ".join(result.paragraphs))

    def test_thirty_angstrom_are_reported_without_a_verdict(self) -> None:
        result = self.run_on(self.box_of_ones(), 0.5, voxel=(0.5, 0.5, 0.5))
        self.assertEqual(result.outcome, Outcome.OK)
        advice = {c.key: c.passed for c in result.criteria if c.role == "advice"}
        self.assertEqual(advice, {"space_for_ctf": False, "space_fixed": True})

    def test_limits_can_be_changed(self) -> None:
        result = self.run_on(self.box_of_ones(), 0.5, limits={"decentering": 5.0})
        self.assertEqual(next(c.key for c in result.criteria if not c.passed), "decentering")
        self.assertIn("not below 5", result.warnings[0])

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

    def test_nothing_remaining_is_said_in_words(self) -> None:
        values = self.two_blobs()
        values[:6] = 0
        result = self.run_on(values, 0.5)
        self.assertEqual(result.outcome, Outcome.OK)
        self.assert_measured(result, remaining_components=0, remaining_mean_volume=None)
        text = " ".join(result.paragraphs)
        self.assertIn("No other component remains.", text)
        self.assertNotIn("nan", text)

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
        dalton = 64993 * 1.06**3 / level0_b_mask.CUBIC_ANGSTROM_PER_DALTON
        self.assertAlmostEqual(dalton / 1000, 64.13, places=2)
        self.assertAlmostEqual(dalton / level0_b_mask.DALTON_PER_RESIDUE, 583.02, places=2)

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
        self.assertEqual(len(result.warnings), 3)

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
        self.assertAlmostEqual(level0_c_background.GAUSSIAN_BEYOND_5_SIGMA, 0.000057, places=6)

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
        result = self.run_on(self.with_molecule(np.full((50, 52, 54), -0.0)), 10.0)
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
        self.assertEqual(load_result(self.folder / "out"), result)
        self.assertIn("Traceback", (self.folder / "out" / TRACEBACK_FILE).read_text())

    def test_an_entry_that_is_gone_is_a_crash_too(self) -> None:
        result = run_check(self.check, self.folder / "nothing", self.folder / "out")
        self.assertEqual(result.outcome, Outcome.FAILED)
        self.assertIn("FileNotFoundError", result.reason)

    def test_results_survive_json(self) -> None:
        values = np.zeros((20, 20, 20), np.float32)
        values[8:12, 8:12, 8:12] = 1
        for check in LEVEL_0:
            self.check = check
            result = self.run_on(values, 0.5)
            self.assertEqual(load_result(self.folder / "out"), result)
            self.assertNotIn("NaN", (self.folder / "out" / "result.json").read_text())
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
        self.assertEqual(", not " in criterion.sentence, not criterion.passed)

    def test_without_a_value(self) -> None:
        common = {"key": "k", "subject": "the size", "value": None, "comparison": "<", "limit": 1}
        self.assertFalse(Criterion(**common).passed)
        excused = Criterion(**common, vacuous="there is none")
        self.assertTrue(excused.passed)
        self.assertIn("there is none", excused.sentence)

    def test_findings_warn_only_of_verdicts(self) -> None:
        found = Findings()
        for role in ("verdict", "advice"):
            criterion = {"key": "k", "subject": "it", "value": 2, "comparison": "<", "limit": 1}
            found.criteria.append(Criterion.model_validate({**criterion, "role": role}))
        self.assertEqual(len(found.warnings), 1)

    def test_every_check_has_its_code_and_limits_that_are_used(self) -> None:
        self.assertEqual(list(CHECKS), sorted(CHECKS))
        for check in LEVEL_0:
            self.assertTrue(check.explanation and check.purpose)
            self.assertEqual(len({limit.key for limit in check.limits}), len(check.limits))
            self.assertEqual(check.engines, ("builtin", *(e.name for e in check.external())))


if __name__ == "__main__":
    unittest.main()
