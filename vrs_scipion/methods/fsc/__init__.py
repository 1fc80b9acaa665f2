"""Fourier shell correlation of two maps: curves, masks, and where they fall below a level.

Harauz & van Heel 1986 (Optik 73, 146–156); the level 0.143 after Rosenthal & Henderson 2003,
doi:10.1016/j.jmb.2003.07.013.
"""

from vrs_scipion.methods.fsc.correlation import correlate, shell_correlation
from vrs_scipion.methods.fsc.curve import (
    CONFIDENCE,
    COPIES,
    GOLD_STANDARD,
    HALF,
    ONE_TO_ONE,
    WELL_KEPT,
    FscCurve,
    crossings,
)
from vrs_scipion.methods.fsc.family import Family
from vrs_scipion.methods.fsc.modified import modified_correlation, modified_correlations
from vrs_scipion.methods.fsc.permutation import Significance, significance
from vrs_scipion.methods.fsc.phases import expected_phase_residual, phase_residual
from vrs_scipion.methods.fsc.under_mask import (
    UnderMask,
    corrected,
    first_random_shell,
    mask_redundancy,
)

__all__ = [
    "CONFIDENCE",
    "COPIES",
    "GOLD_STANDARD",
    "HALF",
    "ONE_TO_ONE",
    "WELL_KEPT",
    "Family",
    "FscCurve",
    "Significance",
    "UnderMask",
    "corrected",
    "correlate",
    "crossings",
    "expected_phase_residual",
    "first_random_shell",
    "mask_redundancy",
    "modified_correlation",
    "modified_correlations",
    "phase_residual",
    "shell_correlation",
    "significance",
]
