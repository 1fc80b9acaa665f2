"""The picture files of a report: where they lie, and whether they can be shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vrs_scipion.report.document import Document
from vrs_scipion.report.numbering import PlacedFigure

MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".svg": "image/svg+xml",
}


def placed_figures(document: Document) -> tuple[PlacedFigure, ...]:
    """The figures of a document in the order of their numbers."""
    sections = (*(one.blocks for one in document.inputs), *(c.blocks for c in document.checks))
    return tuple(
        block for blocks in sections for block in blocks if isinstance(block, PlacedFigure)
    )


def figure_files(document: Document, folders: Mapping[str, Path]) -> dict[str, Path]:
    """Find the file of every figure.

    Parameters
    ----------
    document : Document
    folders : mapping of str to Path
        The folder of the figures of each input's key and of each check's code.

    Returns
    -------
    dict of str to Path
        The files by the anchors of their figures.

    Raises
    ------
    ValueError
        If a figure's file is missing, lies outside its folder, or is no PNG, JPEG or SVG.
    """
    return {figure.anchor: _file(figure, folders) for figure in placed_figures(document)}


def _file(figure: PlacedFigure, folders: Mapping[str, Path]) -> Path:
    name = f"The figure {figure.key!r} of {figure.owner!r}"
    if figure.owner not in folders:
        raise ValueError(f"{name} has no folder: name the folder of {figure.owner!r}.")
    folder = Path(folders[figure.owner]).resolve()
    file = (folder / figure.file).resolve()
    if not file.is_relative_to(folder):
        raise ValueError(f"{name} lies outside its folder: {figure.file}.")
    if file.suffix.lower() not in MEDIA_TYPES:
        known = ", ".join(MEDIA_TYPES)
        raise ValueError(f"{name} is {figure.file}, which is none of {known}.")
    if not file.is_file():
        raise ValueError(f"{name} is missing: there is no file {file}.")
    return file
