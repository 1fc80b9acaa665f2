"""Protocols as forks of one process that has loaded everything they need.

Scipion starts a Python of its own for every protocol, which takes two seconds to load what the one
before it had loaded. Here a server loads it once; for each protocol it forks, and the fork runs
Scipion's own command for it, in a session of its own: killing the server or the driver leaves it at
work. As long as a protocol lives it holds a lock in its folder, which the kernel frees whatever
ends it; that tells the next driver what still runs.

The server imports, and does nothing else before it forks: no thread of Python, no database, no
session of a network (OpenBLAS stops its threads around a fork by itself).
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import importlib
import os
import runpy
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import psutil

LOG_FILE = "protocols.log"

_LONGEST = 1 << 16
_REFUSED = "!"
_MARK = "VRS_PROTOCOL"
_LAST_SECONDS = 5.0
_POLL_SECONDS = 0.01
_LOADED = (
    *("pyworkflow.project", "vrs_scipion.protocols"),
    *("scipy.fft", "scipy.ndimage", "scipy.special"),
    *("vrs_scipion.figures.isosurface", "vrs_scipion.figures.plotting"),
    *("vrs_scipion.figures.projections", "vrs_scipion.figures.slices"),
)


class LaunchError(RuntimeError):
    """A protocol's process could not be started: one sentence."""


class ProtocolServer:
    """The driver's end of the server, which ends with the block, or with the driver.

    Parameters
    ----------
    home : Scipion's folder of this validation, for the server's log
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    def __enter__(self) -> ProtocolServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Let it load what it needs; without this it does so when it is first needed."""
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, (self._home / LOG_FILE).open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno()), str(self._home)],
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def hang_up(self) -> None:
        """Let it start nothing more; what it has started goes on, and it ends after that."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def close(self) -> None:
        """End the server; what it has started goes on if it takes longer than a moment."""
        self.hang_up()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_LAST_SECONDS)
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def in_place_of_shells(self) -> Iterator[None]:
        """Within, what Scipion starts for a protocol is forked; it has no door of its own for it.

        Raises
        ------
        LaunchError
            if the protocol's process could not be started.
        """
        scipion: Any = importlib.import_module("pyworkflow.protocol.launch")
        in_a_shell = scipion._run
        scipion._run = self._run
        try:
            yield
        finally:
            scipion._run = in_a_shell

    def _run(self, command: str, wait: bool, *_: object) -> int:
        """As Scipion's function of that name: a process id, on request of one that has ended."""
        pid = self._fork(command)
        while wait and is_alive(_run_db(shlex.split(command))):
            time.sleep(_POLL_SECONDS)
        return pid

    def _fork(self, command: str) -> int:
        """Let a fork run the command; its process id. A server that was killed is replaced."""
        for _ in range(2):
            if self._channel is None:
                self.start()
            answer = self._ask(command)
            if answer.startswith(_REFUSED):
                raise LaunchError(answer.removeprefix(_REFUSED))
            if answer:
                return int(answer)
            self.close()
            if pid := _process_of(_run_db(shlex.split(command))):
                return pid  # the server was killed after the fork and before the answer
        raise LaunchError(f"its process could not be started (see {self._home / LOG_FILE})")

    def _ask(self, command: str) -> str:
        """The server's answer; nothing where it is gone."""
        assert self._channel is not None
        try:
            self._channel.send(command.encode())
            return self._channel.recv(_LONGEST).decode()
        except (BrokenPipeError, ConnectionResetError):
            return ""


def was_started(run_db: Path) -> bool:
    """Whether the protocol with this database has ever been at work."""
    return _lock_file(run_db).exists()


def is_alive(run_db: Path) -> bool:
    """Whether the protocol with this database is at work."""
    try:
        with _lock_file(run_db).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def kill(run_db: Path) -> None:
    """End the protocol with this database and all that it has started, as far as it is here."""
    deadline = time.monotonic() + _LAST_SECONDS
    while (pid := _process_of(run_db)) and time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            process.suspend()
            _kill_all([*process.children(recursive=True), process])
        time.sleep(_POLL_SECONDS)
    _kill_all(_programs_of(run_db))


def _process_of(run_db: Path) -> int | None:
    """The process of the protocol with this database, if it is at work here."""
    deadline = time.monotonic() + _LAST_SECONDS
    while is_alive(run_db) and time.monotonic() < deadline:
        pid, _, host = _lock_file(run_db).read_text().partition(" ")
        if host:  # written right after the fork
            return int(pid) if host == socket.gethostname() else None
        time.sleep(_POLL_SECONDS)
    return None


def _programs_of(run_db: Path) -> Iterator[psutil.Process]:
    """The programs started by the protocol, whether it lives or has left them behind."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(_MARK) == str(run_db):
                yield process


def _kill_all(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def main() -> None:
    """The server, and after each fork the protocol."""
    signal.signal(signal.SIGCHLD, _reap)
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        _load()
        fork = _serve(channel)
    if fork is None:
        _wait_for_forks()
    else:
        fork.run()


def _load() -> None:
    """Import what protocols need; what cannot be imported is for them to complain about."""
    for name in _LOADED:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.freeze()


def _reap(*_: object) -> None:
    """Take note of forks that have ended: their processor time counts as this process's."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _wait_for_forks() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _serve(channel: socket.socket) -> _Fork | None:
    """Fork for every command; returns in each fork, and at last in the server with None."""
    while request := channel.recv(_LONGEST):
        arguments = shlex.split(request.decode())
        try:
            with _locked(_lock_file(_run_db(arguments))) as lock:
                if _is_deserted(channel):
                    break
                pid = os.fork()
                if pid == 0:
                    return _Fork(arguments, os.dup(lock.fileno()))
            answer = str(pid)
        except OSError as error:
            answer = f"{_REFUSED}its process could not be started ({error})"
        with contextlib.suppress(BrokenPipeError):
            channel.send(answer.encode())
    return None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """The file, locked as long as it stays open here or in a fork."""
    with path.open("wb", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _is_deserted(channel: socket.socket) -> bool:
    """Whether the driver is gone: the next one has to find the lock, or nothing at work."""
    poll = select.poll()
    poll.register(channel, 0)
    return bool(poll.poll(0))


@dataclass(frozen=True)
class _Fork:
    """A newly forked process: what it is to run, and the locked file that says that it lives."""

    arguments: list[str]
    lock: int

    def run(self) -> None:
        """Run Scipion's script for the protocol, as in a Python of its own.

        What programs say, past Python's own streams, goes into the protocol's logs.
        """
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.write(self.lock, f"{os.getpid()} {socket.gethostname()}".encode())
        _, script, *_, output, errors = self.arguments
        for path, standard in ((output, 1), (errors, 2)):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            os.dup2(file, standard)
            os.close(file)
        run_db = _run_db(self.arguments)
        _show_as(run_db.parent.parent.name.partition("VrsProt")[2])
        os.environ[_MARK] = str(run_db)
        sys.argv = self.arguments[1:]
        runpy.run_path(script, run_name="__main__")
        sys.stdout.flush()
        atexit._run_exitfuncs()
        os._exit(0)  # to take Python apart would copy all the memory that is shared with the server


def _show_as(name: str) -> None:
    """Let ``ps`` and ``top`` tell the forks apart (Linux shows 15 characters)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name)


def _run_db(arguments: list[str]) -> Path:
    _, _, project, run_db, *_ = arguments
    return Path(project, run_db)


def _lock_file(run_db: Path) -> Path:
    return run_db.with_suffix(".lock")


if __name__ == "__main__":
    main()
