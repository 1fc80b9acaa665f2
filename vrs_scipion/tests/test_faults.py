"""What dies, hangs, babbles or eats memory fails alone, with its reason."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import psutil

from vrs_scipion.checks import level0_d_bfactor
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.files import InputError, written_whole
from vrs_scipion.machine import limits
from vrs_scipion.machine.programs import ProgramError, run_program
from vrs_scipion.maps.reading import read_density
from vrs_scipion.methods.xmipp import HOME_VARIABLE
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.files import load_result
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.test_entry import blob

PROGRAM = "xmipp_volume_correct_bfactor"


class FolderTest(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory(prefix="vrs_faults_")
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def entry(self, side: int = 48) -> Entry:
        noise = np.random.default_rng(1).normal(0, 0.01, (side,) * 3).astype(np.float32)
        path = write(self.folder / "map.mrc", mrc_bytes(blob((side,) * 3) + noise))
        request = Request.of(map=path, contour=0.3, resolution=4.0)
        return prepare(request, self.folder / "entry")


class TestPrograms(FolderTest):
    """The B-factor's external program, played by scripts that do not do their work."""

    def run_with(self, script: str, **environment: str) -> CheckResult:
        entry = self.entry()
        program = self.folder / "xmipp" / "bin" / PROGRAM
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        given = {HOME_VARIABLE: str(self.folder / "xmipp"), **environment}
        with mock.patch.dict(os.environ, given):
            result = run_check(level0_d_bfactor.CHECK, entry, self.folder / "out", engine="xmipp")
        self.assertEqual(load_result(self.folder / "out"), result)
        self.assertEqual(result.outcome, Outcome.FAILED, result.reason)
        return result

    def test_one_that_hangs(self) -> None:
        started = time.monotonic()
        result = self.run_with("sleep 1000 & sleep 1000", **{limits.TIMEOUT_VARIABLE: "0.5"})
        self.assertLess(time.monotonic() - started, 20)
        self.assertIn("was not ready after 0.5 s", result.reason)

    def test_one_that_crashes(self) -> None:
        self.assertIn("SIGSEGV", self.run_with("kill -SEGV $$").reason)

    def test_one_that_says_nothing(self) -> None:
        self.assertIn(PROGRAM, self.run_with("exit 0").reason)

    def test_one_that_babbles(self) -> None:
        babble = "head -c 300000 /dev/urandom >&2; head -c 300000 /dev/urandom"
        reason = self.run_with(babble).reason
        self.assertIn(PROGRAM, reason)
        self.assertLess(len(reason), 600)

    def test_one_that_is_taken_away(self) -> None:
        entry = self.entry()
        home = {HOME_VARIABLE: str(self.folder / "none"), "PATH": "/nowhere"}
        with mock.patch.dict(os.environ, home):
            result = run_check(level0_d_bfactor.CHECK, entry, self.folder / "out", engine="xmipp")
        self.assertEqual(result.outcome, Outcome.NOT_AVAILABLE)
        self.assertIn("not available here", result.reason)

    def test_a_broken_interpreter(self) -> None:
        program = self.folder / "program"
        program.write_text("#!/none/at/all\n")
        program.chmod(0o755)
        with self.assertRaisesRegex(ProgramError, "could not be started"):
            run_program([str(program)], timeout_s=5)

    def test_endless_output(self) -> None:
        with self.assertRaisesRegex(ProgramError, "wrote more than"):
            run_program(["sh", "-c", "yes"], timeout_s=30)


class TestDisk(FolderTest):
    def test_one_that_is_full_when_the_file_is_to_be_on_it(self) -> None:
        """As one across the network says late."""
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with (
            mock.patch("os.fsync", side_effect=full),
            self.assertRaisesRegex(OSError, "No space"),
            written_whole(self.folder / "result.json") as path,
        ):
            path.write_text("{}")
        self.assertEqual(list(self.folder.iterdir()), [])


class TestMemory(FolderTest):
    def test_a_check_that_takes_too_much(self) -> None:
        """In a process of its own, as in Scipion: the limit stays with the process."""
        self.entry()
        script = (
            "import sys; from pathlib import Path; import numpy as np\n"
            "from dataclasses import replace\n"
            "from vrs_scipion.checks import level0_a_mass as m\n"
            "from vrs_scipion.checks.run import run_check\n"
            "from vrs_scipion.entry.entry import Entry\n"
            "hungry = replace(m.CHECK, answer=lambda task: np.ones(10**9))\n"
            "run_check(hungry, Entry.at(Path(sys.argv[1])), Path(sys.argv[2]))\n"
        )
        out = self.folder / "out"
        subprocess.run(
            [sys.executable, "-c", script, str(self.folder / "entry"), str(out)],
            env={**os.environ, limits.MEMORY_VARIABLE: "1.5"},
            check=True,
        )
        result = load_result(out)
        self.assertEqual(result.outcome, Outcome.FAILED)
        self.assertIn("more than the 1.5 GB of memory", result.reason)

    def test_a_map_that_takes_too_much(self) -> None:
        path = write(self.folder / "map.mrc", mrc_bytes(blob((64, 64, 64))))
        used = psutil.Process().memory_info().rss
        with (
            mock.patch.dict(os.environ, {limits.MEMORY_VARIABLE: repr(used / 1e9)}),
            self.assertRaisesRegex(InputError, "of memory to be read"),
        ):
            read_density(path)

    def test_limits_that_make_no_sense_are_none(self) -> None:
        for text in ("", "x", "nan", "-1", "inf", "0"):
            with mock.patch.dict(os.environ, {limits.MEMORY_VARIABLE: text}):
                self.assertIsNone(limits.memory_limit())

    def test_a_control_group(self) -> None:
        files = {"memory.max": "1000000\n", "memory.current": "600000\n"}
        for name, text in {**files, "memory.stat": "anon 5\ninactive_file 1000\n"}.items():
            (self.folder / name).write_text(text)
        with mock.patch.object(limits, "_CONTROL_GROUP", self.folder):
            self.assertEqual(limits.available_memory(), 401000)
            (self.folder / "memory.max").write_text("max\n")
            self.assertGreater(limits.available_memory(), 401000)


if __name__ == "__main__":
    unittest.main()
