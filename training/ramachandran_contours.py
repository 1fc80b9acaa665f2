"""Derive the contours of the Ramachandran plots from the Richardson laboratory's grids.

    python training/ramachandran_contours.py top8000_rama.npz

The archive holds six 180 × 180 grids of 2°, indexed [φ, ψ], of how often residues of well-resolved
structures are found at these angles (github.com/rlabduke/reference_data, Top8000, CC-BY 4.0;
Williams et al. 2018, doi:10.1002/pro.3330). Between its points a grid is read by bilinear
interpolation, and it goes on from 180° at −180°. Its lines of equal height become polygons, thinned
to what moves no line by more than a fraction of a degree. They are written to
``vrs_scipion/methods/tables/ramachandran.json``, with the share of angles that they class otherwise
than the grids do.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import contourpy
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator
from skimage.measure import approximate_polygon

from vrs_scipion.methods.ramachandran import FILE, Contours, RamaClass

GRIDS = {
    RamaClass.GENERAL: ("general", 0.0005),
    RamaClass.GLYCINE: ("gly", 0.001),
    RamaClass.BRANCHED: ("ileval", 0.001),
    RamaClass.BEFORE_PROLINE: ("prepro", 0.001),
    RamaClass.TRANS_PROLINE: ("transpro", 0.001),
    RamaClass.CIS_PROLINE: ("cispro", 0.002),
}
"""By the class: the name of its grid, and the height below which residues are outliers."""
FAVOURED = 0.02
_STEP = 0.25
"""° of the grid that lines are drawn on; beyond the edge, polygons are closed."""
_EDGE = 181.0
_TOLERANCE = 0.04
_DIGITS = 2
_TRIED = 400_000

Reals = NDArray[np.float64]


def heights(grid: NDArray[Any]) -> RegularGridInterpolator:
    """A grid as a function of φ and ψ in degrees, from −183 to 183."""
    around = np.pad(grid.astype(np.float64), 2, mode="wrap")
    centres = np.arange(-183, 184, 2.0)
    return RegularGridInterpolator((centres, centres), around)


def polygons(height: RegularGridInterpolator, level: float) -> list[list[list[float]]]:
    """The lines that bound where a grid is at least so high, closed beyond ±180°."""
    axis = np.arange(-_EDGE, _EDGE + _STEP / 2, _STEP)
    phi, psi = np.meshgrid(axis, axis)
    values = height((phi, psi))
    drawn = contourpy.contour_generator(
        axis, axis, values, fill_type=contourpy.FillType.OuterOffset
    ).filled(level, np.inf)
    found = []
    for points, offsets in zip(*drawn, strict=True):
        for first, last in pairwise(offsets):
            thinned = approximate_polygon(points[first:last], _TOLERANCE)
            if len(thinned) > 3:
                found.append(np.round(thinned[:-1], _DIGITS).tolist())
    return found


def disagreement(
    height: RegularGridInterpolator, contours: Contours, of: RamaClass, low: float
) -> tuple[float, float]:
    """Shares of angles, in %, that are called favoured, and outliers, by one of both alone."""
    drawn = np.random.default_rng(8000).uniform(-180, 180, (_TRIED, 2))
    truth = height(drawn)
    favoured = contours.favoured(of, drawn) != (truth >= FAVOURED)
    outlier = contours.outliers(of, drawn) != (truth < low)
    return 100 * float(favoured.mean()), 100 * float(outlier.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("grids", type=Path)
    path = parser.parse_args().grids
    grids = np.load(path)
    classes: dict[str, Any] = {}
    for of, (name, low) in GRIDS.items():
        height = heights(grids[name])
        classes[of.value] = {
            "outlier_below": low,
            "favoured": polygons(height, FAVOURED),
            "allowed": polygons(height, low),
        }
    kept = {
        "what": "Polygons of φ, ψ in degrees: favoured where a residue is as usual as the most "
        "usual 98 %, allowed down to outlier_below. A point is inside where it is inside of an "
        "odd number of them.",
        "source": "Derived from the Top8000 Ramachandran grids of the Richardson laboratory, Duke "
        "University (github.com/rlabduke/reference_data, commit "
        "cbe300663a2bb55015cf9e9978c720cb12dbf52f), CC-BY 4.0; changed: contours in place of grids",
        "license": "CC-BY-4.0",
        "doi": "10.1002/pro.3330",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "favoured_from": FAVOURED,
        "classes": classes,
    }
    FILE.write_text(json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n")
    contours = Contours.shipped()
    for of, (name, low) in GRIDS.items():
        favoured, outlier = disagreement(heights(grids[name]), contours, of, low)
        points = sum(map(len, (*classes[of.value]["favoured"], *classes[of.value]["allowed"])))
        print(f"{of.value}: {points} points; {favoured:.4f} % and {outlier:.4f} % of angles differ")
    print(f"{FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
