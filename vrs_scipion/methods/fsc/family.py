"""All curves that two half maps are judged by, measured together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.fsc.correlation import ShellProducts
from vrs_scipion.methods.fsc.curve import FscCurve
from vrs_scipion.methods.fsc.modified import modified_correlations
from vrs_scipion.methods.fsc.phases import phase_residual
from vrs_scipion.methods.fsc.under_mask import UnderMask, corrected, first_random_shell
from vrs_scipion.methods.shells import HalfSpectrum, Reals


@dataclass(frozen=True)
class Family:
    """How two half maps correlate.

    Attributes
    ----------
    unmasked : over the whole box
    masked : under the soft mask
    randomised : there, on average, if phases are random; None where none would be
    corrected : under the soft mask, corrected for that
    modified : where the soft mask is, by bands, so that it has no part in it
    inside : the same where the hard mask is: inside the molecule
    residual : of the phases over the whole box, degrees, one for each shell of ``unmasked``
    redundancy : coefficients that share one independent value by the soft mask
    """

    unmasked: FscCurve
    masked: FscCurve
    randomised: FscCurve | None
    corrected: FscCurve
    modified: FscCurve
    inside: FscCurve
    residual: Reals
    redundancy: float

    @classmethod
    def of(
        cls,
        halves: tuple[Volume, Volume],
        spectra: tuple[HalfSpectrum, HalfSpectrum],
        soft: Volume,
        hard: Mask,
        voxel_size: Triple,
        *,
        order: int = 1,
        threads: int = 1,
    ) -> Family:
        """Measure them.

        Parameters
        ----------
        halves : float32 (z, y, x)
        spectra : their half spectra, as ``scipy.fft.rfftn`` gives them
        soft, hard : masks on the same grid, float32 from 0 to 1 and bool
        voxel_size : Å along z, y, x
        order : of the point group that was imposed on both
        threads : for the Fourier transforms
        """
        first, second = map(np.asarray, spectra)  # a file's pages are slow to index
        under = UnderMask.of(soft, voxel_size, threads)
        products = ShellProducts.of(first, second, under.shells)
        unmasked = products.curve(under.shells, order)
        molecule = UnderMask.of(hard, voxel_size, threads)
        masked = under.correlation(*halves, order)
        from_shell, randomised, without = first_random_shell(unmasked), None, masked
        if from_shell is not None:
            randomised = under.randomised(first, second, from_shell, order, products)
            without = corrected(masked, randomised, from_shell)
        modified, inside = modified_correlations(
            first, second, [under, molecule], order=order, products=products
        )
        return cls(
            unmasked,
            masked,
            randomised,
            without,
            modified,
            inside,
            phase_residual(first, second, soft.shape, voxel_size),
            under.redundancy,
        )
