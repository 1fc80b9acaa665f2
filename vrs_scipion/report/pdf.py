"""The report as a PDF for archives (PDF/A-2a) that can be read aloud (PDF/UA-1).

The Typst template is fixed: it reads the words from a JSON file and the pictures by name, so that
nothing that a user wrote is ever read as markup. Only the fonts that Typst carries are used, so
that the same report gives the same file on any machine.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timezone
from importlib import resources
from pathlib import Path
from typing import Any

import typst

from vrs_scipion.report.assets import figure_files
from vrs_scipion.report.document import Document
from vrs_scipion.report.formats import CONTROLS, moment

UNSHOWN = "□"
"""What stands in the PDF for a character that its fonts lack."""

TEMPLATE = "report.typ"
PROBE = "probe.typ"

_log = logging.getLogger(__name__)


def render_pdf(document: Document, folders: Mapping[str, Path]) -> bytes:
    """Draw a document as PDF.

    Parameters
    ----------
    document : Document
    folders : mapping of str to Path
        The folder of the figures of 'input' and of each check's code.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If a figure's file cannot be shown.
    typst.TypstError
        If Typst refuses a picture or the template.
    """
    files = figure_files(document, folders)
    with tempfile.TemporaryDirectory(prefix="vrs-report-") as name:
        folder = Path(name)
        source, probe = (_copy_template(template, folder) for template in (TEMPLATE, PROBE))
        data = _data(document, probe) | {"images": _copy_images(files, folder)}
        (folder / "report.json").write_text(json.dumps(data), encoding="utf-8")
        return _compile(source, int(moment(document.created).timestamp()))


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


def _compile(source: Path, timestamp: int) -> bytes:
    try:
        return _typst(source, timestamp)
    except typst.TypstError as error:
        _log.warning("The PDF does not keep to PDF/A-2a and PDF/UA-1: %s", error.message)
        return _typst(source, timestamp, for_archives=False)


def _typst(
    source: Path,
    timestamp: int = 0,
    *,
    for_archives: bool = True,
    inputs: Mapping[str, str] | None = None,
) -> bytes:
    return typst.compile(
        source,
        root=source.parent,
        font_paths=typst.Fonts(include_system_fonts=False),
        ignore_system_fonts=True,
        sys_inputs=dict(inputs or {}),
        pdf_standards=["a-2a", "ua-1"] if for_archives else [],
        timestamp=timestamp,
    )


def _data(document: Document, probe: Path) -> dict[str, Any]:
    created = moment(document.created).astimezone(timezone.utc)
    data = asdict(document) | {"date": [getattr(created, part) for part in _DATE_PARTS]}
    missing = _undisplayable(set(json.dumps(data, ensure_ascii=False)), probe)
    data["unshown"] = UNSHOWN if missing else ""
    translated: dict[str, Any] = _translated(data, CONTROLS | dict.fromkeys(missing, UNSHOWN))
    return translated


_DATE_PARTS = ("year", "month", "day", "hour", "minute", "second")


def _translated(value: Any, table: Mapping[int, str | None]) -> Any:
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, dict):
        return {key: _translated(item, table) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_translated(item, table) for item in value]
    return value


def _undisplayable(characters: set[str], probe: Path) -> list[int]:
    """The code points of characters that none of Typst's own fonts has."""
    unusual = sorted(character for character in characters if ord(character) > 0xFF)
    if _displayable(" ".join(unusual), probe):
        return []
    return [ord(character) for character in unusual if not _displayable(character, probe)]


def _displayable(text: str, probe: Path) -> bool:
    try:
        _typst(probe, inputs={"text": text})
    except typst.TypstError:
        return False
    return True
