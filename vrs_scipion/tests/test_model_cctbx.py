"""cctbx beside what A.a, A.f and A.j have built in: a stand-in, and the real one where it is."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import gemmi
import mrcfile
import numpy as np

from vrs_scipion.checks import (
    levela_a_correlation,
    levela_f_emringer,
    levela_j_stereochemistry,
)
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.methods import cctbx
from vrs_scipion.methods.model_map import Grid, model_map
from vrs_scipion.models.atomic_model import AtomicModel, arrays_of
from vrs_scipion.models.reading import read_model
from vrs_scipion.models.score_table import read_scores
from vrs_scipion.models.writing import write_mmcif
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.small_models import add_residue, helices
from vrs_scipion.tests.surfaces import leave_surfaces_out
from vrs_scipion.tests.test_levela_emringer import ROTAMERS, serines
from vrs_scipion.tests.test_model_input import ModelTest

BOX = (40, 42, 44)
START = (20.3, -4.45, 7.77)
"""z, y, x in Å: between the points of the grid."""
RESOLUTION = 3.0
CHECKS = (levela_a_correlation.CHECK, levela_f_emringer.CHECK, levela_j_stereochemistry.CHECK)
VERSION = "2025.11"
REAL = cctbx.find()

PYTHON = """#!{python}
import json, shutil, sys
if sys.argv[1] == "-c":
    print({lacking!r})
    print({version!r})
    sys.exit()
open({log!r}, "a").write(json.dumps(sys.argv[1:]) + "\\n")
for name in ("map.mrc", "model.cif"):
    try:
        shutil.copy(name, {kept!r})
    except FileNotFoundError:
        pass
{behaviour}
shutil.copy({kept!r} + "/" + sys.argv[2] + ".json", "answer.json")
"""


class CctbxTest(ModelTest):
    """Two helices of serine in their map, whose voxel 0 lies between grid points."""

    def setUp(self) -> None:
        super().setUp()
        leave_surfaces_out(self)
        for place in (
            mock.patch.dict(os.environ, {"PATH": "/usr/bin:/bin"}),
            mock.patch("vrs_scipion.methods.cctbx.find_spec", return_value=None),
            mock.patch("vrs_scipion.figures.plotting.save_picture"),
        ):
            place.start()
            self.addCleanup(place.stop)
        os.environ.pop(cctbx.VARIABLE, None)
        self.structure = serines(ROTAMERS)
        for site in self.structure[0].all():
            site.atom.pos += gemmi.Position(*START[::-1])

    def entry(self) -> Entry:
        grid = Grid(BOX, (1.0, 1.0, 1.0), START)
        clean = model_map(arrays_of(self.structure).model, grid, RESOLUTION)
        noise = np.random.default_rng(1).standard_normal(BOX).astype(np.float32)
        values = clean + 0.3 * clean.std() * noise
        write(self.path, mrc_bytes(values, header={"origin": START[::-1]}))
        return self.prepared(
            self.structure, contour=0.3 * float(values.max()), resolution=RESOLUTION
        )

    def checked(self, check: Check, entry: Entry, engine: str = "cctbx") -> CheckResult:
        return run_check(check, entry, self.folder / f"{check.code}_{engine}", engine=engine)

    def value(self, result: CheckResult, key: str) -> float:
        value = result.measurements[key].value
        assert value is not None
        return value

    def install(
        self, answers: dict[str, Any] | None = None, behaviour: str = "", lacking: str = ""
    ) -> None:
        """A stand-in for a Python that has cctbx, with what it answers to each question."""
        path = Path(tempfile.mkdtemp(dir=self.folder)) / "python"
        for question, answer in (answers or {}).items():
            (self.folder / f"{question}.json").write_text(json.dumps(answer))
        path.write_text(
            PYTHON.format(
                python=sys.executable,
                version=VERSION,
                log=str(self.folder / "log"),
                kept=str(self.folder),
                lacking=lacking,
                behaviour=behaviour,
            )
        )
        path.chmod(0o755)
        os.environ[cctbx.VARIABLE] = str(path)


def names(model: AtomicModel) -> list[tuple[str, int, str, str]]:
    """Its residues as cctbx calls them."""
    return [
        (str(model.chains.labels[c]), int(n), str(i), str(name))
        for c, n, i, name in zip(
            model.residues.chains,
            model.residues.numbers,
            model.residues.insertions,
            model.residues.names,
            strict=True,
        )
    ]


def correlation(model: AtomicModel) -> dict[str, Any]:
    """What cctbx may say of a model."""
    curve = {
        "frequency": [0.1, 0.2, 0.3, 0.4],
        "correlation": [0.9, 0.8, 0.3, 0.1],
        "crossings": {"0.5": 3.9, "0.143": 2.6, "0": -1.0},
    }
    return {
        "cc_mask": 0.81,
        "cc_volume": 0.82,
        "cc_peaks": 0.83,
        "cc_box": 0.84,
        "cc_main_chain": 0.85,
        "cc_side_chain": None,
        "radius": 3.3,
        "residues": [(*name, 0.4 if i == 3 else 0.9) for i, name in enumerate(names(model))],
        "chains": [(str(label), 0.7) for label in model.chains.labels],
        "masked": curve,
        "unmasked": curve,
        "d99": 3.1,
        "d_model": 3.2,
        "d_model_b0": None,
        "b_iso_overall": 12.0,
    }


class TestStandIn(CctbxTest):
    def test_correlation(self) -> None:
        entry = self.entry()
        self.install({"correlation": correlation(entry.model())})
        result = self.checked(CHECKS[0], entry)
        own = self.checked(CHECKS[0], entry, "builtin")
        self.assertIs(result.outcome, Outcome.WARNINGS, result.reason)
        self.assertEqual((result.engine.name, result.engine.version), ("cctbx", VERSION))
        for key, expected in {
            "cc_mask": 0.81,
            "cc_box": 0.84,
            "fsc_05_masked": 3.9,
            "fsc_0143_unmasked": 2.6,
            "d99": 3.1,
            "b_iso_overall": 12.0,
            "residues_below_05": 100 / 24,
        }.items():
            self.assertAlmostEqual(self.value(result, key), expected, msg=key)
        for key in ("cc_side_chain", "fsc_0_masked", "d_model_b0"):
            self.assertIsNone(result.measurements[key].value)
        self.assertNotIn("d99", own.measurements)
        folders = [self.folder / f"A.a_{name}" for name in ("cctbx", "builtin")]
        theirs, ours = (read_scores(f / "residues.csv", ("cc", "smoc")) for f in folders)
        self.assertEqual(theirs["cc"][2:5], ["0.9", "0.4", "0.9"])
        self.assertEqual(theirs["smoc"], ours["smoc"])
        self.assertIn("map_model_cc", " ".join(result.paragraphs))

    def test_it_is_given_copies_that_begin_at_0(self) -> None:
        add_residue(self.structure, "HOH", [("O", "O")], place=(67.77, 55.55, 80.3))
        entry = self.entry()
        self.install({"correlation": correlation(entry.model())})
        result = self.checked(CHECKS[0], entry)
        self.assertIn("1 of 145 atoms lie outside of the map's box", " ".join(result.paragraphs))
        with mrcfile.open(self.folder / "map.mrc") as given:
            self.assertEqual(given.header.origin.tolist(), (0, 0, 0))
            self.assertEqual(given.nstart.tolist(), (0, 0, 0))
            np.testing.assert_array_equal(given.data, entry.density().values)
        handed = arrays_of(read_model(self.folder / "model.cif")).model
        np.testing.assert_allclose(
            handed.atoms.positions, entry.model().atoms.positions - START[::-1], atol=1e-3
        )
        (call,) = (self.folder / "log").read_text().splitlines()
        self.assertEqual(json.loads(call), ["cctbx_inside.py", "correlation", "3"])

    def test_emringer(self) -> None:
        entry = self.entry()
        model = entry.model()
        bump = np.exp(-(((np.arange(72) - 11) / 5.0) ** 2))
        self.install(
            {
                "emringer": {
                    "residues": [(*name, bump.tolist()) for name in names(model)[1:]],
                    "scanned": 23,
                    "thresholds": [0.1, 0.2],
                    "ratios": [0.7, 0.9],
                    "z": [2.0, 1.5],
                    "counted": [20, 10],
                }
            }
        )
        result = self.checked(CHECKS[1], entry)
        self.assertIs(result.outcome, Outcome.OK, result.reason)
        self.assertAlmostEqual(self.value(result, "emringer_score"), 20 / np.sqrt(23))
        self.assertAlmostEqual(self.value(result, "rotamer_ratio"), 0.7)
        self.assertEqual(self.value(result, "residues_counted"), 20)
        angles = read_scores(self.folder / "A.f_cctbx" / "residues.csv", ["ringer_angle"])
        self.assertEqual(angles["ringer_angle"], ["", *["60"] * 23])

    def test_ramachandran_and_beta(self) -> None:
        entry = self.entry()
        rows = names(entry.model())
        self.install(
            {
                "geometry": {
                    "ratings": [
                        *((*name, "", "favored") for name in rows[1:11]),
                        (*rows[12], "", "outlier"),
                    ],
                    "betas": [(*name, "", 0.5 if name == rows[0] else 0.1) for name in rows],
                }
            }
        )
        result = self.checked(CHECKS[2], entry)
        self.assertEqual(result.engine.name, "cctbx", result.reason)
        self.assertAlmostEqual(self.value(result, "rama_favoured"), 1000 / 11)
        self.assertEqual(self.value(result, "rama_residues"), 11)
        self.assertAlmostEqual(self.value(result, "cbeta_outliers"), 100 / 24)
        kept = read_scores(self.folder / "A.j_cctbx" / "residues.csv", ["rama"])["rama"]
        self.assertEqual(kept[10:13], ["favoured", "", "outlier"])

    def test_auto_keeps_what_is_built_in(self) -> None:
        entry = self.entry()
        self.install()
        for check in CHECKS:
            result = self.checked(check, entry, "auto")
            self.assertEqual((result.engine.name, result.engine.why_no_other), ("builtin", ""))

    def test_absence_says_how_to_get_it(self) -> None:
        entry = self.entry()
        for check in CHECKS:
            result = self.checked(check, entry)
            self.assertIs(result.outcome, Outcome.NOT_AVAILABLE)
            self.assertIn("pip install cctbx-base", result.reason)
        os.environ[cctbx.VARIABLE] = str(self.folder / "nowhere")
        self.assertIn("which is no program", cctbx.availability().detail)
        self.install(lacking="mmtbx")
        self.assertIn("lacks mmtbx", cctbx.availability().detail)

    def test_failures_in_words(self) -> None:
        entry = self.entry()
        for behaviour, expected, checks in (
            ("sys.exit()", "without an error and without an answer", CHECKS[2:]),
            (
                "sys.exit('Sorry: the map and the model differ')",
                "Sorry: the map and the model",
                CHECKS[2:],
            ),
            (
                "open('answer.json', 'w').write('{'); sys.exit()",
                "no answer that can be read",
                CHECKS[2:],
            ),
            ("open('answer.json', 'w').write('[]'); sys.exit()", "that is no table", CHECKS[2:]),
            ("open('answer.json', 'w').write('{}'); sys.exit()", "makes? no sense", CHECKS),
        ):
            self.install(behaviour=behaviour)
            for check in checks:
                with self.subTest(expected, check=check.code):
                    result = self.checked(check, entry)
                    self.assertIs(result.outcome, Outcome.FAILED)
                    self.assertRegex(result.reason, expected)
                    self.assertEqual(result.engine.name, "cctbx")
        self.install(behaviour="import time; time.sleep(60)")
        self.assertTrue(cctbx.availability().here)
        with mock.patch.dict(os.environ, {"VRS_TIMEOUT": "1"}):
            result = self.checked(CHECKS[2], entry)
        self.assertIn("cctbx was not ready after 1 s", result.reason)


class TestWriting(unittest.TestCase):
    def test_what_is_written_comes_back(self) -> None:
        structure = helices(4, 2)
        add_residue(structure, "HEM", [("FE", "Fe"), ("O5'", "O")], number=-7)
        residue = structure[0][0][1]
        residue.seqid.icode = "B"
        residue[0].altloc, residue[0].occ = "A", 0.25
        residue[1].aniso = gemmi.SMat33f(0.1, 0.2, 0.3, 0.01, 0.02, 0.03)
        hydrogen = residue[2].clone()
        hydrogen.name, hydrogen.element = "HA", gemmi.Element("H")
        residue.add_atom(hydrogen)
        model = arrays_of(structure).model
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.cif"
            write_mmcif(model, path, (1.0, 2.0, 3.0))
            again = arrays_of(read_model(path)).model
        self.assertEqual(names(again), names(model))
        self.assertEqual(again.chains.names.tolist(), model.chains.labels.tolist())
        for one in ("names", "altlocs", "hydrogens"):
            np.testing.assert_array_equal(getattr(again, one), getattr(model, one))
        np.testing.assert_allclose(
            again.atoms.positions - [1, 2, 3], model.atoms.positions, atol=1e-3
        )
        np.testing.assert_allclose(again.atoms.occupancies, model.atoms.occupancies, atol=1e-3)
        np.testing.assert_allclose(again.anisotropic, model.anisotropic, atol=1e-5)


@unittest.skipUnless(REAL, "no Python that has cctbx was found here (VRS_CCTBX)")
class TestReal(CctbxTest):
    """The same numbers as the built-in engines, on a map whose ORIGIN lies between grid points."""

    def setUp(self) -> None:
        super().setUp()
        patch = mock.patch("vrs_scipion.methods.cctbx._search", return_value=REAL)
        patch.start()
        self.addCleanup(patch.stop)

    def test_both_agree(self) -> None:
        entry = self.entry()
        for check, keys in zip(
            CHECKS,
            (
                {"cc_mask": 0.01, "cc_box": 0.01, "fsc_05_masked": 0.1},
                {"emringer_score": 1e-3, "residues_scanned": 0, "max_z": 1e-3},
                {"rama_favoured": 1e-6, "rama_residues": 0, "cbeta_outliers": 1e-6},
            ),
            strict=True,
        ):
            theirs, ours = (self.checked(check, entry, one) for one in ("cctbx", "builtin"))
            self.assertEqual(theirs.engine.name, "cctbx", theirs.reason)
            for key, apart in keys.items():
                with self.subTest(key):
                    difference = abs(self.value(theirs, key) - self.value(ours, key))
                    self.assertLessEqual(difference, apart)


if __name__ == "__main__":
    unittest.main()
