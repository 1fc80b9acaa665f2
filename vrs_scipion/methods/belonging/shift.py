"""How far one map lies from another, to a fraction of a voxel, and how well that is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vrs_scipion.maps.density import Triple
from vrs_scipion.methods.belonging.cubes import Cube
from vrs_scipion.methods.shells import Reals

_STEPS = 20
_ENOUGH = 1e-4
"""Voxels."""
_HIGHEST = 1 - 1e-4
"""Correlation of a shell beyond which it counts no more than that."""
_CHANCE = 3.0
"""Standard errors of no correlation, up to which a shell counts as if it had none."""


@dataclass(frozen=True)
class Shift:
    """Where one map lies, seen from another; Å along z, y, x.

    Attributes
    ----------
    vector : of the first map from the second one
    error : standard error along each axis; infinite where the maps share nothing
    """

    vector: Triple
    error: Triple

    @property
    def length(self) -> float:
        """Å."""
        return math.sqrt(sum(step**2 for step in self.vector))

    @property
    def length_error(self) -> float:
        """Standard error of the length, the largest along an axis, in Å."""
        return max(self.error)


def find_shift(first: Cube, second: Cube, start: Triple = (0.0, 0.0, 0.0)) -> Shift:
    """The shift of highest likelihood near ``start``, both maps in one pose.

    Their transforms differ by a ramp of phases, in noise that is independent from coefficient to
    coefficient. In a shell of correlation C a pair of coefficients, each of mean power 1, has the
    log-likelihood 2 C Re(AB*) / (1 − C²), but for what does not depend on the shift; its maximum is
    found by Newton's method with the correlations found so far, and its second derivative is the
    error.

    Parameters
    ----------
    first, second : copies on one grid
    start : Å along z, y, x
    """
    likelihood = _Likelihood(first, second)
    shift = np.array(start) / first.voxel
    for _ in range(_STEPS):
        gradient, curvature = likelihood.derivatives(shift)
        if not np.linalg.det(curvature) > 0:
            break
        step = np.clip(np.linalg.solve(curvature, gradient), -1, 1)
        shift = shift + step
        if np.abs(step).max() < _ENOUGH:
            break
    z, y, x = (shift * first.voxel).tolist()
    error = likelihood.error(shift) * first.voxel
    return Shift((z, y, x), (float(error[0]), float(error[1]), float(error[2])))


class _Likelihood:
    """Of a shift in voxels, from the coefficients of the whole sphere."""

    def __init__(self, first: Cube, second: Cube) -> None:
        shells = first.shells
        inside = (shells.places >= 1) & (shells.places <= shells.count)
        self.shells = shells
        self.places = shells.places[inside] - 1
        self.weights = shells.weights[inside]
        self.products = (first.white * second.white.conj())[inside]
        whole = np.broadcast_arrays(*shells.waves)
        self.waves = 2 * np.pi * np.array([axis[inside] for axis in whole])

    def derivatives(self, shift: Reals) -> tuple[Reals, Reals]:
        """Gradient, shape (3,), and negative second derivative, shape (3, 3)."""
        turned = self.products * np.exp(1j * (shift @ self.waves))
        weights = self._weights(turned.real)
        gradient = -(self.waves * (weights * turned.imag)).sum(axis=1)
        return gradient, (self.waves * (weights * turned.real)) @ self.waves.T

    def error(self, shift: Reals) -> Reals:
        """Standard error along z, y, x in voxels, shape (3,)."""
        curvature = self.derivatives(shift)[1]
        if not np.linalg.det(curvature) > 0:
            return np.full(3, math.inf)
        variance: Reals = np.diag(np.linalg.inv(curvature))
        return np.asarray(np.sqrt(np.maximum(variance, 0)))

    def _weights(self, products: Reals) -> Reals:
        """C / (1 − C²) of its shell for each coefficient of the whole sphere."""
        sums = np.bincount(self.places, products * self.weights, self.shells.count)
        correlation = sums / self.shells.samples
        heard = correlation > _CHANCE / np.sqrt(self.shells.samples)
        correlation = np.where(heard, np.minimum(correlation, _HIGHEST), 0)
        weights: Reals = (correlation / (1 - correlation**2))[self.places] * self.weights
        return weights
