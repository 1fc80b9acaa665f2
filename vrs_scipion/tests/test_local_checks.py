"""Checks 0.f and 0.g from the map file to the result, whatever the map is like."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import mrcfile
import numpy as np
from numpy.typing import ArrayLike

from vrs_scipion.checks import level0_f_locbfactor, level0_g_lococcupancy
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.isosurface.draw import IsosurfacePicture
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.files import save_model
from vrs_scipion.folders import RECORD_FILE
from vrs_scipion.maps.density import Density, Triple, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import local_ucm
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.simulation import Phantom, apply_filter, demo_phantom, fall_off, frequency_grid

B, OCCUPANCY = level0_f_locbfactor.CHECK, level0_g_lococcupancy.CHECK
PERCENTILES = ("p2_5", "p25", "p50", "p75", "p97_5")


def phantom(box: tuple[int, int, int] = (64, 58, 64)) -> Phantom:
    return demo_phantom(
        box=box, voxel_size=1.2, resolution=4.0, n_helices=3, residues=(10, 14), snr=30
    )


class LocalCheckTest(unittest.TestCase):
    made: Phantom
    entry: Entry

    @classmethod
    def setUpClass(cls) -> None:
        cls.made = phantom()

    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.draw = self.start(mock.patch("vrs_scipion.figures.isosurface.draw_isosurface"))
        self.draw.return_value = IsosurfacePicture(self.folder, "painter", "1.0", "A note.")

    def start(self, patcher: mock._patch) -> mock.MagicMock:
        mocked: mock.MagicMock = patcher.start()
        self.addCleanup(patcher.stop)
        return mocked

    def enter(
        self,
        values: Volume | None = None,
        *,
        voxel_size: Triple = (1.2, 1.2, 1.2),
        contour: float | None = None,
        resolution: float | None = 4.0,
    ) -> None:
        """Prepare an entry, of the phantom unless told otherwise."""
        density: Density = self.made.density
        values = density.values if values is None else values
        path = self.folder / "map.mrc"
        write_volume(path, values, voxel_size, origin=(-10.0, 20.0, 30.0))
        contour = self.made.contour if contour is None else contour
        request = Request.of(map=path, contour=contour, resolution=resolution)
        self.entry = prepare(request, self.folder / "entry")

    def run_check(self, check: Check, **options: object) -> CheckResult:
        return run_check(check, self.entry, self.folder / "out", **options)  # type: ignore[arg-type]

    def both(self) -> list[CheckResult]:
        return [self.run_check(check) for check in (B, OCCUPANCY)]

    def assert_does_not_apply(self, pattern: str) -> None:
        for result in self.both():
            self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
            self.assertRegex(result.reason, pattern)
            self.assertRegex(result.reason, r"^[A-Z0-9].*[^.]\.$")
            self.assertEqual(result.measurements, {})

    def percentiles(self, result: CheckResult, key: str) -> list[float]:
        values = [result.measurements[f"{key}_{p}"].value for p in PERCENTILES]
        return [float(v) for v in values if v is not None]


class TestMeasured(LocalCheckTest):
    def test_b_factors(self) -> None:
        self.enter()
        result = self.run_check(B, threads=2)
        self.assertEqual(result.outcome, Outcome.OK, result.reason)
        found = self.percentiles(result, "b_factor")
        self.assertEqual(found, sorted(found))
        self.assertTrue(-300 < found[2] < 0)
        self.assertEqual(result.measurements["b_factor_p50"].unit, "Å²")
        self.assertEqual(
            [(c.key, c.role, c.limit) for c in result.criteria],
            [
                ("b_factor_lowest", "verdict", -416.0),
                ("b_factor_lowest_fixed", "advice", -300.0),
                ("b_factor_highest", "verdict", 0.0),
            ],
        )
        self.assertEqual(
            [f.key for f in result.figures], ["b_factor_histogram", "b_factor_surface"]
        )
        self.assertEqual(len(result.tables["b_factor"].rows), 5)
        self.assertIn("voxels of half the resolution, 2 Å", result.paragraphs[0])
        self.assertEqual(result.engine.name, "builtin")
        self.assertEqual(result.engine.arguments["max_res"], 4.0)
        self.assertEqual(result.references[0].doi, "10.1038/s41467-021-21509-5")

    def test_the_volume_lies_on_the_map_that_was_measured(self) -> None:
        self.enter()
        result = self.run_check(B)
        resized, mask = self.entry.map.resized, self.entry.resized_hard_mask()
        assert resized is not None
        assert mask is not None
        with (
            mrcfile.open(self.folder / "out" / result.volumes[0].file) as written,
            mrcfile.open(self.entry.path("map", resized.file)) as measured,
        ):
            self.assertEqual(written.voxel_size, measured.voxel_size)
            self.assertEqual(written.header.origin, measured.header.origin)
            np.testing.assert_array_equal(written.data != 0, mask)
            self.assertAlmostEqual(
                float(np.median(written.data[mask])), self.percentiles(result, "b_factor")[2], 4
            )

    def test_the_surface_is_coloured_where_there_are_values(self) -> None:
        seen: dict[str, ArrayLike] = {}

        def draw(map_path: Path, contour: float, out: Path, **options: object) -> IsosurfacePicture:
            with mrcfile.open(str(options["colour_by"])) as colours:
                seen["colours"] = colours.data.copy()
            seen["range"] = options["colour_range"]  # type: ignore[assignment]
            return IsosurfacePicture(out, "painter", "1.0", "")

        self.draw.side_effect = draw
        self.enter()
        result = self.run_check(B)
        low, *_, high = self.percentiles(result, "b_factor")
        self.assertEqual(seen["range"], (low, high))
        self.assertTrue(np.isnan(seen["colours"]).any())
        self.assertEqual(list(self.folder.glob("out/.*")), [])

    def test_occupancies(self) -> None:
        self.enter()
        result = self.run_check(OCCUPANCY, threads=2)
        self.assertEqual(result.outcome, Outcome.OK, result.reason)
        for key in ("occupancy", "noise_occupancy"):
            found = self.percentiles(result, key)
            self.assertEqual(found, sorted(found))
            self.assertTrue(found[0] >= 0 and found[-1] <= 1)
        self.assertEqual(
            [(c.key, c.role) for c in result.criteria],
            [("noise_occupancy", "verdict"), ("occupancy", "advice")],
        )
        self.assertEqual([v.file for v in result.volumes], ["omap.mrc", "noise_occupancy.mrc"])
        self.assertEqual(len(result.figures), 4)

    def test_a_surface_that_cannot_be_drawn(self) -> None:
        self.enter()
        self.draw.side_effect = EngineError("no screen")
        result = self.run_check(B)
        self.assertEqual(result.outcome, Outcome.OK)
        self.assertIn("could not be drawn: no screen", " ".join(result.paragraphs))
        self.assertEqual([f.key for f in result.figures], ["b_factor_histogram"])

    def test_any_box_and_voxel(self) -> None:
        values = self.made.density.values[:, 4:-2]
        self.enter(values, voxel_size=(1.2, 1.25, 1.15))
        for result in self.both():
            self.assertEqual(result.outcome, Outcome.OK, result.reason)

    def test_limits(self) -> None:
        self.enter()
        tight = {"b_factor_lowest": -1.0, "b_factor_lowest_squares": 0.0}
        result = self.run_check(B, limits=tight)
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        self.assertIn("undersharpened", result.warnings[0])
        tight = {"b_factor_highest": -299.0, "b_factor_highest_squares": -20}
        result = self.run_check(B, limits=tight)
        self.assertIn("oversharpened", result.warnings[0])
        result = self.run_check(OCCUPANCY, limits={"occupancy": 1.1})
        self.assertEqual(result.outcome, Outcome.OK)


class TestJudged(LocalCheckTest):
    def test_a_blurred_and_an_oversharpened_map(self) -> None:
        frequency = np.minimum(frequency_grid(self.made.density.box, (1.2,) * 3), 0.26)
        for b, word in ((1200, "undersharpened"), (-900, "oversharpened")):
            values = apply_filter(self.made.truth.density.values, fall_off(frequency, b))
            with self.subTest(b=b):
                self.enter(values, contour=float(values.max()) / 3)
                result = self.run_check(B)
                self.assertEqual(result.outcome, Outcome.WARNINGS)
                self.assertIn(word, result.warnings[0])
                self.assertIn(word, result.headline)

    def test_noise_does_not_pass_the_occupancy_though_the_original_would(self) -> None:
        values = np.random.default_rng(1).standard_normal((64,) * 3).astype(np.float32)
        self.enter(values, voxel_size=(2.0,) * 3, contour=2.5)
        result = self.run_check(OCCUPANCY)
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        self.assertTrue(next(c for c in result.criteria if c.key == "occupancy").passed)
        self.assertIn("hardly rises above the noise", result.headline)

    def test_a_masked_map_has_no_noise_to_be_held_against(self) -> None:
        self.enter(np.where(self.made.truth.mask, self.made.density.values, np.float32(0)))
        result = self.run_check(OCCUPANCY)
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("the map was masked", result.reason)
        self.assertEqual(len(self.percentiles(result, "noise_occupancy")), 5)

    def test_values_that_are_all_the_same(self) -> None:
        self.enter()
        for check, name, tolerance in ((B, "local B-factor", 0.01), (OCCUPANCY, "occupancy", 0.1)):
            module = level0_f_locbfactor if check is B else level0_g_lococcupancy
            with mock.patch.object(module, "_HOMOGENEOUS", 1e6):
                result = self.run_check(check)
            self.assertEqual(module._HOMOGENEOUS, tolerance)
            self.assertEqual(result.outcome, Outcome.WARNINGS)
            self.assertIn(f"{name} is suspiciously homogeneous", result.warnings[0])


class TestDoesNotApply(LocalCheckTest):
    def test_without_a_resolution(self) -> None:
        self.enter(resolution=None)
        self.assert_does_not_apply("No resolution was reported")

    def test_a_resolution_that_the_voxels_do_not_hold(self) -> None:
        self.enter(voxel_size=(2.5,) * 3)
        result = self.run_check(B)
        self.assertNotEqual(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("beyond the Nyquist limit of the voxels", result.paragraphs[0])
        self.assertEqual(result.engine.arguments["max_res"], 5.0)

    def test_voxels_that_are_half_the_resolution_already(self) -> None:
        self.enter(voxel_size=(2.0,) * 3)
        result = self.run_check(B)
        self.assertIn("The map was measured as it is", result.paragraphs[0])
        with mrcfile.open(self.folder / "out" / "bmap.mrc") as written:
            self.assertAlmostEqual(float(written.header.origin.x), 30.0, places=4)

    def test_a_resized_map_without_a_mask(self) -> None:
        self.enter()
        record = self.entry.map
        assert record.resized is not None
        resized = record.resized.model_copy(update={"hard_mask": None})
        without = record.model_copy(update={"resized": resized})
        save_model(without, self.entry.path("map", RECORD_FILE))
        self.entry = Entry.at(self.folder / "entry")
        self.assert_does_not_apply("does not reach the contour level")

    def test_a_box_that_is_too_small(self) -> None:
        self.enter(resolution=5.0)
        self.assert_does_not_apply("voxels is too small: the shells need 32")

    def test_a_box_of_a_few_voxels(self) -> None:
        self.enter(resolution=30.0)
        self.assert_does_not_apply("a few voxels wide")

    def test_a_resolution_where_the_sweep_starts(self) -> None:
        self.enter(voxel_size=(7.5,) * 3, resolution=15.0)
        self.assert_does_not_apply("starts at 15 Å and must end at a finer resolution")

    def test_a_mask_without_a_background(self) -> None:
        values = np.ones((40,) * 3, np.float32)
        values[0] = values[:, 0] = values[:, :, 0] = 0
        values += np.random.default_rng(0).normal(scale=0.01, size=values.shape).astype(np.float32)
        self.enter(values, voxel_size=(2.0,) * 3, contour=0.5)
        self.assert_does_not_apply("no background to take the noise from")


class TestEngines(LocalCheckTest):
    def test_missing(self) -> None:
        self.enter()
        with mock.patch.object(local_ucm, "find_spec", return_value=None):
            results = [self.run_check(check, engine="ucm") for check in (B, OCCUPANCY)]
        for result in results:
            self.assertEqual(result.outcome, Outcome.NOT_AVAILABLE)
            self.assertIn("pip install scipion-em-ucm", result.reason)

    @unittest.skipUnless(local_ucm.availability().here, f"needs {local_ucm.PACKAGE}")
    def test_beside_the_built_in(self) -> None:
        self.made = phantom((64,) * 3)
        self.enter()
        for check, keys in ((B, ("b_factor",)), (OCCUPANCY, ("occupancy", "noise_occupancy"))):
            theirs, ours = (self.run_check(check, engine=e) for e in ("ucm", "builtin"))
            self.assertEqual(theirs.engine.name, "ucm")
            self.assertEqual(theirs.engine.version, local_ucm.package_version())
            for key in keys:
                np.testing.assert_allclose(
                    self.percentiles(ours, key), self.percentiles(theirs, key), atol=0.02
                )

    @unittest.skipUnless(local_ucm.availability().here, f"needs {local_ucm.PACKAGE}")
    def test_a_box_that_the_package_does_not_take(self) -> None:
        self.enter()
        result = self.run_check(B, engine="ucm")
        self.assertEqual(result.outcome, Outcome.NOT_AVAILABLE)
        self.assertIn("cubic boxes", result.reason)


class TestDrawn(unittest.TestCase):
    def test_every_file_named_is_there(self) -> None:
        made = phantom()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_volume(folder / "map.mrc", made.density.values, (1.2,) * 3)
            request = Request.of(map=folder / "map.mrc", contour=made.contour, resolution=4.0)
            entry = prepare(request, folder / "entry")
            result = run_check(B, entry, folder / "out")
            self.assertEqual(result.outcome, Outcome.OK)
            names = [f.file for f in result.figures] + [v.file for v in result.volumes]
            for file in names:
                self.assertGreater((folder / "out" / file).stat().st_size, 1000)


if __name__ == "__main__":
    unittest.main()
