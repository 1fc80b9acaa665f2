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
from vrs_scipion.methods.fsc.bands import Bands, Complex
from vrs_scipion.methods.fsc.correlation import ShellProducts
from vrs_scipion.methods.fsc.curve import FscCurve
from vrs_scipion.methods.fsc.places import MOST_BANDS, Places, band_width
from vrs_scipion.methods.fsc.under_mask import UnderMask
from vrs_scipion.methods.shells import HalfSpectrum


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

    A band is as thick as it has to be for the mask to tell it from its neighbours, two shells at
    least, and a 40th of all. The curve has a point every half band, 40 at most; where bands
    overlap, neighbours share samples.

    Parameters
    ----------
    first, second : half spectra of the maps, as ``scipy.fft.rfftn`` gives them
    mask : float32 (z, y, x) from 0 to 1 on the maps' grid, not all 0
    voxel_size : Å along z, y, x
    order : of the point group that was imposed on both maps
    threads : for the Fourier transforms
    """
    (curve,) = modified_correlations(
        first, second, [UnderMask.of(mask, voxel_size, threads)], order=order
    )
    return curve


def modified_correlations(
    first: HalfSpectrum,
    second: HalfSpectrum,
    masks: Sequence[UnderMask],
    *,
    order: int = 1,
    products: ShellProducts | None = None,
) -> list[FscCurve]:
    """The same in several masks of one box, in bands of one thickness: they are made once.

    ``products`` are those of the half spectra, where they are known.
    """
    shells, threads = masks[0].shells, masks[0].threads
    width = max(band_width(mask) for mask in masks)
    places = Places.of(masks, width)
    bands = Bands.of(first, second, products or ShellProducts.of(first, second, shells), shells)
    found = []
    spacing = max(width / 2, shells.count / MOST_BANDS)
    for centre in np.arange(width, shells.count - width / 2, spacing).tolist():
        band = bands.band(centre, width)
        grid = max(one.grid(centre, band.samples) for one in places)
        points = band.on(grid, threads)
        correlations = _correlations([one.on(grid, threads) for one in places], points)
        for weights, correlation in zip(places, correlations, strict=True):
            samples = band.samples / (weights.shared(grid, centre) * order)
            found.append((band.frequency, correlation, samples))
    curves = np.array(found).reshape(-1, len(masks), 3)
    return [FscCurve(*curves[:, index].T) for index in range(len(masks))]


def _correlations(weights: Sequence[Volume], points: Complex) -> list[float]:
    """Of the real parts with the imaginary ones; NaN where the weights leave nothing of one."""
    sums = np.zeros((len(weights), 3))
    for z, plane in enumerate(points):
        one, other = plane.real.ravel(), plane.imag.ravel()
        products = one * one, other * other, one * other
        for found, weight in zip(sums, weights, strict=True):
            found += [np.dot(weight[z].ravel(), product) for product in products]
    return [
        min(max(cross / math.sqrt(own * others), -1.0), 1.0) if own > 0 and others > 0 else math.nan
        for own, others, cross in sums.tolist()
    ]
