"""The Guinier plot: how the amplitudes of a map fall off with resolution."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.results.plots import Axis, Band, Interval, OppositeAxis, Plot, Series

RESOLUTION = OppositeAxis(label="Resolution d", unit="Å", power=-0.5)
"""What an axis of 1/d² reads on its other side."""


def guinier_plot(
    *,
    inverse_square: ArrayLike,
    experimental: ArrayLike,
    corrected: ArrayLike,
    fitted: tuple[float, float],
    fit_range: Interval,
) -> Plot:
    """Return the plot of the logarithm of the mean amplitude of each shell against 1/d².

    Shells without a resolution (1/d² = 0, the map's mean) are left out, and numbers that are not
    finite leave gaps.

    Parameters
    ----------
    inverse_square : 1/d² of each shell in 1/Å²
    experimental : natural logarithm of the mean amplitude in each shell of the map
    corrected : the same of the map corrected by its B-factor
    fitted : slope in Å² and intercept of the line fitted to `experimental`
    fit_range : 1/d² in 1/Å² of the first and the last shell of the fit, in any order

    Returns
    -------
    Plot

    Raises
    ------
    ValueError
        If the profiles differ in length or hold no finite number beyond 1/d² = 0.
    """
    squares, before, after = _shells(inverse_square, experimental, corrected)
    slope, intercept = fitted
    ends = sorted(float(end) for end in fit_range)
    shells = tuple(squares.tolist())
    words = f"fitted line, slope {slope:.4g} Å²".replace("-", "−")
    return Plot(
        x=Axis(
            label="1/d²",
            unit="1/Å²",
            range=(0.0, 1.01 * float(squares.max())),
            opposite=RESOLUTION,
        ),
        y=Axis(label="ln (mean amplitude)"),
        series=(
            Series(name="experimental", x=shells, y=tuple(before.tolist())),
            Series(name="corrected", x=shells, y=tuple(after.tolist()), role="corrected"),
            Series(
                name=words,
                x=tuple(ends),
                y=tuple(slope * end + intercept for end in ends),
                role="fitted",
            ),
        ),
        bands=(Band(low=ends[0], high=ends[1], label="fitted range", role="fitted"),),
    )


def _shells(*profiles: ArrayLike) -> list[NDArray[np.float64]]:
    arrays = [np.asarray(profile, dtype=np.float64).ravel() for profile in profiles]
    sizes = [array.size for array in arrays]
    if len(set(sizes)) > 1:
        raise ValueError(
            f"There are {sizes[0]} shells, {sizes[1]} experimental and {sizes[2]} corrected "
            "amplitudes: as many of each are needed."
        )
    beyond = np.isfinite(arrays[0]) & (arrays[0] > 0)
    squares, before, after = (array[beyond] for array in arrays)
    before, after = (np.where(np.isfinite(values), values, math.nan) for values in (before, after))
    if np.isnan(before).all() and np.isnan(after).all():
        raise ValueError("There is no amplitude to draw a Guinier plot of.")
    return [squares, before, after]
