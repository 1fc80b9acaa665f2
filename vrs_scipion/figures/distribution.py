"""How the values of a map are distributed, in the whole box and inside the molecule's mask."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.results.plots import Axis, Mark, Plot, Role, Series

_BINS = 128


def distribution_plot(volume: NDArray[Any], mask: NDArray[np.bool_], contour: float) -> Plot:
    """Return the plot of how many voxels have which value, on a logarithmic scale.

    Parameters
    ----------
    volume : array, shape (nz, ny, nx)
    mask : bool array of the same shape, the molecule
    contour : the recommended contour level, marked

    Returns
    -------
    Plot
    """
    lowest, highest = float(volume.min()), float(volume.max())
    width = (highest - lowest) / _BINS or 1.0 / _BINS
    places = ((volume - np.float32(lowest)) * np.float32(1 / width)).astype(np.uint8)
    np.minimum(places, _BINS - 1, out=places)
    centres = tuple((lowest + (np.arange(_BINS) + 0.5) * width).tolist())
    parts: tuple[tuple[str, Role, NDArray[np.uint8]], ...] = (
        ("whole box", "measured", places.ravel()),
        ("inside the mask with hard borders", "part", places[mask]),
    )
    return Plot(
        x=Axis(label="Value", unit="map units", range=(lowest, lowest + _BINS * width)),
        y=Axis(label="Voxels", scale="log", tick_format=",.0f"),
        series=tuple(
            Series(name=name, role=role, style="step", x=centres, y=_counts(places))
            for name, role, places in parts
        ),
        marks=(Mark(value=contour, label=f"recommended contour {contour:.4g}"),),
    )


def _counts(places: NDArray[np.uint8]) -> tuple[int | None, ...]:
    """Voxels in each bin; None for none, of which there is no logarithm."""
    return tuple(int(count) or None for count in np.bincount(places, minlength=_BINS))
