"""From the numbers of a plane to the colours of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from contourpy import LineType, contour_generator
from numpy.typing import NDArray

from vrs_scipion.windows.volume import Plane

Picture = NDArray[np.uint8]
Line = NDArray[np.float64]

OPACITY = 0.8
"""Of the colours over the greys."""

_USUAL = (0.5, 99.5)
"""Percentiles that are black and white at first; those of the report's pictures."""

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
    """The scale that shows nearly all values; what a mask has left at one value does not count."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Scale(0.0, 1.0)
    fill = np.median(finite)
    inside = finite[finite != fill]
    if 0 < inside.size < finite.size / 2:
        finite = inside
    low, high = (float(end) for end in np.percentile(finite, _USUAL))
    return Scale(low, high) if low < high else Scale(float(finite.min()), float(finite.max()))


def greys(values: Plane, scale: Scale) -> Picture:
    """A plane in grey, (rows, columns, 3), the first row on top; no value is dark grey."""
    known = np.isfinite(values)
    level = np.rint(255 * scale.shares(np.where(known, values, scale.low))).astype(np.uint8)
    level = np.where(known, level, np.uint8(int(_BEYOND[1:3], 16)))
    return np.ascontiguousarray(np.repeat(level[::-1, :, np.newaxis], 3, axis=2))


def in_colour(shares: NDArray[Any]) -> NDArray[np.float64]:
    """The palette's colours at ``shares`` of its way, (…, 3), from 0 to 1."""
    from vrs_scipion.figures.isosurface.colouring import palette  # Matplotlib is slow to load

    colours: NDArray[np.float64] = palette()(shares)[..., :3]
    return colours


def coloured(picture: Picture, values: Plane, scale: Scale) -> Picture:
    """``picture`` with ``values`` laid over it in colour, where there are any."""
    known = np.isfinite(values)[::-1]
    if not known.any():
        return picture
    colours = 255 * in_colour(scale.shares(values[::-1][known]))
    out = picture.copy()
    under = picture[known].astype(np.float64)
    out[known] = np.rint(OPACITY * colours + (1 - OPACITY) * under).astype(np.uint8)
    return out


def outlines(values: Plane, level: float) -> list[Line]:
    """Where a plane crosses a level: lines of points (row, column) in pixels, the first row 0."""
    filled = np.nan_to_num(values, nan=float(level) - 1)
    if not float(filled.min()) < level <= float(filled.max()):
        return []
    found: Any = contour_generator(z=filled, line_type=LineType.Separate).lines(level)
    return [line[:, ::-1] for line in found]
