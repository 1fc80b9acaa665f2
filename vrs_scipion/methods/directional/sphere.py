"""Directions: half a sphere in pixels of one area."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.methods.shells import Reals

Pixels = NDArray[np.intp]

OCTANTS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
"""Signs along z and y of the four octants of half a sphere; that along x is never negative."""


@dataclass(frozen=True)
class HalfSphere:
    """The directions of a Fourier transform, in which u and −u are the same.

    An octant is cut into rings about z and each ring into cells, all of one area and about as high
    as they are wide (Leopardi 2006, Electronic Transactions on Numerical Analysis 25, 309–327). The
    four octants with x ≥ 0 are cut alike, one after the other in the order of `OCTANTS`.

    Attributes
    ----------
    rings : of an octant
    """

    rings: int = 20

    @property
    def count(self) -> int:
        """Pixels of the half sphere."""
        return len(OCTANTS) * self.octant

    @property
    def octant(self) -> int:
        """Pixels of an octant."""
        return int(self._starts[-1])

    @cached_property
    def directions(self) -> Reals:
        """The middle of each pixel: unit vectors along z, y, x, shape (count, 3)."""
        height = np.repeat((self._heights[:-1] + self._heights[1:]) / 2, self._cells)
        turn = np.concatenate([(np.arange(n) + 0.5) / n for n in self._cells]) * np.pi / 2
        across = np.sqrt(1 - height**2)
        octant = np.stack([height, across * np.sin(turn), across * np.cos(turn)], axis=1)
        return np.concatenate([octant * (z, y, 1) for z, y in OCTANTS])

    def pixels(self, height: Reals, turn: Reals) -> Pixels:
        """The pixels of directions within an octant, counted from its first.

        Parameters
        ----------
        height : cosine of the angle to z, from 0 to 1
        turn : angle about z, from 0 at the x axis to 1 at the y axis
        """
        ring = np.searchsorted(-self._heights[1:-1], -height)
        cells = self._cells[ring]
        cell = np.minimum((turn * cells).astype(np.intp), cells - 1)
        return np.asarray(self._starts[ring] + cell)

    @cached_property
    def _cells(self) -> Pixels:
        """Of each ring, from the pole to the equator."""
        middle = (np.arange(self.rings) + 0.5) * np.pi / 2 / self.rings
        cells: Pixels = np.maximum(1, np.rint(self.rings * np.sin(middle))).astype(np.intp)
        return cells

    @cached_property
    def _starts(self) -> Pixels:
        return np.concatenate([[0], np.cumsum(self._cells)])

    @cached_property
    def _heights(self) -> Reals:
        """Cosines at the edges of the rings, from 1 to 0."""
        return np.asarray(1 - self._starts / self._starts[-1])


def within(axes: Reals, directions: Reals, half_angle: float) -> NDArray[np.float32]:
    """Which directions lie in cones, on either side: 1 or 0, shape (axes, directions).

    Parameters
    ----------
    axes, directions : unit vectors, shapes (axes, 3) and (directions, 3)
    half_angle : of the cones, degrees
    """
    inside = np.abs(axes @ directions.T) >= np.cos(np.radians(half_angle))
    return np.asarray(inside, np.float32)
