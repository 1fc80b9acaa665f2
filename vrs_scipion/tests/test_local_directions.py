"""1.f Local resolution by direction: known truth, good and bad pairs, Xmipp's program, parity."""

from __future__ import annotations

import json
import os
import sys
import unittest
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import mrcfile
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vrs_scipion.checks import level1_f_local_directions
from vrs_scipion.checks.independence import INDEPENDENCE
from vrs_scipion.checks.run import run_check
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import hard_mask
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import monodir_xmipp, monores_xmipp
from vrs_scipion.methods.local_bands import (
    cone_amplitude,
    directional_correlations,
    local_correlations,
    twofold_axes,
)
from vrs_scipion.methods.local_directions import (
    LocalDirections,
    Preference,
    local_directions,
    preference_of,
    radial_means,
    radii_in,
    slope_of,
    uniformity_of,
)
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.methods.shells import half_spectrum
from vrs_scipion.methods.xmipp import HOME_VARIABLE, NAME, XmippError
from vrs_scipion.results import CheckResult, Criterion, Outcome
from vrs_scipion.simulation.anisotropy import Anisotropy
from vrs_scipion.tests import recorded_pairs
from vrs_scipion.tests.surfaces import leave_surfaces_out
from vrs_scipion.tests.test_level1_direction import (
    DirectionTest,
    Molecule,
    ball,
    filament,
    noisy,
)
from vrs_scipion.tests.xmipp_stand_in import VERSION

CHECK = level1_f_local_directions.CHECK
VOLUMES = ("best", "worst", "mean", "anisotropy")
EVEN = Anisotropy()


def mask_of(molecule: Molecule) -> Mask:
    return hard_mask(molecule.values, molecule.contour, molecule.voxel)


def found_of(first: Volume, second: Volume, mask: Mask, voxel: Triple) -> LocalDirections:
    return local_directions(half_spectrum(first), half_spectrum(second), mask, voxel)


@cache
def measured(
    axis: tuple[float, float, float] = (0.0, 0.0, 1.0), loss: float = 0.0
) -> LocalDirections:
    first, second = noisy(ball(), Anisotropy(axis=axis, loss=loss))
    return found_of(first, second, mask_of(ball()), ball().voxel)


class TestAxes(unittest.TestCase):
    def test_an_icosahedron_has_fifteen(self) -> None:
        axes = twofold_axes()
        np.testing.assert_allclose(np.linalg.norm(axes, axis=1), 1)
        cosines = np.round(np.abs(axes @ axes.T), 6)
        for row in cosines:
            self.assertEqual(sorted(row), sorted(cosines[0]))
        self.assertAlmostEqual(float(np.degrees(np.arccos(np.sort(cosines[0])[-2]))), 36, places=3)
        np.testing.assert_allclose(axes.T @ axes, 5 * np.eye(3), atol=1e-12)

    def test_a_cone(self) -> None:
        amplitude = cone_amplitude(np.cos(np.radians([0, 20, 30, 40, 90])))
        np.testing.assert_allclose(amplitude, [1, 1, 0.5, 0, 0], atol=1e-6)


class TestEngine(unittest.TestCase):
    def test_a_wave_is_seen_along_its_own_axis_alone(self) -> None:
        """Both maps hold one wave along x and noise of their own."""
        box, voxel = (48, 44, 51), (1.5, 1.4, 1.3)
        generator, x = np.random.default_rng(3), np.arange(51)
        wave = np.cos(2 * np.pi * 12 * x / 51)
        first, second = (
            half_spectrum((2 * wave + generator.standard_normal(box)).astype(np.float32))
            for _ in range(2)
        )
        mask = np.zeros(box, bool)
        mask[12:36, 12:34, 14:40] = True
        frequency = 12 / (51 * 1.3)
        along = []
        for local in directional_correlations(first, second, mask, voxel, np.eye(3), -1.0):
            band = int(np.argmin(np.abs(local.frequency - frequency)))
            along.append(float(np.median(local.values[band])))
        self.assertGreater(along[2], 0.85)
        self.assertLess(max(abs(value) for value in along[:2]), 0.25)

    def test_identical_halves_correlate_perfectly(self) -> None:
        one = half_spectrum(noisy(ball(), EVEN)[0])
        for local in directional_correlations(
            one, 2 * one, mask_of(ball()), ball().voxel, twofold_axes()[[0, 5]], 0.5
        ):
            self.assertTrue(local.reaches_nyquist)
            np.testing.assert_allclose(local.values, 1, atol=1e-3)

    def test_of_noise_chance_has_the_samples_it_is_said_to_have(self) -> None:
        box, voxel = (44, 44, 44), (1.0, 1.0, 1.0)
        generator = np.random.default_rng(5)
        one, other = (half_spectrum(generator.standard_normal(box, np.float32)) for _ in "12")
        mask = np.ones(box, bool)
        axes = twofold_axes()[:6]
        for local in directional_correlations(one, other, mask, voxel, axes, -1.0):
            fine = local.frequency > 0.2
            told = (local.values[fine] ** 2 * local.samples[fine]).mean()
            self.assertLess(abs(float(told) - 1), 0.35)

    def test_cones_all_over_are_the_whole(self) -> None:
        """On average the axes of an even map say what the bands of the whole say."""
        first, second = (half_spectrum(half) for half in noisy(ball(), EVEN))
        mask, voxel = mask_of(ball()), ball().voxel
        whole = local_correlations(first, second, mask, voxel)
        axes = [*directional_correlations(first, second, mask, voxel, twofold_axes(), -1.0)]
        frequency = min((one.frequency for one in axes), key=len)
        frequency = frequency[frequency <= whole.frequency[-1]]
        mean = np.mean([one.values[: len(frequency)] for one in axes], axis=0)
        expected = np.interp(frequency, whole.frequency, np.median(whole.values, axis=1))
        apart = np.median(mean, axis=1) - expected
        self.assertLess(float(np.abs(apart).max()), 0.08)

    def test_refused(self) -> None:
        one = half_spectrum(noisy(ball(), EVEN)[0])
        with self.assertRaisesRegex(NotMeasurableError, "mask is empty"):
            local_directions(one, one, np.zeros((56, 56, 56), bool), ball().voxel)


class TestTruth(unittest.TestCase):
    def preference(self, axis: tuple[float, float, float], loss: float) -> Preference:
        half = measured(axis, loss).half
        frequency = half.frequency[:, half.in_mask]
        error = float(np.nanmedian(half.error[:, half.in_mask] * frequency**2)) / np.sqrt(4)
        return preference_of(half.axes, frequency.mean(axis=1), error)

    def test_a_loss_along_an_axis_is_found(self) -> None:
        for loss in (0.0, 0.4):
            ratio = self.preference((0.0, 0.0, 1.0), loss).ratio
            self.assertLess(abs(ratio.value - 1 / (1 - loss)), 2 * ratio.error + 0.05, loss)

    def test_a_rotated_truth_rotates_the_answer(self) -> None:
        for axis in ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, -2.0, 1.0)):
            found = self.preference(axis, 0.4).worst
            cosine = abs(found @ np.array(axis[::-1]) / np.linalg.norm(axis))
            self.assertGreater(cosine, np.cos(np.radians(10)), axis)

    def test_the_order_of_the_halves_changes_nothing(self) -> None:
        first, second = noisy(ball(), EVEN)
        other = found_of(second, first, mask_of(ball()), ball().voxel)
        np.testing.assert_allclose(measured().half.frequency, other.half.frequency, rtol=1e-4)

    def test_best_and_worst_enclose_the_mean(self) -> None:
        half = measured().half
        self.assertTrue((half.best <= half.mean).all() and (half.mean <= half.worst).all())
        radial, tangential = half.along_radius(ball().voxel)
        for values in (radial, tangential):
            self.assertTrue((half.best <= values).all() and (values <= half.worst).all())
        self.assertLessEqual(float(half.finest.sum(axis=0).max()), 1 + 1e-9)


class TestNumbers(unittest.TestCase):
    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.floats(0.01, 1), min_size=15, max_size=15), st.floats(1, 1000))
    def test_shares(self, weights: list[float], independent: float) -> None:
        shares = np.array(weights) / sum(weights)
        found = uniformity_of(shares, independent)
        self.assertTrue(0 <= found.p <= 1)
        self.assertTrue(0 <= found.excess <= found.effect <= 14 / 15)
        self.assertLessEqual(found.p, uniformity_of(shares, independent / 2).p + 1e-12)

    def test_even_shares_and_one(self) -> None:
        even = uniformity_of(np.full(15, 1 / 15), 50)
        self.assertAlmostEqual(even.p, 1)
        self.assertAlmostEqual(even.effect, 0)
        one = uniformity_of(np.eye(15)[3], 50)
        self.assertLess(one.p, 1e-30)
        self.assertAlmostEqual(one.effect, 14 / 15)

    def test_chance_is_what_draws_make(self) -> None:
        generator = np.random.default_rng(1)
        number = 58
        drawn = generator.multinomial(number, np.full(15, 1 / 15), 2000) / number
        found = uniformity_of(np.full(15, 1 / 15), number / 2.9)
        self.assertAlmostEqual(found.independent, number)
        self.assertLess(abs(float(np.abs(drawn - 1 / 15).sum(1).mean() / 2) - found.chance), 0.01)

    def test_a_slope_and_its_error(self) -> None:
        generator = np.random.default_rng(2)
        radius = generator.uniform(0, 30, 5000)
        found = slope_of(4 + 0.02 * radius + generator.normal(0, 0.5, 5000), radius, 5000)
        self.assertLess(abs(found.value - 0.02), 3 * found.error)
        fewer = slope_of(4 + 0.02 * radius + generator.normal(0, 0.5, 5000), radius, 52)
        self.assertAlmostEqual(fewer.error / found.error, 10, delta=0.5)
        self.assertEqual(slope_of(radius, np.ones(5000), 10).value, 0)

    def test_means_by_radius_count_voxels(self) -> None:
        mask = np.ones((20, 22, 24), bool)
        size = (1.0, 1.0, 1.0)
        radius = radii_in(mask, size)
        values = np.full(mask.shape, np.nan, np.float32)
        values[mask] = radius
        found = radial_means({"r": values}, radius, mask, 1.0)
        self.assertTrue((found.voxels >= 100).all())
        np.testing.assert_allclose(found.means["r"], found.radius, atol=0.3)
        self.assertNotIn(0.0, found.radius)

    def test_a_function_of_second_degree_is_given_back(self) -> None:
        axes = twofold_axes()
        cosine = axes @ np.array([0.6, 0.0, 0.8])
        found = preference_of(axes, 0.25 * (1 - 0.2 * cosine**2), 1e-4)
        self.assertGreater(found.ratio.value, 1.25)
        np.testing.assert_allclose(found.worst, [0.6, 0, 0.8], atol=1e-6)
        self.assertLess(found.ratio.error, 0.01)
        self.assertGreater(preference_of(axes, np.full(15, 0.25), 0.01).ratio.error, 0.02)


_KNOWN: dict[Any, LocalDirections] = {}


def remembered(first: Any, second: Any, mask: Mask, voxel: Triple, **told: Any) -> LocalDirections:
    """What was measured of the same half maps before; it takes a second each time.

    Bands begin at 20 Å whatever was reported, up to 5 Å.
    """
    key = complex(first[0, 0, 1]), complex(second[0, 0, 1]), int(mask.sum())
    if key not in _KNOWN:
        _KNOWN[key] = local_directions(first, second, mask, voxel, **told)
    return _KNOWN[key]


class CheckTest(DirectionTest):
    def setUp(self) -> None:
        super().setUp()
        leave_surfaces_out(self)
        patch = mock.patch.object(level1_f_local_directions, "local_directions", remembered)
        patch.start()
        self.addCleanup(patch.stop)

    def value(self, result: CheckResult, key: str) -> float:
        value = result.measurements[key].value
        assert value is not None, key
        return float(value)


class TestCheck(CheckTest):
    def test_even_halves(self) -> None:
        result = self.judged(CHECK, self.entry)
        self.assertIs(result.outcome, Outcome.OK, result.warnings)
        best, mean, worst = (
            self.value(result, f"resolution_{name}_p50") for name in ("best", "mean", "worst")
        )
        self.assertTrue(2.8 < best < mean < worst < 5, (best, mean, worst))
        self.assertLess(
            self.value(result, "directional_mean_0143"), self.value(result, "directional_mean")
        )
        self.assertLess(self.value(result, "direction_ratio"), 1.15)
        self.assertGreater(self.value(result, "uniformity_p"), 0.001)
        estimate = result.resolution_estimate
        assert estimate is not None
        self.assertEqual(estimate.value, self.value(result, "directional_mean_0143"))
        self.assertFalse(estimate.contradicts)
        self.assertEqual([volume.key for volume in result.volumes], list(VOLUMES))
        mask = self.entry.half_maps().hard
        for volume in result.volumes:
            with mrcfile.open(self.folder / CHECK.code / volume.file) as mrc:
                self.assertEqual(mrc.data.shape, mask.shape)
                self.assertFalse(mrc.data[~mask].any())
        self.assertEqual(len(result.tables["directions"].rows), 15)
        shares = [row[4] for row in result.tables["directions"].rows]
        self.assertAlmostEqual(sum(float(share or 0) for share in shares), 100, places=4)
        for row in result.tables["radial"].rows:
            self.assertGreaterEqual(float(row[1] or 0), 100)

    def test_a_smeared_direction(self) -> None:
        halves = noisy(ball(), Anisotropy(axis=(1.0, 0.0, 0.0), loss=0.4))
        result = self.judged(CHECK, self.prepared(ball(), halves))
        self.assertIs(result.outcome, Outcome.WARNINGS)
        self.assertEqual(self.failed(result), {"direction_ratio_highest"})
        self.assertGreater(abs(self.value(result, "worst_axis_x")), 0.97)
        self.assertIn("better than others", result.headline)

    def test_without_a_claim_and_with_one_too_fine(self) -> None:
        halves = noisy(ball(), EVEN)
        for resolution, expected in ((None, set()), (2.2, {"reported_share"})):
            entry = self.prepared(ball(), halves, resolution=resolution)
            result = self.judged(CHECK, entry)
            self.assertEqual(self.failed(result), expected)
            assert result.resolution_estimate is not None
            self.assertIs(result.resolution_estimate.contradicts, bool(expected))

    def test_a_molecule_of_a_few_voxels(self) -> None:
        contour = 0.999 * float(ball().values.max())
        entry = self.prepared(ball(), noisy(ball(), EVEN), contour=contour)
        self.assertLess(entry.half_maps_record.hard_mask.voxels, 300)
        result = self.judged(CHECK, entry)
        self.assertNotIn("radial", result.tables)
        self.assertNotIn("fig:radial", " ".join(result.paragraphs))

    def test_a_coarse_map(self) -> None:
        entry = self.prepared(ball(), noisy(ball(), EVEN), resolution=12.0)
        result = self.judged(CHECK, entry)
        self.assertIs(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("coarser than 10 Å", result.reason)
        self.assertEqual(result.measurements, {})

    def test_nothing_but_noise(self) -> None:
        generator = np.random.default_rng(5)
        halves = [generator.standard_normal((56, 56, 56), np.float32) for _ in range(2)]
        result = self.judged(CHECK, self.prepared(ball(), halves))
        self.assertIs(result.outcome, Outcome.WARNINGS)
        self.assertIn("no signal", result.headline)
        self.assertIsNone(result.resolution_estimate)

    def test_copies_cannot_be_told(self) -> None:
        one, _ = noisy(ball(), EVEN)
        result = self.judged(CHECK, self.prepared(ball(), (one, np.float32(2) * one)))
        self.assertIs(result.outcome, Outcome.UNDETERMINED)
        self.assertIn("copies", result.reason)
        self.assertIsNone(result.resolution_estimate)

    def test_halves_that_share_noise(self) -> None:
        shared = Criterion(
            key="shared_highest", subject="noise", value=0.2, comparison="<=", limit=0.02
        )
        good = self.judged(CHECK, self.entry)
        other = good.model_copy(update={"code": INDEPENDENCE, "criteria": (shared,)})
        result = self.judged(CHECK, self.entry, results={INDEPENDENCE: other})
        self.assertIs(result.outcome, Outcome.UNDETERMINED)
        self.assertIn("not independent", result.headline)

    def test_a_filament_is_not_warned_of_its_layer_lines(self) -> None:
        halves = noisy(filament(), Anisotropy(loss=0.4))
        result = self.judged(CHECK, self.prepared(filament(), halves, resolution=None))
        self.assertEqual(self.failed(result), set())
        self.assertIn("layer lines", " ".join(result.paragraphs))

    def test_a_symmetry_leaves_fewer_voxels(self) -> None:
        halves = noisy(ball(), EVEN)
        alone = self.judged(CHECK, self.entry)
        fourfold = self.judged(CHECK, self.prepared(ball(), halves, symmetry="C4"))
        key = "effective_voxels"
        self.assertGreater(self.value(alone, key), 2 * self.value(fourfold, key))

    def test_odd_boxes_of_any_shape(self) -> None:
        of = ball((51, 56, 61), (1.4, 1.4, 1.4))
        result = self.judged(CHECK, self.prepared(of, noisy(of, EVEN)))
        self.assertIs(result.outcome, Outcome.OK, result.warnings)


class TestDrawn(CheckTest):
    def test_every_file_named_is_there(self) -> None:
        result = run_check(CHECK, self.entry, self.folder / "out", engine="builtin")
        self.assertIsNot(result.outcome, Outcome.FAILED, result.reason)
        for file in (
            *(figure.file for figure in result.figures),
            *(volume.file for volume in result.volumes),
        ):
            self.assertTrue((self.folder / "out" / file).is_file(), file)
        left = [path.name for path in (self.folder / "out").iterdir() if path.name[0] == "."]
        self.assertEqual(left, [])


PROGRAM = f"""#!{sys.executable}
import json, pathlib, shutil, sys
arguments = sys.argv[1:]
with open({{log!r}}, "a") as log:
    log.write(json.dumps(arguments) + "\\n")
def given(option):
    return pathlib.Path(arguments[arguments.index(option) + 1])
if "--vol2" in arguments or "--monores" not in arguments:
    shutil.copy({{answer!r}} + "mean.mrc", given("-o") / "monoresResolutionMap.mrc")
elif {{noise!r}}:
    for option, name in (
        ("--highestResolutionVol", "best"), ("--lowestResolutionVol", "worst"),
        ("--radialRes", "mean"), ("--azimuthalRes", "mean"),
    ):
        shutil.copy({{answer!r}} + name + ".mrc", given(option))
    rows = [(0.0, 0.0, 50), (0.0, 0.0, 50), (90.0, 90.0, 30), (0.0, 90.0, 20)]
    given("--prefMin").write_text(
        "# XMIPP_STAR_1 *\\n#\\ndata_noname\\nloop_\\n _angleRot\\n _angleTilt\\n _count\\n"
        " _resolutionFreqFourier\\n _weight\\n _x\\n"
        + "".join("%f %f %d 3.4 %f %d\\n" % (*row, row[2], k) for k, row in enumerate(rows))
    )
else:
    print("The map does not verify the requirements for MonoDir")
"""


class TestXmipp(CheckTest):
    def setUp(self) -> None:
        super().setUp()
        os.environ[HOME_VARIABLE] = str(self.home)
        self.answer = str(self.folder) + "/answer_"
        for name, value in (("best", 3.5), ("mean", 4.5), ("worst", 12.0)):
            values = np.full((56, 56, 56), value, np.float32)
            values[0] = 0
            write_volume(Path(f"{self.answer}{name}.mrc"), values, ball().voxel)

    def install(self, noise: bool = True) -> None:
        script = PROGRAM.format(log=str(self.log), answer=self.answer, noise=noise)
        for name in (monores_xmipp.PROGRAM, monodir_xmipp.PROGRAM):
            self.install_program(name, script)

    def test_its_answer(self) -> None:
        self.install()
        result = self.judged(CHECK, self.entry, NAME)
        self.assertIs(result.outcome, Outcome.OK, result.warnings)
        self.assertEqual((result.engine.name, result.engine.version), (NAME, VERSION))
        self.assertEqual(self.value(result, "resolution_best_p50"), 3.5)
        self.assertEqual(self.value(result, "resolution_worst_p50"), 12)
        self.assertEqual(self.value(result, "directional_mean"), 4.5)
        self.assertAlmostEqual(self.value(result, "anisotropy_p50"), 8.5 / 4.5, places=5)
        rows = result.tables["directions"].rows
        np.testing.assert_allclose(
            [[float(value or 0) for value in row[1:5]] for row in rows],
            [[0, 0, 1, 50], [0, 1, 0, 30], [1, 0, 0, 20]],
            atol=1e-6,
        )
        roles = {criterion.key: criterion.role for criterion in result.criteria}
        self.assertEqual(roles["uneven_highest"], "advice")
        monores, monodir = self.calls()
        self.assertIn("--vol average.mrc:mrc --mask mask.mrc:mrc -o mono", monores)
        self.assertIn("--step 0.25 --significance 0.95", monores)
        self.assertIn("--volumeRadius 28 --significance 0.95 --resStep 0.5", monodir)
        self.assertIn("--monores mono/monoresResolutionMap.mrc --threads 1 --fast", monodir)

    def test_no_noise_around_the_molecule(self) -> None:
        self.install(noise=False)
        result = self.judged(CHECK, self.entry, NAME)
        self.assertIs(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("needs noise around the molecule", result.reason)

    def test_nothing_written(self) -> None:
        self.install()
        self.install_program(monodir_xmipp.PROGRAM, f"#!{sys.executable}\n")
        result = run_check(CHECK, self.entry, self.folder / "1.f", engine=NAME)
        self.assertIs(result.outcome, Outcome.FAILED)
        self.assertIn("ended without an error and wrote no resolutions", result.reason)

    def test_auto_takes_what_knows_errors(self) -> None:
        self.install()
        self.assertEqual(self.judged(CHECK, self.entry, "auto").engine.name, "builtin")

    def test_where_it_is_not(self) -> None:
        result = run_check(CHECK, self.entry, self.folder / "1.f", engine=NAME)
        self.assertIs(result.outcome, Outcome.NOT_AVAILABLE)

    def test_cubes_only(self) -> None:
        self.install()
        of = ball((51, 56, 61), (1.4, 1.4, 1.4))
        result = self.judged(CHECK, self.prepared(of, noisy(of, EVEN)), NAME)
        self.assertIs(result.outcome, Outcome.NOT_AVAILABLE)
        self.assertIn("cubic", result.reason)

    def test_what_makes_no_sense(self) -> None:
        path = self.folder / "directions.xmd"
        for text in ("", "loop_\n _angleRot\n 1\n"):
            path.write_text(text)
            with self.subTest(text=text), self.assertRaises(XmippError):
                monodir_xmipp.read_directions(path)


@unittest.skipUnless(recorded_pairs.HERE, recorded_pairs.MISSING)
class TestParity(unittest.TestCase):
    """The program's own answers for two pairs, under the same mask."""

    def test_recorded_directions_are_read(self) -> None:
        for pair in "AB":
            directions, counts, _ = monodir_xmipp.read_directions(
                recorded_pairs.PAIRS / pair / "monodir_prefMin.xmd"
            )
            self.assertEqual(directions.shape, (46, 3))
            np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
            self.assertTrue((counts > 0).all())

    @unittest.skipUnless(os.environ.get("VRS_WHOLE_RUNS"), "a long one: VRS_WHOLE_RUNS=1")
    def test_best_and_worst(self) -> None:
        for name in "AB":
            pair = recorded_pairs.recorded_pair(name)
            half = found_of(pair.first, pair.second, pair.mask > 0, pair.voxel_size).half
            theirs = json.loads((pair.folder / "percentiles.json").read_text())
            best, worst = (
                float(np.median(values[half.in_mask])) for values in (half.best, half.worst)
            )
            self.assertLess(abs(best - theirs["monodir_highest"]["median"]), 1)
            # theirs lies where its sweep starts, see benchmarks/local_directions.md
            self.assertGreater(theirs["monodir_lowest"]["median"] - worst, 10)


if __name__ == "__main__":
    unittest.main()
