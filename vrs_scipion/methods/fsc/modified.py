"""Modified Fourier shell correlation: each band first, the mask after it.

Penczek 2020, doi:10.1107/S2052252520011574. A mask that is put on maps mixes their strong low
frequencies into all shells; one that is put on a band does not, so that there is nothing to
correct for. Ours are the bands' shape and thickness and the weights of `Places`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods.fsc.bands import Bands
from vrs_scipion.methods.fsc.curve import FscCurve
from vrs_scipion.methods.fsc.places import Places, band_width
from vrs_scipion.methods.shells import HalfSpectrum, Shells


def modified_correlation(
    first: HalfSpectrum,
    second: HalfSpectrum,
    mask: Volume,
    voxel_size: Triple,
    *,
    order: int = 1,
    threads: int = 1,
) -> FscCurve:
    """Correlate two maps band by band inside a mask.

    The curve has a point every half band, two neighbours of which share samples. A band is as thick
    as it has to be for the mask to tell it from its neighbours, two shells at least.

    Parameters
    ----------
    first, second : half spectra of the maps, as ``scipy.fft.rfftn`` gives them
    mask : float32 (z, y, x) from 0 to 1 on the maps' grid, not all 0
    voxel_size : Å along z, y, x
    order : of the point group that was imposed on both maps
    threads : for the Fourier transforms
    """
    (curve,) = modified_correlations(
        first, second, [mask], voxel_size, order=order, threads=threads
    )
    return curve


def modified_correlations(
    first: HalfSpectrum,
    second: HalfSpectrum,
    masks: Sequence[Volume],
    voxel_size: Triple,
    *,
    order: int = 1,
    threads: int = 1,
) -> list[FscCurve]:
    """The same in several masks, in bands of one thickness: they are made once."""
    from scipy import fft  # slow to load

    shells = Shells(masks[0].shape, voxel_size)
    width = max(band_width(mask, shells) for mask in masks)
    places = [Places.under(mask, width, shells, threads) for mask in masks]
    bands = Bands.of(first, second, shells)
    points = []
    for centre in np.arange(width, shells.count - width, width / 2).tolist():
        band = bands.band(centre, width)
        grid = max(one.grid(centre) for one in places)
        one, other = (
            fft.irfftn(spectrum, s=grid, overwrite_x=True, workers=threads)
            for spectrum in band.on(grid)
        )
        for under in places:
            points.append(
                (
                    band.frequency,
                    _correlation(under.on(grid, threads), one, other),
                    band.samples / (under.shared(grid, centre) * order),
                )
            )
    curves = np.array(points).reshape(-1, len(masks), 3)
    return [FscCurve(*curves[:, index].T) for index in range(len(masks))]


def _correlation(weights: Volume, first: Volume, second: Volume) -> float:
    """Of two maps whose mean is 0, NaN where the weights leave nothing of one of them."""
    heavy = weights * first
    cross, own, others = _sum(heavy, second), _sum(heavy, first), _sum(weights * second, second)
    if not (own > 0 and others > 0):
        return math.nan
    return min(max(cross / math.sqrt(own * others), -1.0), 1.0)


def _sum(a: Volume, b: Volume) -> float:
    planes: Volume = np.einsum("zyx,zyx->z", a, b)
    return float(planes.sum(dtype=np.float64))
