"""Commands with which ChimeraX shows a map coloured by values per voxel, and a model in it.

ChimeraX knows no voxel without a value: the values lie beside the commands in a copy that has one
below the palette there, which is drawn in grey.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.colors import to_hex

from vrs_scipion.figures import style
from vrs_scipion.figures.isosurface.colouring import BLANK, palette
from vrs_scipion.files import written_whole
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.windows.layers import Layer, Layers
from vrs_scipion.windows.surface import ValueField
from vrs_scipion.windows.volume import LazyVolume, Shelf

_STOPS, _LABELS = 13, 5
_BELOW = 0.01
"""Share of the palette's reach below which a value is none."""


def write_script(
    layers: Layers, values: Layer | None, path: Path, model: Path | None = None
) -> Path:
    """Write the commands (``.cxc``) that show the map, coloured by ``values`` if they are given.

    ``model`` is the file of an atomic model that lies in the map.

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
    lines = _map_lines(base)
    if values is not None:
        field = ValueField(values, shelf)
        copy = _write_values(field, shelf.get(base.path), path.with_suffix(".mrc"))
        lines += _colour_lines(field, copy, values.name)
    if model is not None:
        lines += _model_lines(model)
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


def _map_lines(base: Layer) -> list[str]:
    return [
        f"open {_quoted(base.path)} format mrc",
        f"volume #1 style surface step 1 level {base.contour:.7g} color {style.SURFACE}",
        "set bgColor white",
        "lighting soft",
    ]


def _model_lines(model: Path) -> list[str]:
    return [
        f"open {_quoted(model)} format mmcif id 9",
        "hide #9 atoms",
        "show #9 cartoons",
        "show #9 & ligand atoms",
        "color #9 bychain",
        "transparency #1 60",
    ]


def _colour_lines(field: ValueField, copy: Path, name: str) -> list[str]:
    low, high = field.low, field.high
    title = _escaped(f"{name}; grey: no value here")
    return [
        f"open {_quoted(copy)} format mrc",
        "hide #2 models",
        f"color sample #1 map #2 palette {_palette(low, high)}",
        f"key {_key(low, high)} pos 0.05,0.09 size 0.35,0.03 fontSize 16",
        f'2dlabels text "{title}" xpos 0.05 ypos 0.14 size 18',
    ]


def _palette(low: float, high: float) -> str:
    reach = high - low
    stops = [(low - reach, BLANK.lower()), (low - _BELOW * reach, BLANK.lower())]
    for share in np.linspace(0, 1, _STOPS).tolist():
        stops.append((low + share * reach, to_hex(palette()(share))))
    return ":".join(f"{value:.7g},{colour}" for value, colour in stops)


def _key(low: float, high: float) -> str:
    shares = np.linspace(0, 1, _LABELS).tolist()
    return " ".join(
        f"{to_hex(palette()(share))}:{low + share * (high - low):.3g}" for share in shares
    )


def _quoted(path: Path) -> str:
    mark = "'" if '"' in str(path) else '"'
    return f"{mark}{path.absolute()}{mark}"


def _escaped(words: str) -> str:
    """Letters beyond ASCII as ChimeraX's labels take them in any encoding."""
    return "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in words)
