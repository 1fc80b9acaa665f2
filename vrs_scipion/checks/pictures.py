"""Pictures that several checks draw: slices, and the surface in the colours of its values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrs_scipion.checks.findings import Findings
from vrs_scipion.maps.density import Density, Mask, Triple, Volume
from vrs_scipion.maps.writing import write_on_grid
from vrs_scipion.results import Figure, SurfaceColours
from vrs_scipion.results.numbers import number

WHERE = "shows where in the molecule."

if TYPE_CHECKING:
    from vrs_scipion.figures.along_chains import Line
    from vrs_scipion.figures.isosurface import IsosurfacePicture
    from vrs_scipion.figures.isosurface.colouring import ColourKey
    from vrs_scipion.figures.ribbons.shapes import Colours
    from vrs_scipion.figures.slices import Indices
    from vrs_scipion.models.atomic_model import AtomicModel


def slices(
    found: Findings,
    key: str,
    values: Volume | Mask,
    voxel_size: Triple,
    of: str,
    alt: str,
    *,
    indices: Indices | None = None,
    kind: str = "Slices of maximum variance",
    further: str = "",
    **look: Any,
) -> None:
    """Draw three slices of a volume, those of maximum variance or the given ones, and note them.

    Parameters
    ----------
    key, of, alt : of the figure, what it shows, and the words for who cannot see it
    indices, kind : which slices, and what to call them
    further : sentences behind the caption
    look : how they are drawn, see `vrs_scipion.figures.slices.draw_slices`
    """
    from vrs_scipion.figures.slices import draw_slices, max_variance_indices  # slow to load

    shown = max_variance_indices(values) if indices is None else indices
    z, y, x = shown
    found.picture(
        key,
        lambda path: draw_slices(values, voxel_size, shown, path, **look),
        f"{kind} of {of}: X slice {x}, Y slice {y}, Z slice {z}.{further}",
        alt,
    )


def surface(
    found: Findings,
    key: str,
    density: Path,
    alt: str,
    *,
    colours: Path | None = None,
    kept: SurfaceColours | None = None,
    coloured_by: str = "",
) -> bool:
    """Draw the surface of a map at the contour level, and note it; whether it could be drawn.

    Parameters
    ----------
    key, alt : of the figure, and the words for who cannot see it
    density : the map's file
    colours : file of the values to colour it by, on the same grid
    kept : how a reader can colour it anew: the volume that was kept, label and reach of the colours
    coloured_by : what the values are, for the caption
    """
    from vrs_scipion.figures.isosurface import draw_isosurface  # slow to load
    from vrs_scipion.figures.isosurface.engine import EngineError

    contour, file = found.task.entry.contour, f"{key}.png"
    try:
        picture = draw_isosurface(
            density,
            contour,
            found.task.folder / file,
            colour_by=colours,
            colour_range=None if kept is None else (kept.low, kept.high),
            colour_label="" if kept is None else kept.label,
        )
    except (EngineError, ValueError) as error:
        what = "surface coloured by it" if coloured_by else "isosurface"
        found.paragraphs.append(f"The {what} could not be drawn: {error}")
        return False
    found.figures.append(
        Figure(
            key=key,
            file=file,
            caption=_surface_caption(contour, coloured_by, picture),
            alt=alt,
            surface=kept,
        )
    )
    return True


def coloured_surface(
    found: Findings,
    key: str,
    values: Volume,
    path: Path,
    grid: Density,
    words: str,
    says: str = WHERE,
) -> None:
    """Draw the surface of a map in the colours of values that were noted as the volume ``key``.

    ``values`` are NaN where there is none, which is drawn in grey; ``words`` say what they are,
    ``says`` what the figure does in the text.
    """
    noted = next(volume for volume in found.volumes if volume.key == key)
    assert noted.range is not None
    low, high = noted.range
    kept = SurfaceColours(volume=noted.file, label=noted.label, low=low, high=high)
    colours = found.task.folder / f".{key}_colours.mrc"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Data array contains NaN", RuntimeWarning)
            write_on_grid(colours, values, grid)
        drawn = surface(
            found,
            f"{key}_surface",
            path,
            f"The surface of the map from three directions, coloured by the {words}.",
            colours=colours,
            kept=kept,
            coloured_by=words,
        )
    finally:
        colours.unlink(missing_ok=True)
    if drawn:
        found.paragraphs.append(f"{{fig:{key}_surface}} {says}")


def ribbons(
    found: Findings,
    key: str,
    model: AtomicModel,
    colours: Colours,
    of: str,
    alt: str,
    around: tuple[Path, float] | None = None,
    colour_key: ColourKey | None = None,
    beside: tuple[AtomicModel, Colours] | None = None,
) -> bool:
    """Draw the model as ribbons, and note it; whether it could be drawn.

    Parameters
    ----------
    key, of, alt : of the figure, what it shows, and the words for who cannot see it
    colours : of the residues, uint8, shape (m, 3), see `vrs_scipion.figures.ribbons`
    around : the map around it, its file and contour level; None for none
    colour_key : what the colours mean, to be drawn below
    beside : another model that is drawn with it, and the colours of its residues
    """
    from vrs_scipion.figures.isosurface.engine import EngineError  # slow to load
    from vrs_scipion.figures.ribbons import draw_ribbons, shapes_of, together

    file, start = f"{key}.png", found.task.entry.start
    shapes = shapes_of(model, start, colours)
    if beside is not None:
        shapes = together([shapes, shapes_of(beside[0], start, beside[1])])
    try:
        picture = draw_ribbons(shapes, found.task.folder / file, around, key=colour_key)
    except (EngineError, ValueError) as error:
        found.paragraphs.append(f"{of} could not be drawn: {error}.")
        return False
    level = "" if around is None else f" at the contour level {number(around[1])}"
    caption = f"{of}{level}, {_drawn_by(picture)}"
    found.figures.append(Figure(key=key, file=file, caption=caption, alt=alt))
    return True


def along_chains(
    found: Findings,
    key: str,
    model: AtomicModel,
    lines: Sequence[Line],
    of: str,
    alt: str,
    **look: Any,
) -> None:
    """Draw scores of residues along the chains, and note the figure.

    Parameters
    ----------
    key, of, alt : of the figure, what it shows in a sentence, and the words for who cannot see it
    look : how they are drawn, see `vrs_scipion.figures.along_chains.draw_along_chains`
    """
    from vrs_scipion.figures.along_chains import draw_along_chains  # slow to load

    file = f"{key}.png"
    drawn = draw_along_chains(model, lines, found.task.folder / file, **look)
    found.figures.append(Figure(key=key, file=file, caption=f"{of}{drawn.words}", alt=alt))


def _surface_caption(contour: float, coloured_by: str, picture: IsosurfacePicture) -> str:
    coloured = f", coloured by the {coloured_by}" if coloured_by else ""
    return f"Isosurface at the contour level {number(contour)}{coloured}, {_drawn_by(picture)}"


def _drawn_by(picture: IsosurfacePicture) -> str:
    """The directions of the three views, and what drew them."""
    from vrs_scipion.figures.isosurface.views import VIEWS

    turned = ", ".join(
        f"View {i} ({', '.join(f'{angle:g}' for angle in angles)})°".replace("-", "−")
        for i, angles in enumerate(VIEWS, 1)
    )
    note = f" {picture.note}" if picture.note else ""
    return (
        f"turned about x, y, z by: {turned}. Drawn by {picture.engine_name} "
        f"{picture.engine_version}.{note}"
    )
