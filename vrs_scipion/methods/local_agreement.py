"""Do local resolutions agree: in order, in value, and within what their errors allow?

Every method has a question and a scale of its own. What can be asked of all is whether they put the
places of a molecule into the same order (Spearman's rank correlation), how far they lie apart, and
whether one claims detail that another one rules out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]

ERRORS = 2.0
"""By so many errors a claim has to be finer than what supports it to be called unsupported."""
_FEWEST = 3


@dataclass(frozen=True)
class Agreement:
    """How two local resolutions go together, where a molecule has both.

    Attributes
    ----------
    spearman : rank correlation over places; None where one is the same everywhere
    difference : median of the first minus the second, Å
    distance : median of what lies between the two, Å, without sign
    """

    spearman: float | None
    difference: float
    distance: float


def agreement(first: Floats, second: Floats) -> Agreement | None:
    """Compare two local resolutions place by place.

    Parameters
    ----------
    first, second : Å at the same places, shape (places,); NaN where there is none

    Returns
    -------
    Agreement, or None where hardly any place has both
    """
    both = np.isfinite(first) & np.isfinite(second)
    if np.count_nonzero(both) < _FEWEST:
        return None
    one, other = first[both], second[both]
    apart = (one - other).astype(np.float64)
    return Agreement(
        _spearman(one, other), float(np.median(apart)), float(np.median(np.abs(apart)))
    )


def _spearman(one: Floats, other: Floats) -> float | None:
    from scipy.stats import rankdata  # slow to load

    a, b = (ranks - ranks.mean() for ranks in (rankdata(one), rankdata(other)))
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm else None


def unsupported(
    claimed: ArrayLike, spread: ArrayLike, resolution: ArrayLike, error: ArrayLike
) -> NDArray[np.bool_]:
    """Where a claim is finer than another method allows, beyond the errors of both.

    Parameters
    ----------
    claimed : local resolution that a method claims, Å; infinite where it claims nothing
    spread : standard deviation of the claim's logarithm
    resolution, error : what is held against it, and its standard error, Å

    Returns
    -------
    bool array of the shape that all come to
    """
    finer = np.log(resolution) - np.log(claimed)
    errors = np.hypot(spread, np.divide(error, resolution))
    return np.asarray(finer > ERRORS * errors)
