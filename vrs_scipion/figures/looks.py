"""What each role of a plot looks like, on white and on dark ground."""

from __future__ import annotations

from dataclasses import dataclass

from vrs_scipion.figures import style
from vrs_scipion.results.plots import Role


@dataclass(frozen=True)
class Look:
    """Colours on white and on dark ground, and the line, so that grey paper tells them apart.

    Attributes
    ----------
    light, dark : colour on a white and on a dark page
    width : of the line, in points
    dashes : lengths of strokes and gaps in line widths; () for a full line
    """

    light: str
    dark: str
    width: float = 1.4
    dashes: tuple[float, ...] = ()


LOOKS: dict[Role, Look] = {
    "measured": Look(style.INK, "#e4e8ec"),
    "part": Look(style.ORANGE, "#f2a13c", 1.6, (4.5, 1.5)),
    "corrected": Look(style.BLUE, "#6cb6e8", 1.3, (1.2, 1.1)),
    "fitted": Look(style.ORANGE, "#f2a13c", 2.2, (4.5, 1.5)),
    "expected": Look(style.FAINT, "#a3adb8", 1.2, (6.0, 1.5, 1.0, 1.5)),
    "absent": Look(style.BLUE, "#6cb6e8"),
}
BARS = Look(style.SURFACE, "#3f6d99")
BAR_EDGES = Look(style.BLUE, "#6cb6e8", 0.5)
MARK = Look(style.DARK_ORANGE, "#f2a13c", 1.2)
SHADES = {"accepted": Look("#B9E0D2", "#1d4a3d"), "fitted": Look("#E6E6E6", "#333b44")}
EDGES = {
    "accepted": Look("#00664B", "#7fd6b8", 0.8, (1, 1.5)),
    "fitted": Look("#B0B0B0", "#6b7682", 0.8),
}
