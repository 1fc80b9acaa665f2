"""From records of cases to rates: false alarms, power, confusion."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from defects import DEFECTS, Defect
from odd import SECOND_SIMULATOR
from recipe import SHARPENED_TO
from scipy import stats
from specimens import SHARPENING

from vrs_scipion import __version__
from vrs_scipion.checks.levels import LEVELS
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.report.rates import CheckRates, Detection, Rate, RateTable

Record = dict[str, Any]
_SAID_OTHERWISE = ("masked", "quantised")
CODES = tuple(check.code for check in LEVELS[0].checks)


def warned(record: Record, codes: Iterable[str] = CODES) -> bool:
    """Whether any of these checks warned."""
    checks = record["checks"]
    return any(c in checks and checks[c]["outcome"] == "warnings" for c in codes)


def noticed(record: Record, defect: Defect, codes: Sequence[str] = ()) -> bool:
    """Whether one of these checks, or of those meant to, noticed the defect, or it was refused.

    A check that says it does not apply because the map was masked, or holds but a few values, has
    noticed that.
    """
    if record["error"]:
        return True
    codes = codes or defect.caught_by
    if defect.key in _SAID_OTHERWISE:
        return any(record["checks"][c]["outcome"] == "not_applicable" for c in codes)
    return warned(record, codes or CODES)


def asked(record: Record, defect: Defect, codes: Sequence[str] = ()) -> bool:
    """Whether one of the checks applied to the map; why none does may be an answer, too."""
    codes = codes or defect.caught_by
    if record["error"] or not codes or defect.key in _SAID_OTHERWISE:
        return True
    return any(record["checks"][c]["outcome"] != "not_applicable" for c in codes)


def interval(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a rate (Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404)."""
    if not count:
        return 0.0, 1.0
    ci = stats.binomtest(hits, count).proportion_ci(method="exact")
    return float(ci.low), float(ci.high)


def good(records: Sequence[Record], *, judged_only: bool = False) -> list[Record]:
    """The usual maps without defect; on request only those that no limit was chosen on."""
    return [
        r
        for r in records
        if not r["defect"] and not r["oddity"] and not (judged_only and r["calibrates"])
    ]


def false_alarms(records: Sequence[Record], *, judged_only: bool = False) -> list[list[Any]]:
    """Rows of criterion, alarms, maps that it applied to."""
    clean = good(records, judged_only=judged_only)
    rows: list[list[Any]] = []
    for code in CODES:
        applied = [r for r in clean if _judged(r, code)]
        keys = sorted({k for r in applied for k in r["checks"][code]["warned"]})
        for key in keys:
            hits = sum(key in r["checks"][code]["warned"] for r in applied)
            rows.append([code, key, hits, len(applied)])
        rows.append([code, "any warning", sum(warned(r, [code]) for r in applied), len(applied)])
    rows.append(["any", "any warning", sum(warned(r) for r in clean), len(clean)])
    return rows


def by_making(records: Sequence[Record]) -> list[list[Any]]:
    """Of good maps by simulator and sharpening: maps with any warning, with any doubt, maps."""
    rows: list[list[Any]] = []
    for simulator in ("", SECOND_SIMULATOR):
        made = [r for r in records if not r["defect"] and r["oddity"] == simulator]
        for left in SHARPENING:
            these = [r for r in made if r["left"] == left and r["resolution"] <= SHARPENED_TO]
            rows.append([simulator or "vrs simulate", f"{left:g} d²", *_alarms(these)])
        coarse = [r for r in made if r["resolution"] > SHARPENED_TO]
        rows.append([simulator or "vrs simulate", "not sharpened", *_alarms(coarse)])
    return rows


def _alarms(records: Sequence[Record]) -> tuple[int, int, int]:
    doubts = [any(c["outcome"] == "undetermined" for c in r["checks"].values()) for r in records]
    return sum(map(warned, records)), sum(doubts), len(records)


def power(records: Sequence[Record], defect: Defect) -> list[tuple[float, int, int]]:
    """Of each size that was tried: dial, noticed, maps that the checks apply to."""
    rows = []
    for dial in defect.tried:
        these = [
            r
            for r in records
            if r["defect"] == defect.key and r["dial"] == dial and asked(r, defect)
        ]
        if these or dial == defect.stated:
            rows.append((dial, sum(noticed(r, defect) for r in these), len(these)))
    return rows


def confusion(records: Sequence[Record]) -> list[list[Any]]:
    """Of each defect at its stated size: the share of maps in which each check warned."""
    rows: list[list[Any]] = [["none", *_shares(good(records))]]
    for oddity in sorted({r["oddity"] for r in records} - {""}):
        rows.append([oddity, *_shares([r for r in records if r["oddity"] == oddity])])
    for defect in DEFECTS:
        rows.append([defect.key, *_shares(at_stated_size(records, defect))])
    return rows


def _shares(records: Sequence[Record]) -> list[float]:
    count = max(1, len(records))
    return [round(sum(warned(r, [code]) for r in records) / count, 3) for code in CODES]


def rate_table(records: Sequence[Record]) -> RateTable:
    """What a report prints beside the verdict of each check, of all good maps."""
    clean = good(records)
    kinds = Counter(r["kind"] for r in clean)
    resolutions = [r["resolution"] for r in clean]
    return RateTable(
        program="benchmarks/verdicts",
        vrs_version=__version__,
        engine=BUILTIN,
        good_maps=f"{len(clean)} good maps of {min(resolutions):g} to {max(resolutions):g} Å ("
        + ", ".join(f"{count} of {kind}" for kind, count in kinds.most_common())
        + "), of realistic B-factors, noise, sharpening and contour",
        checks=tuple(_check_rates(records, code) for code in CODES),
    )


def _check_rates(records: Sequence[Record], code: str) -> CheckRates:
    judged = [r for r in good(records) if _judged(r, code)]
    return CheckRates(
        code=code,
        false_alarms=_rate([warned(r, [code]) for r in judged]),
        detections=tuple(
            Detection(
                defect=defect.title,
                size=f"{defect.stated:g} {defect.unit}" if defect.unit else "",
                rate=_rate([noticed(r, defect, [code]) for r in these if asked(r, defect, [code])]),
            )
            for defect in DEFECTS
            if code in defect.caught_by and (these := at_stated_size(records, defect))
        ),
    )


def _judged(record: Record, code: str) -> bool:
    return record["checks"].get(code, {}).get("outcome") in ("ok", "warnings")


def _rate(hits: Sequence[bool]) -> Rate:
    low, high = interval(sum(hits), len(hits))
    return Rate(maps=sum(hits), of=len(hits), low=round(low, 4), high=round(high, 4))


def at_stated_size(records: Sequence[Record], defect: Defect) -> list[Record]:
    """The maps with a defect of the size that ought to be noticed."""
    return [r for r in records if r["defect"] == defect.key and r["dial"] == defect.stated]


def write_tables(records: Sequence[Record], folder: Path) -> None:
    """Write the tables as CSV."""
    _write(
        folder / "verdicts.csv",
        ["case", "specimen", "kind", "resolution", "defect", "dial", "error", "seconds", *CODES],
        (
            [
                r[k]
                for k in (
                    "case",
                    "specimen",
                    "kind",
                    "resolution",
                    "defect",
                    "dial",
                    "error",
                    "seconds",
                )
            ]
            + [_words(r["checks"].get(code)) for code in CODES]
            for r in records
        ),
    )
    header = ["check", "criterion", "alarms", "maps"]
    _write(folder / "false_alarms.csv", header, false_alarms(records))
    _write(
        folder / "power.csv",
        ["defect", "dial", "unit", "noticed", "maps", "low", "high", "stated", "by"],
        (
            [d.key, dial, d.unit, hits, count, *map("{:.3f}".format, interval(hits, count)),
             dial == d.stated, " ".join(d.caught_by)]
            for d in DEFECTS
            for dial, hits, count in power(records, d)
        ),
    )  # fmt: skip
    _write(folder / "confusion.csv", ["defect", *CODES], confusion(records))


def _words(check: Record | None) -> str:
    if check is None:
        return ""
    return " ".join([check["outcome"], *check["warned"]])


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(header)
        writer.writerows(rows)


def headline(records: Sequence[Record]) -> str:
    """What a reader wants to know first."""
    lines = ["False alarms on good maps:"]
    lines += [
        f"  {code} {key}: {hits} of {count}" for code, key, hits, count in false_alarms(records)
    ]
    lines.append("Noticed at the stated size:")
    for defect in DEFECTS:
        by_dial = {dial: (hits, count) for dial, hits, count in power(records, defect)}
        hits, count = by_dial[defect.stated]
        if count:
            who = " ".join(defect.caught_by) or "none of Level 0"
            lines.append(
                f"  {defect.title}, {defect.stated:g} {defect.unit}: {hits} of {count} ({who})"
            )
    return "\n".join(lines)
