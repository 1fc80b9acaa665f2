"""Validations in every environment that Scipion leaves behind: each map gets its own report."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from vrs_scipion.methods import guinier_xmipp
from vrs_scipion.report.folder import load_report
from vrs_scipion.tests.environments import FOLDERS, environments, files_of_the_user
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.test_guinier import STAND_IN
from vrs_scipion.tests.test_headless import noisy

ENGINES = ("auto", "builtin", "xmipp")
FEW = {(1, "xmipp"), (8, "builtin")}
"""Position among the environments, engine: two in which version 0.1.0 went wrong."""


class TestEnvironments(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name).resolve()
        self.user = self.folder / "user"
        for name in FOLDERS:
            (self.folder / name).mkdir()
        self.user.mkdir()
        program = self.folder / "XMIPP_HOME" / "bin" / guinier_xmipp.PROGRAM
        program.parent.mkdir()
        program.write_text(STAND_IN.format(python=sys.executable, behaviour=""))
        program.chmod(0o755)
        self.maps = [write(self.folder / f"{i}.mrc", mrc_bytes(noisy(i))) for i in range(2)]

    def validate(self, path: Path, out: Path, engine: str, given: dict[str, str | None]) -> None:
        known = {k: v for k, v in os.environ.items() if not k.startswith(("SCIPION", "XMIPP"))}
        environment = {**known, "HOME": str(self.user)}
        environment |= {name: value for name, value in given.items() if value is not None}
        words = ["validate", str(path), "--contour", "0.5", "--resolution", "4", "--only", "0.d"]
        command = [sys.executable, "-m", "vrs_scipion.cli", *words, "--out", str(out)]
        done = subprocess.run(
            [*command, "--engine", engine], capture_output=True, text=True, env=environment
        )
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_map_gets_its_own_report(self) -> None:
        for number, given in enumerate(environments(self.folder)):
            for engine in ENGINES:
                chosen = os.environ.get("VRS_WHOLE_RUNS") or (number, engine) in FEW
                if chosen:
                    with self.subTest(engine=engine, **given):
                        self.two_reports(engine, given, self.folder / f"{number}{engine}")

    def two_reports(self, engine: str, given: dict[str, str | None], out: Path) -> None:
        for path in self.maps:
            self.validate(path, out / path.stem, engine, given)
            report = load_report(out / path.stem)
            used = report.checks[3].inputs["map"].sha256
            self.assertEqual(used, (hashlib.sha256(path.read_bytes()).hexdigest(),))
            self.assertEqual(report.entry.sha256, used[0])
            taken = "xmipp" if given["XMIPP_HOME"] and engine != "builtin" else "builtin"
            self.assertEqual(report.checks[3].engine.name, taken)
        self.assertEqual(files_of_the_user(self.user), [])
        self.assertFalse(list((self.folder / "SCIPION_USER_DATA").rglob("*.sqlite")))


if __name__ == "__main__":
    unittest.main()
