"""How often the verdicts of Level 0 are right, on simulated maps whose truth is known.

    python benchmarks/verdicts --models FOLDER --out FOLDER [--smoke] [--workers N]
                               [--good N] [--each N] [--largest SIDE] [--publish]

``FOLDER`` of models holds atomic models and ``index.json``. Every case becomes a line of
``cases.jsonl``; a run that was stopped goes on where it was. Then ``verdicts.csv``,
``false_alarms.csv``, ``power.csv``, ``confusion.csv`` and ``verdicts.pdf`` are written, and the
headline printed. With ``--publish``, once all of it has run, ``vrs_scipion/report/rates.json``, of
which every report prints a line per check, and ``RESULTS.md`` with its page of plots are renewed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from cases import Case, catalogue  # noqa: E402
from pages import draw_page  # noqa: E402
from publish import publish  # noqa: E402
from rich.progress import Progress  # noqa: E402
from score import headline, write_tables  # noqa: E402
from specimens import LARGEST_SIDE  # noqa: E402
from validate import begin, validate_numbered  # noqa: E402

SEED = 2026
_GOOD, _EACH = 80, 10
_GOOD_SMOKE, _EACH_SMOKE = 8, 1


def main() -> None:
    """Make, validate and score the catalogue."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--models", type=Path, required=True, help="folder of atomic models")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--smoke", action="store_true", help="a few minutes: a small subset")
    parser.add_argument("--good", type=int, default=_GOOD, help="good maps [%(default)s]")
    parser.add_argument("--each", type=int, default=_EACH, help="of each defect [%(default)s]")
    parser.add_argument(
        "--largest", type=int, default=LARGEST_SIDE, help="side in voxels [%(default)s]"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="comma-separated defects, good, odd")
    parser.add_argument("--stated", action="store_true", help="defects at their stated sizes alone")
    parser.add_argument(
        "--again", default="", help="comma-separated checks to compute anew, of what is done"
    )
    parser.add_argument(
        "--publish", action="store_true", help="what reports print and RESULTS.md, from this run"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    good, each = arguments.good, arguments.each
    if arguments.smoke:
        good, each = _GOOD_SMOKE, _EACH_SMOKE
    cases = catalogue(arguments.models, good, each, SEED, arguments.largest)
    if arguments.stated:
        cases = [c for c in cases if c.defect is None or c.dial == c.defect.stated]
    if arguments.only:
        cases = [c for c in cases if c.group in arguments.only.split(",")]
    again = tuple(filter(None, arguments.again.split(",")))
    records = run(cases, arguments.out / "cases.jsonl", arguments.workers, again)
    write_tables(records, arguments.out)
    draw_page(records, arguments.out / "verdicts.pdf")
    if arguments.publish:
        publish(records, arguments.out)
    print(headline(records))


def run(
    cases: list[Case], journal: Path, workers: int, again: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Validate what the journal does not have yet, or some checks ``again``; the records."""
    done = _read(journal)
    waiting = [case for case in cases if (case.key in done) == bool(again)]
    with (
        journal.open("a", encoding="utf-8") as lines,
        ProcessPoolExecutor(
            workers, multiprocessing.get_context("fork"), begin, (waiting,)
        ) as pool,
        Progress() as progress,
    ):
        bar = progress.add_task("maps", total=len(waiting))
        for future in as_completed(
            [pool.submit(validate_numbered, number, again) for number in range(len(waiting))]
        ):
            record = json.loads(future.result())
            known = done.get(record["case"], record)
            record["checks"] = {**known["checks"], **record["checks"]}
            lines.write(json.dumps(record) + "\n")
            lines.flush()
            done[record["case"]] = record
            progress.advance(bar)
    return [done[case.key] for case in cases if case.key in done]


def _read(journal: Path) -> dict[str, dict[str, Any]]:
    """What an earlier run finished; a last line that was cut short is left out."""
    if not journal.exists():
        return {}
    text = journal.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        journal.write_text(whole, encoding="utf-8")
    return {r["case"]: r for r in map(json.loads, whole.splitlines())}


if __name__ == "__main__":
    main()
