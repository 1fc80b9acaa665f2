"""The resolution networks and check 0.e: filters that are known, scale, tiles, error bars."""

from __future__ import annotations

import tempfile
import unittest
from dataclasses import replace
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import fft

import vrs_scipion
from vrs_scipion.checks.level0_e_deepres import (
    CHECK,
    ERROR_FILE,
    VOLUME_FILE,
)
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Density, Mask
from vrs_scipion.maps.fourier import resample, resample_at
from vrs_scipion.maps.masks import hard_mask
from vrs_scipion.maps.reading import read_density
from vrs_scipion.maps.trilinear import interpolate, neighbours
from vrs_scipion.methods import network_file
from vrs_scipion.methods.engine import EngineUnavailableError
from vrs_scipion.methods.local_resolution import (
    LocalResolution,
    deepres_convention,
    flattened,
    local_resolution,
)
from vrs_scipion.methods.local_resolution_input import normalise
from vrs_scipion.methods.local_resolution_network import (
    COARSE,
    FINE,
    Calibration,
    answers_at,
    answers_shape,
    load_network,
)
from vrs_scipion.methods.network_file import WeightsError
from vrs_scipion.methods.network_input import FLOOR
from vrs_scipion.methods.resolution_by_looks import ByLooks, resolution_by_looks
from vrs_scipion.models.atoms import as_atoms
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.numbers import with_error
from vrs_scipion.simulation import (
    Atoms,
    FilterShape,
    bundle_structure,
    frequency_grid,
    low_pass_of_shape,
    molecule_mask,
    render,
)
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.surfaces import leave_surfaces_out

SHARED = Path(vrs_scipion.__file__).resolve().parents[2] / "shared" / "data"
VOXEL = 1.2
BOX = (48, 46, 44)


@cache
def atoms() -> Atoms:
    """A bundle of seven helices."""
    return as_atoms(bundle_structure(np.random.default_rng(5), 7, residues=(12, 16)))


@cache
def bundle(
    resolution: float, voxel: float = VOXEL, box: tuple[int, int, int] = BOX
) -> tuple[Density, Mask]:
    """The bundle at a resolution, and its mask."""
    return (
        render(atoms(), box, voxel, resolution),
        molecule_mask(atoms(), box, voxel, 3.0),
    )


@cache
def measured(resolution: float) -> LocalResolution:
    """Its local resolution, computed once."""
    return local_resolution(*bundle(resolution))


def median(result: LocalResolution) -> float:
    """Of the half-amplitude resolution."""
    return float(np.nanmedian(result.half_amplitude))


class TestLocalResolution(unittest.TestCase):
    def test_follows_the_filter(self) -> None:
        found = [median(measured(d)) for d in (3.0, 4.5, 6.5, 9.0, 12.0)]
        self.assertEqual(found, sorted(found))
        for d, value in zip((3.0, 4.5, 6.5, 9.0, 12.0), found, strict=True):
            with self.subTest(d=d):
                self.assertAlmostEqual(value, d, delta=0.15 * d)

    def test_volumes(self) -> None:
        _, mask = bundle(4.5)
        result = measured(4.5)
        for volume in (result.resolution, result.half_amplitude, result.uncertainty):
            self.assertEqual(volume.shape, BOX)
            np.testing.assert_array_equal(np.isfinite(volume), mask)
        self.assertGreater(np.nanmin(result.uncertainty), 0)
        self.assertGreaterEqual(np.nanmin(result.resolution), 2 * VOXEL)
        self.assertLessEqual(np.nanmax(result.resolution), 13)

    def test_who_answers(self) -> None:
        self.assertEqual(measured(9.0).fine_fraction, 0)
        self.assertEqual(measured(9.0).networks, (COARSE,))
        sharp = replace(atoms(), b_factors=np.full(len(atoms()), 10.0))
        box = (72, 69, 66)
        density, mask = render(sharp, box, 0.8, 2.0), molecule_mask(sharp, box, 0.8, 3.0)
        fine = local_resolution(density, mask)
        self.assertGreater(fine.fine_fraction, 0.5)
        self.assertEqual(fine.networks, (COARSE, FINE))
        self.assertLess(median(fine), 2.6)
        self.assertEqual(local_resolution(*bundle(3.0, 1.5, (40, 38, 36))).fine_fraction, 0)

    def test_scale_and_offset_change_nothing(self) -> None:
        density, mask = bundle(4.5)
        for factor, offset in ((1e4, 0.0), (3e-5, 0.0), (1.0, 2.0)):
            with self.subTest(factor=factor, offset=offset):
                values = (density.values * factor + offset).astype(np.float32)
                again = local_resolution(replace(density, values=values), mask)
                np.testing.assert_allclose(
                    again.resolution[mask], measured(4.5).resolution[mask], atol=0.01
                )

    def test_tiles_do_not_matter(self) -> None:
        density, mask = bundle(4.5)
        again = local_resolution(density, mask, tile=7)
        np.testing.assert_allclose(
            again.resolution[mask], measured(4.5).resolution[mask], rtol=1e-4
        )

    def test_two_halves(self) -> None:
        density, mask = bundle(4.0)
        x = (np.arange(BOX[2]) - BOX[2] // 2) * VOXEL
        left = (x < 0).astype(np.float32)
        both = density.values * left + bundle(9.0)[0].values * (1 - left)
        result = local_resolution(replace(density, values=both), mask)
        fine, coarse = (
            float(np.nanmedian(result.half_amplitude[..., side])) for side in (x < -6, x > 6)
        )
        self.assertLess(fine + 2.5, coarse)

    def test_voxels_that_are_no_cubes(self) -> None:
        density, mask = bundle(6.5)
        spectrum = fft.rfftn(density.values)
        half = spectrum.shape[2] // 2 + 1
        values = fft.irfftn(spectrum[..., :half], s=(*BOX[:2], BOX[2] // 2)).astype(np.float32)
        flat = Density(values, (VOXEL, VOXEL, 2 * VOXEL))
        result = local_resolution(flat, np.ascontiguousarray(mask[..., ::2]))
        self.assertAlmostEqual(median(result), median(measured(6.5)), delta=0.5)

    def test_refusals(self) -> None:
        density, mask = bundle(4.5)
        with self.assertRaisesRegex(ValueError, "the mask has"):
            local_resolution(density, mask[1:])
        with self.assertRaisesRegex(ValueError, "the mask is empty"):
            local_resolution(density, np.zeros_like(mask))
        with self.assertRaisesRegex(ValueError, "constant"):
            local_resolution(replace(density, values=np.zeros(BOX, np.float32)), mask)

    def test_real_maps_low_passed(self) -> None:
        path = SHARED / "maps" / "emd_3488.map.gz"
        if not path.is_file():
            self.skipTest("the maps of ../shared/data are not here")
        density = read_density(path, 1.05)
        mask = hard_mask(density.values, 0.1, density.voxel_size)
        s = frequency_grid(density.box, density.voxel_size)
        spectrum = fft.rfftn(density.values)
        for d, tolerance in ((5.0, 0.3), (7.0, 0.5), (9.0, 0.8), (12.0, 0.8)):
            passed = spectrum * low_pass_of_shape(s, d, FilterShape.RAISED_COSINE)
            values = fft.irfftn(passed, s=density.box).astype(np.float32)
            found = median(local_resolution(replace(density, values=values), mask))
            self.assertAlmostEqual(found, d, delta=tolerance)


class TestParts(unittest.TestCase):
    def test_normalise(self) -> None:
        values = np.random.default_rng(1).normal(5, 2, (40, 41, 42)).astype(np.float32)
        normal = normalise(values, 5.0, 2.0)
        expected = 1 / np.sqrt(1 + FLOOR**2)
        self.assertAlmostEqual(float(normal.std()), expected, delta=0.02)
        np.testing.assert_allclose(normal, normalise(10 * values, 50.0, 20.0), atol=1e-4)
        self.assertEqual(np.abs(normalise(np.ones_like(values), 1.0, 1.0)).max(), 0)
        with self.assertRaisesRegex(ValueError, "constant"):
            normalise(values, 5.0, 0.0)

    def test_convention(self) -> None:
        half = np.array([2.0, 5.0, 10.0, 12.0], np.float32)
        np.testing.assert_allclose(1 / deepres_convention(half), 1 / half - 0.01, rtol=1e-5)

    def test_flattening(self) -> None:
        density, _ = bundle(4.5)
        flat = flattened(density, -80.0, 5.0)
        s = frequency_grid(BOX, density.voxel_size)
        before, after = fft.rfftn(density.values), fft.rfftn(flat.values)
        known = np.abs(before) > 1e-2 * np.abs(before).max()
        expected = np.exp(20 * np.minimum(s, 1 / 5.0) ** 2)
        np.testing.assert_allclose(np.abs(after / before)[known], expected[known], rtol=1e-2)
        self.assertEqual(flat.voxel_size, density.voxel_size)

    @settings(max_examples=25, deadline=None)
    @given(
        box=st.tuples(*[st.integers(4, 14)] * 3),
        voxel=st.floats(0.4, 4.0),
        wanted=st.sampled_from((0.5, 1.0)),
        seed=st.integers(0, 100),
    )
    def test_every_voxel_has_its_answers(
        self, box: tuple[int, int, int], voxel: float, wanted: float, seed: int
    ) -> None:
        density = Density(np.zeros(box, np.float32), (voxel,) * 3)
        mask = np.random.default_rng(seed).random(box) < 0.05
        positions, shape = answers_at(density, wanted), answers_shape(density, wanted)
        answers = neighbours(mask, positions, shape).astype(np.float32)
        np.testing.assert_allclose(interpolate(answers, positions)[mask], 1, atol=1e-5)

    @settings(max_examples=15, deadline=None)
    @given(
        box=st.tuples(*[st.integers(4, 12)] * 3),
        voxel=st.floats(0.5, 2.0),
        seed=st.integers(0, 100),
    )
    def test_a_part_of_a_resampled_map(
        self, box: tuple[int, int, int], voxel: float, seed: int
    ) -> None:
        generator = np.random.default_rng(seed)
        density = Density(generator.normal(size=box).astype(np.float32), (1.1, 0.9, 1.0))
        whole = resample(density, voxel).values
        indices = tuple(generator.integers(0, n, 5) for n in whole.shape)
        part = resample_at(density, voxel, indices)
        np.testing.assert_allclose(part, whole[np.ix_(*indices)], atol=1e-5)

    def test_calibration(self) -> None:
        calibration = Calibration((0.0, 1.0), (0.1, 0.3), (2.0, 2.0), (1.0, 3.0))
        low, median_, high = (np.full((2, 2, 2), v, np.float32) for v in (0.4, 0.5, 0.7))
        found = calibration(low, median_, high)
        np.testing.assert_allclose(found[:, 0, 0, 0], (0.5, 0.7, 1.1), rtol=1e-5)


class TestWeights(unittest.TestCase):
    def test_size(self) -> None:
        sizes = [weights.path.stat().st_size for weights in (COARSE, FINE)]
        self.assertLess(sum(sizes), 1_000_000)

    def test_others_are_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "weights.onnx"
            with self.assertRaisesRegex(WeightsError, "cannot be read"):
                load_network(replace(COARSE, path=path))
            path.write_bytes(COARSE.path.read_bytes() + b" ")
            with self.assertRaisesRegex(WeightsError, "not those of this version"):
                load_network(replace(COARSE, path=path))

    def test_without_onnxruntime(self) -> None:
        with (
            mock.patch.object(network_file, "import_module", side_effect=ImportError),
            self.assertRaisesRegex(EngineUnavailableError, "pip install onnxruntime"),
        ):
            load_network(COARSE)


class TestCheck(unittest.TestCase):
    def setUp(self) -> None:
        leave_surfaces_out(self)
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def run_check(self, true: float, resolution: float | None) -> CheckResult:
        density, _ = bundle(true)
        scaled = density.values / density.values.max()
        path = write(
            self.folder / "map.mrc",
            mrc_bytes(scaled, voxel_size=(VOXEL,) * 3, nstart=(3, -2, 1)),
        )
        request = Request.of(map=path, contour=0.2, resolution=resolution)
        entry = prepare(request, self.folder / "entry")
        return run_check(CHECK, entry, self.folder / "out", engine="builtin", threads=2)

    def test_a_fair_resolution(self) -> None:
        result = self.run_check(4.5, 4.5)
        self.assertIn(result.outcome, (Outcome.OK, Outcome.WARNINGS), result.reason)
        values = {key: m.value or 0.0 for key, m in result.measurements.items()}
        percentiles = [values[f"resolution_{p}"] for p in ("p2_5", "p25", "p50", "p75", "p97_5")]
        self.assertEqual(percentiles, sorted(percentiles))
        self.assertGreater(values["error_p50"], 0)
        self.assertIn("flattened_p50", values)
        self.assertEqual(result.engine.name, "builtin")
        self.assertEqual(result.engine.weights_sha256, COARSE.sha256)
        self.assertIn("not DeepRes' numbers", " ".join(result.paragraphs))
        self.assertEqual([f.key for f in result.figures], ["resolution_histogram"])
        written = read_density(self.folder / "out" / VOLUME_FILE)
        self.assertEqual((written.box, written.nstart), (BOX, (3, -2, 1)))
        np.testing.assert_allclose(written.voxel_size, VOXEL, rtol=1e-5)
        inside = written.values[written.values > 0]
        self.assertAlmostEqual(float(np.median(inside)), values["resolution_p50"], places=3)
        share = 100 * float(np.mean(inside < 4.5))
        self.assertAlmostEqual(values["reported_percentile"], share, places=3)
        error = read_density(self.folder / "out" / ERROR_FILE).values
        np.testing.assert_array_equal(error > 0, written.values > 0)

    def test_the_flattened_map_leaves_its_volumes_where_it_decides(self) -> None:
        limit = "vrs_scipion.checks.level0_e_deepres.UNSHARPENED_SQUARES"
        drawn = "vrs_scipion.figures.isosurface.draw_isosurface"
        for lowest, volumes in ((1e9, 0), (-1e9, 2)):
            with mock.patch(limit, lowest), mock.patch(drawn, side_effect=ValueError("not here")):
                result = self.run_check(4.5, 4.5)
            flat = {v.key: v.file for v in result.volumes if "flattened" in v.key}
            self.assertEqual(len(flat), volumes)
        values = read_density(self.folder / "out" / flat["resolution_flattened"]).values
        median = result.measurements["flattened_p50"].value or 0.0
        self.assertAlmostEqual(float(np.median(values[values > 0])), median, places=3)

    def test_a_resolution_that_is_too_good(self) -> None:
        result = self.run_check(9.0, 2.6)
        self.assertIs(result.outcome, Outcome.WARNINGS)
        self.assertIn("2.6 Å, is finer than that", result.headline)
        self.assertEqual(result.measurements["reported_percentile"].value, 0)
        assert result.resolution_estimate is not None
        self.assertTrue(result.resolution_estimate.contradicts)
        looks, error = (result.measurements[f"looks_{k}"].value for k in ("resolution", "error"))
        assert looks is not None
        said = f"At best this map looks like {with_error(looks, error)} Å"
        self.assertTrue(result.headline.startswith(said), result.headline)

    def test_without_a_reported_resolution_it_measures_all_the_same(self) -> None:
        result = self.run_check(4.5, None)
        self.assertIs(result.outcome, Outcome.UNDETERMINED)
        self.assertIn("No resolution was reported", result.reason)
        assert result.resolution_estimate is not None
        self.assertEqual(
            result.resolution_estimate.value, result.measurements["looks_resolution"].value
        )
        self.assertNotIn("reported_percentile", result.measurements)

    def test_does_not_apply(self) -> None:
        for resolution, words in ((1.9, "better than 2 Å"), (13.5, "worse than 13")):
            with self.subTest(resolution=resolution):
                result = self.run_check(4.5, resolution)
                self.assertIs(result.outcome, Outcome.NOT_APPLICABLE)
                self.assertIn(words, result.reason)

    def test_one_number_decides(self) -> None:
        """Verdict, headline, reason and estimate of a looks resolution that is given."""
        for looks, spread, reported, outcome, words in (
            (3.4, 0.05, 3.2, Outcome.OK, "looks like 3.40 ± 0.17 Å, with which the reported"),
            (3.4, 0.05, 2.6, Outcome.WARNINGS, "2.6 Å, is finer than that"),
            (6.6, 0.25, 6.6, Outcome.UNDETERMINED, "does not tell whether the reported"),
            (3.4, 0.25, 6.6, Outcome.OK, "agrees"),
        ):
            with (
                self.subTest(looks=looks, reported=reported),
                mock.patch(
                    "vrs_scipion.checks.level0_e_deepres.resolution_by_looks",
                    return_value=ByLooks(looks, spread),
                ),
            ):
                result = self.run_check(4.5, reported)
                self.assertIs(result.outcome, outcome, result.reason)
                self.assertIn(words, result.headline)


class TestByLooks(unittest.TestCase):
    def test_the_best_twentieth(self) -> None:
        """A map of which 6 % look like 3 Å: voxels without an answer do not count."""
        values = np.full(1000, 9.0, np.float32)
        values[:60], values[-100:] = 3.0, np.nan
        looks = resolution_by_looks(values)
        self.assertAlmostEqual(looks.resolution, 3 / 1.03, places=5)
        self.assertAlmostEqual(looks.errors_beyond(looks.resolution), 0)
        self.assertAlmostEqual(looks.at_most(-looks.errors_beyond(2.0)), 2.0)

    @given(st.floats(1.5, 15), st.floats(1.5, 15))
    def test_coarser_looks_are_coarser(self, first: float, second: float) -> None:
        fine, coarse = sorted((first, second))
        estimates = [resolution_by_looks(np.full(9, v, np.float32)) for v in (fine, coarse)]
        self.assertLessEqual(estimates[0].resolution, estimates[1].resolution)
        self.assertLessEqual(estimates[0].spread, estimates[1].spread)


if __name__ == "__main__":
    unittest.main()
