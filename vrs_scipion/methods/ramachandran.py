"""The Ramachandran plot: which pairs of φ and ψ are usual for which residues.

The contours are the package's own, derived by ``training/ramachandran_contours.py`` from the
Top8000 grids of the Richardson laboratory, Duke University (CC-BY 4.0); they class angles as the
grids do with bilinear interpolation, but for those that lie on a line.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Chosen = NDArray[np.bool_]

FILE = Path(__file__).parent / "tables" / "ramachandran.json"


class RamaClass(str, Enum):
    """Kinds of residues whose angles are alike, in the order of the plots."""

    GENERAL = "general"
    GLYCINE = "glycine"
    BRANCHED = "isoleucine or valine"
    BEFORE_PROLINE = "before proline"
    TRANS_PROLINE = "trans proline"
    CIS_PROLINE = "cis proline"

    @property
    def heading(self) -> str:
        """Of its plot."""
        return f"{self.value[:1].upper()}{self.value[1:]}"


class Rating(str, Enum):
    """How usual a residue's angles are."""

    FAVOURED = "favoured"
    ALLOWED = "allowed"
    OUTLIER = "outlier"


Polygon = Reals
"""Corners φ, ψ in degrees, shape (p, 2); the last is joined to the first."""


@dataclass(frozen=True)
class Contours:
    """Where angles are favoured and where they are allowed at all, by the class of the residue.

    Polygons are closed beyond ±180°; inside of an odd number of them is inside.
    """

    favoured_in: dict[RamaClass, tuple[Polygon, ...]]
    allowed_in: dict[RamaClass, tuple[Polygon, ...]]

    @classmethod
    @cache
    def shipped(cls) -> Contours:
        """Those that come with the package.

        References
        ----------
        Williams et al. (2018), doi:10.1002/pro.3330 (MolProbity, Top8000)
        """
        stored = json.loads(FILE.read_text(encoding="utf-8"))["classes"]

        def read(region: str) -> dict[RamaClass, tuple[Polygon, ...]]:
            return {
                of: tuple(np.array(one, np.float64) for one in stored[of.value][region])
                for of in RamaClass
            }

        return cls(read("favoured"), read("allowed"))

    def favoured(self, of: RamaClass, angles: Reals) -> Chosen:
        """Which φ, ψ in degrees, shape (n, 2), are among the usual ones; bool, shape (n,)."""
        return _inside(self.favoured_in[of], angles)

    def outliers(self, of: RamaClass, angles: Reals) -> Chosen:
        """Which φ, ψ in degrees, shape (n, 2), are hardly ever found; bool, shape (n,)."""
        return ~_inside(self.allowed_in[of], angles)


def _inside(polygons: tuple[Polygon, ...], angles: Reals) -> Chosen:
    from skimage.measure import points_in_poly  # slow to load

    inside = np.zeros(len(angles), np.bool_)
    for polygon in polygons:
        inside ^= points_in_poly(angles, polygon)
    return inside
