"""The validation folder: prepared inputs, results and report side by side."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from vrs_scipion.checks.levels import LOOKS as LOOKS_OF_INPUTS
from vrs_scipion.files import load_model
from vrs_scipion.folders import CHECKS, ENTRY, JSON_FILE, LOOKS, RESULT_FILE, SPECTRA
from vrs_scipion.report.model import Report
from vrs_scipion.results import CheckResult
from vrs_scipion.results.files import save_result

A4, LETTER = "a4", "letter"
PAPERS = (A4, LETTER)
"""What a PDF may be printed on."""


def gather(inputs: Mapping[str, Path], results: Mapping[Path, CheckResult], folder: Path) -> None:
    """Bring inputs and results together in ``folder``, by hard link where one can be.

    Parameters
    ----------
    inputs : folders of the prepared inputs, by key
    results : what the checks and looks found, by their folders
    folder : where to
    """
    for name in (ENTRY, LOOKS, CHECKS):
        shutil.rmtree(folder / name, ignore_errors=True)
    for key, source in inputs.items():
        mirror(source, folder / ENTRY / key)
    for source, result in results.items():
        target = folder / place_of(result.code)
        mirror(source, target)
        save_result(result, target)


def place_of(code: str) -> Path:
    """Where the result of a check or a look lies in a validation folder."""
    return Path(LOOKS if code in LOOKS_OF_INPUTS else CHECKS, code)


def result_folders(folder: Path) -> list[Path]:
    """The folders of a validation folder that hold a result, those of looks first."""
    return [
        path.parent
        for kind in (LOOKS, CHECKS)
        for path in sorted(folder.glob(f"{kind}/*/{RESULT_FILE}"))
    ]


def load_report(folder: Path) -> Report:
    """Read ``report.json`` of a validation folder."""
    return load_model(Report, folder / JSON_FILE)


def mirror(source: Path, target: Path) -> None:
    """Make ``target`` a copy of the folder ``source``; files are hard links where they can be.

    What is kept for the checks alone stays behind.
    """
    if target.exists():
        shutil.rmtree(target)
    aside = shutil.ignore_patterns(SPECTRA)
    shutil.copytree(source, target, ignore=aside, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
