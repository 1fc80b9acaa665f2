"""Stereochemistry of atomic models: what bonds, angles, hands and contacts can be.

Nothing here looks at a map. Everything is measured on a model's arrays at once.
"""

from vrs_scipion.methods.stereochemistry.measure import Stereochemistry, examine

__all__ = ["Stereochemistry", "examine"]
