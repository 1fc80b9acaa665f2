"""The OpenGL part of the surface pane; slow to load, because VTK is."""

from __future__ import annotations

import itertools
import os
import sys
from functools import partial
from typing import Any

import numpy as np

os.environ.setdefault("QT_API", "pyqt5")

import pyvista
from PyQt5.QtWidgets import QApplication, QWidget
from pyvistaqt import QtInteractor

from vrs_scipion.figures import style
from vrs_scipion.figures.isosurface.colouring import BLANK, palette
from vrs_scipion.windows.shading import Scale
from vrs_scipion.windows.surface import VALUES

_MARGIN = 1.04
_LIGHTS = (((-0.6, 0.8, 1.0), 0.78), ((0.8, -0.2, 1.0), 0.34))
_STEP = 10.0
_ARROWS = {
    "Left": (-_STEP, 0.0),
    "Right": (_STEP, 0.0),
    "Up": (0.0, _STEP),
    "Down": (0.0, -_STEP),
}
"""Degrees by which a key turns the surface to the right and up."""

_PLAIN = {"color": style.SURFACE, "ambient": 0.18, "diffuse": 0.92, "specular": 0.06}
_SHINE = {"ambient": 0.45, "diffuse": 0.6, "specular": 0.0}


def application() -> QApplication:
    """The application of this process."""
    found = QApplication.instance()
    return found if isinstance(found, QApplication) else QApplication(sys.argv[:1])


def new_plotter(parent: QWidget | None) -> Any:
    """An empty view with our lights, in orthographic projection on white."""
    plotter = QtInteractor(parent, auto_update=False, lighting="none", multi_samples=0)
    plotter.setAccessibleName("Surface in 3D")
    plotter.set_background("white")
    plotter.enable_parallel_projection()
    for position, intensity in _LIGHTS:
        light = pyvista.Light(position=position, light_type="camera light", intensity=intensity)
        plotter.add_light(light)
    plotter.reset_key_events()
    for key, angles in _ARROWS.items():
        plotter.add_key_event(key, partial(turn, plotter, *angles))
    return plotter


def draw(plotter: Any, mesh: Any, scale: Scale | None, *, keep_camera: bool) -> None:
    """Show a mesh in place of the one before, coloured by its values where a scale is given."""
    camera = plotter.camera_position if keep_camera else None
    if scale is None or VALUES not in mesh.point_data:
        look = dict(_PLAIN)
    else:
        look = {
            "scalars": VALUES,
            "clim": (scale.low, scale.high),
            "cmap": palette(),
            "nan_color": BLANK,
            "show_scalar_bar": False,
            "interpolate_before_map": True,
            **_SHINE,
        }
    plotter.add_mesh(mesh, name="surface", smooth_shading=True, render=False, **look)
    if camera is None:
        plotter.view_xy(render=False)
        fit(plotter)
    else:
        plotter.camera_position = camera
    plotter.render()


def look(plotter: Any, method: str) -> None:
    """Look from one of the box's sides: 'view_xy', 'view_yz' or 'view_xz'."""
    getattr(plotter, method)(render=False)
    fit(plotter)
    plotter.render()


def turn(plotter: Any, right: float, up: float) -> None:
    """Turn the surface by so many degrees."""
    camera = plotter.renderer.GetActiveCamera()
    camera.Azimuth(-right)
    camera.Elevation(-up)
    camera.OrthogonalizeViewUp()
    plotter.reset_camera_clipping_range()
    plotter.render()


def fit(plotter: Any) -> None:
    """Let what is shown fill the view as it is seen from here."""
    plotter.reset_camera(render=False)
    camera = plotter.camera
    low, high = np.reshape(plotter.bounds, (3, 2)).T
    corners = np.array(list(itertools.product(*zip(low, high, strict=True)))) - (low + high) / 2
    towards = np.subtract(camera.position, camera.focal_point)
    right = np.cross(camera.up, towards)
    wide, high_up = (
        np.abs(corners @ (axis / np.linalg.norm(axis))).max()
        for axis in (right, np.asarray(camera.up))
    )
    aspect = plotter.width() / max(1, plotter.height())
    camera.parallel_scale = _MARGIN * max(high_up, wide / aspect)
