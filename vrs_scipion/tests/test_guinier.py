"""Guinier analysis: maps of known B-factor, Xmipp's description and its recorded output."""

from __future__ import annotations

import math
import os
import sys
import unittest
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from itertools import permutations
from pathlib import Path

import mrcfile
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import vrs_scipion
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.level0_d_bfactor import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.machine.scipion_plugins import Told
from vrs_scipion.maps.density import Density, Triple
from vrs_scipion.maps.reading import read_density
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import guinier_xmipp, xmipp
from vrs_scipion.methods.engine import EngineUnavailableError
from vrs_scipion.methods.guinier import (
    FitRangeError,
    GuinierFit,
    analyse,
    correct_bfactor,
    fit_guinier,
    is_cubic,
)
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.xmipp_stand_in import REFUSES, VERSION, StandInTest

SHARED = Path(vrs_scipion.__file__).resolve().parents[2] / "shared" / "data"

# file, Å per voxel, resolution, and what xmipp_volume_correct_bfactor prints
REAL_MAPS = (
    ("emd_3488.map.gz", 1.05, 3.2, "-2.7058", "-9.3572", "-10.8232"),
    ("emd_5168.map.gz", 1.742, 6.6, "-162.52", "-2.91232", "-650.082"),
    ("emd_32143_lowres.map.gz", 1.5272, 3.2, "-22.0339", "-11.3945", "-88.1354"),
    ("ngl_betaGal.mrc.gz", 3.54, 8.0, "-204.341", "-10.6176", "-817.364"),
    ("emd_0093_m4A.mrc.gz", 1.34, 3.4, "-21.1121", "-9.24764", "-84.4484"),
)

Box = tuple[int, int, int]


def setUpModule() -> None:
    """Load what draws: modules that come while others are hidden are forgotten afterwards."""
    import_module("vrs_scipion.figures.plotting")


def noise(box: Box, voxel: Triple = (1.0, 1.0, 1.0), seed: int = 5) -> Density:
    """White noise, rounded so that adding integers to it is exact in float32."""
    values = np.random.default_rng(seed).normal(size=box)
    return Density((np.rint(values * 1024) / 1024).astype(np.float32), voxel)


def frequencies(box: Box, voxel: Triple) -> np.ndarray:
    """|s| of the half transform, 1/Å."""
    nz, ny, nx = box
    z, y, x = (
        np.fft.fftfreq(nz, voxel[0]),
        np.fft.fftfreq(ny, voxel[1]),
        np.fft.rfftfreq(nx, voxel[2]),
    )
    return np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2)


def shaped(
    box: Box, voxel: Triple, amplitude: Callable[[np.ndarray], np.ndarray], seed: int = 3
) -> Density:
    """A map with random phases whose |F| / number of voxels is ``amplitude`` of |s|."""
    transform = np.fft.rfftn(np.random.default_rng(seed).normal(size=box))
    transform *= amplitude(frequencies(box, voxel)) / np.abs(transform) * np.prod(box)
    return Density(np.fft.irfftn(transform, s=box).astype(np.float32), voxel)


def in_shells(longest: float, b: float) -> Callable[[np.ndarray], np.ndarray]:
    """Amplitude e² exp(b s²/4), the same for all of a shell: that of the shell's middle."""
    return lambda s: np.exp(2 + b / 4 * (np.floor(s * longest + 0.5 + 1e-9) / longest) ** 2)


def decaying_noise(s: np.ndarray) -> np.ndarray:
    """Random amplitudes that fall as exp(-100 s²/4)."""
    random: np.ndarray = np.random.default_rng(2).rayleigh(size=s.shape) * np.exp(-25 * s**2)
    return random


def as_described(density: Density, maxres: float, minres: float = 15.0) -> tuple[float, float]:
    """Slope and intercept, computed word for word as the program's description has it."""
    values = density.values.astype(np.float64)
    transform = np.fft.rfftn(values) / values.size
    n, sampling = values.shape[2], density.voxel_size[2]
    sums, counts = [0.0] * n, [0] * n
    for iz, iy, ix in np.ndindex(*transform.shape):
        index = [k if k <= n // 2 else k - n for k in (iz, iy, ix)]
        r2 = sum((k / n) ** 2 for k in index)
        if r2 > 0.25:
            continue
        i = math.floor(math.sqrt(r2) * n + 0.5)
        sums[i] += abs(transform[iz, iy, ix])
        counts[i] += 1
    sw = sx = sy = sxx = sxy = 0.0
    for i in range(1, n):
        d = n * sampling / i
        if d < maxres or d > minres or not counts[i]:
            continue
        x, y = 1 / d**2, math.log(sums[i] / counts[i])
        sw, sx, sy, sxx, sxy = sw + 1, sx + x, sy + y, sxx + x * x, sxy + x * y
    slope = (sx * sy - sw * sxy) / (sx**2 - sw * sxx)
    return slope, (sy - slope * sx) / sw


class TestFit(unittest.TestCase):
    def assert_same(self, a: GuinierFit, b: GuinierFit, tolerance: float = 1e-6) -> None:
        self.assertAlmostEqual(a.slope, b.slope, delta=tolerance * abs(b.slope))
        self.assertAlmostEqual(a.intercept, b.intercept, delta=tolerance * abs(b.intercept))
        np.testing.assert_allclose(a.log_amplitude, b.log_amplitude, atol=3 * tolerance)

    def test_a_known_b_factor_is_found_in_any_box(self) -> None:
        for box, voxel in (
            ((40, 40, 40), (1.5, 1.5, 1.5)),
            ((41, 41, 41), (1.5, 1.5, 1.5)),
            ((30, 40, 50), (1.5, 1.5, 1.5)),
            ((31, 40, 45), (1.5, 1.5, 1.5)),
            ((30, 45, 36), (2.0, 4 / 3, 5 / 3)),
            ((40, 40, 40), (1.5, 1.4, 1.3)),
        ):
            with self.subTest(box=box, voxel=voxel):
                longest = max(n * s for n, s in zip(box, voxel, strict=True))
                density = shaped(box, voxel, in_shells(longest, -120.0))
                fit = fit_guinier(density, 4.0)
                self.assertAlmostEqual(fit.b_factor, -120, places=3)
                self.assertAlmostEqual(fit.intercept, 2, places=4)
                self.assertAlmostEqual(fit.correlation, -1, places=6)
                expected = [i for i in range(1, 100) if 4 <= longest / i * (1 + 1e-9) <= 15 + 1e-6]
                self.assertEqual(fit.shells, len(expected))

    def test_a_smooth_decay(self) -> None:
        density = shaped((48, 48, 48), (1.2,) * 3, lambda s: np.exp(-150 / 4 * s**2))
        self.assertAlmostEqual(fit_guinier(density, 3.0).b_factor, -150, delta=1.5)

    def test_as_the_description_says(self) -> None:
        for n, sampling, maxres in ((12, 2.5, 5.2), (13, 2.7, 5.5), (16, 2.0, 4.1), (17, 1.9, 3.9)):
            with self.subTest(n=n):
                density = shaped((n,) * 3, (sampling,) * 3, decaying_noise)
                fit = fit_guinier(density, maxres)
                slope, intercept = as_described(density, maxres)
                self.assertAlmostEqual(fit.slope, slope, delta=1e-6 * abs(slope))
                self.assertAlmostEqual(fit.intercept, intercept, delta=1e-6 * abs(intercept))

    def test_the_ends_belong_to_the_fit(self) -> None:
        exact = fit_guinier(noise((60, 60, 60)), 4.0)
        np.testing.assert_array_equal(np.flatnonzero(exact.fitted) + 1, np.arange(4, 16))
        rounded = fit_guinier(noise((60, 60, 60), (float(np.float32(1.1)),) * 3), 2.2)
        self.assertEqual(np.flatnonzero(rounded.fitted)[-1] + 1, 30)

    @settings(max_examples=20, deadline=None)
    @given(st.floats(1e-3, 1e3), st.integers(0, 10**6))
    def test_scaling_moves_only_the_intercept(self, factor: float, seed: int) -> None:
        density = noise((20, 20, 20), (2.0,) * 3, seed)
        scaled = replace(density, values=density.values * np.float32(factor))
        before, after = fit_guinier(density, 5.0), fit_guinier(scaled, 5.0)
        self.assertAlmostEqual(after.slope, before.slope, delta=1e-5)
        self.assertAlmostEqual(after.intercept - before.intercept, math.log(factor), places=5)

    def test_the_mean_does_not_matter(self) -> None:
        density = noise((24, 24, 24), (1.5,) * 3)
        raised = replace(density, values=density.values + np.float32(1000))
        np.testing.assert_array_equal(raised.values - 1000, density.values)
        self.assert_same(fit_guinier(raised, 4.0), fit_guinier(density, 4.0), 1e-5)

    def test_no_axis_is_special_outside_the_cube(self) -> None:
        density = noise((20, 27, 32), (1.5, 1.2, 1.0))
        fit = fit_guinier(density, 4.0)
        corrected = correct_bfactor(density, fit).values
        for order in permutations(range(3)):
            turned = Density(
                np.ascontiguousarray(density.values.transpose(order)),
                tuple(density.voxel_size[axis] for axis in order),  # type: ignore[arg-type]
            )
            self.assert_same(fit_guinier(turned, 4.0), fit)
            np.testing.assert_allclose(
                correct_bfactor(turned, fit).values, corrected.transpose(order), atol=1e-5
            )

    def test_threads_change_nothing(self) -> None:
        density = noise((32, 32, 32))
        self.assert_same(fit_guinier(density, 3.0, threads=2), fit_guinier(density, 3.0), 1e-7)

    def test_cubes(self) -> None:
        self.assertTrue(is_cubic(noise((8, 8, 8), (1.0, 1.0, 1.0000001))))
        self.assertFalse(is_cubic(noise((8, 8, 8), (1.0, 1.0, 1.1))))
        self.assertFalse(is_cubic(noise((8, 8, 9))))


class TestFitRange(unittest.TestCase):
    def refused(self, pattern: str, density: Density, resolution: float) -> None:
        with self.assertRaisesRegex(FitRangeError, pattern):
            fit_guinier(density, resolution)

    def test_too_coarse(self) -> None:
        self.refused("20 Å leaves nothing between", noise((16, 16, 16)), 20.0)
        self.refused("15 Å leaves nothing between", noise((16, 16, 16)), 15.0)

    def test_beyond_nyquist_of_the_coarsest_axis(self) -> None:
        self.refused("Nyquist limit of the voxels, 2 Å", noise((32, 32, 32)), 1.9)
        self.refused("voxels, 3 Å", noise((32, 32, 32), (1.0, 1.5, 1.0)), 2.9)
        self.assertTrue(math.isfinite(fit_guinier(noise((32, 32, 32)), 2.0).slope))

    def test_too_few_shells(self) -> None:
        self.refused("has 1 Fourier shell between", noise((16, 16, 16)), 8.0)
        self.refused("has no Fourier shells between", noise((9, 9, 9)), 10.0)

    def test_senseless(self) -> None:
        for resolution in (0.0, -3.0, math.nan, math.inf):
            self.refused("makes no sense", noise((16, 16, 16)), resolution)

    def test_a_map_without_amplitudes(self) -> None:
        constant = Density(np.ones((32, 32, 32), np.float32), (1.0,) * 3)
        with self.assertRaisesRegex(ValueError, "no amplitude at"):
            fit_guinier(constant, 4.0)


class TestCorrection(unittest.TestCase):
    def test_nothing_is_left_to_correct(self) -> None:
        for box, voxel in (((40, 40, 40), (1.5,) * 3), ((31, 40, 45), (1.5, 1.3, 1.2))):
            density = shaped(box, voxel, lambda s: np.exp(-100 / 4 * s**2))
            # the shell at the resolution is corrected by half: look at those before it
            fit = replace(fit_guinier(density, 3.5), slope=-25.0)
            corrected = correct_bfactor(density, fit)
            again = fit_guinier(replace(density, values=corrected.values), 4.0)
            self.assertAlmostEqual(again.b_factor, 0, places=3)
            np.testing.assert_allclose(
                again.log_amplitude, corrected.log_amplitude[: again.log_amplitude.size], atol=1e-5
            )

    def test_only_frequencies_down_to_the_resolution_change(self) -> None:
        box, voxel = (30, 36, 33), (1.2, 1.0, 1.1)
        density = noise(box, voxel)
        fit = replace(fit_guinier(density, 3.0), slope=-40.0)
        corrected = correct_bfactor(density, fit)
        s = frequencies(box, voxel)
        expected = np.fft.rfftn(density.values.astype(float))
        expected *= np.where(s <= 1 / 3.0, np.exp(40 * s**2), 1)
        np.testing.assert_allclose(np.fft.rfftn(corrected.values), expected, atol=1e-2)
        self.assertEqual(corrected.values.dtype, np.float32)

    def test_both_in_one(self) -> None:
        density = noise((24, 30, 27), (1.2,) * 3)
        fit, corrected = analyse(density, 3.0)
        alone = fit_guinier(density, 3.0)
        self.assertEqual((fit.slope, fit.intercept), (alone.slope, alone.intercept))
        again = correct_bfactor(density, alone)
        np.testing.assert_array_equal(corrected.values, again.values)
        np.testing.assert_array_equal(corrected.log_amplitude, again.log_amplitude)

    def test_the_mean_stays(self) -> None:
        density = noise((24, 24, 24), (1.5,) * 3)
        density = replace(density, values=density.values + np.float32(7))
        corrected = correct_bfactor(density, fit_guinier(density, 4.0))
        self.assertAlmostEqual(
            float(corrected.values.mean()), float(density.values.mean()), places=5
        )


class TestRealMaps(unittest.TestCase):
    """The maps and the outputs of the real program that lie beside the checkout, where they do."""

    def setUp(self) -> None:
        if not (SHARED / "xmipp").is_dir():
            self.skipTest(f"no recorded output of Xmipp in {SHARED}")

    def test_the_program_prints_the_same_digits(self) -> None:
        for file, voxel, resolution, slope, intercept, b_factor in REAL_MAPS:
            with self.subTest(file):
                density = read_density(SHARED / "maps" / file, voxel)
                fit = fit_guinier(density, resolution)
                corrected = correct_bfactor(density, fit)
                for found, printed in (
                    (fit.slope, slope),
                    (fit.intercept, intercept),
                    (fit.b_factor, b_factor),
                ):
                    self.assertEqual(f"{found:.6g}", printed)
                recorded = guinier_xmipp.read_guinier(_recorded(file) / "sharpened.mrc.guinier")
                np.testing.assert_allclose(fit.inverse_square, recorded[:, 0], rtol=1e-5)
                np.testing.assert_allclose(fit.log_amplitude, recorded[:, 1], atol=6e-5)
                np.testing.assert_allclose(corrected.log_amplitude, recorded[:, 3], atol=6e-5)

    def test_recorded_messages_are_read(self) -> None:
        for file, _, _, slope, intercept, _ in REAL_MAPS:
            text = (_recorded(file) / "correct_bfactor.stderr").read_text()
            said = guinier_xmipp.parse_messages(text)
            self.assertEqual((said.slope, said.intercept), (float(slope), float(intercept)))


def _recorded(file: str) -> Path:
    return SHARED / "xmipp" / file.split(".")[0]


STAND_IN = """\
#!{python}
# A stand-in for xmipp_volume_correct_bfactor: writes what the real one writes, in its format,
# for a map whose Guinier plot is the line -20 x - 5.
import os, shutil, struct, sys, time
options = dict(zip(sys.argv, sys.argv[1:]))
options["-i"] = options["-i"].removesuffix(":mrc")
assert "--auto" in sys.argv
n = struct.unpack("<i", open(options["-i"], "rb").read(4))[0]
edge, finest = n * float(options["--sampling"]), float(options["--maxres"])
slope, b_factor, code, table = "-20", "-80", 0, True
{behaviour}
shutil.copyfile(options["-i"], options["-o"])
if table:
    with open(options["-o"] + ".guinier", "w") as out:
        print("# 1/d^2   lnF     weighted-lnF   corrected-lnF   (model)", file=out)
        for i in range(n):
            if not i or edge / i >= finest:
                x = (i / edge) ** 2
                y = -20 * x - 5
                print("%g %g %g %g %g" % (x, y, y, -5, -5), file=out)
print(" Fitted slope= " + slope + " intercept= -5", file=sys.stderr)
print("Applying B-factor of " + b_factor + " squared Angstroms", file=sys.stderr)
sys.exit(code)
"""


class XmippTest(StandInTest):
    def make_stand_in(self, behaviour: str = "") -> Path:
        script = STAND_IN.format(python=sys.executable, behaviour=behaviour)
        return self.install_program(guinier_xmipp.PROGRAM, script)

    def put_on_path(self, behaviour: str = "") -> None:
        path = self.make_stand_in(behaviour)
        os.environ["PATH"] = f"{path.parent}{os.pathsep}{os.environ['PATH']}"


class TestFindingXmipp(XmippTest):
    def found(self) -> xmipp.XmippProgram | None:
        return xmipp.find_program(guinier_xmipp.PROGRAM)

    def test_not_here(self) -> None:
        self.assertIsNone(self.found())
        missing = xmipp.availability(guinier_xmipp.PROGRAM)
        self.assertFalse(missing.here)
        self.assertIn("scipion3 installp -p scipion-em-xmipp", missing.detail)
        with self.assertRaisesRegex(EngineUnavailableError, "installp"):
            xmipp.require_program(guinier_xmipp.PROGRAM)

    def test_on_the_path(self) -> None:
        self.put_on_path()
        program = self.found()
        assert program is not None
        self.assertEqual(program.version, VERSION)
        here = xmipp.availability(guinier_xmipp.PROGRAM, preferred=False)
        self.assertEqual((here.name, here.here, here.preferred), ("xmipp", True, False))
        self.assertIn(VERSION, here.detail)

    def test_in_its_home(self) -> None:
        path = self.make_stand_in()
        os.environ[xmipp.HOME_VARIABLE] = str(self.home)
        program = self.found()
        assert program is not None
        self.assertEqual(program.path, path)
        self.assertEqual(program.environment["LD_LIBRARY_PATH"].split(":")[0], f"{self.home}/lib")

    def test_where_the_plugin_has_it(self) -> None:
        path = self.make_stand_in()
        self.plugin_says(Told(self.home, {"FROM": "plugin"}, {}))
        program = self.found()
        assert program is not None
        self.assertEqual((program.path, program.environment["FROM"]), (path, "plugin"))
        path.unlink()
        self.assertIsNone(self.found(), "the plugin without its programs")
        self.plugin_says(Told(None, {}, {}))
        self.assertIsNone(self.found(), "a plugin that knows no home: never the current folder")

    def test_what_cannot_be_executed_is_not_here(self) -> None:
        path = self.make_stand_in()
        path.write_bytes(b"")
        os.environ[xmipp.HOME_VARIABLE] = str(self.home)
        self.assertIsNone(self.found(), "left behind by a build that failed")
        self.make_stand_in()
        path.chmod(0o644)
        os.environ[xmipp.HOME_VARIABLE] = str(self.home)
        self.assertIsNone(self.found())


class TestXmippEngine(XmippTest):
    def fit(self, behaviour: str = "", timeout_s: float = 30.0) -> GuinierFit:
        self.make_stand_in(behaviour)
        os.environ[xmipp.HOME_VARIABLE] = str(self.home)
        density = noise((40, 40, 40), (1.5,) * 3)
        path = self.folder / "a map@of:mine.mrc"
        write_volume(path, density.values, density.voxel_size)
        program = xmipp.require_program(guinier_xmipp.PROGRAM)
        fit, corrected = guinier_xmipp.fit(program, path, density, 4.0, timeout_s=timeout_s)
        np.testing.assert_array_equal(corrected.values, density.values)
        self.assertEqual(corrected.log_amplitude.shape, fit.log_amplitude.shape)
        return fit

    def failing(self, pattern: str, behaviour: str, timeout_s: float = 30.0) -> None:
        with self.assertRaisesRegex(xmipp.XmippError, pattern):
            self.fit(behaviour, timeout_s)

    def test_what_it_writes_is_read(self) -> None:
        fit = self.fit()
        self.assertEqual((fit.slope, fit.intercept, fit.b_factor), (-20, -5, -80))
        builtin = fit_guinier(noise((40, 40, 40), (1.5,) * 3), 4.0)
        np.testing.assert_array_equal(fit.fitted, builtin.fitted)
        np.testing.assert_array_equal(fit.inverse_square, builtin.inverse_square)
        np.testing.assert_allclose(fit.log_amplitude, -20 * fit.inverse_square - 5, atol=1e-4)

    def test_arguments(self) -> None:
        density = noise((8, 8, 8), (float(np.float32(1.2)),) * 3)
        self.assertEqual(
            " ".join(guinier_xmipp.arguments(density, 3.2)),
            "-i map.mrc:mrc -o corrected.mrc --auto --sampling 1.2 --maxres 3.2 --fit_minres 15",
        )

    def test_it_fails(self) -> None:
        self.failing("ended with code 3: no licence", "sys.exit(print('no licence') or 3)")
        self.failing("crashed with SIGKILL", "import os; os.kill(os.getpid(), 9)")
        self.failing("correct_bfactor refused: Incorrect file size.* 2000000 bytes.$", REFUSES)
        self.failing("not ready after 0.5 s", "time.sleep(60)", 0.5)

    def test_it_writes_nonsense(self) -> None:
        self.failing("could not fit a line", "slope = b_factor = 'nan'")
        self.failing("no number where one was expected", "slope = 'abc'")
        self.failing("applied a B-factor of 80", "b_factor = '80'")
        self.failing("wrote no Guinier plot", "table = False")
        self.failing("1/d² are not those of the map", "edge *= 2")
        self.failing("not a table of 5 columns", "finest = 1e9")
        self.failing("and did not write corrected.mrc", "sys.exit(print('bye', file=sys.stderr))")
        says_bye = "open(options['-o'], 'w'); sys.exit(print('bye', file=sys.stderr))"
        self.failing("did not say which line .*: bye", says_bye)

    def test_tables_that_make_no_sense(self) -> None:
        path = self.folder / "x.guinier"
        for text, pattern in (
            ("0 1 2 3\n" * 4, "5 columns"),
            ("a b c d e\n" * 4, "makes no sense"),
            ("1 nan 2 3 4\n" * 4, "not finite"),
        ):
            path.write_text(text)
            with self.assertRaisesRegex(xmipp.XmippError, pattern):
                guinier_xmipp.read_guinier(path)


def gaussian(n: int, sigma: float) -> np.ndarray:
    """A Gaussian of height 1 in the middle; its B-factor is −8π²σ² (σ in voxels of 1 Å)."""
    steps = np.arange(n, dtype=np.float64) - n // 2
    squares = steps[:, None, None] ** 2 + steps[:, None] ** 2 + steps**2
    return np.exp(-squares / (2 * sigma**2)).astype(np.float32)


class TestCheck(XmippTest):
    check: Check = CHECK

    def run_on(
        self,
        values: np.ndarray,
        resolution: float | None,
        voxel: Triple = (1.0, 1.0, 1.0),
        **options: object,
    ) -> CheckResult:
        path = write(self.folder / "map.mrc", mrc_bytes(values, voxel_size=voxel))
        contour = 0.5 * float(values.max())
        request = Request.of(map=path, contour=contour, resolution=resolution)
        entry = prepare(request, self.folder / "entry")
        return run_check(self.check, entry, self.folder / "out", **options)  # type: ignore[arg-type]

    def measured(self, result: CheckResult, key: str) -> float:
        value = result.measurements[key].value
        assert value is not None
        return value

    def test_a_sound_map(self) -> None:
        result = self.run_on(gaussian(48, 1.5), 4.0)
        self.assertEqual(result.outcome, Outcome.OK, result.reason)
        b_factor = -8 * math.pi**2 * 1.5**2
        self.assertAlmostEqual(self.measured(result, "b_factor"), b_factor, delta=2)
        self.assertEqual(self.measured(result, "b_factor"), 4 * self.measured(result, "slope"))
        self.assertEqual(result.measurements["b_factor"].unit, "Å²")
        self.assertEqual((result.engine.name, result.engine.version), self.builtin)
        for file in ("guinier.svg", "corrected_slices.png", "corrected.mrc"):
            self.assertTrue((self.folder / "out" / file).is_file(), file)
        self.assertIn("{fig:guinier}", " ".join(result.paragraphs))
        with mrcfile.open(self.folder / "out" / "corrected.mrc") as mrc:
            self.assertEqual(mrc.data.shape, (48, 48, 48))
            # sharper than what it was made of
            self.assertGreater(mrc.data.max() / mrc.data.std(), 24)

    builtin = ("builtin", vrs_scipion.__version__)

    def test_undersharpened(self) -> None:
        result = self.run_on(gaussian(48, 2.2), 5.0)
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        self.assertLess(self.measured(result, "b_factor"), -300)
        self.assertEqual(len(result.warnings), 1)
        self.assertIn("undersharpened", result.warnings[0])
        self.assertIn("undersharpened", result.headline)

    def test_oversharpened(self) -> None:
        values = -0.02 * gaussian(48, 1.5)
        values[24, 24, 24] = 1
        result = self.run_on(values, 4.0)
        self.assertGreater(self.measured(result, "b_factor"), 0)
        self.assertIn("oversharpened", result.warnings[0])
        self.assertIn("should be at most 24", result.warnings[0])
        relaxed = self.run_on(values, 4.0, limits={"b_factor_highest": 1000.0})
        self.assertEqual(relaxed.outcome, Outcome.OK)

    def test_does_not_apply(self) -> None:
        values = gaussian(40, 1.5)
        for resolution, voxel, reason in (
            (None, 1.0, "No resolution was reported"),
            (8.1, 1.0, "8.1 Å, is worse than 8 Å"),
            (6.0, 4.5, "no detail finer than 9 Å"),
            (7.5, 0.5, "1 Fourier shell between"),
        ):
            with self.subTest(reason):
                result = self.run_on(values, resolution, (voxel,) * 3)
                self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE, result.reason)
                self.assertIn(reason, result.reason)

    def test_beyond_nyquist(self) -> None:
        result = self.run_on(gaussian(40, 1.0), 1.5)
        self.assertIn("beyond the Nyquist limit", result.paragraphs[0])
        self.assertEqual(self.measured(result, "fit_finest"), 2)
        self.assertEqual(self.measured(result, "fit_shells"), 18)

    def test_an_engine_that_is_not_here(self) -> None:
        result = self.run_on(gaussian(40, 1.5), 4.0, engine="xmipp")
        self.assertEqual(result.outcome, Outcome.NOT_AVAILABLE)
        self.assertIn("scipion3 installp", result.reason)

    def test_xmipp_is_taken_for_cubes(self) -> None:
        self.put_on_path()
        result = self.run_on(gaussian(40, 1.5), 4.0)
        self.assertEqual((result.engine.name, result.engine.version), ("xmipp", VERSION))
        self.assertEqual(self.measured(result, "b_factor"), -80)
        self.assertIn("--auto", result.engine.arguments["arguments"])
        chosen = self.run_on(gaussian(40, 1.5), 4.0, engine="builtin")
        self.assertEqual((chosen.engine.name, chosen.engine.version), self.builtin)

    def test_xmipp_is_not_taken_for_other_boxes_unless_asked_for(self) -> None:
        self.put_on_path()
        longer = gaussian(40, 1.5)[3:-3]
        self.assertEqual(self.run_on(longer, 4.0).engine.name, "builtin")
        asked = self.run_on(longer, 4.0, engine="xmipp")
        self.assertEqual(asked.engine.name, "xmipp")
        self.assertIn("takes box and voxels for cubes", asked.paragraphs[0])

    def test_a_program_that_fails_fails_the_check_that_asked_for_it(self) -> None:
        self.put_on_path("slope = b_factor = '-nan'")
        result = self.run_on(gaussian(40, 1.5), 4.0, engine="xmipp")
        self.assertEqual(result.outcome, Outcome.FAILED)
        self.assertEqual(result.engine.name, "xmipp")
        self.assertIn("could not fit a line", result.reason)

    def test_auto_falls_back_and_says_why(self) -> None:
        self.put_on_path("sys.exit(print(\"No module named 'x'\", file=sys.stderr) or 1)")
        result = self.run_on(gaussian(40, 1.5), 4.0)
        self.assertEqual((result.engine.name, result.engine.version), self.builtin)
        for said in (result.engine.why_no_other, " ".join(result.paragraphs)):
            self.assertIn("xmipp was found here and failed", said)
            self.assertIn("No module named 'x'", said)
