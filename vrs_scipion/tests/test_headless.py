"""The driver behind ``vrs validate``: the whole run, stopped and started again, refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

from vrs_scipion.checks.levels import LEVELS, asked_of, looks_at
from vrs_scipion.report.folder import load_report
from vrs_scipion.report.model import Report
from vrs_scipion.results import Outcome
from vrs_scipion.running.project_graph import Graph
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.test_entry import blob
from vrs_scipion.tests.version_0_1_0 import old_output

REPORT = ("report.pdf", "report.html", "report.json")


def noisy(seed: int) -> np.ndarray:
    """The blob of these tests in noise of its own."""
    noise = np.random.default_rng(seed).normal(scale=0.1, size=(48, 48, 48))
    return (blob((48, 48, 48)) + noise).astype(np.float32)


class HeadlessTest(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory(prefix="vrs headless '")
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.map = write(self.folder / 'a "map" ~|%s.mrc.gz', mrc_bytes(blob((48, 48, 48))))
        self.out = self.folder / "out"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "vrs_scipion.cli", *arguments]

    def arguments(self, *more: str) -> list[str]:
        return self.command(
            "validate", str(self.map.name), "--contour", "0.3", "--out", "out", *more
        )

    def vrs(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SCIPION_")}
        return subprocess.run(
            command, capture_output=True, text=True, cwd=self.folder, env=environment, check=False
        )


class TestWholeRun(HeadlessTest):
    def test_from_the_map_to_the_report_and_again(self) -> None:
        before = self.map.read_bytes()
        title = '<script>alert("1")</script> # $x \\ ~|%s'
        command = self.arguments("--resolution", "4", "--title", title, "--paper", "letter")
        first = self.vrs(command)
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertEqual(self.map.read_bytes(), before)
        report = load_report(self.out)
        self.assertEqual(report.entry.title, title)
        self.assertEqual(report.entry.map, self.map.name)
        self.assertEqual([c.code for c in report.checks], [c.code for c in asked_of(["map"])])
        self.assertEqual(report.grade, "0")
        self.assertIn("report: finished", first.stderr)
        self.assertIn(b"MediaBox[0 0 612 792]", (self.out / "report.pdf").read_bytes())

        second = self.vrs(command)
        self.assertEqual(second.returncode, 0, second.stderr)
        boxes = 3 + len(looks_at(["map"])) + len(LEVELS[0].checks)
        self.assertEqual(second.stderr.count("finished before"), boxes)
        self.assertEqual(load_report(self.out), report)

        other = self.vrs(self.arguments("--resolution", "5", "--title", title))
        self.assertEqual(other.returncode, 2)
        self.assertIn("with other parameters", other.stderr)
        self.assertEqual(len(other.stderr.splitlines()), 1)

        self.grows(command, title, report, boxes)

        (self.out / "report.pdf").unlink()
        rebuilt = self.vrs(self.command("report", "out"))
        self.assertEqual(rebuilt.returncode, 0, rebuilt.stderr)
        self.assertTrue((self.out / "report.pdf").exists())
        again = load_report(self.out)
        self.assertEqual(again.grade, "1")
        self.assertEqual(again.checks[: len(report.checks)], report.checks)

    def grows(self, command: list[str], title: str, before: Report, boxes: int) -> None:
        """Half maps given later add Level 1; nothing that was finished is computed again."""
        halves = [str(write(self.folder / f"half{i}.mrc", mrc_bytes(noisy(i)))) for i in (1, 2)]
        one = self.vrs([*command, "--half1", halves[0]])
        self.assertEqual(one.returncode, 2)
        self.assertIn("one half map was given", one.stderr)
        grown = self.vrs([*command, "--half1", halves[0], "--half2", halves[1]])
        self.assertEqual(grown.returncode, 0, grown.stderr)
        self.assertEqual(grown.stderr.count("finished before"), boxes - 1)
        self.assertIn("1.a global resolution: finished", grown.stderr)
        report = load_report(self.out)
        self.assertEqual((report.grade, report.level), ("1", "1"))
        self.assertEqual(list(report.inputs), ["map", "half_maps"])
        self.assertEqual(report.checks[: len(before.checks)], before.checks)
        added = [check.code for check in LEVELS[1].checks]
        self.assertEqual([c.code for c in report.checks[len(before.checks) :]], added)
        without = self.vrs(command)
        self.assertEqual(without.returncode, 0, without.stderr)
        self.assertEqual(load_report(self.out), report)

    def test_half_maps_without_a_map(self) -> None:
        """Their mean is validated in a folder named after both; the same command goes on there."""
        for i in (1, 2):
            write(self.folder / f"run_half{i}.mrc", mrc_bytes(noisy(i)))
        halves = ("--half1", "run_half1.mrc", "--half2", "run_half2.mrc")
        command = self.command("validate", *halves, "--contour", "0.4", "--only", "0.b,1.a")
        first = self.vrs(command)
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertIn("import half maps: finished", first.stderr)
        report = load_report(self.folder / "vrs_run_half")
        self.assertEqual(report.entry.map, "mean of run_half1.mrc and run_half2.mrc")
        self.assertIn("No map was given: the mean", report.entry.notes[0])
        self.assertEqual(list(report.inputs), ["map", "half_maps"])
        second = self.vrs(command)
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertEqual(second.stderr.count("finished before"), 8)
        self.assertFalse((self.folder / "vrs_run_half_2").exists())

    def test_a_folder_of_an_older_version_is_taken_up(self) -> None:
        """What version 0.1.0 has finished is kept; what it did not know is added."""
        command = self.arguments("--resolution", "4")
        first = self.vrs([*command, "--only", "0.a"])
        self.assertEqual(first.returncode, 0, first.stderr)
        report = load_report(self.out)
        old_output(self.out)
        taken = self.vrs([*command, "--only", "0.a,0.b"])
        self.assertEqual(taken.returncode, 0, taken.stderr)
        for box in ("import map", "prepare map", "0.a mass"):
            self.assertIn(f"{box}: finished before", taken.stderr)
        for box in ("look at map", "0.b mask", "report"):
            self.assertIn(f"{box}: finished in", taken.stderr)
        again = load_report(self.out)
        known = again.entry.model_copy(update={"mass_at_contour": None})  # that 0.b adds
        self.assertEqual(known, report.entry)
        self.assertEqual(again.checks[0].measurements, report.checks[0].measurements)
        self.assertEqual(again.checks[0].inputs, report.checks[0].inputs)
        self.assertEqual(
            [check.outcome for check in again.checks][:3],
            [report.checks[0].outcome, Outcome.OK, Outcome.NOT_RUN],
        )
        self.assertFalse((self.out / "figures").exists())
        other = self.vrs(self.arguments("--resolution", "5"))
        self.assertEqual(other.returncode, 2)
        self.assertIn("with other parameters", other.stderr)

    def test_killed_and_started_again(self) -> None:
        """The driver and its children die at once; what was finished is not done again."""
        process = subprocess.Popen(
            self.arguments(),
            cwd=self.folder,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("0.a mass: running"):
                break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()
        self.assertFalse(any((self.out / name).exists() for name in REPORT))

        resumed = self.vrs(self.arguments())
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertIn("prepare map: finished before", resumed.stderr)
        self.assertEqual(
            [check.outcome for check in load_report(self.out).checks][:1], [Outcome.OK]
        )

    def test_stopped_by_a_signal(self) -> None:
        process = subprocess.Popen(
            self.arguments(), cwd=self.folder, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("prepare map: running"):
                break
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        process.wait(timeout=30)
        process.stderr.close()
        self.assertEqual(process.returncode, 130)
        self.assertIn("stopped; the same command goes on", rest)
        self.assertEqual(self.children(), [])

    def children(self) -> list[str]:
        """Protocols of this folder that still run after a moment's grace."""
        time.sleep(0.5)
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        return [line for line in listed.stdout.splitlines() if str(self.folder) in line]


class TestRefusals(HeadlessTest):
    def refused(self, command: list[str], words: str) -> None:
        done = self.vrs(command)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1)
        self.assertIn(words, done.stderr)
        self.assertFalse(self.out.exists())

    def test_bad_input_writes_nothing(self) -> None:
        common = ["--contour", "0.3", "--out", "out"]
        self.refused(self.command("validate", "none.mrc", *common), "none.mrc: there is no such")
        self.refused(self.command("validate", ".", *common), "it is not a file")
        self.refused(
            self.command("validate", self.map.name, "--contour", "9", "--out", "out"), "maximum"
        )

    def test_an_engine_that_is_not_here(self) -> None:
        environment = {"PATH": "/nowhere", "HOME": str(self.folder)}
        done = subprocess.run(
            [*self.arguments(), "--engine", "builtin,0.d=xmipp"],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=environment,
            check=False,
        )
        self.assertEqual(done.returncode, 2)
        self.assertIn("xmipp is not available here", done.stderr)
        self.assertIn("installp -p scipion-em-xmipp", done.stderr)
        self.assertFalse(self.out.exists())

    def test_folders_that_hold_something_else(self) -> None:
        mine = self.folder / "mine"
        mine.mkdir()
        (mine / "report.pdf").write_text("my thesis")
        done = self.vrs(self.command("validate", self.map.name, "--contour", ".3", "--out", "mine"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("report.pdf of something else", done.stderr)
        self.assertEqual((mine / "report.pdf").read_text(), "my thesis")

    def test_paths_that_a_shell_would_run(self) -> None:
        out = "$(touch owned)"
        done = self.vrs(self.command("validate", self.map.name, "--contour", ".3", "--out", out))
        self.assertEqual(done.returncode, 2)
        self.assertIn("hands its project's path to a shell", done.stderr)
        self.assertEqual([path.name for path in self.folder.iterdir()], [self.map.name])

    def test_report_without_results(self) -> None:
        self.refused(self.command("report", "out"), "holds no complete validation")


class TestStock(unittest.TestCase):
    """What an earlier run has left, and what of it still holds."""

    def stale(self, started: str | None, ended: str | None, *, rerun: bool = False) -> bool:
        graph = object.__new__(Graph)
        check = _Protocol(1, started="2026-01-01 10:00:00", ended=ended)
        report = _Protocol(2, started=started, ended="2026-01-01 12:00:00")
        graph._protocols = [check, report]
        graph._inputs = {1: set(), 2: {1}}
        graph._rerun = {1} if rerun else set()
        graph._started = {}
        return graph._is_stale(report)

    def test_a_report_older_than_one_of_its_checks(self) -> None:
        """A check outlived its driver, and the report was made without it."""
        self.assertTrue(self.stale(started="2026-01-01 11:00:00", ended="2026-01-01 11:30:00"))
        self.assertFalse(self.stale(started="2026-01-01 11:00:00", ended="2026-01-01 10:30:00"))
        self.assertTrue(self.stale("2026-01-01 11:00:00", "2026-01-01 10:30:00", rerun=True))

    def test_a_kill_came_before_the_time_was_kept(self) -> None:
        self.assertTrue(self.stale("2026-01-01 11:00:00", None))
        self.assertTrue(self.stale(None, "2026-01-01 10:30:00"))

    def test_a_protocol_that_finished_without_saying_when_is_waited_for(self) -> None:
        """Else its time is never read, and what comes after it is made again the next time."""
        graph = object.__new__(Graph)
        check = _Protocol(1, started="2026-01-01 10:00:00", ended=None)
        graph.project, graph._protocols = mock.MagicMock(), [check]
        graph._started, graph._seconds = {1: 0.0}, {}
        with (
            mock.patch.object(graph, "_alive", return_value=True),
            mock.patch.object(graph, "_update"),
        ):
            self.assertFalse(graph._poll())
            check.endTime.set("2026-01-01 10:01:00")
            self.assertTrue(graph._poll())
        self.assertEqual(list(graph._seconds), [1])


class _Protocol:
    """As much of a protocol as says when it ran."""

    def __init__(self, key: int, *, started: str | None, ended: str | None) -> None:
        from pyworkflow.object import String

        self._key = key
        self.initTime = String(started)
        self.endTime = String(ended)

    def getObjId(self) -> int:
        return self._key

    def isFinished(self) -> bool:
        return True

    def isActive(self) -> bool:
        return False


if __name__ == "__main__":
    unittest.main()
