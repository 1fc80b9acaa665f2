"""Protocols as jobs of a queue, through Scipion's own door to it (``hosts.conf``)."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vrs_scipion.machine.programs import ProgramError, run_program

if TYPE_CHECKING:
    from pyworkflow.protocol import Protocol

SLURM_HOSTS = Path(__file__).parents[1] / "templates" / "slurm.hosts"

_WHOLE_PROTOCOL = {"QUEUE_FOR_JOBS": "N"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_ANSWER_SECONDS = 20.0


class QueueError(RuntimeError):
    """A queue that cannot be used: one sentence."""


@dataclass(frozen=True)
class Queue:
    """A queue, and what every job asks of it.

    Attributes
    ----------
    name : of the queue (Slurm: partition)
    threads : of a job
    memory_gb : of a job
    minutes : after which the queue may end a job
    """

    name: str
    threads: int = 1
    memory_gb: float = 4.0
    minutes: int = 24 * 60

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise QueueError(f"{self.name!r} is no queue's name")

    def take(self, protocol: Protocol) -> None:
        """Let the protocol become a job of this queue when it is launched."""
        if protocol.hasAttribute("numberOfThreads"):
            protocol.numberOfThreads.set(self.threads)
        asked = {"JOB_MEMORY": str(round(1000 * self.memory_gb)), "JOB_MINUTES": str(self.minutes)}
        protocol._useQueue.set(True)
        protocol.setQueueParams((self.name, {**_WHOLE_PROTOCOL, **asked}))


def use_slurm_without_hosts() -> None:
    """Point Scipion at Slurm where nothing has been set up for it; call before it is imported.

    Raises
    ------
    QueueError
        if Scipion has no hosts.conf of its own and Slurm is not here.
    """
    home = os.environ.get("SCIPION_HOME")
    if os.environ.get("SCIPION_HOSTS") or (
        home and (Path(home) / "config" / "hosts.conf").exists()
    ):
        return
    if shutil.which("sbatch") is None:
        raise QueueError(
            "no queue is available here: Slurm's sbatch was not found; for another queue describe "
            "it to Scipion in hosts.conf ($SCIPION_HOSTS)"
        )
    os.environ["SCIPION_HOSTS"] = str(SLURM_HOSTS)


def in_queue(protocol: Protocol) -> bool:
    """Whether the queue still knows the protocol's job, waiting or running."""
    from pyworkflow.protocol.constants import STATUS_RUNNING
    from pyworkflow.protocol.launch import _checkJobStatus

    jobs = list(protocol.getJobIds())
    return bool(jobs) and _checkJobStatus(protocol.getHostConfig(), jobs[0]) == STATUS_RUNNING


def why_it_ended(protocol: Protocol) -> str:
    """The reason for a job that left the queue without a result, as far as the queue tells."""
    jobs = list(protocol.getJobIds())
    if not jobs:
        return "it could not be sent to the queue"
    said = _slurm_state(str(jobs[0]))
    return f"its job {jobs[0]} was ended by the queue before it could leave a result{said}"


def _slurm_state(job: str) -> str:
    """' (TIMEOUT)', or nothing where Slurm is not asked or has forgotten."""
    if shutil.which("scontrol") is None or not job.isdecimal():
        return ""
    command = ["scontrol", "show", "job", "--oneliner", job]
    try:
        answer = run_program(command, timeout_s=_ANSWER_SECONDS).output
    except ProgramError:
        return ""
    found = re.search(r"\bJobState=(\w+)", answer)
    return f" ({found[1]})" if found else ""
