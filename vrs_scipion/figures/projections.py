"""Projections of a map along x, y and z."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.figures import style
from vrs_scipion.figures.panels import Panel, draw_panel, panel_row, robust_window, scale_length
from vrs_scipion.maps.density import Triple

Kind = Literal["sum", "deviation"]


def projection_panels(volume: NDArray[Any], voxel_size: Triple, kind: Kind = "sum") -> list[Panel]:
    """Return projections along x, y and z as pictures with the first row at the bottom.

    Parameters
    ----------
    volume : array, shape (nz, ny, nx)
    voxel_size : Å along z, y, x
    kind : the sum of the values along each line, or their standard deviation

    Returns
    -------
    Along x (y right, z up), along y (x right, z up), along z (x right, y up)
    """
    sz, sy, sx = voxel_size
    lines = _sums(volume) if kind == "sum" else _deviations(volume)
    z, y, x = lines
    return [
        Panel(x, (sz, sy), ("z", "y"), "X projection"),
        Panel(y, (sz, sx), ("z", "x"), "Y projection"),
        Panel(z, (sy, sx), ("y", "x"), "Z projection"),
    ]


def _sums(volume: NDArray[Any]) -> list[NDArray[np.float64]]:
    return [volume.sum(axis=axis, dtype=np.float64) for axis in range(3)]


def _deviations(volume: NDArray[Any]) -> list[NDArray[np.float64]]:
    squares = _sums(np.square(volume.astype(np.float32, copy=False)))
    return [
        np.sqrt(np.maximum(square / n - (total / n) ** 2, 0))
        for square, total, n in zip(squares, _sums(volume), volume.shape, strict=True)
    ]


def draw_projections(
    volume: NDArray[Any], voxel_size: Triple, path: Path, kind: Kind = "sum"
) -> Path:
    """Draw the projections along x, y and z, each in its own grey window.

    Parameters
    ----------
    volume : array, shape (nz, ny, nx)
    voxel_size : Å along z, y, x
    path : file to write, ``.png`` or ``.svg``
    kind : the sum of the values along each line, or their standard deviation

    Returns
    -------
    path

    Raises
    ------
    ValueError
        If the suffix of `path` is neither ``.png`` nor ``.svg``.
    """
    panels = projection_panels(volume, voxel_size, kind)
    figure, axes = panel_row(panels, right=0.1)
    bar = scale_length(panels)
    for place, panel in zip(axes, panels, strict=True):
        draw_panel(place, panel, robust_window([panel.image], 0.1, 99.9), bar)
    return style.save(figure, path)
