"""1.e MonoRes: known truth, bad input, Xmipp's program, and what that said of two pairs."""

from __future__ import annotations

import os
import sys
import unittest
from functools import cache
from itertools import pairwise
from unittest import mock

import mrcfile
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import fft
from scipy.stats import spearmanr

from vrs_scipion.checks import level1_e_monores
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.isosurface.draw import IsosurfacePicture
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import monores_xmipp
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.methods.monores import (
    MonogenicResolution,
    coarsest_of,
    monogenic_resolution,
    swept,
)
from vrs_scipion.methods.xmipp import HOME_VARIABLE, NAME
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.simulation import frequency_grid
from vrs_scipion.tests import recorded_pairs
from vrs_scipion.tests.xmipp_stand_in import VERSION, StandInTest

CHECK = level1_e_monores.CHECK
PERCENTILES = ("p2_5", "p25", "p50", "p75", "p97_5")

Box = tuple[int, int, int]
BOX, VOXEL = (46, 42, 44), 1.4
FINE, COARSE = 3.6, 6.0


def white(seed: int, box: Box = BOX) -> Volume:
    return np.random.default_rng(seed).standard_normal(box).astype(np.float32)


def ball(box: tuple[int, ...] = BOX, radius: int = 12) -> Mask:
    z, y, x = (np.arange(n) - n // 2 for n in box)
    inside: Mask = z[:, None, None] ** 2 + y[:, None] ** 2 + x**2 <= radius**2
    return inside


def texture(resolution: float, box: Box = BOX, voxel: Triple = (VOXEL,) * 3) -> Volume:
    """Waves of one strength down to a resolution, and none beyond."""
    kept = frequency_grid(box, voxel) <= 1 / resolution
    return np.asarray(fft.irfftn(fft.rfftn(white(7, box)) * kept, s=box), np.float32)


@cache
def halves(resolution: float = FINE, noise: float = 0.15) -> tuple[Volume, Volume]:
    """Something that is as well resolved everywhere, in noise."""
    signal = texture(resolution)
    first, second = (np.asarray(signal + noise * white(n), np.float32) for n in (1, 2))
    return first, second


def measured(
    first: Volume, second: Volume, mask: Mask | None = None, voxel: Triple = (VOXEL,) * 3
) -> MonogenicResolution:
    mask = ball(first.shape) if mask is None else mask
    return monogenic_resolution(first, second, mask, voxel, coarsest=18.0)


class TestSweep(unittest.TestCase):
    @settings(max_examples=50, deadline=None)
    @given(
        st.floats(4, 60),
        st.tuples(*[st.integers(24, 200)] * 3),
        st.tuples(*[st.floats(0.5, 4)] * 3),
    )
    def test_steps(self, coarsest: float, box: Box, voxel: Triple) -> None:
        sides = [n * s for n, s in zip(box, voxel, strict=True)]
        steps = swept(coarsest, box, voxel)
        self.assertLessEqual(steps[0], min(coarsest, min(sides) / 2))
        for one, other in pairwise(steps):
            self.assertGreaterEqual(one - other, 0.5 - 1e-9)
            self.assertGreaterEqual(1 / other - 1 / one, 1 / max(sides) - 1e-9)
            self.assertGreaterEqual(other, 2 * max(voxel) * (1 - 1e-5))

    def test_where_it_starts(self) -> None:
        self.assertEqual(coarsest_of(1.9, (0.8,) * 3), 10)
        self.assertEqual(coarsest_of(3.0, (1.0,) * 3), 15)
        self.assertEqual(coarsest_of(1.0, (2.0, 2.0, 3.0)), 30)
        self.assertEqual(coarsest_of(None, (1.5,) * 3), 30)


class TestTruth(unittest.TestCase):
    def test_two_resolutions_side_by_side(self) -> None:
        left = np.arange(BOX[2]) < BOX[2] // 2
        signal = np.where(left, texture(COARSE), texture(FINE))
        found = measured(signal + 0.1 * white(1), signal + 0.1 * white(2)).resolution
        away = np.abs(np.arange(BOX[2]) - BOX[2] // 2) > 4
        for side, truth in ((left, COARSE), (~left, FINE)):
            values = found[:, :, side & away]
            self.assertAlmostEqual(float(np.nanmedian(values)), truth, delta=0.5)

    def test_finer_waves_may_be_added_from_before(self) -> None:
        first, second = halves()
        found = measured(first, second)
        with mock.patch("vrs_scipion.methods.monores._MOST", 0):
            expected = measured(first, second)
        np.testing.assert_allclose(found.contrasts, expected.contrasts, rtol=1e-5)
        np.testing.assert_allclose(found.resolution, expected.resolution, atol=1e-3)

    def test_noise_alone_is_not_resolved(self) -> None:
        found = measured(white(1), white(2))
        share = np.isfinite(found.resolution[ball()]).mean()
        self.assertLess(share, 0.2)
        self.assertTrue(all(0.2 < c < 1 for c in found.contrasts), found.contrasts)
        self.assertLess(found.finest_share, 0.05)

    def test_what_changes_nothing(self) -> None:
        first, second = halves()
        found = measured(first, second).resolution
        np.testing.assert_array_equal(measured(4 * second, 4 * first).resolution, found)

    def test_constants_change_hardly_anything(self) -> None:
        first, second = (half[8:-8, 6:-6, 6:-6] for half in halves())
        mask = ball(first.shape, 10)
        found = measured(first, second, mask).resolution
        moved = measured(first + 32, second + 16, mask).resolution
        self.assertLess(float(np.nanmedian(np.abs(moved - found))), 1e-3)

    def test_a_mask_at_a_face_of_a_large_box(self) -> None:
        box = (64, 60, 64)
        mask = ball(box, 9)
        signal = texture(FINE, box)
        first, second = (signal + np.float32(0.2) * white(n, box) for n in (1, 2))
        found = measured(first, second, mask).resolution
        shift = box[0] // 2 - 9
        at, one, other = (np.roll(v, -shift, axis=0) for v in (mask, first, second))
        self.assertTrue(at[0].any() and not at[-1].any())
        at_a_face = measured(one, other, at).resolution
        np.testing.assert_allclose(np.roll(at_a_face, shift, axis=0), found, rtol=1e-4)

    def test_the_part_around_the_mask_does_for_the_box(self) -> None:
        box = (72, 72, 72)
        mask = ball(box, 9)
        signal = texture(FINE, box)
        first, second = (signal + np.float32(0.2) * white(n, box) for n in (1, 2))
        part = measured(first, second, mask)
        with mock.patch(
            "vrs_scipion.methods.monores._around",
            return_value=((slice(None),) * 3, np.float32(1)),
        ):
            whole = measured(first, second, mask)
        self.assertLess(
            abs(float(np.nanmedian(part.resolution) - np.nanmedian(whole.resolution))), 0.2
        )

    def test_any_box_and_voxel(self) -> None:
        box, voxel = (44, 61, 50), (1.5, 1.1, 1.3)
        mask = ball(box, 14)
        signal = texture(4.5, box, voxel)
        found = measured(signal + 0.1 * white(1, box), signal + 0.1 * white(2, box), mask, voxel)
        self.assertAlmostEqual(float(np.nanmedian(found.resolution)), 4.5, delta=0.6)
        self.assertTrue(np.isnan(found.resolution[~mask]).all())


class TestRefused(unittest.TestCase):
    def assert_refused(
        self, words: str, first: Volume, second: Volume, mask: Mask | None = None
    ) -> None:
        with self.assertRaisesRegex(NotMeasurableError, words):
            measured(first, second, mask)

    def test_bad_input(self) -> None:
        first, second = halves()
        self.assert_refused("equal in the mask", first, first)
        self.assert_refused("mask is too small", first, second, mask=ball(radius=2))
        self.assert_refused("mask is too small", first, second, mask=ball(radius=-1))
        tiny = (8, 8, 8)
        self.assert_refused("too few steps", white(1, tiny), white(2, tiny), mask=ball(tiny, 4))


class CheckTest(StandInTest):
    entry: Entry

    def setUp(self) -> None:
        super().setUp()
        drawn = mock.patch("vrs_scipion.figures.isosurface.draw_isosurface")
        drawn.start().return_value = IsosurfacePicture(self.folder, "painter", "1.0", "A note.")
        self.addCleanup(drawn.stop)
        plotted = mock.patch("vrs_scipion.figures.plotting.save_picture")
        plotted.start()
        self.addCleanup(plotted.stop)

    def enter(
        self, first: Volume, second: Volume, resolution: float | None = 3.8, radius: int = 12
    ) -> None:
        """Prepare an entry whose map is a ball."""
        shape = ball(first.shape, radius)
        for name, values in (("map", shape.astype(np.float32)), ("1", first), ("2", second)):
            write_volume(self.folder / f"{name}.mrc", values, (VOXEL,) * 3)
        request = Request.of(
            map=self.folder / "map.mrc",
            contour=0.5,
            resolution=resolution,
            half1=self.folder / "1.mrc",
            half2=self.folder / "2.mrc",
        )
        self.entry = prepare(request, self.folder / "entry")

    def run_check(self, engine: str = "builtin") -> CheckResult:
        return run_check(CHECK, self.entry, self.folder / "1.e", engine=engine)

    def value(self, result: CheckResult, key: str) -> float:
        value = result.measurements[key].value
        assert value is not None, key
        return float(value)


class TestCheck(CheckTest):
    def test_good_halves(self) -> None:
        self.enter(*halves())
        result = self.run_check()
        self.assertEqual(result.outcome, Outcome.OK, result.reason or result.warnings)
        found = [self.value(result, f"resolution_{p}") for p in PERCENTILES]
        self.assertEqual(found, sorted(found))
        self.assertAlmostEqual(found[2], FINE, delta=0.5)
        estimate = result.resolution_estimate
        assert estimate is not None
        self.assertEqual((estimate.value, estimate.contradicts), (found[2], False))
        self.assertEqual([v.file for v in result.volumes], ["monores.mrc"])
        self.assertEqual(
            [f.key for f in result.figures], ["resolution_histogram", "resolution_surface"]
        )
        with mrcfile.open(self.folder / "1.e" / "monores.mrc") as mrc:
            share = np.mean(mrc.data[self.entry.half_maps().hard] > 0)
        self.assertAlmostEqual(self.value(result, "not_resolved_fraction"), 1 - share, places=6)

    def test_without_a_resolution(self) -> None:
        self.enter(*halves(), resolution=None)
        result = self.run_check()
        self.assertEqual(result.outcome, Outcome.OK, result.reason or result.warnings)
        self.assertNotIn("reported_percentile", result.measurements)

    def test_a_resolution_that_is_not_there(self) -> None:
        """It is not confirmed; MonoRes sees too little to speak against it."""
        self.enter(*halves(5.0), resolution=3.0)
        result = self.run_check()
        self.assertEqual(result.outcome, Outcome.UNDETERMINED)
        self.assertIn("Hardly anywhere", result.headline)
        self.assertIn("does not speak against it", result.reason)
        assert result.resolution_estimate is not None
        self.assertFalse(result.resolution_estimate.contradicts)

    def test_density_that_hardly_rises(self) -> None:
        self.enter(*halves(noise=2.0))
        result = self.run_check()
        self.assertEqual(result.outcome, Outcome.UNDETERMINED)
        self.assertIn("In most of the molecule", result.headline)
        self.assertGreater(self.value(result, "not_resolved_fraction"), 0.5)
        self.assertIsNone(result.resolution_estimate)

    def test_noise(self) -> None:
        for resolution in (3.0, None):
            self.enter(white(1), white(2), resolution)
            result = self.run_check()
            self.assertEqual(result.outcome, Outcome.WARNINGS)
            self.assertIn("Hardly anywhere does the density rise", result.headline)
            self.assertIsNone(result.resolution_estimate)

    def test_one_inverted(self) -> None:
        first, second = halves()
        for other in (-second, -first):
            self.enter(first, other)
            result = self.run_check()
            self.assertEqual(result.outcome, Outcome.WARNINGS, result.headline)
            self.assertIsNone(result.resolution_estimate)

    def test_copies(self) -> None:
        first, _ = halves()
        self.enter(first, first)
        result = self.run_check()
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("The half maps are equal in the mask", result.reason)
        self.enter(first, first + 1e-3 * white(3))
        result = self.run_check()
        self.assertEqual(result.outcome, Outcome.UNDETERMINED)
        self.assertIn("copies", result.headline)

    def test_masked_halves(self) -> None:
        wider = ball(radius=16)
        first, second = (np.where(wider, half, np.float32(0)) for half in halves())
        self.enter(first, second)
        result = self.run_check()
        self.assertEqual(result.outcome, Outcome.UNDETERMINED, result.warnings)
        self.assertIn("were masked", result.reason)
        self.assertAlmostEqual(self.value(result, "resolution_p50"), FINE, delta=0.6)

    def test_a_tiny_molecule(self) -> None:
        self.enter(*halves(), radius=1)
        result = self.run_check()
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("mask is too small", result.reason)


PROGRAM = f"""#!{sys.executable}
import json, pathlib, shutil, sys
with open({{log!r}}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
folder = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
if pathlib.Path({{answer!r}}).exists():
    shutil.copy({{answer!r}}, folder / "monoresResolutionMap.mrc")
"""


class TestXmipp(CheckTest):
    def setUp(self) -> None:
        super().setUp()
        os.environ[HOME_VARIABLE] = str(self.home)
        self.answer = self.folder / "answer.mrc"
        script = PROGRAM.format(log=str(self.log), answer=str(self.answer))
        self.install_program(monores_xmipp.PROGRAM, script)

    def enter_cubes(self) -> None:
        box = (44, 44, 44)
        self.enter(white(1, box), white(2, box))

    def test_its_answer(self) -> None:
        self.enter_cubes()
        values = np.full((44,) * 3, 3.5, np.float32)
        values[:22], values[:, :14] = 4.5, 0
        write_volume(self.answer, values, (VOXEL,) * 3)
        result = self.run_check(NAME)
        self.assertEqual(result.outcome, Outcome.OK, result.reason or result.warnings)
        self.assertEqual((result.engine.name, result.engine.version), (NAME, VERSION))
        self.assertEqual(self.value(result, "resolution_p97_5"), 4.5)
        self.assertIsNone(result.measurements["nyquist_limited_fraction"].value)
        mask = self.entry.half_maps().hard
        without = float(np.mean(values[mask] == 0))
        self.assertAlmostEqual(self.value(result, "not_resolved_fraction"), without, places=6)
        (call,) = self.calls()
        self.assertEqual(
            call,
            "--vol half1.mrc:mrc --vol2 half2.mrc:mrc --mask mask.mrc:mrc -o mono "
            "--sampling_rate 1.4 --minRes 2.8 --maxRes 19 --step 0.5 --significance 0.95 "
            "--threads 1",
        )

    def test_auto_takes_what_is_built_in(self) -> None:
        self.enter_cubes()
        self.assertEqual(self.run_check("auto").engine.name, "builtin")

    def test_nothing_written(self) -> None:
        self.enter_cubes()
        result = self.run_check(NAME)
        self.assertEqual(result.outcome, Outcome.FAILED)
        self.assertIn("ended without an error and wrote no resolutions", result.reason)

    def test_cubes_only(self) -> None:
        self.enter(*halves())
        result = self.run_check(NAME)
        self.assertEqual(result.outcome, Outcome.NOT_AVAILABLE)
        self.assertIn("cubic", result.reason)


@unittest.skipUnless(recorded_pairs.HERE, recorded_pairs.MISSING)
class TestParity(unittest.TestCase):
    """The program's own answers for two pairs, under the same mask."""

    def compare(self, name: str) -> None:
        pair = recorded_pairs.recorded_pair(name)
        mask = pair.mask > 0
        ours = measured(pair.first, pair.second, mask, pair.voxel_size).resolution[mask]
        theirs = np.load(pair.folder / "values.npz")["monores"]
        apart = np.nanmedian(ours) - np.median(theirs[theirs > 0])
        self.assertLess(abs(float(apart)), 0.5)
        both = np.isfinite(ours) & (theirs > 0)
        self.assertGreater(both.mean(), 0.95)
        self.assertGreater(float(spearmanr(ours[both], theirs[both])[0]), 0.85)

    def test_a(self) -> None:
        self.compare("A")

    @unittest.skipUnless(os.environ.get("VRS_WHOLE_RUNS"), "a long one: VRS_WHOLE_RUNS=1")
    def test_b(self) -> None:
        self.compare("B")


if __name__ == "__main__":
    unittest.main()
