"""Every check there is, in the order of the report."""

from __future__ import annotations

from vrs_scipion.checks import (
    level0_a_mass,
    level0_b_mask,
    level0_c_background,
    level0_d_bfactor,
    level0_e_deepres,
    level0_f_locbfactor,
    level0_g_lococcupancy,
    level0_h_hand,
)
from vrs_scipion.checks.check import Check

LEVEL_0: tuple[Check, ...] = (
    level0_a_mass.CHECK,
    level0_b_mask.CHECK,
    level0_c_background.CHECK,
    level0_d_bfactor.CHECK,
    level0_e_deepres.CHECK,
    level0_f_locbfactor.CHECK,
    level0_g_lococcupancy.CHECK,
    level0_h_hand.CHECK,
)

CHECKS: dict[str, Check] = {check.code: check for check in LEVEL_0}
