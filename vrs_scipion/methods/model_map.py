"""The map that an atomic model would give, on the grid of the map that it was built into.

Electron scattering, every atom with its B-factor, isotropic or not, and its occupancy; after
Afonine et al. 2018, doi:10.1107/S2059798318009324.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import distance_from
from vrs_scipion.methods.shells import HalfSpectrum, Reals, Shells, half_spectrum, power
from vrs_scipion.models.atomic_model import AtomicModel, Chosen
from vrs_scipion.models.atoms import Atoms
from vrs_scipion.models.drawing import SAMPLED_B, Box, Tensors, draw, filled

_Value = TypeVar("_Value", np.float32, np.bool_)

_REACH = 4.0
"""Å: atoms nearer to a face of the box are drawn in a larger one, so that nothing wraps."""
_DILATION, _EDGE = 3.0, 1.5
"""Of the soft mask: Å around the atoms, and the σ of its edge."""
_U_TO_B = 8 * np.pi**2


@dataclass(frozen=True)
class Grid:
    """The grid of a map.

    Attributes
    ----------
    box, voxel_size : along z, y, x; voxels and Å
    start : where voxel 0 lies, z, y, x in Å, in the frame of the model (`Entry.start`)
    """

    box: Box
    voxel_size: Triple
    start: Triple


@dataclass(frozen=True)
class _Frame:
    """A grid with more voxels around it, and the atoms of a model inside, from its voxel 0 on."""

    box: Box
    before: tuple[int, int, int]
    atoms: Atoms
    anisotropic: Tensors

    def cropped(self, volume: NDArray[_Value], box: Box) -> NDArray[_Value]:
        """What of a volume in it lies on the grid."""
        kept = tuple(slice(b, b + n) for b, n in zip(self.before, box, strict=True))
        return np.ascontiguousarray(volume[kept])


def model_map(
    model: AtomicModel, grid: Grid, resolution: float | None = None, threads: int = 1
) -> Volume:
    """The density of a model on the grid of a map, sharply cut at a resolution.

    Parameters
    ----------
    model : all atoms with an occupancy are drawn, hydrogens too; B-factors below 0 count as 0
    resolution : Å; the Nyquist frequency of the coarsest axis where that is coarser, or for None

    Returns
    -------
    float32 array of the grid's shape, in Å⁻²; 0 where no atom lies in the box or near it
    """
    finest = 2 * max(grid.voxel_size)
    frame = _framed(model, grid, model.atoms.occupancies > 0, max(_REACH, resolution or finest))
    if not len(frame.atoms):
        return np.zeros(grid.box, np.float32)
    blur = max(0.0, SAMPLED_B * max(grid.voxel_size) ** 2 - _smallest_b(frame))
    drawn = draw(frame.atoms, frame.box, grid.voxel_size, blur, frame.anisotropic)
    last = 1 / max(finest, resolution or finest)
    values = filtered(
        drawn, grid.voxel_size, last, lambda s: np.exp(blur / 4 * np.square(s)), threads
    )
    return frame.cropped(values, grid.box)


def filtered(
    values: Volume,
    voxel_size: Triple,
    last: float,
    amplitude: Callable[[Reals], Reals] | None = None,
    threads: int = 1,
) -> Volume:
    """A volume (z, y, x) without the frequencies from ``last`` on, in 1/Å.

    ``amplitude`` gives what the others are multiplied by, from their lengths in 1/Å.
    """
    from scipy import fft  # slow to load

    shells = Shells(values.shape, voxel_size)
    spectrum = half_spectrum(values, threads)
    longest = max(shells.extents)
    for z in range(values.shape[0]):
        frequency = shells.radii(z) / longest
        kept = frequency < last
        factor = kept if amplitude is None else np.where(kept, amplitude(frequency * kept), 0)
        spectrum[z] *= factor.astype(np.float32)
    passed: Volume = fft.irfftn(spectrum, values.shape, workers=threads, overwrite_x=True)
    return passed


def matching(model: HalfSpectrum, density: HalfSpectrum, shells: Shells) -> Reals:
    """What gives the model's map the amplitudes of the map, by shell; shape (shells.count + 2,).

    For `Shells.places` as index: shell 0 and what lies beyond the last shell are left as they
    are, at 1 and 0. It depends on amplitudes alone, hence not on where the model lies, and takes
    its B-factors and the map's sharpening out.
    """
    (of_model, of_map), _ = shells.sums(lambda z: (power(model[z]), power(density[z])))
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.sqrt(of_map / of_model)
    found: Reals = np.concatenate([[1.0], np.where(np.isfinite(gain), gain, 0.0), [0.0]])
    return found


def inside(model: AtomicModel, grid: Grid) -> Mask:
    """The voxels that the model fills: no solvent of cctbx's kind (hydrogens take no part)."""
    frame = _framed(model, grid, model.scored, _REACH)
    if not len(frame.atoms):
        return np.zeros(grid.box, bool)
    return frame.cropped(filled(frame.atoms, frame.box, grid.voxel_size), grid.box)


def soft_around(inside_: Mask, voxel_size: Triple) -> Volume:
    """The inside mask grown by 3 Å with a Gaussian edge of σ 1.5 Å: float32 from 0 to 1."""
    from scipy import ndimage  # slow to load

    if not inside_.any():
        return np.zeros(inside_.shape, np.float32)
    grown = np.isfinite(distance_from(inside_, voxel_size, _DILATION)).astype(np.float32)
    soft: Volume = ndimage.gaussian_filter(grown, [_EDGE / s for s in voxel_size], mode="constant")
    return soft


def _framed(model: AtomicModel, grid: Grid, chosen: Chosen, reach: float) -> _Frame:
    """The chosen atoms within ``reach`` Å of the grid, on a grid that reaches as far around them.

    It is the grid itself where all of them lie that far inside.
    """
    from scipy import fft  # slow to load

    places = model.indices(grid.start, grid.voxel_size)
    voxels = np.array([math.ceil(reach / size) for size in grid.voxel_size])
    last = np.subtract(grid.box, 1)
    near = chosen & ((places > -voxels) & (places < last + voxels)).all(axis=1)
    taken = places[near]
    before = np.zeros(3, np.intp)
    box = np.array(grid.box)
    if len(taken):
        outer = (taken < voxels).any(axis=0) | (taken > last - voxels).any(axis=0)
        before = np.where(outer, 2 * voxels, 0)
        box = np.array(
            [
                fft.next_fast_len(int(n + 2 * b), real=True) if b else n
                for n, b in zip(grid.box, before, strict=True)
            ]
        )
    atoms = model.atoms.selected(near)
    shift = np.asarray(grid.start) - before * np.asarray(grid.voxel_size)
    moved = Atoms(
        atoms.positions - shift[::-1],
        atoms.elements,
        np.maximum(atoms.b_factors, 0),
        atoms.occupancies,
    )
    (nz, ny, nx), (bz, by, bx) = box.tolist(), before.tolist()
    return _Frame((nz, ny, nx), (bz, by, bx), moved, model.anisotropic[near])


def _smallest_b(frame: _Frame) -> float:
    """The smallest B-factor along any direction, in Å²; not below 0."""
    smallest = float(frame.atoms.b_factors.min())
    tensors = frame.anisotropic[frame.anisotropic.any(axis=1)]
    if len(tensors):
        u11, u22, u33, u12, u13, u23 = tensors.T
        matrices = np.array([[u11, u12, u13], [u12, u22, u23], [u13, u23, u33]]).transpose(2, 0, 1)
        smallest = min(smallest, _U_TO_B * float(np.linalg.eigvalsh(matrices).min()))
    return max(0.0, smallest)
