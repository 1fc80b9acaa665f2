"""Mean Q-scores of the archive's entries: what is usual, at any resolution and at one.

The table beside this file is derived from the scores of 10,188 entries of EMDB and wwPDB by
``training/archive_q_scores.py``.

References
----------
Pintilie et al. (2025), doi:10.1107/S2059798325005923
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TABLE = Path(__file__).parent / "tables" / "q_score_archive.json"
NEAREST = 1000
"""Entries that are like one, by their resolution."""
FINEST, COARSEST = 1.0, 10.0
"""Å between which the archive has entries."""

CUBIC = (1.3354295, -0.3947624, 0.0431915, -0.0015996)
"""Coefficients of 1, d, d², d³: the mean Q-score (σ 0.4 Å) of entries at d Å."""
BAND = (-0.126, 0.110)
"""How far 95 % of the entries lie from it."""

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class _Archive:
    """Percentiles p of scores: ``all`` of shape (p,), at resolutions (r,) of shape (r, p)."""

    entries: int
    percentiles: Reals
    all: Reals
    resolutions: Reals
    spans: Reals
    scores: Reals


def usual(resolution: float) -> float | None:
    """The mean Q-score (σ 0.4 Å) of entries at a resolution (Å); None beyond 1 to 10 Å."""
    if not FINEST <= resolution <= COARSEST:
        return None
    return sum(one * resolution**power for power, one in enumerate(CUBIC))


def archive_percentile_all(score: float) -> float:
    """% of all entries whose mean Q-score (σ 0.4 Å) is lower."""
    archive = _archive()
    return _percentile(score, archive.all, archive)


def archive_percentile_resolution(score: float, resolution: float) -> float | None:
    """% of the thousand entries nearest in resolution (Å) whose mean Q-score is lower.

    None beyond 1 to 10 Å, where there are no entries.
    """
    if not FINEST <= resolution <= COARSEST:
        return None
    archive = _archive()
    at_each = [_percentile(score, scores, archive) for scores in archive.scores]
    return float(np.interp(resolution, archive.resolutions, at_each))


def entries() -> int:
    """How many entries are compared with."""
    return _archive().entries


def span_of_the_like(resolution: float) -> tuple[float, float]:
    """Å between which the thousand entries nearest in resolution lie."""
    archive = _archive()
    nearest = int(np.argmin(np.abs(archive.resolutions - resolution)))
    low, high = archive.spans[nearest].tolist()
    return low, high


def _percentile(score: float, scores: Reals, archive: _Archive) -> float:
    return float(np.interp(score, scores, archive.percentiles, left=0.0, right=100.0))


@cache
def _archive() -> _Archive:
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    rows = table["rows"]
    return _Archive(
        entries=int(table["entries"]),
        percentiles=np.array(table["percentiles"]),
        all=np.array(table["all"]),
        resolutions=np.array([row["resolution"] for row in rows]),
        spans=np.array([row["span"] for row in rows]),
        scores=np.array([row["scores"] for row in rows]),
    )
