"""Plots of how local resolutions of several methods go together: their shares, one of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.results.plots import Axis, Interval, Plot, Role, Series

_PERCENT = tuple(range(1, 100))
_TENTHS = 10
_MARGIN = 0.04


def shares_plot(resolutions: Mapping[str, tuple[NDArray[Any], Role]]) -> Plot:
    """Return the plot of how much of a molecule is resolved to a resolution or better.

    Parameters
    ----------
    resolutions : Å at places of the molecule, NaN where there is none, and the line's role, by name
    """
    series = tuple(
        Series(
            name=name,
            x=tuple(float(v) for v in np.nanpercentile(values, _PERCENT)),
            y=tuple(float(p) for p in _PERCENT),
            role=role,
        )
        for name, (values, role) in resolutions.items()
    )
    shown = [x for one in series for x in one.x]
    return Plot(
        x=Axis(label="Local resolution", unit="Å", range=_around(shown)),
        y=Axis(label="Resolved to that or better", unit="%", range=(0.0, 100.0)),
        series=series,
    )


def claims_plot(
    claimed: NDArray[Any], resolution: NDArray[Any], finest: NDArray[Any], name: str, against: str
) -> Plot:
    """Return the plot of a claimed local resolution against a measured one.

    A point stands for each tenth of the molecule, the line through it for the middle two thirds of
    its places.

    Parameters
    ----------
    claimed, resolution : Å at the same places, finite
    finest : claim that is still supported at each of them, Å
    name, against : of the two, for the axes
    """
    tenths = np.array_split(np.argsort(resolution, kind="stable"), _TENTHS)
    tenths = [tenth for tenth in tenths if tenth.size]
    x = [float(np.median(resolution[tenth])) for tenth in tenths]
    low, middle, high = (
        [float(np.percentile(claimed[tenth], p)) for tenth in tenths] for p in (16, 50, 84)
    )
    allowed = [float(np.median(finest[tenth])) for tenth in tenths]
    whiskers_x = [value for value in x for _ in range(3)]
    whiskers_y = [v for a, b in zip(low, high, strict=True) for v in (a, b, None)]
    view = _around([*x, *low, *high, *allowed])
    return Plot(
        x=Axis(label=f"Local resolution by {against}", unit="Å", range=_around(x)),
        y=Axis(label=f"Local resolution by {name}", unit="Å", range=view),
        series=(
            Series(name="a tenth of the molecule", x=tuple(x), y=tuple(middle), style="points"),
            Series(name="two thirds of its places", x=tuple(whiskers_x), y=tuple(whiskers_y)),
            Series(name="the same", x=tuple(x), y=tuple(x), role="expected"),
            Series(name="finest that is supported", x=tuple(x), y=tuple(allowed), role="part"),
        ),
    )


def _around(values: Sequence[float]) -> Interval:
    margin = max(_MARGIN * (max(values) - min(values)), 0.01 * max(values))
    return min(values) - margin, max(values) + margin
