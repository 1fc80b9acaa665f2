"""The pictures of the section "Input data": the map and its masks, as they came."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from vrs_scipion.entry.files import load_hard_mask, load_map, load_soft_mask
from vrs_scipion.entry.model import Entry
from vrs_scipion.figures.distribution import distribution_plot
from vrs_scipion.figures.isosurface import draw_isosurface
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.figures.plotting import plot_file, save_picture
from vrs_scipion.figures.projections import draw_projections
from vrs_scipion.figures.slices import (
    Indices,
    central_indices,
    draw_slices,
    max_variance_indices,
)
from vrs_scipion.figures.spectrum import spectrum_plot
from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.results import Figure

ISOSURFACE = "isosurface"
"""Key of the figure of the map's surface."""


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
    out : folder for the picture files; made if it is not there
    """
    out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=1) as aside:
        surface = aside.submit(_isosurface, entry, folder, out)
        values, hard = load_map(entry, folder).values, load_hard_mask(entry, folder)
        figures = [
            *_slices(entry, values, out),
            *_projections(entry, values, out),
            *_plots(entry, values, hard, out),
            *_masks(entry, hard, load_soft_mask(entry, folder), out),
        ]
    try:
        figures.append(surface.result())
    except (EngineError, ValueError) as error:
        view = f"The isosurface could not be drawn: {error}"
    else:
        view = _ISOSURFACE
    paragraphs = (_SLICES, _PROJECTIONS, view, _VALUES, _POWER, _MASKS)
    return InputData(tuple(figures), paragraphs)


_SLICES = (
    "In the slices of the map ({fig:central_slices}, {fig:variance_slices}) what surrounds the "
    "molecule should have no structure: no stripes leaving it, no isolated blobs, no patches of "
    "particularly high or low density."
)
_PROJECTIONS = (
    "The projections ({fig:projections}) should show no stripes, which come from directions that "
    "weigh too much, and no dark halo around or inside the molecule, which comes from an incorrect "
    "correction of the contrast transfer function or from a biased map. The standard deviation "
    "along the same lines ({fig:deviation_projections}) shows where the density varies: a ring or "
    "a box in it is the trace of a mask."
)
_ISOSURFACE = (
    "The isosurface ({fig:isosurface}) joins the points at the recommended contour level. There "
    "should be few artefacts or noise blobs around the molecule."
)
_VALUES = (
    "The values of a map ({fig:value_distribution}) form a peak of noise around zero, from which "
    "the molecule reaches to the right; the recommended contour should lie beyond the peak. A "
    "spike at one value alone is the trace of a mask."
)
_POWER = (
    "The rotationally averaged power spectrum ({fig:power_spectrum}) falls towards fine detail. A "
    "cliff is the trace of a low-pass filter, a rise towards the right one of sharpening beyond "
    "what the data hold."
)
_MASKS = (
    "Two masks follow from the contour level: one with hard borders ({fig:hard_mask}), from which "
    "the numbers of the checks are taken, and one with soft borders ({fig:soft_mask})."
)


def _slices(entry: Entry, values: Volume, out: Path) -> Iterator[Figure]:
    for key, name, indices in (
        ("central_slices", "Central slices", central_indices(entry.box)),
        ("variance_slices", "Slices of maximum variance", max_variance_indices(values)),
    ):
        draw_slices(values, entry.voxel_size, indices, out / f"{key}.png", contour=entry.contour)
        yield Figure(
            key=key,
            file=f"{key}.png",
            caption=f"{name} of the map: {_indices(indices)}. The line is the recommended "
            "contour level.",
            alt=f"{name} of the map across x, y and z, in grey.",
        )


def _projections(entry: Entry, values: Volume, out: Path) -> Iterator[Figure]:
    draw_projections(values, entry.voxel_size, out / "projections.png")
    yield Figure(
        key="projections",
        file="projections.png",
        caption="Projections of the map along x, y and z.",
        alt="Sums of the map along x, y and z, in grey.",
    )
    draw_projections(values, entry.voxel_size, out / "deviation_projections.png", "deviation")
    yield Figure(
        key="deviation_projections",
        file="deviation_projections.png",
        caption="Standard deviation of the map's values along x, y and z.",
        alt="Standard deviation of the map along x, y and z, in grey.",
    )


def _plots(entry: Entry, values: Volume, hard: Mask, out: Path) -> Iterator[Figure]:
    save_picture(distribution_plot(values, hard, entry.contour), out / "value_distribution.svg")
    yield Figure(
        key="value_distribution",
        file="value_distribution.svg",
        caption="Distribution of the map's values, in the whole box and inside the mask with hard "
        "borders, with the recommended contour level marked. The scale is logarithmic.",
        alt="Two curves of the number of voxels against their value: a peak around zero for the "
        "box, a tail to the right for the molecule.",
        plot=plot_file("value_distribution.svg"),
    )
    save_picture(
        spectrum_plot(values, entry.voxel_size, entry.resolution), out / "power_spectrum.svg"
    )
    yield Figure(
        key="power_spectrum",
        file="power_spectrum.svg",
        caption="Rotationally averaged power spectrum of the map: mean of |F|² in each Fourier "
        "shell, on a logarithmic scale.",
        alt="A curve of the mean power against spatial frequency, up to the Nyquist frequency.",
        plot=plot_file("power_spectrum.svg"),
    )


def _isosurface(entry: Entry, folder: Path, out: Path) -> Figure:
    file = f"{ISOSURFACE}.png"
    picture = draw_isosurface(folder / entry.map_file, entry.contour, out / file)
    note = f" {picture.note}" if picture.note else ""
    return Figure(
        key=ISOSURFACE,
        file=file,
        caption=f"Isosurface at the contour level {entry.contour:g}, turned about x, y, z by: "
        "View 1 (0, −90, −90)°, View 2 (−90, 0, −90)°, View 3 (0, 0, 0)°. Drawn by "
        f"{picture.engine_name} {picture.engine_version}.{note}",
        alt="The surface of the map at the contour level from three directions.",
    )


def _masks(entry: Entry, hard: Mask, soft: Volume, out: Path) -> Iterator[Figure]:
    for key, words, mask, made in (
        ("hard_mask", "hard borders", hard, entry.hard_mask.description),
        ("soft_mask", "soft borders", soft, entry.soft_mask.description),
    ):
        indices = max_variance_indices(mask)
        draw_slices(mask, entry.voxel_size, indices, out / f"{key}.png", mask=True, label="Mask")
        yield Figure(
            key=key,
            file=f"{key}.png",
            caption=f"Slices of maximum variance of the mask with {words}: "
            f"{_indices(indices)}. Made of {made}.",
            alt=f"Three slices of the mask with {words}; the molecule is white.",
        )


def _indices(indices: Indices) -> str:
    z, y, x = indices
    return f"X slice {x}, Y slice {y}, Z slice {z}"
