"""What odd planes and rings look like as curves."""

from __future__ import annotations

from collections.abc import Sequence

from vrs_scipion.results.plots import Axis, Mark, Plot, Series


def planes_plot(missed: Sequence[float], first: int, axis: str, worst: int) -> Plot:
    """Return the plot of what its neighbours do not foretell of each plane.

    Parameters
    ----------
    missed : r.m.s. of it, in the map's unit
    first : index of the first plane of these
    axis : letter of the axis across which they lie
    worst : index of the plane to mark
    """
    places = tuple(float(first + i) for i in range(len(missed)))
    return Plot(
        x=Axis(label=f"Plane across {axis}"),
        y=Axis(label="Difference from what its neighbours foretell", unit="map units"),
        series=(Series(name="each plane", x=places, y=tuple(map(float, missed))),),
        marks=(Mark(value=float(worst), label=f"plane {worst}"),),
    )


def rings_plot(
    profile: Sequence[float], slow: Sequence[float], axis: str, voxel_size: float
) -> Plot:
    """Return the plot of the mean of the surroundings at each distance from an axis.

    Parameters
    ----------
    profile, slow : the mean and its smoothed course, in the map's unit, a value a voxel
    axis : its letter
    voxel_size : Å
    """
    away = tuple(i * voxel_size for i in range(len(profile)))
    return Plot(
        x=Axis(label=f"Distance from the {axis} axis", unit="Å"),
        y=Axis(label="Mean of the surroundings", unit="map units"),
        series=(
            Series(name="measured", x=away, y=tuple(map(float, profile))),
            Series(name="smoothed", x=away, y=tuple(map(float, slow)), role="fitted"),
        ),
    )
