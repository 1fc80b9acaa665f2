"""Structure against surrogates: Euler characteristics, what noise gives, and check 0.i."""

from __future__ import annotations

import tempfile
import unittest
from functools import cache
from pathlib import Path

import numpy as np
from scipy import fft, ndimage

from vrs_scipion.checks.level0_i_structure import CHECK, doubt
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.structure import (
    SURROGATES,
    WEIGHTS,
    NoEnvelopeError,
    Structure,
    euler_characteristic,
    finest_held,
    measure_structure,
)
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.simulation import Phantom, demo_phantom, frequency_grid, low_pass

VOXEL, RESOLUTION = 1.6, 3.5


@cache
def phantom() -> Phantom:
    return demo_phantom(box=(72, 72, 72), voxel_size=VOXEL, resolution=RESOLUTION)


def noise_in_its_envelope(seed: int) -> Density:
    """Noise of the phantom's spectrum in its envelope, soft over four resolutions."""
    density = phantom().density
    own = fft.rfftn(density.values)
    frequency = frequency_grid(density.box, density.voxel_size)
    noise = fft.rfftn(np.random.default_rng(seed).standard_normal(density.box))
    spectrum = np.abs(own) * noise / np.abs(noise) * (frequency > 1 / 30)
    soft = ndimage.gaussian_filter(
        phantom().truth.mask.astype(float), 4 * RESOLUTION / 2.355 / VOXEL
    )
    placed = fft.rfftn(fft.irfftn(spectrum, s=density.box) * soft)
    values = fft.irfftn(placed * low_pass(frequency, RESOLUTION), s=density.box)
    values += 2 * values[phantom().truth.mask].std() * soft
    return Density(values.astype(np.float32), density.voxel_size)


def enclosing(values: Volume, share: float) -> float:
    return float(np.quantile(values, 1 - share))


def structure_of(density: Density, resolution: float = RESOLUTION, **options: int) -> Structure:
    return measure_structure(density, phantom().truth.mask, resolution, **options)


class TestEulerCharacteristic(unittest.TestCase):
    def test_ball_ring_and_shell(self) -> None:
        z, y, x = np.indices((15, 15, 15)) - 7
        ball = z**2 + y**2 + x**2 <= 36
        ring = (np.hypot(y, x) - 4) ** 2 + z**2 <= 4
        shell = ball & ~(z**2 + y**2 + x**2 <= 9)
        self.assertEqual([euler_characteristic(m) for m in (ball, ring, shell)], [1, 0, 2])

    def test_pieces_add_up_and_corners_do_not_join(self) -> None:
        mask = np.zeros((5, 5, 5), bool)
        mask[0, 0, 0] = mask[1, 1, 1] = mask[4, 4, 4] = True
        self.assertEqual(euler_characteristic(mask), 3)
        self.assertEqual(euler_characteristic(np.zeros((3, 3, 3), bool)), 0)


class TestMethod(unittest.TestCase):
    def test_molecule_differs_from_its_surrogates_and_noise_does_not(self) -> None:
        molecule = structure_of(phantom().density)
        noise = structure_of(noise_in_its_envelope(1))
        self.assertGreater(molecule.effect, 0.6)
        self.assertLess(molecule.p, 1e-4)
        self.assertLess(abs(noise.effect), 0.4)
        self.assertGreater(noise.p, 1e-3)

    def test_same_seed_same_answer(self) -> None:
        one, same, other = (
            structure_of(phantom().density, seed=seed, surrogates=3) for seed in (1, 1, 2)
        )
        self.assertEqual(one.effect, same.effect)
        self.assertNotEqual(one.effect, other.effect)

    def test_strength_and_units_do_not_matter(self) -> None:
        density = phantom().density
        scaled = Density(density.values * np.float32(37) + np.float32(5), density.voxel_size)
        one, same = (structure_of(d, surrogates=3) for d in (density, scaled))
        self.assertAlmostEqual(one.effect, same.effect, delta=0.02)

    def test_surrogates_of_noise_are_like_it(self) -> None:
        """Each statistic of the noise lies among those of its surrogates."""
        found = structure_of(noise_in_its_envelope(2))
        for key, values in found.surrogates.items():
            with self.subTest(statistic=key):
                far = abs(found.map[key] - values.mean()) / values.std(ddof=1)
                self.assertLess(far, 6)

    def test_finest_detail_held(self) -> None:
        density = phantom().density
        frequency = frequency_grid(density.box, density.voxel_size)
        passed = fft.rfftn(density.values) * (frequency < 1 / 6)
        cut = Density(fft.irfftn(passed, s=density.box).astype(np.float32), density.voxel_size)
        self.assertAlmostEqual(finest_held(cut, RESOLUTION), 6.0, delta=0.2)
        self.assertAlmostEqual(finest_held(density, RESOLUTION), RESOLUTION, delta=0.05)

    def test_nothing_to_look_into(self) -> None:
        flat = Density(np.zeros((48, 48, 48), np.float32), (VOXEL,) * 3)
        speck = np.zeros((72, 72, 72), bool)
        speck[36, 36, 36] = True
        with self.assertRaises(NoEnvelopeError):
            finest_held(flat, RESOLUTION)
        with self.assertRaises(NoEnvelopeError):
            measure_structure(phantom().density, speck, RESOLUTION)


class TestDoubt(unittest.TestCase):
    def doubt(self, effect: float, resolution: float, scatter: float = 0.05) -> str:
        """Of a map whose only statistic is skewness."""
        scores = np.array([-scatter, scatter] * 10) / WEIGHTS["skewness"]
        zeros = {key: np.zeros(20) for key in WEIGHTS}
        of_map = dict.fromkeys(WEIGHTS, 0.0) | {"skewness": effect / WEIGHTS["skewness"]}
        structure = Structure(resolution, 1000, of_map, zeros | {"skewness": scores})
        self.assertAlmostEqual(structure.effect, effect)
        return doubt(structure, resolution, 0.5)

    def test_structure_and_noise_are_told_where_that_is_known(self) -> None:
        for effect in (0.0, 0.3, 0.6, 1.0):
            self.assertEqual(self.doubt(effect, 3.5), "")
        for resolution in (1.8, 6.0):
            self.assertTrue(self.doubt(0.0, resolution))
            self.assertEqual(self.doubt(1.0, resolution), "")

    def test_between_both_nothing_is_told(self) -> None:
        self.assertTrue(self.doubt(0.45, 3.5))
        self.assertTrue(self.doubt(0.6, 6.0))
        self.assertTrue(self.doubt(0.6, 3.5, scatter=0.3))
        self.assertTrue(self.doubt(0.3, 3.5, scatter=0.3))


class TestCheck(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def check(self, density: Density, resolution: float | None, contour: float) -> CheckResult:
        write_volume(self.folder / "map.mrc", density.values, density.voxel_size)
        request = Request.of(map=self.folder / "map.mrc", contour=contour, resolution=resolution)
        entry = prepare(request, self.folder / "entry")
        return run_check(CHECK, entry, self.folder / CHECK.code)

    def test_molecule(self) -> None:
        result = self.check(phantom().density, RESOLUTION, phantom().contour)
        self.assertIs(result.outcome, Outcome.OK, result.reason)
        self.assertEqual(result.measurements["surrogates"].value, SURROGATES)
        self.assertLess(result.measurements["structure_p"].value or 0, 1e-3)
        self.assertIn("seed", result.engine.arguments)
        self.assertTrue((self.folder / CHECK.code / "surrogates.svg").stat().st_size)

    def test_noise_in_an_envelope(self) -> None:
        noise = noise_in_its_envelope(3)
        share = float(phantom().truth.mask.mean())
        result = self.check(noise, RESOLUTION, enclosing(noise.values, share))
        self.assertIs(result.outcome, Outcome.WARNINGS)
        self.assertIn("cannot be told from noise", result.headline)

    def test_low_passed_map(self) -> None:
        density = phantom().density
        frequency = frequency_grid(density.box, density.voxel_size)
        values = fft.irfftn(
            fft.rfftn(density.values) * low_pass(frequency, 8.0), s=density.box
        ).astype(np.float32)
        result = self.check(Density(values, density.voxel_size), RESOLUTION, 0.5 * values.max())
        self.assertIs(result.outcome, Outcome.WARNINGS)
        self.assertIn("nothing finer", result.headline)

    def test_without_a_resolution_it_does_not_apply(self) -> None:
        result = self.check(phantom().density, None, phantom().contour)
        self.assertIs(result.outcome, Outcome.NOT_APPLICABLE)

    def test_too_small_to_tell(self) -> None:
        values = np.zeros((48, 48, 48), np.float32)
        values[22:26, 22:26, 22:26] = 1
        values += np.random.default_rng(0).normal(0, 0.01, values.shape).astype(np.float32)
        result = self.check(Density(values, (VOXEL,) * 3), 8.0, 0.5)
        self.assertIs(result.outcome, Outcome.UNDETERMINED)
