"""The half maps as they came: slices on one scale of grey, their masks, and their spectra."""

from __future__ import annotations

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import slices
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import HalfMaps
from vrs_scipion.figures.spectrum import spectra_plot
from vrs_scipion.maps.density import Volume
from vrs_scipion.methods.half_map_power import half_map_power

_SLICES = (
    "Both half maps ({fig:half1_slices}, {fig:half2_slices}) should show the same molecule in "
    "different noise. Their difference ({fig:difference_slices}), on the same scale of grey, "
    "should show no molecule; where a symmetry was imposed, a faint pattern on its axes is "
    "expected."
)
_MASKS = (
    "The half maps are compared under a soft mask ({fig:half_maps_mask}). It should hold the whole "
    "molecule and fall to nothing before it reaches the faces of the box."
)
_GIVEN_MASK = (
    "The mask that was given ({fig:given_mask}) is not used for that: it is held against this one."
)
_SPECTRA = (
    "The power of the half maps, of their mean and of half their difference by frequency "
    "({fig:half_spectra}): the difference is the noise of the mean, if the halves are independent. "
    "Where it meets the mean there is nothing but noise; where it falls off a cliff, the halves "
    "were filtered."
)


def look_at_half_maps(task: Task) -> Findings:
    """Draw both half maps, their difference, their masks, and the power of all by frequency."""
    found, halves = Findings(task), task.entry.half_maps()
    _draw_slices(found, halves)
    _draw_masks(found, halves)
    _draw_spectra(found)
    given = [_GIVEN_MASK] if halves.given_mask is not None else []
    found.paragraphs = [_SLICES, _MASKS, *given, _SPECTRA]
    return found


def _draw_slices(found: Findings, halves: HalfMaps) -> None:
    from vrs_scipion.figures.panels import robust_window  # slow to load
    from vrs_scipion.figures.slices import max_variance_indices, slice_panels

    first, second, size = halves.first.values, halves.second.values, halves.first.voxel_size
    indices = max_variance_indices(first + second)
    shown = (*slice_panels(first, size, indices), *slice_panels(second, size, indices))
    window = robust_window([panel.image for panel in shown])
    difference: Volume = first - second
    for key, values, of in (
        ("half1_slices", first, "half map 1"),
        ("half2_slices", second, "half map 2"),
        ("difference_slices", difference, "half map 1 minus half map 2"),
    ):
        slices(
            found,
            key,
            values,
            size,
            of,
            f"Three slices of {of}, in grey.",
            indices=indices,
            further=" In these slices the mean of both varies most.",
            kind="Slices",
            window=window,
        )


def _draw_masks(found: Findings, halves: HalfMaps) -> None:
    from vrs_scipion.figures.slices import max_variance_indices  # slow to load

    record = found.task.entry.half_maps_record
    indices = max_variance_indices(halves.mask)
    for key, mask, of, further in (
        (
            "half_maps_mask",
            halves.mask,
            "the soft mask of the half maps",
            f" Made of {record.soft_mask.description}.",
        ),
        (
            "given_mask",
            halves.given_mask,
            "the mask that was given",
            f" It is shown {record.given_mask.placed}."
            if record.given_mask and record.given_mask.placed
            else "",
        ),
    ):
        if mask is not None:
            slices(
                found,
                key,
                mask,
                record.voxel_size,
                of,
                f"Three slices of {of}; what is inside is white.",
                indices=indices,
                kind="Slices",
                further=further,
                mask=True,
                label="Mask",
            )


def _draw_spectra(found: Findings) -> None:
    entry = found.task.entry
    record = entry.half_maps_record
    spectra = entry.half_spectra(found.task.threads)
    power = half_map_power(*spectra, record.box, record.voxel_size)
    found.plot(
        "half_spectra",
        spectra_plot(
            power.frequency,
            [
                ("half map 1", power.first, "part"),
                ("half map 2", power.second, "expected"),
                ("their mean", power.mean, "measured"),
                ("half their difference", power.noise, "corrected"),
            ],
            entry.resolution,
        ),
        "Rotationally averaged power spectra of the half maps, of their mean and of half their "
        "difference.",
        "Four curves of the mean power against spatial frequency: the difference lies below the "
        "mean where there is signal.",
    )


LOOK = Check(
    code="half_maps",
    name="Half maps",
    label="look at half maps",
    purpose="The half maps as they came.",
    explanation="",
    answer=look_at_half_maps,
    needs=("map", "half_maps"),
    relies_on=(),
    judges=False,
)
