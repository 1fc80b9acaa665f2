"""Parts of a model that differ from the rest: in occupancy, B-factor or resolution."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat

from vrs_scipion.models.atoms import Atoms
from vrs_scipion.models.labels import anonymous
from vrs_scipion.simulation.record import Parameters

AtomMask = NDArray[np.bool_]
Point = tuple[float, float, float]

NO_REGION = -1


class Chains(Parameters):
    """The atoms of the chains ``names``."""

    kind: Literal["chains"] = "chains"
    names: tuple[str, ...]

    def __call__(self, atoms: Atoms) -> AtomMask:
        """Shape (n,)."""
        return np.isin((atoms.labels or anonymous(atoms.elements)).chains, self.names)


class Residues(Parameters):
    """The atoms of residues ``first`` to ``last``, both included, of one chain or of all."""

    kind: Literal["residues"] = "residues"
    first: int
    last: int
    chain: str | None = None

    def __call__(self, atoms: Atoms) -> AtomMask:
        """Shape (n,)."""
        labels = atoms.labels or anonymous(atoms.elements)
        inside = (labels.numbers >= self.first) & (labels.numbers <= self.last)
        return inside if self.chain is None else inside & (labels.chains == self.chain)


class HalfSpace(Parameters):
    """The atoms at or beyond ``offset`` Å along the direction ``normal``, x, y, z."""

    kind: Literal["half-space"] = "half-space"
    normal: Point
    offset: float = 0.0

    def __call__(self, atoms: Atoms) -> AtomMask:
        """Shape (n,)."""
        normal = np.asarray(self.normal) / np.linalg.norm(self.normal)
        return np.asarray(atoms.positions @ normal >= self.offset)


class Ball(Parameters):
    """The atoms within ``radius`` Å of ``centre``, x, y, z in Å."""

    kind: Literal["ball"] = "ball"
    centre: Point
    radius: PositiveFloat

    def __call__(self, atoms: Atoms) -> AtomMask:
        """Shape (n,)."""
        distances = np.linalg.norm(atoms.positions - self.centre, axis=1)
        return np.asarray(distances <= self.radius)


class AtomNumbers(Parameters):
    """The atoms with these numbers, counted from 0 among those that are drawn."""

    kind: Literal["atoms"] = "atoms"
    numbers: tuple[NonNegativeInt, ...]

    @classmethod
    def where(cls, mask: ArrayLike) -> AtomNumbers:
        """The atoms where a boolean array of shape (n,) is true: any function of atoms."""
        return cls(numbers=tuple(np.flatnonzero(mask).tolist()))

    def __call__(self, atoms: Atoms) -> AtomMask:
        """Shape (n,)."""
        return np.isin(np.arange(len(atoms)), self.numbers)


Selection = Annotated[
    Chains | Residues | HalfSpace | Ball | AtomNumbers, Field(discriminator="kind")
]
"""Called with n atoms in the model's own frame, gives a boolean array of shape (n,)."""


class Region(Parameters):
    """Atoms that are different, and how.

    Attributes
    ----------
    select : which atoms
    occupancy : factor on their occupancies, from 0 to 1
    extra_b : Å² on top of their B-factors
    resolution : Å, of the low-pass filter on their density; None for the map's
    """

    select: Selection
    occupancy: float = Field(default=1.0, ge=0, le=1)
    extra_b: NonNegativeFloat = 0.0
    resolution: PositiveFloat | None = None


def assign_regions(regions: tuple[Region, ...], atoms: Atoms) -> NDArray[np.intp]:
    """Which region each atom belongs to: the first that selects it.

    Parameters
    ----------
    regions : in order of precedence
    atoms : n atoms in the model's own frame

    Returns
    -------
    intp array, shape (n,)
        Index into ``regions``; ``NO_REGION`` for atoms of none.

    Raises
    ------
    ValueError
        If a region gets no atoms.
    """
    owner = np.full(len(atoms), NO_REGION, dtype=np.intp)
    for index, region in enumerate(regions):
        taken = region.select(atoms) & (owner == NO_REGION)
        if not taken.any():
            select = region.select.model_dump_json()
            raise ValueError(f"region {index + 1}, {select}, gets none of the atoms")
        owner[taken] = index
    return owner


def with_regions(
    atoms: Atoms, regions: tuple[Region, ...], resolution: float
) -> tuple[Atoms, NDArray[np.float64]]:
    """Atoms with their regions' occupancies and B-factors, and the resolution of each.

    Parameters
    ----------
    atoms : n atoms in the model's own frame
    regions : in order of precedence
    resolution : of atoms whose region sets none, in Å

    Returns
    -------
    atoms : Atoms
    resolutions : float64 array, shape (n,), in Å

    Raises
    ------
    ValueError
        If a region gets no atoms.
    """
    owner = assign_regions(regions, atoms)
    b_factors, occupancies = atoms.b_factors.copy(), atoms.occupancies.copy()
    resolutions = np.full(len(atoms), float(resolution))
    for index, region in enumerate(regions):
        inside = owner == index
        b_factors[inside] += region.extra_b
        occupancies[inside] *= region.occupancy
        if region.resolution is not None:
            resolutions[inside] = region.resolution
    return Atoms(atoms.positions, atoms.elements, b_factors, occupancies, atoms.labels), resolutions
