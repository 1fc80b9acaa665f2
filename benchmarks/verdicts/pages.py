"""The page of plots: a power curve for each defect, false alarms, who warns of what."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from defects import Defect
from matplotlib.axes import Axes
from score import Scores, interval

_COLUMNS = 5
_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#777777"


def draw_page(scores: Scores, path: Path) -> None:
    """Draw everything on one page, and the same page as PNG beside it."""
    defects = scores.catalogue.defects
    rows = -(-len(defects) // _COLUMNS)
    figure = plt.figure(figsize=(16.5, 2.3 * rows + 6.5), constrained_layout=True)
    top, bottom = figure.subfigures(2, 1, height_ratios=[2.3 * rows, 6.5])
    grid = top.subplots(rows, _COLUMNS, sharey=True, squeeze=False)
    top.suptitle("How often a defect is noticed, by its size (95 % intervals)")
    for axes, defect in zip(grid.flat, defects, strict=False):
        _power_curve(axes, scores, defect)
    for axes in grid.flat[len(defects) :]:
        axes.set_visible(False)
    left, right = bottom.subplots(1, 2, width_ratios=[1, 1.4])
    _alarms(left, scores)
    _matrix(right, scores)
    figure.savefig(path)
    figure.savefig(path.with_suffix(".png"), dpi=80)
    plt.close(figure)


def _power_curve(axes: Axes, scores: Scores, defect: Defect) -> None:
    rows = [row for row in scores.power(defect) if row[2]]
    axes.set_title(defect.title, fontsize=8)
    axes.set_ylim(-0.05, 1.05)
    axes.set_xlabel(defect.unit, fontsize=7)
    axes.tick_params(labelsize=7)
    if not rows:
        axes.text(0.5, 0.5, "not run", transform=axes.transAxes, ha="center", color=_GREY)
        return
    place = np.arange(len(rows))
    rates = np.array([hits / count for _, hits, count in rows])
    bounds = np.array([interval(hits, count) for _, hits, count in rows])
    colour = _BLUE if defect.caught_by else _GREY
    axes.errorbar(
        place, rates, [rates - bounds[:, 0], bounds[:, 1] - rates], color=colour, marker="o",
        markersize=4, capsize=2, linewidth=1.2,
    )  # fmt: skip
    axes.set_xticks(place, [f"{dial:g}" for dial, _, _ in rows])
    for where, (dial, _, _) in zip(place, rows, strict=True):
        if dial == defect.stated:
            axes.axvline(where, color=_ORANGE, linestyle=":", linewidth=1.2)
    who = " ".join(defect.caught_by) or "any check; none of this level is meant to"
    axes.text(0.03, 0.9, who, transform=axes.transAxes, fontsize=7, color=colour)


def _alarms(axes: Axes, scores: Scores) -> None:
    rows = [row for row in scores.false_alarms() if row[3]]
    place = np.arange(len(rows))[::-1]
    rates = np.array([hits / count for _, _, hits, count in rows])
    bounds = np.array([interval(hits, count) for _, _, hits, count in rows]).reshape(-1, 2)
    axes.barh(place, rates, color=_ORANGE, height=0.6)
    axes.hlines(place, bounds[:, 0], bounds[:, 1], color="black", linewidth=1)
    axes.axvline(0.05, color=_GREY, linestyle=":")
    axes.set_yticks(place, [f"{code} {key}: {h} of {n}" for code, key, h, n in rows], fontsize=7)
    axes.set_xlim(0, 1)
    axes.set_title(f"False alarms on good {scores.catalogue.nouns} (dotted: 5 %)", fontsize=9)


def _matrix(axes: Axes, scores: Scores) -> None:
    rows, codes = scores.confusion(), scores.codes
    shares = np.array([row[1:] for row in rows], float)
    axes.imshow(shares, aspect="auto", cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(codes)), codes)
    axes.set_yticks(range(len(rows)), [row[0] for row in rows], fontsize=7)
    meant = {d.key: d.caught_by for d in scores.catalogue.defects}
    for y, row in enumerate(rows):
        for x, share in enumerate(row[1:]):
            weight = "bold" if codes[x] in meant.get(row[0], ()) else "normal"
            colour = "white" if (share or 0) > 0.6 else "black"
            axes.text(
                x, y, "–" if share is None else f"{share:.0%}", ha="center", va="center",
                fontsize=7, color=colour, fontweight=weight,
            )  # fmt: skip
    axes.set_title(
        "Share in which a check warns, defects at their stated size (bold: meant to)", fontsize=9
    )
