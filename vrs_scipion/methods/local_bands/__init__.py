"""Local correlation of two half maps, band by band, with an error bar; one engine for all checks.

What Cardone, Heymann & Steven 2013 (doi:10.1016/j.jsb.2013.08.002) ask of blocks is asked here of
bands of spatial frequency: each is taken to real space, and the halves are correlated there under a
Gaussian window that is as wide as the band's waves ask for.
"""

from vrs_scipion.methods.local_bands.bands import Band, bands_of
from vrs_scipion.methods.local_bands.coarse_grid import CoarseGrid, coarse_grid
from vrs_scipion.methods.local_bands.correlations import LocalCorrelations, local_correlations
from vrs_scipion.methods.local_bands.resolution import (
    LocalResolution,
    critical_correlations,
    local_resolution,
)

__all__ = [
    "Band",
    "CoarseGrid",
    "LocalCorrelations",
    "LocalResolution",
    "bands_of",
    "coarse_grid",
    "critical_correlations",
    "local_correlations",
    "local_resolution",
]
