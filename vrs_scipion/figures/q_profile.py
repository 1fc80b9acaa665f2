"""The density around atoms against the distance from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.results.plots import Axis, Plot, Role, Series

_ROLES: tuple[Role, ...] = ("measured", "corrected", "part")


@dataclass(frozen=True)
class Profile:
    """Densities at 0 Å and every 0.1 Å from there, NaN for none; in shares of an atom's height."""

    name: str
    values: NDArray[np.float64]


def profile_plot(profiles: Sequence[Profile], sigma: float) -> Plot:
    """Return the plot of up to three profiles beside a Gaussian of a width (Å)."""
    radii = 0.1 * np.arange(len(profiles[0].values))
    gaussian = Profile(f"Gaussian of {sigma:g} Å", np.exp(-0.5 * (radii / sigma) ** 2))
    roles: list[tuple[Profile, Role]] = [(gaussian, "expected")]
    roles += list(zip(profiles, _ROLES, strict=False))
    return Plot(
        x=Axis(label="Distance from the atom", unit="Å", range=(0.0, float(radii[-1]))),
        y=Axis(label="Density in shares of an atom's height"),
        series=tuple(
            Series(
                name=one.name,
                x=tuple(radii.tolist()),
                y=tuple(one.values.tolist()),
                role=role,
            )
            for one, role in roles
        ),
    )
