"""Batches: the table, rows that fail and rows that do not, going on, the index over all."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from vrs_scipion.batch import Batch, Settings, TableError, read_table, run_batch
from vrs_scipion.batch.budget import Budget
from vrs_scipion.batch.outcome import ROW_FILE, RowOutcome, Status, load_outcome
from vrs_scipion.batch.table import Row
from vrs_scipion.batch.validate_row import command, validate_row
from vrs_scipion.batch.workplace import WorkplaceError, dask_cluster, needed_gb_of, this_machine
from vrs_scipion.checks.levels import LEVELS
from vrs_scipion.folders import HTML_FILE
from vrs_scipion.results import Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.test_entry import blob

NASTY = '<script>alert("1")</script>'


def stand_in(row: Row, folder: Path, _: Settings) -> RowOutcome:
    """Takes the place of a validation where it is not the validation that is tested."""
    title = row.text("title")
    if title == "break":
        raise ArithmeticError("no such number")
    if row.problem:
        return RowOutcome(row=row, status=Status.REFUSED, message=row.problem)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HTML_FILE).write_text(str(time.monotonic_ns()))
    status = Status.INCOMPLETE if title == "incomplete" else Status.COMPLETE
    outcomes = {"0.a": Outcome.OK, "0.b": Outcome.WARNINGS}
    return RowOutcome(row=row, status=status, title=title, passed=1, evaluable=2, outcomes=outcomes)


class BatchTest(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory(prefix="vrs batch ")
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def table(self, *lines: str, name: str = "table.csv") -> Path:
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def summary(self) -> list[dict[str, str]]:
        with (self.folder / "out" / "summary.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


class TestTable(BatchTest):
    def test_rows(self) -> None:
        path = self.table(
            "\ufeffMap;Contour;resolution;title;name",
            "maps/a.map.gz;0.1;3;one;",
            "",
            "EMD-3488;;;;",
            f"{self.folder}/a.mrc;-2e-3;;;",
        )
        first, second, third = read_table(path)
        self.assertEqual(first.map, str(self.folder / "maps" / "a.map.gz"))
        self.assertEqual(
            first.given, {"map": first.map, "contour": 0.1, "resolution": 3.0, "title": "one"}
        )
        self.assertEqual((second.name, second.map, second.problem), ("EMD-3488", "EMD-3488", ""))
        self.assertEqual(second.given, {"map": "EMD-3488"})
        self.assertEqual((first.name, third.name, third.given["contour"]), ("a", "a-2", -0.002))

    def test_half_maps(self) -> None:
        path = self.table(
            "map,contour,half1,half2",
            f"a.mrc,1,halves/h1.mrc,{self.folder}/h 2.mrc",
            "EMD-3488,,h1.mrc,h2.mrc",
        )
        for row in read_table(path):
            self.assertEqual(row.problem, "")
            for key in ("half1", "half2"):
                self.assertTrue(Path(row.text(key)).is_absolute())
            arguments = command(row, self.folder / "out", Settings())
            for key in ("half1", "half2"):
                self.assertIn(f"--{key}={row.given[key]}", arguments)
        first, second = read_table(path)
        self.assertEqual(first.given["half1"], str(self.folder / "halves" / "h1.mrc"))
        self.assertEqual(first.given["half2"], f"{self.folder}/h 2.mrc")
        self.assertEqual(second.given["half1"], str(self.folder / "h1.mrc"))

    def test_rows_that_make_no_sense_stay_in_the_table(self) -> None:
        path = self.table(
            "map,contour,resolution,half1,half2",
            "a.mrc,x,,,",
            "b.mrc,,,,",
            "c.mrc,1,-3,,",
            "d.mrc,1,,h1.mrc,",
            "e.mrc,1,,,,,",
            ",1,,,",
            "f.mrc,nan,,,",
        )
        problems = [row.problem for row in read_table(path)]
        for problem, words in zip(
            problems,
            (
                "line 2: contour 'x' makes no sense",
                "line 3: the recommended contour level is missing",
                "line 4: resolution '-3' makes no sense",
                "line 5: the second half map is missing",
                "line 6 has more cells",
                "line 7 names no map",
                "line 8: contour 'nan' makes no sense",
            ),
            strict=True,
        ):
            self.assertIn(words, problem)

    def test_numbers_as_people_write_them(self) -> None:
        path = self.table(
            "Map;Contour level;Resolution (Å);Voxel size;Remarks",
            "a.mrc;0,35;4,2 Å;0.105 nm;the good one",
            "b.mrc;3sigma;3.2A;1.05 Å/px;",
            "c.mrc;auto;;;",
        )
        told: list[str] = []
        first, second, third = read_table(path, told.append)
        self.assertEqual([row.problem for row in (first, second, third)], ["", "", ""])
        numbers = {"contour": 0.35, "resolution": 4.2, "voxel": 1.05}
        self.assertEqual({key: first.given[key] for key in numbers}, numbers)
        self.assertEqual((second.given["contour"], second.given["voxel"]), ("3 sigma", 1.05))
        self.assertEqual(third.given["contour"], "auto")
        self.assertEqual(told, ["table.csv: of its columns remarks were not used"])

    def test_entries_as_people_write_them(self) -> None:
        address = "https://www.ebi.ac.uk/emdb/EMD-3488?tab=map"
        rows = read_table(self.table("map", "EMD3488", "EMDB-3488", address, "3488"))
        self.assertEqual([row.map for row in rows[:3]], ["EMD-3488"] * 3)
        self.assertIn("did you mean EMD-3488?", rows[3].problem)

    def test_utf_16(self) -> None:
        path = self.folder / "wide.csv"
        for encoding in ("utf-16", "utf-8-sig"):
            path.write_bytes("map;title\na.mrc;Ångström\n".encode(encoding))
            (row,) = read_table(path)
            self.assertEqual(row.text("title"), "Ångström")

    def test_names_are_harmless(self) -> None:
        names = ["../../etc/passwd", "-rf", "a b\\c", "", ".hidden", "CON/x", "x" * 300, "A"]
        rows = read_table(self.table("name,map,contour", *(f"{n},m.mrc,1" for n in names), "a,m,1"))
        for row in rows:
            self.assertRegex(row.name, r"^[A-Za-z0-9][A-Za-z0-9._-]{0,85}$")
        self.assertEqual(len({row.name.lower() for row in rows}), len(rows))

    def test_tables_that_are_none(self) -> None:
        for text, words in (
            ("", "it is empty"),
            ("map,contour\n", "it names no map"),
            ("contour\n1\n", "no column 'map'"),
            ("map,countour\na,1\n", "unknown column countour; did you mean contour?"),
            ("map,map\na,1\n", "twice"),
            ('map,contour\n"a,1\n', "it is no table"),
        ):
            path = self.folder / "bad.csv"
            path.write_text(text)
            with self.assertRaisesRegex(TableError, re.escape(words)):
                read_table(path)
        path.write_bytes(b"\xff\xfe\x00ma")
        with self.assertRaisesRegex(TableError, "no text in UTF-8 or UTF-16"):
            read_table(path)
        with self.assertRaisesRegex(TableError, "cannot be read"):
            read_table(self.folder / "none.csv")

    @settings(max_examples=150, deadline=None)
    @given(st.text(max_size=80), st.booleans())
    def test_any_text_is_a_table_or_one_sentence(self, text: str, headed: bool) -> None:
        path = self.folder / "any.csv"
        path.write_text("map,contour,title\n" * headed + text, encoding="utf-8", newline="")
        try:
            rows = read_table(path)
        except TableError as error:
            self.assertEqual(len(str(error).splitlines()), 1)
        else:
            self.assertTrue(all(re.fullmatch(r"[A-Za-z0-9][\w.-]*", row.name) for row in rows))


class TestRunning(BatchTest):
    def run_rows(self, *lines: str, retry: bool = False) -> list[RowOutcome]:
        rows = read_table(self.table("map,contour,title", *lines))
        batch = Batch(rows, self.folder / "out", retry=retry)
        with this_machine(2, runner=stand_in) as workplace:
            return run_batch(batch, workplace)

    def test_a_row_that_fails_does_not_stop_the_rest(self) -> None:
        outcomes = self.run_rows("a.mrc,1,one", "b.mrc,1,break", "c.mrc,,", f"d.mrc,1,{NASTY}")
        self.assertEqual(
            [o.status for o in outcomes],
            [Status.COMPLETE, Status.FAILED, Status.REFUSED, Status.COMPLETE],
        )
        self.assertEqual(outcomes[1].message, "ArithmeticError: no such number")
        rows = self.summary()
        self.assertEqual([row["status"] for row in rows], [o.status.value for o in outcomes])
        self.assertEqual((rows[0]["0.a"], rows[0]["0.b"]), ("ok", "warnings"))
        page = (self.folder / "out" / "index.html").read_text(encoding="utf-8")
        self.assertNotIn(NASTY, page)
        self.assertEqual(page.count("<tr>"), 5)
        self.assertIn('href="a/report.html"', page)
        self.assertNotIn('href="b/report.html"', page)

    def test_what_is_done_is_not_done_again(self) -> None:
        lines = ("a.mrc,1,one", "b.mrc,1,incomplete", "c.mrc,1,break")
        self.run_rows(*lines)
        written = {n: (self.folder / "out" / n / HTML_FILE).read_text() for n in "ab"}
        self.run_rows(*lines)
        for name, text in written.items():
            self.assertEqual((self.folder / "out" / name / HTML_FILE).read_text(), text)
        self.run_rows("a.mrc,2,one", *lines[1:], retry=True)
        for name, text in written.items():
            self.assertNotEqual((self.folder / "out" / name / HTML_FILE).read_text(), text)

    def test_more_for_a_row_does_it_again(self) -> None:
        rows = read_table(self.table("map,contour,half1,half2", "a.mrc,1,,", "b.mrc,1,,"))
        halves = {"half1": str(self.folder / "h1.mrc"), "half2": str(self.folder / "h2.mrc")}
        more = [rows[0].model_copy(update={"given": rows[0].given | halves}), rows[1]]
        pages = []
        for asked in (rows, more):
            with this_machine(2, runner=stand_in) as workplace:
                run_batch(Batch(asked, self.folder / "out"), workplace)
            pages.append([(self.folder / "out" / n / HTML_FILE).read_text() for n in "ab"])
        before, after = pages
        self.assertNotEqual(before[0], after[0])
        self.assertEqual(before[1], after[1])

    def test_columns_for_what_is_asked_of_the_rows(self) -> None:
        self.run_rows("a.mrc,1,one")
        alone = [name for name in self.summary()[0] if re.fullmatch(r"\w\.\w", name)]
        self.assertEqual(alone, [check.code for check in LEVELS[0].checks])
        rows = read_table(self.table("map,contour,half1,half2", "a.mrc,1,,", "b.mrc,1,h1,h2"))
        with this_machine(2, runner=stand_in) as workplace:
            run_batch(Batch(rows, self.folder / "out"), workplace)
        both = [name for name in self.summary()[0] if re.fullmatch(r"\w\.\w", name)]
        self.assertEqual(both, [*alone, *(check.code for check in LEVELS[1].checks)])

    def test_formulas_stay_text(self) -> None:
        self.run_rows("a.mrc,1,=1+1")
        self.assertEqual(self.summary()[0]["title"], "'=1+1")

    @unittest.skipUnless(importlib.util.find_spec("distributed"), "needs Dask")
    def test_on_dask(self) -> None:
        from distributed import LocalCluster

        rows = read_table(self.table("map,contour", "a.mrc,1", "none.mrc,"))
        with (
            LocalCluster(
                n_workers=1, processes=False, dashboard_address=None, protocol="inproc://"
            ) as cluster,
            dask_cluster(cluster.scheduler_address) as workplace,
        ):
            elsewhere = replace(workplace, runner=stand_in)
            outcomes = run_batch(Batch(rows, self.folder / "out"), elsewhere)
        self.assertEqual([o.status for o in outcomes], [Status.COMPLETE, Status.REFUSED])

    @unittest.skipUnless(importlib.util.find_spec("distributed"), "needs Dask")
    def test_no_scheduler(self) -> None:
        with self.assertRaises(WorkplaceError), dask_cluster("nothing://at-all"):
            self.fail()


class TestOlderVersion(BatchTest):
    """What version 0.1.0 left in the folders of rows."""

    LINES = ("map,contour,resolution,title,half1,half2", "a.mrc,1,3.5,one,,", "b.mrc,-2,,,h1,h2")

    def left(self, **row: object) -> Path:
        """A row that is done, as version 0.1.0 wrote it."""
        flat = {"contour": None, "resolution": None, "voxel": None, "title": ""}
        flat |= {"half1": "", "half2": "", "problem": ""}
        outcome = {
            "row": flat | row,
            "status": "complete",
            "message": "",
            "seconds": 61.5,
            "title": "one",
            "contour": 1.0,
            "resolution": 3.5,
            "passed": 1,
            "evaluable": 2,
            "warnings": 1,
            "outcomes": {"0.a": "ok", "0.b": "warnings"},
        }
        folder = self.folder / "out" / str(row["name"])
        folder.mkdir(parents=True)
        (folder / ROW_FILE).write_text(json.dumps(outcome), encoding="utf-8")
        (folder / HTML_FILE).write_text("<!DOCTYPE html>", encoding="utf-8")
        return folder

    def both_left(self) -> list[Path]:
        halves = {key: str(self.folder / name) for key, name in (("half1", "h1"), ("half2", "h2"))}
        first = {"contour": 1.0, "resolution": 3.5, "title": "one"}
        return [
            self.left(name="a", map=str(self.folder / "a.mrc"), **first),
            self.left(name="b", map=str(self.folder / "b.mrc"), contour=-2.0, **halves),
        ]

    def test_is_understood(self) -> None:
        rows = read_table(self.table(*self.LINES))
        for row, folder in zip(rows, self.both_left(), strict=True):
            found = load_outcome(folder)
            assert found is not None
            self.assertEqual(found.row, row)
            self.assertEqual(
                found,
                RowOutcome(
                    row=row,
                    status=Status.COMPLETE,
                    seconds=61.5,
                    title="one",
                    contour=1.0,
                    resolution=3.5,
                    passed=1,
                    evaluable=2,
                    warnings=1,
                    outcomes={"0.a": Outcome.OK, "0.b": Outcome.WARNINGS},
                ),
            )

    def test_is_not_done_again(self) -> None:
        folders = self.both_left()
        rows = read_table(self.table(*self.LINES))
        with this_machine(2, runner=stand_in) as workplace:
            outcomes = run_batch(Batch(rows, self.folder / "out"), workplace)
        self.assertEqual([outcome.seconds for outcome in outcomes], [61.5, 61.5])
        for folder in folders:
            self.assertEqual((folder / HTML_FILE).read_text(), "<!DOCTYPE html>")
        self.assertEqual([row["status"] for row in self.summary()], ["complete"] * 2)

    def test_other_numbers_are_done_again(self) -> None:
        first, second = self.both_left()
        rows = read_table(self.table(self.LINES[0], "a.mrc,1.5,3.5,one,,", self.LINES[2]))
        with this_machine(2, runner=stand_in) as workplace:
            run_batch(Batch(rows, self.folder / "out"), workplace)
        self.assertNotEqual((first / HTML_FILE).read_text(), "<!DOCTYPE html>")
        self.assertEqual((second / HTML_FILE).read_text(), "<!DOCTYPE html>")

    def test_nonsense_is_none(self) -> None:
        for text in ("{}", "[]", '{"row": 1}', '{"row": {"name": "a", "given": 1}}', "{"):
            (self.folder / ROW_FILE).write_text(text)
            self.assertIsNone(load_outcome(self.folder))


class TestMemory(BatchTest):
    def test_rows_wait_until_there_is_room(self) -> None:
        budget = Budget(4.0)
        used: list[float] = []
        highest = 0.0
        lock = threading.Lock()

        def work(needed: float) -> None:
            nonlocal highest
            with budget.share(needed) as share:
                with lock:
                    used.append(share)
                    highest = max(highest, sum(used))
                time.sleep(0.01)
                with lock:
                    used.remove(share)

        threads = [threading.Thread(target=work, args=(n,)) for n in (1, 3, 2, 9, 2, 1, 4) * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        self.assertFalse(used)
        self.assertLessEqual(highest, 4.0)

    def test_what_a_row_needs_grows_with_its_box(self) -> None:
        path = write(self.folder / "a.mrc.gz", mrc_bytes(blob((64, 64, 64))))
        small = needed_gb_of(Row(name="a", given={"map": str(path), "contour": 1}))
        entry = needed_gb_of(Row(name="b", given={"map": "EMD-3488"}))
        self.assertLess(needed_gb_of(Row(name="c", given={"map": "/none", "contour": 1})), small)
        self.assertLess(small, entry)


class TestOneRow(BatchTest):
    def row(self, **changes: float | str) -> Row:
        path = write(self.folder / "-m 'x\".mrc.gz", mrc_bytes(blob((32, 32, 32))))
        return Row(name="m", given={"map": str(path), "contour": 0.3, "title": NASTY, **changes})

    def test_arguments_are_a_list(self) -> None:
        row = self.row(contour=-1.5, half1="/h 1", half2="/h2", title="-x")
        arguments = command(row, Path("/out put"), Settings(memory_gb=2.5, archive=("--offline",)))
        self.assertEqual(arguments[-2:], ["--", row.map])
        for expected in (
            "--contour=-1.5",
            "--title=-x",
            "--half1=/h 1",
            "--half2=/h2",
            "--out=/out put",
            "--memory=2.5",
            "--offline",
        ):
            self.assertIn(expected, arguments)
        self.assertEqual(sum(words.startswith("--half") for words in arguments), 2)
        self.assertFalse(any(words.startswith(("--map", "--name")) for words in arguments))

    def test_a_time_limit(self) -> None:
        started = time.monotonic()
        outcome = validate_row(self.row(), self.folder / "out", Settings(timeout_s=0.5))
        self.assertLess(time.monotonic() - started, 40)
        self.assertEqual(outcome.status, Status.FAILED)
        self.assertEqual(outcome.message, "it was not ready after 0.5 s")

    def test_a_folder_that_cannot_be_written_to(self) -> None:
        (self.folder / "file").write_text("")
        outcome = validate_row(self.row(), self.folder / "file" / "out", Settings())
        self.assertEqual(outcome.status, Status.FAILED)
        self.assertIn("cannot be written to", outcome.message)


class TestCommand(BatchTest):
    @unittest.skipUnless(
        os.environ.get("VRS_WHOLE_RUNS"), "takes minutes; VRS_WHOLE_RUNS=1 runs it"
    )
    def test_from_the_table_to_the_index(self) -> None:
        write(self.folder / "good.mrc.gz", mrc_bytes(blob((32, 32, 32))))
        self.table("map,contour,title", "good.mrc.gz,0.3,a title", "none.mrc,1,")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SCIPION_")}
        arguments = [sys.executable, "-m", "vrs_scipion.cli", "batch", "table.csv", "--out", "out"]
        for _ in range(2):
            done = subprocess.run(
                [*arguments, "--at-once", "2", "--memory", "4"],
                capture_output=True,
                text=True,
                cwd=self.folder,
                env=environment,
                check=False,
            )
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("1 of 2 maps have a complete report", done.stdout)
        self.assertNotIn("good:", done.stderr)
        self.assertIn("none: refused: none.mrc: there is no such file", done.stderr)
        good = load_outcome(self.folder / "out" / "good")
        assert good is not None
        self.assertEqual((good.status, good.title), (Status.COMPLETE, "a title"))
        refused = subprocess.run(
            [*arguments[:-2], "table.csv2"],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=environment,
            check=False,
        )
        self.assertEqual(refused.returncode, 2)


if __name__ == "__main__":
    unittest.main()
