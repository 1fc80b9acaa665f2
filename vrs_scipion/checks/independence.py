"""What 1.i found of the half maps, for the checks that rely on it."""

from __future__ import annotations

from vrs_scipion.checks.task import Task

INDEPENDENCE = "1.i"
"""The check that asks whether the halves share more than the molecule."""
SHARED = (
    "differ_lowest",
    "differ_bands_lowest",
    "outside_lowest",
    "shared_highest",
    "tail_highest",
)
"""Its criteria without which a correlation of the halves is not one of signal alone."""


def doubt(task: Task) -> str:
    """Why correlations of the halves are not signal alone, by what 1.i found; '' for no reason."""
    result = task.results.get(INDEPENDENCE)
    failed = [c for c in result.criteria if c.key in SHARED and not c.passed] if result else []
    if not any(criterion.role == "verdict" for criterion in failed):
        return ""
    return (
        f"By {INDEPENDENCE} the half maps are not independent: what they have in common is not the "
        "molecule alone, and looks better resolved than it is."
    )
