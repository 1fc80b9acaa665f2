"""How many pieces the density is in at each level."""

from __future__ import annotations

from collections.abc import Sequence

from vrs_scipion.results.plots import Axis, Mark, Plot, Series


def pieces_plot(
    levels: Sequence[float],
    components: Sequence[int],
    pieces: Sequence[int],
    contour: float,
    suggested: float,
) -> Plot:
    """Return the plot of connected components against the contour level.

    Parameters
    ----------
    levels : in the map's unit, increasing
    components : connected components at each of them
    pieces : how many of those are pieces of the molecule
    contour, suggested : the recommended level, and the one that the map itself suggests

    Returns
    -------
    Plot
    """
    x = tuple(map(float, levels))
    return Plot(
        x=Axis(label="Contour level", unit="map units"),
        y=Axis(
            label="Connected components",
            scale="log",
            range=(0.8, 1.5 * max(2, *components)),
            tick_format=",.0f",
        ),
        series=(
            Series(name="all", x=x, y=tuple(components), role="part"),
            Series(name="at least 10 % of the largest", x=x, y=tuple(pieces)),
        ),
        marks=(
            Mark(value=contour, label=f"recommended {contour:.4g}"),
            Mark(value=suggested, label=f"suggested {suggested:.4g}"),
        ),
    )
