"""One case: its map made, prepared and checked; what came out as a line of JSON."""

from __future__ import annotations

import json
import os
import tempfile
import time
import traceback
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cases import Case
from matplotlib.figure import Figure
from recipe import make

from vrs_scipion.checks.levels import LEVELS
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.files import InputError
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.results import CheckResult

_SURFACES = "vrs_scipion.figures.isosurface.draw_isosurface"


def validate(case: Case, codes: Collection[str] = ()) -> dict[str, Any]:
    """Make a case's map, run its checks, or those of ``codes`` alone; keep numbers and verdicts."""
    started = time.perf_counter()
    record: dict[str, Any] = {
        "case": case.key,
        "specimen": case.specimen.name,
        "kind": case.specimen.kind,
        "oddity": case.specimen.oddity,
        "helix": case.specimen.helix,
        "resolution": case.specimen.recipe.resolution,
        "left": case.specimen.recipe.left,
        "calibrates": case.specimen.calibrates,
        "defect": case.defect.key if case.defect else "",
        "dial": case.dial,
        "error": "",
        "checks": {},
    }
    try:
        with tempfile.TemporaryDirectory(prefix="verdicts_") as folder, without_pictures():
            record["checks"] = _checked(case, Path(folder), codes)
    except (InputError, ValueError):
        record["error"] = traceback.format_exc(limit=1).strip().splitlines()[-1]
    record["seconds"] = round(time.perf_counter() - started, 2)
    return record


@contextmanager
def without_pictures() -> Iterator[None]:
    """Without the pictures, which take as long as the checks and decide nothing."""
    with ExitStack() as stack:
        stack.enter_context(patch(_SURFACES, side_effect=EngineError("not drawn here")))
        stack.enter_context(patch("matplotlib.figure.Figure.savefig", _leave_blank))
        yield


def _leave_blank(_: Figure, path: Path, **__: object) -> None:
    path.touch()


def _checked(case: Case, folder: Path, codes: Collection[str]) -> dict[str, Any]:
    deposit = make(case.recipe)
    write_volume(folder / "map.mrc", deposit.density.values, deposit.density.voxel_size)
    request = Request.of(
        map=folder / "map.mrc", contour=deposit.contour, resolution=deposit.resolution
    )
    entry = prepare(request, folder / "entry")
    return {
        check.code: _summary(run_check(check, entry, folder / check.code))
        for check in LEVELS[0].checks
        if (not case.checks or check.code in case.checks) and (not codes or check.code in codes)
    }


def _summary(result: CheckResult) -> dict[str, Any]:
    failed = [c.key for c in result.criteria if c.role == "verdict" and not c.passed]
    return {
        "outcome": result.outcome.value,
        "reason": result.reason,
        "warned": failed if result.warnings else [],
        "remarks": len(result.warnings) - len(failed) if result.warnings else 0,
        "criteria": {c.key: c.value for c in result.criteria},
        "measurements": {k: m.value for k, m in result.measurements.items()},
    }


_cases: list[Case] = []


def begin(cases: list[Case]) -> None:
    """Give a worker process the cases, whose recipes hold functions and cannot be sent."""
    _cases[:] = cases
    os.nice(10)


def validate_numbered(number: int, codes: Collection[str]) -> str:
    """``validate`` one of the worker's cases; a line of JSON."""
    return json.dumps(validate(_cases[number], codes))
