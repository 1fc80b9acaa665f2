"""The surface of a map at its contour level from three directions, drawn by what is at hand."""

from vrs_scipion.figures.isosurface.draw import IsosurfacePicture, draw_isosurface

__all__ = ["IsosurfacePicture", "draw_isosurface"]
