"""Correlation and resolution by direction: occupancy, curves along axes, histogram."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrs_scipion.figures.binning import bin_values
from vrs_scipion.figures.spectrum import frequency_axis, reported_mark
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results.plots import Axis, Band, Mark, Plot, Role, Series


def occupancy_plot(
    frequencies: Reals,
    curves: Sequence[tuple[str, Reals, Role]],
    fall: tuple[float, float] | None,
    level: float,
    resolution: float | None,
) -> Plot:
    """Return the plot of Fourier shell occupancy, its fall shaded.

    Parameters
    ----------
    frequencies : 1/Å, shape (shells,)
    curves : name, occupancies of shape (shells,) and role of each
    fall : frequencies between which the occupancy falls from 0.9 to 0.1, or None
    level : at which the resolution is read
    resolution : reported, Å, or None
    """
    bands: tuple[Band, ...] = ()
    if fall is not None:
        bands = (Band(low=fall[0], high=fall[1], label="from 0.9 to 0.1", role="fitted"),)
    return Plot(
        x=frequency_axis(frequencies),
        y=Axis(label="Fourier shell occupancy", range=(-0.03, 1.05)),
        series=tuple(_curve(frequencies, *curve) for curve in curves),
        marks=_marks((level,), resolution),
        bands=bands,
    )


def directions_plot(
    frequencies: Reals,
    curves: Sequence[tuple[str, Reals, Role]],
    spread: tuple[Reals, Reals],
    levels: Sequence[float],
    resolution: float | None,
) -> Plot:
    """Return the plot of correlations along some directions, within the spread over all.

    Parameters
    ----------
    frequencies : 1/Å, shape (shells,)
    curves : name, correlations of shape (shells,) and role of each
    spread : mean over all directions, and its standard deviation, each of shape (shells,)
    levels : at which resolutions are read
    resolution : reported, Å, or None
    """
    mean, deviation = spread
    upper, lower = (_curve(frequencies, "", mean + s * deviation, "expected") for s in (1, -1))
    around = Series(
        name="mean over all directions ± σ",
        x=(*upper.x, upper.x[-1], *lower.x),
        y=(*upper.y, None, *lower.y),
        role="expected",
    )
    return Plot(
        x=frequency_axis(frequencies),
        y=Axis(label="Fourier shell correlation", range=(-0.15, 1.05)),
        series=(around, *(_curve(frequencies, *curve) for curve in curves)),
        marks=_marks(levels, resolution),
    )


def directions_histogram(
    resolutions: Reals, *, xlabel: str, marks: Sequence[tuple[float, str]] = ()
) -> Plot:
    """Return the plot of how many directions have which resolution.

    Parameters
    ----------
    resolutions : Å, shape (directions,)
    xlabel : what the values are, with their unit
    marks : resolutions to mark, and the label of each
    """
    bins = bin_values(resolutions)
    centres = (bins.edges[:-1] + bins.edges[1:]) / 2
    return Plot(
        x=Axis(label=xlabel),
        y=Axis(label="Directions", unit="%", range=(0.0, 1.05 * float(bins.percent.max()))),
        series=(
            Series(
                name="directions",
                x=tuple(centres.tolist()),
                y=tuple(bins.percent.tolist()),
                style="bars",
                width=float(np.diff(bins.edges).mean()),
            ),
        ),
        marks=tuple(Mark(value=value, label=label) for value, label in marks),
    )


def _curve(frequencies: Reals, name: str, values: Reals, role: Role) -> Series:
    known = tuple(None if np.isnan(value) else float(value) for value in values)
    return Series(name=name, x=tuple(frequencies.tolist()), y=known, role=role)


def _marks(levels: Sequence[float], resolution: float | None) -> tuple[Mark, ...]:
    marks = tuple(Mark(value=level, label=f"{level:g}", axis="y") for level in levels)
    return marks if resolution is None else (*marks, reported_mark(resolution))
