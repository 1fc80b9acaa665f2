"""The viewers of the protocols: what their forms say, and what their buttons open."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from pwem.objects import FSC, Volume
from pyworkflow.config import Config
from pyworkflow.viewer import DESKTOP_TKINTER

from vrs_scipion.checks.levels import CHECKS
from vrs_scipion.entry.inputs import INPUTS
from vrs_scipion.methods.fsc import crossings
from vrs_scipion.protocols import (
    VrsProtGlobalResolution,
    VrsProtLookAtHalfMaps,
    VrsProtLookAtMap,
    VrsProtMask,
    VrsProtMass,
    VrsProtPrepare,
    VrsProtPrepareHalfMaps,
    VrsProtReport,
    VrsProtValidate,
)
from vrs_scipion.results import CheckResult, Engine, Outcome
from vrs_scipion.results.model import Score
from vrs_scipion.tests.screenshots import wanted_screenshot
from vrs_scipion.tests.test_protocols import VOXEL, ProtocolTest
from vrs_scipion.viewers import (
    VrsCheckOutcomeViewer,
    VrsCheckViewer,
    VrsEntryViewer,
    VrsImportMapViewer,
    VrsPrepareViewer,
    VrsReportObjectViewer,
    VrsReportViewer,
    VrsVolumeViewer,
)
from vrs_scipion.viewers.form_viewer import VrsFormViewer
from vrs_scipion.windows.pages import NO_CHIMERAX
from vrs_scipion.windows.results_folder import locate, read_contents
from vrs_scipion.wizards import VrsResolutionWizard, VrsVoxelSizeWizard

_FIND_CHIMERAX = "vrs_scipion.figures.isosurface.engine_chimerax.find_chimerax"

_FORM = """
import os, subprocess, sys
from pathlib import Path
from vrs_scipion.machine.scipion_environment import configure
home, name, run, *screenshot = sys.argv[1:]
configure(Path(home))
from pyworkflow.project import Project
import pyworkflow.gui.project
from pyworkflow.config import Config
from pyworkflow.viewer import DESKTOP_TKINTER

project = Project(Config.getDomain(), name)
project.load(dbPath=os.path.join(name, "project.sqlite"))
os.chdir(name)
protocol = project.getProtocol(int(run))
(viewer, *_) = Config.getDomain().findViewers(protocol, DESKTOP_TKINTER)
shown = viewer(project=project, protocol=protocol)
real = pyworkflow.gui.form.FormWindow.show

def show(window, *args, **kwargs):
    def look():
        window.root.update()
        if screenshot:
            subprocess.run(["import", "-window", "root", *screenshot])
        print(window.root.winfo_reqwidth(), window.root.winfo_reqheight(), flush=True)
        os._exit(0)

    window.root.after(1500, look)
    return real(window, *args, **kwargs)

import pyworkflow.gui.form
pyworkflow.gui.form.FormWindow.show = show
shown.visualize(protocol)
"""


def text(viewer: Any, name: str) -> str:
    return str(viewer._definition.getParam(name).default.get())


GIVEN = {"map", "half_maps"}
"""Keys of the inputs of the tests with half maps."""


class ViewerTest(ProtocolTest):
    """Forms of viewers, and what their buttons start."""

    def form(self, kind: type, protocol: Any) -> Any:
        """A viewer as it is when its form has been opened."""
        viewer = kind(project=self.proj, protocol=protocol)
        viewer.setProtocol(protocol)
        viewer._tell = mock.Mock()
        return viewer

    def press(self, viewer: Any, name: str) -> list[str]:
        """Press a button of the form; the words of the windows that it started."""
        with mock.patch("vrs_scipion.viewers.views.start") as start:
            for view in viewer._getVisualizeDict()[name](name):
                view.show()
        return [str(word) for call in start.call_args_list for word in call.args[0]]

    def started(self, kind: type, target: Any, protocol: Any) -> list[str]:
        """The words of the window that the viewer of an object starts."""
        viewer = kind(project=self.proj, protocol=protocol)
        with mock.patch("vrs_scipion.viewers.views.start") as start:
            viewer.visualize(target)
        return [str(word) for word in start.call_args.args[0]]

    def entry_in(self, words: list[str]) -> dict[str, Path]:
        """The prepared inputs that the words of a window name."""
        given = [words[i + 1] for i, word in enumerate(words) if word == "--entry"]
        return {key: Path(path) for key, path in (one.split("=", 1) for one in given)}

    def drawn(self, protocol: Any, name: str) -> tuple[int, int]:
        arguments = [os.environ["SCIPION_USER_DATA"], str(self.proj.path), str(protocol.getObjId())]
        arguments += wanted_screenshot(f"form_{name}.png")
        screen = ("xvfb-run", "-a", "-s", "-screen 0 1280x720x24")
        done = subprocess.run(
            [*screen, sys.executable, "-c", _FORM, *arguments],
            capture_output=True,
            text=True,
            timeout=300,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        width, height = done.stdout.split()[-2:]
        return int(width), int(height)


class TestViewers(ViewerTest):
    """Of a map that was imported, prepared, checked and reported."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        test = cls()
        cls.imported = test.import_map()
        cls.prepared = test.prepare(cls.imported)
        cls.mass = test.launchProtocol(test.check(VrsProtMass, cls.prepared))
        cls.reported = test.report(cls.prepared, [cls.mass])

    # ----------------------------------------------------------------- forms

    def test_every_protocol_has_its_viewer(self) -> None:
        find = Config.getDomain().findViewers
        for protocol, kind in (
            (self.imported, VrsImportMapViewer),
            (self.prepared, VrsPrepareViewer),
            (self.mass, VrsCheckViewer),
            (self.reported, VrsReportViewer),
            (self.newProtocol(VrsProtValidate), VrsReportViewer),
            (self.newProtocol(VrsProtPrepareHalfMaps), VrsPrepareViewer),
            (self.newProtocol(VrsProtLookAtMap), VrsCheckViewer),
            (self.newProtocol(VrsProtGlobalResolution), VrsCheckViewer),
        ):
            self.assertIs(find(protocol, DESKTOP_TKINTER)[0], kind)
        self.assertIs(find(self.mass.outputOutcome, DESKTOP_TKINTER)[0], VrsCheckOutcomeViewer)
        self.assertIs(find(self.reported.outputReport, DESKTOP_TKINTER)[0], VrsReportObjectViewer)
        self.assertIs(find(self.prepared.outputEntry, DESKTOP_TKINTER)[0], VrsEntryViewer)
        self.assertIn(VrsVolumeViewer, find(Volume(), DESKTOP_TKINTER))

    def test_a_check_shows_outcome_criteria_and_numbers(self) -> None:
        viewer = self.form(VrsCheckViewer, self.mass)
        self.assertIn("0.a Mass analysis", text(viewer, "text_outcome"))
        self.assertIn("The largest decentering should be below", text(viewer, "text_criteria"))
        self.assertIn("space before the mask along X", text(viewer, "text_numbers"))

    def test_a_check_that_was_not_run_says_so(self) -> None:
        protocol = self.check(VrsProtMask, self.prepared)
        self.proj.saveProtocol(protocol)
        viewer = self.form(VrsCheckViewer, protocol)
        self.assertIn("not started", text(viewer, "text_outcome"))

    def test_a_check_without_a_result_says_why(self) -> None:
        protocol = self.check(VrsProtMask, self.prepared)
        self.proj.saveProtocol(protocol)
        for status, words in (
            ("scheduled", "waits for its turn"),
            ("launched", "waits for its turn"),
            ("running", "running"),
            ("aborted", "stopped before"),
            ("finished", "missing"),
        ):
            protocol.setStatus(status)
            viewer = self.form(VrsCheckViewer, protocol)
            self.assertIn(words, text(viewer, "text_outcome"))
        protocol.setFailed("no memory")
        viewer = self.form(VrsCheckViewer, protocol)
        self.assertIn(
            "failed before it could leave a result. no memory", text(viewer, "text_outcome")
        )

    def test_volumes_have_a_page_of_their_own(self) -> None:
        sections = list(self.form(VrsCheckViewer, self.mass)._definition.iterSections())
        self.assertEqual(str(sections[-1].label), "Results")
        protocol = self.newProtocol(VrsProtValidate)
        with mock.patch.object(
            protocol, "iterOutputAttributes", return_value=[("outputHardMask", Volume())]
        ):
            viewer = self.form(VrsReportViewer, protocol)
            form = viewer._definition
            viewer._addVolumeSection(form, self.folder, None, ())
        self.assertEqual(str(list(form.iterSections())[-1].label), "Volumes")
        self.assertIn("hard mask", str(form.getParam("open_outputHardMask").label))

    def test_boxes_of_text_share_the_height(self) -> None:
        viewer = self.form(VrsCheckViewer, self.mass)
        names = ("text_outcome", "text_criteria", "text_numbers")
        rows = [viewer._definition.getParam(name).height for name in names]
        self.assertLessEqual(sum(rows), 17)
        self.assertGreaterEqual(min(rows), 2)

    def test_the_report_lists_every_check(self) -> None:
        viewer = self.form(VrsReportViewer, self.reported)
        label = str(viewer._definition.getParam("check_0_a").label)
        self.assertIn("0.a Mass analysis", label)
        self.assertIn("blob.map.gz", text(viewer, "text_outcome"))
        self.assertIsNone(viewer._definition.getParam("check_map"))

    # ----------------------------------------------------------------- buttons

    def test_windows_start_in_processes_of_their_own(self) -> None:
        words = self.press(self.form(VrsCheckViewer, self.mass), "window_slices")
        self.assertEqual(words[:3], [sys.executable, "-m", "vrs_scipion.windows.show"])
        self.assertTrue((Path(words[3]) / "result.json").is_file())
        (given,) = self.entry_in(words).items()
        self.assertEqual(given[0], "map")
        self.assertTrue((given[1] / "record.json").is_file())
        self.assertEqual(words[words.index("--pane") + 1], "slices")
        self.assertNotIn("--pid", words)

    def test_a_check_of_the_report_opens_there(self) -> None:
        words = self.press(self.form(VrsReportViewer, self.reported), "check_0_a")
        self.assertTrue((Path(words[3]) / "report.json").is_file())
        self.assertEqual(words[words.index("--check") + 1], "0.a")

    def test_the_page_and_the_pdf_open_outside(self) -> None:
        viewer = self.form(VrsReportViewer, self.reported)
        with mock.patch("vrs_scipion.viewers.views.open_page") as page:
            self.press(viewer, "page")
        self.assertTrue(page.call_args.args[0].is_file())
        with mock.patch("vrs_scipion.viewers.views.open_document") as document:
            self.press(viewer, "pdf")
        self.assertEqual(document.call_args.args[0].name, "report.pdf")

    def test_a_check_finds_its_section_of_the_report(self) -> None:
        viewer = self.form(VrsCheckViewer, self.mass)
        with mock.patch("vrs_scipion.viewers.views.open_page") as page:
            self.press(viewer, "section")
        path, anchor = page.call_args.args
        self.assertEqual(anchor, "check-0-a")
        self.assertIn('id="check-0-a"', path.read_text(encoding="utf-8"))

    def test_without_a_program_the_file_is_named(self) -> None:
        viewer = self.form(VrsReportViewer, self.reported)
        with mock.patch("webbrowser.open", return_value=False):
            self.press(viewer, "page")
        self.assertIn("report.html", viewer._tell.call_args.args[0])

    def test_volumes_open_where_scipion_has_no_program_for_them(self) -> None:
        viewer = self.form(VrsPrepareViewer, self.prepared)
        with mock.patch("vrs_scipion.viewers.form_viewer._works", return_value=False):
            words = self.press(viewer, "open_outputHardMask")
        self.assertTrue(words[3].endswith("mask_hard.mrc"))

    def test_chimerax_gets_its_commands_or_is_said_to_be_missing(self) -> None:
        viewer = self.form(VrsPrepareViewer, self.prepared)
        with mock.patch(_FIND_CHIMERAX, return_value=None):
            self.press(viewer, "chimerax")
        script = self.in_project(Path(self.prepared._getExtraPath("chimerax_map.cxc")))
        (told,) = viewer._tell.call_args.args
        self.assertTrue(told.startswith(NO_CHIMERAX))
        self.assertTrue(told.endswith(str(script.absolute())))
        self.assertIn("level 0.3", script.read_text(encoding="utf-8"))

    def test_outputs_open_in_windows_too(self) -> None:
        for kind, target, protocol in (
            (VrsCheckOutcomeViewer, self.mass.outputOutcome, self.mass),
            (VrsEntryViewer, self.prepared.outputEntry, self.prepared),
            (VrsVolumeViewer, self.prepared.outputHardMask, self.prepared),
        ):
            self.assertTrue(Path(self.started(kind, target, protocol)[3]).exists())

    # ------------------------------------- wizards that fill in what is known already

    def wizard(self, kind: type, protocol: Any) -> tuple[mock.Mock, list[str]]:
        form = mock.Mock(protocol=protocol)
        said: list[str] = []

        def tell(title: str, words: str, parent: Any) -> None:
            said.append(words)

        with (
            mock.patch("vrs_scipion.wizards.wizard_known.showInfo", tell),
            mock.patch("vrs_scipion.wizards.wizard_known.showError", tell),
        ):
            kind().show(form)
        return form.setVar, said

    def test_the_voxel_size_comes_from_the_header(self) -> None:
        set_value, said = self.wizard(VrsVoxelSizeWizard, self.imported)
        set_value.assert_called_once_with("samplingRate", VOXEL)
        self.assertEqual(said, [])

    def test_of_a_file_that_is_none_it_says_why_not(self) -> None:
        self.imported.mapFile.set("/nowhere/map.mrc")
        set_value, said = self.wizard(VrsVoxelSizeWizard, self.imported)
        set_value.assert_not_called()
        self.assertIn("there is no such file", said[0])
        self.imported.mapFile.set(str(self.map_file))

    def test_the_resolution_comes_from_the_fsc_of_the_volumes_protocol(self) -> None:
        curve = FSC()
        curve.setData([0.05, 0.1, 0.2, 0.3], [1.0, 0.9, 0.243, 0.043])
        protocol = self.newProtocol(VrsProtPrepare)
        protocol.inputVolume.set(self.imported)
        protocol.inputVolume.setExtended("outputVolume")
        set_value, said = self.wizard(VrsResolutionWizard, protocol)
        set_value.assert_not_called()
        self.assertIn("Scipion knows none", said[0])
        with mock.patch.object(
            type(self.imported), "iterOutputAttributes", return_value=[("outputFSC", curve)]
        ):
            set_value, said = self.wizard(VrsResolutionWizard, protocol)
        set_value.assert_called_once_with("resolution", 4.0)
        self.assertIn("outputFSC", said[0])
        below = FSC()
        below.setData([0.05, 0.1], [0.1, 0.0])
        with mock.patch.object(
            type(self.imported), "iterOutputAttributes", return_value=[("outputFSC", below)]
        ):
            set_value, said = self.wizard(VrsResolutionWizard, protocol)
        set_value.assert_not_called()
        self.assertIn("Scipion knows none", said[0])

    def test_where_a_curve_crosses(self) -> None:
        (found,) = crossings([0.1, 0.2], [0.243, 0.043], 0.143)
        self.assertAlmostEqual(found, 0.15)
        self.assertEqual(crossings([0.1, 0.2], [0.1, 0.0], 0.143), [0.1])
        self.assertEqual(crossings([0.1, 0.2], [0.9, 0.8], 0.143), [])
        self.assertEqual(crossings([], [], 0.143), [])

    @unittest.skipUnless(shutil.which("xvfb-run"), "xvfb-run is not here (apt: xvfb)")
    def test_the_forms_open_and_fit_the_screen(self) -> None:
        for protocol, name in ((self.mass, "check"), (self.reported, "report")):
            width, height = self.drawn(protocol, name)
            self.assertLessEqual(width, 1280)
            self.assertLessEqual(height, 720)


class TestScoreButtons(unittest.TestCase):
    """ChimeraX in the colours of a model's scores."""

    def test_a_button_for_each_score(self) -> None:
        score = Score(key="cc", label="CC", description="correlation", worst=0, best=1)
        made = Engine(name="builtin", version="1")
        result = CheckResult(code="A.a", name="a", outcome=Outcome.OK, engine=made, scores=(score,))
        viewer, form = mock.Mock(), mock.Mock()
        VrsFormViewer._addScoreSection(viewer, form, Path("x"), None, [result, result])
        ((_, name, label, _, call),) = (args.args for args in viewer._addButton.call_args_list)
        self.assertEqual((name, label), ("chimerax_score_cc", "ChimeraX: model coloured by CC"))
        call()
        viewer._chimerax.assert_called_once_with(Path("x"), None, score="cc")
        form.reset_mock()
        VrsFormViewer._addScoreSection(viewer, form, Path("x"), None, [])
        form.addSection.assert_not_called()


class TestHalfMapViewers(ViewerTest):
    """Of half maps that were prepared, shown and compared."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        test = cls()
        cls.prepared = test.prepare(test.import_map())
        half1, half2 = test.halves()
        cls.halves_prepared = test.run_protocol(
            test.check(VrsProtPrepareHalfMaps, cls.prepared, half1=half1, half2=half2)
        )
        cls.shown = test.run_protocol(test.check(VrsProtLookAtMap, cls.prepared))
        cls.both_shown, cls.compared = (
            test.run_protocol(test.compare(kind))
            for kind in (VrsProtLookAtHalfMaps, VrsProtGlobalResolution)
        )
        cls.reported = test.report_on_all()

    def compare(self, kind: type) -> Any:
        protocol = self.check(kind, self.prepared)
        protocol.inputHalfMaps.set(self.halves_prepared)
        protocol.inputHalfMaps.setExtended("outputEntry")
        return protocol

    def test_prepared_half_maps_open_beside_their_map(self) -> None:
        viewer = self.form(VrsPrepareViewer, self.halves_prepared)
        self.assertIn("Half map 2: half2.mrc", text(viewer, "text_half_maps"))
        self.assertEqual(set(viewer._buttons) & {"window_surface", "chimerax"}, set())
        slices = self.press(viewer, "window_slices")
        target = self.halves_prepared.outputEntry
        for words in (slices, self.started(VrsEntryViewer, target, self.halves_prepared)):
            self.assertTrue((Path(words[3]) / "half1.mrc").is_file())
            entry = self.entry_in(words)
            self.assertEqual(set(entry), GIVEN)
            self.assertEqual(words[words.index("--check") + 1], "half_maps")
            self.assertEqual(words[words.index("--pane") + 1], "slices")
            found = read_contents(locate(Path(words[3]), entry, "half_maps"))
            self.assertEqual([item.code for item in found.items], ["map", "half_maps"])

    def test_the_map_alone_opens_with_its_surface(self) -> None:
        viewer = self.form(VrsPrepareViewer, self.prepared)
        self.assertIn("Contour level: 0.3", text(viewer, "text_map"))
        words = self.press(viewer, "window_surface")
        self.assertEqual(self.entry_in(words), {"map": Path(words[3])})

    def test_what_shows_an_input_has_its_facts_and_pictures(self) -> None:
        for protocol, key, fact in (
            (self.shown, "map", "Contour level: 0.3"),
            (self.both_shown, "half_maps", "Half map 1: half1.mrc"),
        ):
            viewer = self.form(VrsCheckViewer, protocol)
            title = INPUTS[key].title
            self.assertRegex(text(viewer, "text_outcome"), rf"^.  {title}: (Prepared|1 warning)")
            self.assertIn(fact, text(viewer, "text_facts"))
            self.assertIsNone(viewer._definition.getParam("text_criteria"))
            words = self.press(viewer, "window_plots")
            self.assertTrue((Path(words[3]) / "result.json").is_file())
            found = read_contents(locate(Path(words[3]), self.entry_in(words), key))
            (item,) = (item for item in found.items if item.code == key)
            assert item.result is not None
            self.assertTrue(all((item.folder / f.file).is_file() for f in item.result.figures))

    def test_what_was_not_shown_yet_says_so(self) -> None:
        protocol = self.compare(VrsProtLookAtHalfMaps)
        self.proj.saveProtocol(protocol)
        viewer = self.form(VrsCheckViewer, protocol)
        self.assertEqual(
            text(viewer, "text_outcome"), "·  Half maps: not started. Execute the protocol first."
        )

    def test_level_1_knows_both_inputs(self) -> None:
        viewer = self.form(VrsCheckViewer, self.compared)
        self.assertIn("1.a Global resolution", text(viewer, "text_outcome"))
        self.assertIn("the reported resolution".capitalize(), text(viewer, "text_criteria"))
        words = self.press(viewer, "window_plots")
        self.assertEqual(set(self.entry_in(words)), GIVEN)
        outcome = self.compared.outputOutcome
        words = self.started(VrsCheckOutcomeViewer, outcome, self.compared)
        self.assertEqual(set(self.entry_in(words)), GIVEN)
        found = read_contents(locate(Path(words[3]), self.entry_in(words), "1.a"))
        self.assertEqual([item.code for item in found.items], ["map", "half_maps", "1.a"])

    def report_on_all(self) -> Any:
        report = self.newProtocol(VrsProtReport)
        for name, protocol in (
            ("inputEntry", self.prepared),
            ("inputHalfMaps", self.halves_prepared),
        ):
            getattr(report, name).set(protocol)
            getattr(report, name).setExtended("outputEntry")
        for protocol in (self.shown, self.both_shown, self.compared):
            report.inputOutcomes.append(protocol)
            report.inputOutcomes[-1].setExtended("outputOutcome")
        return self.run_protocol(report)

    def test_the_report_lists_the_checks_of_every_level_and_no_input(self) -> None:
        viewer = self.form(VrsReportViewer, self.reported)
        listed = [name for name in viewer._buttons if name.startswith("check_")]
        asked = [code for code, check in CHECKS.items() if set(check.needs) <= GIVEN]
        self.assertEqual(listed, [f"check_{code.replace('.', '_')}" for code in asked])
        shown = self.form(VrsCheckViewer, self.both_shown)
        with mock.patch("vrs_scipion.viewers.views.open_page") as page:
            self.press(shown, "section")
        path, anchor = page.call_args.args
        self.assertEqual(anchor, "input-half-maps")
        self.assertIn('id="input-half-maps"', path.read_text(encoding="utf-8"))

    @unittest.skipUnless(shutil.which("xvfb-run"), "xvfb-run is not here (apt: xvfb)")
    def test_the_forms_open_and_fit_the_screen(self) -> None:
        for protocol, name in (
            (self.halves_prepared, "half_maps"),
            (self.both_shown, "look"),
            (self.compared, "level1"),
            (self.reported, "report1"),
        ):
            width, height = self.drawn(protocol, name)
            self.assertLessEqual(width, 1280)
            self.assertLessEqual(height, 720)
