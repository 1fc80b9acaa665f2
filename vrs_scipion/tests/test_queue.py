"""Protocols as jobs of a real Slurm; ``benchmarks/slurm_on_one_machine.sh start`` sets one up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from vrs_scipion.report.folder import load_report
from vrs_scipion.results import Outcome
from vrs_scipion.running.job_queue import SLURM_HOSTS, Queue, QueueError, use_slurm_without_hosts
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.test_entry import blob


def slurm_answers() -> bool:
    """Whether there is a Slurm with a partition that is up."""
    if shutil.which("sinfo") is None:
        return False
    done = subprocess.run(
        ["sinfo", "--noheader", "--format=%R %a"], capture_output=True, text=True, check=False
    )
    return "main up" in done.stdout


@unittest.skipUnless(slurm_answers(), "no Slurm with a partition 'main' answers here")
class TestSlurm(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory(prefix="vrs queue ", dir=Path.home())
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.map = write(self.folder / "m.mrc.gz", mrc_bytes(blob((32, 32, 32))))

    def start(self) -> subprocess.Popen[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SCIPION_")}
        arguments = ["validate", "m.mrc.gz", "--contour=0.3", "--out=out", "--queue=main"]
        return subprocess.Popen(
            [sys.executable, "-m", "vrs_scipion.cli", *arguments, "--threads=1", "--memory=1"],
            cwd=self.folder,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, process: subprocess.Popen[str], happened: Callable[[str], bool]) -> str:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if happened(said):
                break
        return said

    def jobs(self) -> list[str]:
        listed = subprocess.run(
            ["squeue", "--noheader", "--format=%i %Z"], capture_output=True, text=True, check=True
        )
        return [line.split()[0] for line in listed.stdout.splitlines() if str(self.folder) in line]

    def test_a_job_that_is_killed_and_a_driver_that_dies(self) -> None:
        first = self.start()
        said = self.wait_for(first, lambda said: said.count(": running") >= 4)
        waiting = self.jobs()
        subprocess.run(["scancel", waiting[-1]], check=True)
        said += first.communicate(timeout=600)[1]
        self.assertEqual(first.returncode, 3, said)
        checks = load_report(self.folder / "out").checks
        failed = [check for check in checks if check.outcome is Outcome.FAILED]
        self.assertEqual(len(failed), 1)
        self.assertIn(f"its job {waiting[-1]} was ended by the queue", failed[0].reason)
        self.assertIn("CANCELLED", failed[0].reason)

        second = self.start()
        self.wait_for(second, lambda said: ": running" in said)
        second.send_signal(signal.SIGKILL)
        second.communicate()
        third = self.start()
        said = third.communicate(timeout=600)[1]
        self.assertEqual(third.returncode, 0, said)
        self.assertGreaterEqual(said.count("finished before"), 2 + len(checks) - 1)
        report = load_report(self.folder / "out")
        self.assertFalse([c for c in report.checks if c.outcome is Outcome.FAILED])

    def test_stopping_takes_the_jobs_away(self) -> None:
        process = self.start()
        self.wait_for(process, lambda said: said.count(": running") >= 2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
        deadline = time.monotonic() + 30
        while self.jobs() and time.monotonic() < deadline:
            time.sleep(0.5)
        self.assertEqual(self.jobs(), [])


class TestWithoutQueue(unittest.TestCase):
    def test_names_that_a_shell_would_read(self) -> None:
        for name in ("main; rm -rf /", "$(x)", "-x", "", "a\nb"):
            with self.assertRaises(QueueError):
                Queue(name)

    def test_no_queue_here(self) -> None:
        with (
            mock.patch.dict(os.environ, {"PATH": "/nowhere"}),
            mock.patch.dict(os.environ, clear=False),
        ):
            for variable in ("SCIPION_HOSTS", "SCIPION_HOME"):
                os.environ.pop(variable, None)
            with self.assertRaisesRegex(QueueError, "sbatch was not found"):
                use_slurm_without_hosts()

    def test_the_hosts_file_is_scipions(self) -> None:
        from pyworkflow.config import Config  # noqa: F401 - its environment is set by conftest
        from pyworkflow.protocol import HostConfig

        host = HostConfig.load(str(SLURM_HOSTS))["localhost"]
        asked = {
            "JOB_NAME": "1",
            "JOB_QUEUE": "main",
            "JOB_LOGS": "logs/1",
            "JOB_THREADS": 2,
            "JOB_MEMORY": "1500",
            "JOB_MINUTES": "60",
            "JOB_COMMAND": "python run.py",
        }
        script = host.getSubmitTemplate() % asked
        for line in ("--partition=main", "--cpus-per-task=2", "--mem=1500M", "python run.py"):
            self.assertIn(line, script)


if __name__ == "__main__":
    unittest.main()
