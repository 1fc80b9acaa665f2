"""Commands with which ChimeraX shows a map coloured by values per voxel, and a model in it.

ChimeraX knows no voxel without a value: the values lie beside the commands in a copy that has one
below the palette there, which is drawn in grey.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.colors import to_hex

from vrs_scipion.figures.chimerax_commands import MAP, key_lines, map_lines, model_lines, quoted
from vrs_scipion.figures.isosurface.colouring import BLANK, palette
from vrs_scipion.files import written_whole
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.report.chimerax_scores import attributes_text, score_lines
from vrs_scipion.report.scores import ModelScores
from vrs_scipion.windows.layers import Layer, Layers
from vrs_scipion.windows.surface import ValueField
from vrs_scipion.windows.volume import LazyVolume, Shelf

_STOPS, _LABELS = 13, 5
_BELOW = 0.01
"""Share of the palette's reach below which a value is none."""


def write_script(
    layers: Layers,
    values: Layer | None,
    path: Path,
    model: Path | None = None,
    scores: ModelScores | None = None,
    score: str = "",
) -> Path:
    """Write the commands (``.cxc``) that show the map, coloured by ``values`` if they are given.

    ``model`` is the file of an atomic model that lies in the map; its ``scores`` lie beside the
    commands as attributes then, and the one of the key ``score`` colours it.

    Of the densities that one is taken that lies on the grid of the values.

    Raises
    ------
    ValueError
        if there is no density.
    """
    shown = [layer for layer in layers.densities if layer.contour is not None]
    if not shown:
        raise ValueError("there is no map to show")
    shelf, base = Shelf(), shown[0]
    if values is not None:
        box = shelf.get(values.path).frame.box
        base = next((one for one in shown if shelf.get(one.path).frame.box == box), base)
    assert base.contour is not None
    lines = map_lines(base.path.absolute(), base.contour)
    if values is not None:
        field = ValueField(values, shelf)
        copy = _write_values(field, shelf.get(base.path), path.with_suffix(".mrc"))
        lines += _colour_lines(field, copy, values.name)
    if model is not None:
        lines += model_lines(model.absolute())
    if model is not None and scores is not None:
        attributes = path.with_suffix(".defattr")
        with written_whole(attributes) as unfinished:
            unfinished.write_text(attributes_text(scores), encoding="utf-8")
        lines += score_lines(scores, attributes.absolute(), score)
    with written_whole(path) as unfinished:
        unfinished.write_text("\n".join([*lines, "view", ""]), encoding="utf-8")
    return path


def _write_values(field: ValueField, base: LazyVolume, path: Path) -> Path:
    """Write the values at their place around the map as ChimeraX places it."""
    moved = zip(field.frame.start, base.world_start, base.frame.start, strict=True)
    z, y, x = (start + world - own for start, world, own in moved)
    values = np.clip(field.values, field.low, field.high)
    filled = np.where(np.isfinite(values), values, np.float32(2 * field.low - field.high))
    write_volume(path, filled, field.frame.voxel_size, origin=(z, y, x))
    return path


def _colour_lines(field: ValueField, copy: Path, name: str) -> list[str]:
    low, high = field.low, field.high
    return [
        f"open {quoted(copy.absolute())} format mrc",
        "hide #2 models",
        f"color sample {MAP} map #2 palette {_palette(low, high)}",
        *key_lines(_key(low, high), f"{name}; grey: no value here"),
    ]


def _palette(low: float, high: float) -> str:
    reach = high - low
    stops = [(low - reach, BLANK.lower()), (low - _BELOW * reach, BLANK.lower())]
    for share in np.linspace(0, 1, _STOPS).tolist():
        stops.append((low + share * reach, to_hex(palette()(share))))
    return ":".join(f"{value:.7g},{colour}" for value, colour in stops)


def _key(low: float, high: float) -> list[tuple[str, str]]:
    shares = np.linspace(0, 1, _LABELS).tolist()
    return [(to_hex(palette()(share)), f"{low + share * (high - low):.3g}") for share in shares]
