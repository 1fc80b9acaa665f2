"""Level 0 stays what it is: every number and verdict, on a phantom and on real maps.

The table beside this file was written by version 0.1.0, and renewed where a version says in
CHANGES.txt that it measures more or otherwise; no check applies to the volume of local resolutions
that is among the maps. The phantom is made here; the maps are
those of a folder named by ``VRS_MAPS``, or of the data beside the repository.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
import unittest
from pathlib import Path
from typing import Any

from vrs_scipion.checks.levels import LEVELS
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.results import CheckResult
from vrs_scipion.simulation import demo_phantom
from vrs_scipion.tests.surfaces import leave_surfaces_out

VALUES = json.loads(Path(__file__).with_name("level0_values.json").read_text())
MAPS = Path(os.environ.get("VRS_MAPS", Path(__file__).parents[3] / "shared" / "data" / "maps"))
PHANTOM = "phantom"

_SAME = 1e-5
"""Relative difference that another processor may make in sums of single precision."""
_TINY = 1e-8


def difference(found: Any, expected: Any) -> float:
    """How far two numbers are apart, relative to the larger; infinite for a number and none."""
    if found is None or expected is None:
        return 0.0 if found is expected else math.inf
    largest = max(abs(found), abs(expected))
    return 0.0 if largest < _TINY else abs(found - expected) / largest


class TestLevel0(unittest.TestCase):
    def setUp(self) -> None:
        leave_surfaces_out(self)

    def run_on(self, name: str, path: Path) -> None:
        known = VALUES[name]
        with tempfile.TemporaryDirectory() as kept:
            folder = Path(kept)
            request = Request.of(map=path, contour=known["contour"], resolution=known["resolution"])
            entry = prepare(request, folder / "entry")
            for check in (c for c in LEVELS[0].checks if c.code in known["checks"]):
                result = run_check(check, entry, folder / check.code, engine=BUILTIN)
                with self.subTest(map=name, check=check.code):
                    self.compare(result, known["checks"][check.code])

    def compare(self, result: CheckResult, known: dict[str, Any]) -> None:
        self.assertEqual(result.outcome.value, known["outcome"])
        found = {key: m.value for key, m in result.measurements.items()}
        self.assertEqual(list(found), list(known["measurements"]))
        far = {
            key: (found[key], expected)
            for key, expected in known["measurements"].items()
            if difference(found[key], expected) > _SAME
        }
        self.assertEqual(far, {})
        criteria = {c.key: (c.value, c.limit, c.passed) for c in result.criteria}
        self.assertEqual(set(criteria), set(known["criteria"]))
        for key, (value, limit, passed) in known["criteria"].items():
            self.assertEqual(criteria[key][1:], (limit, passed), key)
            self.assertLessEqual(difference(criteria[key][0], value), _SAME, key)

    def test_of_the_phantom(self) -> None:
        phantom = demo_phantom()
        with tempfile.TemporaryDirectory() as kept:
            path = Path(kept) / "helix_bundle.mrc"
            write_volume(path, phantom.density.values, phantom.density.voxel_size)
            self.run_on(PHANTOM, path)

    @unittest.skipUnless(os.environ.get("VRS_WHOLE_RUNS"), "a long one: VRS_WHOLE_RUNS=1")
    @unittest.skipUnless(MAPS.is_dir(), f"the real maps are not here ({MAPS.name}): VRS_MAPS=DIR")
    def test_of_real_maps(self) -> None:
        for name, known in VALUES.items():
            if name != PHANTOM:
                self.run_on(name, MAPS / known["file"])


if __name__ == "__main__":
    unittest.main()
