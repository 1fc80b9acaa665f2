"""Correlation inside a mask against known truth, phases, permutations, and checks 1.a and 1.b."""

from __future__ import annotations

import itertools
import os
import tempfile
import unittest
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import fft, ndimage, stats

from vrs_scipion.checks import level1_a_fsc, level1_b_permutation
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.methods.fsc import (
    GOLD_STANDARD,
    HALF,
    FscCurve,
    Significance,
    UnderMask,
    corrected,
    correlate,
    crossings,
    expected_phase_residual,
    first_random_shell,
    modified_correlation,
    modified_correlations,
    phase_residual,
    significance,
)
from vrs_scipion.methods.fsc.permutation import adjusted, by_chance
from vrs_scipion.methods.shells import HalfSpectrum, Shells, half_spectrum, power_spectrum
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.files import load_plot, load_result
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.noisy_twins import (
    GRIDS,
    Molecule,
    NoisyTwins,
    Reals,
    ball,
    molecule,
    texture,
    whole_shells,
)

WHOLE_RUNS = bool(os.environ.get("VRS_WHOLE_RUNS"))


class InAMolecule:
    """Atoms at random in a ragged ball, in noise: what any mask holds of both is known.

    Parameters
    ----------
    edge : voxels of 1.5 Å
    share : radius of the ball, of half the box
    """

    voxel = 1.5
    resolution, width = 3.8, 0.02

    def __init__(self, edge: int, share: float, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        self.box, self.size = (edge,) * 3, (self.voxel,) * 3
        axes = [(np.arange(edge) - edge // 2) ** 2] * 3
        distance = np.sqrt(axes[0][:, None, None] + axes[1][:, None] + axes[2])
        rough = ndimage.gaussian_filter(self.generator.standard_normal(self.box), 2.5)
        rough *= 2 / rough.std()
        region = distance + rough < share * edge / 2
        self.envelope = ndimage.gaussian_filter(region.astype(float), 0.7)
        frequency = np.sqrt(
            sum(
                f**2
                for f in np.meshgrid(
                    *(fft.fftfreq(edge, 1.5), fft.fftfreq(edge, 1.5), fft.rfftfreq(edge, 1.5)),
                    indexing="ij",
                )
            )
        )
        self.signal = np.exp(-50 * frequency**2)
        odds = (1 / GOLD_STANDARD - 1) * np.exp((frequency - 1 / self.resolution) / self.width)
        self.noise = self.signal * np.sqrt(odds)
        self.masks = {
            "loose and soft": cosine_mask(region, self.size, 6.0, 9.0),
            "tight and soft": cosine_mask(region, self.size, 0.0, 6.0),
            "hard and ragged": (distance + rough[::-1] < 0.75 * share * edge / 2).astype(
                np.float32
            ),
        }

    def halves(self) -> tuple[Volume, Volume]:
        """Another molecule in the same envelope, in noise twice."""
        atoms = self._drawn(self.generator.standard_normal(self.box) * self.envelope, self.signal)
        one, other = (
            (atoms + self._drawn(self.generator.standard_normal(self.box), self.noise)).astype(
                np.float32
            )
            for _ in range(2)
        )
        return one, other

    def _drawn(self, white: Reals, amplitude: Reals) -> Reals:
        return np.asarray(fft.irfftn(fft.rfftn(white) * amplitude, s=self.box), np.float64)

    def truth(self, mask: Volume) -> float:
        """Å at which the correlation in a mask, by power, is 0.143.

        Power of the signal lies where its envelope is, that of the noise everywhere.
        """
        weight = np.square(mask, dtype=np.float64)
        held = (weight * self.envelope**2).sum() / weight.sum()
        return float(1 / (1 / self.resolution + self.width * np.log(held)))


class TestInsideAMask(unittest.TestCase):
    def test_the_truth_for_loose_tight_and_ragged_masks(self) -> None:
        """Within 0.03 Å and the error of the draws, where maps under the mask may be far off."""
        self.hold(InAMolecule(64, 0.65, 50), 5)

    @unittest.skipUnless(WHOLE_RUNS, "takes minutes; VRS_WHOLE_RUNS=1 runs it")
    def test_the_truth_at_whole_size(self) -> None:
        for share in (0.6, 0.4):
            self.hold(InAMolecule(128, share, 51), 8)

    def hold(self, pair: InAMolecule, draws: int) -> None:
        found: dict[str, list[float]] = {name: [] for name in pair.masks}
        plain: dict[str, list[float]] = {name: [] for name in pair.masks}
        for _ in range(draws):
            halves = pair.halves()
            spectra = (half_spectrum(halves[0]), half_spectrum(halves[1]))
            for name, mask in pair.masks.items():
                curve = modified_correlation(*spectra, mask, pair.size)
                found[name].append(curve.resolution(GOLD_STANDARD) or np.nan)
                masked = UnderMask.of(mask, pair.size).correlation(*halves)
                plain[name].append(masked.resolution(GOLD_STANDARD) or 2 * pair.voxel)
        for name, mask in pair.masks.items():
            with self.subTest(name):
                error = np.std(found[name]) / np.sqrt(draws - 1)
                self.assertLess(abs(np.mean(found[name]) - pair.truth(mask)), 0.03 + 2 * error)
                self.assertLess(error, 0.04)
        ragged = pair.truth(pair.masks["hard and ragged"])
        self.assertLess(np.mean(plain["hard and ragged"]), ragged - 0.3)

    def test_its_error_is_as_large_as_it_says(self) -> None:
        """Of noise alone, and where signal is as strong as noise."""
        pair = InAMolecule(48, 0.7, 52)
        under = [UnderMask.of(mask, pair.size) for mask in pair.masks.values()]
        generator = np.random.default_rng(53)
        for share in (0.0, 0.5):
            scores: list[list[Reals]] = [[] for _ in under]
            for _ in range(24):
                common, *noises = (
                    generator.standard_normal(pair.box, dtype=np.float32) for _ in range(3)
                )
                first, second = (
                    half_spectrum(np.sqrt(share) * common + np.sqrt(1 - share) * noise)
                    for noise in noises
                )
                for score, curve in zip(
                    scores, modified_correlations(first, second, under), strict=True
                ):
                    error = (1 - share**2) / np.sqrt(curve.samples)
                    score.append(((curve.correlation - share) / error)[2:])
            for name, score in zip(pair.masks, scores, strict=True):
                with self.subTest(name, share=share):
                    ratio = float(np.mean(np.square(score)))
                    self.assertGreater(ratio, 0.8)
                    self.assertLess(ratio, 1.2)

    def test_a_symmetry_leaves_fewer_independent_samples(self) -> None:
        pair = InAMolecule(40, 0.7, 54)
        first, second = map(half_spectrum, pair.halves())
        mask = pair.masks["tight and soft"]
        plain, four = (
            modified_correlation(first, second, mask, pair.size, order=order) for order in (1, 4)
        )
        np.testing.assert_array_equal(plain.correlation, four.correlation)
        np.testing.assert_allclose(plain.samples, 4 * four.samples)

    def test_with_itself_it_is_1(self) -> None:
        for box, voxel in GRIDS:
            values = texture(box, voxel, np.random.default_rng(55)).astype(np.float32)
            mask = cosine_mask(ball(box, voxel, (9.0, 9.0, 9.0)), voxel, 0.0, 4.0)
            spectrum = half_spectrum(values)
            curve = modified_correlation(spectrum, 3 * spectrum, mask, voxel)
            np.testing.assert_allclose(curve.correlation, 1, atol=1e-5)
            self.assertIsNone(curve.resolution(GOLD_STANDARD))

    def test_of_signal_in_noise_in_any_box(self) -> None:
        """Of a signal that fills the box a mask sees the same correlation as the whole box."""
        for (box, voxel), resolution in zip(GRIDS, (3.6, 4.2, 4.5), strict=True):
            signal = texture(box, voxel, np.random.default_rng(56))
            mask = cosine_mask(ball(box, voxel, (13.0, 13.0, 13.0)), voxel, 0.0, 5.0)
            twins = NoisyTwins(signal, voxel, resolution, seed=57)
            scores = []
            for _ in range(6):
                curve = modified_correlation(
                    half_spectrum(twins.half()), half_spectrum(twins.half()), mask, voxel
                )
                longest = max(n * s for n, s in zip(box, voxel, strict=True))
                truth = np.interp(
                    curve.frequency, np.arange(twins.truth.size) / longest, twins.truth
                )
                scores.append((curve.correlation - truth) / curve.standard_error)
            with self.subTest(box=box):
                self.assertLess(np.abs(np.mean(scores, axis=0)).max(), 2.5)
                self.assertLess(float(np.mean(np.square(scores))), 2)

    def test_scale_offset_sign_order_and_axes_do_not_matter(self) -> None:
        for box, voxel in GRIDS:
            twins = NoisyTwins(texture(box, voxel, np.random.default_rng(58)), voxel, 4.0, seed=59)
            one, other = twins.half(), twins.half()
            mask = cosine_mask(ball(box, voxel, (9.0, 8.0, 11.0)), voxel, 0.0, 5.0)
            plain = self.curves(one, other, mask, voxel)
            for name, first, second in (
                ("scale and offset", 1e4 * one, 1e-5 * other),
                ("offset", one + np.float32(2), other - np.float32(3)),
                ("sign", -one, -other),
                ("order", other, one),
            ):
                with self.subTest(name, box=box):
                    self.same(self.curves(first, second, mask, voxel), plain)
            for axes in itertools.permutations(range(3)):
                turned = [np.ascontiguousarray(v.transpose(axes)[::-1]) for v in (one, other, mask)]
                size = (voxel[axes[0]], voxel[axes[1]], voxel[axes[2]])
                with self.subTest(axes=axes, box=box):
                    self.same(self.curves(turned[0], turned[1], turned[2], size), plain)

    def curves(self, one: Volume, other: Volume, mask: Volume, voxel: Triple) -> list[FscCurve]:
        """Under a mask, with random phases, and by bands."""
        spectra = (half_spectrum(one), half_spectrum(other))
        under = UnderMask.of(mask, voxel)
        return [
            under.correlation(one, other),
            under.randomised(*spectra, 5),
            *modified_correlations(*spectra, [under]),
        ]

    def same(self, found: Sequence[FscCurve], expected: Sequence[FscCurve]) -> None:
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.correlation, other.correlation, atol=2e-3)
            np.testing.assert_allclose(one.samples, other.samples, rtol=1e-4)
            np.testing.assert_allclose(one.frequency, other.frequency, rtol=1e-6)

    def test_a_larger_box_has_the_same_resolution(self) -> None:
        pair = InAMolecule(48, 0.6, 60)
        found = []
        for _ in range(4):
            halves = pair.halves()
            mask = pair.masks["tight and soft"]
            generator = np.random.default_rng(61)
            for pad in (0, 12):
                box = tuple(n + 2 * pad for n in pair.box)
                inside = tuple(slice(pad, pad + n) for n in pair.box)
                spectra = []
                for half in halves:
                    large = generator.normal(0, half[0].std(), box).astype(np.float32)
                    large[inside] = half
                    spectra.append(half_spectrum(large))
                wide = np.zeros(box, np.float32)
                wide[inside] = mask
                curve = modified_correlation(spectra[0], spectra[1], wide, pair.size)
                found.append(curve.resolution(GOLD_STANDARD) or 0)
        small, large = np.reshape(found, (4, 2)).mean(axis=0)
        self.assertAlmostEqual(small, large, delta=0.06)


class TestRandomPhases(unittest.TestCase):
    def test_the_average_over_draws(self) -> None:
        pair = InAMolecule(48, 0.6, 62)
        halves = pair.halves()
        first, second = (half_spectrum(half + np.float32(3)) for half in halves)
        unmasked = correlate(first, second, pair.box, pair.size)
        shell = first_random_shell(unmasked)
        assert shell is not None
        self.assertLess(unmasked.correlation[shell - 1], 0.8)
        self.assertGreater(unmasked.correlation[: shell - 1].min(), 0.8)
        shells = Shells(pair.box, pair.size)
        places = np.stack([shells.places(z) for z in range(pair.box[0])])
        for name, mask in pair.masks.items():
            under = UnderMask.of(mask, pair.size)
            draws = []
            for _ in range(12):
                one, other = (self.randomised(s, places >= shell, pair) for s in (first, second))
                draws.append(under.correlation(one, other).correlation)
            drawn = np.array(draws)
            expected = under.randomised(first, second, shell).correlation
            error = drawn.std(axis=0) / np.sqrt(11)
            with self.subTest(name):
                difference = (drawn.mean(axis=0) - expected)[shell + 1 :]
                self.assertLess(np.abs(difference).max(), 0.06)
                self.assertLess(abs(difference.mean()), 0.02)
                self.assertLess(float(np.mean(np.square(difference / error[shell + 1 :]))), 6)

    def randomised(
        self, spectrum: HalfSpectrum, where: NDArray[np.bool_], pair: InAMolecule
    ) -> Volume:
        """A map with the phases of noise in some shells."""
        noise = half_spectrum(pair.generator.standard_normal(pair.box, dtype=np.float32))
        random = np.where(where, np.abs(spectrum) * noise / np.abs(noise), spectrum)
        values: Volume = fft.irfftn(random, s=pair.box).astype(np.float32)
        return values

    def test_correction(self) -> None:
        frequency, samples = np.arange(1, 9) / 10, np.full(8, 100.0)
        masked = FscCurve(frequency, np.array([1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 1.0]), samples)
        random = np.array([1, 0.9, 0.7, 0.5, 0.2, 0.1, 0.0, 0.9999])
        found = corrected(masked, replace(masked, correlation=random), 3).correlation
        expected = [1, 0.9, 0.8, 0.7, 0.6, 4 / 9, 0.4, np.nan]
        np.testing.assert_allclose(found, expected)

    def test_a_curve_that_never_falls_has_none(self) -> None:
        curve = FscCurve(np.arange(1, 4) / 10, np.array([1, 0.9, 0.81]), np.ones(3))
        self.assertIsNone(first_random_shell(curve))


class TestPhases(unittest.TestCase):
    def test_expected_of_a_correlation(self) -> None:
        correlations = np.array([0, 0.05, 0.143, 1 / 3, 0.5, 0.7, 0.9, 1, -1])
        expected = [103.9, 100.7, 94.7, 81.7, 69.2, 51.9, 28.4, 0, 180]
        np.testing.assert_allclose(expected_phase_residual(correlations), expected, atol=0.05)

    def test_measured_as_expected(self) -> None:
        generator = np.random.default_rng(63)
        box, voxel = (44, 48, 42), (1.0, 1.1, 1.2)
        for share in (0.0, 0.143, 0.5, 0.9):
            common, *noises = (generator.standard_normal(box, dtype=np.float32) for _ in range(3))
            first, second = (
                half_spectrum(np.sqrt(share) * common + np.sqrt(1 - share) * noise)
                for noise in noises
            )
            residual = phase_residual(first, second, box, voxel)
            expected = float(expected_phase_residual(np.array([share]))[0])
            self.assertAlmostEqual(float(residual[8:].mean()), expected, delta=1)
            turned = phase_residual(second, 5 * first, box, voxel)
            np.testing.assert_allclose(turned, residual, rtol=1e-3)


class TestSignificance(unittest.TestCase):
    pair = InAMolecule(32, 0.7, 64)
    under = UnderMask.of(pair.masks["loose and soft"], pair.size)

    def tried(self, first: Volume, second: Volume, seed: int = 1) -> Significance:
        spectra = self.under.spectra(first, second)
        curve = self.under.curve(*spectra)
        return significance(*spectra, self.under.shells, curve, 0.01, seed)

    def test_noise_has_no_signal(self) -> None:
        generator = np.random.default_rng(65)
        p, variances = [], []
        for _ in range(6):
            first, second = (
                generator.standard_normal(self.pair.box, dtype=np.float32) for _ in range(2)
            )
            tested = self.tried(first, second)
            self.assertFalse(tested.holds)
            self.assertIsNone(tested.resolution)
            self.assertGreater(tested.permuted, 5)
            p.append(tested.p[np.isfinite(tested.p)])
            variances.append(tested.variance)
        self.assertAlmostEqual(float(np.mean(variances)), 1, delta=0.05)
        self.assertGreater(stats.kstest(np.concatenate(p), "uniform").pvalue, 1e-3)

    def test_signal_ends_where_it_does(self) -> None:
        first, second = self.pair.halves()
        tested = self.tried(first, second)
        self.assertTrue(tested.holds)
        falls, found = tested.curve.resolution(GOLD_STANDARD), tested.resolution
        assert falls is not None
        assert found is not None
        self.assertLessEqual(found, falls + 0.2)
        self.assertGreater(found, 0.7 * falls)
        last = int(np.flatnonzero(np.isclose(1 / tested.curve.frequency, found))[0])
        known = np.isfinite(tested.adjusted[: last + 1])
        self.assertLessEqual(tested.adjusted[: last + 1][known].max(), 0.01)
        self.assertGreater(tested.adjusted[last + 1], 0.01)
        above = tested.curve.correlation >= tested.critical
        np.testing.assert_array_equal(
            above[np.isfinite(tested.p)], (tested.adjusted <= 0.01)[np.isfinite(tested.p)]
        )

    def test_copies_agree_to_the_end(self) -> None:
        first, _ = self.pair.halves()
        tested = self.tried(first, first)
        self.assertTrue(tested.holds)
        self.assertIsNone(tested.resolution)

    def test_the_same_seed_the_same_numbers(self) -> None:
        generator = np.random.default_rng(66)
        first, second = (
            generator.standard_normal(self.pair.box, dtype=np.float32) for _ in range(2)
        )
        one, again, other = (self.tried(first, second, seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one.p, again.p)
        self.assertTrue((one.p != other.p).any())
        known = np.isfinite(one.p)
        np.testing.assert_allclose(one.p[known], other.p[known], atol=0.08)

    def test_chance_by_draws(self) -> None:
        generator = np.random.default_rng(67)
        vectors = generator.standard_normal((20000, 2, 30))
        cosine = (vectors[:, 0] * vectors[:, 1]).sum(axis=1)
        cosine /= np.sqrt(np.prod(np.square(vectors).sum(axis=2), axis=1))
        p = by_chance(cosine, np.full_like(cosine, 30.0))
        self.assertGreater(stats.kstest(p, "uniform").pvalue, 1e-3)
        known = by_chance(np.array([0.5, 1.0, np.nan, 0.5]), np.array([30.0, 30.0, 30.0, 19.0]))
        np.testing.assert_array_equal(np.isfinite(known), [True, True, False, False])
        self.assertEqual(known[1], 0)

    @settings(max_examples=60, deadline=None)
    @given(p=st.lists(st.one_of(st.floats(0, 1), st.just(np.nan)), min_size=1, max_size=30))
    def test_benjamini_and_yekutieli(self, p: list[float]) -> None:
        rates = adjusted(np.array(p))
        known = [value for value in p if np.isfinite(value)]
        tests = len(known)
        harmonic = sum(1 / n for n in range(1, tests + 1))
        for value, rate in zip(p, rates.tolist(), strict=True):
            if not np.isfinite(value):
                self.assertTrue(np.isnan(rate))
                continue
            raised = [
                other * tests * harmonic / sum(one <= other for one in known)
                for other in known
                if other >= value
            ]
            self.assertAlmostEqual(rate, min(1.0, *raised, 1.0), places=9)


# ----------------------------------------------------------------------- the checks


def masked_truth(of: Molecule, twins: NoisyTwins, mask: Volume, draws: int = 6) -> FscCurve:
    """What the correlation under a mask is on average: of the signal's and the noise's power."""
    solvent = of.values[mask == 0].mean()
    frequency, signal = power_spectrum((of.values - solvent) * mask, of.voxel)
    noise = np.mean(
        [power_spectrum(twins.noise() * mask, of.voxel)[1] for _ in range(draws)], axis=0
    )
    return FscCurve(frequency, signal / (signal + noise), np.ones_like(frequency))


class CheckTest(unittest.TestCase):
    check: Check
    resolution = 5.5

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
        symmetry: str = "",
    ) -> Entry:
        whole = of or molecule()
        paths = {
            key: write(
                self.folder / f"{key}.mrc", mrc_bytes(values, voxel_size=whole.voxel, axes=axes)
            )
            for key, values in zip(("map", "half1", "half2"), (whole.values, *halves), strict=True)
        }
        request = Request.of(**paths, contour=whole.contour, resolution=resolution)
        if symmetry:
            request = Request.of(
                **paths, contour=whole.contour, resolution=resolution, symmetry=symmetry
            )
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
        return self.of_entry(self.prepared(halves, resolution, of, axes), **limits)

    def of_entry(self, entry: Entry, **limits: float) -> CheckResult:
        with mock.patch("vrs_scipion.figures.plotting.save_picture"):
            result = run_check(self.check, entry, self.folder / "out", limits=limits)
        self.assertIsNot(result.outcome, Outcome.FAILED, result.reason)
        return result

    def twins(self, of: Molecule | None = None, resolution: float | None = None) -> NoisyTwins:
        whole = of or molecule()
        return NoisyTwins(whole.values, whole.voxel, resolution or self.resolution, 19)

    def halves(self) -> list[Volume]:
        twins = self.twins()
        return [twins.half() for _ in range(2)]

    def claimed(self, entry: Entry, resolution: float | None) -> CheckResult:
        """The result of the same half maps with another reported resolution."""
        other = Entry(entry.folders)
        other._records["map"] = entry.map.model_copy(update={"resolution": resolution})
        return self.of_entry(other)

    def same(self, result: CheckResult, other: CheckResult, but: Sequence[str] = ()) -> None:
        self.assertIs(result.outcome, other.outcome)
        for key in set(other.measurements) - set(but):
            with self.subTest(key):
                expected = other.measurements[key].value
                found = result.measurements[key].value
                if expected is None or found is None:
                    self.assertEqual(found, expected)
                else:
                    self.assertAlmostEqual(found, expected, delta=2e-3 * max(1, abs(expected)))

    def noises(self) -> Iterator[list[Volume]]:
        """Half maps that hold nothing but noise, white or not."""
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


def measured(result: CheckResult, key: str) -> float:
    """A number that is there."""
    value = result.measurements[key].value
    assert value is not None, key
    return value


class TestGlobalResolution(CheckTest):
    check = level1_a_fsc.CHECK

    def test_agrees_with_the_truth(self) -> None:
        for of in (molecule(), molecule((47, 66, 50), (1.6, 1.25, 1.5))):
            twins = self.twins(of)
            with self.subTest(voxel=of.voxel):
                entry = self.prepared([twins.half(), twins.half()], self.resolution, of)
                result = self.of_entry(entry)
                both = entry.half_maps()
                self.assertIs(result.outcome, Outcome.OK, result.warnings)
                found = measured(result, "resolution_unmasked")
                self.assertAlmostEqual(found, self.resolution, delta=0.04 * self.resolution)
                truth = masked_truth(of, twins, both.mask)
                for level, suffix in ((GOLD_STANDARD, ""), (HALF, "_05")):
                    expected = truth.resolution(level)
                    assert expected is not None
                    for name in ("masked", "corrected", "mfsc"):
                        found = measured(result, f"resolution_{name}{suffix}")
                        self.assertAlmostEqual(found, expected, delta=0.05 * expected)
                held = float(np.square(of.values[both.hard]).sum() / np.square(of.values).sum())
                unmasked = 1 / twins.truth[1:] - 1
                inside = 1 / (1 + unmasked * both.hard.mean() / held)
                frequency = np.arange(1, inside.size + 1) / max(
                    n * s for n, s in zip(of.values.shape, of.voxel, strict=True)
                )
                expected = FscCurve(frequency, inside, np.ones_like(inside)).resolution(
                    GOLD_STANDARD
                )
                assert expected is not None
                found = measured(result, "resolution_inside")
                self.assertAlmostEqual(found, expected, delta=0.04 * expected)
                self.assertLess(found, measured(result, "resolution_masked"))
                finest = result.measurements["resolution_inside_low"].value
                self.assertLess(finest or 0, found)
                self.assertGreater(measured(result, "resolution_inside_high"), found)
                self.assertLess(abs(measured(result, "nyquist_correlation")), 0.15)
                self.assertEqual(measured(result, "nyquist_limited"), 0)

    def test_what_it_writes(self) -> None:
        entry = self.prepared(self.halves(), self.resolution)
        result = run_check(self.check, entry, self.folder / "out", threads=2)
        self.assertIs(result.outcome, Outcome.OK, result.reason)
        self.assertEqual(load_result(self.folder / "out"), result)
        self.assertEqual(set(result.inputs), {"map", "half_maps"})
        names = ("unmasked", "masked", "corrected", "mfsc", "inside")
        self.assertEqual(
            set(result.measurements),
            {
                *(f"resolution_{n}{end}" for n in names for end in ("", "_05", "_last")),
                *(f"resolution_{n}_{end}" for n in names[3:] for end in ("low", "high")),
                *(f"resolution_{name}" for name in ("half_bit", "ssnr1", "09")),
                *("dpr_45", "nyquist_limited", "redundancy", "nyquist_correlation"),
            },
        )
        found = measured(result, "resolution_inside")
        estimate = result.resolution_estimate
        assert estimate is not None
        self.assertEqual((estimate.method, estimate.value), ("FSC of the half maps", found))
        self.assertIn("supported by", result.headline)
        self.assertIn(f"{found:.2f} Å", result.headline)
        self.assertEqual([f.key for f in result.figures], ["fsc", "fsc_mask", "ssnr", "dpr"])
        for figure in result.figures:
            self.assertGreater((self.folder / "out" / figure.file).stat().st_size, 1000)
            assert figure.plot is not None
            plot = load_plot(self.folder / "out" / figure.plot)
            self.assertIn(1 / self.resolution, [mark.value for mark in plot.marks])
        columns = [column.key for column in result.tables["fsc"].columns]
        rows = np.array(result.tables["fsc"].rows, float)
        at = dict(zip(columns, rows.T, strict=True))
        self.assertEqual(
            set(columns),
            {
                *("frequency", "resolution", "n_eff", "unmasked", "masked", "randomised"),
                *("corrected", "mfsc", "mfsc_se", "inside", "inside_se", "half_bit", "ssnr"),
                *("dpr", "dpr_expected"),
            },
        )
        shells = whole_shells((56, 60, 54), (1.4,) * 3)[0]
        counts = np.bincount(shells.ravel())[1 : len(rows) + 1]
        np.testing.assert_allclose(at["n_eff"] * measured(result, "redundancy"), counts)
        np.testing.assert_allclose(at["frequency"], np.arange(1, len(rows) + 1) / 84)
        (again,) = crossings(at["frequency"].tolist(), at["masked"].tolist(), GOLD_STANDARD)
        self.assertAlmostEqual(1 / again, measured(result, "resolution_masked"), places=9)
        known = np.isfinite(at["inside"])
        self.assertGreater(known.mean(), 0.75)
        np.testing.assert_allclose(
            at["ssnr"][known], (2 * at["inside"] / (1 - at["inside"]))[known]
        )
        difference = np.abs(at["dpr"] - at["dpr_expected"])
        self.assertLess(difference[3:].max(), 12)

    def test_claims(self) -> None:
        twins = self.twins(resolution=7.0)
        entry = self.prepared([twins.half(), twins.half()], self.resolution)
        found = measured(self.of_entry(entry), "resolution_inside")
        finest = measured(self.of_entry(entry), "resolution_inside_low")
        for claim, failing in (
            (found, set()),
            (0.96 * finest, set()),
            (0.94 * finest, {"interval_share"}),
            (0.78 * found, {"interval_share", "reported_share"}),
            (2.7, {"interval_share", "reported_share", "nyquist_share"}),
            (2 * found, set()),
        ):
            with self.subTest(claim=claim):
                result = self.claimed(entry, claim)
                failed = {c.key for c in result.criteria if not c.passed}
                self.assertEqual(failed, failing)
                self.assertIs(result.outcome, Outcome.WARNINGS if failing else Outcome.OK)
                if failing:
                    self.assertIn("goes beyond the half maps", result.headline)
                    self.assertTrue(all(c.advice for c in result.criteria if not c.passed))
        self.assertIn("coarser than what the half maps hold", " ".join(result.paragraphs))

    def test_without_a_claim(self) -> None:
        result = self.judged(self.halves(), None)
        self.assertIs(result.outcome, Outcome.OK)
        self.assertEqual([c.key for c in result.criteria], ["size_share", "comes_back"])
        self.assertIn("The half maps agree to", result.headline)
        assert result.resolution_estimate is not None
        self.assertEqual(result.resolution_estimate.value, measured(result, "resolution_inside"))

    def test_a_symmetry_widens_the_interval(self) -> None:
        halves = self.halves()
        plain = self.judged(halves, self.resolution)
        four = self.of_entry(self.prepared(halves, self.resolution, symmetry="C4"))
        self.assertIn("No symmetry was given", " ".join(plain.paragraphs))
        self.assertNotIn("No symmetry was given", " ".join(four.paragraphs))
        key = "resolution_inside"
        self.assertEqual(measured(four, key), measured(plain, key))
        self.assertLess(measured(four, f"{key}_low"), measured(plain, f"{key}_low"))
        self.assertGreater(measured(four, f"{key}_high"), measured(plain, f"{key}_high"))

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

    def test_copies_cannot_be_told(self) -> None:
        half, _ = self.halves()
        for name, copy in (("scaled", 3 * half), ("moved", 2 * half + 5)):
            for resolution in (self.resolution, None):
                with self.subTest(name, resolution=resolution):
                    result = self.judged((half, copy), resolution)
                    self.assertIs(result.outcome, Outcome.UNDETERMINED)
                    self.assertIn("copies of each other", result.reason)
                    self.assertIsNone(result.measurements["resolution_inside"].value)
                    self.assertEqual(measured(result, "nyquist_limited"), 1)
                    self.assertGreater(measured(result, "nyquist_correlation"), 0.999)
                    self.assertIsNone(result.resolution_estimate)
                    self.assertEqual((result.criteria, result.warnings), ((), ()))

    def test_noise_that_is_shared_is_no_resolution(self) -> None:
        twins = self.twins(resolution=8.0)
        common = np.sqrt(0.4) * twins.noise()
        halves = [twins.signal + common + np.sqrt(0.6) * twins.noise() for _ in range(2)]
        for resolution in (self.resolution, None):
            result = self.judged(halves, resolution)
            self.assertIs(result.outcome, Outcome.UNDETERMINED)
            self.assertIn("not independent", result.reason)

    def test_a_curve_that_ends_before_it_falls(self) -> None:
        """Voxels too coarse for what they hold: OK for a claim that they can hold."""
        twins = self.twins(resolution=2.3)
        entry = self.prepared([twins.half(), twins.half()], 2.85)
        result = self.of_entry(entry)
        self.assertIs(result.outcome, Outcome.OK, (result.reason, result.warnings))
        self.assertEqual(measured(result, "nyquist_limited"), 1)
        self.assertIsNone(result.resolution_estimate)
        self.assertIn("as far as their voxels reach", result.headline)
        self.assertIs(self.claimed(entry, None).outcome, Outcome.OK)
        beyond = self.claimed(entry, 2.4)
        failed = {c.key for c in beyond.criteria if not c.passed}
        self.assertIn("nyquist_share", failed)
        coarse = self.claimed(entry, 5.0)
        self.assertIs(coarse.outcome, Outcome.UNDETERMINED)
        self.assertIn("though 5\u00a0Å is reported", coarse.reason)

    def test_correlation_that_comes_back(self) -> None:
        of = molecule()
        place, longest = whole_shells(of.values.shape, of.voxel)
        band = (place > 0.26 * longest) & (place < 0.29 * longest)
        twins = self.twins(resolution=8.0)
        common = 2 * fft.ifftn(fft.fftn(twins.noise()) * band).real
        result = self.judged([twins.half() + common for _ in range(2)], self.resolution)
        self.assertIs(result.outcome, Outcome.WARNINGS)
        (failed,) = [c for c in result.criteria if not c.passed]
        self.assertEqual(failed.key, "comes_back")
        self.assertIn("comes back after it has fallen", result.headline)
        last = measured(result, "resolution_inside_last")
        self.assertAlmostEqual(last, 1 / 0.29, delta=0.25)
        self.assertGreater(measured(result, "resolution_inside"), last + 0.3)

    def test_the_deposited_curve(self) -> None:
        entry = self.prepared(self.halves(), self.resolution)
        plain = self.of_entry(entry)
        table = plain.tables["fsc"]
        at = dict(zip([c.key for c in table.columns], np.array(table.rows, float).T, strict=True))
        for moved, words in ((0.02, "they agree"), (0.3, "of other half maps")):
            curve = (at["frequency"], np.clip(at["masked"] - moved, -1, 1))
            with mock.patch.object(Entry, "deposited_fsc", return_value=curve):
                result = run_check(self.check, entry, self.folder / "out")
            self.assertAlmostEqual(measured(result, "deposited_deviation"), moved, delta=0.05)
            self.assertIn(words, " ".join(result.paragraphs))
            self.assertIs(result.outcome, plain.outcome)
            plot = load_plot(self.folder / "out" / "fsc.plot.json")
            self.assertIn("deposited", [series.name for series in plot.series])

    def test_noise_is_no_signal(self) -> None:
        for number, halves in enumerate(self.noises()):
            entry = self.prepared(halves, 6.0)
            for resolution in (2.8, 6.0, 20.0, None):
                with self.subTest(number, resolution=resolution):
                    result = self.claimed(entry, resolution)
                    self.assertIs(result.outcome, Outcome.WARNINGS)
                    (signal,) = result.criteria
                    self.assertEqual((signal.key, signal.passed), ("size_share", False))
                    self.assertIn("no signal in common", result.headline)
                    self.assertIsNone(result.resolution_estimate)

    def test_without_half_maps(self) -> None:
        entry = self.prepared(self.halves(), self.resolution)
        alone = Entry({"map": entry.folders["map"]})
        with self.assertRaisesRegex(ValueError, "needs an input that is not there: half_maps"):
            run_check(self.check, alone, self.folder / "out")


class TestPermutation(CheckTest):
    check = level1_b_permutation.CHECK

    def test_what_it_writes(self) -> None:
        entry = self.prepared(self.halves(), self.resolution)
        result = run_check(self.check, entry, self.folder / "out", threads=2)
        self.assertIs(result.outcome, Outcome.OK, result.reason)
        self.assertEqual(load_result(self.folder / "out"), result)
        found = measured(result, "resolution_fdr")
        self.assertLess(found, measured(result, "resolution_masked"))
        self.assertGreater(found, 0.8 * measured(result, "resolution_masked"))
        self.assertAlmostEqual(measured(result, "permuted_variance"), 1, delta=0.15)
        assert result.resolution_estimate is not None
        self.assertEqual(result.resolution_estimate.value, found)
        self.assertEqual([figure.key for figure in result.figures], ["significance", "chance"])
        columns = [column.key for column in result.tables["significance"].columns]
        at = dict(zip(columns, np.array(result.tables["significance"].rows, float).T, strict=True))
        last = int(np.flatnonzero(np.isclose(1 / at["frequency"], found))[0])
        self.assertLessEqual(np.nanmax(at["p_adjusted"][: last + 1]), 0.01)
        self.assertGreater(at["p_adjusted"][last + 1], 0.01)
        self.assertTrue((at["fsc"] >= at["fsc_critical"])[3 : last + 1].all())
        self.assertEqual(result.engine.arguments["seed"], level1_b_permutation.SEED)

    def test_claims(self) -> None:
        entry = self.prepared(self.halves(), self.resolution)
        found = measured(self.of_entry(entry), "resolution_fdr")
        for claim, passed in ((found, True), (0.81 * found, True), (0.79 * found, False)):
            result = self.claimed(entry, claim)
            self.assertIs(result.outcome, Outcome.OK if passed else Outcome.WARNINGS)
            share = next(c for c in result.criteria if c.key == "reported_share")
            self.assertIs(share.passed, passed)
        self.assertIs(self.claimed(entry, None).outcome, Outcome.OK)

    def test_scale_offset_sign_and_order_change_no_number(self) -> None:
        one, other = self.halves()
        plain = self.judged((one, other), self.resolution)
        for name, halves in (
            ("scale and offset of one", (30 * one + 20, other)),
            ("sign of both", (-one, -other)),
        ):
            with self.subTest(name):
                # other files are drawn another order
                self.same(self.judged(halves, self.resolution), plain, ("permuted_variance",))
        self.same(self.judged((other, one), self.resolution), plain)

    def test_noise_is_no_signal(self) -> None:
        for number, halves in enumerate(self.noises()):
            entry = self.prepared(halves, 6.0)
            for resolution in (6.0, None):
                with self.subTest(number, resolution=resolution):
                    result = self.claimed(entry, resolution)
                    self.assertIs(result.outcome, Outcome.WARNINGS)
                    (signal,) = result.criteria
                    self.assertEqual((signal.key, signal.passed), ("chance_highest", False))
                    self.assertIn("no common signal", result.headline)
                    self.assertIsNone(result.resolution_estimate)

    def test_copies_cannot_be_told(self) -> None:
        half, _ = self.halves()
        result = self.judged((half, 3 * half), self.resolution)
        self.assertIs(result.outcome, Outcome.UNDETERMINED)
        self.assertIsNone(result.measurements["resolution_fdr"].value)
        self.assertIsNone(result.resolution_estimate)
        self.assertIn("as far as their voxels reach", result.headline)


if __name__ == "__main__":
    unittest.main()
