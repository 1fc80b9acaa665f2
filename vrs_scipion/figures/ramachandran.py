"""Ramachandran plots: a panel for each class of residues, the outliers by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from vrs_scipion.figures import style

_LEFT, _RIGHT, _GAP, _TOP, _BOTTOM = 0.52, 0.08, 0.16, 0.24, 0.60
_LETTERS = 7.0
_REGIONS = {"allowed": "#E9F1F8", "favoured": "#C4DAEC"}
_LINE = "#7FA3C4"
_POINTS = {
    "favoured": (style.INK, "o", 1.0),
    "allowed": (style.DARK_ORANGE, "o", 1.6),
    "outlier": ("#a50f15", "X", 5.0),
}
"""By the rating: colour, marker, and how many times larger than a favoured one's."""
_NAMED = 8
"""Outliers of a panel that are called by name."""
_TICKS = (-120, -60, 0, 60, 120)


@dataclass(frozen=True)
class Panel:
    """One class of residues.

    Attributes
    ----------
    title : of the panel
    favoured, allowed : polygons of φ, ψ in degrees, shape (p, 2) each
    angles : float64 array, shape (n, 2), φ and ψ of its residues in degrees
    ratings : str array, shape (n,), 'favoured', 'allowed' or 'outlier'
    names : what to call the residues, shape (n,)
    """

    title: str
    favoured: Sequence[NDArray[np.float64]]
    allowed: Sequence[NDArray[np.float64]]
    angles: NDArray[np.float64]
    ratings: NDArray[np.str_]
    names: NDArray[np.str_]


def draw_ramachandran(panels: Sequence[Panel], path: Path) -> Path:
    """Draw φ against ψ, panels side by side, over where they are favoured and allowed.

    Parameters
    ----------
    panels : the classes, three or so
    path : ``.png`` or ``.svg`` file to write
    """
    side = (style.WIDTH - _LEFT - _RIGHT - _GAP * (len(panels) - 1)) / len(panels)
    height = _TOP + side + _BOTTOM
    figure = style.new_figure(height)
    most = max((len(panel.angles) for panel in panels), default=0)
    size = float(np.clip(60 / max(most, 1) ** 0.45, 0.8, 7.0))
    for place, panel in enumerate(panels):
        left = _LEFT + place * (side + _GAP)
        axes = figure.add_axes(
            (left / style.WIDTH, _BOTTOM / height, side / style.WIDTH, side / height)
        )
        _draw_panel(axes, panel, size, numbered=place == 0)
        axes.set_xlabel("φ (°)", fontsize=8, color=style.INK, labelpad=2)
        if place == 0:
            axes.set_ylabel("ψ (°)", fontsize=8, color=style.INK, labelpad=1)
    _draw_key(figure, size)
    return style.save(figure, path)


def _draw_panel(axes: Any, panel: Panel, size: float, *, numbered: bool) -> None:
    for polygons, region, layer in (
        (panel.allowed, "allowed", 0),
        (panel.favoured, "favoured", 1),
    ):
        axes.add_patch(
            PathPatch(
                _outline(polygons),
                facecolor=_REGIONS[region],
                edgecolor=_LINE,
                linewidth=0.45,
                zorder=layer,
            )
        )
    for rating, (colour, marker, larger) in _POINTS.items():
        chosen = panel.ratings == rating
        axes.scatter(
            *panel.angles[chosen].T,
            s=size * larger,
            c=colour,
            marker=marker,
            linewidths=0,
            zorder=2 + larger,
        )
    _name_outliers(axes, panel)
    title = f"{panel.title} · {len(panel.angles):,}"
    axes.set_title(title, fontsize=8, color=style.INK, pad=3)
    axes.set_xlim(-180, 180)
    axes.set_ylim(-180, 180)
    axes.set_xticks(_TICKS, [_said(tick) for tick in _TICKS])
    axes.set_yticks(_TICKS, [_said(tick) if numbered else "" for tick in _TICKS])
    axes.tick_params(labelsize=_LETTERS, colors=style.INK, length=2, pad=2)
    for spine in axes.spines.values():
        spine.set_color(style.FAINT)
        spine.set_linewidth(0.6)


def _outline(polygons: Sequence[NDArray[np.float64]]) -> Outline:
    """All polygons as one outline; holes go the other way round."""
    return Outline.make_compound_path(
        *(Outline(np.vstack((polygon, polygon[:1])), closed=True) for polygon in polygons)
    )


def _name_outliers(axes: Any, panel: Panel) -> None:
    """Call outliers by name, each beside its point; names that would lie on others are left out."""
    taken: list[tuple[float, float]] = []
    for place in np.flatnonzero(panel.ratings == "outlier"):
        phi, psi = panel.angles[place].tolist()
        if len(taken) == _NAMED or any(abs(psi - y) < 17 and abs(phi - x) < 120 for x, y in taken):
            continue
        taken.append((phi, psi))
        left = phi > 60
        axes.annotate(
            str(panel.names[place]),
            (phi, psi),
            xytext=(-4 if left else 4, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center_baseline",
            fontsize=5.5,
            color="#a50f15",
            path_effects=style.halo("white"),
            zorder=9,
        )


def _said(tick: float) -> str:
    return f"{tick:g}".replace("-", "−")


def _draw_key(figure: Any, size: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Patch(facecolor=_REGIONS[region], edgecolor=_LINE, linewidth=0.45, label=f"{region} region")
        for region in ("favoured", "allowed")
    ]
    handles += [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=marker,
            color=colour,
            markeredgewidth=0,
            markersize=max(3.0, float(np.sqrt(size * larger))),
            label={"outlier": "outlier"}.get(rating, f"{rating} residue"),
        )
        for rating, (colour, marker, larger) in _POINTS.items()
    ]
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=len(handles),
        fontsize=_LETTERS,
        frameon=False,
        handlelength=1.2,
        columnspacing=1.6,
        labelcolor=style.INK,
        borderaxespad=0.2,
    )
