"""Commands with which ChimeraX shows a map, and an atomic model in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vrs_scipion.figures import style

MAP, MODEL = "#1", "#9"
"""What ChimeraX calls them."""


def map_lines(path: Path, contour: float) -> list[str]:
    """Open a map as a surface."""
    return [
        f"open {quoted(path)} format mrc",
        f"volume {MAP} style surface step 1 level {contour:.7g} color {style.SURFACE}",
        "set bgColor white",
        "lighting soft",
    ]


def model_lines(path: Path) -> list[str]:
    """Open an atomic model in the map, which becomes transparent."""
    return [
        f"open {quoted(path)} format mmcif id {MODEL[1:]}",
        f"hide {MODEL} atoms",
        f"show {MODEL} cartoons",
        f"show {MODEL} & ligand atoms",
        f"color {MODEL} bychain",
        f"transparency {MAP} 60",
    ]


def key_lines(stops: Iterable[tuple[str, str]], title: str, options: str = "") -> list[str]:
    """Show what colours mean: the colours with their labels, and a title above them."""
    said = " ".join(f"{colour}:{label}" for colour, label in stops)
    return [
        f"key {said} pos 0.05,0.09 size 0.35,0.03 fontSize 16{options}",
        f'2dlabels text "{escaped(title)}" xpos 0.05 ypos 0.14 size 18',
    ]


def quoted(path: Path) -> str:
    """A path as ChimeraX reads it."""
    mark = "'" if '"' in str(path) else '"'
    return f"{mark}{path}{mark}"


def escaped(words: str) -> str:
    """Letters beyond ASCII as ChimeraX's labels take them in any encoding."""
    plain = words.replace('"', "'")
    return "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in plain)
