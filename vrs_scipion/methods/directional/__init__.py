"""Half maps by direction: correlation in cones, occupancy of shells, anisotropy with error bars."""

from vrs_scipion.methods.directional.anisotropy import Anisotropy, measure_anisotropy
from vrs_scipion.methods.directional.cones import SEED, Cones, cones_about
from vrs_scipion.methods.directional.isotropy import chi_square_per_degree
from vrs_scipion.methods.directional.occupancy import (
    EMPTY,
    FULL,
    MIDDLE,
    Occupancy,
    measure_occupancy,
)
from vrs_scipion.methods.directional.overlap import Overlap, mask_overlap
from vrs_scipion.methods.directional.reach import Estimate, Reach
from vrs_scipion.methods.directional.sphere import HalfSphere
from vrs_scipion.methods.directional.sums import DirectionalSums, directional_sums
from vrs_scipion.methods.directional.volume import correlation_volume, voxel_size_of

__all__ = [
    "EMPTY",
    "FULL",
    "MIDDLE",
    "SEED",
    "Anisotropy",
    "Cones",
    "DirectionalSums",
    "Estimate",
    "HalfSphere",
    "Occupancy",
    "Overlap",
    "Reach",
    "chi_square_per_degree",
    "cones_about",
    "correlation_volume",
    "directional_sums",
    "mask_overlap",
    "measure_anisotropy",
    "measure_occupancy",
    "voxel_size_of",
]
