"""What the checks of the half maps' local resolution share: correlations, figures, words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.local_values import (
    PERCENTILES,
    LocalValues,
    draw_coloured_surface,
    keep_volume,
)
from vrs_scipion.checks.pictures import WHERE
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.kept import kept
from vrs_scipion.figures.histogram import Errors, histogram_plot
from vrs_scipion.folders import SPECTRA
from vrs_scipion.maps.density import Density
from vrs_scipion.maps.writing import write_on_grid
from vrs_scipion.methods.local_bands import (
    LocalCorrelations,
    LocalResolution,
    grid_of_points,
    local_correlations,
    windows_in,
)
from vrs_scipion.results.numbers import number

COPIES = 0.99
"""Halves that correlate by more in every band at most points are copies of each other."""

_FILE = "local_correlations.npz"
_WORTH_A_WORD = 5e-4
_ROUNDING = 1e-4
_ABOUT_WHISKERS = (
    " The lines on the bars are one standard error up and down: by their error bars voxels may "
    "belong to another bar, and neighbours do so together."
)


def correlations(task: Task) -> LocalCorrelations:
    """The local correlations of the half maps, computed once for all checks that ask for them.

    Raises
    ------
    NotMeasurableError
        if the mask is empty, or the box holds too few bands of spatial frequency.
    """
    entry = task.entry
    halves, record = entry.half_maps(), entry.half_maps_record
    size = halves.first.voxel_size

    def make() -> LocalCorrelations:
        spectra = entry.half_spectra(task.threads)
        return local_correlations(
            *spectra,
            halves.hard,
            size,
            resolution=entry.resolution,
            fold=_fold(entry.map.symmetry),
            threads=task.threads,
        )

    def load(path: Path) -> LocalCorrelations | None:
        with np.load(path) as found:
            local = LocalCorrelations(
                found["frequency"],
                found["samples"],
                found["values"],
                grid_of_points(halves.hard, size),
                bool(found["reaches_nyquist"]),
            )
        return local if local.values.shape[1] == np.count_nonzero(local.grid.inside) else None

    source = entry.path("half_maps", record.hard_mask.file)
    return kept(source.parent / SPECTRA / _FILE, source, make, _save, load)


def _fold(symmetry: str) -> int:
    """Of the main axis of a point group, along z; 1 for one whose axes lie as its setting says."""
    return int(symmetry[1:]) if symmetry[:1] in ("C", "D") else 1


def _save(path: Path, local: LocalCorrelations) -> None:
    with path.open("wb") as file:
        np.savez(
            file,
            frequency=local.frequency,
            samples=local.samples,
            values=local.values,
            reaches_nyquist=local.reaches_nyquist,
        )


def are_copies(local: LocalCorrelations) -> bool:
    """Whether the halves correlate nearly perfectly in every band at most points."""
    return bool(np.median(local.values, axis=1).min() > COPIES)


def windows(found: Findings, resolution: LocalResolution) -> float:
    """How many independent windows of the median resolution lie in the mask."""
    grid = found.task.entry.half_maps_record
    volume = grid.hard_mask.voxels * math.prod(grid.voxel_size)
    return windows_in(volume, float(np.median(resolution.inside)))


def measure_percentiles(
    found: Findings, resolution: LocalResolution, suffix: str, at: str
) -> list[float]:
    """Measure the percentiles of a local resolution in the mask; the keys end in ``suffix``."""
    values = [float(v) for v in np.percentile(resolution.inside, PERCENTILES)]
    for p, value in zip(PERCENTILES, values, strict=True):
        key = f"resolution_p{p:g}".replace(".", "_")
        found.measure(
            f"{key}{suffix}", value, "Å", f"{p:g} % percentile of the local resolution{at}"
        )
    return values


def describe_ends(found: Findings, resolution: LocalResolution, falls: str) -> None:
    """Say where in the mask the local resolution is known from one side only.

    ``falls`` says in words what a correlation does where a voxel's resolution is read off.
    """
    if resolution.never_falls >= _WORTH_A_WORD:
        found.paragraphs.append(
            f"In {100 * resolution.never_falls:.1f} % of the mask the correlation does not fall "
            f"{falls} before the finest band that the voxels hold: there the resolution is "
            f"{number(resolution.finest)} Å or finer, and smaller voxels would tell."
        )
    if resolution.never_rises >= _WORTH_A_WORD:
        found.paragraphs.append(
            f"In {100 * resolution.never_rises:.1f} % of the mask the correlation lies lower than "
            f"that from the coarsest band on: these voxels are not resolved, and count as "
            f"{number(resolution.coarsest)} Å."
        )


def median_error(resolution: LocalResolution) -> float | None:
    """One standard error of a voxel's resolution in Å, median; None where no voxel has one."""
    known = resolution.error[np.isfinite(resolution.error)]
    return float(np.median(known)) if known.size else None


def supported(
    resolution: LocalResolution, claim: float, nyquist: float, factor: float = 1.0
) -> float:
    """% of the mask that is as well resolved as a claim, within one error bar.

    Parameters
    ----------
    resolution : of the voxels
    claim : Å
    nyquist : Å; a voxel whose correlation never falls supports claims down to that
    factor : by which a voxel may be coarser than the claim
    """
    inside = np.isfinite(resolution.resolution)
    values = resolution.resolution[inside]
    fine = values - np.nan_to_num(resolution.error[inside], nan=0.0) <= claim * factor
    if claim >= nyquist * (1 - _ROUNDING):
        fine |= values <= resolution.finest * (1 + _ROUNDING)
    return 100 * float(fine.mean())


def draw(
    found: Findings,
    resolution: LocalResolution,
    percentiles: Sequence[float],
    words: str,
    file: str,
) -> None:
    """Histogram, volumes, and the surface in the colours of resolutions and of their errors.

    ``words`` say what the values are, ``file`` is the stem of the volumes' names.
    """
    grid, reported = found.task.entry.half_maps().first, found.task.entry.resolution
    local = LocalValues("resolution", words, "Å", resolution.resolution, ".2f")
    median = percentiles[PERCENTILES.index(50.0)]
    has_errors = bool(np.isfinite(resolution.error).any())
    each = resolution.error[np.isfinite(resolution.resolution)]
    marks = [(median, f"median {number(median)}")]
    if reported is not None:
        marks.append((reported, f"reported {number(reported)}"))
    found.plot(
        "resolution_histogram",
        histogram_plot(
            local.inside,
            xlabel=local.label,
            marks=marks,
            errors=Errors(each, windows(found, resolution)) if has_errors else None,
        ),
        f"Histogram of the {words} in the mask." + (_ABOUT_WHISKERS if has_errors else ""),
        f"Histogram of the {words}; 95 % of the voxels lie between {number(percentiles[0])} and "
        f"{number(percentiles[-1])} Å.",
    )
    shown = [(local, f"{file}.mrc", local.label, WHERE)]
    if has_errors:
        error = LocalValues("error", f"error bar of the {words}", "Å", resolution.error, ".2f")
        shown.append((error, f"{file}_error.mrc", "Error bar (Å)", "shows how sure that is."))
    with surface_file(found.task, grid) as path:
        for values, name, label, says in shown:
            if keep(found, values, grid, name, label):
                draw_coloured_surface(found, values, grid, path, says)


def keep(found: Findings, values: LocalValues, grid: Density, file: str, label: str) -> bool:
    """Write values as a volume; whether there is anything to see: not all are the same."""
    low, high = (float(v) for v in np.percentile(values.inside, (2.5, 97.5)))
    differ = low < high
    keep_volume(found, values, grid, file, (low, high) if differ else None, label)
    return differ


@contextmanager
def surface_file(task: Task, grid: Density) -> Iterator[Path]:
    """A file of the map on the grid of the half maps."""
    if not task.entry.half_maps_record.map_placed:
        yield task.entry.map_path
        return
    path = task.folder / ".map_on_halves.mrc"
    try:
        write_on_grid(path, task.entry.map_on_halves(), grid)
        yield path
    finally:
        path.unlink(missing_ok=True)
