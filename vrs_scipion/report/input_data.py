"""The pictures of the section "Input data": the map and its masks, as they came."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from vrs_scipion.entry.files import load_hard_mask, load_map, load_soft_mask
from vrs_scipion.entry.model import Entry
from vrs_scipion.figures.isosurface import draw_isosurface
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.figures.projections import draw_projections
from vrs_scipion.figures.slices import (
    Indices,
    central_indices,
    draw_slices,
    max_variance_indices,
)
from vrs_scipion.results import Figure


@dataclass(frozen=True)
class InputData:
    """The section "Input data": its figures and the paragraphs that lead through them."""

    figures: tuple[Figure, ...]
    paragraphs: tuple[str, ...]


def draw_input_data(entry: Entry, folder: Path, out: Path) -> InputData:
    """Draw the figures of the section into ``out``.

    Parameters
    ----------
    entry, folder : the prepared map and the folder it lies in
    out : folder for the PNG files; made if it is not there
    """
    out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=1) as aside:
        surface = aside.submit(_isosurface, entry, folder, out)
        figures = _slices_and_projections(entry, folder, out) + _masks(entry, folder, out)
    try:
        figures.append(surface.result())
    except (EngineError, ValueError) as error:
        view = f"The isosurface could not be drawn: {error}"
    else:
        view = _ISOSURFACE
    return InputData(tuple(figures), (_SLICES, _PROJECTIONS, view, _MASKS))


_SLICES = (
    "In the slices of the map ({fig:central_slices}, {fig:variance_slices}) what surrounds the "
    "molecule should have no structure: no stripes leaving it, no isolated blobs, no patches of "
    "particularly high or low density."
)
_PROJECTIONS = (
    "The projections ({fig:projections}) should show no stripes, which come from directions that "
    "weigh too much, and no dark halo around or inside the molecule, which comes from an incorrect "
    "correction of the contrast transfer function or from a biased map."
)
_ISOSURFACE = (
    "The isosurface ({fig:isosurface}) joins the points at the recommended contour level. There "
    "should be few artefacts or noise blobs around the molecule."
)
_MASKS = (
    "Two masks follow from the contour level: one with hard borders ({fig:hard_mask}), from which "
    "the numbers of the checks are taken, and one with soft borders ({fig:soft_mask})."
)


def _slices_and_projections(entry: Entry, folder: Path, out: Path) -> list[Figure]:
    values = load_map(entry, folder).values
    figures = []
    for key, name, indices in (
        ("central_slices", "Central slices", central_indices(entry.box)),
        ("variance_slices", "Slices of maximum variance", max_variance_indices(values)),
    ):
        draw_slices(values, entry.voxel_size, indices, out / f"{key}.png", contour=entry.contour)
        figures.append(
            Figure(
                key=key,
                file=f"{key}.png",
                caption=f"{name} of the map: {_indices(indices)}. The line is the recommended "
                "contour level.",
                alt=f"{name} of the map across x, y and z, in grey.",
            )
        )
    draw_projections(values, entry.voxel_size, out / "projections.png")
    figures.append(
        Figure(
            key="projections",
            file="projections.png",
            caption="Projections of the map along x, y and z.",
            alt="Sums of the map along x, y and z, in grey.",
        )
    )
    return figures


def _isosurface(entry: Entry, folder: Path, out: Path) -> Figure:
    file = "isosurface.png"
    picture = draw_isosurface(folder / entry.map_file, entry.contour, out / file)
    note = f" {picture.note}" if picture.note else ""
    return Figure(
        key="isosurface",
        file=file,
        caption=f"Isosurface at the contour level {entry.contour:g}, turned about x, y, z by: "
        "View 1 (0, −90, −90)°, View 2 (−90, 0, −90)°, View 3 (0, 0, 0)°. Drawn by "
        f"{picture.engine_name} {picture.engine_version}.{note}",
        alt="The surface of the map at the contour level from three directions.",
    )


def _masks(entry: Entry, folder: Path, out: Path) -> list[Figure]:
    hard = load_hard_mask(entry, folder)
    soft = load_soft_mask(entry, folder)
    figures = []
    for key, words, mask, made in (
        ("hard_mask", "hard borders", hard, entry.hard_mask.description),
        ("soft_mask", "soft borders", soft, entry.soft_mask.description),
    ):
        indices = max_variance_indices(mask)
        draw_slices(mask, entry.voxel_size, indices, out / f"{key}.png", mask=True, label="Mask")
        figures.append(
            Figure(
                key=key,
                file=f"{key}.png",
                caption=f"Slices of maximum variance of the mask with {words}: "
                f"{_indices(indices)}. Made of {made}.",
                alt=f"Three slices of the mask with {words}; the molecule is white.",
            )
        )
    return figures


def _indices(indices: Indices) -> str:
    z, y, x = indices
    return f"X slice {x}, Y slice {y}, Z slice {z}"
