"""What the checks of a value per voxel share: the map they measure, percentiles, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import WHERE, coloured_surface
from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.histogram import histogram_plot
from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.results import Column
from vrs_scipion.results.numbers import number, quantity

PERCENTILES = (2.5, 25.0, 50.0, 75.0, 97.5)

_SAME = 1e-3


@dataclass(frozen=True)
class Measurable:
    """The map that local values are measured of.

    Attributes
    ----------
    density, mask : the map and its hard mask
    path : the map's file
    max_res : where the sweep over frequencies ends, in Å
    note : how the map and the sweep were chosen, in a sentence
    """

    density: Density
    mask: Mask
    path: Path
    max_res: float
    note: str


def measurable(entry: Entry) -> Measurable:
    """The map on voxels of half the resolution; the map itself where it is that coarse already.

    Raises
    ------
    NotMeasurableError
        if no resolution was reported, or there is no such map with a mask.
    """
    d, nyquist = entry.resolution, 2 * max(entry.voxel_size)
    if d is None:
        raise NotMeasurableError("No resolution was reported: the sweep has no fine end.")
    if entry.map.resized is not None:
        return _resized(entry, d)
    if d > nyquist * (1 + _SAME):
        raise NotMeasurableError(
            f"On voxels of half the resolution ({number(d / 2)} Å) the box is only a few voxels "
            "wide."
        )
    beyond = d < nyquist * (1 - _SAME)
    return Measurable(
        entry.density(),
        entry.hard_mask(),
        entry.map_path,
        max(d, nyquist),
        f"The reported resolution, {number(d)} Å, lies beyond the Nyquist limit of the voxels: the "
        f"sweep ends there, at {number(nyquist)} Å."
        if beyond
        else "The map was measured as it is: its voxels are half the resolution already.",
    )


def _resized(entry: Entry, d: float) -> Measurable:
    density, mask, resized = entry.resized(), entry.resized_hard_mask(), entry.map.resized
    assert density is not None
    assert resized is not None
    if mask is None:
        raise NotMeasurableError(
            "Resampled to voxels of half the resolution, the map does not reach the contour level: "
            "there is no mask to measure in."
        )
    return Measurable(
        density,
        mask,
        entry.path("map", resized.file),
        d,
        f"The map was resampled to voxels of half the resolution, {number(d / 2)} Å, and measured "
        "inside its hard mask.",
    )


def refused(error: NotMeasurableError) -> str:
    """A method's refusal as a sentence of the report."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


@dataclass(frozen=True)
class LocalValues:
    """Values of the voxels of a mask, and what to call them.

    Attributes
    ----------
    key : prefix of the measurements and name of table, figures and volume
    words : what they are, e.g. 'local B-factor'
    unit : '' for none
    volume : float32 (z, y, x), NaN where there is no value
    format : of numbers in the table
    """

    key: str
    words: str
    unit: str
    volume: Volume
    format: str

    @property
    def inside(self) -> NDArray[np.float32]:
        """The values there are."""
        inside: NDArray[np.float32] = self.volume[np.isfinite(self.volume)]
        return inside

    @property
    def title(self) -> str:
        """For the head of a column."""
        return f"{self.words[:1].upper()}{self.words[1:]}"

    @property
    def label(self) -> str:
        """For axes and colour keys."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


def note_percentiles(
    found: Findings,
    local: LocalValues,
    caption: str,
    further: Sequence[tuple[Column, Sequence[float]]] = (),
) -> list[float]:
    """Measure and tabulate the percentiles of the values in the mask, ``further`` beside them."""
    values = [float(v) for v in np.percentile(local.inside, PERCENTILES)]
    for p, value in zip(PERCENTILES, values, strict=True):
        found.measure(
            f"{local.key}_p{p:g}".replace(".", "_"),
            value,
            local.unit,
            f"{p:g} % percentile of the {local.words} in the mask",
        )
    found.tabulate(
        local.key,
        caption,
        [
            Column(key="percentile", label="Percentile", unit="%", format="g"),
            Column(key="value", label=local.title, unit=local.unit, format=local.format),
            *(column for column, _ in further),
        ],
        list(zip(PERCENTILES, values, *(column for _, column in further), strict=True)),
    )
    return values


def remark_if_homogeneous(
    found: Findings, local: LocalValues, percentiles: Sequence[float], tolerance: float
) -> None:
    """Warn of values that are the same all over the molecule."""
    if percentiles[-1] - percentiles[0] < tolerance:
        found.remarks.append(
            f"The {local.words} is suspiciously homogeneous: 95 % of the voxels lie between "
            f"{quantity(percentiles[0], local.unit)} and {quantity(percentiles[-1], local.unit)}."
        )


def draw_distribution(
    found: Findings,
    local: LocalValues,
    percentiles: Sequence[float],
    accepted: tuple[float, float] | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> None:
    """Draw the histogram of the values, the accepted interval shaded, median and marks marked."""
    median = percentiles[PERCENTILES.index(50.0)]
    shaded = "; the median is accepted in the shaded interval" if accepted else ""
    found.plot(
        f"{local.key}_histogram",
        histogram_plot(
            local.inside,
            xlabel=local.label,
            accepted=accepted,
            marks=[(median, f"median {number(median)}"), *marks],
        ),
        f"Histogram of the {local.words} in the mask{shaded}.",
        f"Histogram of the {local.words}; 95 % of the voxels lie between "
        f"{quantity(percentiles[0], local.unit)} and {quantity(percentiles[-1], local.unit)}.",
    )


def keep_volume(
    found: Findings,
    local: LocalValues,
    density: Density,
    file: str,
    reach: tuple[float, float] | None,
    label: str = "",
) -> None:
    """Write the values as a volume on the grid of ``density``, 0 where there is none.

    ``reach`` is what their colours span, None where all are the same; ``label`` is what a colour
    key calls them.
    """
    of = f" in {local.unit}" if local.unit else ""
    found.volume(
        local.key,
        np.nan_to_num(local.volume, nan=0.0),
        density,
        f"{local.words}{of} in the mask, 0 outside",
        file=file,
        kind="values",
        label=label or local.label,
        unit=local.unit,
        reach=reach,
    )


def draw_coloured_surface(
    found: Findings, local: LocalValues, density: Density, path: Path, says: str = WHERE
) -> None:
    """Draw the surface of the map in ``path`` in the colours of values that were kept."""
    coloured_surface(found, local.key, local.volume, path, density, local.words, says)
