"""Guinier analysis: how fast a map's amplitudes fall with resolution, and undoing it.

The natural logarithm of the mean amplitude of each Fourier shell is plotted against 1/d²; the
slope of a straight line through the shells between 15 Å and the resolution gives the B-factor
(Rosenthal & Henderson 2003, doi 10.1016/j.jmb.2003.07.013). Numbers and sign are those of
``xmipp_volume_correct_bfactor --auto``: B = 4 · slope, negative for amplitudes that decay.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.density import Density, Grid, Triple, Volume

COARSEST = 15.0
"""Å: coarser shells hold the molecule's shape and the solvent, and stay out of the fit."""

WORST_RESOLUTION = 8.0
"""Å: coarser maps have no range in which the amplitudes of a protein fall steadily."""

_Reals = NDArray[np.float64]
_Transform = NDArray[np.complex64]

_SAME = 1e-6
_TIE = 1e-9
_SAME_VOXEL = 1e-3


class FitRangeError(ValueError):
    """There are no two shells to fit a line through: one sentence that says why."""


@dataclass(frozen=True)
class GuinierFit:
    """A Guinier plot and the line through it.

    Attributes
    ----------
    inverse_square : 1/d² of every shell down to the resolution, 1/Å², shape (shells,); the first
        shell is the one after the mean
    log_amplitude : ln of the shells' mean amplitudes, NaN where one is zero, shape (shells,)
    fitted : which shells the line was fitted to, shape (shells,)
    slope : of the line, Å²
    intercept : of the line
    b_factor : B in Å², 4 × the slope, of the amplitude's decay exp(B s²/4): minus the usual sign
    resolution, coarsest : the ends of the fit, Å
    """

    inverse_square: _Reals
    log_amplitude: _Reals
    fitted: NDArray[np.bool_]
    slope: float
    intercept: float
    b_factor: float
    resolution: float
    coarsest: float = COARSEST

    @property
    def shells(self) -> int:
        """Number of shells in the fit."""
        return int(np.count_nonzero(self.fitted))

    @property
    def fit_range(self) -> tuple[float, float]:
        """Ends of the fit in 1/d², 1/Å²."""
        return self.coarsest**-2, self.resolution**-2

    @property
    def correlation(self) -> float:
        """Pearson's correlation of ln amplitude with 1/d² in the fit; NaN where one is constant."""
        x = self.inverse_square[self.fitted]
        y = self.log_amplitude[self.fitted]
        x, y = x - x.mean(), y - y.mean()
        norm = math.sqrt(float(x @ x) * float(y @ y))
        return float(x @ y) / norm if norm else math.nan


@dataclass(frozen=True)
class CorrectedMap:
    """A map after the correction of its B-factor.

    Attributes
    ----------
    values : float32 array, shape (nz, ny, nx)
    log_amplitude : ln of its mean amplitudes in the shells of the fit, shape (shells,)
    """

    values: Volume
    log_amplitude: _Reals


def fit_guinier(
    density: Density, resolution: float, *, coarsest: float = COARSEST, threads: int = 1
) -> GuinierFit:
    """Fit the Guinier plot of a map by a straight line between ``coarsest`` and ``resolution``.

    Shell i holds the Fourier coefficients whose frequency is within half a shell of i / L, L the
    longest edge of the box in Å, and not beyond the Nyquist frequency of the coarsest axis. Every
    shell counts once in the least squares, however many coefficients it holds, and the ends of
    the fit belong to it. Frequencies are those of each axis in 1/Å, so that any box and voxel
    will do.

    On a cubic box of cubic voxels this is the profile of ``xmipp_volume_correct_bfactor --auto``
    to the last digit that it prints. That program averages over one half of the transform, cut
    at x = 0, and so counts the coefficients with x = 0 or at x's Nyquist frequency twice as much
    as the others. Where it does not apply, on other boxes, every coefficient of the whole sphere
    counts once here, and the result does not depend on which axis is called x.

    Time is one transform's, N³ log N; memory two volumes beside the map.

    Parameters
    ----------
    density : the map; its mean does not matter
    resolution : the finest shell of the fit, Å
    coarsest : the coarsest shell of the fit, Å
    threads : for the transform

    Raises
    ------
    FitRangeError
        if fewer than two shells lie between the two, or the resolution is beyond Nyquist.
    ValueError
        if a shell of the fit has no amplitude at all.
    """
    require_fit_range(density, resolution, coarsest)
    shells = _Shells(density, resolution)
    return _fit(shells, _transform(density, threads), resolution, coarsest)


def correct_bfactor(density: Density, fit: GuinierFit, *, threads: int = 1) -> CorrectedMap:
    """Undo the decay that ``fit`` found: multiply the transform by exp(−B s²/4).

    Only frequencies s with 1/s ≥ the fit's resolution change; finer ones stay as they are, as in
    ``xmipp_volume_correct_bfactor``, and the mean of the map stays. Memory is three volumes beside
    the map.

    Parameters
    ----------
    density : the map that was fitted
    fit : of this map
    threads : for the transforms
    """
    shells = _Shells(density, fit.resolution)
    return _correct(shells, _transform(density, threads), density, fit, threads)


def analyse(
    density: Density, resolution: float, *, coarsest: float = COARSEST, threads: int = 1
) -> tuple[GuinierFit, CorrectedMap]:
    """`fit_guinier` and `correct_bfactor` in one, with one transform forth and one back."""
    require_fit_range(density, resolution, coarsest)
    shells = _Shells(density, resolution)
    transform = _transform(density, threads)
    fit = _fit(shells, transform, resolution, coarsest)
    return fit, _correct(shells, transform, density, fit, threads)


def nyquist(voxel_size: Triple) -> float:
    """Finest resolution in Å that voxels of this size, in Å, can hold in every direction."""
    return 2 * max(voxel_size)


def is_cubic(grid: Grid) -> bool:
    """Whether box and voxels are cubes, as Xmipp takes for granted."""
    sizes = grid.voxel_size
    return len(set(grid.box)) == 1 and max(sizes) - min(sizes) <= _SAME_VOXEL * max(sizes)


def inverse_squares(longest: float, count: int) -> _Reals:
    """1/d² of the shells 1 … ``count`` of a box with this longest edge (Å), in 1/Å²."""
    squares: _Reals = (np.arange(1, count + 1) / longest) ** 2
    return squares


def in_fit(longest: float, count: int, resolution: float, coarsest: float) -> NDArray[np.bool_]:
    """Which of the shells 1 … ``count`` lie between ``coarsest`` and ``resolution``, ends included.

    An end is met within a millionth, the rounding of a voxel size in a file's header.
    """
    d = longest / np.arange(1, count + 1)
    inside: NDArray[np.bool_] = (d >= resolution * (1 - _SAME)) & (d <= coarsest * (1 + _SAME))
    return inside


def require_fit_range(density: Density, resolution: float, coarsest: float = COARSEST) -> None:
    """Refuse a fit that fewer than two shells would make.

    Raises
    ------
    FitRangeError
        one sentence that says why.
    """
    if not (math.isfinite(resolution) and resolution > 0):
        raise FitRangeError(f"a resolution of {resolution:g} Å makes no sense")
    if resolution >= coarsest:
        raise FitRangeError(
            f"the line is fitted from {coarsest:g} Å to the resolution, and {resolution:.4g} Å "
            "leaves nothing between them"
        )
    finest = nyquist(density.voxel_size)
    if resolution < finest * (1 - _SAME):
        raise FitRangeError(
            f"the resolution of {resolution:.4g} Å lies beyond the Nyquist limit of the voxels, "
            f"{finest:.4g} Å"
        )
    longest = max(density.extent)
    count = int(in_fit(longest, math.ceil(longest / resolution) + 1, resolution, coarsest).sum())
    if count < 2:
        raise FitRangeError(
            f"a box of {longest:.4g} Å has {count or 'no'} Fourier shell{'s' * (count != 1)} "
            f"between {coarsest:g} and {resolution:.4g} Å, and a line needs two"
        )


class _Shells:
    """The shells of a half transform (z, y, x ≥ 0) down to a resolution.

    Frequencies are measured in units of 1 / the longest edge of the box: shell i has radius i.
    """

    def __init__(self, density: Density, resolution: float) -> None:
        self.longest = max(density.extent)
        self._count = int(self.longest / resolution * (1 + _SAME))
        self._reach = (self.longest / nyquist(density.voxel_size)) ** 2 * (1 + _TIE)
        nz, ny, nx = density.box
        scale_z, scale_y, scale_x = (self.longest / edge for edge in density.extent)
        self._sections = nz
        self._z = (np.arange(nz // 2 + 1) * scale_z) ** 2
        rows = np.arange(ny)
        y = (np.minimum(rows, ny - rows) * scale_y) ** 2
        x = (np.arange(nx // 2 + 1) * scale_x) ** 2
        self._plane = y[:, None] + x
        self._weights = np.ones(nx // 2 + 1, np.float32)
        if not is_cubic(density):
            self._weights[1 : (nx + 1) // 2] = 2
        self._voxels = density.values.size

    def planes(self, reach: float) -> Iterator[tuple[tuple[int, ...], _Reals]]:
        """The one or two indices of every z plane that a sphere meets, and its squared radii.

        ``reach`` is the square of the sphere's radius; the radii have shape (ny, nx/2 + 1).
        """
        for index, square in enumerate(self._z):
            if square > reach:
                return
            yield tuple({index, -index % self._sections}), self._plane + square

    def mean_amplitude(self, transform: _Transform) -> _Reals:
        """Mean of |F| / number of voxels in the shells 1, 2, …, shape (shells,)."""
        rest = self._count + 1
        sums, counts = np.zeros(rest + 1), np.zeros(rest + 1)
        weights = np.broadcast_to(self._weights, self._plane.shape).ravel()
        for planes, squares in self.planes((self._count + 1) ** 2):
            # no frequency of a cubic box is as near to a shell's border as the added trifle; of
            # those that lie on one in other boxes it makes rounding errors irrelevant
            numbers = np.sqrt(squares)
            numbers += 0.5 + _TIE
            np.minimum(numbers, rest, out=numbers)
            numbers[squares > self._reach] = rest
            shell = numbers.astype(np.intp).ravel()
            counts += len(planes) * np.bincount(shell, weights, rest + 1)
            for plane in planes:
                amplitude = np.abs(transform[plane])
                amplitude *= self._weights
                sums += np.bincount(shell, amplitude.ravel(), rest + 1)
        return sums[1:rest] / counts[1:rest] / self._voxels


def _fit(shells: _Shells, transform: _Transform, resolution: float, coarsest: float) -> GuinierFit:
    amplitude = shells.mean_amplitude(transform)
    x = inverse_squares(shells.longest, amplitude.size)
    fitted = in_fit(shells.longest, amplitude.size, resolution, coarsest)
    empty = np.flatnonzero(fitted & (amplitude <= 0))
    if empty.size:
        d = shells.longest / (empty[0] + 1)
        raise ValueError(f"the map has no amplitude at {d:.3g} Å, and zero has no logarithm")
    y = _log(amplitude)
    slope, intercept = _line(x[fitted], y[fitted])
    return GuinierFit(x, y, fitted, slope, intercept, 4 * slope, resolution, coarsest)


def _correct(
    shells: _Shells, transform: _Transform, density: Density, fit: GuinierFit, threads: int
) -> CorrectedMap:
    """Correct ``transform``, which is overwritten, and take it back."""
    from scipy import fft  # slow to load

    exponent = -fit.slope / shells.longest**2
    reach = (shells.longest / fit.resolution) ** 2 * (1 + _SAME)
    for planes, squares in shells.planes(reach):
        factor = np.exp(np.where(squares <= reach, exponent * squares, 0.0))
        for plane in planes:
            transform[plane] *= factor
    profile = _log(shells.mean_amplitude(transform))
    values: Volume = fft.irfftn(transform, s=density.box, overwrite_x=True, workers=threads)
    values += np.float32(_mean(density.values))
    return CorrectedMap(values, profile)


def _transform(density: Density, threads: int) -> _Transform:
    """Half transform of the map without its mean, whose rounding errors would drown the rest."""
    from scipy import fft  # slow to load

    field = density.values - np.float32(_mean(density.values))
    transform: _Transform = fft.rfftn(field, workers=threads)
    return transform


def _mean(values: Volume) -> float:
    return float(values.mean(dtype=np.float64))


def _log(amplitude: _Reals) -> _Reals:
    logarithm: _Reals = np.log(amplitude, out=np.full_like(amplitude, np.nan), where=amplitude > 0)
    return logarithm


def _line(x: _Reals, y: _Reals) -> tuple[float, float]:
    """Slope and intercept of the least-squares line."""
    deviation = x - x.mean()
    slope = float(deviation @ y) / float(deviation @ deviation)
    return slope, float(y.mean()) - slope * float(x.mean())
