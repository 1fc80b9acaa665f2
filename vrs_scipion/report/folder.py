"""The validation folder: entry, results and report side by side, complete in themselves.

::

    entry/entry.json, *.mrc      the prepared map
    checks/CODE/result.json, …   one folder per check
    figures/*.png                pictures of the input data
    report.json, report.html, report.pdf
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vrs_scipion.entry.files import load_entry
from vrs_scipion.report.compile import INPUT, compile_report
from vrs_scipion.report.input_data import draw_input_data
from vrs_scipion.report.interactive import Prepared
from vrs_scipion.report.model import Report
from vrs_scipion.report.pdf import A4, require_paper
from vrs_scipion.report.write import HTML_FILE, JSON_FILE, PDF_FILE, write_report
from vrs_scipion.results.files import RESULT_FILE, load_result

REPORT_FILES = (PDF_FILE, HTML_FILE, JSON_FILE)

FOLDERS = _ENTRY, _CHECKS, _FIGURES = "entry", "checks", "figures"
_SOFTWARE = ("numpy", "scipy", "matplotlib", "mrcfile", "pyvista", "plotly", "typst", "scipion-em")


def gather(entry_folder: Path, result_folders: Sequence[Path], folder: Path) -> None:
    """Bring the entry and the results together in ``folder``, by hard link where one can be."""
    mirror(entry_folder, folder / _ENTRY)
    shutil.rmtree(folder / _CHECKS, ignore_errors=True)
    for source in result_folders:
        mirror(source, folder / _CHECKS / load_result(source).code)


def build_report(folder: Path, created: datetime | None = None, paper: str = A4) -> Report:
    """Draw the input data and write the report of a validation folder, computing nothing anew.

    Parameters
    ----------
    folder : a validation folder with its entry and results
    created : date of the report; now, if none is given
    paper : of the PDF, 'a4' or 'letter'

    Raises
    ------
    FileNotFoundError
        if the folder holds no entry.
    ValueError
        if the paper is another.
    PdfError
        if the PDF could not be made; the other files are there.
    """
    require_paper(paper)
    entry = load_entry(folder / _ENTRY)
    results = {path.parent: load_result(path.parent) for path in _result_files(folder)}
    section = draw_input_data(entry, folder / _ENTRY, folder / _FIGURES)
    report = compile_report(
        entry,
        list(results.values()),
        figures=section.figures,
        input_paragraphs=section.paragraphs,
        created=created or datetime.now(timezone.utc),
        software=_software(),
    )
    folders = {result.code: path for path, result in results.items()}
    write_report(
        report,
        {INPUT: folder / _FIGURES, **folders},
        folder,
        prepared=Prepared(entry, folder / _ENTRY),
        paper=paper,
    )
    return report


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


def _result_files(folder: Path) -> list[Path]:
    return sorted((folder / _CHECKS).glob(f"*/{RESULT_FILE}"))


def _software() -> dict[str, str]:
    versions = {"Python": platform.python_version()}
    for name in _SOFTWARE:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions
