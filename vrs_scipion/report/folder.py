"""The validation folder: entry, results and report side by side, complete in themselves.

::

    entry/entry.json, *.mrc      the prepared map
    checks/CODE/result.json, …   one folder per check
    figures/*.png                pictures of the input data
    report.json, report.html, report.pdf
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from vrs_scipion.report.model import Report
from vrs_scipion.results.files import load_result

JSON_FILE, HTML_FILE, PDF_FILE = "report.json", "report.html", "report.pdf"
REPORT_FILES = (PDF_FILE, HTML_FILE, JSON_FILE)

FOLDERS = ENTRY, CHECKS, FIGURES = "entry", "checks", "figures"

A4, LETTER = "a4", "letter"
PAPERS = (A4, LETTER)
"""What a PDF may be printed on."""


def gather(entry_folder: Path, result_folders: Sequence[Path], folder: Path) -> None:
    """Bring the entry and the results together in ``folder``, by hard link where one can be."""
    mirror(entry_folder, folder / ENTRY)
    shutil.rmtree(folder / CHECKS, ignore_errors=True)
    for source in result_folders:
        mirror(source, folder / CHECKS / load_result(source).code)


def load_report(folder: Path) -> Report:
    """Read ``report.json`` of a validation folder."""
    return Report.model_validate_json((folder / JSON_FILE).read_bytes())


def mirror(source: Path, target: Path) -> None:
    """Make ``target`` a copy of the folder ``source``; files are hard links where they can be."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
