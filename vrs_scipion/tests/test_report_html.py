"""What can be explored in the HTML report: the data that it carries, and a real browser's view."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
import subprocess
import tempfile
import unittest
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.levels import CHECKS, LEVELS, LOOKS
from vrs_scipion.checks.local_values import LocalValues, draw_distribution, keep_volume
from vrs_scipion.checks.run import run_check
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.folders import ENTRY, HTML_FILE, PDF_FILE, RESULT_FILE
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.report import surface_mesh as mesh_module
from vrs_scipion.report.build import build_report
from vrs_scipion.report.document import build_document
from vrs_scipion.report.folder import LETTER, load_report, place_of
from vrs_scipion.report.gauge import gauge_of
from vrs_scipion.report.html import _policy
from vrs_scipion.report.interactive import as_script_data, own_script, plotly_script
from vrs_scipion.report.numbering import Numbering, PlacedTable
from vrs_scipion.report.pdf import render_pdf
from vrs_scipion.report.rates import rate_table, rates_sentence
from vrs_scipion.report.slice_atlas import slice_atlas
from vrs_scipion.report.surface_mesh import SurfaceMesh, surface_mesh
from vrs_scipion.report.tables import table_csv
from vrs_scipion.results import Outcome
from vrs_scipion.results.files import save_result
from vrs_scipion.results.model import (
    CheckResult,
    Column,
    Criterion,
    Engine,
    SurfaceColours,
    Table,
)
from vrs_scipion.tests import chromium
from vrs_scipion.tests.test_report import CREATED, HOSTILE

CONTOUR = 0.5
BOX, VOXEL = (30, 36, 40), (1.5, 1.2, 1.0)


def blob() -> np.ndarray:
    """An ellipsoid of density 1 off the centre of a box of unequal sides, with a little noise."""
    z, y, x = np.indices(BOX)
    squares = ((z - 14) / 7) ** 2 + ((y - 16) / 9) ** 2 + ((x - 22) / 11) ** 2
    noise = np.random.default_rng(8).normal(0, 0.02, BOX)
    return (1 / (1 + np.exp(6 * (np.sqrt(squares) - 1))) + noise).astype(np.float32)


def decoded(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))


def numbers(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


class TestSliceAtlas(unittest.TestCase):
    def test_holds_every_slice(self) -> None:
        values, mask = blob(), blob() > CONTOUR
        atlas = slice_atlas(values, mask, VOXEL)
        self.assertEqual((atlas.box, atlas.binning, atlas.voxel_size), (BOX, 1, VOXEL))
        grey, inside = decoded(atlas.density), decoded(atlas.mask)
        nz, ny, nx = BOX
        low, high = atlas.window
        for z in range(nz):
            row, column = divmod(z, atlas.columns)
            tile = np.s_[row * ny : (row + 1) * ny, column * nx : (column + 1) * nx]
            np.testing.assert_array_equal(inside[tile] > 0, mask[z])
            shown = low + grey[tile].astype(float) / 255 * (high - low)
            self.assertLess(np.abs(shown - np.clip(values[z], low, high)).mean(), 0.03)

    def test_large_maps_are_averaged_to_what_a_browser_holds(self) -> None:
        for shape in ((300, 20, 20), (4, 300, 1100)):
            with self.subTest(shape):
                atlas = slice_atlas(np.zeros(shape, np.float32), np.zeros(shape, bool), VOXEL)
                self.assertLessEqual(max(atlas.box), 256)
                self.assertEqual(atlas.box, tuple(-(-n // atlas.binning) for n in shape))
                sheet = decoded(atlas.density)
                self.assertLessEqual(max(sheet.shape), 4096)


class Prepared(unittest.TestCase):
    """A prepared map in a folder of its own, made once."""

    folder: Path
    entry: Entry

    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name)
        write_volume(cls.folder / "map.mrc", blob(), VOXEL)
        request = Request.of(
            map=cls.folder / "map.mrc", contour=CONTOUR, resolution=5.0, title=HOSTILE
        )
        cls.entry = prepare(request, cls.folder / ENTRY)


class TestSurfaceMesh(Prepared):
    def mesh(self, *colours: tuple[SurfaceColours, Path]) -> SurfaceMesh:
        return surface_mesh(self.entry, colours)

    def corners(self, mesh: SurfaceMesh) -> np.ndarray:
        steps = numbers(mesh.corners, "<u2").reshape(-1, 3)
        return steps * mesh.step + mesh.origin

    def test_is_where_the_molecule_is(self) -> None:
        mesh = self.mesh()
        corners = self.corners(mesh)
        z, y, x = (centre * size for centre, size in zip((14, 16, 22), VOXEL, strict=True))
        np.testing.assert_allclose((corners.max(0) + corners.min(0)) / 2, (x, y, z), atol=0.5)
        extent = [2 * radius * size for radius, size in ((11, 1.0), (9, 1.2), (7, 1.5))]
        np.testing.assert_allclose(np.ptp(corners, axis=0), extent, rtol=0.05)

    def test_triangles_enclose_the_volume_from_outside(self) -> None:
        mesh = self.mesh()
        a, b, c = np.moveaxis(
            self.corners(mesh)[numbers(mesh.triangles, "<u2").reshape(-1, 3)], 1, 0
        )
        enclosed = float(np.einsum("ij,ij->", a, np.cross(b, c))) / 6
        expected = 4 / 3 * np.pi * (11 * 9 * 7) * np.prod(VOXEL)
        self.assertAlmostEqual(enclosed / expected, 1, delta=0.05)

    def test_colours_are_read_where_the_surface_is(self) -> None:
        """Values that grow along x give colours that do, on the map's grid and on another."""
        resized = self.entry.map.resized
        assert resized is not None
        for name, box, size in (
            ("same.mrc", BOX, VOXEL),
            ("other.mrc", resized.box, resized.voxel_size),
        ):
            with self.subTest(name):
                z, y, x = (  # voxel N/2 of either grid is at one place
                    n // 2 * old - m // 2 * new
                    for n, old, m, new in zip(BOX, VOXEL, box, size, strict=True)
                )
                along = x + np.arange(box[2]) * size[2]
                values = np.broadcast_to(along, box).astype(np.float32)
                write_volume(self.folder / name, values, size, origin=(z, y, x))
                how = SurfaceColours(volume=name, label="x", low=0, high=40)
                mesh = self.mesh((how, self.folder))
                steps = numbers(mesh.paints[0].values, "u1").astype(float)
                places = self.corners(mesh)[:, 0]
                self.assertTrue((steps > 0).all())
                np.testing.assert_allclose((steps - 1) / 254 * 40, places, atol=0.6)

    def test_many_triangles_are_thinned(self) -> None:
        whole = len(numbers(self.mesh().triangles, "<u2"))
        with mock.patch.object(mesh_module, "TRIANGLES", 500):
            mesh = self.mesh()
        thin = numbers(mesh.triangles, "<u2")
        self.assertLess(len(thin), min(3 * 550, whole))
        self.assertLess(thin.max(), len(numbers(mesh.corners, "<u2")) / 3)
        np.testing.assert_allclose(np.ptp(self.corners(mesh), axis=0), (22, 21.6, 21), atol=1.5)


class TestGauge(unittest.TestCase):
    @settings(max_examples=200, deadline=None)
    @given(
        value=st.floats(-1e6, 1e6),
        limit=st.floats(-1e4, 1e4),
        comparison=st.sampled_from(["<", "<=", ">", ">="]),
    )
    def test_the_value_lies_in_the_accepted_part_when_it_passes(
        self, value: float, limit: float, comparison: Any
    ) -> None:
        criterion = Criterion(key="k", subject="s", value=value, comparison=comparison, limit=limit)
        gauge = gauge_of(criterion)
        assert gauge is not None
        for place in (gauge.value, gauge.limit, gauge.start, gauge.end):
            self.assertTrue(-1e-9 <= place <= 1 + 1e-9)
        if gauge.start + 1e-9 < gauge.value < gauge.end - 1e-9:
            self.assertTrue(criterion.passed)
        if not (gauge.start - 1e-9 <= gauge.value <= gauge.end + 1e-9):
            self.assertFalse(criterion.passed)

    def test_nothing_measured(self) -> None:
        nothing = Criterion(key="k", subject="s", value=None, comparison="<", limit=1, vacuous="x")
        self.assertIsNone(gauge_of(nothing))

    def test_far_apart(self) -> None:
        far = Criterion(key="k", subject="s", value=15227.89, comparison="<", limit=20)
        gauge = gauge_of(far)
        assert gauge is not None
        self.assertTrue(gauge.logarithmic)
        self.assertTrue(gauge.limit > 0.05 and gauge.value < 0.95)


class TestTables(unittest.TestCase):
    def test_csv_in_full_precision(self) -> None:
        table = Table(
            caption="c",
            columns=(Column(key="a", label="A", unit="Å"), Column(key="w", label="W")),
            rows=((1 / 3, 'say "x", y'), (None, "plain")),
        )
        (placed,) = Numbering().section("0.a", (), (), {"t": table})
        assert isinstance(placed, PlacedTable)
        rows = list(csv.reader(io.StringIO(table_csv(placed))))
        self.assertEqual(rows, [["A (Å)", "W"], [repr(1 / 3), 'say "x", y'], ["", "plain"]])

    def test_data_never_ends_its_script(self) -> None:
        text = as_script_data({"a": "</script><!--"})
        self.assertNotIn("<", text)
        self.assertEqual(json.loads(text), {"a": "</script><!--"})


class TestRates(unittest.TestCase):
    def check(self, code: str, engine: str = "builtin") -> CheckResult:
        made = Engine(name=engine, version="1")
        return CheckResult(code=code, name=code, outcome=Outcome.OK, engine=made)

    def test_every_check_says_how_often_it_is_right(self) -> None:
        measured = {check.code for level in LEVELS for check in level.checks}
        self.assertEqual({rates.code for rates in rate_table().checks}, measured)
        for rates in rate_table().checks:
            said = rates_sentence(self.check(rates.code))
            alarms = rates.false_alarms
            self.assertIn(f"{alarms.maps} of {alarms.of} good simulated maps", said)
            self.assertTrue(alarms.low <= alarms.maps / alarms.of <= alarms.high)
            for found in rates.detections:
                self.assertIn(found.defect, said)
                self.assertIn(f"{found.rate.maps} of {found.rate.of}", said)

    def test_silent_where_nothing_is_known(self) -> None:
        self.assertEqual(rates_sentence(self.check("0.x")), "")
        self.assertEqual(rates_sentence(self.check("0.a", engine="another")), "")
        other = self.check("0.a").model_copy(update={"outcome": Outcome.NOT_APPLICABLE})
        self.assertEqual(rates_sentence(other), "")


class Validated(Prepared):
    """A validation folder with one check that has a table, a plot and a coloured surface."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        out = cls.folder / place_of("0.x")
        out.mkdir(parents=True)
        density = cls.entry.density()
        found = Findings(Task(CHECKS["0.a"], cls.entry, out, {}))
        local = LocalValues("b", "local <b>value</b>", "Å²", -100 * density.values, ".1f")
        draw_distribution(found, local, [-100, -80, -50, -20, 0], (-300, 0))
        keep_volume(found, local, density, "b.mrc", (-100, 0))
        colours = SurfaceColours(volume="b.mrc", label=local.label, low=-100, high=0)
        figure = found.figures[0].model_copy(update={"surface": colours})
        table = Table(
            caption="Numbers",
            columns=(Column(key="a", label="A"), Column(key="b", label="B", format=".1f")),
            rows=(("two", 2.0), ("ten", 10.0), ("one", 1.0)),
        )
        criterion = Criterion(
            key="k", subject="it", value=9, comparison="<", limit=5, advice="Try less."
        )
        save_result(
            CheckResult(
                code="0.x",
                name=HOSTILE,
                outcome=Outcome.WARNINGS,
                headline="It is too much.",
                explanation="Why it is asked.",
                inputs=cls.entry.used(("map",)),
                engine=Engine(name="builtin", version="1"),
                figures=(figure,),
                tables={"t": table},
                volumes=tuple(found.volumes),
                criteria=(criterion,),
                warnings=(criterion.sentence,),
            ),
            out,
        )
        cls.look(cls.folder / place_of("map"))
        build_report(cls.folder, CREATED)

    @classmethod
    def look(cls, folder: Path) -> None:
        """Draw the map; pictures of surfaces have tests of their own."""
        absent = EngineError("not drawn here")
        with mock.patch("vrs_scipion.figures.isosurface.draw_isosurface", side_effect=absent):
            run_check(LOOKS["map"], cls.entry, folder)

    @property
    def page(self) -> Path:
        return self.folder / HTML_FILE


class TestFolder(Validated):
    def test_the_same_twice(self) -> None:
        before = [(self.folder / name).read_bytes() for name in (HTML_FILE, PDF_FILE)]
        build_report(self.folder, CREATED)
        after = [(self.folder / name).read_bytes() for name in (HTML_FILE, PDF_FILE)]
        self.assertEqual(before, after)
        build_report(self.folder, datetime(2027, 1, 1, tzinfo=timezone.utc))
        later = self.page.read_text("utf-8").splitlines()
        pairs = zip(before[0].decode("utf-8").splitlines(), later, strict=True)
        differing = [new for old, new in pairs if old != new and "report.json" not in new]
        self.assertTrue(differing)
        self.assertTrue(all("1 January 2027" in line for line in differing))

    def test_the_same_pictures_twice(self) -> None:
        self.look(self.folder / "again")
        drawn, again = (
            {file.name: file.read_bytes() for file in folder.iterdir() if file.name != RESULT_FILE}
            for folder in (self.folder / place_of("map"), self.folder / "again")
        )
        self.assertGreaterEqual(len(drawn), 10)
        self.assertEqual(again, drawn)

    def test_says_what_to_do(self) -> None:
        text = self.page.read_text("utf-8")
        for words in ("Try less.", "1 of 1 check that could be evaluated asks", "It is too much."):
            self.assertIn(words, text)

    def test_checks_that_were_not_run_are_listed(self) -> None:
        report = load_report(self.folder)
        outcomes = {check.code: check.outcome for check in report.checks}
        missing = {check.code: Outcome.NOT_RUN for check in LEVELS[0].checks}
        self.assertEqual(outcomes, {**missing, "0.x": Outcome.WARNINGS})
        self.assertEqual((report.score.evaluable, report.score.not_run), (1, len(missing)))
        text = self.page.read_text("utf-8")
        self.assertEqual(
            text.count("This check was not run, or its result was not kept."), len(missing)
        )
        self.assertIn(f"Not counted: {len(missing)} checks were not run.", text)

    def test_letter(self) -> None:
        program = shutil.which("pdfinfo")
        if program is None:
            self.skipTest("pdfinfo is not here: the paper was not measured")
        document = build_document(load_report(self.folder))
        folders = {owner: self.folder / place_of(owner) for owner in ("map", "0.x")}
        file = self.folder / "letter.pdf"
        file.write_bytes(render_pdf(document, folders, LETTER))
        command = [program, str(file)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.assertRegex(said, r"Page size: +612 x 792")

    def test_unknown_paper_changes_nothing(self) -> None:
        before = self.page.read_bytes()
        with self.assertRaisesRegex(ValueError, "no paper 'a5'"):
            build_report(self.folder, paper="a5")
        self.assertEqual(self.page.read_bytes(), before)


@unittest.skipIf(chromium.PROGRAM is None, "Chromium is not here: the page was not looked at")
class TestNetwork(unittest.TestCase):
    """What the page's programs could send, were the policy not to forbid it."""

    def test_the_page_s_own_program_has_no_way_out(self) -> None:
        ways = ("fetch(", "XMLHttpRequest", "sendBeacon", "WebSocket", "EventSource", "window.open")
        text = own_script().text
        self.assertEqual([way for way in (*ways, "import(", ".submit(") if way in text], [])

    def test_the_library_knows_no_address(self) -> None:
        text = plotly_script().text
        for host in ("cloud.plotly.com", "cdn.plot.ly", "chart-studio"):
            self.assertNotIn(host, text)
        ways = re.findall(r"\b(?:fetch|window\.open|sendBeacon|WebSocket|EventSource)\(", text)
        self.assertLessEqual(set(ways), {"fetch(", "window.open("})

    def test_the_policy_lets_nothing_out(self) -> None:
        rules = dict(rule.split(" ", 1) for rule in _policy("'sha256-x'").split("; "))
        self.assertEqual(rules["default-src"], "'none'")
        self.assertFalse({"connect-src", "frame-src", "object-src"} & set(rules))
        self.assertNotIn("http", " ".join(rules.values()))


class TestBrowser(Validated):
    browser: chromium.Chromium

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.browser = chromium.Chromium().__enter__()
        cls.addClassCleanup(cls.browser.__exit__, None, None, None)
        cls.browser.open(cls.folder / HTML_FILE)

    def tearDown(self) -> None:
        self.assertEqual(self.browser.problems, [])

    def show(self, selector: str) -> None:
        self.browser.run(f"document.querySelector({selector!r}).scrollIntoView()")

    def test_nothing_leaves_the_page(self) -> None:
        outside = [url for url in self.browser.requests if not url.startswith(("data:", "blob:"))]
        self.assertEqual(set(outside), {(self.folder / HTML_FILE).resolve().as_uri()})

    def test_hostile_words_are_text(self) -> None:
        self.assertIn(HOSTILE, self.browser.run("document.querySelector('.subtitle').textContent"))
        self.assertIn(HOSTILE, self.browser.run("document.title"))
        self.assertIn(
            HOSTILE, self.browser.run("document.querySelector('h3[id=check-0-x]').textContent")
        )

    def test_plots_draw(self) -> None:
        count = self.browser.run("document.querySelectorAll('.plot').length")
        self.assertEqual(count, 3)
        for place in range(count):
            self.browser.run(
                f"document.querySelectorAll('.plot')[{place}].parentElement.scrollIntoView()"
            )
            self.browser.wait(
                f"document.querySelectorAll('.plot')[{place}].querySelector('.xy path')"
            )
        self.assertEqual(self.browser.run("document.querySelectorAll('.drawn').length"), count)
        words = self.browser.run("[...document.querySelectorAll('.plot')].at(-1).textContent")
        self.assertIn("local <b>value</b> (Å²)".lower(), words.lower())

    def test_every_button_is_known(self) -> None:
        self.browser.run("document.querySelector('.plot').parentElement.scrollIntoView()")
        self.browser.wait("document.querySelector('.js-plotly-plot')")
        bar = "document.querySelector('.js-plotly-plot')._context.modeBarButtons.flat()"
        self.assertEqual(
            self.browser.run(f"{bar}.map(b => b.name || b)"),
            ["toImage", "zoom2d", "pan2d", "resetScale2d"],
        )
        own = (
            "[...document.querySelectorAll('button:not(th button)')].map(b => b.textContent.trim())"
        )
        known = {"Turn", "+", "−", "View 1", "View 2", "View 3", "Dark page", "Light page", "Copy"}
        self.assertLessEqual(set(filter(None, self.browser.run(own))), known)
        server = "document.querySelector('.js-plotly-plot')._context.plotlyServerURL"
        self.assertEqual(self.browser.run(server), "")

    def test_slices_move(self) -> None:
        self.show("#explore")
        self.browser.wait("document.querySelector('#slices').dataset.ready")
        picture = "document.querySelector('[data-plane=z] canvas').toDataURL()"
        before = self.browser.run(picture)
        self.browser.run(
            "(() => { const s = document.querySelector('[data-plane=z] input');"
            " s.value = 3; s.dispatchEvent(new Event('input')); })()"
        )
        self.browser.wait(
            "document.querySelector('[data-plane=z] output').textContent === 'Z slice 3'"
        )
        self.assertNotEqual(self.browser.run(picture), before)
        orange = self.browser.run(
            "(() => { const s = document.querySelector('[data-plane=x] canvas');"
            " const p = s.getContext('2d').getImageData(0, 0, s.width, s.height).data; let n = 0;"
            " for (let i = 0; i < p.length; i += 4) n += p[i] > 200 && p[i + 2] < 90;"
            " return n; })()"
        )
        self.assertGreater(orange, 50)  # the outline of the mask

    def test_surface_turns(self) -> None:
        self.show("#explore")
        self.browser.wait("document.querySelector('#slices').dataset.ready")
        self.show("#surface")
        self.browser.wait("document.querySelector('#surface').hidden === false")
        if not self.browser.run("document.querySelector('#surface').dataset.ready"):
            self.skipTest("this Chromium has no WebGL: the surface was not drawn")
        picture = "document.querySelector('#surface canvas').toDataURL()"
        turn = "document.querySelector('#surface canvas').dataset.turn"
        before, angle = self.browser.run(picture), self.browser.run(turn)
        blank = self.browser.run(
            "(() => { const c = document.createElement('canvas'), s = document.querySelector("
            "'#surface canvas'); c.width = s.width; c.height = s.height; const p = "
            "c.getContext('2d'); p.drawImage(s, 0, 0); const d = p.getImageData(0, 0, c.width, "
            "c.height).data; return new Set(Array.from(d)).size; })()"
        )
        self.assertGreater(blank, 30)
        self.browser.run(
            "document.querySelector('#surface canvas').dispatchEvent("
            "new KeyboardEvent('keydown', { key: 'ArrowRight' }))"
        )
        self.browser.wait(f"{turn} !== {angle!r}")
        turned = self.browser.run(picture)
        self.assertNotEqual(turned, before)
        self.browser.run(
            "(() => { const s = document.querySelector('#surface select');"
            " s.value = '0'; s.dispatchEvent(new Event('change')); })()"
        )
        self.browser.wait(f"{picture} !== {turned!r}")
        key = self.browser.run("document.querySelector('.key').textContent")
        self.assertIn("local <b>value</b>".lower(), key.lower())
        self.browser.run("document.querySelector('[data-do=spin]').click()")
        stopped = self.browser.run(turn)
        self.browser.wait(f"{turn} !== {stopped!r}")
        self.browser.run("document.querySelector('[data-do=spin]').click()")

    def test_tables_sort_and_copy(self) -> None:
        self.browser.run("[...document.querySelectorAll('.listing .sort')].at(-1).click()")
        cells = (
            "[...document.querySelectorAll('.listing tbody td:first-child')]"
            ".map(cell => cell.textContent)"
        )
        self.assertEqual(self.browser.run(cells), ["one", "two", "ten"])
        self.browser.run("[...document.querySelectorAll('.listing .sort')].at(-1).click()")
        self.assertEqual(self.browser.run(cells), ["ten", "two", "one"])
        self.assertEqual(self.browser.run("document.querySelectorAll('[aria-sort]').length"), 1)
        self.assertTrue(self.browser.run("!!document.querySelector('.listing .tools button')"))

    def test_links_lead_somewhere(self) -> None:
        dead = self.browser.run(
            "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1))"
            ".filter(id => !document.getElementById(id))"
        )
        self.assertEqual(dead, [])
        offered = self.browser.run(
            "Promise.all([...document.querySelectorAll('a[download]')].map(a => a.href))"
        )
        self.assertEqual(len(offered), 5)  # the report, three plots and a table
        for uri in offered:
            head, content = uri.split(",", 1)
            text = base64.b64decode(content).decode("utf-8")
            if "json" in head:
                self.assertEqual(json.loads(text)["entry"]["title"], HOSTILE)
            else:
                self.assertGreater(len(list(csv.reader(io.StringIO(text)))), 1)

    def test_accessibility_tree(self) -> None:
        nodes = self.browser.send("Accessibility.getFullAXTree")["nodes"]
        named = [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node.get("ignored") and "role" in node
        ]
        nameless = {"image", "button", "link", "slider", "checkbox", "combobox", "heading", "table"}
        self.assertEqual([pair for pair in named if pair[0] in nameless and not pair[1]], [])
        roles = [role for role, _ in named]
        for role in ("main", "banner", "navigation", "heading", "table", "image"):
            self.assertIn(role, roles)

    def test_contrast_of_words(self) -> None:
        """Words on their ground keep 4.5 to 1 in both themes."""
        outcomes = (
            *("ok", "warnings", "failed", "undetermined"),
            *("not-applicable", "not-available"),
        )
        for theme in ("light", "dark"):
            self.browser.run(f"document.documentElement.dataset.theme = {theme!r}")
            style = "getComputedStyle(document.documentElement).getPropertyValue"
            colours = {
                name: self.browser.run(f"{style}('--{name}').trim()")
                for name in (
                    *("paper", "ink", "muted", "accent", "shade"),
                    *outcomes,
                    *(f"{outcome}-fill" for outcome in outcomes),
                )
            }
            pairs = [(n, g) for n in ("ink", "muted", "accent") for g in ("paper", "shade")]
            pairs += [(o, g) for o in outcomes for g in ("paper", f"{o}-fill")]
            for ink, ground in pairs:
                with self.subTest(theme=theme, ink=ink, ground=ground):
                    self.assertGreater(contrast(colours[ink], colours[ground]), 4.5)
        self.browser.run("delete document.documentElement.dataset.theme")

    def test_phone(self) -> None:
        self.addCleanup(self.browser.resize, 1280, 900)
        self.browser.resize(390, 844, mobile=True)
        self.browser.open(self.folder / HTML_FILE)
        width = self.browser.run("document.documentElement.scrollWidth")
        self.assertLessEqual(width, 390)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours such as #0b4f8a (WCAG 2)."""

    def luminance(colour: str) -> float:
        parts = [int(part, 16) / 255 for part in re.findall("..", colour[1:])]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot((0.2126, 0.7152, 0.0722), linear))

    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


if __name__ == "__main__":
    unittest.main()
