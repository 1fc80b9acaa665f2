"""The report as a PDF for archives (PDF/A-2a) that can be read aloud (PDF/UA-1).

The Typst template is fixed: it reads the words from a JSON file and the pictures by name, so that
nothing that a user wrote is ever read as markup. Only fonts that come with the package's own
requirements are used, so that the same report gives the same file on any machine; those of the
machine help out where a word has characters that the others lack.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timezone
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import matplotlib
import typst

from vrs_scipion.report.assets import figure_files
from vrs_scipion.report.document import Document
from vrs_scipion.report.folder import A4, LETTER, PAPERS
from vrs_scipion.report.formats import CONTROLS, moment
from vrs_scipion.results.model import Record

UNSHOWN = "□"
"""What stands in the PDF for a character that its fonts lack."""

_TYPST_PAPERS = {A4: "a4", LETTER: "us-letter"}

TEMPLATE = "report.typ"
PROBE = "probe.typ"

_log = logging.getLogger(__name__)


def render_pdf(document: Document, folders: Mapping[str, Path], paper: str = A4) -> bytes:
    """Draw a document as PDF.

    Parameters
    ----------
    document : Document
    folders : mapping of str to Path
        The folder of the figures of each input's key and of each check's code.
    paper : str
        'a4' or 'letter'.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If a figure's file cannot be shown, or the paper is another.
    typst.TypstError
        If Typst refuses a picture or the template.
    """
    require_paper(paper)
    files = figure_files(document, folders)
    with tempfile.TemporaryDirectory(prefix="vrs-report-") as name:
        folder = Path(name)
        source, probe = (_copy_template(template, folder) for template in (TEMPLATE, PROBE))
        data = _data(document, probe) | {
            "images": _copy_images(files, folder),
            "paper": _TYPST_PAPERS[paper],
        }
        (folder / "report.json").write_text(json.dumps(data), encoding="utf-8")
        timestamp = int(moment(document.created).timestamp())
        return _compile(source, timestamp, bool(data["system_fonts"]))


def require_paper(paper: str) -> None:
    """Raise ValueError if a paper is unknown."""
    if paper not in PAPERS:
        raise ValueError(f"There is no paper {paper!r}: take one of {', '.join(PAPERS)}.")


def _copy_template(name: str, folder: Path) -> Path:
    template = resources.files("vrs_scipion.report") / "templates" / name
    copy = folder / name
    copy.write_bytes(template.read_bytes())
    return copy


def _copy_images(files: Mapping[str, Path], folder: Path) -> dict[str, str]:
    names = {anchor: f"{anchor}{file.suffix.lower()}" for anchor, file in files.items()}
    for anchor, file in files.items():
        shutil.copyfile(file, folder / names[anchor])
    return names


def _compile(source: Path, timestamp: int, system_fonts: bool) -> bytes:
    try:
        return _typst(source, timestamp, system_fonts=system_fonts)
    except typst.TypstError as error:
        _log.warning("The PDF does not keep to PDF/A-2a and PDF/UA-1: %s", error.message)
        return _typst(source, timestamp, for_archives=False, system_fonts=system_fonts)


def _typst(
    source: Path,
    timestamp: int = 0,
    *,
    for_archives: bool = True,
    system_fonts: bool = False,
    inputs: Mapping[str, str] | None = None,
) -> bytes:
    return typst.compile(
        source,
        root=source.parent,
        font_paths=_fonts(system_fonts),
        sys_inputs=dict(inputs or {}),
        pdf_standards=["a-2a", "ua-1"] if for_archives else [],
        timestamp=timestamp,
    )


@cache
def _fonts(system: bool) -> typst.Fonts:
    """The fonts of Typst and of matplotlib, and the machine's where asked for."""
    paths = [Path(matplotlib.get_data_path()) / "fonts" / "ttf"]
    return typst.Fonts(include_system_fonts=system, font_paths=paths)


def _data(document: Document, probe: Path) -> dict[str, Any]:
    created = moment(document.created).astimezone(timezone.utc)
    data: dict[str, Any] = json.loads(json.dumps(asdict(document), default=_plain))
    data["date"] = [getattr(created, part) for part in _DATE_PARTS]
    characters = set(json.dumps(data, ensure_ascii=False))
    missing = _undisplayable(characters, probe)
    left = _undisplayable({chr(code) for code in missing}, probe, system_fonts=True)
    data["system_fonts"] = len(left) < len(missing)
    missing = left
    data["unshown"] = UNSHOWN if missing else ""
    translated: dict[str, Any] = _translated(data, CONTROLS | dict.fromkeys(missing, UNSHOWN))
    return translated


def _plain(record: Record) -> dict[str, Any]:
    return record.model_dump()


_DATE_PARTS = ("year", "month", "day", "hour", "minute", "second")


def _translated(value: Any, table: Mapping[int, str | None]) -> Any:
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, dict):
        return {key: _translated(item, table) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_translated(item, table) for item in value]
    return value


def _undisplayable(characters: set[str], probe: Path, *, system_fonts: bool = False) -> list[int]:
    """The code points of characters that no font has."""
    unusual = sorted(character for character in characters if ord(character) > 0xFF)
    if _displayable(" ".join(unusual), probe, system_fonts):
        return []
    return [
        ord(character) for character in unusual if not _displayable(character, probe, system_fonts)
    ]


def _displayable(text: str, probe: Path, system_fonts: bool) -> bool:
    try:
        _typst(probe, inputs={"text": text}, system_fonts=system_fonts)
    except typst.TypstError:
        return False
    return True
