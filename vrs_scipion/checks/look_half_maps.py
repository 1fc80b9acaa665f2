"""The half maps as they came: slices on one scale of grey, and their spectra."""

from __future__ import annotations

import numpy as np

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import slices
from vrs_scipion.checks.task import Task
from vrs_scipion.figures.spectrum import spectra_plot
from vrs_scipion.maps.density import Volume
from vrs_scipion.methods.shells import power_spectrum
from vrs_scipion.results.plots import Role

_SLICES = (
    "Both half maps ({fig:half1_slices}, {fig:half2_slices}) should show the same molecule in "
    "different noise. Their difference ({fig:difference_slices}), on the same scale of grey, "
    "should show no molecule; where a symmetry was imposed, a faint pattern on its axes is "
    "expected."
)
_SPECTRA = (
    "The power of the half maps, of their mean and of half their difference by frequency "
    "({fig:half_spectra}): the difference is the noise of the mean, if the halves are independent. "
    "Where it meets the mean there is nothing but noise; where it falls off a cliff, the halves "
    "were filtered."
)


def look_at_half_maps(task: Task) -> Findings:
    """Draw both half maps, their difference, and the power of all by frequency."""
    from vrs_scipion.figures.panels import robust_window  # slow to load
    from vrs_scipion.figures.slices import max_variance_indices, slice_panels

    found, halves = Findings(task), task.entry.half_maps()
    first, second = halves.first.values, halves.second.values
    size = halves.first.voxel_size
    indices = max_variance_indices(first)
    window = robust_window([panel.image for panel in slice_panels(first, size, indices)])
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
            further=" They are those of maximum variance of half map 1.",
            kind="Slices",
            window=window,
        )
    _draw_spectra(found, first, second, difference)
    found.paragraphs = [_SLICES, _SPECTRA]
    return found


def _draw_spectra(found: Findings, first: Volume, second: Volume, difference: Volume) -> None:
    size, threads = found.task.entry.half_maps_record.voxel_size, found.task.threads
    named: tuple[tuple[str, Volume, Role], ...] = (
        ("half map 1", first, "part"),
        ("half map 2", second, "expected"),
        ("their mean", (first + second) / 2, "measured"),
        ("half their difference", difference / np.float32(2), "corrected"),
    )
    spectra = [(name, power_spectrum(values, size, threads), role) for name, values, role in named]
    found.plot(
        "half_spectra",
        spectra_plot(
            spectra[0][1][0],
            [(name, power, role) for name, (_, power), role in spectra],
            found.task.entry.resolution,
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
