"""What is kept of a full run: rates for reports, and a page for readers of the source."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from defects import DEFECTS, Defect
from score import CODES, Record, by_making, confusion, false_alarms, interval, power, rate_table

from vrs_scipion.files import written_whole
from vrs_scipion.report.rates import FILE

_HERE = Path(__file__).parent


def publish(records: Sequence[Record], out: Path) -> None:
    """Renew ``rates.json`` of the package, and ``RESULTS.md`` with its plots beside this file."""
    with written_whole(FILE) as path:
        path.write_text(rate_table(records).model_dump_json(indent=1) + "\n", encoding="utf-8")
    (_HERE / "RESULTS.md").write_text(results_page(records), encoding="utf-8")
    shutil.copyfile(out / "verdicts.png", _HERE / "verdicts.png")


def results_page(records: Sequence[Record]) -> str:
    """The tables in Markdown."""
    made = rate_table(records)
    return "\n".join(
        [
            "# How often the verdicts of Level 0 are right",
            "",
            f"Version {made.vrs_version}, built-in engines, {made.good_maps}; one defect at a "
            f"time in maps of the same kind, {len(records)} maps in all. Written by "
            "`python benchmarks/verdicts --publish`; intervals are of 95 %.",
            "",
            "![power curves, false alarms and who warns of what](verdicts.png)",
            "",
            "## False alarms on good maps",
            "",
            *_table(
                ["check", "criterion", "warns", "maps", "share", "interval"], _alarm_rows(records)
            ),
            "",
            "## Good maps by how they were made",
            "",
            "B-factors that sharpening left, as 0.d measures them; beyond 8 Å nobody sharpens.",
            "",
            *_table(
                ["simulator", "B-factor", "any warning", "cannot tell in a check", "maps"],
                ([str(cell) for cell in row] for row in by_making(records)),
            ),
            "",
            "## Defects noticed, by size",
            "",
            "The stated size is bold. A defect counts as noticed if one of the checks named warns.",
            "",
            *_table(
                ["defect", "unit", "checks", "size: noticed"], map(_power_row(records), _seen())
            ),
            "",
            "## What Level 0 cannot see",
            "",
            "Any warning counts here, and most are by chance.",
            "",
            *_table(
                ["defect", "unit", "what can see it, from level", "size: any warning"],
                map(_power_row(records), _unseen()),
            ),
            "",
            "## Who warns of what",
            "",
            "Share of maps in which each check warns; defects at their stated size, oddities that "
            "are no defects, and good maps (none).",
            "",
            *_table(
                ["", *CODES], ([row[0], *map(_percent, row[1:])] for row in confusion(records))
            ),
            "",
        ]
    )


def _seen() -> list[Defect]:
    return [d for d in DEFECTS if d.caught_by]


def _unseen() -> list[Defect]:
    return [d for d in DEFECTS if not d.caught_by]


def _alarm_rows(records: Sequence[Record]) -> list[list[str]]:
    return [
        [code, key, str(hits), str(count), _percent(hits / max(1, count)), _bounds(hits, count)]
        for code, key, hits, count in false_alarms(records)
    ]


def _power_row(records: Sequence[Record]) -> Callable[[Defect], list[str]]:
    def row(defect: Defect) -> list[str]:
        sizes = [
            f"**{dial:g}: {hits}/{count}**"
            if dial == defect.stated
            else f"{dial:g}: {hits}/{count}"
            for dial, hits, count in power(records, defect)
        ]
        who = " ".join(defect.caught_by) or defect.seen_at
        return [defect.title, defect.unit, who, ", ".join(sizes)]

    return row


def _bounds(hits: int, count: int) -> str:
    low, high = interval(hits, count)
    return f"{_percent(low)} to {_percent(high)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 or not share else f"{100 * share:.1f} %"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return [lines[0], "|" + " --- |" * len(header), *lines[1:]]
