"""From a validation folder to its report: what was found, compiled, as pages and files."""

from __future__ import annotations

import platform
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vrs_scipion.checks.levels import LOOKS, asked_of
from vrs_scipion.checks.run import not_run, sound, stamped
from vrs_scipion.entry.entry import Entry
from vrs_scipion.folders import ENTRY
from vrs_scipion.report.compile import compile_report
from vrs_scipion.report.folder import A4, result_folders
from vrs_scipion.report.model import Report
from vrs_scipion.report.pdf import require_paper
from vrs_scipion.report.scores import join_scores
from vrs_scipion.report.write import write_report
from vrs_scipion.results.files import load_result

_SOFTWARE = ("numpy", "scipy", "matplotlib", "mrcfile", "pyvista", "plotly", "typst", "scipion-em")


def build_report(folder: Path, created: datetime | None = None, paper: str = A4) -> Report:
    """Write the report of a validation folder, computing nothing anew.

    Parameters
    ----------
    folder : a validation folder with its prepared inputs and results
    created : date of the report; now, if none is given
    paper : of the PDF, 'a4' or 'letter'

    Raises
    ------
    FileNotFoundError
        if the folder holds no prepared map.
    ForeignResultError
        if a result in it was computed from other inputs.
    ValueError
        if the paper is another.
    PdfError
        if the PDF could not be made; the other files are there.
    """
    require_paper(paper)
    entry = Entry.at(folder / ENTRY)
    paths = {path.name: path for path in result_folders(folder)}
    found = [sound(stamped(load_result(path), entry), path) for path in paths.values()]
    missing = [not_run(check) for check in asked_of(entry.given) if check.code not in paths]
    scores = join_scores(entry, [(result, paths[result.code]) for result in found])
    report = compile_report(
        entry,
        [*(result for result in found if result.code not in LOOKS), *missing],
        [result for result in found if result.code in LOOKS],
        created=created or datetime.now(timezone.utc),
        software=_software(),
        scores=scores,
    )
    write_report(report, paths, folder, entry=entry, scores=scores, paper=paper)
    return report


def _software() -> dict[str, str]:
    versions = {"Python": platform.python_version()}
    for name in _SOFTWARE:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions
