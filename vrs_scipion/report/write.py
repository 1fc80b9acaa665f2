"""A report on disk: report.json, report.html and report.pdf, each whole or not there.

The scores of a model lie beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from vrs_scipion.entry.entry import Entry
from vrs_scipion.files import written_whole
from vrs_scipion.folders import HTML_FILE, JSON_FILE, PDF_FILE
from vrs_scipion.report.document import build_document
from vrs_scipion.report.folder import A4
from vrs_scipion.report.html import render_html
from vrs_scipion.report.model import Report
from vrs_scipion.report.pdf import render_pdf, require_paper
from vrs_scipion.report.score_files import write_score_files
from vrs_scipion.report.scores import ModelScores


@dataclass(frozen=True)
class ReportFiles:
    """The three files of a report."""

    json: Path
    html: Path
    pdf: Path


class PdfError(RuntimeError):
    """The PDF could not be made; the other files of the report are there."""


def write_report(
    report: Report,
    folders: Mapping[str, Path],
    out: Path,
    *,
    entry: Entry | None = None,
    scores: ModelScores | None = None,
    paper: str = A4,
) -> ReportFiles:
    """Write a report's three files.

    Parameters
    ----------
    report : Report
    folders : mapping of str to Path
        The folder of the figures of each input's key and of each check's code.
    out : Path
        The folder to write into; made if it is not there.
    entry : Entry, optional
        The prepared inputs: the map, for readers of the HTML to look through.
    scores : ModelScores, optional
        Those that the report speaks of.
    paper : str
        Of the PDF, one of `vrs_scipion.report.folder.PAPERS`.

    Returns
    -------
    ReportFiles

    Raises
    ------
    ValueError
        If a figure's file is not there, or the paper is unknown; nothing is written.
    PdfError
        If the PDF cannot be made. HTML and JSON are written, and a PDF of an earlier run is
        removed, because it would not be that of this report.
    """
    files = ReportFiles(out / JSON_FILE, out / HTML_FILE, out / PDF_FILE)
    require_paper(paper)
    document = build_document(report)
    data = json_text(report)
    with ThreadPoolExecutor(max_workers=1) as aside:
        pdf = aside.submit(render_pdf, document, folders, paper)
        page = render_html(document, folders, json_text=data, entry=entry, scores=scores)
        out.mkdir(parents=True, exist_ok=True)
        write_score_files(scores, entry, out)
        _replace(files.json, data.encode("utf-8"))
        _replace(files.html, page.encode("utf-8"))
        _write_pdf(files.pdf, pdf)
    return files


def json_text(report: Report) -> str:
    """The report as JSON, its numbers in full precision."""
    return report.model_dump_json(by_alias=True, indent=2) + "\n"


def _write_pdf(file: Path, pending: Future[bytes]) -> None:
    try:
        content = pending.result()
    except Exception as error:
        file.unlink(missing_ok=True)
        raise PdfError(
            f"{file.name} could not be made ({error}); {JSON_FILE} and {HTML_FILE} are complete."
        ) from error
    _replace(file, content)


def _replace(file: Path, content: bytes) -> None:
    with written_whole(file) as unfinished:
        unfinished.write_bytes(content)
