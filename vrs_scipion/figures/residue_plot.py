"""One score along the residues of one chain, as a plot that is data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.models.atomic_model import AtomicModel, Indices
from vrs_scipion.models.kinds import POLYMERS
from vrs_scipion.results.plots import Axis, Interval, Mark, Plot, Series

_MARGIN = 0.04


def residues_of(model: AtomicModel, chain: str) -> Indices:
    """The residues that the authors count to a chain, by their numbers."""
    members = np.flatnonzero(model.chains.names[model.residues.chains] == chain)
    ordered: Indices = members[np.argsort(model.residues.numbers[members], kind="stable")]
    return ordered


def residue_plot(
    model: AtomicModel,
    chain: str,
    values: NDArray[np.float64],
    label: str,
    unit: str,
    reach: Interval,
    *,
    chosen: int = -1,
    words: Sequence[str] = (),
) -> Plot:
    """A score against the numbers of the residues, with gaps where these have gaps.

    Parameters
    ----------
    model : whose residues they are
    chain : as the authors call it
    values : of all residues, shape (m,), NaN for none
    label, unit : of the score
    reach : of its axis at least
    chosen : index of a residue that is marked; −1 for none
    words : what the values 1, 2, … of a score in words stand for
    """
    residues = residues_of(model, chain)
    bound = np.isin(model.residues.kinds[residues], [kind.value for kind in POLYMERS])
    lines = residues[bound & (not words)]
    others = np.setdiff1d(residues, lines)
    known = values[np.isfinite(values)]
    low = min(*reach, *known.tolist()) if known.size else min(reach)
    high = max(*reach, *known.tolist()) if known.size else max(reach)
    margin = _MARGIN * (high - low)
    marks: tuple[Mark, ...] = ()
    if chosen >= 0 and chosen in residues:
        place = float(model.residues.numbers[chosen])
        marks = (Mark(value=place, label=model.residue_words(chosen)),)
    series = (
        _series(model, lines, values, label, "line"),
        _series(model, others, values, label if words else "Not of a polymer", "points"),
    )
    said = ", ".join(f"{number}: {word}" for number, word in enumerate(words, start=1))
    return Plot(
        x=Axis(label=f"Residue of chain {chain}"),
        y=Axis(label=label, unit=unit, range=(low - margin, high + margin)),
        series=tuple(one for one in series if one.x),
        marks=marks,
        notes=(said,) if said else (),
    )


def _series(
    model: AtomicModel,
    residues: Indices,
    values: NDArray[np.float64],
    name: str,
    style: Literal["line", "points"],
) -> Series:
    numbers = model.residues.numbers[residues].astype(np.float64)
    after = np.flatnonzero((np.abs(np.diff(numbers)) > 1) & (style == "line")) + 1
    x = np.insert(numbers, after, numbers[after] - 0.5)
    y = np.insert(values[residues], after, np.nan)
    return Series(name=name, x=tuple(x.tolist()), y=tuple(y.tolist()), style=style)
