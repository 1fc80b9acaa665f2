"""Validations that are killed again and again, and whether they end as if nothing had happened.

    python benchmarks/faults.py [--kills N] [--side VOXELS] [--seed S] [--threads N] [--queue NAME]

A phantom is validated once undisturbed, then again while, at random moments, SIGKILL hits the
driver, one protocol, the server that starts protocols, or all of it; each time the same
command is given again, until the report is complete. It has to say the same as the undisturbed one,
nothing that had finished may be computed again, no file may be there by half, and no process may
be left. At the end, a batch that is killed or loses rows, a disk that is full (a small tmpfs;
needs root), a limit of memory, and an external program that hangs. With a queue (Slurm), a job is
cancelled instead of a protocol killed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mrcfile
import psutil

from vrs_scipion.batch.outcome import Status, load_outcome
from vrs_scipion.folders import JSON_FILE
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.report.folder import load_report
from vrs_scipion.simulation import demo_phantom

_TARGETS = ("driver", "protocol", "server", "everything")
_QUEUE_TARGETS = ("driver", "job")
_VARYING = {"created", "seconds", "peak_memory_bytes", "software"}
_COMMAND = (sys.executable, "-m", "vrs_scipion.cli", "validate", "--wait")
_FINISHED = re.compile(r"^(.+): finished (?:in|before)", re.MULTILINE)
_ONE_THREAD_EACH = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""As the rows of a batch have it: sums in another order differ in their last digits."""
_GRACE_S = 5.0
_BATCH_ROWS, _BATCH_KILLS = 4, 8
_RUNNING = re.compile(r"^(.+): running", re.MULTILINE)


@dataclass
class Watched:
    """A run of the driver, and what it has said so far."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    @classmethod
    def start(cls, folder: Path, out: Path, *options: str) -> Watched:
        arguments = json.loads((folder / "arguments.json").read_text())
        return cls.running([*_COMMAND, f"--out={out}", *options, *arguments])

    @classmethod
    def running(cls, command: Sequence[str]) -> Watched:
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        run = cls(process)
        threading.Thread(target=run._listen, daemon=True).start()
        return run

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)

    def text(self) -> str:
        return "".join(self.said)

    def kill(self, target: str, rng: random.Random) -> bool:
        """SIGKILL the target, or cancel a job; whether there was one."""
        if target == "job":
            return cancel_job(rng)
        with contextlib.suppress(psutil.NoSuchProcess):
            driver = psutil.Process(self.process.pid)
            servers = driver.children()
            protocols = [protocol for server in servers for protocol in server.children()]
            victims = {
                "driver": [driver],
                "server": servers,
                "protocol": rng.sample(protocols, 1) if protocols else [],
                "everything": [*driver.children(recursive=True), driver],
            }[target]
            return killed(victims)
        return False


def killed(victims: Sequence[psutil.Process]) -> bool:
    """SIGKILL processes; whether there were any."""
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
    return bool(victims)


def cancel_job(rng: random.Random) -> bool:
    """Cancel one of the jobs of this user; whether there was one."""
    command = ["squeue", "--noheader", "--me", "--format=%i"]
    jobs = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if jobs:
        subprocess.run(["scancel", rng.choice(jobs)], check=True)
    return bool(jobs)


def comparable(value: Any) -> Any:
    """A report without its dates, times and costs."""
    if isinstance(value, dict):
        return {k: comparable(v) for k, v in value.items() if k not in _VARYING}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return value


def differences(first: Any, second: Any, where: str = "") -> Iterator[str]:
    """Where two reports differ."""
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        for key in first:
            yield from differences(first[key], second[key], f"{where}/{key}")
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for number, pair in enumerate(zip(first, second, strict=True)):
            yield from differences(*pair, f"{where}/{number}")
    elif first != second:
        yield f"{where}: {first!r} and {second!r}"


def said_by(out: Path) -> Any:
    """What the report in ``out`` says."""
    return comparable(load_report(out).model_dump(mode="json"))


def require_whole(out: Path) -> None:
    """Every file that is not marked as temporary has to be readable to its end."""
    for path in out.rglob("*"):
        if path.name.startswith(".") or path.is_symlink() or not path.is_file():
            continue
        if path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".mrc" and "Runs" not in path.parts:
            assert mrcfile.validate(path, print_file=io.StringIO()), path


def ended_within(seconds: float, process: subprocess.Popen[str]) -> bool:
    """Whether the process ends, waiting so long for it."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.poll() is not None


def require_nothing_left(out: Path) -> None:
    """No process of a validation that is through may still be there after a moment's grace."""
    deadline = time.monotonic() + _GRACE_S
    while left := processes_of(out):
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.2)


def processes_of(out: Path) -> list[str]:
    """Servers and protocols of a validation, and the programs that they have started."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = " ".join(process.cmdline())
            if str(out / "scipion") in f"{command} {process.environ().get('VRS_PROTOCOL')}":
                found.append(command)
    return found


def disturbed(
    folder: Path, number: int, rng: random.Random, usual_s: float, options: argparse.Namespace
) -> Counter[str]:
    """One validation with kills until it is through; what was done to it."""
    out = folder / f"out_{number}"
    done: Counter[str] = Counter()
    finished: set[str] = set()
    targets = _QUEUE_TARGETS if options.queue else _TARGETS
    while True:
        run = Watched.start(folder, out, *given(options))
        hit = False
        while not ended_within(rng.uniform(0.05, 0.5) * usual_s, run.process):
            target = rng.choice(targets)
            if run.kill(target, rng):
                done[target] += 1
                hit = True
        code = run.process.returncode
        time.sleep(0.2)
        text = run.text()
        again = set(_RUNNING.findall(text)) & finished
        assert not again - {"report"}, f"computed again: {again}"
        finished |= set(_FINISHED.findall(text))
        require_whole(out) if out.exists() else None
        if code == 0:
            require_nothing_left(out)
            return done
        assert hit or code == 3, f"it ended with {code}: {text[-500:]}"


def main() -> None:
    """Kill so often, then count."""
    parser = argparse.ArgumentParser(description="Kill validations and start them again.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--queue")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    os.environ |= _ONE_THREAD_EACH
    with tempfile.TemporaryDirectory(prefix="vrs_faults_") as name:
        folder = Path(name)
        prepare_phantom(folder, options.side)
        started = time.monotonic()
        run = Watched.start(folder, folder / "undisturbed", *given(options))
        assert run.process.wait() == 0, run.text()
        usual_s = time.monotonic() - started
        expected = said_by(folder / "undisturbed")
        print(f"undisturbed: {usual_s:.0f} s", flush=True)
        total: Counter[str] = Counter()
        number = 0
        while total.total() < options.kills:
            done = disturbed(folder, number, rng, usual_s, options)
            different = list(differences(expected, said_by(folder / f"out_{number}")))
            total += done
            counts = ", ".join(f"{target} {count}" for target, count in sorted(done.items()))
            print(
                f"run {number}: {counts or 'no kill'}; the report differs: {different}", flush=True
            )
            assert not different
            number += 1
        print(f"{number} runs, {total.total()} kills: {dict(total)}; all reports the same")
        if not options.queue:
            killed_batch(folder, rng, expected)
            full_disk(folder, options.threads)
            little_memory(folder)
            hanging_program(folder, options.threads)


def given(options: argparse.Namespace) -> list[str]:
    """What the driver is told beside its map."""
    queue = [f"--queue={options.queue}", "--memory=2"] if options.queue else []
    return [f"--threads={options.threads}", *queue]


def prepare_phantom(folder: Path, side: int) -> None:
    """A small phantom and the arguments to validate it with."""
    phantom = demo_phantom(box=(side,) * 3)
    write_volume(folder / "map.mrc", phantom.density.values, phantom.density.voxel_size)
    numbers = [f"--contour={phantom.contour!r}", f"--resolution={phantom.resolution!r}"]
    (folder / "arguments.json").write_text(json.dumps([str(folder / "map.mrc"), *numbers]))


@contextlib.contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[None]:
    """A tmpfs of this size at ``place``."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def killed_batch(folder: Path, rng: random.Random, expected: Any) -> None:
    """A batch of the same map under several names, killed at random moments until it is through."""
    phantom, *numbers = json.loads((folder / "arguments.json").read_text())
    contour, resolution = (number.partition("=")[2] for number in numbers)
    rows = [f"{phantom},{contour},{resolution},row_{n}" for n in range(_BATCH_ROWS)]
    table = folder / "table.csv"
    table.write_text("\n".join(["map,contour,resolution,name", *rows]) + "\n")
    out = folder / "batch"
    command = [sys.executable, "-m", "vrs_scipion.cli", "batch", f"--out={out}", str(table)]
    done: Counter[str] = Counter()
    finished: dict[Path, float] = {}
    while True:
        run = Watched.running(command)
        killing = done.total() < _BATCH_KILLS
        if not ended_within(rng.uniform(2, 15) if killing else 3600, run.process):
            target = rng.choice(("batch", "row", "everything"))
            done[target] += killed(_of_batch(run.process.pid, target, rng))
        code = run.process.wait()
        require_whole(out) if out.exists() else None
        for row in out.glob("row_*"):
            outcome = load_outcome(row)
            if outcome is not None and outcome.status is Status.COMPLETE:
                written = (row / JSON_FILE).stat().st_mtime
                assert finished.setdefault(row, written) == written, f"{row.name} done again"
        if code == 0:
            break
        assert killing, f"it ended with {code}: {run.text()[-500:]}"
    require_nothing_left(out)
    different = [
        difference
        for n in range(_BATCH_ROWS)
        for difference in differences(expected, said_by(out / f"row_{n}"))
        if "/title" not in difference
    ]
    print(f"a batch of {_BATCH_ROWS}: {dict(done)}; the reports differ: {different}", flush=True)
    assert not different


def _of_batch(pid: int, target: str, rng: random.Random) -> list[psutil.Process]:
    """The processes of a batch to kill."""
    with contextlib.suppress(psutil.NoSuchProcess):
        batch = psutil.Process(pid)
        rows = batch.children()
        return {
            "batch": [batch],
            "row": rng.sample(rows, 1) if rows else [],
            "everything": [*batch.children(recursive=True), batch],
        }[target]
    return []


def full_disk(folder: Path, threads: int) -> None:
    """Disks that fill up at any point: one sentence, and nothing that looks whole but is not."""
    if os.geteuid():
        print("full disk: not tried, only root can mount one")
        return
    for megabytes in (1, 4, 8, 16):
        place = folder / f"disk_{megabytes}"
        with small_disk(place, megabytes):
            run = Watched.start(folder, place / "out", f"--threads={threads}")
            code = run.process.wait()
            time.sleep(0.2)
            require_whole(place / "out") if (place / "out").exists() else None
            last = [line for line in run.said if line.startswith("vrs: ")]
            print(f"disk of {megabytes} MB: ended with {code}: {''.join(last).strip()}", flush=True)
            assert "Traceback" not in run.text()


def little_memory(folder: Path) -> None:
    """A limit that some checks exceed: they fail with that reason, the report is there."""
    run = Watched.start(folder, folder / "memory", "--threads=1", "--memory=0.2")
    code = run.process.wait()
    time.sleep(0.2)
    reasons = []
    with contextlib.suppress(FileNotFoundError):
        checks = load_report(folder / "memory").checks
        reasons = [f"{check.code}: {check.reason}" for check in checks if check.reason]
    print(f"0.2 GB of memory: ended with {code}: {reasons or run.text()[-300:]}")


def hanging_program(folder: Path, threads: int) -> None:
    """In Xmipp's place one that never ends: its check fails with that reason, the rest is there."""
    program = folder / "xmipp" / "bin" / "xmipp_volume_correct_bfactor"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nsleep 5000 & sleep 5000\n")
    program.chmod(0o755)
    os.environ["XMIPP_HOME"] = str(folder / "xmipp")
    out = folder / "hanging"
    run = Watched.start(folder, out, f"--threads={threads}", "--timeout=60")
    code = run.process.wait()
    checks = load_report(out).checks
    reasons = [f"{check.code}: {check.reason}" for check in checks if check.reason]
    print(f"a program that hangs: ended with {code}: {reasons}", flush=True)
    require_nothing_left(out)


if __name__ == "__main__":
    main()
