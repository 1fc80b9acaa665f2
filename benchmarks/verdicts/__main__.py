"""How often the verdicts are right, on simulated inputs whose truth is known.

    python benchmarks/verdicts --models FOLDER --out FOLDER [--levels 0,1] [--smoke] [--workers N]
                               [--good N] [--each N] [--largest SIDE] [--publish]

``FOLDER`` of models holds atomic models and ``index.json``. Every case becomes a line of
``cases.jsonl``; a run that was stopped goes on where it was. Then, in a folder of each level,
``verdicts.csv``, ``false_alarms.csv``, ``power.csv`` and ``confusion.csv`` are written, the plots
beside them, and the headline printed. With ``--publish``, once all of it has run,
``vrs_scipion/report/rates.json``, of which every report prints a line per check, and ``RESULTS.md``
with its pages of plots are renewed.
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

from cases import Case  # noqa: E402
from catalogues import CATALOGUES, Catalogue  # noqa: E402
from pages import draw_page  # noqa: E402
from publish import page_name, publish  # noqa: E402
from rich.progress import Progress  # noqa: E402
from score import Scores  # noqa: E402
from validate import begin, validate_numbered  # noqa: E402

SEED = 2026
_GOOD_SMOKE, _EACH_SMOKE = 8, 1


def main() -> None:
    """Make, validate and score the catalogues."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--models", type=Path, required=True, help="folder of atomic models")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--levels", default=",".join(CATALOGUES), help="[%(default)s]")
    parser.add_argument("--smoke", action="store_true", help="a few minutes: a small subset")
    parser.add_argument("--good", type=int, help=f"good inputs [{_usual('good')}]")
    parser.add_argument("--each", type=int, help=f"of each defect [{_usual('each')}]")
    parser.add_argument("--largest", type=int, help=f"side in voxels [{_usual('largest')}]")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="comma-separated defects, good, odd")
    parser.add_argument("--stated", action="store_true", help="defects at their stated sizes alone")
    parser.add_argument("--checks", default="", help="comma-separated; those of a level if empty")
    parser.add_argument(
        "--again", action="store_true", help="compute the checks anew, of what is done"
    )
    parser.add_argument(
        "--publish", action="store_true", help="what reports print and RESULTS.md, from this run"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    cases = {mark: _cases(CATALOGUES[mark], arguments) for mark in arguments.levels.split(",")}
    codes = tuple(filter(None, arguments.checks.split(",")))
    journal = arguments.out / "cases.jsonl"
    all_scores = []
    for mark, those in cases.items():
        records = run(those, journal, arguments.workers, codes, again=arguments.again)
        scores = Scores(CATALOGUES[mark], records)
        folder = arguments.out / f"level{mark}"
        folder.mkdir(exist_ok=True)
        scores.write_tables(folder)
        draw_page(scores, arguments.out / f"{page_name(mark)}.pdf")
        print(scores.headline())
        all_scores.append(scores)
    if arguments.publish:
        publish(all_scores, arguments.out)


def _usual(name: str) -> str:
    return ", ".join(str(getattr(catalogue, name)) for catalogue in CATALOGUES.values())


def _cases(catalogue: Catalogue, arguments: argparse.Namespace) -> list[Case]:
    """Those of a level that are asked for."""
    good = arguments.good or (_GOOD_SMOKE if arguments.smoke else catalogue.good)
    each = arguments.each or (_EACH_SMOKE if arguments.smoke else catalogue.each)
    largest = arguments.largest or catalogue.largest
    cases = catalogue.cases(arguments.models, good, each, SEED, largest)
    if arguments.stated:
        cases = [c for c in cases if c.defect is None or c.dial == c.defect.stated]
    if arguments.only:
        cases = [c for c in cases if c.group in arguments.only.split(",")]
    return cases


def run(
    cases: list[Case],
    journal: Path,
    workers: int,
    codes: Collection[str] = (),
    *,
    again: bool = False,
) -> list[dict[str, Any]]:
    """Validate what the journal does not have yet, or what it has ``again``; the records."""
    done = _read(journal)
    waiting = [case for case in cases if (case.key in done) == again]
    with (
        journal.open("a", encoding="utf-8") as lines,
        ProcessPoolExecutor(
            workers, multiprocessing.get_context("fork"), begin, (waiting,)
        ) as pool,
        Progress() as progress,
    ):
        bar = progress.add_task("cases", total=len(waiting))
        for future in as_completed(
            [pool.submit(validate_numbered, number, codes) for number in range(len(waiting))]
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
