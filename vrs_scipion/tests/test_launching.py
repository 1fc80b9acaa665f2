"""The server that forks a process for every protocol: locks, logs, what is killed, what is left."""

from __future__ import annotations

import importlib
import itertools
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import psutil

from vrs_scipion.running import launching
from vrs_scipion.running.launching import LaunchError, ProtocolServer

NOTES = """
import os, signal, subprocess, sys, threading
import numpy as np
print("threads before:", threading.active_count())
print("group:", os.getpgid(0) == os.getpid(), "SIGCHLD:", signal.getsignal(signal.SIGCHLD) == 0)
print("child:", subprocess.run(["sh", "-c", "exit 3"]).returncode)
print("loaded:", "pwem.protocols" in sys.modules)
square = np.ones((900, 900))
print("product:", int((square @ square).sum()))
print("number:", sys.argv[3])
os.write(2, b"from below")
"""
PROGRAM = "import subprocess, sys; subprocess.run(['sleep', '1000'], start_new_session=True)"


class ServerTest(unittest.TestCase):
    """One server for all tests of a class: it takes seconds to load."""

    folder: ClassVar[Path]
    server: ClassVar[ProtocolServer]
    numbers: ClassVar[Iterator[int]]

    @classmethod
    def setUpClass(cls) -> None:
        kept = tempfile.TemporaryDirectory(prefix="vrs launching '")
        cls.addClassCleanup(kept.cleanup)
        cls.folder = Path(kept.name)
        cls.server = ProtocolServer(cls.folder)
        cls.addClassCleanup(cls.server.close)
        cls.numbers = itertools.count(1)

    def start(self, script: str) -> Path:
        """Have a script run as Scipion's command would be; its database's path."""
        number = next(self.numbers)
        logs = self.folder / "Runs" / f"{number:06}_VrsProtMask" / "logs"
        logs.mkdir(parents=True)
        path = self.folder / f"script_{number}.py"
        path.write_text(script)
        run_db = (logs / "run.db").relative_to(self.folder)
        said = [str(logs / "out"), str(logs / "err")]
        command = [sys.executable, str(path), str(self.folder), str(run_db), "7", *said]
        launch: Any = importlib.import_module("pyworkflow.protocol.launch")
        with self.server.in_place_of_shells():
            self.pid = launch._run(shlex.join(command), False)
        return logs / "run.db"

    def wait(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not happened():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def sleepers(self, run_db: Path) -> list[psutil.Process]:
        return list(launching._programs_of(run_db))


class TestForks(ServerTest):
    def test_a_process_as_if_newly_started(self) -> None:
        run_db = self.start(NOTES)
        self.assertTrue(launching.was_started(run_db))
        self.wait(lambda: not launching.is_alive(run_db))
        said = (run_db.parent / "out").read_text().splitlines()
        self.assertEqual(
            said,
            [
                "threads before: 1",
                "group: True SIGCHLD: True",
                "child: 3",
                "loaded: True",
                f"product: {900**3}",
                "number: 7",
            ],
        )
        self.assertEqual((run_db.parent / "err").read_text(), "from below")

    def test_killed(self) -> None:
        run_db = self.start("import time; time.sleep(1000)")
        self.assertTrue(launching.is_alive(run_db))
        self.wait(lambda: psutil.Process(self.pid).name() == "Mask")
        psutil.Process(self.pid).kill()
        self.wait(lambda: not launching.is_alive(run_db))
        self.wait(lambda: not psutil.pid_exists(self.pid))

    def test_the_reason_for_a_failed_script(self) -> None:
        run_db = self.start("raise ArithmeticError('no such number')")
        self.wait(lambda: not launching.is_alive(run_db))
        self.assertIn("ArithmeticError: no such number", (run_db.parent / "err").read_text())

    def test_a_folder_that_is_gone(self) -> None:
        with self.assertRaisesRegex(LaunchError, "could not be started"):
            self.server._fork(shlex.join(["python", "x.py", "/none", "run.db", "1", "o", "e"]))
        run_db = self.start("print('the next one')")
        self.wait(lambda: not launching.is_alive(run_db))
        self.assertEqual((run_db.parent / "out").read_text(), "the next one\n")


class TestKilling(ServerTest):
    def test_with_the_programs_it_runs(self) -> None:
        run_db = self.start(PROGRAM)
        self.wait(lambda: bool(self.sleepers(run_db)))
        launching.kill(run_db)
        self.assertFalse(launching.is_alive(run_db))
        self.wait(lambda: not self.sleepers(run_db))

    def test_the_programs_it_has_left_behind(self) -> None:
        run_db, other = self.start(PROGRAM), self.start(PROGRAM)
        self.wait(lambda: bool(self.sleepers(run_db) and self.sleepers(other)))
        psutil.Process(int((run_db.parent / "run.lock").read_text().split()[0])).kill()
        self.wait(lambda: not launching.is_alive(run_db))
        self.assertTrue(self.sleepers(run_db))
        launching.kill(run_db)
        self.wait(lambda: not self.sleepers(run_db))
        self.assertTrue(self.sleepers(other))
        launching.kill(other)

    def test_not_what_runs_on_another_machine(self) -> None:
        run_db = self.start("import time; time.sleep(1000)")
        (run_db.parent / "run.lock").write_text(f"{self.pid} not-{socket.gethostname()}")
        launching.kill(run_db)
        self.assertTrue(launching.is_alive(run_db))
        os.kill(self.pid, signal.SIGKILL)

    def test_nothing_to_kill(self) -> None:
        self.assertFalse(launching.was_started(self.folder / "run.db"))
        launching.kill(self.folder / "run.db")


class TestServer(ServerTest):
    def test_protocols_outlive_it_and_it_is_replaced(self) -> None:
        first = self.start("import time; time.sleep(1000)")
        assert self.server._process is not None
        killed = self.server._process.pid
        self.server._process.kill()
        self.server._process.wait()
        second = self.start("import time; time.sleep(1000)")
        self.assertNotEqual(self.server._process.pid, killed)
        self.server.close()
        for run_db in (first, second):
            self.assertTrue(launching.is_alive(run_db))
            launching.kill(run_db)
            self.assertFalse(launching.is_alive(run_db))

    def test_killed_between_the_fork_and_the_answer(self) -> None:
        """What it had started is found, and not started twice."""
        run_db = self.start("import time; time.sleep(1000)")
        self.wait(lambda: bool((run_db.parent / "run.lock").read_text()))
        command = shlex.join(["python", "x.py", str(run_db.parent), run_db.name, "7", "o", "e"])
        with mock.patch.object(self.server, "_ask", return_value=""):
            self.assertEqual(self.server._fork(command), self.pid)
        launching.kill(run_db)

    def test_it_ends_with_its_driver(self) -> None:
        """Even one that is killed while the server still loads what it needs."""
        script = (
            "import sys, time; from pathlib import Path\n"
            "from vrs_scipion.running.launching import ProtocolServer\n"
            "ProtocolServer(Path(sys.argv[1])).start(); print(flush=True); time.sleep(1000)"
        )
        driver = subprocess.Popen(
            [sys.executable, "-c", script, str(self.folder)], stdout=subprocess.PIPE
        )
        assert driver.stdout is not None
        driver.stdout.readline()
        servers = psutil.Process(driver.pid).children()
        self.assertEqual(len(servers), 1)
        driver.kill()
        driver.communicate()
        self.wait(lambda: not servers[0].is_running())

    def test_nothing_starts_for_a_driver_that_is_gone(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.assertFalse(launching._is_deserted(theirs))
            ours.send(shlex.join(["python", "x.py", str(self.folder), "run.db", "1"]).encode())
            ours.close()
            self.assertIsNone(launching._serve(theirs))
        self.assertFalse(launching.is_alive(self.folder / "run.db"))

    def test_one_that_cannot_start(self) -> None:
        server = ProtocolServer(self.folder)
        self.addCleanup(server.close)
        python, sys.executable = sys.executable, "/bin/false"
        try:
            with self.assertRaisesRegex(LaunchError, r"see .*protocols\.log"):
                server._fork(shlex.join(["python", "x.py", str(self.folder), "run.db", "1"]))
        finally:
            sys.executable = python


if __name__ == "__main__":
    unittest.main()
