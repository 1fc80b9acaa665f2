"""The Guinier plot: how the amplitudes of a map fall off with resolution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.figures import style

_HEIGHT, _WIDTH = 3.5, 5.2
_PLACE = (0.125, 0.22, 0.85, 0.645)
_MARGIN, _APART = 0.02, 0.075
"""Shares of the upper axis free of labels: left of the first, and between two."""
_RESOLUTIONS = (
    *(10, 5, 3, 2, 4, 1, 20, 1.5, 2.5, 50, 6, 8, 3.5, 1.2, 2.2, 100, 7, 4.5, 15, 30),
    *(1.8, 2.8, 2.6, 2.4, 1.6, 1.4, 1.3, 1.1, 1.9, 1.7, 0.9, 0.8, 0.7, 0.6, 0.5),
)
"""Å that the upper axis may show, the roundest first."""

_RANGE_COLOUR = "#E6E6E6"


def draw_guinier(
    path: Path,
    *,
    inverse_square: ArrayLike,
    experimental: ArrayLike,
    corrected: ArrayLike,
    fitted: tuple[float, float],
    fit_range: tuple[float, float],
) -> Path:
    """Draw the logarithm of the mean amplitude of each shell against 1/d².

    Shells without a resolution (1/d² = 0, the map's mean) are left out, and so are numbers that
    are not finite.

    Parameters
    ----------
    path : file to write, ``.svg`` or ``.png``
    inverse_square : 1/d² of each shell in 1/Å²
    experimental : natural logarithm of the mean amplitude in each shell of the map
    corrected : the same of the map corrected by its B-factor
    fitted : slope in Å² and intercept of the line fitted to `experimental`
    fit_range : 1/d² in 1/Å² of the first and the last shell of the fit, in any order

    Returns
    -------
    path

    Raises
    ------
    ValueError
        If the profiles differ in length or hold no finite number beyond 1/d² = 0, or the suffix
        of `path` is neither of the two.
    """
    squares, before, after = _shells(inverse_square, experimental, corrected)
    slope, intercept = fitted
    ends = np.array(sorted(fit_range), dtype=np.float64)
    figure = style.new_figure(_HEIGHT, _WIDTH)
    axes = figure.add_axes(_PLACE)
    axes.axvspan(*ends, facecolor=_RANGE_COLOUR, linewidth=0, zorder=0)
    lines: list[tuple[str, Any, Any, dict[str, Any]]] = [
        ("experimental", squares, before, {"color": style.INK, "linewidth": 1.3}),
        (
            "corrected",
            squares,
            after,
            {"color": style.BLUE, "linewidth": 1.3, "linestyle": (0, (1.2, 1.1))},
        ),
        (
            f"fitted line, slope {slope:.4g} Å²".replace("-", "−"),
            ends,
            slope * ends + intercept,
            {"color": style.ORANGE, "linewidth": 2.2, "linestyle": (0, (4.5, 1.5))},
        ),
    ]
    for _, x, y, look in lines:
        axes.plot(x, y, **look)
    axes.set_xlim(0, 1.01 * float(squares.max()))
    style.dress(axes, "1/d² (1/Å²)", "ln (mean amplitude)")
    _resolution_axis(axes)
    keys: list[Any] = [Line2D([], [], label=label, **look) for label, _, _, look in lines]
    keys.append(Patch(facecolor=_RANGE_COLOUR, label="fitted range"))
    figure.legend(
        handles=keys,
        loc="lower center",
        ncol=len(keys),
        fontsize=7.5,
        frameon=False,
        handlelength=2.4,
        columnspacing=1.2,
        labelcolor=style.INK,
        borderaxespad=0.2,
    )
    return style.save(figure, path)


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
    before, after = (np.where(np.isfinite(values), values, np.nan) for values in (before, after))
    if np.isnan(before).all() and np.isnan(after).all():
        raise ValueError("There is no amplitude to draw a Guinier plot of.")
    return [squares, before, after]


def _resolution_axis(axes: Any) -> None:
    low, high = axes.get_xlim()
    shown: list[float] = []
    for resolution in _RESOLUTIONS:
        share = (1 / resolution**2 - low) / (high - low)
        taken = ((1 / other**2 - low) / (high - low) for other in shown)
        if _MARGIN <= share <= 1 and all(abs(share - other) >= _APART for other in taken):
            shown.append(resolution)
    top = axes.twiny()
    top.set_xlim(low, high)
    top.set_xticks([1 / d**2 for d in shown], [f"{d:g}" for d in shown])
    top.tick_params(labelsize=7.5, colors=style.INK)
    top.set_xlabel("Resolution d (Å)", color=style.INK)
    for side in ("right", "left", "bottom"):
        top.spines[side].set_visible(False)
