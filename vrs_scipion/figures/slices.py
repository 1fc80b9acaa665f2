"""Slices of a map across x, y and z."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.figures import style
from vrs_scipion.figures.panels import (
    Panel,
    Window,
    draw_panel,
    panel_row,
    robust_window,
    scale_length,
)
from vrs_scipion.maps.density import Triple

Indices = tuple[int, int, int]

_RIGHT = 0.85
_BAR = 2.0
_TIE = 1e-12


def central_indices(box: tuple[int, ...]) -> Indices:
    """Return the index N // 2 on each axis.

    Parameters
    ----------
    box : number of voxels along z, y, x

    Returns
    -------
    (iz, iy, ix)
    """
    nz, ny, nx = box
    return nz // 2, ny // 2, nx // 2


def max_variance_indices(volume: NDArray[Any]) -> Indices:
    """Return, for each axis, the slice whose values vary most.

    One pass over the volume, with sums in double precision and no second volume in memory.
    Slices whose variances agree to within rounding are a tie, and the first one wins.

    Parameters
    ----------
    volume : array of floats, integers or bools, shape (nz, ny, nx)

    Returns
    -------
    (iz, iy, ix)
    """
    sums = [np.zeros(n) for n in volume.shape]
    squares = [np.zeros(n) for n in volume.shape]
    for z, plane in enumerate(volume):
        values = plane.astype(np.float64)
        for total in (sums, squares):
            along_y = values.sum(axis=1)
            total[0][z] = along_y.sum()
            total[1] += along_y
            total[2] += values.sum(axis=0)
            np.square(values, out=values)
    iz, iy, ix = (
        _first_largest(square - total**2 * (total.size / volume.size))
        for total, square in zip(sums, squares, strict=True)
    )
    return iz, iy, ix


def _first_largest(spread: NDArray[np.float64]) -> int:
    largest = spread.max()
    return int(np.argmax(spread >= largest - _TIE * abs(largest)))


def slice_panels(volume: NDArray[Any], voxel_size: Triple, indices: Indices) -> list[Panel]:
    """Return the X, the Y and the Z slice as pictures with the first row at the bottom.

    Parameters
    ----------
    volume : array, shape (nz, ny, nx)
    voxel_size : Å along z, y, x
    indices : iz, iy, ix

    Returns
    -------
    X slice (y right, z up), Y slice (x right, z up), Z slice (x right, y up)

    Raises
    ------
    IndexError
        If an index lies outside the box.
    """
    iz, iy, ix = indices
    sz, sy, sx = voxel_size
    return [
        Panel(_picture(volume[:, :, ix]), (sz, sy), ("z", "y"), f"X slice {ix}"),
        Panel(_picture(volume[:, iy, :]), (sz, sx), ("z", "x"), f"Y slice {iy}"),
        Panel(_picture(volume[iz, :, :]), (sy, sx), ("y", "x"), f"Z slice {iz}"),
    ]


def _picture(plane: NDArray[Any]) -> NDArray[np.float64]:
    return plane.astype(np.float64)


def draw_slices(
    volume: NDArray[Any],
    voxel_size: Triple,
    indices: Indices,
    path: Path,
    *,
    label: str = "Density",
    contour: float | None = None,
    symmetric: bool = False,
    mask: bool = False,
    window: Window | None = None,
) -> Path:
    """Draw the X, the Y and the Z slice at `indices` in one figure.

    Parameters
    ----------
    volume : array of floats, integers or bools, shape (nz, ny, nx)
    voxel_size : Å along z, y, x
    indices : iz, iy, ix
    path : file to write, ``.png`` or ``.svg``
    label : what the values are, with their unit, for the colour bar
    contour : draw the line at this value, in the map's unit
    symmetric : values have a sign: a palette centred on 0
    mask : values go from 0 to 1, whatever the slices hold
    window : darkest and brightest value, in place of what suits the slices

    Returns
    -------
    path

    Raises
    ------
    IndexError
        If an index lies outside the box.
    ValueError
        If the suffix of `path` is neither ``.png`` nor ``.svg``.
    """
    panels = slice_panels(volume, voxel_size, indices)
    images = [panel.image for panel in panels]
    if window is None:
        window = (0.0, 1.0) if mask else robust_window(images, symmetric=symmetric)
    palette, marks = (style.SIGNED, style.INK) if symmetric else (style.GREY, "white")
    bar = scale_length(panels)
    figure, axes = panel_row(panels, right=_RIGHT)
    for place, panel in zip(axes, panels, strict=True):
        image = draw_panel(place, panel, window, bar, palette=palette, marks=marks, sharp=mask)
        if contour is not None:
            _contour_line(place, panel, contour)
    _colour_bar(figure, axes, image, label, contour)
    return style.save(figure, path)


def _contour_line(axes: Any, panel: Panel, level: float) -> None:
    if not panel.image.min() < level < panel.image.max():
        return
    rows, columns = (
        (np.arange(n) + 0.5) * size for n, size in zip(panel.image.shape, panel.pixel, strict=True)
    )
    axes.contour(columns, rows, panel.image, levels=[level], colors=style.ORANGE, linewidths=0.7)


def _colour_bar(
    figure: Any, panels: list[Any], image: Any, label: str, contour: float | None
) -> None:
    right = max(panel.get_position().x1 for panel in panels)
    bottom = panels[0].get_position().y0
    top = max(panel.get_position().y1 for panel in panels)
    height = min(top - bottom, _BAR / figure.get_figheight())
    place = figure.add_axes((right + 0.012, bottom, 0.012, height))
    bar = figure.colorbar(image, cax=place)
    bar.outline.set_linewidth(0.5)
    place.tick_params(labelsize=6.5, width=0.5, length=2, colors=style.INK)
    place.set_ylabel(label, fontsize=7, color=style.INK, labelpad=2)
    low, high = image.get_clim()
    if contour is not None and low < contour < high:
        place.axhline(contour, color=style.ORANGE, linewidth=1.6)
