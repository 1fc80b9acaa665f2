"""Shift, rotation and scale of a model by Gauss–Newton, with their errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask
from vrs_scipion.methods.placement_fit.motion import Motion
from vrs_scipion.methods.placement_fit.surroundings import Surroundings
from vrs_scipion.methods.shells import HalfSpectrum
from vrs_scipion.models.atomic_model import AtomicModel

Floats = NDArray[np.float64]

PARAMETERS = 7
"""Shift along x, y, z (Å), rotation about x, y, z (radians), relative change of scale."""
STEPS = 20
"""At most."""
_SMALL = np.array([0.01] * 3 + [1e-4] * 3 + [1e-4])
_LARGEST_TURN, _LARGEST_SCALING = math.radians(3.0), 0.02
_OF_ERROR = 0.2
"""A step this small against its error is none."""
_LINEAR = 2
"""Regressors that are no motions: the model's map, and a constant."""
_RANK = 1e-12


@dataclass(frozen=True)
class Fit:
    """Where a model fits.

    Attributes
    ----------
    motion : that brings it there from where it lies
    covariance : of the seven parameters, shape (7, 7); infinite where they cannot be told
    converged : whether the steps came to an end
    steps : how many there were
    """

    motion: Motion
    covariance: Floats
    converged: bool
    steps: int

    @property
    def shift_error(self) -> float:
        """Å, of the length of the shift (68 %)."""
        return math.sqrt(float(np.trace(self.covariance[:3, :3])))

    @property
    def rotation_error(self) -> float:
        """Degrees, of the angle."""
        return math.degrees(math.sqrt(float(np.trace(self.covariance[3:6, 3:6]))))

    @property
    def scale_error(self) -> float:
        """Of the scale."""
        return math.sqrt(float(self.covariance[6, 6]))


def fit(around: Surroundings, model: AtomicModel, motion: Motion, steps: int = STEPS) -> Fit:
    """Move a model to where its map agrees best with the map, from a motion on.

    The map is fitted by the model's map, matched in amplitudes, a constant, and what the model's
    map changes by as the model is shifted, turned and scaled; the model is moved by what that
    says, and drawn again.

    Parameters
    ----------
    around : the map, in which all of the model lies with a margin
    model : as given, x, y, z in Å
    motion : from where to begin
    steps : how many at most
    """
    largest = np.array([around.cut / 4] * 3 + [_LARGEST_TURN] * 3 + [_LARGEST_SCALING])
    covariance = _unknown()
    gain = around.gain(motion.moved(model))
    for count in range(1, steps + 1):
        step, covariance = _step(around, gain, motion.moved(model), motion)
        step = _capped(step, largest)
        motion = motion.then(step[:3], step[3:6], 1 + float(step[6]))
        enough = np.maximum(_SMALL, _OF_ERROR * np.sqrt(np.diag(covariance)))
        if (np.abs(step) < enough).all():
            return Fit(motion, covariance, True, count)
    return Fit(motion, covariance, False, steps)


def _capped(step: Floats, largest: Floats) -> Floats:
    """A step that is made shorter, kind by kind, where it is too long."""
    capped = step.copy()
    for part in (slice(0, 3), slice(3, 6), slice(6, 7)):
        length = float(np.linalg.norm(step[part]))
        if length > largest[part][0]:
            capped[part] *= largest[part][0] / length
    return capped


def _step(
    around: Surroundings, gain: NDArray[np.float32], moved: AtomicModel, motion: Motion
) -> tuple[Floats, Floats]:
    """The next step, and the covariance of its parameters.

    As many values count as there are resolution elements in the model.
    """
    mask = around.inside(moved)
    values = around.values[mask].astype(np.float64)
    if values.size <= _LINEAR + PARAMETERS:
        return np.zeros(PARAMETERS), _unknown()
    columns = _regressors(around, around.matched(moved, gain), mask, motion)
    normal = columns.T @ columns
    inverse = np.linalg.pinv(normal, rcond=_RANK, hermitian=True)
    found = inverse @ (columns.T @ values)
    amplitude = float(found[0])
    if not amplitude > 0:
        return np.zeros(PARAMETERS), _unknown()
    residual = values - columns @ found
    elements = values.size * math.prod(around.grid.voxel_size) / _element(around.cut)
    variance = float(residual @ residual) / max(elements - len(found), 1.0)
    motions = slice(_LINEAR, _LINEAR + PARAMETERS)
    covariance = inverse[motions, motions] * variance / amplitude**2
    return -found[motions] / amplitude, covariance


def _unknown() -> Floats:
    return np.full((PARAMETERS, PARAMETERS), np.inf)


def _element(cut: float) -> float:
    """Å³ of a resolution element."""
    return 4 / 3 * math.pi * (cut / 2) ** 3


def _regressors(around: Surroundings, matched: HalfSpectrum, mask: Mask, motion: Motion) -> Floats:
    """What the map is made of: the model's map, a constant, and changes by each parameter.

    Returns
    -------
    float64 array, shape (voxels of the mask, 9)
    """
    from scipy import fft  # slow to load

    box, size, start = around.grid.box, around.grid.voxel_size, around.grid.start

    def inside(spectrum: HalfSpectrum) -> Floats:
        volume = fft.irfftn(spectrum, s=box, workers=around.threads)
        return np.asarray(volume[mask], np.float64)

    z, y, x = (
        f(n, s).astype(np.float32)
        for f, n, s in zip((fft.fftfreq, fft.fftfreq, fft.rfftfreq), box, size, strict=True)
    )
    wave = np.complex64(2j * np.pi)
    gx, gy, gz = (inside(wave * k * matched) for k in (x, y[:, None], z[:, None, None]))
    rz, ry, rx = (
        where * s + o - centre
        for where, s, o, centre in zip(np.nonzero(mask), size, start, motion.now[::-1], strict=True)
    )
    turns = (ry * gz - rz * gy, rz * gx - rx * gz, rx * gy - ry * gx)
    scaling = rx * gx + ry * gy + rz * gz
    value = inside(matched)
    return np.stack([value, np.ones_like(value), gx, gy, gz, *turns, scaling], axis=1)
