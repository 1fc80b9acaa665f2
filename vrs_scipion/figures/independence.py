"""What two half maps share where there should be nothing but their noise."""

from __future__ import annotations

import numpy as np

from vrs_scipion.figures.spectrum import frequency_axis, reported_mark
from vrs_scipion.methods.fsc import FscCurve
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results.plots import Axis, Band, Plot, Role, Series

ERRORS = 3.0

_SMALLEST = 0.1
_ROOM = 1.15


def shared_plot(
    background: FscCurve | None,
    tail: FscCurve,
    noise: tuple[float, float],
    reported: float | None,
) -> Plot:
    """Return the plot of correlations that should be 0, and how far chance takes them from it.

    Parameters
    ----------
    background : of the halves around the molecule, by shell; None where it was not measured
    tail : of the halves inside the mask, beyond their resolution
    noise : 1/Å between which nothing but noise is expected
    reported : resolution, Å, or None
    """
    low, high = noise
    series = [_series("inside the mask, beyond the resolution", tail, tail.correlation, "part")]
    shown = [tail.correlation]
    if background is not None:
        chance = ERRORS / np.sqrt(background.samples)
        series = [
            _series("around the molecule", background, background.correlation, "measured"),
            *series,
            _series("+3 standard errors", background, chance, "expected"),
            _series("−3 standard errors", background, -chance, "expected"),
        ]
        seen = background.frequency >= low / 2
        shown += [background.correlation[seen], chance[seen]]
    values = np.concatenate([*shown, [_SMALLEST]])
    top = min(1.05, _ROOM * float(np.nanmax(np.abs(values))))
    bottom = max(-1.05, _ROOM * min(float(np.nanmin(values)), -_SMALLEST))
    last = (background or tail).frequency
    return Plot(
        x=frequency_axis(last),
        y=Axis(label="Fourier shell correlation", range=(bottom, top)),
        series=tuple(series),
        marks=() if reported is None else (reported_mark(reported),),
        bands=(Band(low=low, high=high, label="where noise is compared", role="fitted"),)
        if low < high
        else (),
    )


def _series(name: str, curve: FscCurve, values: Reals, role: Role) -> Series:
    return Series(name=name, x=tuple(curve.frequency.tolist()), y=tuple(values.tolist()), role=role)
