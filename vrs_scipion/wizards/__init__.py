"""Wizards of the forms: they fill in what can be known, and show what has to be chosen."""

from vrs_scipion.wizards.wizard_contour import VrsContourWizard
from vrs_scipion.wizards.wizard_known import VrsResolutionWizard, VrsVoxelSizeWizard

__all__ = ["VrsContourWizard", "VrsResolutionWizard", "VrsVoxelSizeWizard"]
