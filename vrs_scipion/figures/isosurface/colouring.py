"""The colours of a surface: a second map on the same grid, read where the surface runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import mrcfile
import numpy as np
from matplotlib.colors import Colormap, to_rgb
from numpy.typing import NDArray
from scipy.ndimage import convolve, map_coordinates

from vrs_scipion.figures.isosurface.block import Block, read_block
from vrs_scipion.figures.panels import Window, robust_window
from vrs_scipion.maps.density import Volume

BLANK = "#A3A3A3"
"""Where the second map has no value; no colour of the palette is grey."""

_PALETTE = "viridis"
_PERCENTILES = (2.5, 97.5)
_SAME_VOXEL = 1e-3
_LARGEST, _CROSSINGS = 400, 3_000_000

Points = NDArray[np.float64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class ColourKey:
    """What colours mean.

    Attributes
    ----------
    low, high : values of the palette's two ends
    label : what the values are, with their unit
    palette : from low to high
    below, above : something drawn is less than `low`, greater than `high`
    blank : something drawn has no value
    """

    low: float
    high: float
    label: str
    palette: Colormap
    below: bool = False
    above: bool = False
    blank: bool = False


@dataclass(frozen=True)
class Colouring:
    """Which values a surface shows, and in which colours.

    Attributes
    ----------
    map_path : MRC file on the grid of the map whose surface it is; NaN where it has no value
    low, high : values of the palette's two ends
    label : what the values are, with their unit
    below, above : some value on the surface is less than `low`, greater than `high`
    blank : some of the surface has no value
    """

    map_path: Path
    low: float
    high: float
    label: str = ""
    below: bool = False
    above: bool = False
    blank: bool = False

    @property
    def key(self) -> ColourKey:
        """What its colours mean."""
        return ColourKey(
            self.low, self.high, self.label, palette(), self.below, self.above, self.blank
        )


def palette() -> Colormap:
    """Return the palette: even steps for the eye, and safe for the colour-blind."""
    return matplotlib.colormaps[_PALETTE]


def choose_colouring(
    map_path: Path, contour: float, colour_by: Path, colour_range: Window | None, label: str
) -> Colouring:
    """Return the colouring of the surface of `map_path` at `contour` by the values of `colour_by`.

    The range is chosen on the surface itself and so is the same for every engine.

    Parameters
    ----------
    map_path : MRC file, in z, y, x order, that has a surface at `contour`
    contour : in the map's unit
    colour_by : MRC file on the same grid, in z, y, x order; NaN where it has no value
    colour_range : values of the palette's ends; by default the 2.5 and the 97.5 % percentile
    label : what the values are, with their unit

    Returns
    -------
    Colouring

    Raises
    ------
    ValueError
        If the grids differ, the surface has no value anywhere, or the range is not one.
    """
    _require_same_grid(map_path, colour_by)
    block = read_block(map_path, contour, largest=_LARGEST, crossings=_CROSSINGS)
    values = sample(colour_by, surface_points(block, contour))
    known = values[np.isfinite(values)]
    if not known.size:
        raise ValueError(f"{colour_by.name} has no value on the surface of {map_path.name}.")
    low, high = colour_range or robust_window([known], *_PERCENTILES)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"The colours cannot go from {low:g} to {high:g}.")
    return Colouring(
        map_path=colour_by,
        low=low,
        high=high,
        label=label,
        below=bool(known.min() < low),
        above=bool(known.max() > high),
        blank=known.size < values.size,
    )


def _require_same_grid(one: Path, other: Path) -> None:
    shapes, voxels = [], []
    for path in (one, other):
        with mrcfile.mmap(path, mode="r") as mrc:
            step = mrc.voxel_size
            shapes.append(mrc.data.shape)
            voxels.append((float(step.x), float(step.y), float(step.z)))
    if shapes[0] != shapes[1] or not np.allclose(voxels[0], voxels[1], rtol=_SAME_VOXEL):
        raise ValueError(
            f"{other.name} cannot colour {one.name}: its grid is "
            f"{_grid(shapes[1], voxels[1])} and not {_grid(shapes[0], voxels[0])}."
        )


def _grid(shape: tuple[int, ...], voxel: tuple[float, ...]) -> str:
    box = " × ".join(str(n) for n in shape[::-1])
    return f"{box} voxels of {' × '.join(f'{size:.4g}' for size in voxel)} Å"


def surface_points(block: Block, contour: float) -> Points:
    """Return where the surface crosses the lines between neighbouring voxels.

    Parameters
    ----------
    block : part of a map
    contour : in the map's unit

    Returns
    -------
    array, shape (n, 3), x, y, z in Å from the map's first voxel
    """
    inside = block.values >= contour
    crossings = []
    for axis in range(3):
        places = np.argwhere(np.diff(inside, axis=axis))
        here = block.values[tuple(places.T)]
        places[:, axis] += 1
        there = block.values[tuple(places.T)]
        exact = places.astype(np.float64)
        exact[:, axis] -= (there - contour) / (there - here)
        crossings.append(exact)
    points: Points = np.concatenate(crossings) * block.spacing + block.origin
    return points[:, ::-1]


def sample(map_path: Path, points: Points) -> Values:
    """Return a map's values at points, linear between voxels.

    A voxel without a value takes the mean of its neighbours that have one, so that a surface
    that runs along the edge of a mask still finds the values beside it.

    Parameters
    ----------
    map_path : MRC file, in z, y, x order
    points : array, shape (n, 3), x, y, z in Å from the map's first voxel

    Returns
    -------
    array, shape (n,); NaN where the map has no value in the cell around the point
    """
    with mrcfile.mmap(map_path, mode="r") as mrc:
        step = mrc.voxel_size
        last = np.array(mrc.data.shape) - 1
        places = np.clip(points[:, ::-1] / (float(step.z), float(step.y), float(step.x)), 0, last)
        start = np.maximum(np.floor(places.min(axis=0)).astype(int) - 1, 0)
        stop = np.floor(places.max(axis=0)).astype(int) + 3
        window = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        values = grown(np.array(mrc.data[window], dtype=np.float32))
    sampled: Values = map_coordinates(
        values, (places - start).T, output=np.float64, order=1, mode="nearest"
    )
    return sampled


def grown(values: Volume) -> Volume:
    """Return values in which those next to NaN have spread by one voxel, as their mean."""
    known = np.isfinite(values)
    if known.all():
        return values
    cube = np.ones((3, 3, 3), np.float32)
    sums = convolve(np.where(known, values, np.float32(0)), cube, mode="constant")
    counts = convolve(known.astype(np.float32), cube, mode="constant")
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.where(counts > 0.5, sums / counts, np.nan)
    filled: Volume = np.where(known, values, spread).astype(np.float32)
    return filled


def colours_at(colouring: Colouring, points: Points) -> NDArray[np.float64]:
    """Return the colours of points of a surface.

    Parameters
    ----------
    colouring : what to show
    points : array, shape (n, 3), x, y, z in Å from the map's first voxel

    Returns
    -------
    array, shape (n, 3), red, green and blue from 0 to 1
    """
    values = sample(colouring.map_path, points)
    shares = (values - colouring.low) / (colouring.high - colouring.low)
    colours: NDArray[Any] = palette()(np.clip(np.nan_to_num(shares), 0, 1))[:, :3]
    colours[np.isnan(values)] = to_rgb(BLANK)
    return colours
