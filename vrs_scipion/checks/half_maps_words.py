"""Words that the checks of half maps share."""

from __future__ import annotations

from vrs_scipion.results.numbers import quantity

FOREIGN = (
    "The half maps do not belong together: they are of different particles or refinements, one is "
    "mirrored, shifted, inverted or stored in another order of its axes, or there is nothing but "
    "noise in them."
)
"""What it most often means that half maps have no signal in common."""
SPECK = " Or the contour level leaves but a speck of the molecule: see 0.b."
SOLVENT = " Or the contour level is far too low, so that the mask is mostly solvent: see 0.b."
"""The same where the contour level may be the reason, by too much or too little."""


def resolution_words(resolution: float | None) -> str:
    """Where a correlation falls, in Å; None where it does not."""
    return "no frequency before Nyquist" if resolution is None else quantity(resolution, "Å")
