"""Correlation by Xmipp and permutation by SPoC: stand-ins, what they write, recorded output."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import mrcfile
import numpy as np
from scipy import fft

from vrs_scipion.checks import level1_a_fsc, level1_b_permutation
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.machine.scipion_plugins import Told
from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods import fsc_xmipp, spoc
from vrs_scipion.methods.engine import EngineFailedError
from vrs_scipion.methods.fsc import phase_residual, shell_correlation
from vrs_scipion.methods.shells import half_spectrum
from vrs_scipion.methods.xmipp import HOME_VARIABLE, XmippError
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.tests import recorded_pairs
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.noisy_twins import Box, Molecule, NoisyTwins, Reals, molecule
from vrs_scipion.tests.xmipp_stand_in import REFUSES, VERSION, StandInTest

CUBE: Box = (52, 52, 52)
RESOLUTION = 5.5


def table(frequency: Reals, correlation: Reals) -> str:
    """What the program writes of a curve."""
    rows = "\n".join(
        f" {90 - 80 * c:11.6f} {3:11.6f} {c:11.6f} {0.1:11.6f} {f:11.6f} {1 / f:11.6f} "
        for f, c in zip(frequency, correlation, strict=True)
    )
    labels = ("DPR", "ErrorL2", "FRC", "FRCRandomNoise", "FreqFourier", "FreqReal")
    head = "\n".join(f" _resolution{label}" for label in labels)
    return (
        f"# XMIPP_STAR_1 * \n# \ndata_noname\nloop_\n{head}\n{rows}\n"
        "data_rfactor\n _resolutionRfactor -1\n"
    )


class TestReading(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.path = Path(kept.name) / "fsc.xmd"
        self.frequency = np.arange(1, 11) / 30

    def test_a_curve(self) -> None:
        correlation = np.linspace(1, -0.1, 10)
        self.path.write_text(table(self.frequency, correlation))
        read = fsc_xmipp.read_correlation(self.path, 20, 1.5)
        np.testing.assert_allclose(read.frequency, self.frequency, atol=1e-6)
        np.testing.assert_allclose(read.correlation, correlation, atol=1e-6)
        np.testing.assert_allclose(read.residual, 90 - 80 * correlation, atol=1e-6)
        np.testing.assert_allclose(read.noise, 0.1)

    def test_what_makes_no_sense(self) -> None:
        with self.assertRaisesRegex(XmippError, "wrote no fsc.xmd"):
            fsc_xmipp.read_correlation(self.path, 20, 1.5)
        whole = table(self.frequency, np.ones(10))
        for name, text, edge in (
            ("another column", whole.replace("FRC\n", "FSC\n"), 20),
            ("another box", whole, 22),
            ("no number", whole.replace("1.000000", "one"), 20),
            ("nothing", "", 20),
        ):
            with self.subTest(name):
                self.path.write_text(text)
                with self.assertRaises(XmippError):
                    fsc_xmipp.read_correlation(self.path, edge, 1.5)

    def test_spoc(self) -> None:
        said = "Effective sample size ...\nResolution at 1 % FDR-FSC: 3.45 Angstrom\n"
        path = self.path.with_name("FSC.txt")
        correlation = np.linspace(1, 0, 10)
        np.savetxt(path, np.stack((self.frequency, correlation)))
        read = spoc.read_answer(path, said)
        self.assertEqual(read.resolution, 3.45)
        np.testing.assert_allclose(read.frequency, self.frequency)
        np.testing.assert_allclose(read.correlation, correlation)
        with self.assertRaisesRegex(EngineFailedError, "told no resolution; its last words were"):
            spoc.read_answer(path, "done\n")
        with self.assertRaisesRegex(EngineFailedError, "wrote no curve"):
            spoc.read_answer(path.with_name("none.txt"), said)
        np.savetxt(path, np.stack((self.frequency[::-1], correlation)))
        with self.assertRaisesRegex(EngineFailedError, "make no sense"):
            spoc.read_answer(path, said)


class EngineTest(StandInTest):
    def entry(self, of: Molecule) -> Entry:
        twins = NoisyTwins(of.values, of.voxel, RESOLUTION, 70)
        paths = {
            key: write(self.folder / f"{key}.mrc", mrc_bytes(values, voxel_size=of.voxel))
            for key, values in (
                ("map", of.values),
                ("half1", twins.half()),
                ("half2", twins.half()),
            )
        }
        request = Request.of(**paths, contour=of.contour, resolution=RESOLUTION)
        return prepare(request, self.folder / "entry")

    def answer(self, check: Check, entry: Entry, engine: str) -> CheckResult:
        with mock.patch("vrs_scipion.figures.plotting.save_picture"):
            return run_check(check, entry, self.folder / "out", engine=engine)


XMIPP = """#!{python}
import json, os, shutil, sys
json.dump(sys.argv[1:], open({log!r}, "a"))
open({log!r}, "a").write("\\n")
for name in ("half1.mrc", "half2.mrc"):
    shutil.copy(name, {kept!r})
{behaviour}
open(sys.argv[sys.argv.index("-o") + 1], "w").write({answer!r})
"""


class TestXmipp(EngineTest):
    def install(self, answer: str, behaviour: str = "") -> None:
        script = XMIPP.format(
            python=sys.executable,
            log=str(self.log),
            kept=str(self.folder),
            answer=answer,
            behaviour=behaviour,
        )
        self.install_program(fsc_xmipp.PROGRAM, script)
        os.environ[HOME_VARIABLE] = str(self.home)

    def curve(self, of: Molecule) -> tuple[Reals, Reals]:
        edge = of.values.shape[0]
        frequency = np.arange(1, edge // 2 + 1) / (edge * of.voxel[0])
        return frequency, 1 / (1 + np.exp((frequency - 0.2) / 0.02))

    def test_its_curve_without_a_mask(self) -> None:
        of = molecule(CUBE)
        frequency, correlation = self.curve(of)
        self.install(table(frequency, correlation))
        entry = self.entry(of)
        own = self.answer(level1_a_fsc.CHECK, entry, "builtin")
        result = self.answer(level1_a_fsc.CHECK, entry, "xmipp")
        self.assertIs(result.outcome, own.outcome, result.reason)
        self.assertEqual((result.engine.name, result.engine.version), ("xmipp", VERSION))
        rows = np.array(result.tables["fsc"].rows, float)
        columns = [column.key for column in result.tables["fsc"].columns]
        np.testing.assert_allclose(rows[:, columns.index("unmasked")], correlation, atol=1e-6)
        np.testing.assert_allclose(rows[:, columns.index("dpr")], 90 - 80 * correlation, atol=1e-5)
        for key in ("resolution_inside", "resolution_masked", "resolution_mfsc"):
            self.assertEqual(result.measurements[key], own.measurements[key])
        self.assertNotEqual(
            result.measurements["resolution_unmasked"], own.measurements["resolution_unmasked"]
        )
        (call,) = self.calls()
        self.assertEqual(
            call,
            "--ref half1.mrc -i half2.mrc -o fsc.xmd --sampling_rate 1.4 --do_dpr",
        )

    def test_its_curve_under_the_mask(self) -> None:
        of = molecule(CUBE)
        frequency, correlation = self.curve(of)
        self.install(table(frequency, correlation))
        entry = self.entry(of)
        result = self.answer(level1_b_permutation.CHECK, entry, "xmipp")
        self.assertIs(result.outcome, Outcome.OK, result.reason)
        rows = np.array(result.tables["significance"].rows, float)
        np.testing.assert_allclose(rows[:, 3], correlation, atol=1e-6)
        halves = entry.half_maps()
        for name, half in (("half1", halves.first), ("half2", halves.second)):
            given = mrcfile.read(self.folder / f"{name}.mrc")
            solvent = half.values[halves.mask == 0].mean(dtype=np.float64)
            np.testing.assert_allclose(given, (half.values - solvent) * halves.mask, atol=1e-4)

    def test_boxes_that_are_no_cubes(self) -> None:
        of = molecule((48, 52, 50))
        self.install("")
        entry = self.entry(of)
        for check in (level1_a_fsc.CHECK, level1_b_permutation.CHECK):
            result = self.answer(check, entry, "xmipp")
            self.assertIs(result.outcome, Outcome.NOT_AVAILABLE)
            self.assertIn("cubic boxes of cubic voxels only", result.reason)

    def test_failures_and_absence(self) -> None:
        entry = self.entry(molecule(CUBE))
        for check in (level1_a_fsc.CHECK, level1_b_permutation.CHECK):
            result = self.answer(check, entry, "xmipp")
            self.assertIs(result.outcome, Outcome.NOT_AVAILABLE)
            self.assertIn("scipion3 installp -p scipion-em-xmipp", result.reason)
            self.assertEqual(self.answer(check, entry, "auto").engine.name, "builtin")
        self.install("", REFUSES)
        result = self.answer(level1_a_fsc.CHECK, entry, "xmipp")
        self.assertIs(result.outcome, Outcome.FAILED)
        self.assertIn("xmipp_resolution_fsc refused: Incorrect file size", result.reason)
        self.install("nothing that makes sense")
        result = self.answer(level1_a_fsc.CHECK, entry, "xmipp")
        self.assertIn("not the table it should be", result.reason)


SPOC = """
import json, sys
json.dump(sys.argv[1:], open({log!r}, "a"))
open({log!r}, "a").write("\\n")
assert open("half1.mrc", "rb").read(4) and open("half2.mrc", "rb").read(4)
with open("FSC.txt", "w") as out:
    out.write("0.01 0.1 0.2 0.3\\n1 0.9 0.5 0\\n")
print({said!r})
"""


class TestSpoc(EngineTest):
    def setUp(self) -> None:
        super().setUp()
        self.told: Told | None = None
        patch = mock.patch(
            "vrs_scipion.machine.plugin_programs.ask", side_effect=lambda _: self.told
        )
        patch.start()
        self.addCleanup(patch.stop)
        os.environ.pop("SPOC_HOME", None)

    def install(self, said: str) -> None:
        home = self.folder / "spoc-1.0_220105"
        path = home / "spoc-source" / "FSC_FDRcontrol.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SPOC.format(log=str(self.log), said=said))
        self.told = Told(home, dict(os.environ), {})

    def test_asked_for(self) -> None:
        self.install("Resolution at 1 % FDR-FSC: 4.9 Angstrom")
        entry = self.entry(molecule(CUBE))
        result = self.answer(level1_b_permutation.CHECK, entry, "spoc")
        self.assertIs(result.outcome, Outcome.OK, (result.reason, result.warnings))
        self.assertEqual((result.engine.name, result.engine.version), ("spoc", "1.0"))
        self.assertEqual(result.measurements["resolution_fdr"].value, 4.9)
        self.assertEqual(
            result.tables["significance"].rows, ((0.01, 1), (0.1, 0.9), (0.2, 0.5), (0.3, 0))
        )
        (call,) = self.calls()
        self.assertEqual(call, "--halfmap1 half1.mrc --halfmap2 half2.mrc --apix 1.4")
        self.assertEqual(
            self.answer(level1_b_permutation.CHECK, entry, "auto").engine.name, "builtin"
        )
        self.install("Resolution at 1 % FDR-FSC: 7.1 Angstrom")
        result = self.answer(level1_b_permutation.CHECK, entry, "spoc")
        self.assertIs(result.outcome, Outcome.WARNINGS)

    def test_failures_and_absence(self) -> None:
        entry = self.entry(molecule(CUBE))
        result = self.answer(level1_b_permutation.CHECK, entry, "spoc")
        self.assertIs(result.outcome, Outcome.NOT_AVAILABLE)
        self.assertIn("scipion3 installp -p scipion-em-spoc", result.reason)
        self.install("nothing")
        result = self.answer(level1_b_permutation.CHECK, entry, "spoc")
        self.assertIs(result.outcome, Outcome.FAILED)
        self.assertIn("told no resolution", result.reason)


def as_the_program_counts(first: Volume, second: Volume, voxel_size: Triple) -> tuple[Reals, Reals]:
    """Correlation and noise over the coefficients that the program counts, of a cube.

    Of the half transform along x those with y up to the middle, each once, within the sphere.
    """
    edge = first.shape[0]
    waves = fft.fftfreq(edge, 1 / edge)
    half = np.arange(edge // 2 + 1)
    radius = np.sqrt(waves[:, None, None] ** 2 + half[:, None] ** 2 + half**2)
    inside = radius <= edge / 2
    shell = np.rint(radius[inside]).astype(int)
    a, b = (
        fft.rfftn(values.astype(np.float64))[:, : edge // 2 + 1][inside]
        for values in (first, second)
    )
    cross, own, other, number = (
        np.bincount(shell, weights)[1:]
        for weights in ((a.conj() * b).real, np.abs(a) ** 2, np.abs(b) ** 2, np.ones(a.size))
    )
    return cross / np.sqrt(own * other), 2 / np.sqrt(number)


@unittest.skipUnless(recorded_pairs.HERE, recorded_pairs.MISSING)
class TestRecorded(unittest.TestCase):
    """What Xmipp said of a pair that a script makes again, and what we say of it."""

    def test_recorded_curve(self) -> None:
        pair = recorded_pairs.recorded_pair("A")
        first, second, size = pair.first, pair.second, pair.voxel_size
        if abs(float(first.sum(dtype=np.float64)) - 477.097613) > 1e-3:
            self.skipTest("this numpy draws other noise than the recorded pair's")
        recorded = fsc_xmipp.read_correlation(pair.folder / "fsc.xmd", 128, size[2])
        correlation, noise = as_the_program_counts(first, second, size)
        np.testing.assert_allclose(recorded.correlation, correlation, atol=5.1e-7)
        np.testing.assert_allclose(recorded.noise, noise, atol=5.1e-7)
        curve = shell_correlation(first, second, size)
        difference = np.abs(curve.correlation - recorded.correlation)
        self.assertLess(difference.max(), 0.028)
        residual = phase_residual(half_spectrum(first), half_spectrum(second), first.shape, size)
        self.assertLess(np.abs(residual - recorded.residual)[5:].max(), 3)
        found = curve.resolution(0.143)
        self.assertAlmostEqual(found or 0, 3.877, delta=0.03)


if __name__ == "__main__":
    unittest.main()
