"""An atomic model as ribbons, alone or in the surface of its map, from three directions."""

from vrs_scipion.figures.ribbons.draw import draw_ribbons
from vrs_scipion.figures.ribbons.shapes import (
    Shapes,
    by_chain,
    by_score,
    in_one_colour,
    shapes_of,
    together,
)

__all__ = [
    "Shapes",
    "by_chain",
    "by_score",
    "draw_ribbons",
    "in_one_colour",
    "shapes_of",
    "together",
]
