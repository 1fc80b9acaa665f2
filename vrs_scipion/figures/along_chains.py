"""Scores along the residues of a model, a panel for each chain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.figures import looks, style
from vrs_scipion.figures.looks import LOOKS
from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.kinds import POLYMERS
from vrs_scipion.results.plots import Band, Interval, Mark, Role

MOST = 8
"""Chains that are drawn; of more, those with the worst means."""

_TALL, _GAP, _TOP, _BOTTOM, _LEFT, _RIGHT = 0.92, 0.34, 0.28, 0.34, 0.62, 0.12
_LETTERS = 7.0
_SHORTEST = 3
"""Residues that make a chain worth a panel."""


@dataclass(frozen=True)
class Line:
    """A score of every residue, shape (m,), NaN where it has none."""

    name: str
    values: NDArray[np.float64]
    role: Role = "measured"


@dataclass(frozen=True)
class Drawn:
    """The chains that a picture shows, of ``chains`` that could be drawn."""

    shown: int
    chains: int

    @property
    def words(self) -> str:
        """Which they are, for the end of a caption; '' where they are all."""
        if self.shown == self.chains:
            return ""
        return f" Of {self.chains:,} chains the {self.shown} with the lowest means are drawn."


def draw_along_chains(
    model: AtomicModel,
    lines: Sequence[Line],
    path: Path,
    *,
    label: str,
    reach: Interval,
    marks: Sequence[Mark] = (),
    bands: Sequence[Band] = (),
) -> Drawn:
    """Draw scores against the numbers of residues; gaps of the numbering stay gaps.

    Parameters
    ----------
    model : whose polymers are drawn
    lines : the scores; the first one decides which chains are drawn where there are many
    path : ``.png`` or ``.svg`` file to write
    label : of the vertical axis
    reach : of the vertical axis
    marks, bands : along that axis
    """
    panels = _panels(model, lines[0].values)
    chosen = _worst(panels, lines[0].values)
    height = _TOP + max(1, len(chosen)) * (_TALL + _GAP) + _BOTTOM
    figure = style.new_figure(height)
    width = (style.WIDTH - _LEFT - _RIGHT) / style.WIDTH
    for row, panel in enumerate(chosen):
        bottom = height - _TOP - (row + 1) * _TALL - row * _GAP
        axes = figure.add_axes((_LEFT / style.WIDTH, bottom / height, width, _TALL / height))
        _draw_panel(axes, model, panel, lines, reach, marks, bands)
        axes.set_title(_title(model, panel), fontsize=_LETTERS, color=style.INK, loc="left", pad=2)
        axes.set_ylabel(label, fontsize=_LETTERS, color=style.INK)
    if chosen:
        axes.set_xlabel("Residue", fontsize=_LETTERS, color=style.INK)
        _key(figure, axes, lines, bands)
    style.save(figure, path)
    return Drawn(len(chosen), len(panels))


def _panels(model: AtomicModel, values: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """The residues of each polymer that has scores."""
    found = []
    for chain in np.flatnonzero(model.chains.of(*POLYMERS)).tolist():
        residues = np.flatnonzero(model.residues.chains == chain)
        if np.count_nonzero(np.isfinite(values[residues])) >= _SHORTEST:
            found.append(residues)
    return found


def _worst(
    panels: Sequence[NDArray[np.intp]], values: NDArray[np.float64]
) -> list[NDArray[np.intp]]:
    means = [float(np.nanmean(values[residues])) for residues in panels]
    chosen = sorted(np.argsort(means, kind="stable")[:MOST].tolist())
    return [panels[i] for i in chosen]


def _draw_panel(
    axes: Any,
    model: AtomicModel,
    residues: NDArray[np.intp],
    lines: Sequence[Line],
    reach: Interval,
    marks: Sequence[Mark],
    bands: Sequence[Band],
) -> None:
    numbers = model.residues.numbers[residues].astype(np.float64)
    for line in lines:
        look = LOOKS[line.role]
        x, y = _with_gaps(numbers, line.values[residues])
        dashes = (0, look.dashes) if look.dashes else "-"
        axes.plot(x, y, color=look.light, linewidth=0.75 * look.width, linestyle=dashes)
    for band in bands:
        low = reach[0] if band.low is None else band.low
        high = reach[1] if band.high is None else band.high
        axes.axhspan(low, high, facecolor=looks.SHADES[band.role].light, linewidth=0, zorder=0)
    for mark in marks:
        axes.axhline(mark.value, color=looks.MARK.light, linewidth=0.8, linestyle=(0, (4, 2)))
        axes.annotate(
            mark.label,
            (0.995, mark.value),
            xycoords=axes.get_yaxis_transform(),
            xytext=(0, 1.5),
            textcoords="offset points",
            ha="right",
            fontsize=6,
            color=looks.MARK.light,
            path_effects=style.halo("white"),
        )
    axes.set_xlim(numbers.min() - 1, numbers.max() + 1)
    axes.set_ylim(*reach)
    style.dress(axes, "", "")
    axes.tick_params(labelsize=6.5)


def _with_gaps(
    numbers: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The points of a line with a point of no value wherever numbers are left out."""
    after = np.flatnonzero(np.abs(np.diff(numbers)) > 1) + 1
    return np.insert(numbers, after, numbers[after] - 0.5), np.insert(values, after, math.nan)


def _title(model: AtomicModel, residues: NDArray[np.intp]) -> str:
    of = model.chains
    chain = int(model.residues.chains[residues[0]])
    alike = (of.names == of.names[chain]) & of.of(*POLYMERS)
    label = f" ({of.labels[chain]})" if np.count_nonzero(alike) > 1 else ""
    return f"Chain {of.names[chain]}{label}"


def _key(figure: Any, axes: Any, lines: Sequence[Line], bands: Sequence[Band]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    if len(lines) > 1:
        for line in lines:
            look = LOOKS[line.role]
            dashes = (0, look.dashes) if look.dashes else "-"
            handles.append(
                Line2D([], [], label=line.name, color=look.light, lw=look.width, ls=dashes)
            )
    handles += [Patch(facecolor=looks.SHADES[b.role].light, label=b.label) for b in bands]
    if handles:
        figure.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(axes.get_position().x0 - 0.01, 0.0),
            ncol=len(handles),
            fontsize=_LETTERS,
            frameon=False,
            labelcolor=style.INK,
        )
