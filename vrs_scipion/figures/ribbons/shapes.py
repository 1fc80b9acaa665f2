"""What is drawn of a model: tubes along its polymers, spheres for everything else but water."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.models.kinds import Kind
from vrs_scipion.models.traces import traces

if TYPE_CHECKING:
    from vrs_scipion.figures.isosurface.colouring import ColourKey

Colours = NDArray[np.uint8]

CHAIN_COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#8C6D31",
    "#5E4FA2",
    "#66A61E",
    "#B2182B",
    "#999999",
    "#F0E442",
)
"""Told apart by all eyes, the first eight (Okabe and Ito); they repeat where there are more."""

_STEPS, _FEWER_STEPS = 5, 2
_MANY = 20_000
"""Residues beyond which the tubes are made of fewer pieces."""


@dataclass(frozen=True)
class Shapes:
    """Lines and points in space, x, y, z in Å from voxel 0 of the map, with their colours.

    Attributes
    ----------
    points : float32 array, shape (p, 3), of all lines, one after the other
    lengths : int64 array, shape (l,), points of each line
    colours : uint8 array, shape (p, 3), red, green and blue
    spheres : float32 array, shape (s, 3)
    sphere_colours : uint8 array, shape (s, 3)
    """

    points: NDArray[np.float32]
    lengths: NDArray[np.int64]
    colours: Colours
    spheres: NDArray[np.float32]
    sphere_colours: Colours

    def save(self, path: Path) -> None:
        """Write them to a ``.npz`` file."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Shapes:
        """Read what ``save`` has written."""
        with np.load(path) as stored:
            return cls(**{field.name: stored[field.name] for field in fields(cls)})


def together(parts: Sequence[Shapes]) -> Shapes:
    """Several models as one."""
    return Shapes(
        **{
            field.name: np.concatenate([getattr(p, field.name) for p in parts])
            for field in fields(Shapes)
        }
    )


def in_one_colour(model: AtomicModel, colour: str) -> Colours:
    """The same colour for each residue: uint8, shape (m, 3)."""
    from matplotlib.colors import to_rgb  # slow to load

    one = np.rint(255 * np.array(to_rgb(colour))).astype(np.uint8)
    return np.tile(one, (len(model.residues), 1))


def by_chain(model: AtomicModel) -> Colours:
    """A colour for each residue, by the author's name of its chain: uint8, shape (m, 3)."""
    from matplotlib.colors import to_rgb  # slow to load

    palette = np.array([to_rgb(colour) for colour in CHAIN_COLOURS])
    order = {name: place for place, name in enumerate(dict.fromkeys(model.chains.names.tolist()))}
    of_chain = np.array([order[name] for name in model.chains.names.tolist()])
    chosen = palette[of_chain[model.residues.chains] % len(palette)]
    colours: Colours = np.rint(255 * chosen).astype(np.uint8)
    return colours


def by_score(
    values: NDArray[np.float64], worst: float, best: float, label: str
) -> tuple[Colours, ColourKey]:
    """A colour for each residue by its score, red to blue, and what the colours mean.

    Parameters
    ----------
    values : shape (m,), NaN for no score, which is grey
    worst, best : values of the palette's two ends, whichever is larger
    label : what the score is, with its unit
    """
    from matplotlib.colors import to_rgb  # slow to load

    from vrs_scipion.figures import style
    from vrs_scipion.figures.isosurface.colouring import BLANK, ColourKey

    blank = ~np.isfinite(values)
    share = np.clip(np.nan_to_num((values - worst) / ((best - worst) or 1.0)), 0, 1)
    colours: Colours = np.rint(255 * style.SCORES(share)[:, :3]).astype(np.uint8)
    colours[blank] = np.rint(255 * np.array(to_rgb(BLANK))).astype(np.uint8)
    low, high = min(worst, best), max(worst, best)
    known = values[~blank]
    palette = style.SCORES if best >= worst else style.SCORES.reversed()
    below, above = bool((known < low).any()), bool((known > high).any())
    return colours, ColourKey(low, high, label, palette, below, above, bool(blank.any()))


def shapes_of(model: AtomicModel, start: ArrayLike, colours: Colours) -> Shapes:
    """Tubes along the polymers and spheres for ligands, glycans, ions and lonely residues.

    Parameters
    ----------
    model : x, y, z in Å
    start : where voxel 0 of the map lies, z, y, x in Å
    colours : of the residues, uint8, shape (m, 3)
    """
    moved = -np.asarray(start, np.float64)[::-1]
    stretches = traces(model)
    long = [trace for trace in stretches if len(trace.residues) > 1]
    alone = [trace.residues[0] for trace in stretches if len(trace.residues) == 1]
    steps = _STEPS if sum(len(one.residues) for one in long) <= _MANY else _FEWER_STEPS
    curves = [_curve(trace.points + moved, steps) for trace in long]
    of_points = [trace.residues[_nearest(len(trace.residues), steps)] for trace in long]
    chosen = model.of(Kind.LIGAND, Kind.GLYCAN, Kind.ION) & model.scored & model.main_conformers
    points = np.concatenate([np.flatnonzero(chosen), _middle(model, np.array(alone, np.intp))])
    return Shapes(
        points=np.concatenate([np.empty((0, 3)), *curves]).astype(np.float32),
        lengths=np.array([len(curve) for curve in curves], np.int64),
        colours=colours[np.concatenate([np.empty(0, np.intp), *of_points])],
        spheres=(model.atoms.positions[points] + moved).astype(np.float32),
        sphere_colours=colours[model.residue[points]],
    )


def _middle(model: AtomicModel, residues: NDArray[np.intp]) -> NDArray[np.intp]:
    """The atom that stands for each of some residues of polymers."""
    atoms = np.maximum(model.first_atoms("CA"), model.first_atoms("P"))
    middle: NDArray[np.intp] = atoms[residues]
    return middle


def _curve(points: Coordinates, steps: int) -> Coordinates:
    """A smooth curve through points, with so many steps between two of them."""
    from scipy.interpolate import make_interp_spline  # slow to load

    along = np.linspace(0, len(points) - 1, steps * (len(points) - 1) + 1)
    spline = make_interp_spline(np.arange(len(points)), points, k=min(3, len(points) - 1))
    return np.asarray(spline(along), np.float64)


def _nearest(count: int, steps: int) -> NDArray[np.intp]:
    """For each point of a curve the nearest of the ``count`` points that it goes through."""
    nearest: NDArray[np.intp] = np.rint(np.linspace(0, count - 1, steps * (count - 1) + 1)).astype(
        np.intp
    )
    return nearest
