"""The report as one HTML file that carries its pictures and needs nothing from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from vrs_scipion.report.assets import MEDIA_TYPES, figure_files
from vrs_scipion.report.document import Document
from vrs_scipion.report.formats import CONTROLS

TEMPLATE = "report.html.jinja"


def render_html(document: Document, folders: Mapping[str, Path]) -> str:
    """Draw a document as HTML.

    Parameters
    ----------
    document : Document
    folders : mapping of str to Path
        The folder of the figures of 'input' and of each check's code.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If a figure's file cannot be shown.
    """
    environment = Environment(
        loader=PackageLoader("vrs_scipion.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    images = {anchor: _data_uri(file) for anchor, file in figure_files(document, folders).items()}
    page = environment.get_template(TEMPLATE).render(doc=document, images=images)
    return page.translate(CONTROLS)


def _data_uri(file: Path) -> str:
    content = base64.b64encode(file.read_bytes()).decode("ascii")
    return f"data:{MEDIA_TYPES[file.suffix.lower()]};base64,{content}"
