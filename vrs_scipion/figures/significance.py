"""Which shells of two half maps correlate by more than chance."""

from __future__ import annotations

import numpy as np

from vrs_scipion.figures.spectrum import frequency_axis, reported_mark
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results.plots import Axis, Mark, Plot, Role, Series

_SMALLEST = 1e-12


def significance_plot(
    frequencies: Reals,
    correlation: Reals,
    critical: Reals,
    found: float | None,
    resolution: float | None,
) -> Plot:
    """Return the plot of correlations by shell and of those that are more than chance.

    Parameters
    ----------
    frequencies : 1/Å, shape (shells,)
    correlation : of the half maps, of the same shape
    critical : the least that is significant, of the same shape; NaN where nothing is said
    found : the resolution up to which all are, Å, or None
    resolution : reported, Å, or None
    """
    marks = [] if found is None else [Mark(value=1 / found, label=f"significant to {found:.3g} Å")]
    if resolution is not None:
        marks.append(reported_mark(resolution))
    return Plot(
        x=frequency_axis(frequencies),
        y=Axis(label="Fourier shell correlation", range=(-0.15, 1.05)),
        series=(
            _series("under the soft mask", frequencies, correlation, "measured"),
            _series("least that is more than chance", frequencies, critical, "part"),
        ),
        marks=tuple(marks),
    )


def chance_plot(
    frequencies: Reals, p: Reals, adjusted: Reals, rate: float, resolution: float | None
) -> Plot:
    """Return the plot of the probabilities of chance by shell, on a logarithmic axis.

    Parameters
    ----------
    frequencies : 1/Å, shape (shells,)
    p, adjusted : of each shell, and with all shells in mind; what is below 1e-12 is drawn there
    rate : up to which a shell is significant
    resolution : reported, Å, or None
    """
    mark = Mark(value=rate, label=f"{rate:g}", axis="y")
    return Plot(
        x=frequency_axis(frequencies),
        y=Axis(label="Probability of chance", scale="log", range=(_SMALLEST / 3, 30.0)),
        series=(
            _series("with all shells in mind", frequencies, np.maximum(adjusted, _SMALLEST)),
            _series("of the shell alone", frequencies, np.maximum(p, _SMALLEST), "part"),
        ),
        marks=(mark,) if resolution is None else (mark, reported_mark(resolution)),
    )


def _series(name: str, frequencies: Reals, values: Reals, role: Role = "measured") -> Series:
    return Series(name=name, x=tuple(frequencies.tolist()), y=tuple(values.tolist()), role=role)
