"""Whether a window here can show surfaces, found by showing one; run as a program of its own.

Where OpenGL is missing or broken, VTK ends the process that called it: not the one with the
window.
"""

from __future__ import annotations

import sys

from PyQt5.QtCore import QTimer

_DRAWN_MS = 50


def main() -> int:
    """Draw a sphere in a small window that goes away at once; 0 if it could be drawn."""
    from vrs_scipion.windows.surface_view import application, new_plotter

    app = application()
    import pyvista

    plotter = new_plotter(None)
    plotter.add_mesh(pyvista.Sphere())
    plotter.resize(64, 64)
    plotter.move(0, 0)
    plotter.show()
    answer = 1

    def look() -> None:
        nonlocal answer
        plotter.render()
        picture = plotter.screenshot(return_img=True)
        answer = 0 if int(picture.max()) > int(picture.min()) else 1
        plotter.close()
        app.quit()

    QTimer.singleShot(_DRAWN_MS, look)
    app.exec_()
    return answer


if __name__ == "__main__":
    sys.exit(main())
