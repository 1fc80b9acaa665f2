"""One case: made, prepared and checked; what came out as a line of JSON."""

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
from unittest.mock import Mock, patch

from cases import Case
from halves import noise_of
from matplotlib.figure import Figure as Drawing
from recipe import Deposit, make

from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.levels import CHECKS, level_of, selected
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.files import InputError
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.results import CheckResult, Figure

_SURFACES = "vrs_scipion.figures.isosurface.draw_isosurface"
_RIBBONS = "vrs_scipion.figures.ribbons.draw_ribbons"
_ALONG_CHAINS = "vrs_scipion.figures.along_chains.draw_along_chains"
_BY_THEMSELVES = ("A",)
"""Levels whose checks listen to others only where no resolution was reported."""


def validate(case: Case, codes: Collection[str] = ()) -> dict[str, Any]:
    """Make a case, run its checks, or those of ``codes`` alone; keep numbers and verdicts."""
    started = time.perf_counter()
    record: dict[str, Any] = {
        "case": case.key,
        "level": case.level,
        "specimen": case.specimen.name,
        "kind": case.specimen.kind,
        "oddity": case.specimen.oddity,
        "helix": case.specimen.helix,
        "resolution": case.specimen.recipe.resolution,
        "left": case.specimen.recipe.left,
        "noise": noise_of(case.specimen.recipe),
        "calibrates": case.specimen.calibrates,
        "defect": case.defect.key if case.defect else "",
        "dial": case.dial,
        "error": "",
        "checks": {},
    }
    try:
        with tempfile.TemporaryDirectory(prefix="verdicts_") as folder, without_pictures():
            deposit = make(case.recipe)
            record["reported"] = deposit.resolution
            record["checks"] = _checked(case, deposit, Path(folder), codes)
    except (InputError, ValueError):
        record["error"] = traceback.format_exc(limit=1).strip().splitlines()[-1]
    record["seconds"] = round(time.perf_counter() - started, 2)
    return record


@contextmanager
def without_pictures() -> Iterator[None]:
    """Without the pictures, which take as long as the checks and decide nothing."""
    with ExitStack() as stack:
        for picture in (_SURFACES, _RIBBONS):
            stack.enter_context(patch(picture, side_effect=EngineError("not drawn here")))
        for figure in ("plot", "picture"):
            stack.enter_context(patch.object(Findings, figure, _noted))
        stack.enter_context(patch(_ALONG_CHAINS, return_value=Mock(words="")))
        stack.enter_context(patch("matplotlib.figure.Figure.savefig", _leave_blank))
        yield


def _noted(found: Findings, key: str, _: object, caption: str, alt: str, **__: object) -> None:
    found.figures.append(Figure(key=key, file=f"{key}.png", caption=caption, alt=alt))


def _leave_blank(_: Drawing, path: Path, **__: object) -> None:
    path.touch()


def _checked(case: Case, deposit: Deposit, folder: Path, codes: Collection[str]) -> dict[str, Any]:
    entry = prepare(_request(deposit, folder), folder / "entry")
    level = level_of(case.level)
    of_level = [check.code for check in level.checks]
    wanted = [c for c in case.checks or of_level if c in of_level and c in (codes or of_level)]
    checks = selected(level.checks, wanted) if wanted else ()
    heard = {code for check in checks for code in check.listens_to} - set(of_level)
    heard = set() if case.level in _BY_THEMSELVES else heard
    elsewhere = [CHECKS[c] for c in sorted(heard) if set(CHECKS[c].needs) <= set(entry.given)]
    results: dict[str, CheckResult] = {}
    folders: dict[str, Path] = {}
    for check in (*elsewhere, *checks):
        place = folder / check.code
        results[check.code] = run_check(check, entry, place, results=results, folders=folders)
        folders[check.code] = place
    return {check.code: _summary(results[check.code]) for check in checks}


def _request(deposit: Deposit, folder: Path) -> Request:
    """What is given of a deposit, its volumes written into a folder."""
    volumes = {"map": deposit.density.values}
    if deposit.halves is not None:
        volumes |= {"half1": deposit.halves.first, "half2": deposit.halves.second}
    if deposit.mask is not None:
        volumes["mask"] = deposit.mask
    files = {key: folder / f"{key}.mrc" for key in volumes}
    for key, values in volumes.items():
        write_volume(files[key], values, deposit.density.voxel_size, origin=deposit.origin)
    if deposit.model is not None:
        files["model"] = folder / "model.cif"
        deposit.model.make_mmcif_document().write_file(str(files["model"]))
    return Request.of(
        **files,
        contour=deposit.contour,
        resolution=deposit.resolution,
        symmetry="" if deposit.halves is None else deposit.symmetry,
    )


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
