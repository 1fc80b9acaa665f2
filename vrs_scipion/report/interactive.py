"""What of a report can be explored in a browser: plots, slices and the surface, as JSON."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures import style
from vrs_scipion.figures.isosurface.views import VIEWS, rotation_matrix
from vrs_scipion.report.assets import placed_figures
from vrs_scipion.report.document import Document
from vrs_scipion.report.plotly_figure import GROUNDS, plotly_figure
from vrs_scipion.report.slice_atlas import slice_atlas
from vrs_scipion.report.surface_mesh import SurfaceMesh, colour_sources, surface_mesh
from vrs_scipion.results.files import load_plot
from vrs_scipion.results.numbers import number
from vrs_scipion.results.plots import Plot

Json = dict[str, Any]

_ADDRESSES = ("https://cloud.plotly.com/newchart", "https://cdn.plot.ly/un/")
"""Where plotly would send a plot that is shared, and fetch outlines of countries from."""


@dataclass(frozen=True)
class Script:
    """A script of the page: its text, and what a Content-Security-Policy calls it."""

    text: str

    @property
    def source(self) -> str:
        digest = hashlib.sha256(self.text.encode("utf-8")).digest()
        return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def own_script() -> Script:
    """The page's own program."""
    file = resources.files("vrs_scipion.report") / "templates" / "report.js"
    return Script(file.read_text(encoding="utf-8"))


@cache
def plotly_script() -> Script:
    """Plotly, the library, as it runs in the page: without the addresses it would send data to."""
    text = get_plotlyjs()
    for address in _ADDRESSES:
        text = text.replace(address, "")
    return Script(text)


@cache
def packed_plotly() -> str:
    """Plotly as base64 of its gzip; the same bytes each time."""
    packed = gzip.compress(plotly_script().text.encode("utf-8"), mtime=0)
    return base64.b64encode(packed).decode("ascii")


def plots_of(document: Document, folders: Mapping[str, Path]) -> dict[str, Plot]:
    """The plots of a document's figures by the anchors of the figures, those whose file is there.

    Raises
    ------
    pydantic.ValidationError
        If a plot's file is not a plot of this version.
    """
    named = {
        figure.anchor: folders[figure.owner] / figure.plot
        for figure in placed_figures(document)
        if figure.plot
    }
    return {anchor: load_plot(file) for anchor, file in named.items() if file.is_file()}


def plot_data(plots: Mapping[str, Plot]) -> Json:
    """The plots as plotly draws them on light and on dark pages."""
    return {
        anchor: {ground: plotly_figure(plot, ground) for ground in GROUNDS}
        for anchor, plot in plots.items()
    }


def slice_data(entry: Entry) -> Json:
    """The slices of the map with its hard mask."""
    density = entry.density()
    return asdict(slice_atlas(density.values, entry.hard_mask(), density.voxel_size))


def surface_data(entry: Entry, document: Document, folders: Mapping[str, Path]) -> Json | None:
    """The surface of the map with what can colour it; None where it has none."""
    figures = [(figure.surface, figure.owner) for figure in placed_figures(document)]
    try:
        mesh = surface_mesh(entry, colour_sources(figures, folders))
    except ValueError:
        return None
    return _surface_json(mesh)


def _surface_json(mesh: SurfaceMesh) -> Json:
    data = asdict(mesh)
    for paint in data["paints"]:
        paint |= {f"{end}_words": number(paint[end]) for end in ("low", "high")}
    views = [rotation_matrix(angles).ravel().round(6).tolist() for angles in VIEWS]
    return data | {"views": views, "plain": style.SURFACE}


def as_script_data(data: Json) -> str:
    """JSON that cannot end the script element that it stands in, whatever it holds."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
