"""Point groups: a volume averaged over their rotations, and what that does to noise."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.simulation.shells import Curve

_GROUP = re.compile(r"([CD])([1-9]\d?)|[TOI]")
_EXACT = 1e-9
_BIN = 0.1
"""Voxels, of the distances between a voxel and its copies."""


def rotations(symmetry: str) -> Rotation:
    """The rotations of a point group, its main axis along z.

    Raises
    ------
    ValueError
        If there is no such group.
    """
    if not _GROUP.fullmatch(symmetry):
        raise ValueError(
            f"'{symmetry}' is no point group that is known; give C1, C4, D7, T, O, I or the like"
        )
    return Rotation.create_group(symmetry)


def symmetrised(values: Volume, group: Rotation, voxel_size: Triple) -> Volume:
    """The mean of a periodic volume's copies, turned about voxel N/2 by every rotation of a group.

    Copies are interpolated by cubic splines, which makes what is near Nyquist weaker.

    Parameters
    ----------
    values : float32 array, shape (nz, ny, nx)
    group : rotations of x, y, z
    voxel_size : Å along z, y, x
    """
    size = np.array(voxel_size)
    knots: Volume | None = None
    total = np.zeros(values.shape, np.float32)
    for matrix in group.as_matrix():
        turn = matrix[::-1, ::-1] * size[None, :] / size[:, None]
        if np.allclose(turn, np.rint(turn), atol=_EXACT):
            total += _turned_exactly(values, np.rint(turn).astype(int))
            continue
        if knots is None:
            knots = ndimage.spline_filter(values, 3, output=np.float32, mode="grid-wrap")
        middle = np.array([n // 2 for n in values.shape])
        total += ndimage.affine_transform(
            knots, turn, middle - turn @ middle, order=3, mode="grid-wrap", prefilter=False
        )
    total /= len(group)
    return total


def _turned_exactly(values: Volume, turn: NDArray[np.int_]) -> Volume:
    """A turn that takes voxels to voxels: output voxel p holds input voxel ``turn`` · p.

    Both are counted from voxel N/2.
    """
    axes = [int(np.flatnonzero(turn[:, axis])[0]) for axis in range(3)]
    for axis in range(3):
        if turn[axis].sum() < 0:
            values = np.flip(values, axis)
            if values.shape[axis] % 2 == 0:
                values = np.roll(values, 1, axis)
    return values.transpose(axes)


def noise_gain(where: Volume, group: Rotation, voxel_size: Triple, frequencies: Curve) -> Curve:
    """How strong noise, averaged over a group, is somewhere, against one independent copy of it.

    A voxel of the mean holds one value of each of n copies. Far from the axes they are independent
    and their mean has 1/n of the variance; on an axis some are the same. Noise of frequency s
    correlates over a distance r by sin(2πsr)/(2πsr).

    Parameters
    ----------
    where : float32 array, shape (nz, ny, nx), the weight of each voxel
    group : rotations of x, y, z
    voxel_size : Å along z, y, x
    frequencies : 1/Å

    Returns
    -------
    float64 array, shape of ``frequencies``, from 1/n to 1
    """
    inside = np.argwhere(where > 0)
    weights = where[tuple(inside.T)].astype(np.float64)
    places = ((inside - [n // 2 for n in where.shape]) * np.array(voxel_size))[:, ::-1]
    step = _BIN * min(voxel_size)
    farthest = 2 * float(np.linalg.norm(places, axis=1).max())
    counts = np.zeros(round(farthest / step) + 2)
    for matrix in group.as_matrix():
        away = np.linalg.norm(places @ (np.eye(3) - matrix).T, axis=1)
        counts += np.bincount(np.rint(away / step).astype(np.intp), weights, len(counts))
    correlations = np.sinc(2 * np.outer(frequencies, np.arange(len(counts)) * step))
    gain: Curve = correlations @ counts / counts.sum()
    return gain
