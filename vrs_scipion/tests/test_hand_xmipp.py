"""DeepHand by Xmipp: the chain's arguments, stand-in programs, recorded answers."""

from __future__ import annotations

import os
import sys
import unittest
from pathlib import Path

import numpy as np

import vrs_scipion
from vrs_scipion.checks.level0_h_hand import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.machine.scipion_plugins import Told
from vrs_scipion.methods import deep_learning_toolkit, deephand_xmipp
from vrs_scipion.methods.deephand_xmipp import DEEPHAND
from vrs_scipion.methods.engine import EngineUnavailableError
from vrs_scipion.methods.xmipp import HAND_ENVIRONMENT, HOME_VARIABLE, XmippError
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.xmipp_stand_in import REFUSES, VERSION, StandInTest

SHARED = Path(vrs_scipion.__file__).resolve().parents[2] / "shared" / "data"

# A stand-in for a program of Xmipp: notes how it was called, and writes what it should.
STAND_IN = """\
#!{python}
import json, os, sys, time
name = os.path.basename(sys.argv[0])
with open({log!r}, "a") as log:
    print(json.dumps([name, *sys.argv[1:]]), file=log)
options = dict(zip(sys.argv, sys.argv[1:]))
if "-i" in options:
    assert os.path.exists(options["-i"].removesuffix(":mrc")), options["-i"]
if name == "xmipp_deep_hand":
    for option in ("--alphaModel", "--handModel", "--pathVf", "--pathVmask"):
        assert os.path.exists(options[option]), option
    {behaviour}
    with open(os.path.join(options["-o"], "hand.txt"), "w") as out:
        out.write({answer!r})
else:
    open(options["-o"], "wb").close()
"""


class XmippTest(StandInTest):
    def install(
        self,
        answer: str = "0.25",
        behaviour: str = "pass",
        networks: bool = True,
        modules: tuple[str, ...] = (),
    ) -> None:
        script = STAND_IN.format(
            python=sys.executable,
            log=str(self.log),
            answer=answer,
            behaviour=behaviour.strip().replace("\n", "\n    "),
        )
        self.install_chain(DEEPHAND, script, networks=networks, modules=modules)

    def a_map(self) -> Path:
        noise = np.random.default_rng(5).normal(scale=0.01, size=(20, 20, 20))
        values = noise.astype(np.float32)
        values[6:14, 6:14, 6:14] += 1
        return write(
            self.folder / "a map@of:mine.mrc", mrc_bytes(values, voxel_size=(1.3, 1.3, 1.3))
        )

    def judge(
        self, answer: str = "0.25", behaviour: str = "pass", timeout: float = 30.0
    ) -> float | None:
        self.install(answer, behaviour)
        tools = deep_learning_toolkit.require(DEEPHAND)
        return deephand_xmipp.deephand(tools, self.a_map(), 1.3, 0.5, timeout_s=timeout)


class TestChain(XmippTest):
    def test_not_here(self) -> None:
        missing = deep_learning_toolkit.availability(DEEPHAND, True)
        self.assertFalse(missing.here)
        self.assertIn("scipion3 installp -p scipion-em-xmipp", missing.detail)
        self.install(networks=False)
        for words in ("5A_SSE_experimental.pth was not found", "deepLearningToolkit"):
            self.assertIn(words, deep_learning_toolkit.availability(DEEPHAND, True).detail)
            with self.assertRaisesRegex(EngineUnavailableError, words):
                deep_learning_toolkit.require(DEEPHAND)

    def test_a_download_that_failed_is_no_network(self) -> None:
        self.install()
        network = self.home / "models" / "deepHand" / deephand_xmipp.HAND_MODEL
        for content in (b"", b"<html>404</html>"):
            network.write_bytes(content)
            detail = deep_learning_toolkit.availability(DEEPHAND, True).detail
            self.assertIn("5A_TL_hand_alpha.pth holds no network", detail)

    def test_without_what_runs_the_networks(self) -> None:
        self.install(modules=("xmippLib", "xmipp_base"))
        detail = deep_learning_toolkit.availability(DEEPHAND, True).detail
        self.assertIn("the Python that runs xmipp_deep_hand lacks torch; scipion3 installb", detail)

    def test_here(self) -> None:
        self.install()
        here = deep_learning_toolkit.availability(DEEPHAND, False)
        self.assertEqual((here.name, here.here, here.preferred), ("xmipp", True, False), here)
        self.assertIn(f"Xmipp {VERSION} with the networks of DeepHand", here.detail)

    def test_the_programs_and_their_arguments(self) -> None:
        self.assertEqual(self.judge(), 0.25)
        models = self.home / "models" / "deepHand"
        self.assertEqual(
            self.calls(),
            [
                "xmipp_image_resize -i map.mrc:mrc -o resizedVol.mrc --factor 1.300000",
                "xmipp_transform_threshold -i resizedVol.mrc -o mask.mrc --select below 0.500000 "
                "--substitute binarize",
                "xmipp_transform_filter -i resizedVol.mrc -o filteredVol.mrc --fourier low_pass "
                "5.000000 --sampling 1",
                f"xmipp_deep_hand --alphaModel {models}/5A_SSE_experimental.pth --handModel "
                f"{models}/5A_TL_hand_alpha.pth -o extra --alphaThr 0.700000 --pathVf "
                "filteredVol.mrc --pathVmask mask.mrc",
            ],
        )

    def test_a_small_contour_keeps_its_digits(self) -> None:
        self.install()
        tools = deep_learning_toolkit.require(DEEPHAND)
        steps = deephand_xmipp.steps(tools, 1.0, 1.23456789e-5)
        self.assertIn("1.23456789e-05", steps[1][1])

    def test_the_environment_that_the_plugin_keeps_for_the_networks_comes_first(self) -> None:
        self.install()
        del os.environ[HOME_VARIABLE]
        conda = {HAND_ENVIRONMENT: {"PATH": "/conda/bin:/usr/bin", "CONDA": "yes"}}
        self.plugin_says(Told(self.home, {"PATH": "/usr/bin:/bin"}, conda))
        tools = deep_learning_toolkit.require(DEEPHAND)
        own = f"{self.home}/bin"
        program = tools.programs[deephand_xmipp.PROGRAM].environment
        self.assertEqual(program["PATH"], f"/conda/bin:/usr/bin:{own}:/bin")
        self.assertEqual(program["CONDA"], "yes")
        bindings = f"{self.home}/bindings/python:{self.home}/pylib"
        self.assertEqual(program["PYTHONPATH"], bindings)
        other = tools.programs[deephand_xmipp.RESIZE].environment
        self.assertEqual(other["PATH"], f"{own}:/usr/bin:/bin")
        self.assertNotIn("CONDA", other)

    def test_threads(self) -> None:
        self.install(behaviour="assert os.environ['OMP_NUM_THREADS'] == '3'")
        tools = deep_learning_toolkit.require(DEEPHAND)
        deephand_xmipp.deephand(tools, self.a_map(), 1.3, 0.5, threads=3)

    def test_no_helix(self) -> None:
        self.assertIsNone(self.judge("None"))

    def test_failures(self) -> None:
        for answer, behaviour, timeout, words in (
            ("", "sys.exit(print('no torch') or 3)", 30.0, "ended with code 3: no torch"),
            ("", REFUSES, 30.0, "xmipp_deep_hand refused: Incorrect file size. Image Extension"),
            ("", "time.sleep(60)", 1.0, "not ready after 1 s"),
            ("", "sys.exit(0)", 30.0, "wrote no answer"),
            ("abc", "pass", 30.0, "where a number was expected"),
            ("1.5", "pass", 30.0, "not between 0 and 1"),
            ("nan", "pass", 30.0, "not between 0 and 1"),
        ):
            with self.subTest(words=words), self.assertRaisesRegex(XmippError, words):
                self.judge(answer, behaviour, timeout)

    def test_recorded_answers(self) -> None:
        recorded = SHARED / "xmipp" / "emd_3488" / "hand.txt"
        if not recorded.is_file():
            self.skipTest("the recorded outputs of Xmipp are not here")
        self.assertAlmostEqual(deephand_xmipp.read_answer(recorded) or 0, 0.2722, places=4)


class TestCheckByXmipp(XmippTest):
    def run_check(self, answer: str, engine: str = "xmipp") -> CheckResult:
        self.install(answer)
        request = Request.of(map=self.a_map(), contour=0.5, resolution=3.5)
        entry = prepare(request, self.folder / "entry")
        return run_check(CHECK, entry, self.folder / "out", engine=engine)

    def test_outcomes(self) -> None:
        for answer, outcome, words in (
            ("0.2722", Outcome.OK, "right hand"),
            ("0.785", Outcome.WARNINGS, "mirrored"),
            ("0.55", Outcome.UNDETERMINED, "cannot be told"),
        ):
            with self.subTest(answer=answer):
                result = self.run_check(answer)
                self.assertIs(result.outcome, outcome, result.reason)
                self.assertIn(words, result.headline)
                self.assertEqual((result.engine.name, result.engine.version), ("xmipp", VERSION))
                self.assertEqual(result.measurements["hand"].value, float(answer))

    def test_no_helix_does_not_apply(self) -> None:
        result = self.run_check("None")
        self.assertIs(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("No α-helix", result.reason)

    def test_auto_takes_it_where_it_is(self) -> None:
        self.assertEqual(self.run_check("0.1", engine="auto").engine.name, "xmipp")

    def test_nonsense_fails_what_asked_for_it(self) -> None:
        result = self.run_check("2")
        self.assertIs(result.outcome, Outcome.FAILED)
        self.assertEqual(result.engine.name, "xmipp")
        self.assertIn("not between 0 and 1", result.reason)

    def test_auto_answers_all_the_same_and_says_why(self) -> None:
        result = self.run_check("2", engine="auto")
        self.assertIsNot(result.outcome, Outcome.FAILED, result.reason)
        self.assertEqual(result.engine.name, "builtin")
        self.assertIn("xmipp was found here and failed", result.engine.why_no_other)

    def test_auto_without_it_says_how_to_get_it(self) -> None:
        self.install(networks=False)
        request = Request.of(map=self.a_map(), contour=0.5, resolution=3.5)
        entry = prepare(request, self.folder / "entry")
        result = run_check(CHECK, entry, self.folder / "out")
        self.assertEqual(result.engine.name, "builtin")
        self.assertIn("installb deepLearningToolkit", result.engine.why_no_other)


if __name__ == "__main__":
    unittest.main()
