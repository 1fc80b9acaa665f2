"""Local correlation of two half maps, band by band, with an error bar; one engine for all checks.

What Cardone, Heymann & Steven 2013 (doi:10.1016/j.jsb.2013.08.002) ask of blocks is asked here of
bands of spatial frequency: each is taken to real space, and the halves are correlated there, inside
the molecule, under a Gaussian window that is as wide as the band's waves ask for.
"""

from vrs_scipion.methods.local_bands.bands import COARSEST, Band, bands_of, windows_in
from vrs_scipion.methods.local_bands.coarse_grid import CoarseGrid, coarse_grid
from vrs_scipion.methods.local_bands.cones import (
    CONE_SLOPE_BANDS,
    HALF_ANGLE,
    cone_amplitude,
    directional_correlations,
    twofold_axes,
)
from vrs_scipion.methods.local_bands.correlations import (
    LocalCorrelations,
    grid_of_points,
    local_correlations,
)
from vrs_scipion.methods.local_bands.resolution import (
    Crossings,
    LocalResolution,
    critical_correlations,
    crossings,
    local_resolution,
)

__all__ = [
    "COARSEST",
    "CONE_SLOPE_BANDS",
    "HALF_ANGLE",
    "Band",
    "CoarseGrid",
    "Crossings",
    "LocalCorrelations",
    "LocalResolution",
    "bands_of",
    "coarse_grid",
    "cone_amplitude",
    "critical_correlations",
    "crossings",
    "directional_correlations",
    "grid_of_points",
    "local_correlations",
    "local_resolution",
    "twofold_axes",
    "windows_in",
]
