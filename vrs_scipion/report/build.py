"""From a validation folder to its report: pictures of the input data, pages, files."""

from __future__ import annotations

import platform
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vrs_scipion.checks.registry import LEVEL_0
from vrs_scipion.checks.run import not_run
from vrs_scipion.entry.files import load_entry
from vrs_scipion.report.compile import INPUT, compile_report
from vrs_scipion.report.folder import A4, CHECKS, ENTRY, FIGURES
from vrs_scipion.report.input_data import draw_input_data
from vrs_scipion.report.interactive import Prepared
from vrs_scipion.report.model import Report
from vrs_scipion.report.pdf import require_paper
from vrs_scipion.report.write import write_report
from vrs_scipion.results import CheckResult
from vrs_scipion.results.files import RESULT_FILE, load_result

_SOFTWARE = ("numpy", "scipy", "matplotlib", "mrcfile", "pyvista", "plotly", "typst", "scipion-em")


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
    entry = load_entry(folder / ENTRY)
    results = {path.parent: load_result(path.parent) for path in _result_files(folder)}
    section = draw_input_data(entry, folder / ENTRY, folder / FIGURES)
    report = compile_report(
        entry,
        _complete(list(results.values())),
        figures=section.figures,
        input_paragraphs=section.paragraphs,
        created=created or datetime.now(timezone.utc),
        software=_software(),
    )
    folders = {result.code: path for path, result in results.items()}
    write_report(
        report,
        {INPUT: folder / FIGURES, **folders},
        folder,
        prepared=Prepared(entry, folder / ENTRY),
        paper=paper,
    )
    return report


def _complete(results: list[CheckResult]) -> list[CheckResult]:
    """With those of Level 0 that have no result, in the order of the codes."""
    known = {result.code for result in results}
    missing = [not_run(check) for check in LEVEL_0 if check.code not in known]
    return sorted([*results, *missing], key=lambda result: result.code)


def _result_files(folder: Path) -> list[Path]:
    return sorted((folder / CHECKS).glob(f"*/{RESULT_FILE}"))


def _software() -> dict[str, str]:
    versions = {"Python": platform.python_version()}
    for name in _SOFTWARE:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions
