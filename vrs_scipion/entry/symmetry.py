"""The point group of a map as programs of refinement write it, and how often it repeats a part."""

from __future__ import annotations

import re

UNDERSTOOD = "C1, C2, …, D2, D3, …, T, O or I, with the number of a setting such as I2"

_CYCLIC = re.compile(r"[CD][1-9]\d{0,2}")
_CUBIC = re.compile(r"[TOI][1-9]?")
_ORDERS = {"T": 12, "O": 24, "I": 60}
_LONGEST = 40


def point_group(text: str) -> str:
    """The point group that a text stands for, as it is written here, e.g. 'D7'.

    Raises
    ------
    ValueError
        if it is none, or one that no molecule of one hand has; one sentence without a full stop.

    Examples
    --------
    >>> point_group(" d7")
    'D7'
    """
    said = text.strip().upper()
    if said == "H" or "HELI" in said:
        raise ValueError(
            "a helical symmetry has no order that could be counted; leave it away, or give the "
            "point group of its axis, such as C1"
        )
    if _CYCLIC.fullmatch(said) or _CUBIC.fullmatch(said):
        return said
    raise ValueError(f"{text.strip()[:_LONGEST]!r} is no point group; give {UNDERSTOOD}")


def symmetry_order(group: str) -> int:
    """How many copies of its asymmetric part a structure of a point group has.

    Examples
    --------
    >>> symmetry_order("D7"), symmetry_order("I2")
    (14, 60)
    """
    family, number = group[0], group[1:]
    if family in _ORDERS:
        return _ORDERS[family]
    return int(number) * (2 if family == "D" else 1)
