"""DeepRes by Xmipp: the chain's arguments, a stand-in for its programs, what is read of them."""

from __future__ import annotations

import sys
import unittest
from importlib import import_module
from pathlib import Path

import numpy as np

from vrs_scipion.checks.level0_e_deepres import CHECK, VOLUME_FILE
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Mask
from vrs_scipion.maps.reading import read_density
from vrs_scipion.methods import deep_learning_toolkit, deepres_xmipp
from vrs_scipion.methods.deepres_xmipp import DEEPRES, FINE, USUAL, Range, range_for
from vrs_scipion.methods.engine import EngineUnavailableError
from vrs_scipion.methods.xmipp import XmippError
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.surfaces import leave_surfaces_out
from vrs_scipion.tests.xmipp_stand_in import VERSION, StandInTest

# A stand-in for the programs of Xmipp, none of which it computes: it notes how it was called, and
# writes volumes of the sizes that they would have. Its resolutions rise along x, from 4 Å by 0.05
# Å a voxel, inside the mask; this is no DeepRes.
STAND_IN = """\
#!{python}
import json, os, sys
import mrcfile
import numpy as np
name = os.path.basename(sys.argv[0])
with open({log!r}, "a") as log:
    print(json.dumps([name, *sys.argv[1:]]), file=log)
options = dict(zip(sys.argv, sys.argv[1:]))
source = options["-i"].removesuffix(":mrc")
target = options.get("-o", source)
values = mrcfile.read(source).astype(np.float32)
if name == "xmipp_image_resize":
    old, factor = values.shape, float(np.float32(options["--factor"]))
    new = [int(n * factor) for n in old]
    index = [np.clip(np.rint((np.arange(m) - m // 2) * (n / m)).astype(int) + n // 2, 0, n - 1)
             for n, m in zip(old, new)]
    values = values[np.ix_(*index)]
if name == "xmipp_deepRes_resolution":
    assert options["-dl"] in ("default", "highRes")
    mask = mrcfile.read(options["-m"]) > 0.15
    assert mask.shape == values.shape
    values = np.where(mask, 4 + 0.05 * np.arange(values.shape[2]), 0).astype(np.float32)
    {behaviour}
mrcfile.write(target, values, overwrite=True)
"""


def setUpModule() -> None:
    """Load what draws: modules that come while others are hidden are forgotten afterwards."""
    for name in ("plotting", "isosurface.draw"):
        import_module(f"vrs_scipion.figures.{name}")


class XmippTest(StandInTest):
    def install(self, behaviour: str = "pass", networks: bool = True) -> None:
        script = STAND_IN.format(python=sys.executable, log=str(self.log), behaviour=behaviour)
        self.install_chain(DEEPRES, script, networks=networks)

    def a_map(self, voxel: float = 1.3) -> tuple[Path, Path, Mask]:
        noise = np.random.default_rng(5).normal(scale=0.01, size=(20, 20, 20))
        values = noise.astype(np.float32)
        values[6:14, 6:14, 6:14] += 1
        voxel_size = (voxel, voxel, voxel)
        return (
            write(self.folder / "a map@of:mine.mrc", mrc_bytes(values, voxel_size=voxel_size)),
            write(self.folder / "mask.mrc", mrc_bytes(values > 0.5, voxel_size=voxel_size)),
            values > 0.5,
        )

    def measure(
        self, voxel: float = 1.3, wanted: Range = USUAL, behaviour: str = "pass"
    ) -> deepres_xmipp.DeepResAnswer:
        self.install(behaviour)
        tools = deep_learning_toolkit.require(DEEPRES)
        path, mask_path, mask = self.a_map(voxel)
        return deepres_xmipp.deepres(tools, path, mask_path, mask, voxel, wanted, timeout_s=60)


class TestChain(XmippTest):
    def test_not_here(self) -> None:
        absent = deep_learning_toolkit.availability(DEEPRES, True)
        self.assertIn("scipion-em-xmipp", absent.detail)
        self.install(networks=False)
        missing = deep_learning_toolkit.availability(DEEPRES, True)
        self.assertFalse(missing.here)
        self.assertIn("model_w13.h5", missing.detail)
        with self.assertRaisesRegex(EngineUnavailableError, "deepLearningToolkit"):
            deep_learning_toolkit.require(DEEPRES)

    def test_here(self) -> None:
        self.install()
        here = deep_learning_toolkit.availability(DEEPRES, True)
        self.assertTrue(here.here, here)
        self.assertIn(VERSION, here.detail)
        program = deep_learning_toolkit.require(DEEPRES).programs[deepres_xmipp.PROGRAM]
        self.assertEqual(program.environment["TF_FORCE_GPU_ALLOW_GROWTH"], "true")

    def test_coarse_voxels(self) -> None:
        self.measure(1.3)
        self.assertEqual(
            self.calls(),
            [
                "xmipp_transform_morphology -i mask.mrc:mrc -o tmp/Mask_dilate.vol "
                "--binaryOperation dilation --size 1",
                "xmipp_image_operate -i map.mrc:mrc --mult tmp/Mask_dilate.vol -o "
                "tmp/operateVolume.vol",
                "xmipp_image_resize -i mask.mrc:mrc -o tmp/binaryMask.vol --factor 1.300000",
                "xmipp_image_resize -i tmp/operateVolume.vol -o extra/originalVolume.vol --factor "
                "1.300000",
                "xmipp_transform_threshold -i tmp/binaryMask.vol -o tmp/binaryMask.vol --select "
                "below 0.150000 --substitute binarize",
                "xmipp_deepRes_resolution -dl default -i extra/originalVolume.vol -m "
                "tmp/binaryMask.vol -s 1.300000 -o extra/deepRes_resolution.vol",
                "xmipp_image_convert -i extra/deepRes_resolution.vol -o "
                "extra/deepRes_resolution.mrc -t vol",
            ],
        )

    def test_fine_voxels_are_low_passed_first(self) -> None:
        for voxel, low_pass, factor in ((0.8, "0.400000", "0.800000"), (1.0, "0.500000", "1.0")):
            with self.subTest(voxel=voxel):
                self.log.unlink(missing_ok=True)
                self.measure(voxel)
                calls = self.calls()
                self.assertIn(
                    "xmipp_transform_filter -i mask.mrc:mrc -o tmp/binaryMask.vol --fourier "
                    f"low_pass {low_pass}",
                    calls[2],
                )
                self.assertIn(
                    f"xmipp_image_resize -i tmp/binaryMask.vol --factor {factor}", calls[3]
                )
                self.assertIn("-i tmp/operateVolume.vol -o extra/originalVolume.vol", calls[4])
                self.assertIn("-i extra/originalVolume.vol --factor", calls[5])

    def test_the_fine_range(self) -> None:
        self.assertIs(range_for(2.4), FINE)
        self.assertIs(range_for(2.5), USUAL)
        self.measure(0.8, FINE, "values = np.minimum(values, 5.9)")
        program = next(c for c in self.calls() if c.startswith(deepres_xmipp.PROGRAM))
        self.assertIn("-dl highRes", program)
        self.assertIn("--factor 1.600000", self.calls()[2])

    def test_what_is_read(self) -> None:
        for voxel in (1.3, 0.8):
            with self.subTest(voxel=voxel):
                answer = self.measure(voxel)
                _, _, mask = self.a_map(voxel)
                self.assertEqual(answer.volume.shape, mask.shape)
                self.assertTrue(np.isnan(answer.volume[~mask]).all())
                there = np.isfinite(answer.volume)
                self.assertGreater(np.count_nonzero(there), 0.8 * np.count_nonzero(mask))
                box = deepres_xmipp.resized(20, f"{voxel:.6f}")
                x = np.broadcast_to((np.arange(20) - 10) * (box / 20) + box // 2, mask.shape)
                np.testing.assert_allclose(answer.volume[there], 4 + 0.05 * x[there], atol=0.03)
                self.assertTrue((answer.values > 0).all())
                self.assertGreater(answer.values.size, 100)

    def test_numbers_on_the_command_line_are_floats_of_32_bits(self) -> None:
        """Xmipp 6.0.0 makes 104 voxels of 100 by 1.05."""
        self.assertEqual(deepres_xmipp.resized(100, "1.050000"), 104)
        self.assertEqual(deepres_xmipp.resized(20, "1.050000"), 20)
        self.assertEqual(self.measure(1.05).volume.shape, (20, 20, 20))

    def test_failures(self) -> None:
        for behaviour, words in (
            ("sys.exit(print('no tensorflow') or 3)", "ended with code 3: no tensorflow"),
            ("values[:] = 0; values[0, 0, 0] = -1", "gave no voxel a resolution"),
            ("values[5, 5, 5] = 14", "no resolutions of its range"),
            ("values[5, 5, 5] = np.nan", "cannot be read|no resolutions"),
            ("values = values[1:]", "voxels where"),
            ("sys.exit(0)", "ended without an error and did not write extra/deepRes_resolution"),
        ):
            with self.subTest(words=words), self.assertRaisesRegex(XmippError, words):
                self.measure(behaviour=behaviour)


class TestCheckByXmipp(XmippTest):
    def setUp(self) -> None:
        super().setUp()
        leave_surfaces_out(self)

    def run_check(self, resolution: float, engine: str = "xmipp") -> CheckResult:
        self.install()
        path, _, _ = self.a_map()
        request = Request.of(map=path, contour=0.5, resolution=resolution)
        entry = prepare(request, self.folder / "entry")
        return run_check(CHECK, entry, self.folder / "out", engine=engine)

    def test_outcomes(self) -> None:
        for resolution, outcome, lowest, highest in (
            (4.6, Outcome.OK, 20, 80),
            (4.0, Outcome.WARNINGS, 0, 0),
            (6.0, Outcome.OK, 100, 100),
        ):
            with self.subTest(resolution=resolution):
                result = self.run_check(resolution)
                self.assertIs(result.outcome, outcome, result.reason)
                self.assertEqual((result.engine.name, result.engine.version), ("xmipp", VERSION))
                share = result.measurements["reported_percentile"].value or 0
                self.assertGreaterEqual(share, lowest)
                self.assertLessEqual(share, highest)
                self.assertNotIn("error_p50", result.measurements)
                assert result.resolution_estimate is not None
                self.assertEqual(result.resolution_estimate.method, "DeepRes")
        volume = read_density(self.folder / "out" / VOLUME_FILE)
        self.assertEqual(volume.box, (20, 20, 20))
        np.testing.assert_allclose(volume.voxel_size, 1.3, rtol=1e-5)

    def test_auto_takes_it_where_it_is(self) -> None:
        self.assertEqual(self.run_check(4.6, engine="auto").engine.name, "xmipp")


if __name__ == "__main__":
    unittest.main()
