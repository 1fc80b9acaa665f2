"""The surface of a volume at a level, with the values that colour it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from vrs_scipion.figures.isosurface.block import Block, check_surface, read_block
from vrs_scipion.figures.isosurface.colouring import grown
from vrs_scipion.maps.density import Triple
from vrs_scipion.windows.layers import Layer
from vrs_scipion.windows.volume import Frame, LazyVolume, Shelf

VALUES = "values"
"""Name of the values at a mesh's points; NaN where there is none."""

_COARSE, _FINE = 128, 256
_CROSSINGS = 400_000
_NO_LIMIT = 10**12
_LOWEST = 0.2
"""Share of the contour level at which the slider starts."""


class SurfaceMaker:
    """Surfaces of one density: coarse ones while a slider moves, a fine one when it rests.

    Reads the whole volume: to be made in another thread than the window's.

    Parameters
    ----------
    path : MRC file, axes in z, y, x order
    start : Å of its first voxel, z, y, x
    contour : level around which the slider moves, in the map's unit

    Raises
    ------
    ValueError
        if no voxel reaches the contour.
    """

    def __init__(self, path: Path, start: Triple, contour: float) -> None:
        self._path, self._start = path, start
        self.lowest = contour * _LOWEST if contour > 0 else contour
        check_surface(path, self.lowest)
        self._coarse = read_block(path, self.lowest, largest=_COARSE, crossings=_NO_LIMIT)
        self.highest = float(self._coarse.values.max())

    def coarse(self, level: float) -> Any:
        """The surface of a copy of at most 128 voxels a side, as ``pyvista.PolyData``."""
        return self._placed(self._coarse, level)

    def fine(self, level: float) -> tuple[Any, int]:
        """The surface of the map as finely as can be turned smoothly, and its binning."""
        block = read_block(self._path, level, largest=_FINE, crossings=_CROSSINGS)
        return self._placed(block, level), block.binning

    def _placed(self, block: Block, level: float) -> Any:
        from vrs_scipion.figures.isosurface.render_pyvista import surface_mesh

        mesh = surface_mesh(block, level)
        return mesh.translate(self._start[::-1], inplace=True)


class ValueField:
    """Values per voxel that can be read anywhere in space.

    Parameters
    ----------
    layer : the values, and where they count
    shelf : where volumes are opened
    """

    def __init__(self, layer: Layer, shelf: Shelf) -> None:
        volume = shelf.get(layer.path)
        self.frame: Frame = volume.frame
        self.values = grown(masked_values(volume, layer, shelf))
        known = self.values[np.isfinite(self.values)]
        self.low, self.high = layer.colour_range or _spread(known)

    def at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values at points (n, 3), x, y, z in Å; NaN where there is none.

        Where the box cuts the molecule, the surface closes a voxel outside of it: the values of
        the box's faces are taken there.
        """
        places = (points[:, ::-1] - self.frame.start) / self.frame.voxel_size
        found: NDArray[np.float64] = map_coordinates(
            self.values, places.T, output=np.float64, order=1, mode="nearest"
        )
        return found


def _spread(values: NDArray[np.float32]) -> tuple[float, float]:
    """The values that 95 % of all lie between, one apart where they are one and the same."""
    low, high = np.percentile(values, (2.5, 97.5)) if values.size else (0.0, 1.0)
    return float(low), float(high if high > low else low + 1)


def masked_values(volume: LazyVolume, layer: Layer, shelf: Shelf) -> NDArray[np.float32]:
    """The whole of a layer's values, NaN where they do not count."""
    values = volume.whole()
    mask = None if layer.mask is None else shelf.get(layer.mask).whole()
    masked: NDArray[np.float32] = np.where(layer.counts(values, mask), values, np.float32(np.nan))
    return masked


def colour(mesh: Any, field: ValueField | None) -> Any:
    """Give a mesh the values at its points; without a field none."""
    if field is not None:
        mesh.point_data[VALUES] = field.at(np.asarray(mesh.points, dtype=np.float64))
    return mesh
