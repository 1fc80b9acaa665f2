"""EMRinger: what counts at each threshold, and where the peaks around side chains lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.results.plots import Axis, Band, Mark, Plot, Series

Reals = NDArray[np.float64]

_HALF = 30.0


def threshold_plot(
    thresholds: Reals, values: Reals, best: int, label: str, marks: tuple[tuple[float, str], ...]
) -> Plot:
    """Return the plot of a quantity against the threshold, the best threshold marked.

    Parameters
    ----------
    thresholds, values : shape (t,), in the map's units; what counts at each
    best : index of the threshold that the score is read at
    label : of the quantity
    marks : values along its axis worth a line, with their labels
    """
    return Plot(
        x=Axis(label="Threshold", unit="map units"),
        y=Axis(label=label),
        series=(Series(name=label, x=tuple(thresholds.tolist()), y=tuple(values.tolist())),),
        marks=(
            Mark(value=float(thresholds[best]), label=f"best threshold {thresholds[best]:.3g}"),
            *(Mark(value=value, label=words, axis="y") for value, words in marks),
        ),
    )


def chi_plot(angles: Reals, step: float) -> Plot:
    """Return the plot of how many peaks lie at each χ1, the three rotamers shaded.

    Parameters
    ----------
    angles : χ1 of the peaks in degrees, multiples of ``step`` from there to 360
    step : width of the bars, degrees
    """
    centres = np.arange(step, 360 + step / 2, step)
    counts = np.bincount(np.rint(angles / step).astype(np.intp) - 1, minlength=len(centres))
    return Plot(
        x=Axis(label="χ1 of the highest density", unit="°", range=(0.0, 365.0)),
        y=Axis(label="Residues"),
        series=(
            Series(
                name="residues",
                x=tuple(centres.tolist()),
                y=tuple(counts.tolist()),
                style="bars",
                width=step,
            ),
        ),
        bands=tuple(
            Band(low=at - _HALF, high=at + _HALF, label=f"rotamer about {at:g}°")
            for at in (60.0, 180.0, 300.0)
        ),
    )
