"""The command ``vrs batch``: its options, and what it tells while it runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vrs_scipion.batch.table import COLUMNS
from vrs_scipion.emdb import command as emdb_command
from vrs_scipion.running.options import above_zero, positive

if TYPE_CHECKING:
    from vrs_scipion.batch.outcome import RowOutcome
    from vrs_scipion.batch.run import Observer
    from vrs_scipion.batch.workplace import Workplace

DESCRIPTION = (
    "Validate the maps of a table, one row each. Its columns are the options of vrs validate: "
    f"{', '.join(COLUMNS)}, the last one for the row's folder; map (a file, or an entry such as "
    "EMD-3488) has to be there, and contour for a file. DIR ends with one folder per row, and "
    "index.html and summary.csv over all. A row that fails does not stop the rest; the same "
    "command run again does what is not done yet."
)

_COMPLETE, _REFUSED, _INCOMPLETE = 0, 2, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything but the engine and the archive, which other commands have too."""
    parser.add_argument("table", type=Path, metavar="TABLE", help="CSV with a header line")
    parser.add_argument("--out", type=Path, metavar="DIR", help="output folder [the table's name]")
    parser.add_argument(
        "--at-once",
        type=positive,
        metavar="N",
        default=len(os.sched_getaffinity(0)),
        help="maps to validate at once [%(default)s]",
    )
    parser.add_argument(
        "--threads", type=positive, metavar="N", default=1, help="checks of a map at once [1]"
    )
    parser.add_argument(
        "--memory", type=above_zero, metavar="GB", help="for all maps at once [no limit]"
    )
    parser.add_argument(
        "--row-timeout", type=above_zero, metavar="S", help="seconds for one map [no limit]"
    )
    parser.add_argument(
        "--retry", action="store_true", help="do maps again whose report lacks a check"
    )
    cluster = parser.add_argument_group(
        "elsewhere than on this machine"
    ).add_mutually_exclusive_group()
    cluster.add_argument("--dask", metavar="ADDRESS", help="workers of this Dask scheduler")
    cluster.add_argument("--slurm", metavar="QUEUE", help="jobs of this Slurm queue")
    parser.add_argument(
        "--walltime",
        type=positive,
        default=24 * 60,
        metavar="MINUTES",
        help="after which a Slurm job may be ended [%(default)s]",
    )


def run(options: argparse.Namespace) -> int:
    """Validate the table.

    Returns
    -------
    int
        0: every row has a complete report; 2: the table was refused; 3: some row has none.
    """
    from vrs_scipion.batch import Batch, Settings, TableError, WorkplaceError, read_table, run_batch
    from vrs_scipion.batch.outcome import Status
    from vrs_scipion.running.job_queue import QueueError

    out = (options.out or Path(f"vrs_{options.table.stem}")).absolute()
    try:
        batch = Batch(
            rows=read_table(options.table, lambda said: print(f"vrs: {said}", file=sys.stderr)),
            out=out,
            settings=Settings(
                engine=options.engine,
                threads=options.threads,
                memory_gb=options.memory if options.slurm else None,
                timeout_s=options.row_timeout,
                archive=emdb_command.as_arguments(options),
            ),
            retry=options.retry,
        )
        with _workplace(options, out) as workplace, _shown() as observe:
            outcomes = run_batch(batch, workplace, observe)
    except (TableError, WorkplaceError, QueueError, OSError) as error:
        print(f"vrs: {error}", file=sys.stderr)
        return _REFUSED
    complete = sum(outcome.status is Status.COMPLETE for outcome in outcomes)
    print(f"{complete} of {len(outcomes)} maps have a complete report: {out / 'index.html'}")
    return _COMPLETE if complete == len(outcomes) else _INCOMPLETE


def _workplace(options: argparse.Namespace, out: Path) -> AbstractContextManager[Workplace]:
    from vrs_scipion.batch.workplace import dask_cluster, slurm_jobs, this_machine
    from vrs_scipion.running.job_queue import Queue

    if options.dask:
        return dask_cluster(options.dask)
    if options.slurm:
        job = Queue(options.slurm, options.threads, options.memory or _JOB_GB, options.walltime)
        return slurm_jobs(job, options.at_once, out / "jobs")
    return this_machine(options.at_once, options.memory)


_JOB_GB = 8.0


@contextmanager
def _shown() -> Iterator[Observer]:
    """Says how rows end: a bar on a terminal, and a line per row everywhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(file=sys.stderr)
    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("maps", total=None)

        def observe(outcome: RowOutcome, done: int, total: int) -> None:
            words = f"{outcome.row.name}: {_words(outcome)} ({done} of {total})"
            bar.console.print(words, markup=False, highlight=False, soft_wrap=True)
            bar.update(task, completed=done, total=total)

        yield observe


def _words(outcome: RowOutcome) -> str:
    if outcome.evaluable is None:
        return f"{outcome.status.value}: {outcome.message}"
    return (
        f"{outcome.status.value} in {outcome.seconds:.0f} s, {outcome.passed} out of "
        f"{outcome.evaluable} passed"
    )
