"""How long the pages of a finished validation take, and how large they are.

    python benchmarks/report.py DIR

DIR is the folder of a validation; its pages are written again, as ``vrs report`` does. Time is
printed as wall time and as processor seconds, those of the processes that draw surfaces included,
because a machine that is shared makes the first alone say little.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from vrs_scipion.folders import REPORT_FILES
from vrs_scipion.report.build import build_report

_MEBI = 2**20


def processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Write the pages and print what it took."""
    folder = Path(sys.argv[1])
    started, used = time.perf_counter(), processor_seconds()
    report = build_report(folder)
    wall, cpu = time.perf_counter() - started, processor_seconds() - used
    print(
        f"box {' × '.join(map(str, report.entry.box))}: {wall:.1f} s, {cpu:.1f} processor seconds"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB")
    for name in REPORT_FILES:
        print(f"{name:12s} {(folder / name).stat().st_size / _MEBI:6.2f} MiB")


if __name__ == "__main__":
    main()
