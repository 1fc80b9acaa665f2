"""What is kept of a full run: rates for reports, and a page for readers of the source."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from catalogues import CATALOGUES
from defects import Defect
from score import Scores, interval

from vrs_scipion import __version__
from vrs_scipion.files import written_whole
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.report.rates import FILE, RateTable, rate_table

_HERE = Path(__file__).parent
_PAGE = _HERE / "RESULTS.md"
_SECTION = re.compile(r"^## Level (\w+)", re.MULTILINE)
_AND = "; and "
"""Between what is said of the good inputs of each level."""
_TITLE = """\
# How often the verdicts are right

Built-in engines; simulated inputs whose truth is known, good ones and the same kind with one \
defect at a time. Written by `python benchmarks/verdicts --publish`; intervals are of 95 %.
"""


def publish(all_scores: Sequence[Scores], out: Path) -> None:
    """Renew ``rates.json`` of the package, and ``RESULTS.md`` with its plots beside this file.

    Levels that were not run keep what they have.
    """
    _publish_rates(all_scores)
    text = _PAGE.read_text(encoding="utf-8") if _PAGE.exists() else ""
    starts = [*_SECTION.finditer(text)]
    ends = [*(found.start() for found in starts[1:]), len(text)]
    sections = {
        found.group(1): text[found.start() : end].rstrip()
        for found, end in zip(starts, ends, strict=True)
    }
    for scores in all_scores:
        mark = scores.catalogue.mark
        sections[mark] = results_section(scores)
        picture = page_name(mark) + ".png"
        shutil.copyfile(out / picture, _HERE / picture)
    kept = [sections[mark] for mark in CATALOGUES if mark in sections]
    _PAGE.write_text("\n\n".join([_TITLE.rstrip(), *kept]) + "\n", encoding="utf-8")


def page_name(mark: str) -> str:
    """Of the files with a level's plots."""
    return f"verdicts_{mark}"


def _publish_rates(all_scores: Sequence[Scores]) -> None:
    old = rate_table()
    rates = {one.code: one for one in old.checks}
    rates |= {one.code: one for scores in all_scores for one in scores.check_rates()}
    good = dict(zip(CATALOGUES, old.good_maps.split(_AND), strict=False))
    good |= {scores.catalogue.mark: scores.good_in_words for scores in all_scores}
    codes = [code for catalogue in CATALOGUES.values() for code in catalogue.codes]
    table = RateTable(
        program="benchmarks/verdicts",
        vrs_version=__version__,
        engine=BUILTIN,
        good_maps=_AND.join(good[mark] for mark in CATALOGUES if mark in good),
        checks=tuple(rates[code] for code in codes if code in rates),
    )
    with written_whole(FILE) as path:
        path.write_text(table.model_dump_json(indent=1) + "\n", encoding="utf-8")


def results_section(scores: Scores) -> str:
    """The tables of a level in Markdown."""
    catalogue = scores.catalogue
    mark, nouns = catalogue.mark, catalogue.nouns
    unseen = [d for d in catalogue.defects if not d.caught_by]
    return "\n".join(
        [
            f"## Level {mark}: {catalogue.level.adds}",
            "",
            f"Version {__version__}, {scores.good_in_words}; {len(scores.records)} in all.",
            "",
            f"![power curves, false alarms and who warns of what]({page_name(mark)}.png)",
            "",
            f"### False alarms on good {nouns}",
            "",
            *_table(["check", "criterion", "warns", "of", "share", "interval"], _alarms(scores)),
            "",
            f"### Good {nouns} by how they were made",
            "",
            "B-factors that sharpening left, as 0.d measures them; beyond 8 Å nobody sharpens.",
            "",
            *_table(
                ["simulator", "made", "any warning", "cannot tell in a check", "of"],
                ([str(cell) for cell in row] for row in scores.by_making()),
            ),
            "",
            "### Defects noticed, by size",
            "",
            "The stated size is bold. A defect counts as noticed if one of the checks named warns.",
            "",
            *_table(
                ["defect", "unit", "checks", "size: noticed"],
                (_power_row(scores, d) for d in catalogue.defects if d.caught_by),
            ),
            "",
            *(_unseen(scores, unseen) if unseen else ()),
            "### Who warns of what",
            "",
            f"Share of {nouns} in which each check warns; defects at their stated size, oddities "
            "that are no defects, and good ones (none); – where a check was not asked.",
            "",
            *_table(
                ["", *scores.codes],
                ([row[0], *map(_percent, row[1:])] for row in scores.confusion()),
            ),
        ]
    )


def _unseen(scores: Scores, defects: Sequence[Defect]) -> Iterable[str]:
    yield f"### What Level {scores.catalogue.mark} cannot see"
    yield ""
    yield "Any warning counts here, and most are by chance."
    yield ""
    yield from _table(
        ["defect", "unit", "what can see it, from level", "size: any warning"],
        (_power_row(scores, defect) for defect in defects),
    )
    yield ""


def _alarms(scores: Scores) -> list[list[str]]:
    return [
        [code, key, str(hits), str(count), _percent(hits / max(1, count)), _bounds(hits, count)]
        for code, key, hits, count in scores.false_alarms()
    ]


def _power_row(scores: Scores, defect: Defect) -> list[str]:
    sizes = []
    for dial, hits, count in scores.power(defect):
        told = f"{dial:g}: {hits}/{count}" if count else f"{dial:g}: not run"
        sizes.append(f"**{told}**" if dial == defect.stated else told)
    who = " ".join(defect.caught_by) or defect.seen_at
    return [defect.title, defect.unit, who, ", ".join(sizes)]


def _bounds(hits: int, count: int) -> str:
    low, high = interval(hits, count)
    return f"{_percent(low)} to {_percent(high)}"


def _percent(share: float | None) -> str:
    if share is None:
        return "–"
    return f"{100 * share:.0f} %" if share >= 0.1 or not share else f"{100 * share:.1f} %"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return [lines[0], "|" + " --- |" * len(header), *lines[1:]]
