"""How long a scale bar is."""

from __future__ import annotations


def round_length(extent: float) -> float:
    """Return the largest of 1, 2, 5 × 10ⁿ that is at most 0.3 of `extent` (same unit)."""
    target = 0.3 * extent
    power = 1e-6
    while power * 10 <= target * (1 + 1e-9):
        power *= 10
    multiple = next(m for m in (5, 2, 1) if m * power <= target * (1 + 1e-9) or m == 1)
    return float(f"{multiple * power:.1g}")
