"""The report: its score and sentences, its numbering, its three files."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import tempfile
import unittest
from dataclasses import replace
from datetime import datetime, timezone
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from unittest import mock

import jsonschema
import numpy as np
from matplotlib.image import imsave

from vrs_scipion.checks import levels
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.levels import CHECKS, LEVELS, grade, grade_in_words, in_order, ways_on
from vrs_scipion.checks.run import not_run, run_check
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import RECORDS, Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.record_half_maps import HalfMap, HalfMapsRecord
from vrs_scipion.entry.record_map import MapRecord
from vrs_scipion.entry.record_model import KindCount, ModelRecord
from vrs_scipion.entry.records import InputRecord, MaskFile, SourceFile
from vrs_scipion.entry.request import BY_THE_USER, Request
from vrs_scipion.entry.upgrade import OLD_RECORD_FILE
from vrs_scipion.folders import CHECKS as CHECKS_FOLDER
from vrs_scipion.folders import (
    ENTRY,
    HTML_FILE,
    LOOKS,
    PDF_FILE,
    RECORD_FILE,
    REPORT_FILES,
    RESULT_FILE,
)
from vrs_scipion.models.kinds import Kind
from vrs_scipion.report import pdf, schema
from vrs_scipion.report.build import build_report
from vrs_scipion.report.compile import (
    ForeignResultError,
    compile_report,
    resolution_sentence,
    score_of,
    worry,
)
from vrs_scipion.report.document import build_document, command_line
from vrs_scipion.report.folder import load_report
from vrs_scipion.report.formats import counted, date_in_words, duration, memory, moment
from vrs_scipion.report.model import Report
from vrs_scipion.report.numbering import Numbering, Paragraph, Part
from vrs_scipion.report.prose import DIFFERENCES
from vrs_scipion.report.write import PdfError, ReportFiles, write_report
from vrs_scipion.results import Outcome
from vrs_scipion.results.files import load_result, save_result
from vrs_scipion.results.model import (
    CheckResult,
    Column,
    Criterion,
    Engine,
    Figure,
    InputUsed,
    Measurement,
    OutputVolume,
    Reference,
    ResolutionEstimate,
    SurfaceColours,
    Table,
)
from vrs_scipion.results.numbers import number
from vrs_scipion.tests.mrc_files import mrc_bytes, write

CREATED = datetime(2026, 5, 28, 21, 6, tzinfo=timezone.utc)
HOSTILE = "<script>alert('x')</script> #eval(1) $x^2$ \\u{41} \"q\" {fig:none} {{ 7*7 }} @ref *b*"
REFERENCE = Reference(
    key="r",
    authors=("Someone, A.", "Nobody, C."),
    year=2020,
    title="Work",
    journal="Journal of Works",
    volume="3",
    pages="14–15",
    doi="10.1000/xyz",
)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="50">'
    '<path d="M5 45L75 5" stroke="black"/></svg>'
)


class NotedEntry(Entry):
    """Inputs of which there is only what is known of them: no file is read."""

    def __init__(self, **records: InputRecord) -> None:
        super().__init__({key: Path(key) for key in records})
        self.noted = records

    def record(self, key: str) -> InputRecord:
        return self.noted[key]


def map_record(**changes: object) -> MapRecord:
    """What is known of a map; ``given`` says what the other values come from."""
    values: dict[str, object] = {
        "title": "A construct",
        "source": SourceFile(name="map.mrc", sha256="ab" * 32, bytes=1024, notes=("A note.",)),
        "map_file": "map.mrc",
        "box": (40, 50, 60),
        "voxel_size": (1.06, 1.06, 1.06),
        "voxel_size_from": "file header",
        "nstart": (0, 0, 0),
        "origin": (0.0, 0.0, 0.0),
        "contour": 0.496,
        "resolution": 8.7,
        "minimum": -0.1,
        "maximum": 1.4,
        "mean": 0.0,
        "standard_deviation": 0.02,
        "raw_mask_voxels": 10,
        "hard_mask": MaskFile(file="h.mrc", voxels=20, description="dilated"),
        "dilation_iterations": 2,
        "soft_mask": MaskFile(file="s.mrc", voxels=20.5, description="soft edge"),
        "soft_mask_sigma": 1.5,
    }
    record = MapRecord.model_validate(values | changes)
    own = record.voxel_size_from == BY_THE_USER
    given = Request.of(
        map=record.source.name,
        contour=record.contour,
        resolution=record.resolution,
        voxel=record.voxel_size[0] if own else None,
    ).values
    return record if "given" in changes else record.model_copy(update={"given": given})


def half_maps_record(**changes: object) -> HalfMapsRecord:
    """What is known of the half maps of that map."""
    halves = tuple(
        HalfMap(
            source=SourceFile(name=f"half{n}.mrc", sha256=f"{n}c" * 32, bytes=1024),
            file=f"half{n}.mrc",
            minimum=-0.2,
            maximum=1.5,
            mean=0.0,
            standard_deviation=0.03,
            constant_fraction=0.0,
        )
        for n in (1, 2)
    )
    values: dict[str, object] = {
        "given": {"half1": "half1.mrc", "half2": "half2.mrc"},
        "halves": halves,
        "box": (40, 50, 60),
        "voxel_size": (1.06, 1.06, 1.06),
        "voxel_size_from": "file header",
        "nstart": (0, 0, 0),
        "origin": (0.0, 0.0, 0.0),
        "hard_mask": MaskFile(file="h.mrc", voxels=20, description="the map's"),
        "background": MaskFile(file="b.mrc", voxels=12_000, description="far from the molecule"),
        "background_distance": 13.0,
        "soft_mask": MaskFile(file="s.mrc", voxels=20.5, description="soft edge"),
        "soft_mask_dilation": 8.7,
        "soft_mask_edge": 6.0,
        "soft_mask_touches_faces": False,
    }
    return HalfMapsRecord.model_validate(values | changes)


def model_record(**changes: object) -> ModelRecord:
    """What is known of a model of that map."""
    values: dict[str, object] = {
        "given": {"model": "model.cif"},
        "source": SourceFile(name="model.cif", sha256="5e" * 32, bytes=4096),
        "format": "mmCIF",
        "model_file": "model.cif",
        "atoms_file": "atoms.npz",
        "models": 1,
        "atoms": 40,
        "residues": 8,
        "chains": 1,
        "hydrogens": 0,
        "alternatives": 0,
        "unoccupied": 0,
        "without_position": 0,
        "guessed_elements": 0,
        "kinds": (KindCount(kind=Kind.PROTEIN, residues=8, atoms=40),),
        "lowest": (10.0, 11.0, 12.0),
        "highest": (20.0, 21.0, 22.0),
        "start": (0.0, 0.0, 0.0),
        "start_from": "its header's ORIGIN",
    }
    return ModelRecord.model_validate(values | changes)


def make_entry(**changes: object) -> Entry:
    """A map alone."""
    return NotedEntry(map=map_record(**changes))


def make_entry_with_halves() -> Entry:
    """A map and its half maps."""
    return NotedEntry(map=map_record(), half_maps=half_maps_record())


def make_check(code: str = "0.a", outcome: str = "ok", **changes: object) -> CheckResult:
    values: dict[str, object] = {
        "code": code,
        "name": f"Check {code}",
        "outcome": outcome,
        "engine": Engine(name="builtin", version="1", arguments={"seed": 1}),
    }
    return CheckResult.model_validate(values | changes)


def full_check(code: str = "0.b") -> CheckResult:
    return make_check(
        code,
        "warnings",
        headline="Something is odd.",
        explanation="What is asked.",
        paragraphs=("A plot, {fig:plot}, and numbers, {tab:numbers}.", "Again {fig:plot}."),
        figures=(
            Figure(key="slices", file="slices.png", caption="Slices.", alt="Three panels."),
            Figure(key="plot", file="plot.svg", caption="A plot.", alt="A line."),
        ),
        tables={
            "numbers": Table(
                caption="Numbers.",
                columns=(
                    Column(key="t", label="Threshold", format=".4f"),
                    Column(key="m", label="Mass", unit="kDa"),
                    Column(key="w", label="Word"),
                ),
                rows=tuple(
                    (i / 18, None if i == 3 else i * 1000.5, f"row {i}") for i in range(100)
                ),
            )
        },
        criteria=(
            Criterion(key="a", subject="the ratio", value=27.1, comparison="<", limit=20, unit="%"),
            Criterion(key="b", subject="size", value=None, comparison="<", limit=5, vacuous="none"),
            Criterion(key="c", subject="room", value=3, comparison=">=", limit=30, role="advice"),
        ),
        warnings=("The ratio is 27.1 %, not below 20 %.",),
        measurements={
            "ratio": Measurement(value=27.123456789, unit="%", description="a ratio"),
            "none": Measurement(value=float("nan"), description="an undefined one"),
        },
        references=(REFERENCE,),
        resolution_estimate=ResolutionEstimate(method="DeepRes", value=9.87),
    )


LOOK = make_check(
    "map",
    "shown",
    name="Map",
    figures=(Figure(key="central", file="slices.png", caption="Central.", alt="Slices."),),
    paragraphs=("Look at {fig:central}.",),
)


def of(entry: Entry, result: CheckResult, *keys: str) -> CheckResult:
    """A result that was computed from these inputs, of the map if none is named."""
    return result.model_copy(update={"inputs": entry.used(keys or ("map",))})


def report_of(entry: Entry, *checks: CheckResult) -> Report:
    """The report of results that say themselves what they were computed from."""
    return compile_report(
        entry, checks, [of(entry, LOOK)], created=CREATED, software={"Scipion": "3.7"}
    )


def make_report(*checks: CheckResult, **changes: object) -> Report:
    """The report of what checks found on a map."""
    entry = make_entry(**changes)
    return report_of(entry, *(of(entry, check) for check in checks))


class TestScore(unittest.TestCase):
    def score(self, *outcomes: str) -> tuple[int, int, int, int, int, int, int]:
        checks = [make_check(f"0.{i}", outcome) for i, outcome in enumerate(outcomes)]
        score = score_of(checks)
        return (
            score.passed,
            score.evaluable,
            score.failed,
            score.not_applicable,
            score.not_available,
            score.undetermined,
            score.not_run,
        )

    def test_every_outcome(self) -> None:
        self.assertEqual(self.score(), (0, 0, 0, 0, 0, 0, 0))
        self.assertEqual(self.score("ok"), (1, 1, 0, 0, 0, 0, 0))
        self.assertEqual(self.score("warnings"), (0, 1, 0, 0, 0, 0, 0))
        self.assertEqual(self.score("failed"), (0, 1, 1, 0, 0, 0, 0))
        self.assertEqual(self.score("not_applicable"), (0, 0, 0, 1, 0, 0, 0))
        self.assertEqual(self.score("not_available"), (0, 0, 0, 0, 1, 0, 0))
        self.assertEqual(self.score("undetermined"), (0, 0, 0, 0, 0, 1, 0))
        self.assertEqual(self.score("not_run"), (0, 0, 0, 0, 0, 0, 1))
        mixed = ("ok", "ok", "warnings", "failed", "not_applicable", "not_available")
        self.assertEqual(self.score(*mixed), (2, 4, 1, 1, 1, 0, 0))
        self.assertEqual(self.score(*mixed, "undetermined", "not_run"), (2, 4, 1, 1, 1, 1, 1))

    def test_sentence(self) -> None:
        def last(*outcomes: str) -> str:
            checks = [make_check(f"0.{i}", outcome) for i, outcome in enumerate(outcomes)]
            return make_report(*checks).summary[-1]

        self.assertEqual(last("ok"), "Overall score: 1 out of 1 evaluable item passed.")
        self.assertIn("0 out of 0 evaluable items", last())
        self.assertIn("No check could be evaluated.", last("not_applicable"))
        said = last("ok", "failed", "not_applicable", "not_available", "not_available")
        self.assertIn("1 out of 2 evaluable items passed.", said)
        self.assertIn("1 check failed to compute and counts as not passed.", said)
        self.assertIn("1 check does not apply to this map and 2 checks are not available", said)

    def test_what_could_not_be_decided_is_listed_apart(self) -> None:
        faint = make_check("0.c", "undetermined", reason="Too faint.")
        report = make_report(make_check(), make_check("0.b"), faint)
        self.assertEqual((report.score.evaluable, report.score.undetermined), (2, 1))
        self.assertEqual(
            report.summary[-1],
            "Overall score: 2 out of 2 evaluable items passed. Not counted: 1 check could not "
            "decide.",
        )
        self.assertIn("None of the 2 checks that could be evaluated", worry(report))
        more = [make_check(f"0.{i}", "undetermined") for i in range(3)]
        document = build_document(make_report(*more, make_check("0.x", "not_run")))
        self.assertEqual(
            document.remarks,
            (
                "No check could be evaluated.",
                "Not counted: 3 checks could not decide and 1 check was not run.",
            ),
        )
        self.assertEqual(
            document.scores, (("Level 0: the map alone", "nothing could be evaluated"),)
        )

    def test_repeated_code(self) -> None:
        with self.assertRaisesRegex(ValueError, "0.a"):
            make_report(make_check(), make_check())


class TestSummary(unittest.TestCase):
    def test_order(self) -> None:
        report = make_report(make_check(headline="First."), full_check(), make_check("0.c"))
        self.assertEqual(report.summary[:2], ("First.", "Something is odd."))
        self.assertIn("DeepRes estimates", report.summary[2])
        self.assertEqual(len(report.summary), 4)

    def test_resolution(self) -> None:
        one = [ResolutionEstimate(method="A", value=9.87)]
        two = [*one, ResolutionEstimate(method="B", value=12.13, contradicts=True)]
        self.assertIsNone(resolution_sentence([], 3.0))
        self.assertIn(
            "9.87 Å. The reported resolution is 8.7 Å.", str(resolution_sentence(one, 8.7))
        )
        said = str(resolution_sentence(two, 8.7))
        self.assertIn("2 methods goes from 9.87 to 12.13 Å, with a mean of 11 Å", said)
        self.assertIn("may be overestimated", said)
        self.assertNotIn("overestimated", str(resolution_sentence(one, 2.0)))
        sure = ResolutionEstimate(method="C", value=3.4167, error=0.083)
        self.assertIn("3.42 ± 0.08 Å.", str(resolution_sentence([sure], 3.2)))
        self.assertIn("No resolution was reported", str(resolution_sentence(one, None)))

    def test_the_half_maps_lead(self) -> None:
        """What answers the very question of a reported resolution is said first."""
        found = [
            ResolutionEstimate(method="A", value=5.0),
            ResolutionEstimate(method="The FSC", value=3.52, error=0.04, leads=True),
        ]
        said = str(resolution_sentence(found, None))
        self.assertTrue(said.startswith("The FSC estimates the resolution of the map at 3.52"))
        self.assertIn("2 methods goes from 3.52 to 5 Å", said)
        self.assertTrue(said.endswith("No resolution was reported: 3.52 Å is the one to report."))
        alone = str(resolution_sentence(found[1:], 3.6))
        self.assertEqual(alone.count("The FSC"), 1)

    def test_warnings(self) -> None:
        report = make_report(full_check(), warnings=("The box is odd.",))
        self.assertEqual([w.check for w in report.warnings], ["map", "0.b"])


class TestWorry(unittest.TestCase):
    def test_nothing_wrong(self) -> None:
        said = worry(make_report(make_check(), make_check("0.b"), make_check("0.c", "failed")))
        self.assertIn("None of the 2 checks that could be evaluated found a problem.", said)
        self.assertIn("Nothing is known of what could not be computed: 0.c Check 0.c.", said)
        self.assertIn("no proof", worry(make_report(make_check())))

    def test_what_could_not_be_decided(self) -> None:
        said = worry(make_report(make_check(), make_check("0.b", "undetermined")))
        self.assertIn("It could not be decided, and is no pass: 0.b", said)

    def test_what_to_look_at(self) -> None:
        said = worry(make_report(make_check(), full_check(), warnings=("Odd.",)))
        self.assertEqual(
            said,
            "1 of 2 checks that could be evaluated asks for a closer look. Something is odd. "
            "The input itself gave 1 warning, listed below.",
        )

    def test_nothing_evaluated(self) -> None:
        for checks in ((), (make_check("0.a", "not_applicable"),)):
            self.assertIn("No check could be evaluated", worry(make_report(*checks)))
        self.assertIn(
            "No check could be computed.", worry(make_report(make_check("0.a", "failed")))
        )


class TestForeign(unittest.TestCase):
    """Results of something else than the inputs of the report."""

    def refused(self, words: str, entry: Entry, result: CheckResult) -> None:
        with self.assertRaisesRegex(ForeignResultError, words):
            report_of(entry, result)

    def test_of_another_map(self) -> None:
        other = make_entry(source=SourceFile(name="map.mrc", sha256="cd" * 32, bytes=1024))
        self.refused(
            "^The result of 0.a was computed from another input than the map of this report",
            make_entry(),
            of(other, make_check()),
        )

    def test_with_other_numbers(self) -> None:
        for changes in (
            {"contour": 0.5},
            {"resolution": 9.0},
            {"resolution": None},
            {"voxel_size": (1.06, 1.06, 1.07)},
        ):
            with self.subTest(changes):
                other = of(make_entry(**changes), make_check())
                self.refused("of 0.a .* with other numbers; run it again", make_entry(), other)

    def test_names_do_not_count(self) -> None:
        entry = make_entry()
        source = entry.map.source.model_copy(update={"name": "moved.mrc", "notes": ()})
        renamed = make_entry(title="Another title", source=source)
        report = report_of(entry, of(renamed, make_check()))
        self.assertEqual(report.checks[0].outcome, Outcome.OK)

    def test_of_nothing_in_particular(self) -> None:
        words = "^The result of 0.a does not say what it was computed from; run it again.$"
        for outcome in ("ok", "warnings", "failed", "undetermined", "not_applicable"):
            self.refused(words, make_entry(), make_check(outcome=outcome))
        report = report_of(make_entry(), not_run(CHECKS["0.a"]))
        self.assertEqual(report.score.not_run, 1)

    def test_of_half_maps(self) -> None:
        both, check = make_entry_with_halves(), make_check("1.a")
        self.assertEqual(
            report_of(both, of(both, check, "map", "half_maps")).checks[0].outcome, Outcome.OK
        )
        self.refused(
            "of 1.a .* than the two half maps of this report",
            make_entry(),
            of(both, check, "map", "half_maps"),
        )
        first, second = half_maps_record().halves
        swapped = NotedEntry(map=map_record(), half_maps=half_maps_record(halves=(second, first)))
        self.refused("the two half maps", both, of(swapped, check, "map", "half_maps"))

    def test_of_an_input_that_nobody_knows(self) -> None:
        unknown = make_check(inputs={"classes": InputUsed(sha256=("ab",), prepared="cd")})
        self.refused("another input than classes", make_entry(), unknown)

    def test_what_is_to_be_seen_of_another_map(self) -> None:
        with self.assertRaisesRegex(ForeignResultError, "of map was computed from another"):
            compile_report(make_entry(), (), [of(make_entry(contour=1.0), LOOK)], created=CREATED)


class TestOrder(unittest.TestCase):
    def test_of_the_levels(self) -> None:
        both = make_entry_with_halves()
        checks = [of(both, make_check(code)) for code in ("A.a", "1.a", "0.x", "0.h", "0.b")]
        report = report_of(both, *checks)
        self.assertEqual([c.code for c in report.checks][:3], ["0.b", "0.h", "1.a"])
        sections = build_document(report).level_sections
        self.assertEqual(
            [(s.number, s.title, [c.code for c in s.checks]) for s in sections],
            [
                ("2", "Level 0 analysis", ["0.b", "0.h", "0.x"]),
                ("3", "Level 1 analysis", ["1.a"]),
                ("4", "Level A analysis", ["A.a"]),
            ],
        )
        self.assertEqual(build_document(report).provenance_number, "5")

    def test_of_a_level_that_nobody_knows(self) -> None:
        with self.assertRaisesRegex(ValueError, "Z.a is of no level that this version knows"):
            make_report(make_check("Z.a"))

    def test_not_that_of_the_codes(self) -> None:
        self.assertEqual(
            in_order(reversed(CHECKS)), [c.code for level in LEVELS for c in level.checks]
        )
        codes = ("1.a", "0.h", "W.a", "O.a")
        known = {code: replace(CHECKS["0.a"], code=code) for code in codes}
        both = make_entry_with_halves()
        with mock.patch.object(levels, "CHECKS", known):
            self.assertEqual(in_order(sorted([*codes, "0.a"])), [*codes, "0.a"])
            report = report_of(both, *(of(both, make_check(code)) for code in sorted(codes)))
        self.assertEqual([check.code for check in report.checks], list(codes))


class TestAdvice(unittest.TestCase):
    def test_goes_with_what_was_not_met(self) -> None:
        for check in CHECKS.values():
            task = Task(check, Entry({}), Path(), check.limit_values())
            for limit in check.limits:
                found = Findings(task)
                held = found.judge(limit.key, 0.0).limit
                for value in (held - 1, held + 1):
                    criterion = found.judge(limit.key, value)
                    expected = "" if criterion.passed else limit.advice
                    self.assertEqual(criterion.advice, expected, f"{check.code} {limit.key}")
                outcomes = {c.passed for c in found.criteria if c.key == limit.key}
                self.assertEqual(outcomes, {True, False}, f"{check.code} {limit.key}")
                others = [c.advice for c in found.criteria if c.key != limit.key]
                self.assertEqual(set(others) - {""}, set(), "of the service's limits")

    def test_every_check_has_some(self) -> None:
        for check in CHECKS.values():
            advised = [limit.key for limit in check.limits if limit.advice]
            self.assertTrue(advised, f"{check.code} gives no advice")
            self.assertTrue(check.differs, f"{check.code} does not say where it deviates")

    def test_differences_are_told(self) -> None:
        differences = build_document(make_report(make_check(), full_check())).differences
        self.assertEqual(
            [(item.title, item.text) for item in differences],
            [
                ("The report as a whole", DIFFERENCES),
                ("0.a Check 0.a", CHECKS["0.a"].differs),
                ("0.b Check 0.b", CHECKS["0.b"].differs),
            ],
        )


class TestCommand(unittest.TestCase):
    def test_the_same_again(self) -> None:
        report = make_report(source=SourceFile(name="a map.mrc", sha256="0", bytes=1))
        self.assertEqual(
            command_line(report), "vrs validate 'a map.mrc' --contour 0.496 --resolution 8.7"
        )
        report = make_report(resolution=None, voxel_size_from="given by the user")
        self.assertEqual(command_line(report), "vrs validate map.mrc --contour 0.496 --voxel 1.06")

    def test_with_everything_that_was_given(self) -> None:
        given = {"map": "map.mrc", "title": 'It\'s "one"', "contour": 0.496, "voxel": 1.06}
        entry = NotedEntry(map=map_record(given=given), half_maps=half_maps_record())
        self.assertEqual(
            shlex.split(command_line(report_of(entry))),
            [
                *("vrs", "validate", "map.mrc", "--contour", "0.496", "--voxel", "1.06"),
                *("--title", 'It\'s "one"', "--half1", "half1.mrc", "--half2", "half2.mrc"),
            ],
        )


class TestNumbering(unittest.TestCase):
    def test_order_of_appearance(self) -> None:
        document = build_document(make_report(make_check(), full_check(), full_check("0.c")))
        second = document.checks[1]
        kinds = [(block.kind, getattr(block, "number", None)) for block in second.blocks]
        self.assertEqual(
            kinds,
            [("paragraph", None), ("figure", 2), ("table", 1), ("paragraph", None), ("figure", 3)],
        )
        first, *_, later = (block for block in second.blocks if isinstance(block, Paragraph))
        links = [(part.text, part.target) for part in first.parts if part.target]
        self.assertEqual(links, [("Fig.\u00a02", "fig-2"), ("Table\u00a01", "tab-1")])
        self.assertEqual("".join(part.text for part in later.parts), "Again Fig.\u00a02.")
        self.assertEqual([check.number for check in document.checks], ["2.1", "2.2", "2.3"])

    def test_unknown_key(self) -> None:
        for token in ("{fig:nothing}", "{tab:nothing}"):
            numbering = Numbering()
            (paragraph,) = numbering.section("0.a", (f"See {token}.",), (), {})
            assert isinstance(paragraph, Paragraph)
            self.assertEqual(paragraph.parts, (Part("See "), Part("[nothing]"), Part(".")))
            self.assertEqual((numbering.figures, numbering.tables), (0, 0))

    def test_references_are_numbered_once(self) -> None:
        document = build_document(make_report(full_check(), full_check("0.c")))
        self.assertEqual([item.number for item in document.references], [1, 2, 3, 4])
        self.assertEqual({check.citations[0].number for check in document.checks}, {4})
        self.assertEqual(
            document.references[3].text,
            "Someone A, Nobody C (2020). Work. Journal of Works 3, 14–15.",
        )
        self.assertEqual(document.references[3].url, "https://doi.org/10.1000/xyz")

    def test_words_of_a_reference(self) -> None:
        self.assertEqual(
            REFERENCE.model_copy(update={"authors": ("Someone, A.", "others")}).text,
            "Someone A et al. (2020). Work. Journal of Works 3, 14–15.",
        )
        older = Reference(key="r", title="Someone (2020). Work.", doi="10.1000/xyz")
        self.assertEqual(older.text, "Someone (2020). Work.")

    def test_criteria_of_a_check_that_does_not_count(self) -> None:
        check = full_check().model_copy(update={"outcome": Outcome.NOT_APPLICABLE})
        section = build_document(make_report(check)).checks[0]
        self.assertEqual((len(section.criteria), len(section.advice)), (0, 3))


class TestFormats(unittest.TestCase):
    def test_number(self) -> None:
        for value, text in (
            (None, "–"),
            (0.0, "0"),
            (3, "3"),
            (15227.894668, "15227.89"),
            (0.015306, "0.01531"),
            (2e-5, "2×10⁻⁵"),
            (-5.7330314e-07, "-5.733×10⁻⁷"),
            (16129.0, "16129"),
            (1.5e9, "1.5×10⁹"),
        ):
            self.assertEqual(number(value), text)
        self.assertEqual(number(2.5, ".2f"), "2.50")

    def test_words(self) -> None:
        self.assertEqual((counted(1, "item"), counted(0, "item")), ("1 item", "0 items"))
        self.assertEqual(duration(0.5), "0.50\u00a0s")
        self.assertEqual(duration(725), "12\u00a0min 5\u00a0s")
        self.assertEqual((memory(0), memory(3 * 2**29)), ("–", "1.5\u00a0GiB"))
        self.assertEqual(grade_in_words("0"), "the map alone")
        self.assertIn("atomic model", grade_in_words("1A"))

    def test_moment(self) -> None:
        self.assertEqual(date_in_words(moment("2026-05-28T21:06:00Z")), "28 May 2026, 21:06 UTC")
        self.assertIn("UTC+02:00", date_in_words(moment("2026-05-28T21:06:00+02:00")))


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def values(self, name: str) -> list[str]:
        return [value for _, key, value in self.attributes if key == name]


def html_words(file: Path) -> str:
    """The words of a page, one space between them."""
    return " ".join(" ".join(_Page(file.read_text("utf-8")).words).split())


def pdf_text(file: Path) -> str | None:
    """What a PDF says; None where nothing can read one."""
    program = shutil.which("pdftotext")
    if program is None:
        return None
    command = [program, "-layout", str(file), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def words_of_pages(html: Path, paper: Path) -> list[str]:
    """The words of a page, and those of the PDF where they can be read."""
    text = pdf_text(paper)
    return [html_words(html), *([] if text is None else [" ".join(text.split())])]


class TestFiles(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.figures = self.folder / "figures"
        self.figures.mkdir()
        imsave(self.figures / "slices.png", np.random.default_rng(1).random((30, 80)), cmap="gray")
        (self.figures / "plot.svg").write_text(SVG, encoding="utf-8")
        self.out = self.folder / "out"

    def write(self, report: Report, out: Path | None = None) -> ReportFiles:
        folders = dict.fromkeys([*report.inputs, *(c.code for c in report.checks)], self.figures)
        return write_report(report, folders, out or self.out)

    def pdf_text(self, files: ReportFiles) -> str:
        text = pdf_text(files.pdf)
        if text is None:
            self.skipTest("pdftotext is not here: the words of the PDF were not read")
        return text

    def test_schema(self) -> None:
        files = self.write(make_report(make_check(), full_check()))
        data = json.loads(files.json.read_text("utf-8"), parse_constant=self.fail)
        for name, value in (("report", data), ("check_result", data["checks"][1])):
            validator = jsonschema.Draft202012Validator(
                json.loads((schema.FOLDER / f"{name}.schema.json").read_text("utf-8"))
            )
            validator.check_schema(validator.schema)
            validator.validate(value)
        measured = data["checks"][1]["measurements"]
        self.assertEqual(measured["ratio"]["value"], 27.123456789)
        self.assertIsNone(measured["none"]["value"])
        self.assertEqual(Report.model_validate(data), make_report(make_check(), full_check()))

    def test_schemas_of_inputs(self) -> None:
        entry = NotedEntry(map=map_record(), half_maps=half_maps_record(), model=model_record())
        self.assertEqual(entry.given, tuple(RECORDS))
        for key in entry.given:
            shipped = json.loads((schema.FOLDER / f"{key}.schema.json").read_text("utf-8"))
            value = json.loads(entry.record(key).model_dump_json(by_alias=True))
            jsonschema.Draft202012Validator.check_schema(shipped)
            jsonschema.Draft202012Validator(shipped).validate(value)

    def test_shipped_schemas_are_current(self) -> None:
        for file in schema.write_schemas(self.folder / "schema"):
            shipped = (schema.FOLDER / file.name).read_text("utf-8")
            self.assertEqual(shipped, file.read_text("utf-8"), "run vrs_scipion.report.schema")
        self.assertEqual({file.name for file in schema.FOLDER.iterdir()}, set(schema.MODELS))

    def test_html_needs_nothing(self) -> None:
        page = _Page(self.write(make_report(full_check())).html.read_text("utf-8"))
        self.assertFalse({"link", "iframe", "object"} & set(page.tags))
        self.assertTrue(page.values("src"))
        self.assertTrue(all(value.startswith("data:image/") for value in page.values("src")))
        for tag, name, value in page.attributes:
            if value.startswith("http"):
                self.assertEqual((tag, name), ("a", "href"))
        policy = next(value for value in page.values("content") if "default-src" in value)
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("http", policy)
        scripts = policy.split("script-src ")[1].split(";")[0].split()
        self.assertEqual([source[:8] for source in scripts], ["'sha256-"] * 2)
        anchors = [value[1:] for value in page.values("href") if value.startswith("#")]
        ids = page.values("id")
        self.assertEqual(len(ids), len(set(ids)))
        self.assertLessEqual(set(anchors), set(ids))
        self.assertTrue(all(page.values("alt")))
        levels = [int(tag[1]) for tag in page.tags if tag in ("h1", "h2", "h3", "h4")]
        self.assertTrue(all(after <= before + 1 for before, after in pairwise(levels)))

    def test_hostile_words(self) -> None:
        check = make_check(
            name=HOSTILE,
            outcome="warnings",
            headline=HOSTILE,
            reason=HOSTILE,
            explanation=HOSTILE,
            warnings=(HOSTILE,),
        )
        files = self.write(make_report(check, title=HOSTILE, origin_of_data=HOSTILE))
        page = _Page(files.html.read_text("utf-8"))
        self.assertIn(HOSTILE, page.words)
        programs = [word for word in page.words if word.startswith("alert(")]
        self.assertEqual(programs, [])
        self.assertEqual(json.loads(files.json.read_text("utf-8"))["entry"]["title"], HOSTILE)
        text = "".join(self.pdf_text(files).split())
        self.assertIn("".join(HOSTILE.split()), text.replace("\u200b", ""))

    def test_any_script(self) -> None:
        title = "冷冻电镜 שלום عربي \u202eabc\u202c Ω≈ç 🧬 \x00\x07" + "x" * 300
        own = pdf._fonts(False)
        with (
            self.assertNoLogs("vrs_scipion.report.pdf"),
            mock.patch.object(pdf, "_fonts", return_value=own) as fonts,
        ):
            files = self.write(make_report(make_check(), title=title))
        self.assertIn(mock.call(True), fonts.mock_calls)  # asked the machine's, too
        self.assertIn("冷冻电镜", files.html.read_text("utf-8"))
        self.assertNotIn("\x07", files.html.read_text("utf-8"))
        text = self.pdf_text(files)
        self.assertIn("□□□□", text)
        for words in ("שלום", "Ω≈ç"):
            self.assertIn(words, text)
        self.assertIn("The HTML report shows them", " ".join(text.split()))

    def test_pdf_keeps_to_the_standards(self) -> None:
        with self.assertNoLogs("vrs_scipion.report.pdf"):
            content = self.write(make_report(full_check())).pdf.read_bytes()
        self.assertIn(b"<pdfaid:part>2</pdfaid:part>", content)
        self.assertIn(b"<pdfaid:conformance>A</pdfaid:conformance>", content)
        self.assertIn(b"<pdfuaid:part>1</pdfuaid:part>", content)

    def test_pdf_words(self) -> None:
        text = self.pdf_text(self.write(make_report(make_check(), full_check())))
        for words in ("0.b Check 0.b", "Figure 3.", "Table 1.", "row 96", "1/7", "10.1000/xyz"):
            self.assertIn(words, text)
        self.assertIn("Someone A, Nobody C (2020). Work.", text)

    def test_same_bytes(self) -> None:
        first = self.write(make_report(full_check()))
        second = self.write(make_report(full_check()), self.folder / "again")
        for name in ("json", "html", "pdf"):
            self.assertEqual(
                getattr(first, name).read_bytes(), getattr(second, name).read_bytes(), name
            )

    def of_every_outcome(self) -> ReportFiles:
        checks = (
            make_check("0.a"),
            make_check("0.b", "warnings", warnings=("One.", "Two.")),
            make_check("0.c", "not_applicable", reason="It was masked."),
            make_check("0.d", "not_available", reason="Weights are missing."),
            make_check("0.e", "failed", reason="It crashed."),
            make_check("0.f", "undetermined", reason="It is too faint."),
            make_check("0.g", "not_run", reason="Nobody asked."),
        )
        return self.write(make_report(*checks))

    def test_every_status_is_said(self) -> None:
        words = html_words(self.of_every_outcome().html)
        for said in (
            "STATUS: ✓ OK",
            "STATUS: ! 2 warnings One. Two.",
            "STATUS: – Does not apply: It was masked.",
            "STATUS: ○ Not available here: Weights are missing.",
            "STATUS: ✕ Failed: It crashed.",
            "STATUS: ? Cannot tell: It is too faint.",
            "STATUS: · Not run: Nobody asked.",
            "1 out of 3 evaluable items passed.",
        ):
            self.assertIn(said, words)

    def test_every_status_is_said_on_paper(self) -> None:
        words = " ".join(self.pdf_text(self.of_every_outcome()).split())
        for said in (
            "STATUS: ✓ OK",
            "STATUS: ! 2 warnings 1. One. 2. Two.",
            "STATUS: – Does not apply: It was masked.",
            "STATUS: ○ Not available here: Weights are missing.",
            "STATUS: ✕ Failed: It crashed.",
            "STATUS: ? Cannot tell: It is too faint.",
            "STATUS: · Not run: Nobody asked.",
            "1 out of 3 evaluable items passed.",
        ):
            self.assertIn(said, words)

    def test_what_cannot_be_told_is_shown_for_information(self) -> None:
        check = full_check().model_copy(
            update={"outcome": Outcome.UNDETERMINED, "reason": "It is too faint.", "warnings": ()}
        )
        report = make_report(make_check(), check)
        section = build_document(report).checks[1]
        self.assertEqual((len(section.criteria), len(section.advice)), (0, 3))
        self.assertFalse(section.status.judged)
        files = self.write(report)
        for words in words_of_pages(files.html, files.pdf):
            for said in (
                "1 out of 1 evaluable item passed.",
                "Not counted: 1 check could not decide.",
                "Cannot tell",
                "This check was made and could not decide; the reason is below.",
                "It is too faint.",
                "For information",
            ):
                self.assertIn(said, words)
            self.assertNotIn("Automatic criteria", words)
            self.assertNotIn("What it may mean", words)
        page = files.html.read_text("utf-8")
        self.assertIn('<span class="badge undetermined">', page)
        self.assertIn('<div class="status undetermined">', page)

    def test_no_checks(self) -> None:
        files = self.write(make_report(title="", resolution=None))
        self.assertIn("No check was run.", files.html.read_text("utf-8"))
        self.assertTrue(files.pdf.read_bytes().startswith(b"%PDF"))

    def test_failing_pdf(self) -> None:
        self.out.mkdir()
        (self.out / "report.pdf").write_bytes(b"of an earlier run")
        with (
            mock.patch("typst.compile", side_effect=MemoryError("no room")),
            self.assertRaisesRegex(PdfError, "no room.*report.html are complete"),
        ):
            self.write(make_report(full_check()))
        names = sorted(file.name for file in self.out.iterdir())
        self.assertEqual(names, ["report.html", "report.json"])

    def test_figure_that_cannot_be_shown(self) -> None:
        (self.folder / "secret.png").write_bytes(b"")
        for file, words in (
            ("gone.png", "is missing"),
            ("../secret.png", "outside its folder"),
            ("page.html", "none of"),
        ):
            figure = Figure(key="k", file=file, caption="", alt="")
            with self.assertRaisesRegex(ValueError, f"'k' of '0.a'.*{words}"):
                self.write(make_report(make_check(figures=(figure,))))
        self.assertFalse(self.out.exists())


class FolderTest(unittest.TestCase):
    """A validation folder with prepared inputs, made from small files."""

    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name) / "out"
        self.given = Path(kept.name) / "given"
        self.given.mkdir()
        steps = np.indices((30, 32, 34)) - np.array([15, 16, 17])[:, None, None, None]
        shape = np.exp(-(steps**2).sum(0) / 18)
        rng = np.random.default_rng(7)
        first, second = (shape + rng.normal(scale=0.01, size=shape.shape) for _ in range(2))
        named = {"map": (first + second) / 2, "half1": first, "half2": second}
        self.files = {
            key: write(self.given / f"{key}.mrc", mrc_bytes(values.astype(np.float32)))
            for key, values in named.items()
        }

    def prepared(self, *, contour: float = 0.3, halves: bool = False) -> Entry:
        files = {key: path for key, path in self.files.items() if halves or key == "map"}
        request = Request.of(**files, contour=contour, resolution=5.0, title="A blob")
        return prepare(request, self.folder / ENTRY)

    def place(self, code: str) -> Path:
        return self.folder / CHECKS_FOLDER / code

    def keep(self, result: CheckResult, folder: Path | None = None) -> Path:
        """Leave a result where it belongs, with the pictures of ``full_check``."""
        folder = folder or self.place(result.code)
        folder.mkdir(parents=True)
        (folder / "plot.svg").write_text(SVG, encoding="utf-8")
        imsave(folder / "slices.png", np.zeros((30, 80)), cmap="gray")
        save_result(result, folder)
        return folder

    def pages(self) -> list[str]:
        """The words of the HTML, and those of the PDF where they can be read."""
        files = [self.folder / name for name in REPORT_FILES]
        self.assertTrue(all(file.stat().st_size for file in files))
        return words_of_pages(self.folder / HTML_FILE, self.folder / PDF_FILE)


WAY_TO_A = "Give the atomic model (--model) for Level A."


class TestLevels(FolderTest):
    """What was given, and what is to be gained by giving more."""

    def test_a_map_alone(self) -> None:
        entry = self.prepared()
        run_check(CHECKS["0.a"], entry, self.place("0.a"))
        report = build_report(self.folder, CREATED)
        self.assertEqual((report.grade, report.level), ("0", "0"))
        way = "Give the two half maps (--half1, --half2) for Level 1."
        self.assertEqual(
            [(one.mark, one.title, one.reached, one.way) for one in report.levels],
            [
                ("0", "Level 0: the map alone", True, ""),
                ("1", "Level 1: also its two half maps", False, way),
                ("A", "Level A: an atomic model was provided", False, WAY_TO_A),
            ],
        )
        zero, *others = (level.score for level in report.levels)
        self.assertEqual(zero, report.score)
        self.assertEqual(others, [None, None])
        left = len(LEVELS[0].checks) - 1
        self.assertEqual((report.score.passed, report.score.not_run), (1, left))
        self.assertEqual(list(report.inputs), ["map"])
        self.assertEqual([c.code for c in report.checks], [c.code for c in LEVELS[0].checks])
        document = build_document(report)
        self.assertEqual(document.ways, (way, WAY_TO_A))
        self.assertEqual(document.subtitle, "Validation level 0: the map alone")
        self.assertEqual(document.scores, (("Level 0: the map alone", "1 of 1 passed"),))
        for words in self.pages():
            self.assertIn(way, words)
            self.assertNotIn("Level 0: the map alone, 1 of 1 passed", words)

    def test_a_map_and_its_half_maps(self) -> None:
        entry = self.prepared(halves=True)
        for code in ("1.a", "0.a"):
            run_check(CHECKS[code], entry, self.place(code))
        report = build_report(self.folder, CREATED)
        self.assertEqual((report.grade, report.level), ("1", "1"))
        self.assertEqual(
            [(one.mark, one.reached, one.way) for one in report.levels],
            [("0", True, ""), ("1", True, ""), ("A", False, WAY_TO_A)],
        )
        self.assertEqual(
            [check.code for check in report.checks],
            [check.code for level in LEVELS[:2] for check in level.checks],
        )
        self.assertEqual({c.code: c.outcome for c in report.checks}["1.a"], Outcome.OK)
        self.assertEqual(
            [(key, one.title) for key, one in report.inputs.items()],
            [("map", "Map"), ("half_maps", "Half maps")],
        )
        halves = report.inputs["half_maps"]
        self.assertEqual([file.name for file in halves.files], ["half1.mrc", "half2.mrc"])
        self.assertEqual(halves.given, {"half1": "half1.mrc", "half2": "half2.mrc"})
        self.assertEqual((report.entry.half1, report.entry.half2), halves.files)
        self.assertEqual(report.entry.halves_box, entry.half_maps_record.box)
        assert report.entry.mask is not None
        self.assertAlmostEqual(
            report.entry.mask.volume_fraction, float(entry.half_maps().mask.mean()), places=5
        )
        self.assertEqual(load_report(self.folder), report)
        document = build_document(report)
        self.assertEqual(document.ways, (WAY_TO_A,))
        self.assertEqual(
            [(one.number, one.anchor) for one in document.inputs],
            [("1.1", "input-map"), ("1.2", "input-half-maps")],
        )
        self.assertEqual(document.grade_in_words, "the map, also its two half maps")
        self.assertEqual(
            document.command,
            "vrs validate map.mrc --contour 0.3 --resolution 5.0 --title 'A blob' "
            "--half1 half1.mrc --half2 half2.mrc",
        )
        for words in self.pages():
            self.assertNotIn("Give the two half maps", words)
            self.assertIn(
                "Level 0: the map alone, 1 of 1 passed; Level 1: also its two half maps, 1 of 1 "
                "passed.",
                words,
            )

    def test_half_maps_do_not_change_what_level_0_was_computed_from(self) -> None:
        alone = self.prepared()
        run_check(CHECKS["0.a"], alone, self.place("0.a"))
        self.prepared(halves=True)
        report = build_report(self.folder, CREATED)
        self.assertEqual(report.grade, "1")
        self.assertEqual(report.checks[0].outcome, Outcome.OK)

    def test_grades(self) -> None:
        self.assertEqual(grade(()), "")
        self.assertEqual(grade(("half_maps",)), "")
        self.assertEqual([level.mark for level, _ in ways_on(())], ["0", "1", "A"])
        self.assertEqual(
            [way for _, way in ways_on(())],
            [
                "Give the map (--map, --contour) for Level 0.",
                "Give the map (--map, --contour) and the two half maps (--half1, --half2) for "
                "Level 1.",
                "Give the map (--map, --contour) and the atomic model (--model) for Level A.",
            ],
        )

    def test_letters_and_gaps(self) -> None:
        asked = {"2": "2.a", "A": "A.a"}
        more = tuple(
            replace(level, checks=(replace(CHECKS["0.a"], code=asked[level.mark]),))
            if level.mark in asked
            else level
            for level in LEVELS
        )
        with mock.patch.object(levels, "LEVELS", more):
            self.assertEqual(grade(("map",)), "0A")
            self.assertEqual([level.mark for level in levels.reached(("map",))], ["0", "2", "A"])
            self.assertEqual(grade(("map", "half_maps")), "2A")
            self.assertEqual([level.mark for level, _ in ways_on(("map",))], ["1"])


class TestBuild(FolderTest):
    """The report of what lies in a folder, whatever state that is in."""

    def test_results_of_something_else_are_refused(self) -> None:
        run_check(CHECKS["0.a"], self.prepared(contour=0.3), self.place("0.a"))
        self.prepared(contour=0.35)
        with self.assertRaisesRegex(ForeignResultError, "of 0.a .* than the map of this report"):
            build_report(self.folder, CREATED)
        self.prepared(contour=0.3)
        self.assertEqual(build_report(self.folder, CREATED).score.evaluable, 1)
        other = mrc_bytes(np.roll(np.asarray(self.prepared().density().values), 1, axis=0))
        self.files["map"].write_bytes(other)
        self.prepared(contour=0.3)
        with self.assertRaisesRegex(ForeignResultError, "of 0.a .* than the map of this report"):
            build_report(self.folder, CREATED)

    def test_a_picture_that_is_not_there(self) -> None:
        entry = self.prepared()
        whole = self.keep(of(entry, full_check("0.c")))
        (self.keep(of(entry, full_check("0.b"))) / "plot.svg").unlink()
        report = build_report(self.folder, CREATED)
        checks = {check.code: check for check in report.checks}
        self.assertEqual(checks["0.b"].outcome, Outcome.FAILED)
        reason = "its result is not whole, it lacks plot.svg; run it again"
        self.assertEqual(checks["0.b"].reason, reason)
        self.assertEqual((checks["0.b"].figures, checks["0.b"].paragraphs), ((), ()))
        self.assertEqual((checks["0.b"].criteria, checks["0.b"].warnings), ((), ()))
        self.assertIsNone(checks["0.b"].resolution_estimate)
        self.assertEqual(checks["0.c"], load_result(whole))
        self.assertEqual((report.score.evaluable, report.score.failed), (2, 1))
        self.assertEqual([warning.check for warning in report.warnings], ["0.c"])
        for words in self.pages():
            self.assertIn(f"✕ Failed: {reason}", words)
            self.assertIn("1 check failed to compute and counts as not passed.", words)
        self.assertEqual(load_report(self.folder), report)

    def test_words_about_what_is_not_there(self) -> None:
        entry = self.prepared()
        self.keep(of(entry, full_check("0.b").model_copy(update={"paragraphs": ("{fig:gone}",)})))
        check = next(c for c in build_report(self.folder, CREATED).checks if c.code == "0.b")
        self.assertEqual(check.outcome, Outcome.FAILED)
        self.assertIn("it lacks figure 'gone'", check.reason)
        self.pages()

    def test_an_input_whose_picture_is_not_there(self) -> None:
        entry = self.prepared()
        folder = self.keep(of(entry, LOOK), self.folder / LOOKS / "map")
        seen = build_report(self.folder, CREATED).inputs["map"].look
        self.assertEqual(seen, load_result(folder))
        (folder / "slices.png").unlink()
        report = build_report(self.folder, CREATED)
        look = report.inputs["map"].look
        assert look is not None
        self.assertEqual((look.outcome, look.figures), (Outcome.FAILED, ()))
        self.assertEqual(report.score.evaluable, 0)
        for words in self.pages():
            self.assertIn("It could not be drawn: its result is not whole", words)


class TestOlderVersion(FolderTest):
    """A folder as version 0.1.0 left it."""

    def setUp(self) -> None:
        super().setUp()
        self.result = full_check("0.f").model_copy(
            update={
                "name": "LocBfactor",
                "inputs": self.prepared().used(("map",)),
                "figures": (
                    *full_check().figures,
                    Figure(
                        key="surface",
                        file="slices.png",
                        caption="A surface.",
                        alt="Coloured.",
                        surface=SurfaceColours(volume="r.mrc", label="Rigid", low=1.0, high=4.0),
                    ),
                ),
                "measurements": {
                    f"b_{name}": Measurement(value=value, unit="Å²", description=name)
                    for name, value in (("p2_5", -300.0), ("p50", -150.0), ("p97_5", -20.0))
                },
                "volumes": (
                    OutputVolume(
                        key="b",
                        file="b.mrc",
                        description="local values",
                        kind="values",
                        label="LocBfactor (Å²)",
                        unit="Å²",
                        range=(-300.0, -20.0),
                    ),
                    OutputVolume(
                        key="r",
                        file="r.mrc",
                        description="what the surface shows",
                        kind="values",
                        label="Rigid",
                        range=(1.0, 4.0),
                    ),
                    OutputVolume(key="d", file="d.mrc", description="a density"),
                ),
            }
        )
        folder = self.keep(self.result)
        for name in ("b.mrc", "r.mrc", "d.mrc"):
            shutil.copyfile(self.files["map"], folder / name)

    def older_result(self) -> None:
        file = self.place("0.f") / RESULT_FILE
        data = json.loads(file.read_text("utf-8")) | {"schema": "vrs-check-result/1"}
        del data["inputs"]
        data["references"] = [
            {key: one[key] for key in ("key", "text", "doi")} for one in data["references"]
        ]
        data["volumes"] = [
            {key: one[key] for key in ("key", "file", "description")} for one in data["volumes"]
        ]
        file.write_text(json.dumps(data), encoding="utf-8")

    def older_entry(self) -> None:
        entry = self.folder / ENTRY
        for file in (entry / "map").iterdir():
            file.rename(entry / file.name)
        (entry / "map").rmdir()
        data = json.loads((entry / RECORD_FILE).read_text("utf-8"))
        (entry / RECORD_FILE).unlink()
        del data["given"]
        halves = [data["source"] | {"name": f"half{n}.mrc"} for n in (1, 2)]
        data |= {"schema": "vrs-entry/1", "half_maps": halves}
        data["half_map_files"] = ["half1.mrc", "half2.mrc"]
        (entry / OLD_RECORD_FILE).write_text(json.dumps(data), encoding="utf-8")

    def test_is_taken_as_it_is(self) -> None:
        self.older_entry()
        self.older_result()
        report = build_report(self.folder, CREATED)
        self.assertEqual(report.grade, "0")
        self.assertEqual(
            report.inputs["map"].given,
            {"map": "map.mrc", "contour": 0.3, "title": "A blob", "resolution": 5.0},
        )
        self.assertIsNone(report.inputs["map"].look)
        (check,) = (c for c in report.checks if c.outcome is not Outcome.NOT_RUN)
        reference = Reference(key="r", title=REFERENCE.text, doi=REFERENCE.doi)
        self.assertEqual(check, self.result.model_copy(update={"references": (reference,)}))
        others = len(LEVELS[0].checks) - 1
        self.assertEqual((report.score.evaluable, report.score.not_run), (1, others))
        for words in self.pages():
            self.assertIn("! 1 warning", words)
            self.assertIn("10.1000/xyz", words)
        self.assertEqual(load_report(self.folder).checks, report.checks)

    def test_beside_an_entry_of_this_version(self) -> None:
        self.older_result()
        with self.assertRaisesRegex(ForeignResultError, "0.f does not say what it was computed"):
            build_report(self.folder, CREATED)

    def test_a_result_of_this_version_beside_it(self) -> None:
        self.older_entry()
        report = build_report(self.folder, CREATED)
        self.assertEqual(report.score.evaluable, 1)


if __name__ == "__main__":
    unittest.main()
