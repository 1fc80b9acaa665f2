"""The scores of all checks together: joined, as files for other programs, and in the page."""

from __future__ import annotations

import base64
import csv
import json
import re
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import gemmi
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.levels import CHECKS
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.folders import (
    ATTRIBUTES_FILE,
    CHIMERAX_FILE,
    ENTRY,
    HTML_FILE,
    MODEL_FILES,
    RESIDUES_FILE,
    SCORED_MODEL_FILE,
)
from vrs_scipion.models.atomic_model import AtomicModel, Chains, Residues
from vrs_scipion.models.atoms import Atoms
from vrs_scipion.models.labels import Labels
from vrs_scipion.models.score_table import Of
from vrs_scipion.report.build import build_report
from vrs_scipion.report.compile import compile_report
from vrs_scipion.report.document import build_document
from vrs_scipion.report.folder import load_report, place_of
from vrs_scipion.report.html import render_html
from vrs_scipion.report.interactive import as_script_data
from vrs_scipion.report.residue_data import residue_data
from vrs_scipion.report.residue_search import found
from vrs_scipion.report.scores import ModelScores, ScoreColumn, join_scores
from vrs_scipion.results import CheckResult, Engine, Outcome
from vrs_scipion.results.files import load_result, save_result
from vrs_scipion.results.model import Score
from vrs_scipion.tests import chromium
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.small_models import add_residue, helices, mmcif
from vrs_scipion.tests.test_entry import blob
from vrs_scipion.tests.test_report import CREATED

HOSTILE = '"><script>alert(1)</script>'
RESIDUES = 12
"""Of each of the two helices; a haem and a water come after them."""


def scored_model() -> gemmi.Structure:
    """Two helices, the second of a hostile name, a haem and a water, one atom in two places."""
    structure = helices(RESIDUES, 2)
    add_residue(structure, "HEM", [("FE", "Fe"), ("NA", "N")], number=201)
    add_residue(structure, "HOH", [("O", "O")], number=301)
    for one, label in zip(structure[0]["a"][2], "AB", strict=False):
        one.altloc = label
    structure[0]["b"].name = HOSTILE
    structure.setup_entities()
    structure.assign_label_seq_id()
    return structure


def prepared(folder: Path, text: str) -> Entry:
    path = write(folder / "map.mrc", mrc_bytes(blob()))
    (folder / "model.cif").write_text(text)
    request = Request.of(map=path, contour=0.3, resolution=4.0, model=folder / "model.cif")
    return prepare(request, folder / ENTRY)


def leave(
    entry: Entry, folder: Path, code: str, scores: dict[str, np.ndarray], **more: Any
) -> None:
    """Leave scores of residues and atoms as the result of a check."""
    out = folder / place_of(code)
    out.mkdir(parents=True, exist_ok=True)
    found = Findings(Task(CHECKS["A.a"], entry, out, {}))
    for key, values in scores.items():
        of: Of = "residues" if len(values) == len(entry.model().residues) else "atoms"
        reach = None if values.dtype.kind == "U" else (0.0, 1.0)
        found.score(key, values, key.upper(), f"the {key} of <it>", of=of, reach=reach)
    found.write_scores()
    result = CheckResult(
        code=code,
        name="Scores",
        outcome=Outcome.OK,
        inputs=entry.used(("map", "model")),
        engine=Engine(name="builtin", version="1"),
        scores=tuple(found.scores),
    )
    save_result(result, out)


def some_scores(model: AtomicModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A number and a word of each residue and a number of each atom; some have none."""
    cc = np.linspace(0.05, 0.95, len(model.residues))
    cc[3] = np.nan
    rama = np.full(len(cc), "favoured")
    rama[[5, 6]], rama[7], rama[-2:] = "allowed", "outlier", ""
    q = np.linspace(-0.2, 0.9, len(model))
    q[model.hydrogens | (np.arange(len(model)) == 1)] = np.nan
    return cc, rama, q


class Scored(unittest.TestCase):
    folder: Path
    entry: Entry

    @classmethod
    def setUpClass(cls) -> None:
        kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(kept.cleanup)
        cls.folder = Path(kept.name)
        cls.entry = prepared(cls.folder, mmcif(scored_model()))
        cc, rama, q = some_scores(cls.entry.model())
        leave(cls.entry, cls.folder, "A.a", {"cc": cc, "q": q})
        leave(cls.entry, cls.folder, "A.x", {"rama": rama})
        build_report(cls.folder, CREATED)

    def results(self) -> list[tuple[CheckResult, Path]]:
        places = [self.folder / place_of(code) for code in ("A.x", "A.a")]
        return [(load_result(place), place) for place in places]


class TestJoined(Scored):
    def test_in_the_order_of_the_report(self) -> None:
        scores = join_scores(self.entry, self.results())
        assert scores is not None
        self.assertEqual([column.score.key for column in scores.columns], ["cc", "q", "rama"])
        self.assertEqual([column.check for column in scores.columns], ["A.a", "A.a", "A.x"])
        cc, rama, _ = some_scores(self.entry.model())
        np.testing.assert_allclose(scores.columns[0].values, cc, rtol=1e-4)
        self.assertEqual(scores.columns[2].values.tolist(), rama.tolist())
        self.assertEqual(scores.columns[2].words, ("favoured", "allowed", "outlier"))

    def test_what_is_damaged_is_left_out(self) -> None:
        results = self.results()
        folder = self.folder / "damaged"
        for content in ("", "chain\nA\n", "cc\n0.1\n", "cc\nx\n", "cc,\n\n"):
            folder.mkdir(exist_ok=True)
            (folder / RESIDUES_FILE).write_text(content)
            scores = join_scores(self.entry, [(results[1][0], folder)])
            self.assertIsNone(scores, content)
        self.assertIsNone(join_scores(self.entry, []))
        self.assertIsNone(join_scores(Entry({}), results))

    def test_two_checks_with_one_name(self) -> None:
        (_, _), (result, folder) = self.results()
        other = result.model_copy(update={"code": "A.x"})
        scores = join_scores(self.entry, [(result, folder), (other, folder)])
        assert scores is not None
        keys = [column.score.key for column in scores.columns]
        self.assertEqual(keys, ["cc", "q", "cc_residue", "q_atom"])
        third = result.model_copy(update={"code": "A.y"})
        scores = join_scores(self.entry, [(r, folder) for r in (result, other, third)])
        assert scores is not None
        self.assertEqual([c.score.key for c in scores.columns][4:], ["cc_a_y", "q_a_y"])


class TestFiles(Scored):
    def text(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    def test_one_table_of_residues(self) -> None:
        rows = list(csv.DictReader(self.text(RESIDUES_FILE).splitlines()))
        cc, rama, _ = some_scores(self.entry.model())
        self.assertEqual(list(rows[0])[-2:], ["cc", "rama"])
        self.assertEqual([row["rama"] for row in rows], rama.tolist())
        self.assertEqual(rows[3]["cc"], "")
        read = [float(row["cc"] or "nan") for row in rows]
        np.testing.assert_allclose(read, cc, rtol=1e-4)
        self.assertEqual({row["chain"] for row in rows}, {"a", HOSTILE})

    def test_the_model_with_a_column_of_each_score(self) -> None:
        block = gemmi.cif.read(str(self.folder / SCORED_MODEL_FILE))[0]
        model = self.entry.model()
        cc, rama, q = some_scores(model)
        for tag, values in (("cc", cc[model.residue]), ("q", q)):
            words = list(block.find_loop(f"_atom_site.vrs_{tag}"))
            read = [float(word) if word != "." else np.nan for word in words]
            np.testing.assert_allclose(read, values, rtol=1e-4)
        words = [gemmi.cif.as_string(word) for word in block.find_loop("_atom_site.vrs_rama")]
        self.assertEqual(words, rama[model.residue].tolist())
        again = gemmi.read_structure(str(self.folder / SCORED_MODEL_FILE))
        places = [site.atom.pos.tolist() for site in again[0].all()]
        np.testing.assert_allclose(places, model.atoms.positions, atol=2e-3)

    def test_atoms_in_any_order(self) -> None:
        """Chains in pieces, a second model, atoms without a place: each score at its atom."""
        structure = helices(4, 2)
        second = structure[0].clone()
        second.num = 2
        structure.add_model(second)
        document = structure.make_mmcif_document()
        table = document[0].find_mmcif_category("_atom_site.")
        place = {name: number for number, name in enumerate(table.tags)}
        rows = [list(row) for row in table]
        half = len(rows) // 2
        shuffled = [*rows[0:half:2], *rows[1:half:2], *rows[half:]]
        for number, row in enumerate(shuffled):
            for column, word in enumerate(row):
                table[number][column] = word
            table[number][place["_atom_site.id"]] = str(number + 1)
        table[4][place["_atom_site.Cartn_x"]] = "nan"
        folder = self.folder / "shuffled"
        folder.mkdir()
        entry = prepared(folder, document.as_string())
        model = entry.model()
        leave(entry, folder, "A.a", {"b": model.atoms.b_factors + 0.125})
        build_report(folder, CREATED)
        block = gemmi.cif.read(str(folder / SCORED_MODEL_FILE))[0]
        found = block.find("_atom_site.", ["vrs_b", "B_iso_or_equiv", "pdbx_PDB_model_num", "id"])
        self.assertEqual([row[3] for row in found], [str(n + 1) for n in range(len(rows))])
        scored = [row for row in found if row[0] != "."]
        self.assertEqual(len(scored), half - 1)
        self.assertEqual({row[2] for row in scored}, {"1"})
        for site in scored:
            self.assertAlmostEqual(float(site[0]), float(site[1]) + 0.125, places=2)
        self.assertIn("#9.1/a:1@", (folder / ATTRIBUTES_FILE).read_text())

    def test_attributes_as_chimerax_reads_them(self) -> None:
        lines = self.text(ATTRIBUTES_FILE).splitlines()
        control = [line for line in lines if re.match(r"[a-z]", line)]
        self.assertEqual(control[::2], [f"attribute: vrs_{key}" for key in ("cc", "q", "rama")])
        of = [line.removeprefix("recipient: ") for line in control[1::2]]
        self.assertEqual(of, ["residues", "atoms", "residues"])
        given = [line for line in lines if line.startswith("\t")]
        for line in given:
            self.assertRegex(line, r'^\t#9/a:\d+(@[A-Z]+)?\t(-?[\d.e-]+|"[a-z]+")$')
        self.assertIn("\t#9/a:201@FE\t", "\n".join(given))
        self.assertIn(f"# Residues that cannot be named here, left out: {RESIDUES}", lines)
        self.assertEqual(len([line for line in given if "#9/a:3@" in line]), 4)  # one conformer

    def test_commands_of_chimerax(self) -> None:
        lines = self.text(CHIMERAX_FILE).splitlines()
        self.assertEqual(lines[1], 'open "entry/map/map.mrc" format mrc')
        opened = [line.split('"')[1] for line in lines if line.startswith("open ")]
        self.assertEqual(opened[1:], [SCORED_MODEL_FILE, ATTRIBUTES_FILE])
        for name in opened:
            self.assertTrue((self.folder / name).is_file())
        colouring = [line for line in lines if re.match(r"(# )?color (byattribute|#9::)", line)]
        self.assertTrue(colouring[0].startswith("color byattribute r:vrs_cc #9 palette 0,#a50f15:"))
        self.assertTrue(colouring[1].startswith("# color byattribute a:vrs_q #9 palette"))
        self.assertEqual(colouring[2], '# color #9::vrs_rama="favoured" #08519c')
        self.assertEqual(colouring[-1], '# color #9::vrs_rama="outlier" #a50f15')

    def test_the_report_names_them(self) -> None:
        report = load_report(self.folder)
        assert report.model_scores is not None
        self.assertEqual({one.file for one in report.model_scores.files}, set(MODEL_FILES))
        named = [(one.check, one.key, one.of) for one in report.model_scores.scores]
        expected = [("A.a", "cc", "residues"), ("A.a", "q", "atoms"), ("A.x", "rama", "residues")]
        self.assertEqual(named, expected)
        page = (self.folder / HTML_FILE).read_text("utf-8")
        for name in MODEL_FILES:
            self.assertIn(f'<a href="{name}">{name}</a>', page)

    def test_old_ones_do_not_stay(self) -> None:
        folder = self.folder / "old"
        folder.mkdir()
        entry = prepared(folder, mmcif(scored_model()))
        leave(entry, folder, "A.a", {"cc": some_scores(entry.model())[0]})
        build_report(folder, CREATED)
        self.assertTrue(all((folder / name).is_file() for name in MODEL_FILES))
        leave(entry, folder, "A.a", {})
        build_report(folder, CREATED)
        self.assertFalse(any((folder / name).exists() for name in MODEL_FILES))
        self.assertIsNone(load_report(folder).model_scores)
        self.assertNotIn('id="residues-view"', (folder / HTML_FILE).read_text("utf-8"))


def large_model(count: int) -> AtomicModel:
    """A model of one atom for each residue, on a line, in chains of a thousand."""
    numbers = np.arange(count)
    names = np.array([f"C{n}" for n in range(-(-count // 1000))])
    chain = numbers // 1000
    labels = Labels(
        chains=names[chain],
        numbers=numbers % 1000 + 1,
        insertions=np.full(count, ""),
        residues=np.full(count, "ALA"),
        names=np.full(count, "CA"),
        altlocs=np.full(count, ""),
    )
    positions = np.stack([numbers % 30.0, numbers // 30 % 30.0, numbers // 900 % 30.0], axis=1)
    atoms = Atoms(positions, ("C",) * count, np.zeros(count), np.ones(count), labels)
    residues = Residues(
        names=labels.residues,
        insertions=labels.insertions,
        numbers=labels.numbers,
        kinds=np.full(count, "protein"),
        chains=chain,
        positions=labels.numbers,
    )
    kinds = np.full(len(names), "protein")
    chains = Chains(labels=names, names=names, entities=kinds, kinds=kinds)
    return AtomicModel(atoms, np.zeros((count, 6), np.float32), numbers, residues, chains)


def large_scores(count: int, scores: int) -> ModelScores:
    model, rng = large_model(count), np.random.default_rng(2)
    columns = []
    for number in range(scores):
        about = Score(key=f"s{number}", label=f"S{number}", description="it", worst=0, best=1)
        columns.append(ScoreColumn(about, "A.a", rng.normal(0.6, 0.2, count)))
    return ModelScores(model, tuple(columns))


class TestData(unittest.TestCase):
    def unpacked(self, score: dict[str, Any]) -> np.ndarray:
        steps = np.frombuffer(base64.b64decode(score["values"]), "<u2").astype(float)
        values = score["low"] + (steps - 1) / 65534 * (score["high"] - score["low"])
        return np.where(steps > 0, values, np.nan)

    def test_twenty_thousand_residues_are_light(self) -> None:
        scores = large_scores(20_000, 10)
        data = residue_data(scores, (0, 0, 0))
        self.assertLess(len(as_script_data(data)), 1_000_000)
        for column, score in zip(scores.columns, data["scores"], strict=True):
            self.assertLess(np.abs(self.unpacked(score) - column.values).max(), 2e-5)

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=1, max_size=9))
    def test_values_come_back(self, values: list[float]) -> None:
        given_, model = np.array(values), large_model(len(values))
        about = Score(key="s", label="S", description="it", worst=0, best=1)
        scores = ModelScores(model, (ScoreColumn(about, "A.a", given_),))
        data = json.loads(as_script_data(residue_data(scores, (0, 0, 0))))
        (score,) = data["scores"]
        read = self.unpacked(score)
        np.testing.assert_array_equal(np.isnan(read), np.isnan(given_))
        span = score["high"] - score["low"]
        np.testing.assert_allclose(read, given_, atol=span / 60_000, rtol=1e-9)

    def test_counts_have_no_fraction(self) -> None:
        model = large_model(3)
        about = Score(key="s", label="S", description="it", worst=4, best=0)
        columns = [ScoreColumn(about, "A.a", np.array(v)) for v in ([0.0, 4, np.nan], [0.5, 4, 1])]
        data = residue_data(ModelScores(model, tuple(columns)), (0, 0, 0))
        self.assertEqual([score["digits"] for score in data["scores"]], [0, 2])

    def test_places_are_those_of_the_map(self) -> None:
        scores = large_scores(2000, 1)
        data = residue_data(scores, (3.0, 2.0, 1.0))
        steps = np.frombuffer(base64.b64decode(data["places"]), "<u2").reshape(-1, 3)
        places = data["origin"] + data["step"] * steps
        expected = scores.model.atoms.positions - np.array([1, 2, 3])
        np.testing.assert_allclose(places, expected, atol=1e-3)

    def test_what_is_looked_for(self) -> None:
        scores = large_scores(3000, 1)
        for words, count in (
            ("", 3000),
            ("c1", 1000),
            ("C1 10-19", 10),
            ("17", 3),
            ("ala,prot", 3000),
            ("gly", 0),
        ):
            self.assertEqual(np.count_nonzero(found(scores, words)), count, words)


@unittest.skipIf(chromium.PROGRAM is None, "Chromium is not here: the page was not looked at")
class TestBrowser(Scored):
    browser: chromium.Chromium

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.browser = chromium.Chromium().__enter__()
        cls.addClassCleanup(cls.browser.__exit__, None, None, None)
        cls.open(cls.folder / HTML_FILE)

    @classmethod
    def open(cls, page: Path) -> None:
        cls.browser.open(page)
        cls.browser.run("document.querySelector('#residues').scrollIntoView()")
        cls.browser.wait("document.querySelector('#residues-view').dataset.ready")

    def tearDown(self) -> None:
        self.assertEqual(self.browser.problems, [])
        self.find("")
        self.browser.run("document.querySelector('.sheet .sort').click()")
        self.choose_from("chain", "a")
        self.choose_from("score", "0")

    def choose_from(self, name: str, value: str) -> None:
        self.browser.run(
            f"(() => {{ const list = document.querySelector('[data-do={name}]');"
            f" list.value = '{value}'; list.dispatchEvent(new Event('change')); }})()"
        )

    def rows(self) -> list[list[str]]:
        cells: list[list[str]] = self.browser.run(
            "[...document.querySelectorAll('.sheet tbody tr:not(.gap)')]"
            ".map(row => [...row.children].map(cell => cell.textContent))"
        )
        return cells

    def press(self, key: str) -> None:
        code = {"Enter": 13, "ArrowDown": 40, "ArrowRight": 39, "End": 35, "Home": 36}[key]
        for kind in ("keyDown", "keyUp"):
            self.browser.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **({"text": "\r"} if key == "Enter" and kind == "keyDown" else {}),
            )

    def focus(self, selector: str) -> None:
        self.browser.run(f"document.querySelector({selector!r}).focus()")

    def said(self) -> str:
        said: str = self.browser.run(
            "document.querySelector('.said').textContent + ' ' +"
            " document.querySelector('.of-residue').textContent"
        )
        return said

    def test_sorted_by_keyboard(self) -> None:
        heads = "document.querySelectorAll('.sheet thead th')"
        names = self.browser.run(f"[...{heads}].map(head => head.textContent)")
        self.assertEqual(names, ["Residue", "Name", "CC", "RAMA"])
        self.browser.run(f"{heads}[2].querySelector('button').focus()")
        self.press("Enter")
        self.assertEqual(self.browser.run(f"{heads}[2].getAttribute('aria-sort')"), "ascending")
        self.assertEqual(self.rows()[0][:3], ["a 1", "ALA", "0.050"])
        self.press("Enter")
        self.assertEqual(self.browser.run(f"{heads}[2].getAttribute('aria-sort')"), "descending")
        self.assertEqual(self.rows()[0][2], "0.950")
        self.assertEqual(self.browser.run("document.querySelectorAll('[aria-sort]').length"), 1)
        self.browser.run("document.querySelector('.sheet').scrollTop = 1e6")
        self.browser.wait(
            "[...document.querySelectorAll('.sheet tbody tr')].at(-2).textContent.includes('–')"
        )

    def test_hostile_names_and_words_are_text(self) -> None:
        chains = self.browser.run(
            "[...document.querySelectorAll('[data-do=chain] option')].map(one => one.value)"
        )
        self.assertEqual(set(chains), {"a", HOSTILE})
        self.assertEqual(self.browser.run("document.querySelectorAll('.sheet script').length"), 0)
        self.find(HOSTILE)
        self.assertEqual(len(self.rows()), RESIDUES)

    def find(self, words: str) -> None:
        self.browser.run(
            "(() => { const field = document.querySelector('[data-do=find]');"
            f" field.value = {json.dumps(words)}; field.dispatchEvent(new Event('input')); }})()"
        )

    def test_found_by_words(self) -> None:
        for words, count in (
            ("a", RESIDUES + 2),
            ("2-4 a", 3),
            ("outlier", 1),
            ("hem", 1),
            ("water", 1),
            ("x", 0),
        ):
            self.find(words)
            self.assertEqual(len(self.rows()), count, words)
        total = 2 * RESIDUES + 2
        count = self.browser.run("document.querySelector('[data-is=count]').textContent")
        self.assertEqual(count, f"0 of {total} residues")

    def test_a_residue_is_chosen_everywhere(self) -> None:
        picture = "document.querySelector('.place canvas').toDataURL()"
        plot = "document.querySelector('.along').toDataURL()"
        before, plotted = self.browser.run(picture), self.browser.run(plot)
        self.browser.run("document.querySelector('#residue-7').click()")
        self.assertIn("a/ALA 8 (protein)", self.said())
        self.assertIn("RAMA outlier (the rama of <it>): so are 1 of 24.", self.said())
        self.assertIn("7th from the worst of 25.", self.said())
        self.assertNotEqual(self.browser.run(plot), plotted)
        if self.browser.run("document.querySelector('.place').dataset.ready"):
            self.browser.wait(f"{picture} !== {json.dumps(before)}")
        chosen = "document.querySelector('[aria-selected=true]').id"
        self.assertEqual(self.browser.run(chosen), "residue-7")
        self.focus(".sheet table")
        self.press("ArrowDown")
        self.assertEqual(self.browser.run(chosen), "residue-8")
        active = "document.querySelector('.sheet table').getAttribute('aria-activedescendant')"
        self.assertEqual(self.browser.run(active), "residue-8")
        self.focus(".along")
        self.press("ArrowRight")
        self.assertEqual(self.browser.run(chosen), "residue-9")
        self.choose_last()
        self.assertIn("): the best of 25.", self.said())
        self.press("Home")
        self.browser.run("document.querySelector('#residue-3').click()")
        self.assertIn("CC: none for this residue.", self.said())

    def choose_last(self) -> None:
        self.focus(".sheet table")
        self.press("End")

    def test_the_plot_leads_to_the_table(self) -> None:
        self.browser.run(
            "(() => { const plot = document.querySelector('.along'), box ="
            " plot.getBoundingClientRect(); plot.dispatchEvent(new MouseEvent('click', { clientX:"
            " box.right - 11, clientY: box.top + 20 })); })()"
        )
        self.assertIn("a/HOH 301 (water)", self.said())
        label = self.browser.run("document.querySelector('.along').getAttribute('aria-label')")
        self.assertTrue(label.startswith("CC along chain a"))
        self.choose_from("score", "1")
        points = self.browser.run("document.querySelector('.along').dataset.points")
        self.assertEqual(points, str(RESIDUES + 2))
        key = self.browser.run("document.querySelector('.place .key').textContent")
        self.assertIn("favoured, allowed, outlier", key)

    def test_everything_has_a_name(self) -> None:
        nodes = self.browser.send("Accessibility.getFullAXTree")["nodes"]
        wanted = {"combobox", "searchbox", "grid", "application", "button", "checkbox"}
        unnamed = [
            node["role"]["value"]
            for node in nodes
            if not node.get("ignored")
            and node.get("role", {}).get("value") in wanted
            and not node.get("name", {}).get("value")
        ]
        self.assertEqual(unnamed, [])

    def test_on_a_phone_and_in_the_dark(self) -> None:
        self.addCleanup(self.browser.resize, 1280, 900)
        self.browser.resize(390, 844, mobile=True)
        self.assertLessEqual(self.browser.run("document.documentElement.scrollWidth"), 390)
        plot = "document.querySelector('.along').toDataURL()"
        light = self.browser.run(plot)
        self.browser.run("document.querySelector('#theme').click()")
        self.assertNotEqual(self.browser.run(plot), light)

    def test_twenty_thousand_residues(self) -> None:
        results = self.results()
        scores = large_scores(20_000, 10)
        report = compile_report(
            self.entry, [result for result, _ in results], created=CREATED, scores=scores
        )
        with mock.patch("vrs_scipion.report.html.surface_data", return_value=None):
            page = render_html(build_document(report), {}, entry=self.entry, scores=scores)
        file = self.folder / "large.html"
        file.write_text(page, "utf-8")
        self.open(file)
        self.assertLess(len(self.rows()), 80)
        self.assertEqual(
            self.browser.run(
                "document.querySelector('.sheet table').getAttribute('aria-rowcount')"
            ),
            "20001",
        )
        self.browser.run("document.querySelectorAll('.sheet .sort')[3].click()")
        self.browser.run("document.querySelector('.sheet').scrollTop = 300000")
        self.browser.wait(
            "Number(document.querySelector('.sheet tr:nth-child(2)').ariaRowIndex) > 5000"
        )
        self.assertLess(len(self.rows()), 80)
        values = [float(row[3]) for row in self.rows()]
        self.assertEqual(values, sorted(values))
        self.browser.run("document.querySelectorAll('.sheet tbody tr')[4].click()")
        self.assertIn("of 20,000.", self.said())
        self.open(self.folder / HTML_FILE)


if __name__ == "__main__":
    unittest.main()
