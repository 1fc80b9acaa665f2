"""The report as one HTML file that carries everything it shows and needs nothing from elsewhere.

Without scripts it is a complete page. With them its plots answer to the pointer, its tables sort,
and the map itself can be looked through; a Content-Security-Policy names the scripts by their
hashes and lets nothing else run, and nothing leave the page.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from vrs_scipion.entry.entry import Entry
from vrs_scipion.report.assets import MEDIA_TYPES, figure_files
from vrs_scipion.report.document import Document
from vrs_scipion.report.formats import CONTROLS
from vrs_scipion.report.interactive import (
    as_script_data,
    own_script,
    packed_plotly,
    plot_data,
    plotly_script,
    plots_of,
    slice_data,
    surface_data,
)
from vrs_scipion.report.residue_data import residue_data
from vrs_scipion.report.scores import ModelScores
from vrs_scipion.report.tables import measurements_csv, plot_csv, table_csv

TEMPLATE = "report.html.jinja"

_CONTROLS = re.compile(f"[{re.escape(''.join(map(chr, CONTROLS)))}]")
"""What has no place on a page; far quicker on a long one than a translation."""
_HEAVY = 100_000
"""Bytes of a PNG from which the page carries it as WebP, of this quality."""
_QUALITY = 85


def render_html(
    document: Document,
    folders: Mapping[str, Path],
    *,
    json_text: str = "",
    entry: Entry | None = None,
    scores: ModelScores | None = None,
) -> str:
    """Draw a document as HTML.

    Parameters
    ----------
    document : Document
    folders : mapping of str to Path
        The folder of the figures of each input's key and of each check's code.
    json_text : str
        The report as JSON, for the page to offer.
    entry : Entry, optional
        The prepared inputs: the map, whose slices and surface the page shows then.
    scores : ModelScores, optional
        Of the model, for readers to look through.

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
    environment.filters |= {
        "csv": lambda table: _offered("text/csv", table_csv(table)),
        "measurements_csv": lambda check: _offered("text/csv", measurements_csv(check)),
    }
    files = figure_files(document, folders)
    with ThreadPoolExecutor() as pool:
        images = dict(zip(files, pool.map(_image, files.values()), strict=True))
    plots = plots_of(document, folders)
    script = own_script()
    page = environment.get_template(TEMPLATE).render(
        doc=document,
        images=images,
        policy=_policy(script.source, plotly_script().source),
        script=script.text,
        plotly=packed_plotly() if plots else "",
        plots=as_script_data(plot_data(plots)),
        plot_tables={anchor: _offered("text/csv", plot_csv(p)) for anchor, p in plots.items()},
        slices=as_script_data(slice_data(entry)) if entry else "",
        surface=_surface(entry, document, folders),
        residues=_residues(entry, scores),
        report_json=_offered("application/json", json_text) if json_text else "",
    )
    return _CONTROLS.sub("", page)


def _policy(*scripts: str) -> str:
    rules = {
        "default-src": "'none'",
        "img-src": "data: blob:",
        "style-src": "'unsafe-inline'",
        "script-src": " ".join(scripts),
        "form-action": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def _surface(entry: Entry | None, document: Document, folders: Mapping[str, Path]) -> str:
    data = surface_data(entry, document, folders) if entry else None
    return as_script_data(data) if data else ""


def _residues(entry: Entry | None, scores: ModelScores | None) -> str:
    if entry is None or scores is None or not scores.of("residues"):
        return ""
    return as_script_data(residue_data(scores, entry.start))


def _offered(media_type: str, text: str) -> str:
    content = base64.b64encode(text.encode("utf-8")).decode("ascii")
    return f"data:{media_type};charset=utf-8;base64,{content}"


def _image(file: Path) -> str:
    media_type, content = MEDIA_TYPES[file.suffix.lower()], file.read_bytes()
    if media_type == "image/png" and len(content) > _HEAVY:
        media_type, content = "image/webp", _webp(content)
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def _webp(png: bytes) -> bytes:
    stream = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").save(stream, "WEBP", quality=_QUALITY, method=2)
    return stream.getvalue()
