"""From records of cases to rates: false alarms, power, confusion."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from catalogues import Catalogue
from defects import Defect
from odd import SECOND_SIMULATOR
from recipe import SHARPENED_TO
from scipy import stats
from specimens import SHARPENING

from vrs_scipion.report.rates import CheckRates, Detection, Rate

Record = dict[str, Any]
_SAID_OTHERWISE = ("masked", "quantised")


def warned(record: Record, codes: Iterable[str]) -> bool:
    """Whether any of these checks warned."""
    checks = record["checks"]
    return any(c in checks and checks[c]["outcome"] == "warnings" for c in codes)


def interval(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a rate (Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404)."""
    if not count:
        return 0.0, 1.0
    ci = stats.binomtest(hits, count).proportion_ci(method="exact")
    return float(ci.low), float(ci.high)


@dataclass(frozen=True)
class Scores:
    """How right the verdicts of a level are.

    Attributes
    ----------
    catalogue : what was tried
    records : of its cases
    """

    catalogue: Catalogue
    records: Sequence[Record]

    @property
    def codes(self) -> tuple[str, ...]:
        """Of the level's checks."""
        return self.catalogue.codes

    @cached_property
    def good(self) -> list[Record]:
        """The usual ones without defect."""
        return [r for r in self.records if not r["defect"] and not r["oddity"]]

    @property
    def good_in_words(self) -> str:
        """How many there are, of what."""
        kinds = Counter(r["kind"] for r in self.good)
        resolutions = [r["resolution"] for r in self.good]
        return (
            f"{len(self.good)} good {self.catalogue.nouns} of {min(resolutions):g} to "
            f"{max(resolutions):g} Å ("
            + ", ".join(f"{count} of {kind}" for kind, count in kinds.most_common())
            + f"), {self.catalogue.like}"
        )

    def noticed(self, record: Record, defect: Defect, codes: Sequence[str] = ()) -> bool:
        """Whether one of these checks, or of those meant to, noticed a defect, or it was refused.

        A check that says it does not apply because the map was masked, or holds but a few values,
        has noticed that.
        """
        if record["error"]:
            return True
        codes = codes or defect.caught_by
        if defect.key in _SAID_OTHERWISE:
            return any(record["checks"][c]["outcome"] == "not_applicable" for c in codes)
        return warned(record, codes or self.codes)

    def false_alarms(self) -> list[list[Any]]:
        """Rows of criterion, alarms, good ones that it applied to."""
        rows: list[list[Any]] = []
        for code in self.codes:
            applied = [r for r in self.good if _judged(r, code)]
            keys = sorted({k for r in applied for k in r["checks"][code]["warned"]})
            for key in keys:
                hits = sum(key in r["checks"][code]["warned"] for r in applied)
                rows.append([code, key, hits, len(applied)])
            alarms = sum(warned(r, [code]) for r in applied)
            rows.append([code, "any warning", alarms, len(applied)])
        alarms = sum(warned(r, self.codes) for r in self.good)
        rows.append(["any", "any warning", alarms, len(self.good)])
        return rows

    def by_making(self) -> list[list[Any]]:
        """Of good ones by simulator, sharpening and noise: with any warning, with any doubt, all.

        Rows of what made them, what differs, and the three numbers.
        """
        rows: list[list[Any]] = []
        for simulator in ("", SECOND_SIMULATOR):
            made = [r for r in self.records if not r["defect"] and r["oddity"] == simulator]
            name = simulator or "vrs simulate"
            sharp = [r for r in made if r["left"] and r["resolution"] <= SHARPENED_TO]
            for left in SHARPENING if sharp else ():
                these = [r for r in sharp if r["left"] == left]
                rows.append([name, f"sharpened to {left:g} d²", *self._alarms(these)])
            rows.append([name, "not sharpened", *self._alarms([r for r in made if r not in sharp])])
            for noise in sorted({r.get("noise", "") for r in made} - {""}):
                these = [r for r in made if r["noise"] == noise]
                rows.append([name, f"noise {noise}", *self._alarms(these)])
        return rows

    def _alarms(self, records: Sequence[Record]) -> tuple[int, int, int]:
        alarms = [warned(r, self.codes) for r in records]
        doubts = [
            any(c["outcome"] == "undetermined" for c in r["checks"].values()) for r in records
        ]
        return sum(alarms), sum(doubts), len(records)

    def power(self, defect: Defect) -> list[tuple[float, int, int]]:
        """Of each size that was tried: dial, noticed, those that the checks apply to."""
        rows = []
        for dial in defect.tried:
            these = [r for r in self._with(defect, dial) if _asked(r, defect)]
            if these or dial == defect.stated:
                rows.append((dial, sum(self.noticed(r, defect) for r in these), len(these)))
        return rows

    def confusion(self) -> list[list[Any]]:
        """Of each defect at its stated size: the share in which each check warned, or None."""
        rows: list[list[Any]] = [["none", *self._shares(self.good)]]
        for oddity in sorted({r["oddity"] for r in self.records} - {""}):
            odd = [r for r in self.records if r["oddity"] == oddity]
            rows.append([oddity, *self._shares(odd)])
        for defect in self.catalogue.defects:
            rows.append([defect.key, *self._shares(self._with(defect, defect.stated))])
        return rows

    def _shares(self, records: Sequence[Record]) -> list[float | None]:
        """In which each check warned; None of one that was not asked."""
        return [self._share(records, code) for code in self.codes]

    def _share(self, records: Sequence[Record], code: str) -> float | None:
        if not any(code in r["checks"] for r in records):
            return None
        return round(sum(warned(r, [code]) for r in records) / len(records), 3)

    def check_rates(self) -> tuple[CheckRates, ...]:
        """What a report prints beside the verdict of each check, of all good ones."""
        return tuple(self._check_rates(code) for code in self.codes)

    def _check_rates(self, code: str) -> CheckRates:
        return CheckRates(
            code=code,
            false_alarms=_rate([warned(r, [code]) for r in self.good if _judged(r, code)]),
            detections=tuple(
                Detection(
                    defect=defect.title,
                    size=f"{defect.stated:g} {defect.unit}" if defect.unit else "",
                    rate=_rate(
                        [
                            self.noticed(r, defect, [code])
                            for r in these
                            if _asked(r, defect, [code])
                        ]
                    ),
                )
                for defect in self.catalogue.defects
                if code in defect.caught_by and (these := self._with(defect, defect.stated))
            ),
        )

    def _with(self, defect: Defect, dial: float) -> list[Record]:
        return [r for r in self.records if r["defect"] == defect.key and r["dial"] == dial]

    def write_tables(self, folder: Path) -> None:
        """Write the tables as CSV."""
        facts = ("case", "specimen", "kind", "resolution", "defect", "dial", "error", "seconds")
        _write(
            folder / "verdicts.csv",
            [*facts, *self.codes],
            (
                [*(r[k] for k in facts), *(_words(r["checks"].get(code)) for code in self.codes)]
                for r in self.records
            ),
        )
        header = ["check", "criterion", "alarms", self.catalogue.nouns]
        _write(folder / "false_alarms.csv", header, self.false_alarms())
        _write(
            folder / "power.csv",
            ["defect", "dial", "unit", "noticed", "of", "low", "high", "stated", "by"],
            (
                [d.key, dial, d.unit, hits, count, *map("{:.3f}".format, interval(hits, count)),
                 dial == d.stated, " ".join(d.caught_by)]
                for d in self.catalogue.defects
                for dial, hits, count in self.power(d)
            ),
        )  # fmt: skip
        _write(folder / "confusion.csv", ["defect", *self.codes], self.confusion())

    def headline(self) -> str:
        """What a reader wants to know first."""
        lines = [f"Level {self.catalogue.mark}. False alarms on good {self.catalogue.nouns}:"]
        lines += [f"  {code} {key}: {hits} of {n}" for code, key, hits, n in self.false_alarms()]
        lines.append("Noticed at the stated size:")
        for defect in self.catalogue.defects:
            by_dial = {dial: (hits, count) for dial, hits, count in self.power(defect)}
            hits, count = by_dial[defect.stated]
            if count:
                who = " ".join(defect.caught_by) or f"none of Level {self.catalogue.mark}"
                size = f"{defect.stated:g} {defect.unit}"
                lines.append(f"  {defect.title}, {size}: {hits} of {count} ({who})")
        return "\n".join(lines)


def _asked(record: Record, defect: Defect, codes: Sequence[str] = ()) -> bool:
    """Whether one of the checks applied to the input; why none does may be an answer, too."""
    codes = codes or defect.caught_by
    if record["error"] or not codes or defect.key in _SAID_OTHERWISE:
        return True
    applied = [record["checks"][c]["outcome"] for c in codes if c in record["checks"]]
    return any(outcome != "not_applicable" for outcome in applied)


def _judged(record: Record, code: str) -> bool:
    return record["checks"].get(code, {}).get("outcome") in ("ok", "warnings")


def _rate(hits: Sequence[bool]) -> Rate:
    low, high = interval(sum(hits), len(hits))
    return Rate(maps=sum(hits), of=len(hits), low=round(low, 4), high=round(high, 4))


def _words(check: Record | None) -> str:
    if check is None:
        return ""
    return " ".join([check["outcome"], *check["warned"]])


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(header)
        writer.writerows(rows)
