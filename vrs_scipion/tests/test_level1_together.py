"""Whether map and half maps belong together: pose, shift, size, transfer, and check 1.j."""

from __future__ import annotations

import tempfile
import unittest
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import fft, ndimage

from vrs_scipion.checks.level1_j_together import (
    BEYOND,
    CHECK,
    HALVES_POSE,
    HALVES_SHIFT,
    MAP_POSE,
    MAP_SHIFT,
    PHASES,
    SIZE,
)
from vrs_scipion.checks.levels import CHECKS
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.transfer import gain_plot
from vrs_scipion.maps.density import Density, Mask, Triple, Volume
from vrs_scipion.maps.fourier import resample, resampled_onto
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.belonging import (
    POSES,
    Cube,
    Transfer,
    find_magnification,
    find_placement,
    find_pose,
    find_shift,
    measure_transfer,
)
from vrs_scipion.methods.belonging.transfer import uncut
from vrs_scipion.methods.fsc import correlate
from vrs_scipion.methods.shells import Reals, power
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.files import load_plot
from vrs_scipion.simulation import apply_filter, fall_off, frequency_grid, low_pass

SIDE, VOXEL, RESOLUTION = 48, 1.5, 4.5
SIZE_OF_VOXEL: Triple = (VOXEL,) * 3
BOX = (SIDE,) * 3


@cache
def frequency() -> Volume:
    return frequency_grid(BOX, SIZE_OF_VOXEL)


@cache
def signal(seed: int = 1) -> Volume:
    """Atoms at random in a body without symmetry, 36 Å long."""
    generator = np.random.default_rng(seed)
    directions = generator.standard_normal((1500, 3))
    inside = np.cbrt(generator.random(1500)) / np.linalg.norm(directions, axis=1)
    places = directions * inside[:, None] * (18.0, 12.0, 9.0)
    places[:, 1] += 0.02 * places[:, 0] ** 2
    indices = np.round(places / VOXEL).astype(int) + SIDE // 2
    atoms = np.zeros(BOX, np.float32)
    np.add.at(atoms, tuple(indices.T), 1)
    return apply_filter(atoms, fall_off(frequency(), 60.0))


@cache
def molecule() -> Mask:
    return np.asarray(ndimage.gaussian_filter(signal(), 2) > 0.08 * signal().max(), np.bool_)


@cache
def mask() -> Volume:
    return cosine_mask(molecule(), SIZE_OF_VOXEL, 4.5, 7.5)


def noise(seed: int, width: float = 0.04) -> Volume:
    """Such that two halves in it correlate by a logistic function through 0.143 at 4.5 Å."""
    power = np.abs(fft.rfftn(signal())) ** 2
    shell = np.rint(frequency() * SIDE * VOXEL).astype(int)
    mean = np.bincount(shell.ravel(), power.ravel()) / np.bincount(shell.ravel())
    ratio = np.exp((frequency() - 1 / RESOLUTION) / width) * 6
    white = np.random.default_rng(seed).standard_normal(BOX).astype(np.float32)
    return apply_filter(white, np.sqrt(mean[shell] * ratio / SIDE**3).astype(np.float32))


@cache
def halves(seed: int = 2) -> tuple[Volume, Volume]:
    return signal() + noise(seed), signal() + noise(seed + 1)


@cache
def mean() -> Volume:
    first, second = halves()
    return (first + second) / 2


@cache
def deposited() -> Volume:
    """The mean, sharpened by 80 Å² and low-passed at the resolution."""
    return apply_filter(mean(), fall_off(frequency(), -80.0) * low_pass(frequency(), RESOLUTION))


def moved(values: Volume, voxels: Triple) -> Volume:
    waves = [fft.fftfreq(SIDE)[:, None, None], fft.fftfreq(SIDE)[:, None], fft.rfftfreq(SIDE)]
    phase = sum(step * wave for step, wave in zip(voxels, waves, strict=True))
    turned = fft.rfftn(values) * np.exp(-2j * np.pi * phase)
    return fft.irfftn(turned, s=BOX).astype(np.float32)


def stretched(values: Volume, times: float) -> Volume:
    """Larger, about voxel N/2."""
    step, start = 1 / times, SIDE // 2 * (1 - 1 / times)
    return resampled_onto(Density(values, (1.0,) * 3), BOX, (step,) * 3, (start,) * 3)


def cube(values: Volume) -> Cube:
    return Cube.of(Density(values, SIZE_OF_VOXEL))


def cube_of_mask() -> Cube:
    return Cube.of_mask(mask(), SIZE_OF_VOXEL)


class TestPoses(unittest.TestCase):
    def test_all_are_different_and_half_of_them_mirror(self) -> None:
        values = np.random.default_rng(0).standard_normal((4, 4, 4)).astype(np.float32)
        turned = {pose.turned(values).tobytes() for pose in POSES}
        self.assertEqual((len(POSES), len(turned)), (48, 48))
        self.assertEqual(sum(pose.is_mirror for pose in POSES), 24)
        self.assertEqual(len({pose.words for pose in POSES if "90°" not in pose.words}), 42)
        np.testing.assert_array_equal(POSES[0].turned(values), values)

    def test_in_words(self) -> None:
        for order, signs, words in (
            ((0, 1, 2), (1, 1, 1), "as they are"),
            ((0, 1, 2), (-1, 1, 1), "mirrored along z (the other hand)"),
            ((0, 1, 2), (1, -1, -1), "turned by 180° about z"),
            ((0, 1, 2), (-1, -1, -1), "mirrored along x, y and z (the other hand)"),
            ((2, 1, 0), (1, 1, 1), "axes x and z exchanged (the other hand)"),
            ((0, 2, 1), (1, -1, 1), "turned by 90° about z"),
            ((1, 2, 0), (1, 1, 1), "axes x, y, z taken from z, x, y"),
        ):
            with self.subTest(words):
                (pose,) = (p for p in POSES if (p.order, p.signs) == (order, signs))
                self.assertEqual(pose.words, words)


class TestCube(unittest.TestCase):
    def test_any_box_becomes_a_cube(self) -> None:
        for box, size in (((40, 30, 20), (1.0, 1.2, 2.0)), ((80, 81, 79), (1.0, 1.0, 1.0))):
            values = np.full(box, 3.0, np.float32)
            values[box[0] // 2, box[1] // 2, box[2] // 2] = 9
            made = Cube.of(Density(values, size))
            longest = max(n * s for n, s in zip(box, size, strict=True))
            n = len(made.values)
            self.assertEqual(made.values.shape, (n,) * 3)
            self.assertLessEqual(n, 64)
            self.assertAlmostEqual(n * made.voxel, longest, delta=made.voxel + 1e-6)
            peak = np.unravel_index(made.values.argmax(), made.values.shape)
            self.assertEqual(tuple(int(p) for p in peak), (n // 2,) * 3)
            self.assertAlmostEqual(float(np.median(made.values)), 3.0, delta=0.05)

    def test_white_shells(self) -> None:
        white = cube(deposited()).white
        shells = cube(deposited()).shells
        np.testing.assert_allclose(shells.mean(power(white)), 1, rtol=1e-3)
        self.assertEqual(white[0, 0, 0], 0)


class TestPoseSearch(unittest.TestCase):
    def test_every_pose_of_the_map_is_found(self) -> None:
        target = cube(mean())
        for index in (3, 9, 40):
            pose = POSES[index]
            turned = moved(pose.turned(deposited()), (2.0, -1.0, 3.0))
            found = find_pose(cube(turned), target)
            back = found.best.pose.turned(pose.turned(np.asarray(deposited())))
            with self.subTest(pose.words):
                np.testing.assert_array_equal(back, deposited())
                self.assertTrue(found.is_found)
                self.assertGreater(found.best_correlation, 0.9)
                self.assertLess(found.identity_correlation, 0.4)

    def test_what_belongs_together_is_as_it_is(self) -> None:
        for first, second in ((deposited(), mean()), halves(), (signal(), mean())):
            found = find_pose(cube(first), cube(second))
            self.assertTrue(found.best.pose.is_identity)
            self.assertTrue(found.identity.pose.is_identity)
            self.assertLess(found.best_correlation - found.identity_correlation, 1e-6)
            np.testing.assert_allclose(found.best.shift, 0, atol=VOXEL)

    def test_the_identity_wins_ties(self) -> None:
        symmetric = sum(np.rot90(signal(), turn, (1, 2)) for turn in range(4))
        one, other = (np.asarray(symmetric + noise(seed)) for seed in (5, 6))
        found = find_pose(cube(one), cube(other))
        self.assertLess(found.best_correlation - found.identity_correlation, 0.02)

    def test_no_hand_is_told_of_what_has_none(self) -> None:
        coarse = apply_filter(signal(), fall_off(frequency(), 900.0))
        alike = coarse + np.roll(coarse[::-1], 1, axis=0)
        one, other = (np.asarray(alike + 0.02 * noise(seed)) for seed in (70, 71))
        found = find_placement(cube(np.ascontiguousarray(other[::-1])), cube(one), cube_of_mask())
        self.assertTrue(found.shares_signal)
        self.assertLess(found.gain, CHECK.limit(HALVES_POSE).default)

    def test_noise_has_no_pose(self) -> None:
        generator = np.random.default_rng(7)
        for shape in (1.0, mask()):
            one, other = generator.standard_normal((2, *BOX)).astype(np.float32)
            found = find_placement(cube(one * shape), cube(other * shape), cube_of_mask())
            self.assertFalse(found.shares_signal)
            self.assertFalse(found.is_found)
            self.assertIsNone(found.shift)

    def test_any_box_however_small(self) -> None:
        generator = np.random.default_rng(9)
        for box in ((8, 8, 8), (9, 12, 7), (16, 16, 40)):
            values, other = generator.standard_normal((2, *box)).astype(np.float32)
            size = (2.0, 1.0, 1.5)
            one, two = (
                Cube.of(Density(v, size)) for v in (values, values + np.float32(0.1) * other)
            )
            found = find_placement(one, two, Cube.of_mask(np.ones(box, np.float32), size))
            self.assertTrue(found.search.best.pose.is_identity)
            self.assertTrue(found.is_found)

    def test_opposite_signs(self) -> None:
        found = find_placement(cube(-deposited()), cube(mean()), cube_of_mask())
        self.assertTrue(found.is_inverted)
        self.assertTrue(found.shares_signal)
        same = find_placement(cube(deposited()), cube(mean()), cube_of_mask())
        self.assertFalse(same.is_inverted)


class TestShift(unittest.TestCase):
    @settings(max_examples=5, deadline=None)
    @given(st.tuples(*[st.floats(-1.5, 1.5)] * 3))
    def test_of_a_map_to_a_hundredth_of_a_voxel(self, voxels: Triple) -> None:
        found = find_shift(cube(moved(deposited(), voxels)), cube(mean()), (0.0, 0.0, 0.0))
        far = np.abs(np.array(found.vector) / VOXEL - voxels).max()
        self.assertLess(far, 0.01 + 3 * max(found.error))

    def test_of_half_maps_within_its_error(self) -> None:
        scores = []
        for seed in range(20, 36, 2):
            first, second = (signal() + noise(seed + i, 0.08) for i in range(2))
            found = find_shift(cube(moved(second, (0.5, 0.0, -0.25))), cube(first))
            off = np.array(found.vector) - np.array((0.5, 0.0, -0.25)) * VOXEL
            scores += (off / found.error).tolist()
            self.assertLess(max(found.error), 0.1 * VOXEL)
        self.assertLess(np.mean(np.square(scores)), 2.0)
        self.assertGreater(np.mean(np.square(scores)), 0.4)


class TestMagnification(unittest.TestCase):
    def test_to_a_thousandth(self) -> None:
        for times in (0.97, 0.996, 1.0, 1.01):
            found = find_magnification(
                cube(stretched(deposited(), times)), cube(mean()), cube_of_mask()
            )
            assert found is not None
            with self.subTest(times=times):
                self.assertAlmostEqual(found.value, times, delta=1e-3)
                self.assertLess(abs(found.value - times), 2 * found.error + 3e-4)

    def test_under_a_mask_and_locally_filtered_within_its_error(self) -> None:
        tight = cosine_mask(molecule(), SIZE_OF_VOXEL, 1.5, 4.5)
        blurred = ndimage.gaussian_filter(deposited(), 0.7)
        for changed in (deposited() * tight, tight * deposited() + (1 - tight) * blurred):
            found = find_magnification(cube(changed), cube(mean()), cube_of_mask())
            assert found is not None
            self.assertLess(abs(found.value - 1), 0.5e-2 + found.error)

    def test_beyond_what_is_looked_at(self) -> None:
        found = find_magnification(cube(stretched(deposited(), 1.12)), cube(mean()), cube_of_mask())
        self.assertTrue(found is None or found.correlation < 0.7)


class TestTransfer(unittest.TestCase):
    def measured(self, whole: Volume, shift: Triple = (0.0, 0.0, 0.0)) -> Transfer:
        spectra = fft.rfftn(halves()[0]), fft.rfftn(halves()[1])
        return measure_transfer(whole, spectra, mask(), SIZE_OF_VOXEL, shift=shift)

    def halves_curve(self) -> Reals:
        first, second = (fft.rfftn(half * mask()) for half in halves())
        return correlate(first, second, BOX, SIZE_OF_VOXEL).correlation

    def test_of_a_filter(self) -> None:
        found = self.measured(deposited())
        inside = found.frequency < 0.85 / RESOLUTION
        self.assertGreater(found.correlation[found.frequency < 1 / RESOLUTION].min(), 0.99)
        expected = np.exp(80 / 4 * found.frequency**2)
        ratio = (found.gain / expected)[inside]
        np.testing.assert_allclose(ratio / np.median(ratio), 1, rtol=0.1)
        self.assertAlmostEqual(found.cutoff or 0, RESOLUTION / 1.09, delta=0.1)
        sharp = found.sharpening(RESOLUTION, self.halves_curve())
        assert sharp is not None
        self.assertAlmostEqual(sharp.b_factor, 80, delta=max(10, 2 * sharp.error))
        self.assertEqual(sharp.coarsest, 2 * sharp.finest)
        self.assertGreater(min(found.agreement(RESOLUTION)), 0.995)

    def test_weights_are_no_blur(self) -> None:
        curve = np.clip(self.halves_curve(), 0.01, 1)
        shells = np.minimum(np.rint(frequency() * SIDE * VOXEL).astype(int), len(curve)) - 1
        weight = np.sqrt(2 * curve / (1 + curve))[np.maximum(shells, 0)]
        found = self.measured(apply_filter(mean(), weight.astype(np.float32)))
        sharp = found.sharpening(RESOLUTION, self.halves_curve())
        assert sharp is not None
        self.assertAlmostEqual(sharp.b_factor, 0, delta=max(10, 2 * sharp.error))
        self.assertIsNone(self.measured(mean()).cutoff)

    def test_scale_offset_and_shift_do_not_matter(self) -> None:
        plain = self.measured(deposited())
        for name, whole, shift in (
            ("scale", 300 * deposited(), (0.0,) * 3),
            ("offset", deposited() + np.float32(2), (0.0,) * 3),
            ("shift", moved(deposited(), (1.0, 0.5, -2.0)), (VOXEL, 0.5 * VOXEL, -2 * VOXEL)),
        ):
            with self.subTest(name):
                found = self.measured(whole, shift)
                near = found.frequency < 1 / RESOLUTION
                np.testing.assert_allclose(
                    found.correlation[near], plain.correlation[near], atol=0.02
                )
                self.assertAlmostEqual(found.cutoff or 0, plain.cutoff or 0, delta=0.02)

    def test_what_was_cut_out_is_not_compared(self) -> None:
        tight = cosine_mask(molecule(), SIZE_OF_VOXEL, 1.5, 4.5)
        cut = self.measured(deposited() * tight)
        self.assertGreater(cut.agreement(RESOLUTION)[1], CHECK.limit(PHASES).default)
        limited = uncut(mask(), deposited() * tight)
        self.assertEqual(float(limited[tight == 0].max()), 0)
        np.testing.assert_array_equal(uncut(mask(), deposited()), mask())

    def test_a_filter_that_changes_from_place_to_place(self) -> None:
        share = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None]
        blurred = apply_filter(deposited(), low_pass(frequency(), 2 * RESOLUTION))
        found = self.measured(deposited() + share * (blurred - deposited()))
        self.assertLess(found.agreement(RESOLUTION)[1], CHECK.limit(PHASES).default)

    def test_a_filter_that_changes_with_direction_leaves_phases(self) -> None:
        along = fft.fftfreq(SIDE, VOXEL)[:, None, None] / np.maximum(frequency(), 1e-9)
        found = self.measured(apply_filter(deposited(), np.exp(-3 * along**2)))
        correlation, phases = found.agreement(RESOLUTION)
        self.assertLess(correlation, 0.95)
        self.assertGreater(phases, CHECK.limit(PHASES).default)

    def test_beyond_the_data(self) -> None:
        first, second = (fft.rfftn(half * mask()) for half in halves())
        curve = correlate(first, second, BOX, SIZE_OF_VOXEL)
        quiet = self.measured(deposited()).beyond(RESOLUTION, 0.8, curve)
        sharpened = apply_filter(mean(), fall_off(frequency(), -80.0))
        loud = self.measured(sharpened).beyond(RESOLUTION, 0.8, curve)
        assert quiet is not None
        assert loud is not None
        self.assertLess(quiet, 1)
        self.assertGreater(loud, 10)
        self.assertIsNone(self.measured(mean()).beyond(3.1, 0.8, curve))

    def test_too_few_shells(self) -> None:
        self.assertIsNone(self.measured(deposited()).sharpening(30.0, self.halves_curve()))


class TestGainPlot(unittest.TestCase):
    def test_what_it_shows(self) -> None:
        x = np.linspace(0.01, 0.4, 40)
        gain = np.exp(100 / 4 * x**2)
        gain[30:] = [1e-9] * 9 + [np.nan]
        plot = gain_plot(x, gain, 3.3, 3.2, (100.0, 10.0, 3.8))
        measured, fitted = plot.series
        self.assertEqual(max(y for y in measured.y if y is not None), 1.0)
        self.assertEqual([y for y in measured.y[30:] if y is not None], [])
        near = [i for i, f in enumerate(x) if 0.1 <= f <= 1 / 3.8]
        np.testing.assert_allclose(
            np.array(fitted.y, float), np.array([measured.y[i] for i in near], float), rtol=1e-6
        )
        self.assertEqual((plot.bands[0].low, plot.bands[0].high), (0.1, 1 / 3.8))
        self.assertEqual([m.label for m in plot.marks][1], "low-pass at 3.2 Å")
        bare = gain_plot(x, gain, None, None, None)
        self.assertEqual((len(bare.series), bare.marks, bare.bands), (1, (), ()))


class TestCheck(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def judged(
        self,
        whole: Volume | None,
        first: Volume | None = None,
        second: Volume | None = None,
        *,
        resolution: float | None = RESOLUTION,
        size: Triple = SIZE_OF_VOXEL,
        drawn: bool = False,
    ) -> CheckResult:
        one, other = halves()
        given: dict[str, object] = {"resolution": resolution}
        volumes = {
            "half1": one if first is None else first,
            "half2": other if second is None else second,
        }
        if whole is not None:
            volumes["map"] = whole
        enclosed = np.count_nonzero(molecule()) // 2
        shown = volumes.get("map", (volumes["half1"] + volumes["half2"]) / 2)
        given["contour"] = float(np.partition(shown.ravel(), -enclosed)[-enclosed])
        for key, values in volumes.items():
            given[key] = self.folder / f"{key}.mrc"
            write_volume(given[key], values, size if key == "map" else SIZE_OF_VOXEL)  # type: ignore[arg-type]
        entry = prepare(Request.of(**given), self.folder / "entry")  # type: ignore[arg-type]
        if drawn:
            result = run_check(CHECK, entry, self.folder / "out")
        else:
            with mock.patch("vrs_scipion.figures.plotting.save_picture"):
                result = run_check(CHECK, entry, self.folder / "out")
        self.assertIsNot(result.outcome, Outcome.FAILED, result.reason)
        return result

    def failed(self, result: CheckResult) -> set[str]:
        return {c.key for c in result.criteria if c.role == "verdict" and not c.passed}

    def test_what_belongs_together(self) -> None:
        result = self.judged(deposited(), drawn=True)
        self.assertIs(result.outcome, Outcome.OK, result.warnings)
        self.assertIn("belong together", result.headline)
        value = {key: m.value for key, m in result.measurements.items()}
        self.assertEqual((value["best_permutation"], value["halves_best_permutation"]), (0, 0))
        for axis in "xyz":
            self.assertAlmostEqual(value[f"shift_{axis}"] or 0, 0, delta=0.05)
        self.assertLess(value["halves_shift"] or 0, 0.1)
        self.assertAlmostEqual(value["magnification"] or 0, 1, delta=1e-3)
        self.assertGreater(value["map_mean_fsc"] or 0, 0.995)
        self.assertGreater(value["map_mean_phases"] or 0, 0.997)
        self.assertAlmostEqual(value["sharpening_b"] or 0, 80, delta=12)
        self.assertAlmostEqual(value["lowpass_cutoff"] or 0, RESOLUTION / 1.09, delta=0.1)
        self.assertLess(value["beyond_data"] or 0, 1)
        self.assertEqual({f.key for f in result.figures}, {"transfer", "map_fsc"})
        for figure in result.figures:
            self.assertGreater((self.folder / "out" / figure.file).stat().st_size, 1000)
            plot = load_plot(self.folder / "out" / figure.plot)
            self.assertEqual(len(plot.series[0].x), len(result.tables["transfer"].rows))

    def test_mismatches_of_the_map(self) -> None:
        mirror = np.ascontiguousarray(deposited()[::-1])
        permuted = np.ascontiguousarray(deposited().transpose(2, 1, 0))
        for whole, resolution, key, words in (
            (permuted, RESOLUTION, MAP_POSE, "axes x and z exchanged (the other hand)"),
            (mirror, None, MAP_POSE, "mirrored along z (the other hand)"),
            (moved(deposited(), (0.0, 0.0, 3.0)), RESOLUTION, MAP_SHIFT, "beside"),
            (stretched(deposited(), 1.02), None, SIZE, "different size, by 2.0 %"),
        ):
            with self.subTest(words):
                result = self.judged(whole, resolution=resolution)
                self.assertEqual(self.failed(result), {key}, result.headline)
                self.assertIs(result.outcome, Outcome.WARNINGS)
                self.assertIn(words, result.headline)

    def test_small_shifts_and_masks_pass(self) -> None:
        for name, whole in (
            ("half a voxel", moved(deposited(), (0.0, 0.5, 0.0))),
            ("a mask", deposited() * mask()),
            ("blurred", apply_filter(deposited(), fall_off(frequency(), 200.0))),
        ):
            with self.subTest(name):
                result = self.judged(whole)
                self.assertIs(result.outcome, Outcome.OK, result.warnings)

    def test_another_map(self) -> None:
        result = self.judged(apply_filter(signal(50) + noise(51), low_pass(frequency(), 4.5)))
        self.assertEqual(self.failed(result), {PHASES})
        self.assertIn("does not come from these half maps", result.headline)

    def test_mismatches_of_the_halves(self) -> None:
        _, second = halves()
        for name, half, key in (
            ("mirrored", np.ascontiguousarray(second[..., ::-1]), HALVES_POSE),
            ("shifted", moved(second, (0.5, 0.0, 0.0)), HALVES_SHIFT),
        ):
            with self.subTest(name):
                result = self.judged(deposited(), second=half)
                self.assertEqual(self.failed(result), {key})
                self.assertIn("do not lie on each other", result.headline)
        result = self.judged(deposited(), second=-second)
        self.assertIs(result.outcome, Outcome.WARNINGS)
        self.assertIn("but for their sign", result.headline)

    def test_an_inverted_map(self) -> None:
        one, other = halves()
        result = self.judged(deposited(), -one, -other)
        self.assertIs(result.outcome, Outcome.WARNINGS)
        self.assertIn("but for their sign", result.headline)

    def test_noise_is_never_a_pass(self) -> None:
        one, other = noise(60), noise(61)
        for whole, resolution in ((deposited(), RESOLUTION), ((one + other) / 2, None), (None, 3)):
            result = self.judged(whole, one, other, resolution=resolution)
            self.assertIs(result.outcome, Outcome.UNDETERMINED)
            self.assertIn("no signal in common", result.headline)

    def test_nothing_to_compare(self) -> None:
        for whole, words in ((mean(), "nothing was done"), (None, "No map was given")):
            result = self.judged(whole)
            self.assertIs(result.outcome, Outcome.OK, result.warnings)
            self.assertIn(words, " ".join(result.paragraphs))
            self.assertNotIn("map_mean_fsc", result.measurements)
            self.assertEqual([c.key for c in result.criteria], [HALVES_POSE, HALVES_SHIFT])

    def test_noise_that_was_left(self) -> None:
        result = self.judged(apply_filter(mean(), fall_off(frequency(), -80.0)))
        (remark,) = (c for c in result.criteria if c.key == BEYOND)
        self.assertFalse(remark.passed)
        self.assertIn("own noise", remark.advice)
        self.assertIs(result.outcome, Outcome.OK, result.warnings)

    def test_a_map_on_another_grid(self) -> None:
        finer = resample(Density(deposited(), SIZE_OF_VOXEL), 1.3)
        cropped = np.ascontiguousarray(deposited()[4:-4, 3:-5, 2:-2])
        for values, size in ((finer.values, finer.voxel_size), (cropped, SIZE_OF_VOXEL)):
            result = self.judged(values, size=size)
            self.assertIs(result.outcome, Outcome.OK, result.warnings)
            self.assertIn("another grid", " ".join(result.paragraphs))

    def test_a_box_that_is_no_cube(self) -> None:
        part = np.s_[2:-1, 3:-4, 4:-2]
        whole, first, second = (
            np.ascontiguousarray(values[part]) for values in (deposited(), *halves())
        )
        result = self.judged(whole, first, second)
        self.assertIs(result.outcome, Outcome.OK, result.warnings)
        turned = np.ascontiguousarray(whole[::-1, ::-1])
        result = self.judged(turned, first, second)
        self.assertEqual(self.failed(result), {MAP_POSE})
        self.assertIn("turned by 180° about x", result.headline)

    def test_after_global_resolution(self) -> None:
        """The half maps' correlation under the mask is that of 1.a."""
        self.judged(deposited(), resolution=None)
        entry = Entry.at(self.folder / "entry")
        with mock.patch("vrs_scipion.figures.plotting.save_picture"):
            known = run_check(CHECKS["1.a"], entry, self.folder / "1.a")
            result = run_check(CHECK, entry, self.folder / "out", results={"1.a": known})
        self.assertIs(result.outcome, Outcome.OK, result.warnings)
        sharpening = result.measurements["sharpening_b"].value or 0
        error = result.measurements["sharpening_b_se"].value or 0
        self.assertAlmostEqual(sharpening, 80, delta=max(10, 2 * error))

    def test_order_of_the_halves_changes_nothing(self) -> None:
        one, other = halves()
        plain, swapped = (self.judged(deposited(), *pair) for pair in ((one, other), (other, one)))
        for key, measured in plain.measurements.items():
            self.assertAlmostEqual(
                measured.value or 0, swapped.measurements[key].value or 0, places=2, msg=key
            )


if __name__ == "__main__":
    unittest.main()
