"""The three directions from which a surface is looked at, and the frame that holds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Angles = tuple[float, float, float]

VIEWS: tuple[Angles, ...] = ((0, -90, -90), (-90, 0, -90), (0, 0, 0))
"""Turns about x, y and z in degrees, applied to the molecule in this order."""

_MARGIN = 1.06


def rotation_matrix(angles: Angles) -> NDArray[np.float64]:
    """Return the turn about x, then y, then z of the screen (right, up, towards the viewer).

    Parameters
    ----------
    angles : degrees about x, y and z, counterclockwise as seen from the axis' tip

    Returns
    -------
    array, shape (3, 3), that multiplies column vectors (x, y, z)
    """
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.radians(angles)), np.sin(np.radians(angles))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    matrix: NDArray[np.float64] = about_z @ about_y @ about_x
    return matrix


@dataclass(frozen=True)
class Frame:
    """The square that holds the surface in each of the views.

    Attributes
    ----------
    centre : x, y, z of what stands in the middle of every view, in Å
    half : half the side of the square, in Å
    """

    centre: tuple[float, float, float]
    half: float


def frame_around(low: NDArray[np.float64], high: NDArray[np.float64]) -> Frame:
    """Return the frame that holds a box in every view.

    Parameters
    ----------
    low, high : x, y, z of two opposite corners of the box, in Å
    """
    x, y, z = ((low + high) / 2).tolist()
    sides = [np.abs(rotation_matrix(angles)) @ (high - low) for angles in VIEWS]
    half = max(float(side[:2].max()) for side in sides) / 2
    return Frame((x, y, z), half * _MARGIN)
