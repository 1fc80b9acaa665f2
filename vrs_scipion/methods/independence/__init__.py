"""Whether two half maps are independent."""

from vrs_scipion.methods.independence.bands import Mean, Region, shared_by_mask
from vrs_scipion.methods.independence.measure import (
    BEYOND,
    LEAST_BACKGROUND,
    TOP,
    Background,
    Constant,
    Halves,
    Independence,
    measure_independence,
)
from vrs_scipion.methods.independence.powers import (
    LOWEST,
    ShellPowers,
    whitened,
)

__all__ = [
    "BEYOND",
    "LEAST_BACKGROUND",
    "LOWEST",
    "TOP",
    "Background",
    "Constant",
    "Halves",
    "Independence",
    "Mean",
    "Region",
    "ShellPowers",
    "measure_independence",
    "shared_by_mask",
    "whitened",
]
