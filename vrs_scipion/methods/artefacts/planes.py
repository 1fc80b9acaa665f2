"""Planes of a map that do not go with their neighbours: missing, shifted, torn, or repeated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Volume

_REACH = 10
_TOUCHED = 4
"""Planes on either side whose interpolation up to three bad ones spoil."""
_EDGE = 3
"""Planes at the faces of the box, where padding and masks end."""


@dataclass(frozen=True)
class OddPlane:
    """The plane that goes least with its neighbours.

    Attributes
    ----------
    axis : 0, 1, 2 for z, y, x
    index : of the plane
    excess : r.m.s. of what its four neighbours do not foretell of it, over the largest of that in
        the planes near it
    empty : whether it holds a single value
    """

    axis: int
    index: int
    excess: float
    empty: bool


def oddest_plane(values: Volume) -> OddPlane | None:
    """The plane that its neighbours foretell worst; None in boxes too small to compare planes.

    A plane is foretold from the two on either side by the polynomial of third order through them.

    Parameters
    ----------
    values : map, shape (z, y, x)
    """
    found = [_oddest_along(values, axis) for axis in range(3)]
    return max((one for one in found if one), key=lambda one: one.excess, default=None)


def unforetold(values: Volume, axis: int) -> NDArray[np.float64]:
    """R.m.s. of each plane's difference from what its neighbours foretell, in the map's unit.

    Parameters
    ----------
    values : map, shape (z, y, x)
    axis : across which the planes lie

    Returns
    -------
    Of the planes 2 … n − 3.
    """
    planes = np.moveaxis(values, axis, 0)
    rms = np.zeros(max(0, planes.shape[0] - 4))
    for i in range(rms.size):
        far, near = planes[i] + planes[i + 4], planes[i + 1] + planes[i + 3]
        missed = planes[i + 2] - (4 * near - far) / np.float32(6)
        rms[i] = np.sqrt(np.einsum("ij,ij->", missed, missed, dtype=np.float64) / missed.size)
    return rms


def _oddest_along(values: Volume, axis: int) -> OddPlane | None:
    missed = unforetold(values, axis)
    places = np.arange(missed.size)
    inner = places[_EDGE - 2 : missed.size - (_EDGE - 2)]
    if inner.size <= 2 * _TOUCHED + 1:
        return None
    excess = np.zeros(missed.size)
    for i in inner:
        apart = np.abs(inner - i)
        near = missed[inner[(apart > _TOUCHED) & (apart <= _REACH)]].max()
        excess[i] = missed[i] / near if near > 0 else 0.0
    worst = int(excess.argmax())
    plane = np.take(values, worst + 2, axis=axis)
    empty = float(plane.min()) == float(plane.max())
    return OddPlane(axis, worst + 2, float(excess[worst]), empty)


def repeated_planes(values: Volume) -> float:
    """Share of the pairs of neighbouring planes that are equal, of the axis with most of them.

    Planes of a single value do not count: a mask leaves those.
    """
    return max(_repeated_along(values, axis) for axis in range(3))


def _repeated_along(values: Volume, axis: int) -> float:
    planes = np.moveaxis(values, axis, 0)
    varies = [bool(plane.min() < plane.max()) for plane in planes]
    pairs = [i for i in range(len(varies) - 1) if varies[i] and varies[i + 1]]
    equal = sum(np.array_equal(planes[i], planes[i + 1]) for i in pairs)
    return equal / len(pairs) if pairs else 0.0
