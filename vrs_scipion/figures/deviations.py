"""How far bond lengths and angles are from what is usual."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.results.plots import Axis, Mark, Plot, Role, Series

_REACH, _BINS = 6.0, 60
_ROLES: tuple[Role, ...] = ("measured", "part")


def deviations_plot(values: Mapping[str, NDArray[np.float64]], limit: float) -> Plot:
    """Return the plot of how values in standard deviations are distributed.

    Parameters
    ----------
    values : by name, of any shape, NaN for none
    limit : standard deviations, marked on both sides
    """
    edges = np.linspace(-_REACH, _REACH, _BINS + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    series, notes = [], []
    for (name, every), role in zip(values.items(), _ROLES, strict=True):
        known = every[np.isfinite(every)]
        shares = 100 * np.histogram(known, edges)[0] / max(known.size, 1)
        series.append(
            Series(
                name=name,
                x=tuple(centres.tolist()),
                y=tuple(shares.tolist()),
                style="step",
                role=role,
            )
        )
        beyond = int(np.count_nonzero(np.abs(known) > _REACH))
        if beyond:
            notes.append(f"{beyond:,} {name} lie beyond {_REACH:g} σ")
    usual = 100 * (edges[1] - edges[0]) * np.exp(-(centres**2) / 2) / np.sqrt(2 * np.pi)
    series.append(
        Series(
            name="small molecules",
            x=tuple(centres.tolist()),
            y=tuple(usual.tolist()),
            role="expected",
        )
    )
    return Plot(
        x=Axis(label="Deviation", unit="σ", range=(-_REACH, _REACH)),
        y=Axis(label="Of all", unit="%"),
        series=tuple(series),
        marks=(
            Mark(value=-limit, label=f"−{limit:g} σ"),
            Mark(value=limit, label=f"{limit:g} σ"),
        ),
        notes=tuple(notes),
    )
