"""Fourier shell correlations against spatial frequency."""

from __future__ import annotations

from collections.abc import Sequence

from vrs_scipion.figures.spectrum import frequency_axis, reported_mark
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results.plots import Axis, Mark, Plot, Role, Series


def fsc_plot(
    frequencies: Reals,
    curves: Sequence[tuple[str, Reals, Role]],
    levels: Sequence[float],
    resolution: float | None,
) -> Plot:
    """Return the plot of correlations by shell, the levels and the reported resolution marked.

    Parameters
    ----------
    frequencies : 1/Å, shape (shells,)
    curves : name, correlations of shape (shells,) and role of each
    levels : at which resolutions are read
    resolution : reported, Å, or None
    """
    marks = tuple(Mark(value=level, label=f"{level:g}", axis="y") for level in levels)
    return Plot(
        x=frequency_axis(frequencies),
        y=Axis(label="Fourier shell correlation", range=(-0.15, 1.05)),
        series=tuple(
            Series(name=name, x=tuple(frequencies.tolist()), y=tuple(values.tolist()), role=role)
            for name, values, role in curves
        ),
        marks=marks if resolution is None else (*marks, reported_mark(resolution)),
    )
