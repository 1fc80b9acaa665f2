"""How local resolutions of several methods go together: a matrix, their shares, one of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.figures import style
from vrs_scipion.results.plots import Axis, Interval, Plot, Role, Series

_SIDE, _LABELS, _TOP, _GAP = 2.5, 0.75, 0.3, 0.35
_DARK = 0.6
"""Share of the colours' reach beyond which they are too dark or strong for dark letters."""
_PERCENT = tuple(range(1, 100))
_TENTHS = 10
_MARGIN = 0.04

Matrix = Sequence[Sequence[float | None]]


def draw_matrices(path: Path, names: Sequence[str], spearman: Matrix, difference: Matrix) -> Path:
    """Draw the rank correlations of all pairs, and the median differences, row minus column.

    Parameters
    ----------
    path : PNG file to write
    names : of the methods, short
    spearman : −1 to 1, None where there is none
    difference : Å, None where there is none
    """
    width = 2 * (_LABELS + _SIDE) + _GAP
    height = _TOP + _SIDE + _LABELS
    figure = style.new_figure(height, width)
    known = [abs(d) for row in difference for d in row if d is not None]
    sides: tuple[tuple[str, Matrix, float, str], ...] = (
        ("Rank correlation", spearman, 1.0, ".2f"),
        ("Median difference, row − column (Å)", difference, max(known, default=0) or 1.0, "+.2f"),
    )
    for place, (title, values, reach, format_) in enumerate(sides):
        left = _LABELS + place * (_SIDE + _LABELS + _GAP)
        axes = figure.add_axes((left / width, _LABELS / height, _SIDE / width, _SIDE / height))
        _draw_matrix(axes, names, values, reach, format_)
        axes.set_title(title, fontsize=8.5, color=style.INK)
    return style.save(figure, path)


def _draw_matrix(
    axes: Any, names: Sequence[str], values: Matrix, reach: float, format_: str
) -> None:
    numbers = np.array([[np.nan if v is None else v for v in row] for row in values], float)
    axes.imshow(numbers, cmap=style.SIGNED, vmin=-reach, vmax=reach)
    for (row, column), value in np.ndenumerate(numbers):
        if row != column:
            said = format(value, format_).replace("-", "−") if np.isfinite(value) else "–"
            dark = value < -_DARK * reach
            axes.text(
                column,
                row,
                said,
                ha="center",
                va="center",
                fontsize=7.5,
                color="white" if dark else style.INK,
            )
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(labelsize=7.5, colors=style.INK, length=0)
    for side in axes.spines.values():
        side.set_visible(False)


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
