"""Check 0.j: each artefact is named, and nothing is where there is none."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import numpy as np
from scipy import ndimage

from vrs_scipion.checks import level0_j_artefacts
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Density
from vrs_scipion.maps.masks import hard_mask
from vrs_scipion.methods.artefacts import Artefacts, find_artefacts
from vrs_scipion.methods.artefacts.planes import oddest_plane, unforetold
from vrs_scipion.methods.artefacts.surroundings import ramp, strongest_rings
from vrs_scipion.methods.artefacts.values import pile_at_highest, pile_at_lowest
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write

CONTOUR = 5.0
SIDE = 60


def map_with_noise(seed: int = 5) -> np.ndarray:
    """A structured blob of about 20 σ in smooth noise of σ = 1."""
    generator = np.random.default_rng(seed)
    noise, detail = (
        ndimage.gaussian_filter(generator.standard_normal((SIDE,) * 3), 1.3, mode="wrap")
        for _ in range(2)
    )
    z, y, x = np.ogrid[tuple(slice(-30, 30) for _ in range(3))]
    blob = 1 / (1 + np.exp(np.sqrt((z / 1.2) ** 2 + y**2 + (x / 0.8) ** 2) - 11))
    values = noise / noise.std() + blob * (14 + 5 * detail / detail.std())
    return values.astype(np.float32)


def look_at(values: np.ndarray) -> Artefacts:
    density = Density(values.astype(np.float32), (1.0, 1.0, 1.0))
    return find_artefacts(density, hard_mask(density.values, CONTOUR, (1.0,) * 3), 3.0)


class TestNumbers(unittest.TestCase):
    def test_clipping_at_either_end(self) -> None:
        values = map_with_noise()
        self.assertEqual(pile_at_lowest(values).voxels, 0)
        low = pile_at_lowest(np.maximum(values, np.float32(-2.5)))
        cut = int(np.count_nonzero(values <= -2.5))
        self.assertEqual(low.value, -2.5)
        self.assertGreater(low.voxels, cut // 2)
        high = pile_at_highest(np.minimum(values, np.float32(25)))
        self.assertEqual((high.value, high.voxels), (25, np.count_nonzero(values >= 25) - 2))

    def test_a_mask_or_a_threshold_at_the_lowest_value_is_no_clipping(self) -> None:
        values = map_with_noise()
        thresholded = np.where(values > 3, values, np.float32(0))
        self.assertEqual(pile_at_lowest(thresholded).voxels, 0)
        z, y, x = np.ogrid[tuple(slice(-30, 30) for _ in range(3))]
        inside = z**2 + y**2 + x**2 < 100
        masked = np.where(inside, values - values[inside].min() + np.float32(1e-3), np.float32(0))
        self.assertEqual(pile_at_lowest(masked).voxels, 0)

    def test_planes_of_a_cubic_are_foretold(self) -> None:
        z = np.arange(20.0)
        cubic = np.broadcast_to((z**3 - 4 * z)[:, None, None], (20, 4, 4)).astype(np.float32)
        self.assertLess(float(unforetold(cubic, 0).max()), 1e-2)
        self.assertIsNone(oddest_plane(np.zeros((6, 6, 6), np.float32)))

    def test_the_height_of_a_ramp(self) -> None:
        generator = np.random.default_rng(1)
        values = generator.standard_normal((40, 44, 48)).astype(np.float32)
        where = generator.random(values.shape) < 0.5
        values += np.linspace(-1, 1, 44, dtype=np.float32)[None, :, None]
        found = ramp(values, where)
        assert found is not None
        self.assertEqual(found.steepest, 1)
        self.assertAlmostEqual(found.along[1], 2 / values[where].std() * 44 / 43, delta=0.05)
        self.assertIsNone(ramp(np.ones_like(values), where))

    def test_the_share_of_rings(self) -> None:
        values = np.random.default_rng(2).standard_normal((40, 48, 48)).astype(np.float32)
        away = np.hypot(*np.ogrid[-24:24, -24:24])
        values += np.cos(2 * np.pi * away / 7).astype(np.float32)
        found = strongest_rings(values, np.ones(values.shape, bool), 4.0)
        assert found is not None
        self.assertEqual(found.axis, 0)
        self.assertTrue(0.2 < found.share < 0.4, found.share)  # ½ of 1½, less what corners hold

    def test_the_strength_and_place_of_a_ghost(self) -> None:
        values = map_with_noise()
        copy = np.roll(np.where(values >= CONTOUR, values, 0), (25, 22), (0, 2))
        found = look_at(values + 0.25 * copy).ghost
        assert found is not None
        self.assertEqual(found.shift, (25, 0, 22))
        self.assertAlmostEqual(found.share, 0.25, delta=0.03)

    def test_what_cannot_be_looked_for(self) -> None:
        values = map_with_noise()
        masked = look_at(np.where(values > 2.5, values, 0))
        self.assertIsNone(masked.ramp)
        self.assertIsNone(masked.rings)
        self.assertIsNone(masked.ghost)
        full = look_at(np.pad(values, 3, constant_values=0)[20:46, 20:46, 20:46])
        self.assertFalse(full.surrounded)
        everywhere = np.ones((SIDE,) * 3, bool)
        self.assertIsNone(find_artefacts(Density(values, (1.0,) * 3), everywhere, 3.0).ghost)


class TestCheck(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def run_on(self, values: np.ndarray) -> CheckResult:
        path = write(self.folder / "map.mrc", mrc_bytes(values.astype(np.float32)))
        request = Request.of(map=path, contour=CONTOUR, resolution=3.0)
        entry = prepare(request, self.folder / "entry")
        return run_check(level0_j_artefacts.CHECK, entry, self.folder / "out")

    def test_nothing_where_there_is_nothing(self) -> None:
        values = map_with_noise()
        step = (values.max() - values.min()) / 255
        for kind, good in (
            ("as it is", values),
            ("masked", np.where(ndimage.gaussian_filter(values, 2) > 0.6, values, 0)),
            ("of 8 bits", np.rint((values - values.min()) / step) * step + values.min()),
            ("normalised", 0.01 * values),
        ):
            with self.subTest(kind):
                contour = CONTOUR * (0.01 if kind == "normalised" else 1)
                path = write(self.folder / "map.mrc", mrc_bytes(good.astype(np.float32)))
                request = Request.of(map=path, contour=contour, resolution=3.0)
                entry = prepare(request, self.folder / f"entry {kind}")
                result = run_check(level0_j_artefacts.CHECK, entry, self.folder / "out")
                self.assertEqual(result.outcome, Outcome.OK, result.warnings)

    def test_each_is_named(self) -> None:
        good = map_with_noise()
        generator = np.random.default_rng(3)
        hot, missing, shifted, torn = (good.copy() for _ in range(4))
        hot.flat[generator.choice(good.size, 10, replace=False)] = good.max()
        missing[28] = 0
        shifted[:, 31] = np.roll(shifted[:, 31], 4, axis=0)
        torn[:, :, 33:] = np.roll(torn[:, :, 33:], 3, axis=0)
        away = np.hypot(*np.ogrid[-30:30, -30:30])
        slope = np.linspace(-1, 1, SIDE)
        copy = np.roll(np.where(good >= CONTOUR, good, 0), (25, 22), (0, 2))
        step = np.ptp(good) / 31
        for key, words, bad in (
            ("clipped_low", "values stop at 0, below", np.maximum(good, 0)),
            ("clipped_high", "values stop at 22, above", np.minimum(good, 22)),
            ("grey_levels", "only 32 grey levels", step * np.rint(good / step)),
            ("single_voxels", "single voxels stand out", hot),
            ("plane", "plane 28 across Z is missing", missing),
            ("plane", "across Y does not go with its neighbours", shifted),
            ("plane", "across X does not go with its neighbours", torn),
            ("repeated_planes", "neighbouring planes repeat", good.repeat(2, axis=1)),
            ("ramp", "a ramp runs through the box, most of it along X", good + slope),
            ("rings", "rings lie about the Z axis", good + np.cos(away * 0.7)),
            ("ghost", "a weaker copy of the molecule lies beside it", good + 0.25 * copy),
        ):
            with self.subTest(words):
                result = self.run_on(bad)
                self.assertIn(words, result.headline)
                failed = {c.key: c for c in result.criteria if not c.passed}
                self.assertIn(key, failed)
                self.assertTrue(failed[key].advice)

    def test_inverted_contrast(self) -> None:
        result = self.run_on(np.where(np.abs(map_with_noise()) < 4, 0, 1) - 2 * map_with_noise())
        self.assertIn("its contrast is inverted", result.headline)


if __name__ == "__main__":
    unittest.main()
