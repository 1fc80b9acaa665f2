"""The map and its masks, as they came: the first section of "Input data"."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import slices, surface
from vrs_scipion.checks.task import Task
from vrs_scipion.figures.distribution import distribution_plot
from vrs_scipion.figures.spectrum import spectrum_plot
from vrs_scipion.maps.density import Mask, Volume

ISOSURFACE = "isosurface"
"""Key of the figure of the map's surface."""

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


def look_at_map(task: Task) -> Findings:
    """Draw the map, its values, its spectrum and its masks."""
    entry = task.entry
    found, seen_whole = Findings(task), Findings(task)
    with ThreadPoolExecutor(max_workers=1) as aside:
        drawn = aside.submit(
            surface,
            seen_whole,
            ISOSURFACE,
            entry.map_path,
            "The surface of the map at the contour level from three directions.",
        )
        values, hard = entry.density().values, entry.hard_mask()
        _draw_slices(found, values)
        _draw_projections(found, values)
        _draw_plots(found, values, hard)
        _draw_masks(found, hard, entry.soft_mask())
    view = [_ISOSURFACE] if drawn.result() else seen_whole.paragraphs
    found.figures += seen_whole.figures
    found.paragraphs = [_SLICES, _PROJECTIONS, *view, _VALUES, _POWER, _MASKS]
    return found


def _draw_slices(found: Findings, values: Volume) -> None:
    from vrs_scipion.figures.slices import central_indices  # slow to load

    entry = found.task.entry
    for key, kind, indices in (
        ("central_slices", "Central slices", central_indices(entry.box)),
        ("variance_slices", "Slices of maximum variance", None),
    ):
        slices(
            found,
            key,
            values,
            entry.voxel_size,
            "the map",
            f"{kind} of the map across x, y and z, in grey.",
            indices=indices,
            kind=kind,
            further=" The line is the recommended contour level.",
            contour=entry.contour,
        )


def _draw_projections(found: Findings, values: Volume) -> None:
    from vrs_scipion.figures.projections import draw_projections  # slow to load

    size = found.task.entry.voxel_size
    found.picture(
        "projections",
        lambda path: draw_projections(values, size, path),
        "Projections of the map along x, y and z.",
        "Sums of the map along x, y and z, in grey.",
    )
    found.picture(
        "deviation_projections",
        lambda path: draw_projections(values, size, path, "deviation"),
        "Standard deviation of the map's values along x, y and z.",
        "Standard deviation of the map along x, y and z, in grey.",
    )


def _draw_plots(found: Findings, values: Volume, hard: Mask) -> None:
    entry = found.task.entry
    found.plot(
        "value_distribution",
        distribution_plot(values, hard, entry.contour),
        "Distribution of the map's values, in the whole box and inside the mask with hard borders, "
        "with the recommended contour level marked. The scale is logarithmic.",
        "Two curves of the number of voxels against their value: a peak around zero for the box, a "
        "tail to the right for the molecule.",
    )
    found.plot(
        "power_spectrum",
        spectrum_plot(values, entry.voxel_size, entry.resolution),
        "Rotationally averaged power spectrum of the map: mean of |F|² in each Fourier shell, on a "
        "logarithmic scale.",
        "A curve of the mean power against spatial frequency, up to the Nyquist frequency.",
    )


def _draw_masks(found: Findings, hard: Mask, soft: Volume) -> None:
    record = found.task.entry.map
    for key, words, mask, made in (
        ("hard_mask", "hard borders", hard, record.hard_mask.description),
        ("soft_mask", "soft borders", soft, record.soft_mask.description),
    ):
        slices(
            found,
            key,
            mask,
            record.voxel_size,
            f"the mask with {words}",
            f"Three slices of the mask with {words}; the molecule is white.",
            further=f" Made of {made}.",
            mask=True,
            label="Mask",
        )


LOOK = Check(
    code="map",
    name="Map",
    label="look at map",
    purpose="The map and its masks, as they came.",
    explanation="",
    answer=look_at_map,
    relies_on=(),
    judges=False,
)
