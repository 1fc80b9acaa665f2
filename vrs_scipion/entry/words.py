"""Numbers as people write them: decimal commas, units behind them, standard deviations."""

from __future__ import annotations

import math
import re

AUTO = "auto"
"""The contour level that the program suggests."""

ANGSTROM = "Å"

_NUMBER = r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?"
_WRITTEN = re.compile(rf"({_NUMBER})\s*(.*)", re.DOTALL)
_PER = re.compile(r"\s*(?:/|per)\s*(?:px|pix|pixel|voxel|vx)\.?$", re.IGNORECASE)
_IN_ANGSTROM = {
    **dict.fromkeys(("", "å", "a", "ang", "angs", "angstrom", "angstroms", "ångström"), 1.0),
    **dict.fromkeys(("nm", "nanometre", "nanometer", "nanometres", "nanometers"), 10.0),
    "pm": 0.01,
}
_SIGMA = re.compile(
    rf"({_NUMBER})\s*\*?\s*(?:σ|sigmas?|s\.?d\.?|std|stdev|rmsd?)\.?", re.IGNORECASE
)
_AUTO = ("auto", "automatic", "suggest", "suggested")


def number_from(text: str, unit: str = "") -> float:
    """The number that a text stands for, in ``unit``.

    Raises
    ------
    ValueError
        if it is none, not finite, or in a unit that is none of lengths.

    Examples
    --------
    >>> number_from("0,35")
    0.35
    >>> number_from("0.32 nm", "Å")
    3.2
    """
    said = _plain(text)
    written = _WRITTEN.fullmatch(said)
    if written is None:
        if _is_special(said):
            return float(said)
        raise ValueError(f"{text[:40]!r} is no number")
    value = float(written[1].replace(",", "."))
    behind = _PER.sub("", written[2]).strip().rstrip(".").lower()
    if not behind:
        return value
    if unit != ANGSTROM or behind not in _IN_ANGSTROM:
        raise ValueError(f"the unit {written[2].strip()[:20]!r} is not understood here")
    return float(f"{value * _IN_ANGSTROM[behind]:.12g}")


def level_words(text: str) -> str | None:
    """A contour level that is no number of the map's units: 'auto', or e.g. '3 sigma'; else None.

    Examples
    --------
    >>> level_words("3σ")
    '3 sigma'
    """
    said = _plain(text)
    if said.lower() in _AUTO:
        return AUTO
    written = _SIGMA.fullmatch(said)
    return f"{float(written[1].replace(',', '.')):g} sigma" if written else None


def sigmas(words: str) -> float | None:
    """How many standard deviations a level in words is; None for another."""
    written = _SIGMA.fullmatch(words)
    return float(written[1]) if written else None


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-").replace("\u212b", "Å").strip()


def _is_special(text: str) -> bool:
    """NaN and infinities are numbers; whoever asks for one refuses them in words of their own."""
    try:
        return not math.isfinite(float(text))
    except ValueError:
        return False
