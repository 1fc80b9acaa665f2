"""How local resolutions of several methods go together, drawn as two matrices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vrs_scipion.figures import style

_SIDE, _LABELS, _TOP, _GAP = 2.5, 0.75, 0.3, 0.35
_DARK = 0.6
"""Share of the colours' reach beyond which they are too dark or strong for dark letters."""

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
