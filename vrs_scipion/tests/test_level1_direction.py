"""Checks 1.g and 1.h: good and bad pairs of half maps, external programs, Xmipp's recorded FSO."""

from __future__ import annotations

import gzip
import os
import shutil
import sys
import tempfile
import unittest
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import mrcfile
import numpy as np
from scipy import fft

from vrs_scipion.checks import level1_g_occupancy, level1_h_anisotropy
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.independence import INDEPENDENCE
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.machine.scipion_plugins import Told
from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods import fsc3d, fso_xmipp
from vrs_scipion.methods.directional import (
    FULL,
    MIDDLE,
    Overlap,
    cones_about,
    directional_sums,
    measure_occupancy,
)
from vrs_scipion.methods.engine import BUILTIN, EngineFailedError
from vrs_scipion.methods.fsc import GOLD_STANDARD, UnderMask
from vrs_scipion.methods.shells import Shells, half_spectrum
from vrs_scipion.methods.xmipp import HOME_VARIABLE, NAME, XmippError
from vrs_scipion.results import CheckResult, Criterion, Outcome
from vrs_scipion.simulation.anisotropy import Anisotropy
from vrs_scipion.simulation.halves_truth import logistic_fall
from vrs_scipion.tests import recorded_pairs
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.xmipp_stand_in import VERSION, StandInTest

RESOLUTION, FALL = 4.0, 0.1
BOTH = (level1_g_occupancy.CHECK, level1_h_anisotropy.CHECK)

Box = tuple[int, int, int]


@dataclass(frozen=True)
class Molecule:
    """A density without noise, and the contour level at which it is one piece."""

    values: Volume
    voxel: Triple
    contour: float


def drawn(places: Any, box: Box, voxel: Triple) -> Molecule:
    """Atoms at places in voxels, blurred."""
    atoms = np.zeros(box)
    np.add.at(atoms, tuple(np.round(places).astype(int).T), 1)
    spectrum = half_spectrum(atoms.astype(np.float32))
    shells = Shells(box, voxel)
    radius = np.stack([shells.radii(z) for z in range(box[0])]) / max(shells.extents)
    values = fft.irfftn(spectrum * np.exp(-8 * radius**2), s=box).astype(np.float32)
    return Molecule(values, voxel, 0.22 * float(values.max()))


@cache
def ball(box: Box = (56, 56, 56), voxel: Triple = (1.4, 1.4, 1.4)) -> Molecule:
    """Atoms at random in a ball of 15 Å."""
    generator = np.random.default_rng(18)
    directions = generator.standard_normal((3000, 3))
    radii = 15 * np.cbrt(generator.random(3000)) / np.linalg.norm(directions, axis=1)
    return drawn(directions * radii[:, None] / voxel + np.array(box) // 2, box, voxel)


@cache
def filament() -> Molecule:
    """Atoms at random in a rod that runs through the box along z."""
    generator, box = np.random.default_rng(19), (48, 48, 48)
    turn, out = 2 * np.pi * generator.random(3000), 9 * np.sqrt(generator.random(3000))
    z = 47 * generator.random(3000)
    places = np.stack([z, 24 + out * np.sin(turn), 24 + out * np.cos(turn)], axis=1)
    return drawn(places, box, (1.4, 1.4, 1.4))


def noisy(of: Molecule, anisotropy: Anisotropy, seed: int = 1) -> list[Volume]:
    """Half maps of a molecule, the noise of which leaves the chosen correlation over the box."""
    (nz, ny, nx), voxel = of.values.shape, of.voxel
    box = (nz, ny, nx)
    shells = Shells(box, voxel)
    radius = np.stack([shells.radii(z) for z in range(nz)])
    spectrum = half_spectrum(of.values)
    power, samples = shells.sums(lambda z: (np.abs(spectrum[z]) ** 2,))
    curve = logistic_fall(shells.frequency, RESOLUTION, FALL)
    level = np.sqrt(power[0] / samples * (1 - curve) / curve / of.values.size)
    noise = anisotropy.noise_amplitude(box, voxel) * np.interp(
        radius, np.arange(1, shells.count + 1), level
    )
    signal = spectrum * anisotropy.signal_amplitude(box, voxel, RESOLUTION, FALL)
    generator = np.random.default_rng(seed)
    return [
        fft.irfftn(
            signal + half_spectrum(generator.standard_normal(box).astype(np.float32)) * noise,
            s=box,
        ).astype(np.float32)
        for _ in range(2)
    ]


def entry_of(folder: Path, of: Molecule, halves: Sequence[Volume], **given: Any) -> Entry:
    """A molecule and its half maps, prepared in a folder."""
    paths = {
        key: write(folder / f"{key}.mrc", mrc_bytes(values, voxel_size=of.voxel))
        for key, values in zip(("map", "half1", "half2"), (of.values, *halves), strict=True)
    }
    shutil.rmtree(folder / "entry", ignore_errors=True)
    values = {"contour": of.contour, "resolution": RESOLUTION} | given
    return prepare(
        Request.of(**paths, **{k: v for k, v in values.items() if v is not None}),
        folder / "entry",
    )


class DirectionTest(StandInTest):
    entry: Entry
    """Of even halves, once for all tests of a class."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(kept.cleanup)
        cls.entry = entry_of(Path(kept.name), ball(), noisy(ball(), Anisotropy()))

    def prepared(self, of: Molecule, halves: Sequence[Volume], **given: Any) -> Entry:
        return entry_of(self.folder, of, halves, **given)

    def judged(
        self,
        check: Check,
        entry: Entry,
        engine: str = BUILTIN,
        results: Mapping[str, CheckResult] | None = None,
    ) -> CheckResult:
        """The check's result, nothing drawn."""
        drawing = (
            mock.patch("vrs_scipion.figures.plotting.save_picture"),
            mock.patch("vrs_scipion.figures.sphere.draw_sphere"),
        )
        with drawing[0], drawing[1]:
            result = run_check(
                check, entry, self.folder / check.code, engine=engine, results=results
            )
        self.assertIsNot(result.outcome, Outcome.FAILED, result.reason)
        return result

    def failed(self, result: CheckResult) -> set[str]:
        return {c.key for c in result.criteria if c.role == "verdict" and not c.passed}


class TestGoodAndBad(DirectionTest):
    def test_even_halves(self) -> None:
        occupancy, directional = (self.judged(check, self.entry) for check in BOTH)
        for result in (occupancy, directional):
            self.assertIs(result.outcome, Outcome.OK, result.warnings)
            assert result.resolution_estimate is not None
            self.assertLess(abs(result.resolution_estimate.value - RESOLUTION), 0.8)
        found = {key: m.value for key, m in directional.measurements.items()}
        assert found["anisotropy"] is not None
        assert found["anisotropy_apparent"] is not None
        self.assertLess(found["anisotropy"], found["anisotropy_apparent"])
        self.assertEqual(found["nyquist_limited_fraction"], 0)
        axis = [found[f"worst_axis_{name}"] or 0.0 for name in "xyz"]
        self.assertAlmostEqual(float(np.linalg.norm(axis)), 1, places=6)
        self.assertEqual(len(occupancy.tables["directions"].rows), 1020)
        volume = directional.volumes[0]
        with mrcfile.open(self.folder / "1.h" / volume.file) as mrc:
            self.assertEqual(mrc.data.shape, ball().values.shape)
            self.assertEqual(float(mrc.data[28, 28, 28]), 1)

    def test_a_smear_along_an_axis(self) -> None:
        smeared = Anisotropy(axis=(1.0, 0.0, 0.0), loss=0.4)
        entry = self.prepared(ball(), noisy(ball(), smeared), resolution=None)
        occupancy, directional = (self.judged(check, entry) for check in BOTH)
        self.assertEqual(self.failed(directional), {"anisotropy_highest"})
        self.assertIn("depends on direction", directional.headline)
        for result in (occupancy, directional):
            self.assertGreater(abs(result.measurements["worst_axis_x"].value or 0), 0.9)
        x, y = (directional.measurements[f"resolution_{axis}"].value or 0 for axis in "xy")
        self.assertGreater(x, 1.2 * y)

    def test_a_missing_cone(self) -> None:
        missing = Anisotropy(axis=(0.0, 1.0, 0.0), missing_cone=35.0)
        entry = self.prepared(ball(), noisy(ball(), missing))
        occupancy, directional = (self.judged(check, entry) for check in BOTH)
        self.assertIn("width_highest", self.failed(occupancy))
        self.assertIn("anisotropy_highest", self.failed(directional))

    def test_without_a_claim_and_with_one_too_fine(self) -> None:
        halves = noisy(ball(), Anisotropy())
        for resolution, expected in ((None, set()), (2.5, {"reported_share"})):
            entry = self.prepared(ball(), halves, resolution=resolution)
            for check in BOTH:
                with self.subTest(check=check.code, resolution=resolution):
                    result = self.judged(check, entry)
                    self.assertEqual(self.failed(result), expected)
                    assert result.resolution_estimate is not None
                    self.assertIs(result.resolution_estimate.contradicts, bool(expected))

    def test_nothing_but_noise(self) -> None:
        generator = np.random.default_rng(5)
        halves = [generator.standard_normal(ball().values.shape) for _ in range(2)]
        entry = self.prepared(ball(), [half.astype(np.float32) for half in halves])
        for check in BOTH:
            result = self.judged(check, entry)
            self.assertIs(result.outcome, Outcome.WARNINGS)
            self.assertIn("no signal", result.headline)
            self.assertIsNone(result.resolution_estimate)
        self.assertIsNone(result.measurements["anisotropy"].value)

    def test_copies_cannot_be_told(self) -> None:
        one, _ = noisy(ball(), Anisotropy())
        entry = self.prepared(ball(), (one, np.float32(2) * one))
        occupancy, directional = (self.judged(check, entry) for check in BOTH)
        for result in (occupancy, directional):
            self.assertIs(result.outcome, Outcome.UNDETERMINED)
            self.assertIsNone(result.resolution_estimate)
        self.assertIsNone(occupancy.measurements["resolution_fso_05"].value)
        self.assertIsNone(directional.measurements["resolution_x"].value)
        self.assertIsNone(directional.measurements["sphericity"].value)

    def test_a_filament_is_not_warned_of_its_layer_lines(self) -> None:
        smeared = Anisotropy(loss=0.4)
        entry = self.prepared(filament(), noisy(filament(), smeared), resolution=None)
        for check in BOTH:
            result = self.judged(check, entry)
            self.assertEqual(self.failed(result), set(), check.code)
            self.assertIn("layer lines", " ".join(result.paragraphs))
            self.assertIn("cut off at the faces", " ".join(result.paragraphs))

    def test_a_symmetry_makes_the_errors_larger(self) -> None:
        halves = noisy(ball(), Anisotropy())
        errors = []
        for symmetry in ("C1", "C4"):
            entry = self.prepared(ball(), halves, symmetry=symmetry)
            result = self.judged(level1_h_anisotropy.CHECK, entry)
            errors.append(result.measurements["cfar_se"].value or 0.0)
        self.assertGreater(errors[1], 1.5 * errors[0])

    def test_the_order_of_the_halves_changes_nothing(self) -> None:
        halves = noisy(ball(), Anisotropy(loss=0.2))
        one, other = (
            self.judged(level1_h_anisotropy.CHECK, self.prepared(ball(), pair)).measurements
            for pair in (halves, halves[::-1])
        )
        for key, measurement in one.items():
            value, swapped = measurement.value, other[key].value
            if value is not None and swapped is not None:
                self.assertAlmostEqual(value, swapped, places=4, msg=key)

    def test_odd_boxes_of_any_shape(self) -> None:
        of = ball((51, 56, 61), (1.4, 1.4, 1.4))
        entry = self.prepared(of, noisy(of, Anisotropy()))
        for check in BOTH:
            self.assertIs(self.judged(check, entry).outcome, Outcome.OK)

    def test_halves_that_share_noise(self) -> None:
        """What 1.i found dependent is not told even."""
        shared = Criterion(
            key="shared_highest", subject="noise", value=0.2, comparison="<=", limit=0.02
        )
        good = self.judged(level1_h_anisotropy.CHECK, self.entry)
        other = good.model_copy(update={"code": INDEPENDENCE, "criteria": (shared,)})
        for check in BOTH:
            result = self.judged(check, self.entry, results={INDEPENDENCE: other})
            self.assertIs(result.outcome, Outcome.UNDETERMINED)
            self.assertIn("not independent", result.headline)

    def test_what_it_draws(self) -> None:
        entry = self.prepared(ball(), noisy(ball(), Anisotropy(loss=0.3)))
        for check in BOTH:
            result = run_check(check, entry, self.folder / check.code, engine=BUILTIN)
            self.assertIsNot(result.outcome, Outcome.FAILED, result.reason)
            for figure in result.figures:
                self.assertTrue((self.folder / check.code / figure.file).is_file(), figure.file)


FSO = f"""#!{sys.executable}
import json, pathlib, sys
arguments = sys.argv[1:]
folder = pathlib.Path(arguments[arguments.index("-o") + 1])
with open({{log!r}}, "a") as log:
    log.write(json.dumps(arguments) + "\\n")
head = "# XMIPP_STAR_1 *\\n#\\ndata_noname\\nloop_\\n"
shells = 28
rows = [(0.01 * k, k / (56 * 1.4), 56 * 1.4 / k, 1.0 if k < 19 else 0.3) for k in range(1, shells)]
(folder / "fso.xmd").write_text(
    head + " _resolutionAnisotropy\\n _resolutionFreqFourier\\n _resolutionFreqReal\\n"
    " _resolutionFSO\\n" + "".join("%f %f %f %f\\n" % row for row in rows)
)
(folder / "Resolution_Distribution.xmd").write_text(
    head + " _angleRot\\n _angleTilt\\n _resolutionFRC\\n" + "0.0 0.0 4.1\\n1.0 0.0 4.2\\n"
)
"""


class TestXmipp(DirectionTest):
    def setUp(self) -> None:
        super().setUp()
        os.environ[HOME_VARIABLE] = str(self.home)

    def test_its_curve_counts_where_it_is_asked_for(self) -> None:
        self.install_program(fso_xmipp.PROGRAM, FSO.format(log=str(self.log)))
        result = self.judged(level1_g_occupancy.CHECK, self.entry, NAME)
        self.assertEqual((result.engine.name, result.engine.version), (NAME, VERSION))
        found = result.measurements["resolution_fso_05"].value
        assert found is not None
        self.assertAlmostEqual(found, 56 * 1.4 / (18 + 0.5 / 0.7), places=2)
        (call,) = self.calls()
        self.assertIn("--anglecone 17 --threshold 0.143", call)
        self.assertIn("--sampling 1.4 --mask mask.mrc", call)
        self.assertIn("Bingham", " ".join(result.paragraphs))
        table = result.tables["fso"]
        place = [column.key for column in table.columns].index("anisotropy")
        self.assertAlmostEqual(float(table.rows[4][place] or 0), 0.05)

    def test_auto_takes_what_knows_errors(self) -> None:
        self.install_program(fso_xmipp.PROGRAM, FSO.format(log=str(self.log)))
        result = self.judged(level1_g_occupancy.CHECK, self.entry, "auto")
        self.assertEqual(result.engine.name, BUILTIN)

    def test_where_it_writes_nothing(self) -> None:
        self.install_program(fso_xmipp.PROGRAM, f"#!{sys.executable}\n")
        result = run_check(level1_g_occupancy.CHECK, self.entry, self.folder / "1.g", engine=NAME)
        self.assertIs(result.outcome, Outcome.FAILED)
        self.assertIn("wrote no fso.xmd", result.reason)

    def test_where_it_is_not(self) -> None:
        result = run_check(level1_g_occupancy.CHECK, self.entry, self.folder / "1.g", engine=NAME)
        self.assertIs(result.outcome, Outcome.NOT_AVAILABLE)
        self.assertIn("not available here", result.reason)

    def test_what_makes_no_sense(self) -> None:
        for text in ("", "loop_\n _a\n", "loop_\n _resolutionFSO\n 1 2\n", "\xff"):
            (self.folder / "fso.xmd").write_text(text)
            with self.subTest(text=text), self.assertRaises(XmippError):
                fso_xmipp.read_occupancy(self.folder)


PROGRAM = f"""#!{sys.executable}
import json, pathlib, sys
with open({{log!r}}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
label = next(a for a in sys.argv if a.startswith("--ThreeDFSC=")).split("=")[1]
folder = pathlib.Path("Results_" + label)
folder.mkdir()
rows = [[1.0 if k < edge else 0.0 for edge in (16, 18, 20, 9, 19)] for k in range(28)]
(folder / ("Plots" + label + ".csv")).write_text(
    "".join(" ".join("%.18e" % value for value in row) + "\\n" for row in rows)
)
print("Sphericity is 0.883323 out of 1. 1 represents a perfect sphere.")
"""


class TestThreeDFSC(DirectionTest):
    def setUp(self) -> None:
        super().setUp()
        self.told = Told(self.folder / "fsc3D-3.0", dict(os.environ), {}, "true")
        for where in ("vrs_scipion.methods.fsc3d.ask", "vrs_scipion.machine.plugin_programs.ask"):
            patch = mock.patch(where, side_effect=lambda plugin: self.told)
            patch.start()
            self.addCleanup(patch.stop)

    def install(self, script: str) -> None:
        path = self.folder / "fsc3D-3.0" / "ThreeDFSC" / "ThreeDFSC_Start.py"
        path.parent.mkdir(parents=True)
        path.write_text(script)
        path.chmod(0o755)

    def test_its_curves_count_where_it_is_asked_for(self) -> None:
        self.install(PROGRAM.format(log=str(self.log)))
        result = self.judged(level1_h_anisotropy.CHECK, self.entry, fsc3d.NAME)
        self.assertEqual((result.engine.name, result.engine.version), (fsc3d.NAME, "3.0"))
        self.assertEqual(result.measurements["sphericity"].value, 0.883323)
        for name, edge in (("x", 16), ("y", 18), ("z", 20), ("global", 19)):
            found = result.measurements[f"resolution_{name}"].value
            assert found is not None
            self.assertAlmostEqual(found, 56 * 1.4 / (edge - 0.143), places=3)
        (call,) = self.calls()
        self.assertIn("--dthetaInDegrees=20 --FSCCutoff=0.143 --ThresholdForSphericity=0.5", call)

    def test_where_it_fails_or_writes_nothing(self) -> None:
        for script, reason in (
            (f"#!{sys.executable}\nprint('no GPU')\n", "wrote no curves; its last words were"),
            (f"#!{sys.executable}\nraise SystemExit(3)\n", "3"),
        ):
            with self.subTest(reason):
                shutil.rmtree(self.folder / "fsc3D-3.0", ignore_errors=True)
                self.install(script)
                result = run_check(
                    level1_h_anisotropy.CHECK, self.entry, self.folder / "1.h", engine=fsc3d.NAME
                )
                self.assertIs(result.outcome, Outcome.FAILED)
                self.assertIn(reason, result.reason)

    def test_where_it_is_not(self) -> None:
        result = run_check(
            level1_h_anisotropy.CHECK, self.entry, self.folder / "1.h", engine=fsc3d.NAME
        )
        self.assertIs(result.outcome, Outcome.NOT_AVAILABLE)
        self.assertIn("not available here", result.reason)
        self.assertIn("scipion-em-fsc3d", result.reason)

    def test_what_makes_no_sense(self) -> None:
        path, shells = self.folder / "Plots.csv", Shells((56, 56, 56), (1.4, 1.4, 1.4))
        for text in ("", "1 2 3\n4 5 6\n", "a b c d e\n"):
            path.write_text(text)
            with self.subTest(text=text), self.assertRaises(EngineFailedError):
                fsc3d.read_answer(path, "", shells)


@unittest.skipUnless(recorded_pairs.HERE, recorded_pairs.MISSING)
class TestParity(unittest.TestCase):
    """The program's own answers for two pairs, under the same hard mask."""

    def test_occupancy_and_directions(self) -> None:
        for name, resolution in (("A", 3.221), ("B", 3.195)):
            with self.subTest(pair=name):
                pair = recorded_pairs.recorded_pair(name)
                mask, voxel = pair.mask, pair.voxel_size
                spectra = UnderMask.of(mask, voxel).spectra(pair.first, pair.second)
                sums = directional_sums(*spectra, mask.shape, voxel)
                cones = cones_about(sums.sphere.directions, 17.0, sums, Overlap(1.0))
                own, theirs = measure_occupancy(cones), self.recorded(pair.folder)
                shell = float(own.frequency[0])
                for share in (FULL, MIDDLE):
                    one, other = own.resolution(share), theirs.resolution(share)
                    assert one is not None
                    assert other is not None
                    self.assertLess(abs(1 / one - 1 / other), shell)
                apart = np.median(1 / own.reach.measured) - np.median(theirs.resolutions)
                self.assertLess(abs(float(apart)), 0.05)
                self.assertLess(float(np.nanmax(np.abs(own.share - theirs.at(own.frequency)))), 0.1)
                whole = cones.whole.resolution(GOLD_STANDARD)
                assert whole is not None
                self.assertLess(abs(whole - resolution), 0.005)

    def recorded(self, packed: Path) -> fso_xmipp.Occupancy:
        with tempfile.TemporaryDirectory() as kept:
            folder, directions = Path(kept), "Resolution_Distribution.xmd"
            shutil.copy(packed / "fso.xmd", folder)
            (folder / directions).write_bytes(
                gzip.decompress((packed / f"{directions}.gz").read_bytes())
            )
            return fso_xmipp.read_occupancy(folder)


if __name__ == "__main__":
    unittest.main()
