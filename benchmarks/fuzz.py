"""Tens of thousands of inputs that nobody would give, and how each of them ended.

    python benchmarks/fuzz.py [--inputs N] [--seed S] [--maps DIR] [--only KIND] [--first N]

What is made and what is asked of it: ``vrs_scipion/tests/fuzzing.py``. ``--only KIND --first N
--inputs 1`` makes one input again. Real maps in DIR lend their headers.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from vrs_scipion.tests.fuzzing import KINDS, finished_validation, tried

_CHUNK = 500


def main() -> None:
    """Try the inputs, so many in a process, and count how they ended."""
    parser = argparse.ArgumentParser(description="Try inputs that nobody would give.")
    parser.add_argument("--inputs", type=int, default=24000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--maps", default="")
    parser.add_argument("--only", choices=list(KINDS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vrs_fuzz_") as name:
        finished = finished_validation(Path(name))
        for kind, (_, share) in KINDS.items():
            if options.only in (None, kind):
                count = options.inputs if options.only else options.inputs * share // 100
                try_kind(kind, count, options, finished)


def try_kind(kind: str, count: int, options: argparse.Namespace, finished: Path) -> None:
    """Try ``count`` inputs of one kind and print how they ended, with one example per fault."""
    counts: Counter[str] = Counter()
    faults: dict[str, int] = {}
    slowest, highest = 0.0, 0
    started = time.perf_counter()
    first, last = options.first, options.first + count
    while first < last:
        chunk = min(_CHUNK, last - first)
        ended = tried(kind, first, chunk, seed=options.seed, maps=options.maps, finished=finished)
        for one in ended:
            counts[one.how if one.good else "fault"] += 1
            slowest, highest = max(slowest, one.seconds), max(highest, one.peak)
            if not one.good:
                faults.setdefault(one.how, one.number)
        first += len(ended)
        if len(ended) < chunk:
            faults.setdefault("the process died", first)
            counts["fault"] += 1
            first += 1
    print(
        f"{kind}: {count:,} inputs: {counts['result']:,} results, "
        f"{counts['sentence']:,} sentences, "
        f"{counts['fault']} faults; slowest {slowest:.2f} s, peak {highest / 1e6:.0f} MB, "
        f"{time.perf_counter() - started:.0f} s in all",
        flush=True,
    )
    for what, number in faults.items():
        print(f"    {kind} {number}: {what}", flush=True)


if __name__ == "__main__":
    main()
