"""Local resolution by direction: how it is distributed, which axes are finest, how it falls off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.figures.binning import bin_values
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results.plots import Axis, Mark, Plot, Role, Series


def spread_plot(
    values: Sequence[tuple[str, NDArray[np.float32], Role]], marks: Sequence[tuple[float, str]] = ()
) -> Plot:
    """Return the plot of how several local resolutions are distributed.

    Parameters
    ----------
    values : name, Å of shape (voxels,) and role of each
    marks : resolutions to mark, and the label of each
    """
    together = np.concatenate([inside for _, inside, _ in values])
    edges = bin_values(together).edges
    centres = (edges[:-1] + edges[1:]) / 2
    return Plot(
        x=Axis(label="Local resolution", unit="Å"),
        y=Axis(label="Voxels of the mask", unit="%"),
        series=tuple(
            Series(
                name=name,
                x=tuple(centres.tolist()),
                y=tuple((100 * np.histogram(inside, edges)[0] / inside.size).tolist()),
                style="step",
                role=role,
            )
            for name, inside, role in values
        ),
        marks=tuple(Mark(value=value, label=label) for value, label in marks),
    )


def axes_plot(shares: Reals) -> Plot:
    """Return the plot of how many voxels are best resolved along each axis.

    Parameters
    ----------
    shares : of the voxels, by axis, of which the sum is 1
    """
    percent = 100 * shares
    return Plot(
        x=Axis(label="Axis", range=(0.0, shares.size + 1.0), tick_format=".0f"),
        y=Axis(label="Voxels", unit="%", range=(0.0, 1.1 * float(percent.max()))),
        series=(
            Series(
                name="best resolved along it",
                x=tuple(float(number) for number in range(1, shares.size + 1)),
                y=tuple(percent.tolist()),
                style="bars",
                width=0.8,
            ),
        ),
        marks=(Mark(value=100 / shares.size, label="even", axis="y"),),
    )


def radial_plot(
    radius: Reals, means: Mapping[str, tuple[Reals, Role]], resolution: float | None
) -> Plot:
    """Return the plot of mean resolutions by distance from the centre.

    Parameters
    ----------
    radius : Å, shape (radii,)
    means : by name, Å of shape (radii,) and role of each
    resolution : reported, Å, or None
    """
    marks = () if resolution is None else (Mark(value=resolution, label="reported", axis="y"),)
    return Plot(
        x=Axis(label="Distance from the centre of the box", unit="Å"),
        y=Axis(label="Mean resolution", unit="Å"),
        series=tuple(
            Series(name=name, x=tuple(radius.tolist()), y=tuple(values.tolist()), role=role)
            for name, (values, role) in means.items()
        ),
        marks=marks,
    )
