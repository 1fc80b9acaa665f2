"""DeepHand by Xmipp: the chain's arguments, stand-in programs, recorded answers."""

from __future__ import annotations

import json
import sys
import types
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

import vrs_scipion
from vrs_scipion.checks.level0_h_hand import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.methods import deephand_xmipp
from vrs_scipion.methods.engine import EngineUnavailableError
from vrs_scipion.methods.xmipp import XmippError
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.xmipp_stand_in import StandInTest

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
    assert os.path.exists(options["-i"]), options["-i"]
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
    def install(self, answer: str = "0.25", behaviour: str = "pass", models: bool = True) -> None:
        script = STAND_IN.format(
            python=sys.executable, log=str(self.log), answer=answer, behaviour=behaviour
        )
        names = (deephand_xmipp.ALPHA_MODEL, deephand_xmipp.HAND_MODEL) if models else ()
        self.install_stand_ins(deephand_xmipp.PROGRAMS, script, "deepHand", names)

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
        tools = deephand_xmipp.require_deephand()
        return deephand_xmipp.deephand(tools, self.a_map(), 1.3, 0.5, timeout_s=timeout)

    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


class TestChain(XmippTest):
    def test_not_here(self) -> None:
        missing = deephand_xmipp.availability()
        self.assertFalse(missing.here)
        self.assertIn("scipion3 installp -p scipion-em-xmipp", missing.detail)
        self.install(models=False)
        self.assertIn("deepLearningToolkit", deephand_xmipp.availability().detail)
        with self.assertRaisesRegex(EngineUnavailableError, "deepLearningToolkit"):
            deephand_xmipp.require_deephand()

    def test_here(self) -> None:
        self.install()
        here = deephand_xmipp.availability(preferred=False)
        self.assertEqual((here.name, here.here, here.preferred), ("xmipp", True, False))
        self.assertIn("3.25.06", here.detail)

    def test_the_programs_and_their_arguments(self) -> None:
        self.assertEqual(self.judge(), 0.25)
        models = self.home / "models" / "deepHand"
        self.assertEqual(
            [" ".join(call) for call in self.calls()],
            [
                "xmipp_image_resize -i map.mrc -o resizedVol.mrc --factor 1.300000",
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
        steps = deephand_xmipp.steps(deephand_xmipp.require_deephand(), 1.0, 1.23456789e-5)
        self.assertIn("1.23456789e-05", steps[1][1])

    def test_where_the_plugin_has_models_and_environment(self) -> None:
        self.install(models=False)
        folder = self.folder / "elsewhere"
        folder.mkdir()
        for name in (deephand_xmipp.ALPHA_MODEL, deephand_xmipp.HAND_MODEL):
            (folder / name).write_bytes(b"weights")
        plugin = mock.Mock()
        plugin.getHome.return_value = str(self.home)
        plugin.getEnviron.return_value = {"PATH": "/usr/bin:/bin"}
        plugin.getModel.side_effect = lambda group, name: str(folder / name)
        conda = {"PATH": "/conda/bin", "LD_LIBRARY_PATH": "/usr/cuda/lib:/own/lib"}
        base = types.SimpleNamespace(XmippProtocol=mock.Mock())
        base.XmippProtocol.getCondaEnv.return_value = conda
        modules = {"xmipp3": types.SimpleNamespace(Plugin=plugin), "xmipp3.base": base}
        with mock.patch.dict(sys.modules, modules):
            tools = deephand_xmipp.require_deephand()
        self.assertEqual(tools.alpha_model.parent, folder)
        program = tools.programs[deephand_xmipp.PROGRAM]
        self.assertEqual(program.environment, {"PATH": "/conda/bin", "LD_LIBRARY_PATH": "/own/lib"})
        other = tools.programs[deephand_xmipp.RESIZE]
        self.assertEqual(other.environment, {"PATH": "/usr/bin:/bin"})

    def test_no_helix(self) -> None:
        self.assertIsNone(self.judge("None"))

    def test_failures(self) -> None:
        for answer, behaviour, timeout, words in (
            ("", "sys.exit(print('no torch') or 3)", 30.0, "ended with code 3: no torch"),
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
            ("0.55", Outcome.UNDETERMINED, "uncertain"),
        ):
            with self.subTest(answer=answer):
                result = self.run_check(answer)
                self.assertIs(result.outcome, outcome, result.reason)
                self.assertIn(words, result.headline)
                self.assertEqual((result.engine.name, result.engine.version), ("xmipp", "3.25.06"))
                self.assertEqual(result.measurements["hand"].value, float(answer))

    def test_no_helix_does_not_apply(self) -> None:
        result = self.run_check("None")
        self.assertIs(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("No α-helix", result.reason)

    def test_auto_takes_it_where_it_is(self) -> None:
        self.assertEqual(self.run_check("0.1", engine="auto").engine.name, "xmipp")

    def test_nonsense_fails(self) -> None:
        result = self.run_check("2")
        self.assertIs(result.outcome, Outcome.FAILED)
        self.assertIn("not between 0 and 1", result.reason)


if __name__ == "__main__":
    unittest.main()
