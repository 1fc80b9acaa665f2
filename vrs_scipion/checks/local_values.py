"""What the checks of a value per voxel share: the map they measure, percentiles, pictures."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.checks.check import Findings, Task
from vrs_scipion.entry.files import load_hard_mask, load_map, load_mask, load_resized
from vrs_scipion.entry.model import Entry
from vrs_scipion.figures.curves import draw_histogram
from vrs_scipion.figures.isosurface import draw_isosurface
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.figures.plotting import plot_file
from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.results import Column, Figure, OutputVolume, Reference, SurfaceColours
from vrs_scipion.results.numbers import number, quantity

PERCENTILES = (2.5, 25.0, 50.0, 75.0, 97.5)

KAUR_2021 = Reference(
    key="Kaur2021",
    text="Kaur S, Gomez-Blanco J, Khalifa AAZ, Adinarayanan S, Sanchez-Garcia R, Wrapp D, "
    "McLellan JS, Bui KH, Vargas J (2021). Local computational methods to improve the "
    "interpretability and analysis of cryo-EM maps. Nature Communications 12, 1240.",
    doi="10.1038/s41467-021-21509-5",
)

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


def measurable(entry: Entry, folder: Path) -> Measurable:
    """The map on voxels of half the resolution; the map itself where it is that coarse already.

    Raises
    ------
    NotMeasurableError
        if no resolution was reported, or there is no such map with a mask.
    """
    d, nyquist = entry.resolution, 2 * max(entry.voxel_size)
    if d is None:
        raise NotMeasurableError("No resolution was reported: the sweep has no fine end.")
    if entry.resized is not None:
        return _resized(entry, folder, d)
    if d > nyquist * (1 + _SAME):
        raise NotMeasurableError(
            f"On voxels of half the resolution ({number(d / 2)} Å) the box is only a few voxels "
            "wide."
        )
    beyond = d < nyquist * (1 - _SAME)
    return Measurable(
        load_map(entry, folder),
        load_hard_mask(entry, folder),
        folder / entry.map_file,
        max(d, nyquist),
        f"The reported resolution, {number(d)} Å, lies beyond the Nyquist limit of the voxels: the "
        f"sweep ends there, at {number(nyquist)} Å."
        if beyond
        else "The map was measured as it is: its voxels are half the resolution already.",
    )


def _resized(entry: Entry, folder: Path, d: float) -> Measurable:
    assert entry.resized is not None
    if entry.resized.hard_mask is None:
        raise NotMeasurableError(
            "Resampled to voxels of half the resolution, the map does not reach the contour level: "
            "there is no mask to measure in."
        )
    return Measurable(
        load_resized(entry.resized, folder),
        load_mask(entry.resized.hard_mask, folder),
        folder / entry.resized.file,
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
    task: Task,
    found: Findings,
    local: LocalValues,
    percentiles: Sequence[float],
    accepted: tuple[float, float] | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> None:
    """Draw the histogram of the values, the accepted interval shaded, median and marks marked."""
    file = f"{local.key}_histogram.svg"
    median = percentiles[PERCENTILES.index(50.0)]
    draw_histogram(
        local.inside,
        task.folder / file,
        xlabel=local.label,
        accepted=accepted,
        marks=[(median, f"median {number(median)}"), *marks],
    )
    shaded = "; the median is accepted in the shaded interval" if accepted else ""
    found.figures.append(
        Figure(
            key=f"{local.key}_histogram",
            file=file,
            caption=f"Histogram of the {local.words} in the mask{shaded}.",
            alt=f"Histogram of the {local.words}; 95 % of the voxels lie between "
            f"{quantity(percentiles[0], local.unit)} and {quantity(percentiles[-1], local.unit)}.",
            plot=plot_file(file),
        )
    )


def keep_volume(
    task: Task, found: Findings, local: LocalValues, density: Density, file: str
) -> None:
    """Write the values as a volume on the grid of ``density``, 0 where there is none."""
    write_volume(
        task.folder / file,
        np.nan_to_num(local.volume, nan=0.0),
        density.voxel_size,
        nstart=density.nstart,
        origin=density.origin,
    )
    of = f" in {local.unit}" if local.unit else ""
    found.volumes.append(
        OutputVolume(
            key=local.key, file=file, description=f"{local.words}{of} in the mask, 0 outside"
        )
    )


def draw_coloured_surface(
    task: Task,
    found: Findings,
    local: LocalValues,
    measured: Measurable,
    colour_range: tuple[float, float],
) -> None:
    """Draw the map's surface coloured by the values, or say why it could not be drawn."""
    file, key = f"{local.key}_surface.png", f"{local.key}_surface"
    colours = task.folder / f".{local.key}_colours.mrc"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Data array contains NaN", RuntimeWarning)
            write_volume(
                colours,
                local.volume,
                measured.density.voxel_size,
                nstart=measured.density.nstart,
                origin=measured.density.origin,
            )
        picture = draw_isosurface(
            measured.path,
            task.entry.contour,
            task.folder / file,
            colour_by=colours,
            colour_range=colour_range,
            colour_label=local.label,
        )
    except (EngineError, ValueError) as error:
        found.paragraphs.append(f"The surface coloured by it could not be drawn: {error}")
        return
    finally:
        colours.unlink(missing_ok=True)
    note = f" {picture.note}" if picture.note else ""
    found.figures.append(
        Figure(
            key=key,
            file=file,
            caption=f"Isosurface at the contour level {number(task.entry.contour)}, coloured by "
            f"the {local.words}, turned about x, y, z by: View 1 (0, −90, −90)°, View 2 "
            f"(−90, 0, −90)°, View 3 (0, 0, 0)°. Drawn by {picture.engine_name} "
            f"{picture.engine_version}.{note}",
            alt=f"The surface of the map from three directions, coloured by the {local.words}.",
            surface=_surface_colours(found, local, colour_range),
        )
    )
    found.paragraphs.append(f"{{fig:{key}}} shows where in the molecule.")


def _surface_colours(
    found: Findings, local: LocalValues, colour_range: tuple[float, float]
) -> SurfaceColours | None:
    """How a reader can colour the surface anew, if the values were kept as a volume."""
    kept = [volume.file for volume in found.volumes if volume.key == local.key]
    if not kept:
        return None
    low, high = colour_range
    return SurfaceColours(volume=kept[0], label=local.label, low=low, high=high)
