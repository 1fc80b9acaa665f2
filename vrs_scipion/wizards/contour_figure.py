"""The three pictures of the contour wizard: histogram, what a level encloses, a slice."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vrs_scipion.figures import style
from vrs_scipion.figures.panels import robust_window
from vrs_scipion.figures.slices import max_variance_indices
from vrs_scipion.maps.density import Triple
from vrs_scipion.methods.contour_level import LevelStudy
from vrs_scipion.methods.mass import CUBIC_ANGSTROM_PER_DALTON

_SIZE, _DPI = (10.6, 3.7), 96
_LEVELS, _BINS = 200, 120


class ContourFigure:
    """A matplotlib figure whose level can be moved.

    Parameters
    ----------
    study : the map's levels
    voxel_size : Å along z, y, x
    """

    def __init__(self, study: LevelStudy, voxel_size: Triple) -> None:
        self.figure = Figure(figsize=_SIZE, dpi=_DPI, facecolor="white")
        self._study = study
        self._plane = max_variance_indices(study.values)[0]
        self._pixel = voxel_size[1] * study.binning, voxel_size[2] * study.binning
        grid = self.figure.add_gridspec(1, 3, width_ratios=(1, 1, 1.2), wspace=0.48)
        grid.update(left=0.065, right=0.985, bottom=0.14, top=0.91)
        left, middle, right = (self.figure.add_subplot(grid[0, i]) for i in range(3))
        self._histogram(left)
        self._masses(middle)
        self._slice_axes = right
        self._image: Any = None
        self._lines = [
            axes.axvline(0, color=style.ORANGE, linewidth=1.4, linestyle=(0, (5, 2)))
            for axes in (left, middle)
        ]
        self._contour: Any = None
        self._level = 0.0
        self._draw_slice()

    @property
    def planes(self) -> int:
        """Number of Z planes of the copy that is shown."""
        return int(self._study.values.shape[0])

    @property
    def plane(self) -> int:
        """Index of the Z plane that is shown."""
        return self._plane

    def show_plane(self, index: int) -> None:
        """Show another Z plane."""
        self._plane = index
        self._draw_slice()
        self.move(self._level)

    def move(self, level: float) -> None:
        """Mark another level in all three pictures."""
        self._level = level
        for line in self._lines:
            line.set_xdata([level, level])
        if self._contour is not None:
            self._contour.remove()
            self._contour = None
        values = self._slice()
        if float(values.min()) < level <= float(values.max()):
            rows, columns = (
                (np.arange(n) + 0.5) * size
                for n, size in zip(values.shape, self._pixel, strict=True)
            )
            self._contour = self._slice_axes.contour(
                columns, rows, values, levels=[level], colors=style.ORANGE, linewidths=1.0
            )

    def _slice(self) -> NDArray[np.float32]:
        plane: NDArray[np.float32] = self._study.values[self._plane]
        return plane

    def _histogram(self, axes: Any) -> None:
        low, high = self._study.range
        edges = np.linspace(low, high, _BINS + 1)
        counts = -np.diff(np.append(self._study.voxels_above(edges[:-1]), 0))
        axes.bar(
            edges[:-1], counts, width=np.diff(edges), align="edge", color=style.SURFACE, log=True
        )
        axes.set_ylim(bottom=0.7)
        axes.set_title("How many voxels have a density", fontsize=9)
        style.dress(axes, "Density (map units)", "Voxels")

    def _masses(self, axes: Any) -> None:
        _, high = self._study.range
        levels = np.linspace(min(self._study.floor(), 0.9 * high), high, _LEVELS)
        volumes = self._study.volume_above(levels)
        some = volumes > 0
        axes.semilogy(levels[some], volumes[some], color=style.BLUE, linewidth=1.5)
        axes.set_title("What a level encloses", fontsize=9)
        style.dress(axes, "Level (map units)", "Volume (Å³)")
        per_kda = 1000 * CUBIC_ANGSTROM_PER_DALTON
        right = axes.secondary_yaxis(
            "right", functions=(lambda v: v / per_kda, lambda m: m * per_kda)
        )
        right.set_ylabel("Mass, were it protein (kDa)", fontsize=8, color=style.INK)
        right.tick_params(labelsize=7.5)

    def _draw_slice(self) -> None:
        values, axes = self._slice(), self._slice_axes
        low, high = robust_window([values])
        if self._image is None:
            rows, columns = (n * size for n, size in zip(values.shape, self._pixel, strict=True))
            self._image = axes.imshow(
                values, origin="lower", cmap=style.GREY, extent=(0, columns, 0, rows)
            )
            axes.set_xlabel("x (Å)", fontsize=8)
            axes.set_ylabel("y (Å)", fontsize=8)
            axes.tick_params(labelsize=7.5)
        self._image.set_data(values)
        self._image.set_clim(low, high)
        axes.set_title(f"Z plane {self._plane * self._study.binning} with the contour", fontsize=9)
