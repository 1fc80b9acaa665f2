"""Checks 1.c and 1.d from half map files to the result, and the engines they can be asked of."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import unittest
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import mrcfile
import numpy as np
from scipy import fft

from vrs_scipion.checks import level1_c_local_fsc, level1_d_local_significance
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.independence import INDEPENDENCE, SHARED
from vrs_scipion.checks.levels import CHECKS
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.isosurface.draw import IsosurfacePicture
from vrs_scipion.folders import SPECTRA
from vrs_scipion.machine.scipion_plugins import Told
from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import blocres, resmap
from vrs_scipion.methods.engine import EngineFailedError
from vrs_scipion.methods.local_bands import local_correlations
from vrs_scipion.results import CheckResult, Criterion, Outcome
from vrs_scipion.simulation import Phantom, demo_phantom, frequency_grid

FSC, SIGNIFICANCE = level1_c_local_fsc.CHECK, level1_d_local_significance.CHECK
PERCENTILES = ("p2_5", "p25", "p50", "p75", "p97_5")
BOX, VOXEL, RESOLUTION = (60, 54, 57), 1.2, 3.4
CLAIM = 3.6


@cache
def phantom() -> Phantom:
    return demo_phantom(
        box=BOX, voxel_size=VOXEL, resolution=RESOLUTION, n_helices=3, residues=(10, 14)
    )


@cache
def halves() -> tuple[Volume, Volume]:
    """The phantom in noise that grows with frequency: the halves agree to about 3.5 Å."""
    signal = phantom().truth.density.values
    frequency = frequency_grid(BOX, (VOXEL,) * 3)
    power = np.abs(fft.rfftn(signal)) ** 2
    near = [power[np.abs(frequency - f) < 0.02].mean() for f in (0.1, 1 / CLAIM)]
    filled = np.count_nonzero(phantom().truth.mask) / signal.size
    height = np.sqrt(near[1] / filled) * 10 ** ((frequency - 1 / CLAIM) * 3)

    def half(seed: int) -> Volume:
        white = fft.rfftn(np.random.default_rng(seed).standard_normal(BOX)) / np.sqrt(signal.size)
        return np.asarray(signal + fft.irfftn(white * height, s=BOX), np.float32)

    return half(1), half(2)


def noise(seed: int) -> Volume:
    return np.random.default_rng(seed).standard_normal(BOX).astype(np.float32)


class LocalTest(unittest.TestCase):
    entry: Entry

    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.draw = self.start(mock.patch("vrs_scipion.figures.isosurface.draw_isosurface"))
        self.draw.return_value = IsosurfacePicture(self.folder, "painter", "1.0", "A note.")
        self.plotted = self.start(mock.patch("vrs_scipion.figures.plotting.save_picture"))

    def start(self, patcher: Any) -> mock.MagicMock:
        mocked: mock.MagicMock = patcher.start()
        self.addCleanup(patcher.stop)
        return mocked

    def enter(
        self,
        first: Volume,
        second: Volume,
        resolution: float | None = CLAIM,
        crop: int = 0,
    ) -> None:
        """Prepare an entry with the phantom's map, cropped on all sides if asked for."""
        density: Density = phantom().density
        inner = (slice(crop, -crop or None),) * 3
        size = (VOXEL,) * 3
        write_volume(
            self.folder / "map.mrc", density.values[inner], size, nstart=(crop, crop, crop)
        )
        for name, values in (("half1", first), ("half2", second)):
            write_volume(self.folder / f"{name}.mrc", values, size)
        request = Request.of(
            map=self.folder / "map.mrc",
            contour=phantom().contour,
            resolution=resolution,
            half1=self.folder / "half1.mrc",
            half2=self.folder / "half2.mrc",
        )
        self.entry = prepare(request, self.folder / "entry")

    def run_check(self, check: Check, **options: object) -> CheckResult:
        out = self.folder / check.code
        return run_check(check, self.entry, out, **options)  # type: ignore[arg-type]

    def both(self) -> tuple[CheckResult, CheckResult]:
        return self.run_check(FSC), self.run_check(SIGNIFICANCE)

    def value(self, result: CheckResult, key: str) -> float:
        value = result.measurements[key].value
        assert value is not None, key
        return float(value)


class TestGoodHalves(LocalTest):
    def setUp(self) -> None:
        super().setUp()
        self.enter(*halves())

    def test_local_fsc(self) -> None:
        result = self.run_check(FSC)
        self.assertEqual(result.outcome, Outcome.OK, result.reason or result.warnings)
        for suffix in ("", "_0143"):
            found = [self.value(result, f"resolution_{p}{suffix}") for p in PERCENTILES]
            self.assertEqual(found, sorted(found))
        at_half, at_gold = (self.value(result, f"resolution_p50{s}") for s in ("", "_0143"))
        self.assertLess(at_gold, at_half)
        self.assertAlmostEqual(at_gold, 3.4, delta=0.4)
        self.assertTrue(0.01 < self.value(result, "error_p50") < 0.5)
        self.assertEqual(result.measurements["resolution_p50"].unit, "Å")
        estimate = result.resolution_estimate
        assert estimate is not None
        self.assertEqual(estimate.value, at_gold)
        self.assertFalse(estimate.contradicts)
        self.assertEqual(
            [(c.key, c.role) for c in result.criteria],
            [
                ("resolved_lowest", "verdict"),
                ("supported_lowest", "verdict"),
                ("better_lowest", "advice"),
            ],
        )
        self.assertEqual(
            [figure.key for figure in result.figures],
            ["resolution_histogram", "resolution_surface", "error_surface"],
        )

    def test_local_significance(self) -> None:
        fine, result = self.both()
        self.assertEqual(result.outcome, Outcome.OK, result.reason or result.warnings)
        self.assertEqual(self.value(result, "not_resolved_fraction"), 0)
        self.assertLess(self.value(result, "resolution_p50"), self.value(fine, "resolution_p50"))

    def test_the_volumes_lie_on_the_half_maps(self) -> None:
        result = self.run_check(FSC)
        keys = ["resolution", "error", "resolution_0143", "error_0143"]
        self.assertEqual([v.key for v in result.volumes], keys)
        mask = self.entry.half_maps().hard
        for volume in result.volumes:
            with mrcfile.open(self.folder / FSC.code / volume.file) as mrc:
                self.assertEqual(mrc.data.shape, BOX)
                self.assertAlmostEqual(float(mrc.voxel_size.x), VOXEL, places=5)
                self.assertFalse(mrc.data[~mask].any())
                self.assertTrue((mrc.data[mask] >= 0).all())
        self.assertEqual((result.volumes[0].kind, result.volumes[0].unit), ("values", "Å"))

    def test_what_both_ask_for_is_computed_once(self) -> None:
        with mock.patch(
            "vrs_scipion.checks.local_bands.local_correlations", wraps=local_correlations
        ) as computed:
            first, _ = self.both()
            again = self.run_check(FSC)
            self.assertEqual(computed.call_count, 1)
            self.assertEqual(again.measurements, first.measurements)
            kept = self.entry.path("half_maps", SPECTRA) / "local_correlations.npz"
            kept.write_bytes(kept.read_bytes()[:1000])
            self.assertEqual(self.run_check(FSC).measurements, first.measurements)
            self.assertEqual(computed.call_count, 2)

    def test_swapped(self) -> None:
        expected = [result.measurements for result in self.both()]
        self.enter(*halves()[::-1])
        for result, before in zip(self.both(), expected, strict=True):
            for key in result.measurements:
                was = before[key].value
                assert was is not None
                np.testing.assert_allclose(self.value(result, key), was, rtol=1e-4)

    def test_the_histogram_has_error_bars(self) -> None:
        self.run_check(FSC)
        plot = self.plotted.call_args.args[0]
        bars, whiskers = plot.series
        self.assertEqual(whiskers.name, "one standard error")
        self.assertEqual(len(whiskers.x), 3 * len(bars.x))
        for low, top, high in zip(whiskers.y[::3], bars.y, whiskers.y[1::3], strict=True):
            self.assertTrue(low <= top <= high)
        self.assertGreater(plot.y.range[1], max(y for y in whiskers.y if y))
        self.assertEqual([mark.label.split()[0] for mark in plot.marks], ["median", "reported"])


class TestWithAndWithoutAClaim(LocalTest):
    def test_nothing_reported(self) -> None:
        self.enter(*halves(), resolution=None)
        for result in self.both():
            self.assertEqual(result.outcome, Outcome.OK, result.reason or result.warnings)
            self.assertNotIn("supported_share", result.measurements)

    def test_too_fine_a_claim(self) -> None:
        self.enter(*halves(), resolution=2.5)
        for result in self.both():
            self.assertEqual(result.outcome, Outcome.WARNINGS)
            self.assertRegex(result.warnings[0], r"2\.5 Å.*should be at least 10")
            assert result.resolution_estimate is not None
            self.assertTrue(result.resolution_estimate.contradicts)

    def test_a_map_in_another_box(self) -> None:
        self.enter(*halves(), crop=3)
        self.assertTrue(self.entry.half_maps_record.map_placed)
        for result in self.both():
            self.assertIn(result.outcome, (Outcome.OK, Outcome.WARNINGS), result.reason)
            left = [p.name for p in (self.folder / result.code).iterdir()]
            self.assertFalse([name for name in left if name.startswith(".")])


class TestHalvesThatAreNone(LocalTest):
    def test_noise_is_never_ok(self) -> None:
        for resolution in (None, CLAIM):
            self.enter(noise(1), noise(2), resolution)
            for result in self.both():
                self.assertEqual(result.outcome, Outcome.WARNINGS)
                self.assertIsNone(result.resolution_estimate)
                self.assertRegex(result.headline, "no (significant )?signal")

    def test_copies_mean_nothing(self) -> None:
        first, _ = halves()
        for second in (first, (2 * first + 1).astype(np.float32)):
            self.enter(first, second)
            for result in self.both():
                self.assertEqual(result.outcome, Outcome.UNDETERMINED)
                self.assertIn("copies", result.reason)
                self.assertIsNone(result.resolution_estimate)

    def test_halves_that_1_i_does_not_trust(self) -> None:
        self.enter(*halves())
        shared = Criterion(
            key="shared_highest",
            subject="the shared noise",
            value=0.3,
            comparison="<=",
            limit=0.02,
        )
        other = self.run_check(FSC).model_copy(update={"code": INDEPENDENCE})
        for criterion, outcome in (
            (shared, Outcome.UNDETERMINED),
            (shared.model_copy(update={"value": 0.01}), Outcome.OK),
            (shared.model_copy(update={"key": "noise_ratio_highest"}), Outcome.OK),
        ):
            heard = {INDEPENDENCE: other.model_copy(update={"criteria": (criterion,)})}
            for check in (FSC, SIGNIFICANCE):
                result = self.run_check(check, results=heard)
                self.assertEqual(result.outcome, outcome, criterion)

    def test_the_criteria_that_are_listened_for_are_there(self) -> None:
        if INDEPENDENCE not in CHECKS:
            self.skipTest("1.i is not among the checks")
        self.assertLessEqual(set(SHARED), {limit.key for limit in CHECKS[INDEPENDENCE].limits})

    def test_a_box_without_bands(self) -> None:
        with mock.patch(
            "vrs_scipion.methods.local_bands.bands._centres", return_value=[(0.1, 0.01)]
        ):
            self.enter(*halves())
            for result in self.both():
                self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
                self.assertRegex(result.reason, r"^A box of .* bands of spatial frequency\.$")


STAND_IN = """#!/usr/bin/env python3
import json, shutil, sys
json.dump(sys.argv[1:], open({log!r}, "a"))
open({log!r}, "a").write("\\n")
print({said!r})
{does}
"""


class TestPrograms(LocalTest):
    """BlocRes and ResMap where they are not, and stand-ins where they are."""

    def setUp(self) -> None:
        super().setUp()
        self.told: Told | None = None
        self.start(
            mock.patch("vrs_scipion.machine.plugin_programs.ask", side_effect=lambda _: self.told)
        )
        self.start(mock.patch.dict(os.environ, {"PATH": "/usr/bin:/bin"}))
        for name in ("BSOFT_HOME", "RESMAP_HOME"):
            os.environ.pop(name, None)
        self.log = self.folder / "log"
        self.home = self.folder / "bsoft-2.1.3"

    def install(self, file: str, answer: Volume | None, target: str, said: str = "done") -> None:
        """A program that writes an answer, or nothing."""
        path = self.home / "bin" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        does = ""
        if answer is not None:
            write_volume(self.folder / "answer.mrc", answer, (VOXEL,) * 3)
            does = f"shutil.copy({str(self.folder / 'answer.mrc')!r}, {target!r})"
        path.write_text(STAND_IN.format(log=str(self.log), said=said, does=does))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self.told = Told(self.home, dict(os.environ), {})

    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def test_missing(self) -> None:
        self.enter(*halves())
        for check, engine in ((FSC, blocres.NAME), (SIGNIFICANCE, resmap.NAME)):
            result = self.run_check(check, engine=engine)
            self.assertEqual(result.outcome, Outcome.NOT_AVAILABLE)
            self.assertIn("scipion3 installp -p scipion-em-", result.reason)
            self.assertEqual(result.measurements, {})
            self.assertEqual(self.run_check(check, engine="auto").engine.name, "builtin")

    def test_blocres(self) -> None:
        self.enter(*halves())
        answer = np.full(BOX, 3.5, np.float32)
        answer[:30] = 4.5
        self.install("blocres", answer, "resolution.mrc")
        result = self.run_check(FSC, engine=blocres.NAME)
        self.assertEqual(result.outcome, Outcome.OK, result.reason or result.warnings)
        self.assertEqual((result.engine.name, result.engine.version), ("blocres", "2.1.3"))
        self.assertEqual(self.value(result, "resolution_p97_5"), 4.5)
        self.assertIsNone(result.measurements["error_p50"].value)
        self.assertEqual([v.key for v in result.volumes], ["resolution", "resolution_0143"])
        half, gold = self.calls()
        self.assertEqual(half[-3:], ["half1.mrc", "half2.mrc", "resolution.mrc"])
        self.assertEqual(half[half.index("-cutoff") + 1], "0.5")
        self.assertEqual(gold[gold.index("-cutoff") + 1], "0.143")
        self.assertEqual(half[half.index("-box") + 1], "18")
        self.assertEqual(half[half.index("-sampling") + 1], "1.2,1.2,1.2")

    def test_programs_that_write_nothing_useful(self) -> None:
        self.enter(*halves())
        self.install("blocres", None, "", said="Segmentation of the map failed")
        result = self.run_check(FSC, engine=blocres.NAME)
        self.assertEqual(result.outcome, Outcome.FAILED)
        self.assertIn("ended without an error and wrote no resolutions", result.reason)
        self.assertIn("Segmentation of the map failed", result.reason)
        nowhere = np.zeros(BOX, np.float32)
        nowhere[0, 0, 0] = 5
        for answer, words in (
            (nowhere, "gave no voxel of the mask"),
            (noise(1)[:8, :8, :8], "wrote \\(8, 8, 8\\) voxels"),
        ):
            self.install("blocres", answer, "resolution.mrc")
            self.assertRegex(self.run_check(FSC, engine=blocres.NAME).reason, words)

    def test_resmap(self) -> None:
        side = 40
        mask = np.zeros((side,) * 3, np.bool_)
        mask[10:30, 10:30, 10:30] = True
        answer = np.where(np.arange(side) < 20, 4.0, 100.0) * np.ones((side,) * 3)
        self.home = self.folder / "resmap-1.95"
        self.install("ResMap-1.95-cuda-linux64", answer.astype(np.float32), "half1_ori_resmap.mrc")
        paths = [self.folder / name for name in ("one.mrc", "other.mrc")]
        for path in paths:
            write_volume(path, np.zeros((side,) * 3, np.float32), (VOXEL,) * 3)
        found = resmap.local_resolution(paths, mask, (VOXEL,) * 3, 20.0)
        np.testing.assert_allclose(found[mask].reshape(20, 20, 20)[:, :, :10], 4)
        np.testing.assert_allclose(found[mask].reshape(20, 20, 20)[:, :, 10:], 20)
        self.assertTrue(np.isnan(found[~mask]).all())
        self.assertEqual(resmap.version(), "1.95")
        (words,) = self.calls()
        self.assertIn("--maskVol=mask.mrc", words)
        self.assertIn("--vxSize=1.2", words)
        self.install("ResMap-1.95-cuda-linux64", None, "")
        with self.assertRaisesRegex(EngineFailedError, "wrote no resolutions"):
            resmap.local_resolution(paths, mask, (VOXEL,) * 3, 20.0)

    def test_resmap_takes_cubes_only(self) -> None:
        self.enter(*halves())
        self.install("ResMap", noise(1), "half1_ori_resmap.mrc")
        result = self.run_check(SIGNIFICANCE, engine=resmap.NAME)
        self.assertEqual(result.outcome, Outcome.NOT_AVAILABLE)
        self.assertIn("cubic", result.reason)

    def test_blocks(self) -> None:
        self.enter(*halves())
        result = self.run_check(FSC, engine="block")
        self.assertEqual(result.engine.name, "block")
        self.assertIn(result.outcome, (Outcome.OK, Outcome.WARNINGS), result.reason)
        ours = self.run_check(FSC)
        self.assertAlmostEqual(
            self.value(result, "resolution_p50"), self.value(ours, "resolution_p50"), delta=0.8
        )


if __name__ == "__main__":
    unittest.main()
