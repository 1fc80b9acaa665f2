"""Numbers as people read them; the JSON keeps their full precision."""

from __future__ import annotations

import math

MISSING = "–"

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | int | None, spec: str = "") -> str:
    """A number in words fit for a page.

    Parameters
    ----------
    value : float, int or None
        What to print; None is something without a value.
    spec : str
        A Python format specification; without one, four significant digits, integers in full,
        and powers of ten for the very small and the very large.

    Returns
    -------
    str
        The number, or an en dash for None.
    """
    if value is None:
        return MISSING
    if spec:
        return format(value, spec)
    if isinstance(value, int):
        return str(value)
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e7:
        return _scientific(value)
    return _plain(value)


def _plain(value: float) -> str:
    if value.is_integer():
        return str(int(value))
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.2f}"


def _scientific(value: float) -> str:
    mantissa, exponent = f"{value:.3e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def with_error(value: float, error: float | None) -> str:
    """A number rounded to its error, and the error, e.g. '3.42 ± 0.08' or '3.40 ± 0.17'.

    The error has one digit, or two where it begins with 1.
    """
    if not error:
        return number(value)
    power = math.floor(math.log10(error))
    digits = max(0, -power + (error < 2 * 10**power))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def quantity(value: float | int | None, unit: str = "") -> str:
    """A number with its unit, held together by a no-break space."""
    if value is None or not unit:
        return number(value)
    return f"{number(value)}\u00a0{unit}"
