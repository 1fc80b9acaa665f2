"""Where the rows of a batch run: on this machine, on a Dask cluster, or on Slurm through Dask.

A row is a process of its own wherever it runs. On this machine threads that wait for those
processes are all it takes, and nothing has to be installed; elsewhere Dask carries the rows to the
workers and answers through the same interface, ``concurrent.futures.Executor``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vrs_scipion.batch.budget import Budget
from vrs_scipion.batch.outcome import RowOutcome
from vrs_scipion.batch.table import Row
from vrs_scipion.batch.validate_row import Settings, validate_row
from vrs_scipion.emdb.accession import is_accession
from vrs_scipion.running.job_queue import Queue
from vrs_scipion.running.memory import needed_gb, volumes_gb

Runner = Callable[[Row, Path, Settings], RowOutcome]

DASK_ADVICE = "pip install 'vrs_scipion[cluster]'"


_USUAL_SIDE = 400  # of an entry that is not here yet


class WorkplaceError(RuntimeError):
    """A place where rows cannot run: one sentence."""


@dataclass(frozen=True)
class Workplace:
    """An executor, what it runs for a row, and how to end what runs."""

    executor: Executor
    runner: Runner
    stop: Callable[[], None]


@contextmanager
def this_machine(
    at_once: int, memory_gb: float | None = None, runner: Runner | None = None
) -> Iterator[Workplace]:
    """So many rows at once here, within so much memory together.

    Parameters
    ----------
    at_once : rows
    memory_gb : that all running rows may take together; a row waits until there is room for it
    runner : what validates a row; ``vrs validate`` by default
    """
    stopping = threading.Event()
    budget = Budget(memory_gb) if memory_gb else None

    def validate_here(row: Row, folder: Path, settings: Settings) -> RowOutcome:
        if budget is None:
            return validate_row(row, folder, settings, stopping.is_set)
        with budget.share(settings.threads * needed_gb_of(row)) as share:
            limited = settings.limited_to(share)
            return validate_row(row, folder, limited, stopping.is_set)

    with ThreadPoolExecutor(at_once, "row") as executor:

        def stop() -> None:
            stopping.set()
            executor.shutdown(wait=True, cancel_futures=True)

        try:
            yield Workplace(executor, runner or validate_here, stop)
        finally:
            stop()


@contextmanager
def dask_cluster(address: str) -> Iterator[Workplace]:
    """The workers of a Dask scheduler that runs already, e.g. 'tcp://head:8786'.

    Raises
    ------
    WorkplaceError
        if Dask is not installed or the scheduler cannot be reached.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise WorkplaceError(f"Dask is not available here: {DASK_ADVICE}") from error
    try:
        client = Client(address, timeout="30s")
    except (OSError, ValueError) as error:
        raise WorkplaceError(f"no Dask scheduler answers at {address}") from error
    with client, client.get_executor() as executor:
        yield Workplace(executor, validate_row, lambda: executor.shutdown(wait=False))


@contextmanager
def slurm_jobs(job: Queue, at_once: int, logs: Path) -> Iterator[Workplace]:
    """Jobs of a Slurm queue, one row at a time in each.

    Parameters
    ----------
    job : queue and what each job asks of it; a job that ends in time gives way to another one
    at_once : jobs
    logs : folder for what the jobs say

    Raises
    ------
    WorkplaceError
        if dask-jobqueue is not installed or Slurm is not there.
    """
    try:
        from dask_jobqueue import SLURMCluster
        from distributed import Client
    except ImportError as error:
        raise WorkplaceError(f"dask-jobqueue is not available here: {DASK_ADVICE}") from error
    try:
        cluster = SLURMCluster(
            queue=job.name,
            cores=1,
            processes=1,
            job_cpu=job.threads,
            memory=f"{job.memory_gb}GB",
            walltime=f"{job.minutes // 60:02d}:{job.minutes % 60:02d}:00",
            job_name="vrs",
            log_directory=str(logs),
        )
        cluster.adapt(minimum_jobs=0, maximum_jobs=at_once)
    except (OSError, RuntimeError, ValueError) as error:
        raise WorkplaceError(f"Slurm cannot be used here ({error})") from error
    with cluster, Client(cluster) as client, client.get_executor() as executor:
        yield Workplace(executor, validate_row, lambda: executor.shutdown(wait=False))


def needed_gb_of(row: Row) -> float:
    """GB that one check of the row may take."""
    return volumes_gb(_USUAL_SIDE**3) if is_accession(row.map) else needed_gb(Path(row.first_file))
