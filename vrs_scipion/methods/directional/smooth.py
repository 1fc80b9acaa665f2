"""A function of direction, told apart from its chance errors."""

from __future__ import annotations

import numpy as np

from vrs_scipion.methods.shells import Reals

_DEGREES = (2, 4)
"""Of the harmonics that are weighed one by one; what is finer is weighed together."""
_NOTHING = 1e-6


def smoothed(values: Reals, drawn: Reals, directions: Reals) -> tuple[Reals, Reals]:
    """Take from a function of direction what its chance errors explain.

    The function is cut into its mean, its harmonics of degree 2 and 4, and the rest. Each part is
    kept by the share of its power that errors do not explain, as Wiener's filter does it, and what
    comes out stays between the lowest and the highest value measured. Draws keep their harmonics
    whole: what was taken away for want of evidence is no more certain for it.

    Parameters
    ----------
    values : shape (n,)
    drawn : the same with other noise, shape (draws, n)
    directions : unit vectors, evenly over the half sphere; shape (n, 3)

    Returns
    -------
    Values and draws, smooth; of the same shapes
    """
    kept, redrawn = np.zeros_like(values), np.zeros_like(drawn)
    rest, rest_drawn = values, drawn
    for harmonics in _harmonics(directions):
        part, part_drawn = ((both @ harmonics) @ harmonics.T for both in (rest, rest_drawn))
        kept += _share(part, part_drawn) * part
        redrawn += part_drawn
        rest, rest_drawn = rest - part, rest_drawn - part_drawn
    share = _share(rest, rest_drawn)
    kept += share * rest
    redrawn += share * rest_drawn
    lowest, highest = drawn.min(axis=1, keepdims=True), drawn.max(axis=1, keepdims=True)
    return np.clip(kept, values.min(), values.max()), np.clip(redrawn, lowest, highest)


def _share(values: Reals, drawn: Reals) -> float:
    """Of the power of values, what is not that of their errors."""
    power, errors = float(values @ values), drawn - drawn.mean(axis=0)
    return max(0.0, 1 - float(np.square(errors).sum(axis=1).mean()) / power) if power else 0.0


def _harmonics(directions: Reals) -> list[Reals]:
    """Orthonormal functions of degree 0, 2 and 4, each shape (directions, functions)."""
    known = np.full((len(directions), 1), len(directions) ** -0.5)
    found = [known]
    z, y, x = directions.T
    for degree in _DEGREES:
        monomials = np.stack(
            [
                z**i * y**j * x ** (degree - i - j)
                for i in range(degree + 1)
                for j in range(degree + 1 - i)
            ],
            axis=1,
        )
        new, size, _ = np.linalg.svd(monomials - known @ (known.T @ monomials), False)
        found.append(new[:, size > _NOTHING * size[0]])
        known = np.hstack([known, found[-1]])
    return found
