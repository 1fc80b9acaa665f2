"""The report: its score and sentences, its numbering, its three files."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import unittest
from datetime import datetime, timezone
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from unittest import mock

import jsonschema
import numpy as np
from matplotlib.image import imsave

from vrs_scipion.checks.registry import LEVEL_0
from vrs_scipion.entry.model import Entry, MaskFile, SourceFile
from vrs_scipion.report import pdf, schema
from vrs_scipion.report.compile import compile_report, resolution_sentence, score_of, worry
from vrs_scipion.report.document import build_document, command_line
from vrs_scipion.report.formats import counted, date_in_words, duration, memory, moment
from vrs_scipion.report.model import Report
from vrs_scipion.report.numbering import Numbering, Paragraph
from vrs_scipion.report.prose import DIFFERENCES, level_in_words
from vrs_scipion.report.write import PdfError, ReportFiles, write_report
from vrs_scipion.results.model import (
    CheckResult,
    Column,
    Criterion,
    Engine,
    Figure,
    Measurement,
    Outcome,
    Reference,
    ResolutionEstimate,
    Table,
)
from vrs_scipion.results.numbers import number

CREATED = datetime(2026, 5, 28, 21, 6, tzinfo=timezone.utc)
HOSTILE = "<script>alert('x')</script> #eval(1) $x^2$ \\u{41} \"q\" {fig:none} {{ 7*7 }} @ref *b*"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="50">'
    '<path d="M5 45L75 5" stroke="black"/></svg>'
)


def make_entry(**changes: object) -> Entry:
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
    return Entry.model_validate(values | changes)


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
        references=(Reference(key="r", text="Someone (2020). Work.", doi="10.1000/xyz"),),
        resolution_estimate=ResolutionEstimate(method="DeepRes", value=9.87),
    )


INPUT_FIGURES = (Figure(key="central", file="slices.png", caption="Central.", alt="Slices."),)


def make_report(*checks: CheckResult, **changes: object) -> Report:
    return compile_report(
        make_entry(**changes),
        checks,
        figures=INPUT_FIGURES,
        input_paragraphs=("Look at {fig:central}.",),
        created=CREATED,
        software={"Scipion": "3.7"},
    )


class TestScore(unittest.TestCase):
    def score(self, *outcomes: str) -> tuple[int, int, int, int, int]:
        checks = [make_check(f"0.{i}", outcome) for i, outcome in enumerate(outcomes)]
        score = score_of(checks)
        return (
            score.passed,
            score.evaluable,
            score.failed,
            score.not_applicable,
            score.not_available,
        )

    def test_every_outcome(self) -> None:
        self.assertEqual(self.score(), (0, 0, 0, 0, 0))
        self.assertEqual(self.score("ok"), (1, 1, 0, 0, 0))
        self.assertEqual(self.score("warnings"), (0, 1, 0, 0, 0))
        self.assertEqual(self.score("failed"), (0, 1, 1, 0, 0))
        self.assertEqual(self.score("not_applicable"), (0, 0, 0, 1, 0))
        self.assertEqual(self.score("not_available"), (0, 0, 0, 0, 1))
        mixed = ("ok", "ok", "warnings", "failed", "not_applicable", "not_available")
        self.assertEqual(self.score(*mixed), (2, 4, 1, 1, 1))

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
        two = [*one, ResolutionEstimate(method="B", value=12.13)]
        self.assertIsNone(resolution_sentence([], 3.0))
        self.assertIn(
            "9.87 Å. The reported resolution is 8.7 Å.", str(resolution_sentence(one, 8.7))
        )
        said = str(resolution_sentence(two, 8.7))
        self.assertIn("2 methods goes from 9.87 to 12.13 Å, with a mean of 11 Å", said)
        self.assertIn("may be overestimated", said)
        self.assertNotIn("overestimated", str(resolution_sentence(two, 8.8)))
        self.assertIn("No resolution was reported", str(resolution_sentence(one, None)))

    def test_warnings(self) -> None:
        report = make_report(full_check(), warnings=("The box is odd.",))
        self.assertEqual([w.check for w in report.warnings], ["input", "0.b"])


class TestWorry(unittest.TestCase):
    def test_nothing_wrong(self) -> None:
        said = worry(make_report(make_check(), make_check("0.b"), make_check("0.c", "failed")))
        self.assertIn("None of the 2 checks that could be evaluated found a problem.", said)
        self.assertIn("Nothing is known of what could not be computed: 0.c Check 0.c.", said)
        self.assertIn("no proof", worry(make_report(make_check())))

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


class TestAdvice(unittest.TestCase):
    def test_goes_with_what_was_not_met(self) -> None:
        for check in LEVEL_0:
            for key, text in check.advice.items():
                low, high = (
                    Criterion(key=key, subject="s", value=value, comparison=">", limit=1)
                    for value in (0, 2)
                )
                self.assertEqual(
                    (check.advised(low).advice, check.advised(high).advice), (text, "")
                )

    def test_every_check_has_some(self) -> None:
        for check in LEVEL_0:
            self.assertTrue(check.advice, f"{check.code} gives no advice")
            self.assertIn(check.code, DIFFERENCES)


class TestCommand(unittest.TestCase):
    def test_the_same_again(self) -> None:
        report = make_report(source=SourceFile(name="a map.mrc", sha256="0", bytes=1))
        self.assertEqual(
            command_line(report), "vrs validate 'a map.mrc' --contour 0.496 --resolution 8.7"
        )
        report = make_report(resolution=None, voxel_size_from="given by the user")
        self.assertEqual(command_line(report), "vrs validate map.mrc --contour 0.496 --voxel 1.06")


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
            with self.assertRaisesRegex(ValueError, "'0.a'.*'nothing'"):
                Numbering().section("0.a", (token,), (), {})

    def test_references_are_numbered_once(self) -> None:
        document = build_document(make_report(full_check(), full_check("0.c")))
        self.assertEqual([item.number for item in document.references], [1, 2, 3, 4])
        self.assertEqual({check.citations[0].number for check in document.checks}, {4})

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
        self.assertEqual(level_in_words("0"), "the map alone")
        self.assertIn("atomic model", level_in_words("1A"))

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
        folders = dict.fromkeys(["input", *(check.code for check in report.checks)], self.figures)
        return write_report(report, folders, out or self.out)

    def pdf_text(self, files: ReportFiles) -> str:
        program = shutil.which("pdftotext")
        if program is None:
            self.skipTest("pdftotext is not here: the words of the PDF were not read")
        command = [program, "-layout", str(files.pdf), "-"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

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

    def test_entry_schema(self) -> None:
        shipped = json.loads((schema.FOLDER / "entry.schema.json").read_text("utf-8"))
        value = json.loads(make_entry().model_dump_json(by_alias=True))
        jsonschema.Draft202012Validator(shipped).validate(value)

    def test_shipped_schemas_are_current(self) -> None:
        for file in schema.write_schemas(self.folder / "schema"):
            shipped = (schema.FOLDER / file.name).read_text("utf-8")
            self.assertEqual(shipped, file.read_text("utf-8"), "run vrs_scipion.report.schema")

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
        for words in ("0.b Check 0.b", "Figure 3.", "Table 1.", "row 99", "1/8", "10.1000/xyz"):
            self.assertIn(words, text)

    def test_same_bytes(self) -> None:
        first = self.write(make_report(full_check()))
        second = self.write(make_report(full_check()), self.folder / "again")
        for name in ("json", "html", "pdf"):
            self.assertEqual(
                getattr(first, name).read_bytes(), getattr(second, name).read_bytes(), name
            )

    def test_every_status_is_said(self) -> None:
        checks = (
            make_check("0.a"),
            make_check("0.b", "warnings", warnings=("One.", "Two.")),
            make_check("0.c", "not_applicable", reason="It was masked."),
            make_check("0.d", "not_available", reason="Weights are missing."),
            make_check("0.e", "failed", reason="It crashed."),
        )
        files = self.write(make_report(*checks))
        words = " ".join(" ".join(_Page(files.html.read_text("utf-8")).words).split())
        for said in (
            "STATUS: ✓ OK",
            "STATUS: ! 2 warnings One. Two.",
            "STATUS: – Does not apply: It was masked.",
            "STATUS: ○ Not available here: Weights are missing.",
            "STATUS: ✕ Failed: It crashed.",
            "1 out of 3 evaluable items passed.",
        ):
            self.assertIn(said, words)

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


if __name__ == "__main__":
    unittest.main()
