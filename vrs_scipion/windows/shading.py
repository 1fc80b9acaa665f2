"""From the numbers of a plane to the colours of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

from vrs_scipion.figures.isosurface.colouring import palette
from vrs_scipion.figures.panels import robust_window
from vrs_scipion.windows.volume import Plane

Picture = NDArray[np.uint8]
Line = NDArray[np.float64]

OPACITY = 0.8
"""Of the colours over the greys."""

_BEYOND = "#303030"


@dataclass(frozen=True)
class Scale:
    """The values of the two ends of a palette, low below high."""

    low: float
    high: float

    def shares(self, values: Plane) -> Plane:
        """Where values stand between the ends, from 0 to 1."""
        reach = self.high - self.low or 1.0
        shares: Plane = np.clip((values - self.low) / reach, 0, 1)
        return shares


def usual_scale(values: NDArray[np.float32]) -> Scale:
    """The scale that shows nearly all values."""
    finite = values[np.isfinite(values)]
    low, high = robust_window([finite if finite.size else np.zeros(1)])
    return Scale(low, high)


def greys(values: Plane, scale: Scale) -> Picture:
    """A plane in grey, (rows, columns, 3), the first row on top; no value is dark grey."""
    known = np.isfinite(values)
    level = np.rint(255 * scale.shares(np.where(known, values, scale.low))).astype(np.uint8)
    level = np.where(known, level, np.uint8(int(_BEYOND[1:3], 16)))
    return np.ascontiguousarray(np.repeat(level[::-1, :, np.newaxis], 3, axis=2))


def coloured(picture: Picture, values: Plane, scale: Scale) -> Picture:
    """``picture`` with ``values`` laid over it in colour, where there are any."""
    known = np.isfinite(values)[::-1]
    if not known.any():
        return picture
    colours = 255 * palette()(scale.shares(values[::-1][known]))[:, :3]
    out = picture.copy()
    under = picture[known].astype(np.float64)
    out[known] = np.rint(OPACITY * colours + (1 - OPACITY) * under).astype(np.uint8)
    return out


def outlines(values: Plane, level: float) -> list[Line]:
    """Where a plane crosses a level: lines of points (row, column) in pixels, the first row 0."""
    filled = np.nan_to_num(values, nan=float(level) - 1)
    if not float(filled.min()) < level <= float(filled.max()):
        return []
    return list(find_contours(filled, level))
