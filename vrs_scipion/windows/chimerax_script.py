"""Commands with which ChimeraX shows a map coloured by values per voxel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.colors import to_hex

from vrs_scipion.figures import style
from vrs_scipion.figures.isosurface.colouring import palette
from vrs_scipion.maps.writing import written_whole
from vrs_scipion.results.numbers import number
from vrs_scipion.windows.layers import Layer, Layers
from vrs_scipion.windows.volume import LazyVolume

_STOPS, _LABELS = 13, 5


def write_script(layers: Layers, values: Layer | None, path: Path) -> Path:
    """Write the commands (``.cxc``) that show the map, coloured by ``values`` if they are given.

    Of the densities that one is taken that lies on the grid of the values.

    Raises
    ------
    ValueError
        if there is no density.
    """
    shown = [layer for layer in layers.densities if layer.contour is not None]
    if not shown:
        raise ValueError("there is no map to show")
    base = shown[0]
    if values is not None:
        box = LazyVolume(values.path).frame.box
        base = next((one for one in shown if LazyVolume(one.path).frame.box == box), base)
    with written_whole(path) as unfinished:
        unfinished.write_text("\n".join([*_lines(base, values), ""]), encoding="utf-8")
    return path


def _lines(base: Layer, values: Layer | None) -> list[str]:
    level = f"{base.contour:.7g}"
    lines = [
        f'open "{base.path.absolute()}" format mrc',
        f"volume #1 style surface step 1 level {level} color {style.SURFACE}",
        "set bgColor white",
        "lighting soft",
    ]
    if values is not None:
        low, high = values.colour_range or _ends(values)
        lines += [
            f'open "{values.path.absolute()}" format mrc',
            "hide #2 models",
            f"color sample #1 map #2 palette {_palette(low, high)}",
            f"key {_key(low, high)} pos 0.05,0.05 size 0.35,0.03",
            f'2dlabels text "{values.name}" xpos 0.05 ypos 0.1 size 18',
        ]
    return [*lines, "view"]


def _ends(values: Layer) -> tuple[float, float]:
    sample = LazyVolume(values.path).sample()
    low, high = np.percentile(sample[sample != 0], (2.5, 97.5))
    return float(low), float(high)


def _palette(low: float, high: float) -> str:
    shares = np.linspace(0, 1, _STOPS).tolist()
    return ":".join(
        f"{low + share * (high - low):.7g},{to_hex(palette()(share))}" for share in shares
    )


def _key(low: float, high: float) -> str:
    shares = np.linspace(0, 1, _LABELS).tolist()
    return " ".join(
        f"{to_hex(palette()(share))}:{number(float(f'{low + share * (high - low):.3g}'))}"
        for share in shares
    )
