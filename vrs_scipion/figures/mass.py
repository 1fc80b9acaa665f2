"""How much of a map lies above each threshold."""

from __future__ import annotations

from collections.abc import Sequence

from vrs_scipion.results.plots import Axis, Mark, OppositeAxis, Plot, Series

_LOWEST, _GROUND = 0.6, 0.8
"""Bottom of the logarithmic axis of voxels, and where thresholds without any are marked."""


def mass_plot(
    thresholds: Sequence[float],
    voxels: Sequence[float],
    contour: float,
    kda_per_voxel: float | None = None,
) -> Plot:
    """Return the plot of how many voxels lie above each threshold, the contour level marked.

    The vertical axis is logarithmic: thresholds above which there is no voxel are marked at the
    bottom.

    Parameters
    ----------
    thresholds : in the map's unit, increasing
    voxels : number of voxels above each of them
    contour : the recommended contour level, in the map's unit
    kda_per_voxel : molecular mass that a voxel stands for, for a second reading of the axis

    Returns
    -------
    Plot

    Raises
    ------
    ValueError
        If the lists are empty or differ in length.
    """
    if not len(thresholds) or len(thresholds) != len(voxels):
        raise ValueError(
            f"There are {len(thresholds)} thresholds and {len(voxels)} numbers of voxels: "
            "as many of one as of the other are needed, and at least one."
        )
    counted = [(float(t), float(n)) for t, n in zip(thresholds, voxels, strict=True)]
    some = [(t, n) for t, n in counted if n > 0]
    none = [t for t, n in counted if not n > 0]
    series = []
    if some:
        x, y = zip(*some, strict=True)
        series.append(Series(name="voxels above the threshold", x=x, y=y))
    if none:
        ground = (_GROUND,) * len(none)
        series.append(
            Series(name="no voxel above", x=tuple(none), y=ground, style="points", role="absent")
        )
    levels = [t for t, _ in counted]
    margin = 0.04 * (max(levels) - min(levels)) or 0.5 * abs(levels[0]) or 0.5
    return Plot(
        x=Axis(label="Threshold", unit="map units", range=_around([*levels, contour], margin)),
        y=Axis(
            label="Voxels above the threshold",
            scale="log",
            range=(_LOWEST, 2.5 * max([n for _, n in some], default=1.0)),
            tick_format=",.0f",
            opposite=OppositeAxis(label="Molecular mass", unit="kDa", factor=kda_per_voxel)
            if kda_per_voxel
            else None,
        ),
        series=tuple(series),
        marks=(Mark(value=contour, label=f"recommended contour {contour:.4g}"),),
    )


def _around(values: Sequence[float], margin: float) -> tuple[float, float]:
    return min(values) - margin, max(values) + margin
