"""What was done to a map, frequency by frequency: its gain over the mean of its half maps."""

from __future__ import annotations

import math

import numpy as np

from vrs_scipion.figures.spectrum import frequency_axis, reported_mark
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results.plots import Axis, Band, Mark, Plot, Series

_LEAST = 1e-3
"""Of the largest gain: what is smaller is not shown."""
_TOP = 4.0
"""Of it, where the axis ends: there is room for labels."""


def gain_plot(
    frequency: Reals,
    gain: Reals,
    reported: float | None,
    cutoff: float | None,
    sharpening: tuple[float, float, float] | None,
) -> Plot:
    """Return the plot of a map's gain by frequency, 1 at its most.

    Parameters
    ----------
    frequency : 1/Å, shape (shells,)
    gain : square root of the map's power over that of the mean of the half maps, shape (shells,)
    reported : resolution, Å, or None
    cutoff : Å where the map was filtered away, or None
    sharpening : B-factor in Å², positive where fine detail was made stronger, and the ends of its
        fit in Å, the coarsest first; or None
    """
    scaled = gain / np.nanmax(gain)
    shown = tuple(float(g) if g >= _LEAST else None for g in np.nan_to_num(scaled))
    series = [Series(name="map against the mean of the half maps", x=_reals(frequency), y=shown)]
    bands: tuple[Band, ...] = ()
    if sharpening is not None:
        b_factor, coarsest, finest = sharpening
        low, high = 1 / coarsest, 1 / finest
        fitted = (frequency >= low) & (frequency <= high) & np.isfinite(scaled)
        squares = frequency[fitted] ** 2
        level = np.mean(np.log(scaled[fitted]) - b_factor / 4 * squares)
        name = "B-factor " + f"{b_factor:.0f} Å²".replace("-", "−")
        series.append(
            Series(
                name=name,
                x=_reals(frequency[fitted]),
                y=_reals(np.exp(level + b_factor / 4 * squares)),
                role="fitted",
            )
        )
        bands = (Band(low=low, high=high, label="fitted range", role="fitted"),)
    marks = [] if reported is None else [reported_mark(reported)]
    if cutoff is not None:
        marks.append(Mark(value=1 / cutoff, label=f"low-pass at {cutoff:.3g} Å"))
    lowest = min((y for y in shown if y is not None), default=_LEAST)
    return Plot(
        x=frequency_axis(frequency),
        y=Axis(
            label="Gain", scale="log", range=(10 ** math.floor(math.log10(min(lowest, 0.5))), _TOP)
        ),
        series=tuple(series),
        marks=tuple(marks),
        bands=bands,
    )


def _reals(values: Reals) -> tuple[float, ...]:
    return tuple(values.tolist())
