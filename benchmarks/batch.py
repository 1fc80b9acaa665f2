"""What a batch costs beside the validations themselves, from ten rows to ten thousand.

    python benchmarks/batch.py [ROWS ...]            overhead: rows that are validated in no time
    python benchmarks/batch.py --maps N              throughput: N phantoms, against a plain loop

For the overhead the validation of a row is replaced by one that takes a given time and leaves an
outcome with every check: what is left is reading the table, the pool, the row folders, the index.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vrs_scipion.batch import Batch, Settings, read_table, run_batch
from vrs_scipion.batch.outcome import RowOutcome, Status
from vrs_scipion.batch.table import Row
from vrs_scipion.batch.workplace import this_machine
from vrs_scipion.checks.levels import LEVELS
from vrs_scipion.folders import HTML_FILE
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.results import Outcome
from vrs_scipion.simulation import demo_phantom


def stand_in(row: Row, folder: Path, _: Settings) -> RowOutcome:
    """A validation that takes no time."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HTML_FILE).write_text("<!DOCTYPE html>")
    return RowOutcome(
        row=row,
        status=Status.COMPLETE,
        seconds=60.0,
        title=row.text("title"),
        grade="0",
        contour=float(row.given["contour"]),
        resolution=float(row.given["resolution"]),
        passed=5,
        evaluable=7,
        warnings=3,
        outcomes={check.code: Outcome.OK for check in LEVELS[0].checks},
    )


@contextmanager
def timed(words: str) -> Iterator[None]:
    """Prints wall and processor time of the block."""
    wall, used = time.perf_counter(), time.process_time()
    yield
    print(
        f"  {words}: {time.perf_counter() - wall:.2f} s, "
        f"{time.process_time() - used:.2f} s of processor time",
        flush=True,
    )


def overhead(count: int) -> None:
    """The batch of ``count`` rows, and the same once more when all of it is done."""
    with tempfile.TemporaryDirectory(prefix="vrs_batch_") as name:
        folder = Path(name)
        lines = (f"map_{i}.mrc,0.1,3.5,A map with the number {i}" for i in range(count))
        table = folder / "table.csv"
        table.write_text("map,contour,resolution,title\n" + "\n".join(lines) + "\n")
        print(f"{count:,} rows")
        with timed("table read"):
            rows = read_table(table)
        batch = Batch(rows, folder / "out")
        for words in ("first run", "again, all done"):
            with timed(words), this_machine(2, runner=stand_in) as workplace:
                outcomes = run_batch(batch, workplace)
            assert all(outcome.status is Status.COMPLETE for outcome in outcomes)
        page = (folder / "out" / "index.html").stat().st_size
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(f"  index.html {page / 1e6:.2f} MB, peak memory {peak / 1e6:.0f} MB")


def throughput(count: int) -> None:
    """Phantoms, by ``vrs batch`` and by a loop over ``vrs validate``."""
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="vrs_batch_") as name:
        folder = Path(name)
        lines = ["map,contour,resolution"]
        for i in range(count):
            phantom = demo_phantom(seed=i)
            path = folder / f"phantom_{i}.mrc"
            write_volume(path, phantom.density.values, phantom.density.voxel_size)
            lines.append(f"{path.name},{phantom.contour!r},{phantom.resolution!r}")
        table = folder / "table.csv"
        table.write_text("\n".join(lines) + "\n")
        rows = read_table(table)
        for words, at_once, threads in (
            (f"a loop, {cores} checks at once", 1, cores),
            (f"vrs batch, {cores} maps at once", cores, 1),
        ):
            batch = Batch(rows, folder / words.replace(" ", "_"), Settings(threads=threads))
            before = children_seconds()
            started = time.perf_counter()
            with this_machine(at_once) as workplace:
                run_batch(batch, workplace)
            wall, used = time.perf_counter() - started, children_seconds() - before
            print(
                f"{words}: {count} maps in {wall:.0f} s, {used:.0f} s of processor time "
                f"({used / count:.1f} s a map; {3600 * cores * count / used:.0f} maps an hour on "
                f"{cores} idle cores)",
                flush=True,
            )


def children_seconds() -> float:
    """Processor time of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """As the options say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=int, nargs="*", default=[10, 100, 1000, 10000])
    parser.add_argument("--maps", type=int, metavar="N")
    options = parser.parse_args()
    if options.maps:
        throughput(options.maps)
    else:
        for count in options.rows:
            overhead(count)


if __name__ == "__main__":
    main()
