"""Fourier shell correlations against spatial frequency, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrs_scipion.figures.spectrum import frequency_axis, reported_mark
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results.plots import Axis, Mark, Plot, Role, Series

Curve = tuple[str, Reals, Reals, Role]
"""Name, frequencies in 1/Å, values of the same shape, and role."""

_NOISE = 103.9
"""Degrees of phases that have nothing in common."""
_LOWEST_RATIO = 0.05


def fsc_plot(
    frequencies: Reals,
    curves: Sequence[tuple[str, Reals, Role]],
    levels: Sequence[float],
    resolution: float | None,
    others: Sequence[Curve] = (),
) -> Plot:
    """Return the plot of correlations by shell, the levels and the reported resolution marked.

    Parameters
    ----------
    frequencies : 1/Å, shape (shells,)
    curves : name, correlations of shape (shells,) and role of each
    levels : at which resolutions are read
    resolution : reported, Å, or None
    others : curves at frequencies of their own, drawn first
    """
    marks = tuple(Mark(value=level, label=f"{level:g}", axis="y") for level in levels)
    drawn = [*others, *((name, frequencies, values, role) for name, values, role in curves)]
    return Plot(
        x=frequency_axis(frequencies),
        y=Axis(label="Fourier shell correlation", range=(-0.15, 1.05)),
        series=tuple(_series(*curve) for curve in drawn),
        marks=marks if resolution is None else (*marks, reported_mark(resolution)),
    )


def edges(name: str, frequencies: Reals, low: Reals, high: Reals) -> Curve:
    """Both edges of a band around a curve, as one curve with a gap."""
    x = np.concatenate((frequencies, frequencies[-1:], frequencies[::-1]))
    y = np.concatenate((low, [np.nan], high[::-1]))
    return name, x, np.clip(y, -1, 1), "expected"


def ratio_plot(curves: Sequence[Curve], last: float, resolution: float | None) -> Plot:
    """Return the plot of the signal's power over the noise's, on a logarithmic axis.

    Parameters
    ----------
    curves : ratios; what is below 0.05 is left out
    last : frequency at which the plot ends, 1/Å
    resolution : reported, Å, or None
    """
    mark = Mark(value=1.0, label="as much signal as noise", axis="y")
    shown = [(n, x, np.where(y >= _LOWEST_RATIO, y, np.nan), role) for n, x, y, role in curves]
    return Plot(
        x=frequency_axis(np.array([last])),
        y=Axis(label="Power of signal over noise", scale="log"),
        series=tuple(_series(*curve) for curve in shown),
        marks=(mark,) if resolution is None else (mark, reported_mark(resolution)),
    )


def residual_plot(
    frequencies: Reals, measured: Reals, expected: Reals, level: float, resolution: float | None
) -> Plot:
    """Return the plot of the phase residual by shell, and of the one to be expected.

    Parameters
    ----------
    frequencies : 1/Å, shape (shells,)
    measured, expected : degrees, of the same shape
    level : at which a resolution is read, degrees
    resolution : reported, Å, or None
    """
    marks = [
        Mark(value=level, label=f"{level:g}°", axis="y"),
        Mark(value=_NOISE, label=f"noise, {_NOISE:g}°", axis="y"),
    ]
    return Plot(
        x=frequency_axis(frequencies),
        y=Axis(label="Phase residual", unit="°", range=(0.0, 125.0)),
        series=(
            _series("measured", frequencies, measured, "measured"),
            _series("as the correlation lets expect", frequencies, expected, "expected"),
        ),
        marks=(*marks, *(() if resolution is None else (reported_mark(resolution),))),
    )


def _series(name: str, frequencies: Reals, values: Reals, role: Role) -> Series:
    return Series(name=name, x=tuple(frequencies.tolist()), y=tuple(values.tolist()), role=role)
