"""Check 1.l: what local resolutions have in common, and claims that half maps do not support."""

from __future__ import annotations

import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import mrcfile
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vrs_scipion.checks import level1_c_local_fsc, level1_d_local_significance
from vrs_scipion.checks.independence import INDEPENDENCE
from vrs_scipion.checks.level1_l_agreement import CHECK, DECISIVE, SOURCES
from vrs_scipion.checks.run import failed, run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.maps.density import Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.local_agreement import ERRORS, agreement, unsupported
from vrs_scipion.methods.local_resolution import at_half_amplitude, deepres_convention
from vrs_scipion.methods.resolution_by_looks import spread_over_maps
from vrs_scipion.results import CheckResult, Criterion, Engine, Outcome
from vrs_scipion.results.model import OutputVolume

BOX, VOXEL = (40, 36, 44), 1.5
HALVES = 5.0
"""Å, about what the half maps resolve."""


def drawn(seed: int, places: int = 200) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(3, 9, places).astype(np.float32)


class TestAgreement(unittest.TestCase):
    @settings(deadline=None, max_examples=20)
    @given(seed=st.integers(0, 1000), power=st.floats(0.3, 3), shift=st.floats(-1, 1))
    def test_any_scale_that_rises_keeps_the_order(
        self, seed: int, power: float, shift: float
    ) -> None:
        one = drawn(seed)
        found = agreement(one, (one**power + np.float32(shift)).astype(np.float32))
        assert found is not None
        assert found.spearman is not None
        self.assertAlmostEqual(found.spearman, 1.0, places=3)

    def test_the_other_way_round(self) -> None:
        one, other = drawn(1), drawn(2) + np.float32(1)
        there, back = agreement(one, other), agreement(other, one)
        assert there is not None
        assert back is not None
        self.assertEqual(there.spearman, back.spearman)
        self.assertAlmostEqual(there.difference, -back.difference)
        self.assertEqual(there.distance, back.distance)
        self.assertLess(there.difference, 0)

    def test_where_one_has_no_value(self) -> None:
        one, other = drawn(1), drawn(1)
        one[:50], other[150:] = np.nan, np.nan
        found = agreement(one, other + np.float32(0.5))
        assert found is not None
        self.assertAlmostEqual(found.difference, -0.5, places=5)
        self.assertIsNone(agreement(np.full(9, np.nan, np.float32), drawn(1, 9)))

    def test_the_same_everywhere_has_no_order(self) -> None:
        found = agreement(drawn(1), np.full(200, 4, np.float32))
        assert found is not None
        self.assertIsNone(found.spearman)


class TestUnsupported(unittest.TestCase):
    def test_the_errors_of_both_count(self) -> None:
        claim = 5.0 * np.exp(-ERRORS * np.hypot(0.1, 0.05))
        for factor, expected in ((0.999, True), (1.001, False)):
            found = unsupported(claim * factor, 0.1, 5.0, 0.25)
            self.assertEqual(bool(found), expected)

    @settings(deadline=None, max_examples=30)
    @given(
        claim=st.floats(2, 12),
        resolution=st.floats(2, 12),
        spread=st.floats(0, 0.4),
        error=st.floats(0, 2),
        scale=st.floats(0.5, 2),
    )
    def test_larger_errors_never_accuse(
        self, claim: float, resolution: float, spread: float, error: float, scale: float
    ) -> None:
        if unsupported(claim, spread + 0.01, resolution, error):
            self.assertTrue(unsupported(claim, spread, resolution, error / 2))
        if claim >= resolution:
            self.assertFalse(unsupported(claim, spread, resolution, error))
        larger = unsupported(claim * scale, spread, resolution * scale, error * scale)
        margin = np.log(resolution / claim) - ERRORS * np.hypot(spread, error / resolution)
        if abs(margin) > 1e-6:
            self.assertEqual(bool(larger), bool(unsupported(claim, spread, resolution, error)))

    def test_no_claim_is_none(self) -> None:
        self.assertFalse(unsupported(np.inf, 0.1, 20.0, 0.0))

    def test_the_scale_of_deepres_and_back(self) -> None:
        half = np.array([1.6, 4.0, 11.0], np.float32)
        np.testing.assert_allclose(at_half_amplitude(deepres_convention(half)), half, rtol=1e-5)

    def test_looks_are_less_sure_where_they_are_coarse(self) -> None:
        spread = spread_over_maps([3.0, 4.5, 6.0, 8.0, 20.0])
        self.assertTrue((np.diff(spread) >= 0).all())


class CheckTest(unittest.TestCase):
    """1.l of half maps of a blob, beside results that other checks might have left."""

    prepared: Entry

    @classmethod
    def setUpClass(cls) -> None:
        kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(kept.cleanup)
        cls.prepared = cls.enter(Path(kept.name))

    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.results: dict[str, CheckResult] = {}
        self.folders: dict[str, Path] = {}
        self.entry = self.prepared

    @property
    def mask(self) -> NDArray[np.bool_]:
        return self.entry.half_maps().hard

    @staticmethod
    def enter(folder: Path, crop: int = 0) -> Entry:
        """Prepare a blob and half maps, the map cropped on all sides if asked for."""
        z, y, x = (np.arange(n) - n / 2 for n in BOX)
        blob = np.exp(-((z[:, None, None] / 9) ** 2 + (y[:, None] / 8) ** 2 + (x / 10) ** 2))
        inner = (slice(crop, -crop or None),) * 3
        size, files = (VOXEL,) * 3, {}
        for number, key in enumerate(("map", "half1", "half2")):
            noise = np.random.default_rng(number).normal(0, 0.02, BOX)
            values = (blob + noise).astype(np.float32)
            files[key] = folder / f"{key}.mrc"
            if key == "map":
                write_volume(files[key], values[inner], size, nstart=(crop,) * 3)
            else:
                write_volume(files[key], values, size)
        request = Request.of(**files, contour=0.4, resolution=HALVES)
        return prepare(request, folder / "entry")

    def leave(
        self,
        code: str,
        keys: Sequence[str],
        values: float | Volume,
        *,
        error: float = 0.2,
        outcome: Outcome = Outcome.OK,
        reason: str = "",
        engine: str = "builtin",
    ) -> None:
        """A result of another check with a volume, and one of errors if it has a second key."""
        folder = self.folder / code
        folder.mkdir(exist_ok=True)
        mask = self.entry.hard_mask() if code == "0.e" else self.mask
        volumes = list(self.results[code].volumes) if code in self.results else []
        for key, held in zip(keys, (values, error), strict=False):
            volume = np.where(mask, held, 0).astype(np.float32)
            write_volume(folder / f"{key}.mrc", volume, (VOXEL,) * 3)
            volumes.append(OutputVolume(key=key, file=f"{key}.mrc", description=key))
        self.folders[code] = folder
        self.results[code] = CheckResult(
            code=code,
            name=code,
            outcome=outcome,
            reason=reason,
            engine=Engine(name=engine, version="1"),
            volumes=tuple(volumes),
        )

    def leave_halves(self, gold: float = HALVES, **options: Outcome | str) -> None:
        self.leave("1.c", ("resolution", "error"), 1.3 * gold)
        self.leave("1.c", ("resolution_0143", "error_0143"), gold, **options)  # type: ignore[arg-type]

    def answer(self) -> CheckResult:
        with mock.patch("vrs_scipion.figures.plotting.save_picture"):
            return run_check(
                CHECK,
                self.entry,
                self.folder / "out",
                results=self.results,
                folders=self.folders,
            )

    def looking_like(self, looks: float, key: str = "resolution") -> CheckResult:
        """The answer where 0.e has found that resolution at half amplitude."""
        nominal = float(deepres_convention(np.array([looks], np.float32))[0])
        self.leave("0.e", (key, f"{key}_error"), nominal, error=0.5)
        return self.answer()

    def share(self, result: CheckResult) -> float:
        value = result.measurements["unsupported_fraction"].value
        assert value is not None
        return float(value)


class TestWhatIsCompared(CheckTest):
    def test_all_of_them(self) -> None:
        varied = np.random.default_rng(3).uniform(4.5, 5.5, BOX).astype(np.float32)
        self.leave("1.c", ("resolution", "error"), varied * np.float32(1.2))
        self.leave("1.c", ("resolution_0143", "error_0143"), varied)
        self.leave("1.d", ("resolution", "error"), varied + np.float32(0.3))
        self.leave("1.e", ("resolution",), 12.0)
        result = self.looking_like(HALVES)
        self.assertEqual(result.outcome, Outcome.OK, result.reason or result.warnings)
        values = {key: one.value for key, one in result.measurements.items()}
        self.assertAlmostEqual(values["spearman_1c_0143_1d"] or 0, 1, places=4)
        self.assertAlmostEqual(values["median_difference_1c_0143_1d"] or 0, -0.3, places=4)
        self.assertIsNone(values["spearman_1d_1e"])
        self.assertEqual(len([key for key in values if key.startswith("spearman_1")]), 10)
        self.assertEqual(
            [row[0] for row in result.tables["medians"].rows][2:], ["1.d", "1.e", "0.e"]
        )
        self.assertEqual([f.key for f in result.figures], ["agreement", "shares", "looks"])
        self.assertEqual(result.warnings, ())
        with mrcfile.open(self.folder / "out" / result.volumes[0].file) as mrc:
            self.assertEqual(mrc.data.shape, BOX)
            np.testing.assert_allclose(mrc.data[self.mask], HALVES - varied[self.mask], atol=1e-4)
            self.assertFalse(mrc.data[~self.mask].any())

    def test_one_alone_is_nothing_to_compare(self) -> None:
        self.leave_halves()
        result = self.answer()
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        for code in ("1.d", "1.e", "0.e"):
            self.assertIn(f"{code} ", result.reason)
        self.assertIn("was not run", result.reason)

    def test_without_looks_the_map_is_not_judged(self) -> None:
        self.leave_halves()
        self.leave("1.d", ("resolution", "error"), 4.8)
        self.results["0.e"] = failed(CHECK, "no memory")
        result = self.answer()
        self.assertEqual(result.outcome, Outcome.UNDETERMINED)
        self.assertIn("0.e", result.reason)
        self.assertRegex(" ".join(result.paragraphs), r"Not compared: 1\.e.*0\.e.*no memory\)")
        self.assertEqual(result.criteria, ())

    def test_a_result_whose_volume_is_gone(self) -> None:
        self.leave_halves()
        self.leave("1.d", ("resolution", "error"), 4.8)
        (self.folder / "1.d" / "resolution.mrc").unlink()
        self.assertEqual(self.answer().outcome, Outcome.NOT_APPLICABLE)

    def test_a_map_in_another_box(self) -> None:
        self.entry = self.enter(self.folder, crop=3)
        self.assertTrue(self.entry.half_maps_record.map_placed)
        self.leave_halves()
        result = self.looking_like(3.0)
        self.assertEqual(self.share(result), 1)
        row = result.tables["medians"].rows[-1]
        self.assertAlmostEqual(float(row[3] or 0), 3.0, places=2)
        self.assertGreater(float(row[-1] or 0), 90)

    def test_the_volumes_are_those_that_1_c_and_1_d_leave(self) -> None:
        with mock.patch(
            "vrs_scipion.figures.isosurface.draw_isosurface", side_effect=EngineError("not here")
        ):
            for check in (level1_c_local_fsc.CHECK, level1_d_local_significance.CHECK):
                self.folders[check.code] = self.folder / check.code
                self.results[check.code] = run_check(check, self.entry, self.folders[check.code])
        keys = {code: {v.key for v in one.volumes} for code, one in self.results.items()}
        for source in SOURCES:
            if source.code in keys:
                self.assertLessEqual({*source.volumes, *source.errors}, keys[source.code])
        values = self.answer().measurements
        found = self.results["1.c"].measurements["resolution_p50_0143"].value
        assert found is not None
        self.assertAlmostEqual(values["median_1c_0143"].value or 0, found, delta=0.1 * found)


class TestWhatTheMapShows(CheckTest):
    def test_detail_that_the_halves_lack(self) -> None:
        self.leave_halves()
        for looks, outcome in ((1.1, Outcome.OK), (0.95, Outcome.OK), (0.65, Outcome.WARNINGS)):
            result = self.looking_like(looks * HALVES)
            self.assertEqual(result.outcome, outcome, result.headline)
            self.assertEqual(self.share(result), float(outcome is Outcome.WARNINGS))
        self.assertRegex(result.warnings[0], r"is 100\s%; should be at most 25")
        self.assertIn("1.j", result.criteria[0].advice)

    def test_a_part_of_the_molecule(self) -> None:
        self.leave_halves()
        fine = np.full(BOX, 5.2, np.float32)
        fine[:, :, : BOX[2] // 2] = 3.0
        self.leave("0.e", ("resolution", "resolution_error"), fine, error=0.5)
        result = self.answer()
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        held = float((fine[self.mask] < HALVES).mean())
        self.assertAlmostEqual(self.share(result), held, delta=0.06)

    def test_the_flattened_map_counts_where_it_decides(self) -> None:
        self.leave_halves()
        self.assertEqual(self.looking_like(HALVES).outcome, Outcome.OK)
        result = self.looking_like(3.0, "resolution_flattened")
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        self.assertIn("spectrum flattened", " ".join(result.paragraphs))

    def test_the_end_of_the_scale_claims_nothing(self) -> None:
        self.leave_halves(30.0)
        self.leave("0.e", ("resolution", "resolution_error"), 13.0)
        self.assertEqual(self.share(self.answer()), 0)

    def test_a_pass_that_means_nothing(self) -> None:
        for halves, looks in ((11.0, 10.9), (HALVES, 1.6 * HALVES)):
            self.leave_halves(halves)
            result = self.looking_like(looks)
            self.assertEqual(result.outcome, Outcome.UNDETERMINED)
            self.assertIn(f"{DECISIVE:g} times finer", result.reason)
            self.assertEqual([c.passed for c in result.criteria], [True])

    def test_halves_that_are_in_doubt(self) -> None:
        self.leave_halves(outcome=Outcome.UNDETERMINED, reason="They are copies.")
        self.assertEqual(self.looking_like(HALVES).reason, "They are copies.")
        self.assertEqual(self.looking_like(3.0).outcome, Outcome.WARNINGS)
        self.leave_halves()
        shared = Criterion(
            key="shared_highest", subject="noise", value=0.3, comparison="<=", limit=0.02
        )
        told = self.results["1.c"].model_copy(update={"criteria": (shared,)})
        self.results[INDEPENDENCE] = told
        result = self.looking_like(HALVES)
        self.assertEqual(result.outcome, Outcome.UNDETERMINED)
        self.assertIn(INDEPENDENCE, result.reason)

    def test_an_engine_that_knows_no_errors_accuses_nobody(self) -> None:
        self.leave_halves()
        self.leave("0.e", ("resolution",), 3.0, engine="xmipp")
        result = self.answer()
        self.assertEqual(result.outcome, Outcome.UNDETERMINED)
        self.assertEqual((self.share(result), result.warnings), (1, ()))
        self.assertEqual([c.role for c in result.criteria], ["advice"])


if __name__ == "__main__":
    unittest.main()
