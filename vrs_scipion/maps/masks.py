"""Masks of a map: the molecule at a contour, its borders hard and soft."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.statistics import locally_constant

DILATION = 2.0
"""How far a mask reaches beyond the contour, in Å."""
PIECE = 0.1
"""A component of this share of the largest one's voxels is a piece of the molecule, no speck."""

_TOUCHING = np.ones((3, 3, 3), np.bool_)
_DILATING = np.abs(np.indices((3, 3, 3)) - 1).sum(axis=0) <= 2
_ROUNDING = 1e-6
_SOFT_EDGE = 2.0
_TRUNCATE = 4.0


@dataclass(frozen=True)
class Components:
    """The connected components of a mask.

    Attributes
    ----------
    labels : int32, shape of the mask; 0 outside, component numbers from 1 in scanning order
    sizes : voxels of component 1, 2, …
    """

    labels: NDArray[np.int32]
    sizes: NDArray[np.int64]

    @property
    def largest(self) -> Mask:
        """The largest component; of equal ones the first in scanning order."""
        mask: Mask = self.labels == int(np.argmax(self.sizes)) + 1
        return mask

    @property
    def pieces(self) -> NDArray[np.int64]:
        """Voxels of the pieces of the molecule, the largest first."""
        return np.sort(self.sizes[are_pieces(self.sizes)])[::-1]

    @property
    def molecule(self) -> Mask:
        """All pieces of the molecule."""
        mask: Mask = np.append(False, are_pieces(self.sizes))[self.labels]
        return mask


def are_pieces(sizes: NDArray[np.int64]) -> Mask:
    """Which components, by their voxels, are pieces of the molecule: 10 % of the largest or more.

    An array of the shape of ``sizes``.
    """
    are: Mask = sizes >= PIECE * sizes.max()
    return are


def connected_components(mask: Mask) -> Components:
    """Components of ``mask`` under 26-neighbourhood: corner contacts connect.

    Raises
    ------
    ValueError
        if the mask is empty.
    """
    from scipy import ndimage  # slow to load

    if not mask.any():
        raise ValueError("the mask is empty")
    labels, count = ndimage.label(mask, structure=_TOUCHING, output=np.int32)
    sizes = np.bincount(labels[mask], minlength=count + 1)[1:]
    return Components(labels, sizes)


def dilation_iterations(voxel_size: Triple, distance: float = DILATION) -> int:
    """Iterations of the 18-neighbourhood that reach ``distance`` Å along every axis."""
    return math.ceil(distance / min(voxel_size) - _ROUNDING)


def dilate(mask: Mask, iterations: int) -> Mask:
    """``mask`` dilated by the 18-neighbourhood; the box's outermost planes take part."""
    from scipy import ndimage

    if not mask.any():
        return mask.copy()
    inside = _bounding_slices(mask, margin=iterations)
    dilated = np.zeros_like(mask)
    dilated[inside] = ndimage.binary_dilation(mask[inside], _DILATING, iterations)
    return dilated


def hard_mask(values: Volume, contour: float, voxel_size: Triple) -> Mask:
    """values ≥ contour, the pieces of the molecule (26), dilated by 2 Å (18-neighbourhood).

    Raises
    ------
    ValueError
        if no voxel reaches the contour.
    """
    molecule = connected_components(values >= contour).molecule
    return dilate(molecule, dilation_iterations(voxel_size))


def low_passed(values: Volume, voxel_size: Triple, resolution: float) -> Volume:
    """Values (z, y, x) under a Gaussian that halves the amplitudes at ``resolution`` Å; float32."""
    from scipy import ndimage

    sigma = resolution * math.sqrt(math.log(2) / 2) / math.pi
    passed: Volume = ndimage.gaussian_filter(
        values, [sigma / s for s in voxel_size], mode="nearest", truncate=_TRUNCATE
    )
    return passed


def soft_edge_sigma(voxel_size: Triple) -> float:
    """Standard deviation of a soft mask's edge: 2 Å, and one voxel at least, in Å."""
    return max(_SOFT_EDGE, *voxel_size)


def soft_mask(hard: Mask, voxel_size: Triple) -> Volume:
    """``hard`` with a Gaussian edge of ``soft_edge_sigma``; float32 from 0 to 1."""
    from scipy import ndimage

    sigma = soft_edge_sigma(voxel_size)
    sigmas = [sigma / s for s in voxel_size]
    soft = np.zeros(hard.shape, np.float32)
    if hard.any():
        inside = _bounding_slices(hard, margin=math.ceil(_TRUNCATE * max(sigmas)) + 1)
        ndimage.gaussian_filter(
            hard[inside].astype(np.float32),
            sigmas,
            output=soft[inside],
            mode="nearest",
            truncate=_TRUNCATE,
        )
    return np.clip(soft, 0, 1, out=soft)


def cosine_mask(hard: Mask, voxel_size: Triple, dilation: float, edge: float) -> Volume:
    """``hard`` grown by ``dilation`` Å and let down to 0 over ``edge`` Å by a raised cosine.

    Distances are those to the nearest voxel of ``hard``.

    Returns
    -------
    float32 array of the same shape, from 0 to 1
    """
    return cosine_edge(distance_from(hard, voxel_size, dilation + edge), dilation, edge)


def cosine_edge(distance: Volume, dilation: float, edge: float) -> Volume:
    """1 up to ``dilation`` Å away, from there down to 0 over ``edge`` Å by a raised cosine.

    Parameters
    ----------
    distance : Å, as `distance_from` gives them

    Returns
    -------
    float32 array of the same shape, from 0 to 1
    """
    share = np.clip((distance - np.float32(dilation)) / np.float32(edge), 0, 1)
    soft: Volume = (1 + np.cos(np.float32(np.pi) * share)) / 2
    return soft


def distance_from(mask: Mask, voxel_size: Triple, reach: float) -> Volume:
    """Å from each voxel to the nearest one of ``mask``, 0 inside it; infinite beyond ``reach``.

    Returns
    -------
    float32 array of the same shape
    """
    from scipy import ndimage

    distance = np.full(mask.shape, np.inf, np.float32)
    if mask.any():
        inside = _bounding_slices(mask, math.ceil(reach / min(voxel_size)) + 1)
        found = ndimage.distance_transform_edt(~mask[inside], sampling=voxel_size)
        distance[inside] = np.where(found <= reach, found, np.inf)
    return distance


def background(distance: Volume, reach: float, halves: Sequence[Volume], size: Triple) -> Mask:
    """Where two half maps hold nothing but their noise.

    That is farther than ``reach`` from the molecule, inside the sphere inscribed in the box, where
    none of them is locally constant (see `vrs_scipion.maps.statistics.locally_constant`).

    Parameters
    ----------
    distance : Å to the molecule, as `distance_from` gives them, up to ``reach`` at least
    reach : Å
    halves : of the same shape
    size : of a voxel, Å along z, y, x
    """
    clear = inscribed_sphere(distance.shape, size) & (distance > reach)
    for half in halves:
        clear &= ~locally_constant(half)
    return clear


def inscribed_sphere(shape: tuple[int, ...], size: Triple) -> Mask:
    """The largest sphere in a box around its voxel N/2; ``size`` is a voxel's, Å along z, y, x."""
    radius = min(n * s for n, s in zip(shape, size, strict=True)) / 2
    z, y, x = (
        ((np.arange(n) - n // 2) * s / radius) ** 2 for n, s in zip(shape, size, strict=True)
    )
    sphere: Mask = z[:, None, None] + y[:, None] + x <= 1 + _ROUNDING
    return sphere


def touches_a_face(mask: Volume | Mask) -> bool:
    """Whether anything of the mask lies in the outermost planes of its box."""
    return any(
        bool(np.take(mask, index, axis=axis).any()) for axis in range(3) for index in (0, -1)
    )


def bounding_box(mask: Mask) -> tuple[tuple[int, int], ...]:
    """First and last index of ``mask`` along z, y, x, both inside it.

    Raises
    ------
    ValueError
        if the mask is empty.
    """
    if not mask.any():
        raise ValueError("the mask is empty")
    bounds = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        occupied = np.flatnonzero(mask.any(axis=others))
        bounds.append((int(occupied[0]), int(occupied[-1])))
    return tuple(bounds)


def runs_through(mask: Mask) -> tuple[bool, ...]:
    """Whether the mask reaches both opposite faces of its box, along z, y, x."""
    return tuple(
        first == 0 and last == n - 1
        for (first, last), n in zip(bounding_box(mask), mask.shape, strict=True)
    )


def touches_every_face(mask: Mask) -> bool:
    """Whether the mask reaches all six faces of its box."""
    return all(runs_through(mask))


def _bounding_slices(mask: Mask, margin: int) -> tuple[slice, ...]:
    return tuple(
        slice(max(0, first - margin), min(n, last + 1 + margin))
        for (first, last), n in zip(bounding_box(mask), mask.shape, strict=True)
    )
